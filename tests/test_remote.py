"""Another engine behind our front: what a hostile or broken one can do to us, seen through the whole application."""

import asyncio
import email.message
import gzip
import json
import logging
import re
import resource
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

import engines
from clustergraph import remote_jobs
from clustergraph.errors import ClusterGraphError, OverBudget, QueryTimedOut, QueryTooHungry, UsageError
from clustergraph.formats import CSV, GRAPH_FORMATS, JSON, N_TRIPLES
from clustergraph.remote import RemoteEngine
from clustergraph.remote_state import State
from clustergraph.runner import Limits, QueryRequest
from clustergraph.settings import Settings
from clustergraph.web import readiness
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


@pytest.mark.parametrize("is_clause", [True, False], ids=["in the query", "in the request"])
def test_a_graph_that_is_named_twice_is_asked_for_once(tmp_path: Path, is_clause: bool) -> None:
    clauses = f"FROM <{GRAPH}> FROM NAMED <{GRAPH}> " * 2 if is_clause else ""
    named = [("default-graph-uri", GRAPH), ("named-graph-uri", GRAPH)] * (0 if is_clause else 2)
    sent = urlencode([("query", f"SELECT ?s {clauses}{{ ?s ?p ?o }}"), *named])

    with served(tmp_path, saying(answer(table(["s"], [])))) as (engine, front):
        front.get(f"/sparql?{sent}")

    (form,) = engine.asked
    assert (form["default-graph-uri"], form["named-graph-uri"]) == ([GRAPH], [GRAPH])


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


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [pytest.param(saying(answer(table(["s"], []))), 200, id="answered"), pytest.param(never, 504, id="deadline")],
)
def test_the_time_that_an_engine_took_is_told(tmp_path: Path, behaviour: Behaviour, status: int) -> None:
    reply = asked(tmp_path, behaviour)

    told = dict(one.split(";dur=") for one in reply.headers["server-timing"].split(", "))
    assert (reply.status, list(told)) == (status, ["guard", "queue", "evaluate"])
    assert float(told["evaluate"]) > 0


TOO_LATE = (
    "stopped after 1 s: add a LIMIT, narrow the pattern, "
    "ask for less at a time, or run `clustergraph query` on a clone of the repository"
)
BROKE_OFF = "the engine broke off in the middle of its answer: send the query again, or ask for less"
SHORTENED = "the engine holds back what is beyond a limit of its own: narrow the query, or add a smaller LIMIT"
OTHER_FORM = "the engine answers in another form than it was asked for: try again in a moment"
REFUSES = "the engine does not answer us: try again in a moment"
GAVE_UP = "the engine gave up on this query: ask for less, or in smaller steps"
BOMB = gzip.compress(b" " * 50_000_000)

SURPLUS = "the engine's answer is broken (more bytes than its answer has): ask for something else until it is mended"


def in_chunks(body: bytes, trailers: str = "") -> bytes:
    whole = head(more="Transfer-Encoding: chunked\r\n") + b"%x\r\n%s\r\n" % (len(body), body)
    return whole + f"0\r\n{trailers}\r\n".encode()


HOSTILE = [
    pytest.param(never, (504, "query-timed-out", TOO_LATE), id="never answers"),
    pytest.param(dripping_head, (504, "query-timed-out", TOO_LATE), id="drips"),
    pytest.param(saying(b""), (503, "busy", "the engine cannot be reached: try again in a moment"), id="hangs up"),
    pytest.param(
        saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
        (503, "busy", "the engine cannot be reached: try again in a moment"),
        id="no HTTP",
    ),
    pytest.param(saying(head()), (503, "query-aborted", BROKE_OFF), id="no body"),
    pytest.param(saying(answer(b"<html>log in</html>", "text/html")), (503, "busy", OTHER_FORM), id="a page"),
    pytest.param(saying(answer(b"{}", "application/json")), (503, "busy", OTHER_FORM), id="another format"),
    pytest.param(
        saying(answer(table(["s"], [["urn:a"]]), f"{XML}; charset=ISO-8859-1")),
        (503, "busy", OTHER_FORM),
        id="another charset",
    ),
    pytest.param(
        saying(answer(table(["s"], [["urn:a"]]), f"{XML}; charset*=a; charset*0=b")),
        (503, "busy", OTHER_FORM),
        id="a charset as in mail, twice",
    ),
    pytest.param(
        saying(answer(table(["s"], [["urn:a"]]), f"{XML}; charset*=a%00b''x")),
        (503, "busy", OTHER_FORM),
        id="a charset as in mail, encoded",
    ),
    pytest.param(
        saying(answer(table(["s"], [["urn:a"]]), f'{XML};a="' + ";" * 300)),
        (503, "busy", OTHER_FORM),
        id="a long media type",
    ),
    pytest.param(
        saying(answer(b"", status="302 Found", more=f"Location: http://xn--{'a' * 300}/\r\n")),
        (503, "busy", REFUSES),
        id="redirect that is no address",
    ),
    pytest.param(
        saying(answer(table(["s"], [["urn:a"]])) + answer(table(["s"], [["urn:b"]]))),
        (503, "query-aborted", SURPLUS),
        id="another answer behind it",
    ),
    pytest.param(
        saying(in_chunks(table(["s"], [["x:1"]]), "X-SPARQL-MaxRows: 1\r\n")),
        (503, "query-aborted", SHORTENED),
        id="rows beyond its limit held back, as it says in the end",
    ),
    pytest.param(
        saying(b"HTTP/1.1 100 Continue\r\n\r\n" * 17 + answer(table(["s"], []))),
        (503, "busy", "the engine cannot be reached: try again in a moment"),
        id="answers before the answer",
    ),
    pytest.param(
        saying(head(more="X-SPARQL-MaxRows: 1\r\n") + table(["s"], [["x:1"]])),
        (503, "query-aborted", SHORTENED),
        id="rows beyond its limit held back",
    ),
    pytest.param(
        saying(head(more="X-SQL-State: S1TAT\r\n") + table(["s"], [["x:1"]])),
        (503, "query-aborted", SHORTENED),
        id="out of its time",
    ),
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
    pytest.param(saying(answer(b"at /srv/db", "text/plain", "500 Oops")), (503, "query-aborted", GAVE_UP), id="500"),
    pytest.param(
        saying(answer(b"", "text/plain", "503 Busy")),
        (503, "busy", "the engine is busy: try again in a moment"),
        id="503",
    ),
    pytest.param(saying(answer(b"", "text/plain", "406 No")), (503, "busy", OTHER_FORM), id="406"),
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
        saying(answer(b"<!DOCTYPE a [<!ENTITY b 'c'>]><sparql/>")), (503, "query-aborted", BROKE_OFF), id="entities"
    ),
    pytest.param(
        saying(answer(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + table(["s"], [["urn:&b;"]]))),
        (503, "query-aborted", BROKE_OFF),
        id="entities in a whole answer",
    ),
    pytest.param(saying(answer(b"<sparql")), (503, "query-aborted", BROKE_OFF), id="half a tag"),
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
    whole = answer(table(["s"], [["urn:a"]] * 30_000))
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
    chunk = b"15f90\r\n" + TRIPLES * 3_600 + b"\r\n"
    behaviour = saying(head("application/n-triples", "Transfer-Encoding: chunked\r\n") + chunk)

    reply = asked(tmp_path, behaviour, CONSTRUCT, "turtle")

    assert (reply.status, reply.is_cut) == (200, True)


