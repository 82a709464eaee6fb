"""Another engine behind our front: what a hostile or broken one can do to us, seen through the whole application."""

import asyncio
import gzip
import json
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import engines
from clustergraph.errors import QueryTooHungry, UsageError
from clustergraph.formats import CSV
from clustergraph.remote import RemoteEngine
from clustergraph.runner import Limits, QueryRequest
from clustergraph.settings import Settings
from engines import DIGEST, GRAPH, Behaviour, Engine, Front, Reply, Write, answer, beginning, head, row, table
from web_runner import published

SELECT = "SELECT ?s { ?s ?p ?o }"
XML = "application/sparql-results+xml"


@contextmanager
def served(folder: Path, behaviour: Behaviour, **knobs: Any) -> Iterator[tuple[Engine, Front]]:
    with engines.running(Engine(behaviour)) as engine:
        settings = Settings(engine=engine.address, **{"time_limit_s": 1.0, **knobs})
        with engines.front(published(folder), settings) as front:
            yield engine, front


def asked(folder: Path, behaviour: Behaviour, query: str = SELECT, form: str = "json", **knobs: Any) -> Reply:
    with served(folder, behaviour, **knobs) as (_, front):
        return front.get("/sparql", query=query, format=form)


def saying(data: bytes) -> Behaviour:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(data)

    return behave


def told(reply: Reply) -> tuple[int, str, str]:
    said = json.loads(reply.body)
    return reply.status, said["type"].rpartition("#")[2], said["detail"]


FORMATS = [
    pytest.param(
        "json", b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"urn:a"}}]}}', id="json"
    ),
    pytest.param("csv", b"s\r\nurn:a\r\n", id="csv"),
    pytest.param("tsv", b"?s\n<urn:a>\n", id="tsv"),
    pytest.param(
        "xml",
        b'<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="s"/></head>'
        b'<results><result><binding name="s"><uri>urn:a</uri></binding></result></results></sparql>',
        id="xml",
    ),
]


@pytest.mark.parametrize(("form", "expected"), FORMATS)
def test_an_answer_is_written_in_the_format_that_was_asked_for(tmp_path: Path, form: str, expected: bytes) -> None:
    reply = asked(tmp_path, saying(answer(table(["s"], [["urn:a"]]))), form=form)

    assert (reply.status, reply.body, reply.headers["x-clustergraph-dataset"]) == (200, expected, DIGEST)


def test_the_engine_is_asked_for_the_graphs_of_the_dataset_and_in_one_format_unpacked(tmp_path: Path) -> None:
    with served(tmp_path, saying(answer(table(["s"], [])))) as (engine, front):
        front.get("/sparql", query="SELECT ?s { ?s a cg:Claim }", format="csv")

    assert engine.asked == [
        {
            "query": [
                "BASE <https://w3id.org/clustergraph/> PREFIX cg: <https://w3id.org/clustergraph/ns#> \n"
                "SELECT ?s { ?s a cg:Claim }"
            ],
            "default-graph-uri": ["https://w3id.org/clustergraph/graph/default"],
            "named-graph-uri": [GRAPH],
        }
    ]
    wanted = {"accept: application/sparql-results+xml", "accept-encoding: identity"}
    assert wanted <= {line.lower() for line in engine.heads[0].split("\r\n")}


def test_a_graph_that_is_not_of_the_dataset_is_never_asked_for(tmp_path: Path) -> None:
    query = "SELECT ?s FROM <urn:secret> FROM NAMED graph:curated FROM NAMED <urn:other> { ?s ?p ?o }"

    with served(tmp_path, saying(answer(table(["s"], [])))) as (engine, front):
        front.get("/sparql", query=query)

    (form,) = engine.asked
    assert (form["default-graph-uri"], form["named-graph-uri"]) == (
        ["https://w3id.org/clustergraph/graph/none"],
        [GRAPH],
    )
    assert "FROM" not in form["query"][0]


async def never(_: dict[str, list[str]], write: Write) -> None:
    await asyncio.sleep(engines.TIME_LIMIT_S)


async def dripping_head(_: dict[str, list[str]], write: Write) -> None:
    for one in answer(table(["s"], [["urn:a"]] * 1000)):
        await write(bytes([one]))
        await asyncio.sleep(0.05)


TOO_LATE = "stopped after 1 s: add a LIMIT, narrow the pattern, or download the dataset and query it"
BROKE_OFF = "the engine broke off in the middle of its answer: send the query again, or ask for less"
OTHER_FORM = "the engine answers in another form than it was asked for: try again in a moment"
REFUSES = "the engine does not answer us: try again in a moment"
GAVE_UP = "the engine gave up on this query: ask for less, or in smaller steps"
BOMB = gzip.compress(b" " * 50_000_000)

