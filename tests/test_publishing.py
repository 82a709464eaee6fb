"""A build in real stores of others: loaded, replaced, interrupted, and asked through our front."""

import asyncio
import io
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, Final

import httpx2
import pyoxigraph as ox
import pytest

from clustergraph import turns
from clustergraph.engine import Engine as OwnEngine
from clustergraph.engine import load_engine
from clustergraph.errors import ClusterGraphError, UsageError
from clustergraph.formats import GRAPH_FORMATS, JSON, TURTLE, Format
from clustergraph.layouts import Addresses, Store, detected
from clustergraph.published import DATASET, Published, open_published, sha256
from clustergraph.publishing import Publication, publish
from clustergraph.remote import RemoteEngine
from clustergraph.runner import Limits, QueryRequest
from clustergraph.settings import Settings
from clustergraph.terms import DCTERMS, DEFAULT_GRAPH, GRAPH, PUBLISHED_GRAPH
from clustergraph.turns import STAGING, Turn
from engines import Engine, Reply, Write, answer, front, running
from servers import SERVERS, Absent, Server

_LIMITS: Final = Limits(time_limit_s=60)

READ: Final = {
    "turtle": ox.RdfFormat.TURTLE,
    "n-triples": ox.RdfFormat.N_TRIPLES,
    "json-ld": ox.RdfFormat.JSON_LD,
    "rdf-xml": ox.RdfFormat.RDF_XML,
    "trig": ox.RdfFormat.TRIG,
    "n-quads": ox.RdfFormat.N_QUADS,
}
DEVIATIONS: Final = {
    "virtuoso": {
        "clusters-without-member": "IF() of two IRIs gives a string, not an IRI",
        "disagreements": "its compiler fails on subqueries beside BIND (error SQ156)",
    },
}
"""What a server answers otherwise than our engine, by query, with the cause. All others are the same, as multisets."""


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        with SERVERS[request.param](tmp_path_factory.mktemp(request.param)) as running:
            yield running
    except Absent as exc:
        pytest.skip(str(exc))


@pytest.fixture(scope="module")
def real(real_dist: Path) -> Published:
    return open_published(real_dist)


@pytest.fixture(scope="module")
def small(built_sample: Path) -> Published:
    return open_published(built_sample)


@contextmanager
def store_of(server: Server, kind: type[Store] = Store) -> Iterator[Store]:
    user, _, password = server.user.partition(":")
    with kind(detected(server.address), user=user, password=password) as store:
        yield store


def published_to(server: Server, published: Published) -> Publication:
    with store_of(server) as store:
        return publish(published, store)


def asked(server: Server, query: str) -> list[dict[str, str]]:
    answer = httpx2.post(server.query, data={"query": query}, headers={"Accept": JSON.media_type}, timeout=60)
    return [{name: cell["value"] for name, cell in row.items()} for row in answer.json()["results"]["bindings"]]


def graphs_of_ours(server: Server) -> dict[str, int]:
    """The graphs that a store holds below our address, each with its size."""
    inside = f"GRAPH ?g {{ ?s ?p ?o }} FILTER(STRSTARTS(STR(?g), '{GRAPH}'))"
    found = asked(server, f"SELECT ?g (COUNT(*) AS ?n) {{ {inside} }} GROUP BY ?g")
    return {row["g"].removeprefix(GRAPH): int(row["n"]) for row in found}


def whole(published: Published) -> dict[str, int]:
    """What graphs_of_ours gives where a build is there, and nothing else."""
    sizes = Counter(
        quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else DEFAULT_GRAPH
        for quad in store_in_memory(published)
    )
    return {**{name.removeprefix(GRAPH): size for name, size in sizes.items()}, "published": len(sizes)}


def store_in_memory(published: Published) -> ox.Store:
    store = ox.Store()
    store.bulk_load(path=published.dataset, format=ox.RdfFormat.N_QUADS)
    return store


def rows(body: bytes) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True) for row in json.loads(body)["results"]["bindings"])