TRIPLES = b"<urn:a> <urn:p> <urn:b> .\n"
CONSTRUCT = "CONSTRUCT WHERE { ?s ?p ?o }"
SAYS_NO_END = "the engine does not say where its answer ends, so half of it could pass for the whole: use SELECT"


def test_rdf_that_is_longer_than_it_says_is_no_answer_and_is_not_kept(tmp_path: Path) -> None:
    said = answer(TRIPLES, "application/n-triples") + TRIPLES

    with served(tmp_path, saying(said)) as (engine, front):
        replies = [front.get("/sparql", query=CONSTRUCT, format="n-triples") for _ in range(2)]

    assert [told(one) for one in replies] == [(503, "query-aborted", SURPLUS)] * 2
    assert len(engine.asked) == 2


def test_no_connection_is_used_again_whatever_stands_behind_an_answer(tmp_path: Path) -> None:
    with served(tmp_path, saying(answer(table(["s"], [["urn:a"]])))) as (engine, front):
        for number in range(3):
            front.get("/sparql", query=f"SELECT ?s {{ ?s ?p {number} }}", format="csv")

    assert len(engine.asked) == 3
    assert set(engine.exchanges) == {1}
    assert len(engine.exchanges) > 3, "it is asked for its state as well, and goes on listening then"


def test_a_few_answers_before_the_answer_are_passed_over(tmp_path: Path) -> None:
    said = b"HTTP/1.1 100 Continue\r\n\r\n" * 16 + answer(table(["s"], [["urn:a"]]))

    reply = asked(tmp_path, saying(said), form="csv")

    assert (reply.status, reply.body) == (200, b"s\r\nurn:a\r\n")


@pytest.mark.parametrize("form", [one.name for one in GRAPH_FORMATS])
def test_rdf_that_ends_with_the_connection_is_refused(tmp_path: Path, form: str) -> None:
    reply = asked(tmp_path, saying(head("application/n-triples") + TRIPLES), CONSTRUCT, form)

    assert told(reply) == (503, "query-aborted", SAYS_NO_END)


def test_rdf_of_a_known_end_is_passed_on_and_kept(tmp_path: Path) -> None:
    chunked = head("application/n-triples", "Transfer-Encoding: chunked\r\n") + b"1a\r\n" + TRIPLES + b"\r\n0\r\n\r\n"

    for whole in (chunked, answer(TRIPLES, "application/n-triples")):
        with served(tmp_path, saying(whole)) as (engine, front):
            replies = [front.get("/sparql", query=CONSTRUCT, format="n-triples") for _ in range(2)]

        assert [(one.status, one.body, one.is_cut) for one in replies] == [(200, TRIPLES, False)] * 2
        assert len(engine.asked) == 1


IN_FORMATS = [
    *(pytest.param(form, TRIPLES, id=form) for form in ("turtle", "n-triples", "trig", "n-quads")),
    pytest.param("json-ld", b'[{"@id":"urn:a","urn:p":[{"@id":"urn:b"}]}]\n', id="json-ld"),
    pytest.param(
        "rdf-xml",
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        b'<rdf:Description rdf:about="urn:a"><p:p xmlns:p="urn:" rdf:resource="urn:b"/></rdf:Description>\n'
        b"</rdf:RDF>\n",
        id="rdf-xml",
    ),
]


@pytest.mark.parametrize(("form", "expected"), IN_FORMATS)
def test_rdf_is_written_in_the_format_that_was_asked_for_whatever_the_engine_knows(
    tmp_path: Path, form: str, expected: bytes
) -> None:
    with served(tmp_path, saying(answer(TRIPLES, "application/n-triples"))) as (engine, front):
        reply = front.get("/sparql", query=CONSTRUCT, format=form)

    media_type = next(one.media_type for one in GRAPH_FORMATS if one.name == form)
    assert (reply.status, reply.headers["content-type"].partition(";")[0], reply.body) == (200, media_type, expected)
    assert "accept: application/n-triples" in engine.heads[0].lower().split("\r\n")


def test_rdf_that_its_format_cannot_hold_is_refused_with_those_that_can(tmp_path: Path) -> None:
    said = answer(b"<urn:a> <http://a/> <urn:b> .\n", "application/n-triples")

    reply = asked(tmp_path, saying(said), CONSTRUCT, "rdf-xml")

    assert (reply.status, json.loads(reply.body)["offered"][0]) == (406, "text/turtle")


def broken(what: str) -> str:
    return f"the engine's answer is broken ({what}): ask for something else until it is mended"


