"""The cache keeps what is asked for often, counts every byte, and gives nobody the answer to another question."""

import asyncio
import itertools
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.codings import NAMES
from clustergraph.jobs import Job
from clustergraph.web.cache import KEYS_LIMIT, AnswerCache, Stored, head_of, headers_in
from clustergraph.web.connection import BoundedProtocol
from clustergraph.workers import WorkerPool
from test_codings import expanded
from wire import Connection, Said, Taken, Unfinished, answers, exchange, served, site_of, with_answers


def stored(size: int, head: bytes = b"") -> Stored:
    return Stored(head, b"x" * size, b'"a"')


def assert_counted(cache: AnswerCache) -> None:
    """Every byte is counted once, every key leads to an answer that knows it, and the limit holds."""
    kept = [*cache._once, *cache._often]
    assert cache.size_bytes == sum(one.size_bytes for one in kept) <= cache.limit_bytes
    assert cache._often_bytes == sum(one.size_bytes for one in cache._often)
    assert cache._by_key == {key: one for one in kept for key in one.keys}
    assert len(cache) == len(set(kept))
    assert all(one.keys for one in kept)


STEPS = st.one_of(
    st.tuples(st.just("get"), st.integers(0, 30), st.just(0)),
    st.tuples(st.just("put"), st.integers(0, 30), st.integers(0, 6_000)),
    st.tuples(st.just("alias"), st.integers(0, 30), st.integers(0, 30)),
)


@given(limit=st.integers(0, 60_000), steps=st.lists(STEPS, max_size=60))
def test_the_bytes_are_counted_and_bounded_whatever_is_put_and_asked(
    limit: int, steps: list[tuple[str, int, int]]
) -> None:
    cache = AnswerCache(limit)
    made: list[Stored] = []

    for what, number, other in steps:
        key = ("key", str(number), "k" * number)
        if what == "get":
            found = cache.get(key)
            assert found is None or key in found.keys
        elif what == "put":
            made.append(stored(other))
            cache.put(key, made[-1])
        elif made:
            cache.put(key, made[other % len(made)])
        assert_counted(cache)


def test_answers_that_are_asked_for_again_outlive_a_flood_of_others() -> None:
    cache = AnswerCache(100_000)
    for number in range(5):
        cache.put((f"often {number}",), stored(5_000))
        cache.get((f"often {number}",))

    for number in range(1_000):
        cache.put((f"once {number}",), stored(5_000))

    assert all(cache.get((f"often {number}",)) for number in range(5))
    assert cache.use.evictions == 1_000 - len(cache) + 5
    assert_counted(cache)


def test_an_answer_that_leaves_forgets_all_its_keys_and_may_come_again() -> None:
    cache = AnswerCache(40_000)
    first = stored(3_000)
    for name in "abc":
        cache.put((name,), first)

    for number in range(20):
        cache.put((str(number),), stored(3_000))

    assert [cache.get((name,)) for name in "abc"] == [None] * 3
    assert first.keys == []
    cache.put(("a",), first)
    assert cache.get(("a",)) is first
    assert_counted(cache)


def test_an_answer_too_large_is_not_kept_nor_is_a_key_or_one_key_too_many() -> None:
    cache = AnswerCache(80_000)
    one = stored(100)

    cache.put(("large",), stored(10_000))
    cache.put(("long", "k" * 5_000), stored(10))
    for number in range(KEYS_LIMIT + 5):
        cache.put((str(number),), one)

    assert (len(cache), len(one.keys)) == (1, KEYS_LIMIT)
    assert_counted(cache)


def test_a_key_keeps_its_first_answer() -> None:
    cache = AnswerCache(80_000)
    first = stored(1)
    cache.put(("a",), first)
    cache.put(("a",), stored(2))

    assert cache.get(("a",)) is first