def local(engine: OwnEngine, request: QueryRequest) -> bytes:
    stream = io.BytesIO()
    engine.evaluate(request).write(stream)
    return stream.getvalue()


def lower_case(triple: ox.Triple) -> str:
    """A triple with the language of its value in lower case, as some stores give it."""
    return re.sub(r"@[A-Za-z-]+$", lambda found: found[0].lower(), str(triple))


def catalogue_of(published: Published) -> dict[str, QueryRequest]:
    return {
        name: QueryRequest(saved.text, JSON, TURTLE, bindings=saved.bindings(saved.examples))
        for name, saved in published.catalogue.items()
    }


async def answers(server: Server, requests: dict[str, QueryRequest]) -> tuple[str, dict[str, Any]]:
    found: dict[str, Any] = {}
    async with RemoteEngine(server.query, "0" * 64, limits=_LIMITS) as engine:
        for name, request in requests.items():
            try:
                found[name] = rows(await (await engine.answer(request)).body())
            except ClusterGraphError as exc:
                found[name] = exc.detail
        return engine.digest, found


def test_a_store_answers_the_whole_catalogue_as_our_engine_does(server: Server, real: Published) -> None:
    engine = load_engine(real.dataset)
    requests = catalogue_of(real)
    expected = {name: rows(local(engine, request)) for name, request in requests.items()}

    done = published_to(server, real)
    digest, found = asyncio.run(answers(server, requests))

    assert (done.digest, done.changed, digest) == (real.digest, True, real.digest)
    assert {name for name in expected if expected[name] != found[name]} == set(DEVIATIONS.get(server.name, {}))
    assert len(expected) > 20, "the test has lost its subject"


def test_a_second_publication_of_the_same_dataset_changes_nothing(server: Server, real: Published) -> None:
    published_to(server, real)
    before = graphs_of_ours(server)

    again = published_to(server, real)

    assert (again.changed, graphs_of_ours(server)) == (False, before)


def test_another_dataset_takes_the_place_of_the_first_and_nothing_of_it_is_left(
    server: Server, real: Published, small: Published
) -> None:
    published_to(server, real)
    published_to(server, small)

    assert graphs_of_ours(server) == whole(small)


class Killed(BaseException):
    """What ends a publisher at once: none of its requests is sent any more."""


class SteppedStore(Store):
    """A store with which things happen before requests of a publisher, which are counted from 1."""

    def __init__(self, server: Server, before: Mapping[int, Callable[["SteppedStore"], object]]) -> None:
        user, _, password = server.user.partition(":")
        super().__init__(detected(server.address), user=user, password=password)
        self.steps = 0
        self._before = before
        self._is_dead = False

    def _sent(self, method: str, address: str, **what: Any) -> httpx2.Response:
        self.steps += 1
        self._before.get(self.steps, bool)(self)
        if self._is_dead:
            raise Killed
        return super()._sent(method, address, **what)

    def die(self) -> None:
        self._is_dead = True


def tiny(folder: Path, sizes: dict[str, int]) -> Published:
    """A build of graphs of some sizes, with their merge as default graph."""
    lines = [f'<urn:{name}:{n}> <urn:p> "{n}"' for name, size in sizes.items() for n in range(size)]
    graphs = [f"<{GRAPH}{name}>" for name, size in sizes.items() for _ in range(size)]
    text = "".join(f"{line} {graph} .\n{line} .\n" for line, graph in zip(lines, graphs, strict=True))
    folder.mkdir()
    (folder / DATASET).write_text(text, encoding="utf-8")
    return Published(folder, "1", sha256(folder / DATASET), {}, {})


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return tiny(tmp_path_factory.mktemp("old") / "dist", {"curated": 5, "gone": 2})


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return tiny(tmp_path_factory.mktemp("new") / "dist", {"curated": 3, "come": 4})


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return tiny(tmp_path_factory.mktemp("third") / "dist", {"curated": 9})


@pytest.fixture(scope="module")
def steps(server: Server, old: Published, new: Published) -> range:
    """The requests of a publication, counted from 1."""
    published_to(server, old)
    with SteppedStore(server, {}) as store:
        publish(new, store)
    return range(1, store.steps + 1)