NO_TRIPLE = "a line that is no triple"
NO_RDF = [
    pytest.param(b"<http://a/> <http://b", NO_TRIPLE, id="half a line"),
    pytest.param(b"#EOM\nERROR: out of memory at /opt/x", NO_TRIPLE, id="words of the engine"),
    pytest.param(b"# ERROR: out of memory at /opt/x\n", NO_TRIPLE, id="words in a comment"),
    pytest.param(b"<urn:a> a <urn:b> .\n", NO_TRIPLE, id="Turtle"),
    pytest.param(b'{"error": "out of memory at /opt/x"}', NO_TRIPLE, id="JSON"),
    pytest.param(
        b'<urn:a> <urn:p> "x"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .\n', NO_TRIPLE, id="no language"
    ),
    pytest.param(b'<urn:a> <urn:p> "\xff" .\n', "bytes that are no UTF-8", id="no UTF-8"),
    pytest.param("<urn:\u00e9".encode()[:-1], "bytes that are no UTF-8", id="half a character"),
]


@pytest.mark.parametrize("form", ["turtle", "json-ld", "rdf-xml"])
@pytest.mark.parametrize(("last", "what"), NO_RDF)
def test_rdf_that_is_broken_is_no_answer_and_is_not_kept(tmp_path: Path, last: bytes, what: str, form: str) -> None:
    with served(tmp_path, saying(answer(TRIPLES + last, "application/n-triples"))) as (engine, front):
        replies = [front.get("/sparql", query=CONSTRUCT, format=form) for _ in range(2)]

    assert [told(one) for one in replies] == [(503, "query-aborted", broken(what))] * 2
    assert len(engine.asked) == 2


@pytest.mark.parametrize(("last", "what"), NO_RDF)
def test_rdf_that_breaks_late_is_visibly_cut_and_not_kept(tmp_path: Path, last: bytes, what: str) -> None:
    whole = answer(TRIPLES * 50_000 + last, "application/n-triples")

    with served(tmp_path, saying(whole), time_limit_s=engines.TIME_LIMIT_S) as (engine, front):
        replies = [front.get("/sparql", query=CONSTRUCT, format="n-triples") for _ in range(2)]

    assert [(one.status, one.is_cut) for one in replies] == [(200, True)] * 2, what
    assert all(one.body.replace(TRIPLES, b"") == b"" for one in replies)
    assert len(engine.asked) == 2


BEGINNING = beginning(["s"])
END = b"</results></sparql>"
ROW = b'<result><binding name="s">%s</binding></result>'
NO_RESULTS = [
    pytest.param(
        BEGINNING + ROW % b"<literal>ab<b>cd</b>ef</literal>" + END, "an element inside a value", id="in a value"
    ),
    pytest.param(BEGINNING + ROW % b"<uri>urn:a</uri><uri>urn:b</uri>" + END, "two values in one binding", id="values"),
    pytest.param(
        BEGINNING + ROW.replace(b"%s", b"<uri>urn:a</uri></binding><binding name='s'><uri>urn:b</uri>") + END,
        "two bindings of one name in a row",
        id="bindings",
    ),
    pytest.param(
        BEGINNING + row(["t"], ["urn:a"]) + END, "a binding of no column of the head", id="a column behind the head"
    ),
    pytest.param(BEGINNING + ROW % b"<uri>foo</uri>" + END, "a uri that is none", id="a relative IRI"),
    pytest.param(
        BEGINNING
        + ROW % b'<literal datatype="http://www.w3.org/1999/02/22-rdf-syntax-ns#langString">x</literal>'
        + END,
        "a text with a language that is not named",
        id="no language",
    ),
    *(
        pytest.param(
            f'<?xml version="1.0" encoding="{one}"?>'.encode() + table(["s"], [["urn:a"]]),
            "a character encoding that is not UTF-8",
            id=one,
        )
        for one in ("UTF-7", "rot13", "idna", "big5")
    ),
    pytest.param(BEGINNING + ROW % b"text" + END, "text inside <binding>", id="text"),
    pytest.param(BEGINNING + ROW % b"" + END, "a binding without a value", id="no value"),
    pytest.param(beginning([]) + row(["s"], ["urn:a"]) + END, "other columns than the query names", id="no head"),
    pytest.param(table(["t"], [["urn:a"]]), "other columns than the query names", id="another column"),
    pytest.param(table(["s", "t"], []), "other columns than the query names", id="one column more"),
    pytest.param(
        table(["s"], [["urn:a"]]).replace(b"/sparql-results#", b"/other#"),
        "no <sparql> of the namespace of results around it",
        id="another document",
    ),
]


def test_results_with_half_a_comment_behind_them_are_no_answer(tmp_path: Path) -> None:
    with served(tmp_path, saying(answer(table(["s"], [["urn:a"]]) + b"<!-- half"))) as (_, front):
        reply = front.get("/sparql", query=SELECT, format="csv")

    assert (reply.status, json.loads(reply.body)["detail"].partition(":")[0]) == (
        503,
        "the engine broke off in the middle of its answer",
    )


@pytest.mark.parametrize(("said", "what"), NO_RESULTS)
def test_results_that_are_broken_are_no_answer_and_are_not_kept(tmp_path: Path, said: bytes, what: str) -> None:
    with served(tmp_path, saying(answer(said))) as (engine, front):
        replies = [front.get("/sparql", query=SELECT, format="csv") for _ in range(2)]

    assert [told(one) for one in replies] == [(503, "query-aborted", broken(what))] * 2
    assert len(engine.asked) == 2


def test_results_that_break_late_are_visibly_cut_and_not_kept(tmp_path: Path) -> None:
    said = BEGINNING + row(["s"], ["urn:a"]) * 50_000 + ROW % b"" + END

    with served(tmp_path, saying(answer(said)), time_limit_s=engines.TIME_LIMIT_S) as (engine, front):
        replies = [front.get("/sparql", query=SELECT, format="csv") for _ in range(2)]

    assert [(one.status, one.is_cut) for one in replies] == [(200, True)] * 2
    assert len(engine.asked) == 2


@pytest.mark.parametrize(
    ("query", "said", "expected"),
    [
        pytest.param("SELECT * { ?s ?p ?o }", table(["x"], [["urn:a"]]), b"x\r\nurn:a\r\n", id="any columns"),
        pytest.param("SELECT ?a ?b { }", table(["b", "a"], []), b"b,a\r\n", id="another order"),
        pytest.param("SELECT * {}", beginning([]) + b"<result/>" + END, b"\r\n\r\n", id="no columns"),
    ],
)
def test_the_columns_that_the_query_can_have_are_an_answer(
    tmp_path: Path, query: str, said: bytes, expected: bytes
) -> None:
    reply = asked(tmp_path, saying(answer(said)), query, "csv")

    assert (reply.status, reply.body) == (200, expected)