HOSTILE = [
    pytest.param(never, (504, "query-timed-out", TOO_LATE), id="never answers"),
    pytest.param(dripping_head, (504, "query-timed-out", TOO_LATE), id="drips"),
    pytest.param(saying(b""), (503, "busy", "the engine cannot be reached: try again in a moment"), id="hangs up"),
    pytest.param(
        saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
        (503, "busy", "the engine cannot be reached: try again in a moment"),
        id="no HTTP",
    ),
    pytest.param(saying(head()), (503, "query-too-hungry", BROKE_OFF), id="no body"),
    pytest.param(saying(answer(b"<html>log in</html>", "text/html")), (503, "busy", OTHER_FORM), id="a page"),
    pytest.param(saying(answer(b"{}", "application/json")), (503, "busy", OTHER_FORM), id="another format"),
    pytest.param(
        saying(answer(BOMB, more="Content-Encoding: gzip\r\n")), (503, "busy", OTHER_FORM), id="a bomb of gzip"
    ),
    pytest.param(
        saying(answer(b"", status="302 Found", more="Location: http://127.0.0.1:1/\r\n")),
        (503, "busy", REFUSES),
        id="redirect",
    ),
    pytest.param(saying(answer(b"who?", "text/plain", "401 Unauthorized")), (503, "busy", REFUSES), id="401"),
    pytest.param(saying(answer(b"", "text/plain", "404 Not Found")), (503, "busy", REFUSES), id="404"),
    pytest.param(saying(answer(b"at /srv/db", "text/plain", "500 Oops")), (503, "query-too-hungry", GAVE_UP), id="500"),
    pytest.param(
        saying(answer(b"", "text/plain", "503 Busy")),
        (503, "busy", "the engine is busy: try again in a moment"),
        id="503",
    ),
    pytest.param(
        saying(answer(b"Parse error: Line 2, column 9: in /srv/db", "text/plain", "400 Bad")),
        (400, "query-malformed", "line 1, column 9: the engine cannot read the query here"),
        id="400 with a place",
    ),
    pytest.param(
        saying(answer(b"error at 2:8: expected one of", "text/plain", "400 Bad")),
        (400, "query-malformed", "line 1, column 8: the engine cannot read the query here"),
        id="400 with a place in other words",
    ),
    pytest.param(
        saying(answer(b"SP030: SPARQL compiler, line 2: syntax error", "text/plain", "400 Bad")),
        (400, "query-malformed", "line 1: the engine cannot read the query here"),
        id="400 with a line",
    ),
    pytest.param(
        saying(answer(b"no, line 99999999999999999999999", "text/plain", "400 Bad")),
        (400, "query-malformed", "the engine cannot read this query: try it in smaller pieces"),
        id="400 with a place that is nowhere",
    ),
    pytest.param(
        saying(answer(b"<!DOCTYPE a [<!ENTITY b 'c'>]><sparql/>")), (503, "query-too-hungry", BROKE_OFF), id="entities"
    ),
    pytest.param(
        saying(answer(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + table(["s"], [["urn:&b;"]]))),
        (503, "query-too-hungry", BROKE_OFF),
        id="entities in a whole answer",
    ),
    pytest.param(saying(answer(b"<sparql")), (503, "query-too-hungry", BROKE_OFF), id="half a tag"),
]


@pytest.mark.parametrize(("behaviour", "expected"), HOSTILE)
def test_trouble_with_the_engine_is_a_problem_of_its_own_kind(
    tmp_path: Path, behaviour: Behaviour, expected: tuple[int, str, str]
) -> None:
    began = time.monotonic()

    reply = asked(tmp_path, behaviour)

    assert told(reply) == expected
    assert time.monotonic() - began < 20


def endless(columns: list[str], more: bytes = b"") -> Behaviour:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(head() + beginning(columns) + more)
        rows = row(columns, ["urn:a"]) * 1000
        while True:
            await write(rows)

    return behave


async def breaking_off(_: dict[str, list[str]], write: Write) -> None:
    await write(head() + beginning(["s"]) + row(["s"], ["urn:a"]) * 10_000)