def readable(server: Server) -> dict[str, int]:
    """What a reader of a store finds, who knows nothing of what is staged."""
    return {name: size for name, size in graphs_of_ours(server).items() if not name.startswith("staging")}


def staged(server: Server) -> set[str]:
    return {name for name in graphs_of_ours(server) if name.startswith("staging/")}


def test_wherever_a_publisher_is_killed_one_whole_version_is_there_and_the_next_takes_over(
    server: Server, steps: range, old: Published, new: Published
) -> None:
    seen, left = [], set()
    for step in steps:
        taken_over(server, old)
        with SteppedStore(server, {step: SteppedStore.die}) as store, pytest.raises(Killed):
            publish(new, store)
        found = readable(server)
        seen.append([whole(old), whole(new)].index(found))
        left |= staged(server)
        taken_over(server, new)
        assert (readable(server), staged(server)) == (whole(new), set())

    assert seen == sorted(seen), "the old version came back"
    assert ({*seen}, bool(left)) == ({0, 1}, True), "the test has lost its subject"


def taken_over(server: Server, published: Published) -> Publication:
    with store_of(server) as store:
        return publish(published, store, take_over=True)


def test_whoever_comes_while_somebody_publishes_is_told_and_changes_nothing(
    server: Server, steps: range, old: Published, new: Published, third: Published
) -> None:
    told = []

    def come(_: object) -> None:
        with pytest.raises(ClusterGraphError) as caught:
            published_to(server, third)
        told.append(caught.value.detail)

    for step in steps[2:]:  # the second takes the turn
        taken_over(server, old)
        with SteppedStore(server, {step: come}) as store:
            publish(new, store)
        assert readable(server) == whole(new)

    clock = r"last seen at [0-9-]+T[0-9:]+; the clock of the store says [0-9-]+T[0-9:]+"
    sentence = rf"another publish is under way \({clock}\): wait for it, or, .*, --take-over"
    assert len(told) == len(steps) - 2
    assert [one for one in told if not re.fullmatch(sentence, one)] == []


def test_whoever_takes_over_has_the_store_and_the_other_is_told(
    server: Server, steps: range, old: Published, new: Published, third: Published
) -> None:
    told = set()

    def come(_: object) -> None:
        taken_over(server, third)

    for step in steps[2:-1]:  # the second takes the turn, and what the last does is the end of the turn alone
        taken_over(server, old)
        with SteppedStore(server, {step: come}) as store, pytest.raises(ClusterGraphError) as caught:
            publish(new, store)
        told.add(caught.value.detail)
        assert (readable(server), staged(server)) == (whole(third), set()), step

    assert told == {"another publish took over from this one: the store holds what that one puts there"}