def test_an_engine_without_a_dataset_is_no_busy_one_and_what_to_do_is_said_to_the_operator_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine(saying(b""))
    engine.digest = "none"

    with engines.running(engine), engines.front(published(tmp_path), Settings(engine=engine.address)) as front:
        replies = [front.get(path, **asked) for path, asked in (("/sparql", {"query": SELECT}), ("/health/ready", {}))]

    said = "there is no dataset to answer from just now: try again in a minute"
    assert [told(one) for one in replies] == [(503, "dataset-unusable", said)] * 2
    assert [one.headers["retry-after"] for one in replies] == ["60", "60"]
    assert [one.getMessage() for one in caplog.records if one.name == "clustergraph.remote"] == [
        "the engine holds no published dataset: run 'clustergraph publish'"
    ]


def test_another_dataset_of_the_engine_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def look(engine: Engine) -> None:
        async with RemoteEngine(engine.address, DIGEST, limits=Limits()) as runner:
            for digest in (DIGEST, "b" * 64, "b" * 64):
                engine.digest = digest
                await runner._watch.look()

    with engines.running(Engine(saying(b""))) as engine, caplog.at_level(logging.INFO, "clustergraph.remote"):
        asyncio.run(look(engine))

    said = [one.getMessage() for one in caplog.records if one.name == "clustergraph.remote"]
    assert said == ["the engine holds sha256:bbbbbbbbbbbb… from now on"]


def test_the_metrics_tell_the_dataset_that_the_engine_holds(tmp_path: Path) -> None:
    with (
        engines.running(Engine(saying(b""))) as engine,
        engines.front(published(tmp_path), Settings(engine=engine.address)) as front,
    ):
        text = front.get("/metrics").body.decode()

    assert re.findall(r'^clustergraph_dataset_info\{digest="(.*?)"', text, re.MULTILINE) == [DIGEST]
    assert published(tmp_path).digest != DIGEST


def test_an_engine_that_is_away_is_logged_once_and_so_is_its_return(caplog: pytest.LogCaptureFixture) -> None:
    async def look(engine: Engine) -> None:
        async with RemoteEngine(engine.address, DIGEST, limits=Limits()) as runner:
            for address in ("http://127.0.0.1:1/", "http://127.0.0.1:1/", engine.address, engine.address):
                runner._address = httpx2.URL(address)
                await runner._watch.look()
                with suppress(ClusterGraphError):
                    await runner.answer(QueryRequest("ASK {}", result_format=JSON))

    with engines.running(Engine(saying(b""))) as engine, caplog.at_level(logging.INFO, "clustergraph.remote"):
        asyncio.run(look(engine))

    assert [one.getMessage() for one in caplog.records if one.name == "clustergraph.remote"] == [
        "the engine cannot be reached: try again in a moment (ConnectError: Connection refused)",
        f"the engine answers again, and holds sha256:{DIGEST[:12]}…",
    ]


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


INFLATING = [
    pytest.param(b"", b"<a>" * 10_000, "elements deeper than 16 in each other", id="depth"),
    pytest.param(b"<head>", b'<variable name="v%d"/>', "more than 1,000 columns", id="columns"),
    pytest.param(b"", b"<n%d/>", "more than 100 names of elements, attributes and namespaces", id="names"),
]


@pytest.mark.parametrize(("begins", "more", "said"), INFLATING)
def test_an_answer_that_would_fill_our_memory_is_said_to_be_broken(
    tmp_path: Path, begins: bytes, more: bytes, said: str
) -> None:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(head() + b'<sparql xmlns="http://www.w3.org/2005/sparql-results#">' + begins)
        for start in count(step=1_000):
            await write(b"".join(more.replace(b"%d", b"%d" % number) for number in range(start, start + 1_000)))

    reply = asked(tmp_path, behave, time_limit_s=engines.TIME_LIMIT_S)

    assert told(reply) == (503, "query-aborted", broken(said))


def test_an_answer_in_endless_small_pieces_ends_at_the_deadline_in_few_frames() -> None:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(head("application/n-triples", "Transfer-Encoding: chunked\r\n"))
        while True:
            await write(b"".join(b"1\r\n%c\r\n" % one for one in TRIPLES) * 400)

    async def test(runner: RemoteEngine, told: list[str]) -> None:
        answered = await runner.answer(QueryRequest("CONSTRUCT WHERE { ?s ?p ?o }", graph_format=N_TRIPLES))
        size = frames = 0
        began = time.monotonic()
        with suppress(QueryTimedOut):
            async for frame in answered.frames:
                size, frames = size + len(frame), frames + 1

        assert told == ["deadline"]
        assert size > 10 * frames > 0
        assert time.monotonic() - began < 10

    run(behave, test, limits=Limits(time_limit_s=1.0))


def test_a_value_without_an_end_is_given_up(tmp_path: Path) -> None:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(head() + beginning(["s"]) + b'<result><binding name="s"><literal>')
        while True:
            await write(b"x" * 1_000_000)

    reply = asked(tmp_path, behave, form="csv", time_limit_s=engines.TIME_LIMIT_S)

    assert told(reply) == (503, "query-aborted", broken("a value without an end"))


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


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b'{"head":{},"boolean":true,"boolean":false}', id="twice"),
        pytest.param(b'{"error":"x","head":{"vars":["e"]},"results":{"bindings":[]}}', id="an error as a table"),
        pytest.param(b'{"error":"x","head":{},"boolean":false}', id="an error beside it"),
        pytest.param(b'["boolean"]', id="a list"),
    ],
)
def test_what_is_no_single_boolean_answers_no_ask(tmp_path: Path, said: bytes) -> None:
    reply = asked(tmp_path, saying(answer(said, "application/sparql-results+json")), "ASK { ?s ?p ?o }", "csv")

    assert told(reply) == (503, "query-aborted", BROKE_OFF)