def test_the_heads_of_an_answer_say_what_is_true_of_each_use() -> None:
    lines = [(b"etag", b'"a"'), (b"vary", b"Accept"), (b"cache-control", b"public"), (b"content-encoding", b"br")]
    lines += [(b"content-type", b"text/csv"), (b"content-length", b"3"), (b"content-disposition", b"attachment")]
    one = Stored(head_of(lines), b"abc", b'"a"')

    assert headers_in(one.head) == lines
    assert headers_in(one.head_unchanged) == lines[:3]
    assert headers_in(one.head_private) == [lines[1], *lines[3:], (b"cache-control", b"no-store")]


# Over HTTP, both ways, each with an empty cache and with a full one

BASE = {"query": "SELECT ?s ?l { ?s skos:prefLabel ?l } ORDER BY ?s ?l"}
GRAPHS = "https://w3id.org/clustergraph/graph/"
ASKED = {
    "plain": (BASE, {}),
    "spaced": ({"query": BASE["query"].replace(" ", "  ")}, {}),
    "other query": ({"query": BASE["query"] + " LIMIT 2"}, {}),
    "other string": ({"query": "SELECT ('a b' AS ?l) {}"}, {}),
    "other string, spaced": ({"query": "SELECT ('a  b' AS ?l) {}"}, {}),
    "format csv": ({**BASE, "format": "csv"}, {}),
    "format tsv": ({**BASE, "format": "tsv"}, {}),
    "accept csv": (BASE, {"Accept": "text/csv"}),
    "accept xml": (BASE, {"Accept": "application/sparql-results+xml"}),
    "default graph": ({**BASE, "default-graph-uri": f"{GRAPHS}curated"}, {}),
    "other default graph": ({**BASE, "default-graph-uri": f"{GRAPHS}ontology"}, {}),
    "named graph": ({**BASE, "named-graph-uri": f"{GRAPHS}curated"}, {}),
    "both graphs": ({**BASE, "default-graph-uri": f"{GRAPHS}curated", "named-graph-uri": f"{GRAPHS}ontology"}, {}),
    "page": (BASE, {"Accept": "text/html"}),
    "format html": ({**BASE, "format": "html"}, {}),
    "ask": ({"query": "ASK { ?s skos:prefLabel ?l }"}, {}),
    "ask as xml": ({"query": "ASK { ?s skos:prefLabel ?l }", "format": "xml"}, {}),
    "describe": ({"query": "DESCRIBE cluster:alpha"}, {}),
    "describe as n-triples": ({"query": "DESCRIBE cluster:alpha", "format": "nt"}, {}),
    "service description": ({}, {"Accept": "text/turtle"}),
    "tall": ({"query": "SELECT * { ?a ?b ?c . ?d ?e ?f }"}, {}),
}


def request(parameters: dict[str, str], headers: dict[str, str], method: str = "GET") -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    asked = urlencode(parameters)
    if method == "POST":
        kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(asked)}\r\n"
        return f"POST /sparql HTTP/1.1\r\nHost: a\r\n{kind}{lines}\r\n{asked}".encode()
    return f"{method} /sparql?{asked} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode()


KINDS = (Taken, BoundedProtocol)


def body_of(said: Said) -> bytes:
    coding = said.header("content-encoding")
    return expanded(said.body, coding) if coding else said.body


def test_no_question_is_given_the_answer_to_another(tmp_path: Path) -> None:
    """Every question is asked cold, of a cache of its own; then all, in every coding and way, of one full cache."""
    wrong: list[object] = []

    async def one(app: object, kind: type[BoundedProtocol], raw: bytes) -> Said:
        return answers((await exchange(app, kind, [raw]))[0])[0]  # type: ignore[arg-type]

    async def within() -> None:
        async with served(tmp_path, len(ASKED) + 1, workers=2) as (apps, _):
            cold = {
                name: await one(app, BoundedProtocol, request(*asked))
                for app, (name, asked) in zip(apps[1:], ASKED.items(), strict=True)
            }
            tags: dict[str, tuple[str, bytes]] = {}
            asking = itertools.product(range(3), NAMES, ASKED, KINDS, ("GET", "POST"))
            for turn, coding, name, kind, method in asking:
                parameters, headers = ASKED[name]
                if parameters or method == "GET":
                    raw = request(parameters, {**headers, "Accept-Encoding": coding}, method)
                    said = await one(apps[0], kind, raw)
                    if complaints := judged(said, cold[name], method, coding, tags):
                        wrong.append((turn, coding, name, kind.__name__, method, complaints))
            assert len(site_of(apps[0]).answers) > 60

    asyncio.run(within())

    assert wrong == []