def test_of_many_who_publish_at_once_the_store_holds_one_whole(
    server: Server, old: Published, new: Published, third: Published
) -> None:
    builds = [old, new, third]
    for round_ in range(5):
        start = Barrier(len(builds))
        done: dict[str, object] = {}

        def run(one: Published, start: Barrier = start, done: dict[str, object] = done) -> None:
            with store_of(server) as store:
                start.wait(60)
                try:
                    done[one.digest] = publish(one, store)
                except ClusterGraphError as exc:
                    done[one.digest] = exc.detail

        threads = [Thread(target=run, args=(one,)) for one in builds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        held = [whole(one) for one in builds]
        assert readable(server) in held, (round_, done)
        assert staged(server) == set(), (round_, done)


def test_a_publisher_of_whom_nothing_was_heard_for_long_holds_up_nobody(
    server: Server, old: Published, new: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_to(server, old)
    with SteppedStore(server, {12: SteppedStore.die}) as store, pytest.raises(Killed):
        publish(new, store)
    with pytest.raises(ClusterGraphError, match="another publish is under way"):
        published_to(server, new)
    monkeypatch.setattr(turns, "_SILENCE", timedelta(seconds=-1))

    published_to(server, new)

    assert graphs_of_ours(server) == whole(new)


def test_a_publisher_is_seen_while_it_sends_a_graph(
    server: Server, old: Published, new: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_RENEWAL_S", 0.01)
    query = f"SELECT ?o {{ GRAPH <{STAGING}> {{ ?s <{DCTERMS}modified> ?o }} }}"
    seen: list[list[dict[str, str]]] = []

    class SlowStore(Store):
        def put(self, graph: str, triples: Path) -> None:
            super().put(graph, triples)
            seen.append(asked(server, query))
            while asked(server, query) == seen[-1]:
                time.sleep(0.01)

    taken_over(server, old)
    with store_of(server, SlowStore) as store:
        publish(new, store)

    assert ([len(rows) for rows in seen], graphs_of_ours(server)) == ([1, 1], whole(new))


def test_a_silent_publisher_that_is_seen_again_before_its_turn_is_taken_keeps_it(server: Server) -> None:
    said = f"GRAPH <{STAGING}> {{ ?s <{DCTERMS}modified> ?"
    with store_of(server) as store:
        holder = Turn(store)
        holder.take(take_over=False)
        old_time = f"GRAPH <{STAGING}> {{ ?s <{DCTERMS}modified> '2020-01-01T00:00:00Z' }}"
        store.update(f"DELETE {{ {said}o }} }} INSERT {{ {old_time} }} WHERE {{ {said}o }} }}")
        with (
            SteppedStore(server, {2: lambda _: holder.keep()}) as other,
            pytest.raises(ClusterGraphError, match="another publish is under way"),
        ):
            Turn(other).take(take_over=False)
        assert holder.is_held()
        holder.end()

    assert STAGING.removeprefix(GRAPH) not in graphs_of_ours(server)


PAGES = [
    "/",
    "/doc/cluster/lombardy-energy.html",
    "/doc/cluster/lombardy-energy.nt",
    "/browse/cluster",
    "/graph",
    "/ns",
    "/graph/curated?format=html",
    "/queries/members-of-cluster",
    "/queries/clusters.csv",
    "/health/ready",
]


def test_the_pages_are_there_as_with_our_own_workers(server: Server, real: Published) -> None:
    published_to(server, real)
    with front(replace(real, digest="0" * 64), Settings(engine=server.query, time_limit_s=60)) as one:
        replies = {path: one.get(path) for path in PAGES}

    assert {path: reply.status for path, reply in replies.items()} == dict.fromkeys(PAGES, 200)
    assert "Lombard energy cluster" in replies[PAGES[1]].body.decode()
    assert replies["/queries/clusters.csv"].headers["x-clustergraph-dataset"] == real.digest


@pytest.mark.parametrize("form", GRAPH_FORMATS, ids=lambda one: one.name)
def test_a_store_answers_in_rdf_of_every_format_as_our_engine_does(
    server: Server, real: Published, form: Format
) -> None:
    query = "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o FILTER(isIRI(?s) && (isIRI(?o) || LANG(?o) != '')) }"
    request = QueryRequest(query, graph_format=form)
    expected = {
        lower_case(one.triple) for one in ox.parse(local(load_engine(real.dataset), request), format=READ[form.name])
    }

    async def answered() -> bytes:
        async with RemoteEngine(server.query, "0" * 64, limits=_LIMITS) as engine:
            return await (await engine.answer(request)).body()

    published_to(server, real)
    found = {lower_case(one.triple) for one in ox.parse(asyncio.run(answered()), format=READ[form.name])}

    assert found == expected
    assert len(expected) > 100, "the test has lost its subject"


ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.mark.parametrize("server", ["oxigraph"], indirect=True)  # others may refuse such a query, or count quickly
def test_pages_are_there_while_strangers_hold_every_place_at_the_store(server: Server, real: Published) -> None:
    published_to(server, real)
    strange: list[Reply] = []
    knobs = {"workers": 1, "queue_per_worker": 1, "queue_wait_s": 60.0, "time_limit_s": 10.0}
    with front(real, Settings(engine=server.query, **knobs)) as one:  # type: ignore[arg-type]
        stranger = Thread(target=lambda: strange.append(one.get("/sparql", query=ENDLESS)))
        stranger.start()
        while stranger.is_alive() and b'"evaluating"' not in one.get("/running").body:
            time.sleep(0.01)
        pages = [one.get(path).status for path in ("/doc/cluster/lombardy-energy.nt", "/health/ready")]
        running = one.get("/running").body
        stranger.join()
        kills = one.get("/metrics").body.decode()

    assert (pages, running.count(b'"evaluating"'), strange[0].status) == ([200, 200], 1, 504)
    assert 'clustergraph_worker_kills_total{cause="deadline"} 1.0' in kills.splitlines()


def test_a_store_that_loses_triples_is_not_left_to_be_served(server: Server, real: Published, small: Published) -> None:
    class LosingStore(Store):
        def update(self, text: str) -> None:
            super().update(text)
            if PUBLISHED_GRAPH in text:
                super().update(f"DROP SILENT GRAPH <{GRAPH}curated>")

    published_to(server, real)

    with store_of(server, LosingStore) as store, pytest.raises(ClusterGraphError, match="the store counts 0 of the"):
        publish(small, store)
    digests = asked(server, f"SELECT ?o {{ GRAPH <{PUBLISHED_GRAPH}> {{ ?s <{DCTERMS}identifier> ?o }} }}")

    assert digests == []
    assert published_to(server, small).changed


@pytest.mark.parametrize("server", ["virtuoso"], indirect=True)  # the others are started without users
def test_a_wrong_password_is_told_before_anything_is_changed(server: Server, real: Published) -> None:
    published_to(server, real)
    before = graphs_of_ours(server)

    with (
        Store(detected(server.address), user="dba", password=server.name) as store,
        pytest.raises(UsageError, match="401"),
    ):
        store.update("DROP ALL")

    assert graphs_of_ours(server) == before


@pytest.mark.parametrize("address", ["127.0.0.1:3030/ds", "ftp://127.0.0.1/ds", "http://", "http://[::1/ds", "ds"])
def test_what_is_no_address_of_a_store_is_told(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        detected(address)

    assert caught.value.detail == f"'{address}' is no address of a store: give one like http://127.0.0.1:3030/ds"


def test_an_address_where_nobody_listens_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        detected("http://127.0.0.1:1/x")

    assert caught.value.detail == (
        "'http://127.0.0.1:1/x' cannot be reached (Connection refused): is the store running, the address right?"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"220 mail.example.org ready\r\n", "does not speak HTTP: is this the address of the store?"),
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "is not laid out as Oxigraph, Fuseki, Virtuoso, RDF4J and GraphDB: name --query-address, --update-address "
            "and --graphs-address",
        ),
    ],
    ids=["another protocol", "another server"],
)
def test_an_address_without_a_store_is_told(said: bytes, told: str) -> None:
    async def other(_: dict[str, list[str]], write: Write) -> None:
        await write(said)

    with running(Engine(other)) as one, pytest.raises(UsageError) as caught:
        detected(one.address)

    assert caught.value.detail == f"'{one.address}' {told}"


def test_no_redirect_is_followed_with_a_password() -> None:
    async def redirecting(_: dict[str, list[str]], write: Write) -> None:
        await write(answer(b"", "text/plain", "307 Elsewhere", f"Location: {other.address}\r\n"))

    async def welcoming(_: dict[str, list[str]], write: Write) -> None:
        await write(answer(b'{"results":{"bindings":[]}}', "application/sparql-results+json"))

    with running(Engine(welcoming)) as other, running(Engine(redirecting)) as one:
        addresses = Addresses(one.address, one.address, one.address)
        with (
            Store(addresses, user="curator", password="hunter2") as store,  # noqa: S106
            pytest.raises(ClusterGraphError, match="with status 307"),
        ):
            store.rows("SELECT * { ?s ?p ?o }", default_graph=STAGING)

    assert (len(one.asked), other.asked) == (1, [])