REFUSED = [
    pytest.param("DEFINE get:soft 'soft' SELECT ?s { ?s ?p ?o }", 400, id="a pragma"),
    pytest.param("SELECT ?s FROM <urn:a> OPTION (get:soft 'soft') { ?s ?p ?o }", 400, id="an option"),
    pytest.param("SELECT (bif:user() AS ?s) { }", 400, id="a function of the engine"),
    pytest.param("SELECT (<bif:user>() AS ?s) { }", 403, id="a function of the engine, in full"),
    pytest.param("SELECT (<\\u0062if:user>() AS ?s) { }", 403, id="a function of the engine, escaped"),
    pytest.param("PREFIX x: <java:> SELECT (x:a() AS ?s) { }", 403, id="a class of the engine"),
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

    assert told(reply) == (
        503,
        "busy",
        "all 1 places at the engine are taken and 0 queries wait already: try again in a moment",
    )
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


# Places: strangers and our own pages, who is ended and why, and what is told of it

OWN = QueryRequest(SELECT, CSV, own=True)
STRANGE = QueryRequest(SELECT, CSV)
TRUE = answer(b'{"head":{},"boolean":true}', "application/sparql-results+json")


class Held:
    """Holds queries that name urn:held until it is told; answers all others at once, the page's too."""

    def __init__(self) -> None:
        self.released = threading.Event()

    async def __call__(self, form: dict[str, list[str]], write: Write) -> None:
        query = form["query"][0]
        while "urn:held" in query and not self.released.is_set():
            await asyncio.sleep(0.005)
        rows = table(["cluster", "member"], []) if "?cluster" in query else table(["s"], [["urn:a"]])
        await write(TRUE if "ASK" in query else answer(rows))


def measured(front: Front, *families: str) -> list[str]:
    lines = front.get("/metrics").body.decode().splitlines()
    return [line.removeprefix("clustergraph_") for line in lines if line.startswith(families)]


def test_pages_are_answered_while_strangers_hold_every_place_and_fill_the_queue(tmp_path: Path) -> None:
    held, replies = Held(), list[Reply]()
    knobs = {"workers": 1, "queue_per_worker": 1, "queue_wait_s": 60.0, "time_limit_s": 60.0}

    def strange(number: int) -> None:
        replies.append(front.get("/sparql", query=f"SELECT ?s {{ ?s <urn:held> {number} }}", format="csv"))

    with served(tmp_path, held, **knobs) as (engine, front):
        strangers = [threading.Thread(target=strange, args=(number,)) for number in range(2)]
        try:
            for number, one in enumerate(strangers):
                one.start()
                while front.get("/running").body.count(b"seconds") <= number or not engine.asked:
                    time.sleep(0.005)
            page = front.get("/queries/members-of.csv", cluster="alpha")
            ready = front.get("/health/ready")
            busy = measured(front, "clustergraph_workers{", "clustergraph_queue_length{", "clustergraph_engine_up ")
        finally:
            held.released.set()
            for one in strangers:
                one.join()

    assert (page.status, page.body, ready.status) == (200, b"cluster,member\r\n", 200)
    assert busy == [
        'workers{lane="open",state="busy"} 1.0',
        'workers{lane="open",state="idle"} 0.0',
        'workers{lane="open",state="starting"} 0.0',
        'workers{lane="own",state="busy"} 0.0',
        'workers{lane="own",state="idle"} 4.0',
        'workers{lane="own",state="starting"} 0.0',
        'queue_length{lane="open"} 1.0',
        'queue_length{lane="own"} 0.0',
        "engine_up 1.0",
    ]
    assert [(one.status, one.body) for one in replies] == [(200, b"s\r\nurn:a\r\n")] * 2


def run(
    behaviour: Behaviour, test: Callable[[RemoteEngine, list[str]], Coroutine[Any, Any, None]], **knobs: Any
) -> None:
    """Runs a test over one engine, and what it tells of requests that had to be ended."""

    async def within(engine: Engine) -> None:
        causes: list[str] = []
        settings = {"limits": Limits(time_limit_s=engines.TIME_LIMIT_S), "running": 1, "queue_wait_s": 60.0, **knobs}
        async with (
            asyncio.timeout(engines.TIME_LIMIT_S),
            RemoteEngine(engine.address, DIGEST, tell=causes.append, own_running=1, **settings) as runner,
        ):
            await test(runner, causes)
            assert [list(lane.idle) for lane in runner.lanes] == [[0], [0]]

    with engines.running(Engine(behaviour)) as engine:
        asyncio.run(within(engine))


async def whole(runner: RemoteEngine, request: QueryRequest = STRANGE) -> bytes:
    return await (await runner.answer(request)).body()


def test_strangers_are_answered_while_our_own_queries_hold_every_place_of_theirs() -> None:
    async def test(runner: RemoteEngine, _: list[str]) -> None:
        own = asyncio.create_task(whole(runner, replace(OWN, query="SELECT ?s { ?s <urn:held> ?o }")))
        while runner.own.idle:
            await asyncio.sleep(0.001)

        assert await whole(runner) == b"s\r\nurn:a\r\n"
        held.released.set()
        assert await own == b"s\r\nurn:a\r\n"

    held = Held()
    run(held, test)


def test_clients_take_turns_and_who_has_most_waiting_gives_up_the_last() -> None:
    async def test(runner: RemoteEngine, _causes: list[str]) -> None:
        order: list[str] = []

        async def ask(client: str, name: str) -> None:
            begun = partial(order.append, name)
            await whole(runner, QueryRequest("SELECT ?s { ?s <urn:held> ?o }", CSV, client=client, begun=begun))

        tasks = []
        for client, name in [("a", "first"), ("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1")]:
            tasks.append(asyncio.create_task(ask(client, name)))
            await asyncio.sleep(0)
        while not order or not tasks[3].done():
            await asyncio.sleep(0.001)
        held.released.set()
        *_, evicted, _last = await asyncio.gather(*tasks, return_exceptions=True)

        assert order == ["first", "a1", "b1", "a2"]
        assert isinstance(evicted, OverBudget)
        assert evicted.detail == (
            "all 1 places at the engine are taken, and this query's place in the queue went to somebody who has fewer "
            "there than you: send the next one when one has ended"
        )

    held = Held()
    run(held, test, queue_per_worker=3)


async def in_pieces(_: dict[str, list[str]], write: Write) -> None:
    await write(head() + beginning(["s"]))
    for _number in range(20):
        await write(row(["s"], ["urn:a"]))
        await asyncio.sleep(0.001)
    await write(b"</results></sparql>")


ENDED = [
    pytest.param(saying(answer(table(["s"], []))), [], id="whole"),
    pytest.param(in_pieces, [], id="in pieces"),
    pytest.param(saying(answer(b"no", "text/plain", "400 Bad")), [], id="400"),
    pytest.param(saying(answer(b"no", "text/plain", "503 Busy")), [], id="503"),
    pytest.param(saying(answer(b"", status="302 Found", more="Location: /\r\n")), [], id="redirect"),
    pytest.param(saying(answer(b"{}", "application/json")), [], id="another format"),
    pytest.param(never, ["deadline"], id="never answers"),
    pytest.param(stalling, ["deadline"], id="stops giving"),
    pytest.param(saying(b""), ["died"], id="hangs up"),
    pytest.param(saying(b"\x00\x01 garbage\r\n\r\n"), ["died"], id="no HTTP"),
    pytest.param(breaking_off, ["died"], id="breaks off"),
    pytest.param(saying(answer(b"<sparql")), ["died"], id="half a tag"),
    pytest.param(endless(["s"]), ["died"], id="longer than the limit"),
]


@pytest.mark.parametrize(("behaviour", "causes"), ENDED)
def test_a_request_that_had_to_be_ended_is_counted_once_with_its_cause(behaviour: Behaviour, causes: list[str]) -> None:
    async def test(runner: RemoteEngine, told: list[str]) -> None:
        killed: list[None] = []
        with suppress(ClusterGraphError):
            await whole(runner, replace(STRANGE, killed=lambda: killed.append(None)))

        assert (told, len(killed)) == (causes, len(causes))

    limit_s = 0.2 if causes == ["deadline"] else engines.TIME_LIMIT_S
    run(behaviour, test, limits=Limits(time_limit_s=limit_s, output_limit_bytes=200_000))


def test_a_client_that_leaves_is_counted_and_its_place_is_free_at_once() -> None:
    async def test(runner: RemoteEngine, told: list[str]) -> None:
        asked = asyncio.create_task(whole(runner))
        while runner.open.idle:
            await asyncio.sleep(0.001)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

        assert (told, list(runner.open.idle)) == (["disconnect"], [0])

    run(never, test)


@pytest.mark.parametrize("frames", [0, 1])
def test_an_answer_that_nobody_reads_on_is_counted_and_its_place_is_free_at_once(frames: int) -> None:
    async def test(runner: RemoteEngine, told: list[str]) -> None:
        answered = await runner.answer(STRANGE)
        for _ in range(frames):
            await anext(answered.frames)
        await answered.close()

        assert (told, list(runner.open.idle)) == (["disconnect"], [0])

    run(endless(["s"]), test)


def test_a_place_that_waits_for_its_reader_is_taken_from_it_when_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_jobs, "SPARE_S", 0.02)
    monkeypatch.setattr(remote_jobs, "STALL_LIMIT_S", 600.0)

    async def behave(form: dict[str, list[str]], write: Write) -> None:
        await (endless(["s"]) if "urn:endless" in form["query"][0] else Held())(form, write)

    async def test(runner: RemoteEngine, told: list[str]) -> None:
        slow = await runner.answer(replace(STRANGE, query="SELECT ?s { ?s <urn:endless> ?o }"))
        await anext(slow.frames)

        assert await whole(runner) == b"s\r\nurn:a\r\n"
        assert told == ["stall"]
        with pytest.raises(QueryTimedOut) as caught:
            await slow.body()
        assert caught.value.detail == (
            "stopped: its reader took nothing for 0.02 s, and others wait; read it faster, or ask for less"
        )

    run(behave, test)