def judged(said: Said, cold: Said, method: str, coding: str, tags: dict[str, tuple[str, bytes]]) -> list[str]:
    """What is wrong with an answer."""
    tag, coded = said.header("etag"), said.header("content-encoding") or "identity"
    complaints = {
        "body": body_of(said) != body_of(cold),
        "type": said.header("content-type") != cold.header("content-type"),
        "file": said.header("content-disposition") != cold.header("content-disposition"),
        "coding": coded not in ("identity", coding),
        "small": coded != "identity" and len(body_of(said)) < 1_024,
        "large": coded == "identity" != coding and len(said.body) >= 1_024,
        "vary": "Accept-Encoding" not in said.header("vary")
        or ("Accept," in cold.header("vary")) != ("Accept," in said.header("vary")),
        "tag": (method == "GET") != bool(tag),
        "store": (said.header("cache-control") == "no-store") != (method == "POST"),
        "one tag for two codings": bool(tag) and tags.setdefault(tag, (coded, body_of(said))) != (coded, body_of(said)),
    }
    return [name for name, is_wrong in complaints.items() if is_wrong]


CHANGING = [
    "SELECT (NOW() AS ?x) {}",
    "SELECT (now() AS ?x) {}",
    "SELECT * { BIND(RAND() AS ?x) }",
    "SELECT * { FILTER(rand() < 2) }",
    "SELECT (UUID() AS ?x) {}",
    "SELECT (STRUUID() AS ?x) {}",
    "SELECT (BNODE() AS ?x) {}",
    "ASK { FILTER(NOW() > 1) }",
    "CONSTRUCT { ?s ?p [] } WHERE { ?s ?p 12 }",
    "CONSTRUCT { ?s ?p _:a } WHERE { ?s ?p 12 }",
    "CONSTRUCT { ?s ?p (1 2) } WHERE { ?s ?p 12 }",
    "CONSTRUCT { [ ?p 1 ] ?p 2 } WHERE { ?s ?p 12 }",
    "PREFIX a: <http://a/> CONSTRUCT { [] a:b 2 } WHERE { ?s ?p 12 }",
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_another_answer_each_time_is_not_kept_and_has_no_validator(
    tmp_path: Path, kind: type[BoundedProtocol]
) -> None:
    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            for query in CHANGING:
                for _ in range(2):
                    said = answers((await exchange(apps[0], kind, [request({"query": query}, {})]))[0])[0]
                    assert (said.status, said.header("etag"), said.header("cache-control")) == (
                        b"HTTP/1.1 200 OK",
                        "",
                        "no-store",
                    ), query
            assert len(site_of(apps[0]).answers) == 0

    asyncio.run(within())


VALIDATORS = {
    "the same": ("{tag}", True),
    "weak": ("W/{tag}", True),
    "all": ("*", True),
    "in a list": ('"a" , {tag},"b"', True),
    "weak in a list": ('W/"a",W/{tag}', True),
    "another": ('"a"', False),
    "without quotes": ("{bare}", False),
    "all in a list": ('"a", *', False),
    "the beginning": ('{start}"', False),
    "of another coding": ("{other}", False),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coding", NAMES)
def test_only_the_validator_of_the_answer_in_its_coding_says_that_it_is_known(
    tmp_path: Path, kind: type[BoundedProtocol], coding: str
) -> None:
    asked = {"query": ASKED["tall"][0]["query"]}

    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            raw = request(asked, {"Accept-Encoding": coding})
            whole = answers((await exchange(apps[0], kind, [raw]))[0])[0]
            tag = whole.header("etag")
            assert coding == "identity" or tag.endswith(f'-{coding}"')
            other = (
                tag[:33] + '-other"' if coding == "identity" else f'{tag[:33]}-{"br" if coding != "br" else "gzip"}"'
            )
            names = {"tag": tag, "bare": tag.strip('"'), "start": tag[:20], "other": other}
            for how in ("cold", "warm"):
                for name, (pattern, is_known) in VALIDATORS.items():
                    if how == "cold":
                        with_answers(apps[0], AnswerCache(1 << 24))
                    headers = {"Accept-Encoding": coding, "If-None-Match": pattern.format(**names)}
                    said = answers((await exchange(apps[0], kind, [request(asked, headers)]))[0])[0]
                    framed = {header for header, _ in said.headers} & {
                        b"content-type",
                        b"content-length",
                        b"content-encoding",
                    }
                    assert said.status.split()[1] == (b"304" if is_known else b"200"), (how, name)
                    assert said.header("etag") == tag, (how, name)
                    assert not is_known or (said.body, framed) == (b"", set()), (how, name)

    asyncio.run(within())


@pytest.mark.parametrize("coding", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_fails_is_cut_in_every_coding_and_never_looks_whole(
    tmp_path: Path, kind: type[BoundedProtocol], coding: str
) -> None:
    raw = request({"query": ASKED["tall"][0]["query"]}, {"Accept-Encoding": coding})

    async def within() -> None:
        async with served(tmp_path, output_limit_bytes=400_000) as (apps, _):
            one = Connection(apps[0], kind)
            await one.send(raw)

            written = bytes(one.wire.written)
            if not one.wire.is_closed:  # nothing had gone out yet
                assert [said.status for said in answers(written)] == [b"HTTP/1.1 503 Service Unavailable"]
            else:
                assert written.startswith(b"HTTP/1.1 200 OK")
                with pytest.raises(Unfinished):
                    answers(written)
            assert one.wire.is_closed or coding == "br"
            assert len(site_of(apps[0]).answers) == 0

    asyncio.run(within())


def test_a_flood_of_answers_takes_no_more_than_the_limit() -> None:
    cache = AnswerCache(100_000)

    for number in range(200):
        cache.put((str(number),), stored(5_000))

    assert_counted(cache)
    assert (len(cache), cache.use.evictions) == (16, 184)


def sans_length(said: Said) -> list[tuple[bytes, bytes]]:
    """The headers but those of the length: a stream has none, what is kept has one."""
    return [one for one in said.headers if one[0] not in (b"content-length", b"transfer-encoding")]


WIDE = "SELECT * { ?a ?b ?c . ?d ?e ?f }"  # longer than what is sent in one frame


@pytest.mark.parametrize("kind", [Taken, BoundedProtocol])
@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("query", ["ASK {}", "SELECT ?s { ?s ?p ?o }", WIDE], ids=["short", "long", "wide"])
def test_an_answer_that_is_kept_is_not_evaluated_again_for_another_coding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BoundedProtocol], first: str, query: str
) -> None:
    asked: list[object] = []
    submit = WorkerPool.submit

    def counted(pool: WorkerPool, *question: Any) -> Job:
        asked.append(question)
        return submit(pool, *question)

    monkeypatch.setattr(WorkerPool, "submit", counted)

    def raw(coding: str) -> bytes:
        target = f"/sparql?{urlencode({'query': query})}"
        return f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {coding}\r\n\r\n".encode()

    async def within() -> None:
        async with served(tmp_path, 1 + len(NAMES)) as ((app, *others), _):
            expected: dict[str, Said] = {}
            for coding, other in zip(NAMES, others, strict=True):
                (expected[coding],) = answers((await exchange(other, BoundedProtocol, [raw(coding)]))[0])
            asked.clear()
            for coding in (first, *NAMES, *NAMES):
                (said,) = answers((await exchange(app, kind, [raw(coding)]))[0])
                assert sans_length(said) == sans_length(expected[coding])
                assert said.body == expected[coding].body

            assert len(asked) == 1
            counted_as = {name: n for name, n in app.state.desk.meter._counts["queries"].items() if n}
            assert counted_as == {"answered": 1, "cached": 2 * len(NAMES)}

    asyncio.run(within())