async def breaking_off_in_a_length(_: dict[str, list[str]], write: Write) -> None:
    whole = answer(table(["s"], [["urn:a"]] * 10_000))
    await write(whole[: len(whole) // 2])


async def stalling(_: dict[str, list[str]], write: Write) -> None:
    await write(head() + beginning(["s"]) + row(["s"], ["urn:a"]) * 10_000)
    await asyncio.sleep(engines.TIME_LIMIT_S)


CUT = [
    pytest.param(breaking_off, id="it ends with the connection"),
    pytest.param(breaking_off_in_a_length, id="it is shorter than it says"),
    pytest.param(stalling, id="it stops giving"),
    pytest.param(endless(["s"]), id="it has no end"),
]


@pytest.mark.parametrize("behaviour", CUT)
def test_an_answer_that_is_not_whole_is_visibly_cut(tmp_path: Path, behaviour: Behaviour) -> None:
    reply = asked(tmp_path, behaviour, form="csv", output_limit_bytes=2_000_000)

    assert (reply.status, reply.is_cut) == (200, True)


def test_rdf_that_is_not_whole_is_visibly_cut(tmp_path: Path) -> None:
    behaviour = saying(head("text/turtle", "Transfer-Encoding: chunked\r\n") + b"10\r\n<urn:a> a <urn:\r\n")

    reply = asked(tmp_path, behaviour, "CONSTRUCT WHERE { ?s ?p ?o }", "turtle")

    assert (reply.status, reply.is_cut) == (200, True)


def test_a_long_answer_takes_no_memory() -> None:
    async def read(engine: Engine) -> tuple[int, str]:
        limits = Limits(time_limit_s=engines.TIME_LIMIT_S, output_limit_bytes=200_000_000)
        async with RemoteEngine(engine.address, DIGEST, limits=limits) as runner:
            answered = await runner.answer(QueryRequest(SELECT, CSV))
            size = 0
            try:
                async for frame in answered.frames:
                    size += len(frame)
            except QueryTooHungry as exc:
                return size, exc.detail
        return size, "it ended"

    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(head() + beginning(["s"]))
        rows = row(["s"], ["urn:" + "x" * 10_000]) * 10
        while True:
            await write(rows)

    with engines.running(Engine(behave)) as engine:
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        size, said = asyncio.run(read(engine))
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib

    assert said == "the answer is longer than 200,000,000 bytes: add a LIMIT, or ask for less of each entity"
    assert size > 199_000_000
    assert grown_kib < 30_000


def test_a_value_without_an_end_is_given_up(tmp_path: Path) -> None:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(head() + beginning(["s"]) + b'<result><binding name="s"><literal>')
        while True:
            await write(b"x" * 1_000_000)

    reply = asked(tmp_path, behave, form="csv", time_limit_s=engines.TIME_LIMIT_S)

    assert (reply.status, reply.body, reply.is_cut) == (200, b"s\r\n", True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(b'{"head":{},"boolean":true}', b"true", id="a boolean"),
        pytest.param(b'{"head":{"vars":["r"]},"results":{"bindings":[{"r":{"value":"1"}}]}}', b"true", id="a cell"),
        pytest.param(b'{"head":{"vars":["r"]},"results":{"bindings":[]}}', b"false", id="no cell"),
    ],
)
def test_an_ask_is_answered_with_a_boolean_however_the_engine_says_it(
    tmp_path: Path, said: bytes, expected: bytes
) -> None:
    reply = asked(tmp_path, saying(answer(said, "application/sparql-results+json")), "ASK { ?s ?p ?o }", "csv")

    assert (reply.status, reply.body) == (200, expected)


REFUSED = [
    pytest.param("DEFINE get:soft 'soft' SELECT ?s { ?s ?p ?o }", 400, id="a pragma"),
    pytest.param("SELECT ?s FROM <urn:a> OPTION (get:soft 'soft') { ?s ?p ?o }", 400, id="an option"),
    pytest.param("SELECT (bif:user() AS ?s) { }", 400, id="a function of the engine"),
    pytest.param("SELECT (<bif:user>() AS ?s) { }", 403, id="a function of the engine, in full"),
    pytest.param("SELECT (<\\u0062if:user>() AS ?s) { }", 403, id="a function of the engine, escaped"),
    pytest.param("PREFIX x: <java:> SELECT (x:a() AS ?s) { }", 403, id="a class of the engine"),
    pytest.param("PREFIX b: <b> SELECT (b:if:user() AS ?s) { }", 400, id="a relative namespace"),
    pytest.param("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 403, id="SERVICE"),
    pytest.param("DROP ALL", 403, id="an update"),
]


@pytest.mark.parametrize(("query", "status"), REFUSED)
def test_what_would_reach_beyond_the_data_is_never_sent(tmp_path: Path, query: str, status: int) -> None:
    with served(tmp_path, saying(answer(table(["s"], [])))) as (engine, front):
        reply = front.get("/sparql", query=query)

    assert (reply.status, engine.asked) == (status, [])


def test_more_queries_than_may_wait_are_told_to_come_back(tmp_path: Path) -> None:
    with served(tmp_path, never, workers=1, queue_per_worker=0, time_limit_s=3.0) as (engine, front):
        first = threading.Thread(target=front.get, args=("/sparql",), kwargs={"query": SELECT})
        first.start()
        while not engine.asked:
            time.sleep(0.01)
        reply = front.get("/sparql", query=SELECT)
        first.join()

    assert told(reply) == (503, "busy", "1 queries run and 0 wait already: try again in a moment")
    assert reply.headers["retry-after"] == "1"


def test_no_place_is_lost_however_answers_end(tmp_path: Path) -> None:
    async def behave(form: dict[str, list[str]], write: Write) -> None:
        kinds = {"urn:never": never, "urn:cut": breaking_off}
        name = next((name for name in kinds if name in form["query"][0]), "")
        await kinds.get(name, saying(answer(table(["s"], [["urn:a"]]))))(form, write)

    with served(tmp_path, behave, workers=1, queue_wait_s=5.0, time_limit_s=0.3) as (_, front):
        for name in ("urn:never", "urn:cut", "urn:cut", "urn:well"):
            front.get("/sparql", query=f"SELECT ?s {{ ?s ?p <{name}> }}", format="csv")
            front.get("/sparql", query=f"SELECT ?s {{ ?s ?p <{name}> }}", format="html")
        reply = front.get("/sparql", query=SELECT, format="csv")

    assert (reply.status, reply.body) == (200, b"s\r\nurn:a\r\n")


def test_an_engine_that_cannot_be_reached_is_not_named(tmp_path: Path) -> None:
    with engines.front(published(tmp_path), Settings(engine="http://127.0.0.1:1/secret")) as front:
        reply = front.get("/sparql", query=SELECT)

    assert told(reply) == (503, "busy", "the engine cannot be reached: try again in a moment")
    assert reply.headers["retry-after"] == "5"


def test_the_digest_follows_the_engine(tmp_path: Path) -> None:
    async def run(engine: Engine) -> list[str]:
        seen = []
        async with RemoteEngine(engine.address, "0" * 64, limits=Limits(), poll_s=0.01) as runner:
            seen.append(runner.digest)
            engine.digest = "b" * 64
            async with asyncio.timeout(engines.TIME_LIMIT_S):
                while runner.digest == seen[0]:
                    await asyncio.sleep(0.01)
            seen.append(runner.digest)
        return seen

    with engines.running(Engine(never)) as engine:
        assert asyncio.run(run(engine)) == [DIGEST, "b" * 64]


@pytest.mark.parametrize("address", ["", "ftp://a/", "/sparql", "http://", "file:///etc/passwd"])
def test_what_is_no_address_of_the_web_is_no_engine(address: str) -> None:
    with pytest.raises(UsageError, match="--engine is no address of a SPARQL service"):
        RemoteEngine(address, DIGEST, limits=Limits())


def test_no_proxy_of_the_environment_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    assert asked(tmp_path, saying(answer(table(["s"], [["urn:a"]])))).status == 200


def test_a_state_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    class Talkative(Engine):
        async def _state(self, write: Write) -> None:
            said = f"<literal>{DIGEST}</literal>".encode()
            rows = row(["digest", "graph"], ["D", GRAPH]).replace(b"<uri>D</uri>", said)
            await write(answer(beginning(["digest", "graph"]) + b" " * (2 << 20) + rows + b"</results></sparql>"))

    with engines.running(Talkative(saying(answer(table(["s"], []))))) as engine:
        settings = Settings(engine=engine.address)
        with engines.front(published(tmp_path), settings) as front:
            reply = front.get("/sparql", query=SELECT, format="json")

    assert told(reply) == (503, "busy", "the engine does not say which dataset it holds")


def test_of_an_error_without_end_the_beginning_is_read(tmp_path: Path) -> None:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(b"HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
        while True:
            await write(b"at /srv/db " * 10_000)

    assert told(asked(tmp_path, behave)) == (503, "query-too-hungry", GAVE_UP)


def test_an_answer_over_the_output_limit_is_visibly_cut(tmp_path: Path) -> None:
    behaviour = saying(answer(table(["s"], [["urn:a"]] * 10_000)))

    assert (asked(tmp_path, behaviour).is_cut, asked(tmp_path, behaviour, output_limit_bytes=200_000).is_cut) == (
        False,
        True,
    )