@pytest.mark.parametrize("limit", ["STALL_LIMIT_S", "STREAM_LIMIT_S"])
def test_a_reader_that_takes_too_long_loses_its_place_though_nobody_waits(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_jobs, "SPARE_S", 0.0)
    monkeypatch.setattr(remote_jobs, "SPARE_LOOK_S", 0.0)
    monkeypatch.setattr(remote_jobs, limit, 0.05)

    async def test(runner: RemoteEngine, told: list[str]) -> None:
        slow = await runner.answer(STRANGE)
        await anext(slow.frames)
        while not runner.open.idle:
            await asyncio.sleep(0.001)

        assert told == ["stall"]
        with pytest.raises(QueryTimedOut) as caught:
            await slow.body()
        took = {"STALL_LIMIT_S": "nothing for", "STREAM_LIMIT_S": "more than"}[limit]
        assert caught.value.detail == f"stopped: its reader took {took} 0.05 s; read it faster, or ask for less"

    run(endless(["s"]), test)


def test_what_is_told_of_an_answer_is_how_long_it_waited_and_was_evaluated() -> None:
    async def test(runner: RemoteEngine, _: list[str]) -> None:
        begun: list[None] = []
        first = asyncio.create_task(whole(runner, replace(STRANGE, query="SELECT ?s { ?s <urn:held> ?o }")))
        while runner.open.idle:
            await asyncio.sleep(0.001)
        second = asyncio.create_task(runner.answer(replace(STRANGE, begun=lambda: begun.append(None))))
        while not runner.open.waiting:
            await asyncio.sleep(0.001)
        before = len(begun)
        held.released.set()
        await first
        answered = await second
        await answered.body()

        assert (before, len(begun)) == (0, 1)
        assert answered.queue_s > 0 < answered.evaluate_s

    held = Held()
    run(held, test)


def test_a_server_is_ready_as_long_as_its_engine_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "FRESH_S", 0.0)
    monkeypatch.setattr(readiness, "_LIMIT_S", 0.2)
    replies: list[Reply] = []

    with served(tmp_path, saying(TRUE)) as (engine, front):
        for behaviour in (saying(TRUE), never, saying(b""), saying(answer(b"", status="302 Found")), saying(TRUE)):
            engine.behaviour = behaviour
            replies.append(front.get("/health/ready"))
        kills = measured(front, "clustergraph_worker_kills_total{")

    assert [replies[0].status, replies[-1].status] == [200, 200]
    assert [told(one) for one in replies[1:-1]] == [
        (503, "query-timed-out", TOO_LATE.replace("1 s", "0.2 s")),
        (503, "busy", "the engine cannot be reached: try again in a moment"),
        (503, "busy", REFUSES),
    ]
    assert kills == [
        f'worker_kills_total{{cause="{cause}"}} {number}.0'
        for cause, number in (
            ("deadline", 1),
            ("died", 1),
            ("disconnect", 0),
            ("lowered", 0),
            ("share", 0),
            ("stall", 0),
        )
    ]


def test_an_engine_that_has_gone_is_not_up(tmp_path: Path) -> None:
    up = "clustergraph_engine_up "
    with engines.running(Engine(saying(TRUE))) as engine:
        settings = Settings(engine=engine.address, time_limit_s=1.0)
        with engines.front(published(tmp_path), settings) as front:
            before = measured(front, up)
            engine.digest = "none"
            began = time.monotonic()
            while measured(front, up) == before and time.monotonic() - began < 20:
                time.sleep(0.05)
            after = measured(front, up)

    assert (before, after) == (["engine_up 1.0"], ["engine_up 0.0"])


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

    said = "there is no dataset to answer from just now: try again in a minute"
    assert told(reply) == (503, "dataset-unusable", said)


def told_state(*rows: tuple[str, str]) -> bytes:
    said = table(["digest", "graph"], [[f"urn:{digest}", graph] for digest, graph in rows])
    return re.sub(rb"<uri>urn:([0-9a-f]{64})</uri>", rb"<literal>\1</literal>", said)


STATE = told_state((DIGEST, GRAPH), (DIGEST, "urn:second"))
NO_STATE = [
    pytest.param(answer(STATE, "text/html"), id="a page"),
    pytest.param(answer(b'<?xml version="1.0" encoding="UTF-7"?>' + STATE), id="in no encoding of ours"),
    pytest.param(answer(STATE[: STATE.index(b"urn:second")]), id="half a document"),
    pytest.param(answer(STATE.removesuffix(b"</results></sparql>")), id="without its end"),
    pytest.param(answer(table(["digest"], [["urn:a"]])), id="a column is missing"),
    pytest.param(answer(told_state((DIGEST, GRAPH)).replace(b"digest", b"d")), id="other columns"),
    pytest.param(answer(beginning(["digest", "graph"]) + b"<result/></results></sparql>"), id="an empty row"),
]


@pytest.mark.parametrize("said", NO_STATE)
def test_what_does_not_say_the_whole_state_says_none_and_what_was_seen_before_holds(said: bytes) -> None:
    async def look(engine: Engine) -> list[tuple[bool, str]]:
        async with RemoteEngine(engine.address, "0" * 64, limits=Limits()) as runner:
            seen = [(runner.is_up, runner.digest)]
            for state in (answer(STATE), said):
                engine.state = state
                await runner._watch.look()
                seen.append((runner.is_up, runner.digest))
            assert runner.state is not None
            assert runner.state.graphs == {GRAPH, "urn:second"}
        return seen

    with engines.running(Engine(never)) as engine:
        engine.state = said
        assert asyncio.run(look(engine)) == [(False, "0" * 64), (True, DIGEST), (False, DIGEST)]


def until(condition: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 20
        time.sleep(0.02)


UNREADABLE_STATE = answer(b'<?xml version="1.0" encoding="UTF-7"?>' + STATE)


def test_an_engine_is_looked_at_again_whatever_it_has_said_or_went_wrong(caplog: pytest.LogCaptureFixture) -> None:
    async def look(engine: Engine) -> list[bool]:
        seen = []
        async with RemoteEngine(engine.address, DIGEST, limits=Limits(), poll_s=0.01) as runner:
            seen.append(runner.is_up)
            for state, wrong in (
                (UNREADABLE_STATE, None),
                (None, None),
                (None, RuntimeError("unheard of")),
                (None, None),
            ):
                engine.state = state

                async def fail(wrong: Exception | None = wrong) -> State:
                    raise wrong or AssertionError

                runner._watch._read = fail if wrong else runner._read_state
                async with asyncio.timeout(engines.TIME_LIMIT_S):
                    while runner.is_up == seen[-1]:
                        await asyncio.sleep(0.01)
                seen.append(runner.is_up)
        return seen

    with engines.running(Engine(never)) as engine, caplog.at_level(logging.WARNING, "clustergraph.remote"):
        assert asyncio.run(look(engine)) == [True, False, True, False, True]

    said = "the engine does not say which dataset it holds"
    assert [one.getMessage() for one in caplog.records if one.name == "clustergraph.remote"] == [
        f"{said} (Broken: a character encoding that is not UTF-8)",
        f"{said} (RuntimeError: unheard of)",
    ]


def test_an_engine_that_says_that_it_holds_no_dataset_is_asked_nothing_and_no_answer_is_kept(tmp_path: Path) -> None:
    with served(tmp_path, saying(answer(table(["s"], [["urn:a"]])))) as (engine, front):
        before = [front.get("/sparql", query=SELECT, format="csv").status for _ in range(2)]
        engine.state = answer(beginning(["digest", "graph"]) + END)
        until(lambda: front.get("/sparql", query=SELECT, format="csv").status != 200)
        away = front.get("/sparql", query=SELECT, format="csv")
        ready = front.get("/health/ready")
        engine.state, engine.behaviour = None, saying(answer(table(["s"], [["urn:b"]])))
        until(lambda: front.get("/sparql", query=SELECT, format="csv").status == 200)
        after = front.get("/sparql", query=SELECT, format="csv")

    said = "there is no dataset to answer from just now: try again in a minute"
    assert (before, told(away), ready.status) == ([200, 200], (503, "dataset-unusable", said), 503)
    assert after.body == b"s\r\nurn:b\r\n"


def test_what_is_kept_is_forgotten_when_an_engine_answers_again() -> None:
    async def look(engine: Engine) -> list[tuple[int, int]]:
        changes: list[None] = []
        doubts: list[None] = []
        seen = []
        async with RemoteEngine(
            engine.address,
            DIGEST,
            limits=Limits(),
            changed=lambda: changes.append(None),
            doubted=lambda: doubts.append(None),
        ) as runner:
            for state in (UNREADABLE_STATE, None, None, answer(beginning(["digest", "graph"]) + END), None):
                engine.state = state
                await runner._watch.look()
                seen.append((len(changes), len(doubts)))
        return seen

    with engines.running(Engine(never)) as engine:
        assert asyncio.run(look(engine)) == [(0, 0), (0, 1), (0, 1), (0, 2), (0, 3)]


def test_an_answer_names_its_dataset_only_if_the_engine_holds_it_still(tmp_path: Path) -> None:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(answer(table(["s"], [[f"urn:{engine.digest[0]}"]])))

    with served(tmp_path, behave) as (engine, front):
        first = front.get("/sparql", query=SELECT, format="csv")
        engine.digest = "b" * 64
        second = front.get("/sparql", query=f"{SELECT} LIMIT 9", format="csv")
        third = front.get("/sparql", query=f"{SELECT} LIMIT 9", format="csv")

    names = ("x-clustergraph-dataset", "cache-control")
    told = [
        (one.body, *(one.headers.get(name) for name in names), "etag" in one.headers) for one in (first, second, third)
    ]
    kept = "public, max-age=300, must-revalidate"
    assert told == [
        (b"s\r\nurn:a\r\n", DIGEST, kept, True),
        (b"s\r\nurn:b\r\n", None, "no-store", False),
        (b"s\r\nurn:b\r\n", "b" * 64, kept, True),
    ]


def test_an_answer_that_is_sent_before_it_is_whole_names_no_dataset_and_is_not_kept(tmp_path: Path) -> None:
    said = answer(table(["s"], [["urn:a"]] * 20_000))

    with served(tmp_path, saying(said)) as (engine, front):
        replies = [front.get("/sparql", query=SELECT, format="csv") for _ in range(2)]

    assert [(one.status, one.is_cut, one.headers["cache-control"]) for one in replies] == [(200, False, "no-store")] * 2
    assert [one.headers.keys() & {"etag", "x-clustergraph-dataset"} for one in replies] == [set(), set()]
    assert len(engine.asked) == 2


def test_answers_that_end_at_the_same_time_share_a_look() -> None:
    async def test(engine: Engine) -> tuple[list[bool], int]:
        async with RemoteEngine(engine.address, DIGEST, limits=Limits()) as runner:
            looks: list[None] = []
            read = runner._watch._read

            async def counted() -> State:
                looks.append(None)
                return await read()

            runner._watch._read = counted
            seen = await asyncio.gather(*(runner.confirmed(runner.state) for _ in range(20)))
            return seen, len(looks)

    with engines.running(Engine(never)) as engine:
        assert asyncio.run(test(engine)) == ([True] * 20, 1)


def test_the_query_log_names_the_dataset_of_the_engine(tmp_path: Path) -> None:
    log = tmp_path / "log" / "queries.jsonl"
    log.parent.mkdir()
    with served(tmp_path, saying(answer(table(["s"], [["urn:a"]]))), query_log=log) as (_, front):
        front.get("/sparql", query=SELECT, format="csv")

    (line,) = log.read_text().splitlines()
    assert json.loads(line)["dataset"] == DIGEST[:16]


def test_other_graphs_under_the_same_digest_are_a_change() -> None:
    async def look(engine: Engine) -> list[int]:
        changes: list[None] = []
        seen = []
        async with RemoteEngine(
            engine.address, DIGEST, limits=Limits(), changed=lambda: changes.append(None)
        ) as runner:
            for graphs in ([GRAPH], [GRAPH, "urn:second"], [GRAPH, "urn:second"], [GRAPH]):
                engine.state = answer(told_state(*((DIGEST, one) for one in graphs)))
                await runner._watch.look()
                seen.append(len(changes))
        return seen

    with engines.running(Engine(never)) as engine:
        assert asyncio.run(look(engine)) == [0, 1, 1, 2]


@pytest.mark.parametrize("charset", ["UTF-8", '"utf8"', "US-ASCII", "", '""'])
def test_an_answer_is_read_whose_charset_is_none_or_ours(tmp_path: Path, charset: str) -> None:
    reply = asked(tmp_path, saying(answer(table(["s"], [["urn:a"]]), f"{XML}; charset={charset}")), form="csv")

    assert (reply.status, reply.body) == (200, b"s\r\nurn:a\r\n")


def test_no_parser_of_mail_reads_a_media_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise AssertionError

    monkeypatch.setattr(email.message.Message, "get_content_charset", refuse)

    reply = asked(tmp_path, saying(answer(table(["s"], [["urn:a"]]), f"{XML}; charset=UTF-8")), form="csv")

    assert (reply.status, reply.body) == (200, b"s\r\nurn:a\r\n")


def test_a_cookie_of_the_engine_is_never_sent_back(tmp_path: Path) -> None:
    cookies = "".join(f"Set-Cookie: k{one}=v\r\n" for one in range(9))

    with served(tmp_path, saying(answer(table(["s"], []), more=cookies))) as (engine, front):
        for limit in range(3):
            front.get("/sparql", query=f"{SELECT} LIMIT {limit}", format="csv")

    names = [{line.partition(":")[0].lower() for line in head.split("\r\n")} for head in engine.heads]
    assert ["cookie" in one for one in names] == [False] * 3


def test_of_an_error_without_end_the_beginning_is_read(tmp_path: Path) -> None:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(b"HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
        while True:
            await write(b"at /srv/db " * 10_000)

    assert told(asked(tmp_path, behave)) == (503, "query-aborted", GAVE_UP)


def test_an_answer_over_the_output_limit_is_visibly_cut(tmp_path: Path) -> None:
    behaviour = saying(answer(table(["s"], [["urn:a"]] * 10_000)))

    assert (asked(tmp_path, behaviour).is_cut, asked(tmp_path, behaviour, output_limit_bytes=200_000).is_cut) == (
        False,
        True,
    )


def test_an_engine_that_hangs_up_as_a_connection_is_used_again_is_asked_once_more(tmp_path: Path) -> None:
    behaviours = iter([saying(b""), saying(answer(table(["s"], [["urn:a"]])))])

    async def behave(form: dict[str, list[str]], write: Write) -> None:
        await next(behaviours)(form, write)

    with served(tmp_path, behave) as (engine, front):
        reply = front.get("/sparql", query=SELECT, format="csv")

    assert (reply.status, reply.body, len(engine.asked)) == (200, b"s\r\nurn:a\r\n", 2)
