"""One query of a stranger: which phases of it are measured, however it ends."""

import asyncio
import json
import logging
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from clustergraph import jobs
from clustergraph.errors import Busy, ClusterGraphError, QueryCancelled, QueryTimedOut
from clustergraph.formats import JSON
from clustergraph.published import Published
from clustergraph.runner import Answer, QueryRequest, in_one_frame
from clustergraph.settings import Settings
from clustergraph.web.attended import Attended
from clustergraph.web.connection import BoundedProtocol
from clustergraph.web.desk import Desk, open_desk
from clustergraph.web.direct import DirectProtocol
from clustergraph.workers import WorkerPool
from web_runner import LocalRunner, TestClient, client_for, published
from wire import Connection, Unfinished, answers, served

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n1 ?o . ?p ?q ?r }"
WAYS = [pytest.param(DirectProtocol, id="direct"), pytest.param(BoundedProtocol, id="framework")]


class Clock:
    """A monotonic clock that moves when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now_s = 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self._now_s)

    def passes(self, seconds: float) -> None:
        self._now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def built(tmp_path: Path) -> Published:
    return published(tmp_path)


@pytest.fixture
def desk(tmp_path: Path, built: Published) -> Desk:
    return open_desk(Settings(query_log=str(tmp_path / "log"), budget_seconds=1.0), ())


def line(desk: Desk, folder: Path) -> dict[str, object]:
    """The phases and the outcome of the one query that was logged."""
    desk.query_log.flush()
    (text,) = (folder / "log").read_text(encoding="ascii").splitlines()
    said = json.loads(text)
    return {name: value for name, value in said.items() if name == "outcome" or name.endswith("_ms")}


def waits_and_runs(attended: Attended, clock: Clock) -> None:
    question = attended.asking(QueryRequest("ASK {}"))
    clock.passes(0.25)
    assert question.begun is not None
    question.begun()
    clock.passes(1.5)


def only_waits(attended: Attended, clock: Clock) -> None:
    attended.asking(QueryRequest("ASK {}"))
    clock.passes(2.0)


def never_asks(_: Attended, __: Clock) -> None:
    """A query that is refused before any worker hears of it."""


FAILED = [
    pytest.param(
        waits_and_runs,
        QueryTimedOut("x"),
        {"outcome": "timed_out", "queue_ms": 250.0, "evaluate_ms": 1500.0},
        id="deadline",
    ),
    pytest.param(
        waits_and_runs,
        QueryCancelled("x"),
        {"outcome": "cancelled", "queue_ms": 250.0, "evaluate_ms": 1500.0},
        id="cancelled",
    ),
    pytest.param(
        waits_and_runs,
        ClusterGraphError("x"),
        {"outcome": "failed", "queue_ms": 250.0, "evaluate_ms": 1500.0},
        id="our fault",
    ),
    pytest.param(only_waits, Busy("x", retry_after_s=1), {"outcome": "busy", "queue_ms": 2000.0}, id="no worker"),
    pytest.param(never_asks, Busy("x", retry_after_s=1), {"outcome": "busy"}, id="never asked"),
]


@pytest.mark.parametrize(("goes", "error", "expected"), FAILED)
def test_a_failed_query_has_the_phases_that_it_went_through(
    desk: Desk,
    clock: Clock,
    tmp_path: Path,
    goes: Callable[[Attended, Clock], None],
    error: ClusterGraphError,
    expected: dict[str, object],
) -> None:
    attended = Attended(desk, None, "ASK {}", "d" * 64)
    attended.begin(None, lambda: None)

    goes(attended, clock)
    attended.failed(error)
    told = {f"{name}_ms": seconds * 1000 for name, seconds in attended.phases.items()}
    clock.passes(0.125)  # until the answer that tells of it is written
    attended.failed(error)
    attended.end(504, 10)
    attended.end(504, 10)

    assert line(desk, tmp_path) == expected
    assert told == {name: value for name, value in expected.items() if name != "outcome"}, "what Server-Timing says"


def test_an_answer_that_is_cut_keeps_the_phases_of_its_beginning(desk: Desk, clock: Clock, tmp_path: Path) -> None:
    attended = Attended(desk, None, "ASK {}", "d" * 64)
    attended.begin(None, lambda: None)
    waits_and_runs(attended, clock)

    attended.answered(Answer(JSON, in_one_frame(b""), queue_s=0.25, evaluate_s=1.5))
    clock.passes(3.0)
    attended.failed(ClusterGraphError("x"))
    attended.end(200, 10)

    expected = {"outcome": "failed", "queue_ms": 250.0, "evaluate_ms": 1500.0, "stream_ms": 3000.0}
    assert line(desk, tmp_path) == expected


def test_a_query_that_waited_in_vain_for_a_worker_costs_its_client_no_query_time(desk: Desk, clock: Clock) -> None:
    attended = Attended(desk, "10.0.0.1", "ASK {}", "d" * 64)
    desk.budgets.begin("10.0.0.1", time.monotonic())
    attended.begin(None, lambda: None)

    only_waits(attended, clock)
    attended.failed(Busy("x", retry_after_s=1))
    attended.end(503, 10)

    assert desk.budgets.runs_at_once("10.0.0.1", time.monotonic())


# Which members of a line are null, and which are not there

LOGGED = [
    pytest.param("ASK {}", {}, [], ["guard", "queue", "evaluate", "stream"], id="answered"),
    pytest.param("ASK { ?s ?p }", {}, ["format"], ["guard", "queue"], id="malformed for the engine"),
    pytest.param("ASK { 'a }", {}, ["form", "format"], ["guard"], id="malformed for the guard"),
    pytest.param("DROP ALL", {}, ["form", "format"], ["guard"], id="refused by the guard"),
    pytest.param(f"ASK {{{'{' * 70}", {}, ["form", "format"], ["guard"], id="too large"),
    pytest.param("x" * 200_000, {}, [], None, id="too large to be read"),
    pytest.param("ASK {}", {"budget_seconds": 0.0}, ["format"], ["guard"], id="over its budget"),
    pytest.param("ASK {}", {"budget_bad_requests": 0}, [], None, id="turned away before anything was read"),
]


@pytest.mark.parametrize(("query", "knobs", "nulls", "phases"), LOGGED)
def test_members_of_the_log_are_null_or_missing_where_it_is_written_and_nowhere_else(
    tmp_path: Path, query: str, knobs: dict[str, float], nulls: list[str], phases: list[str] | None
) -> None:
    settings = Settings(query_log=str(tmp_path / "log"), **knobs)  # type: ignore[arg-type]
    client = TestClient(client_for(tmp_path, LocalRunner(), settings).app, client=("203.0.113.7", 5_000))

    body = {"content": query.encode(), "headers": {"content-type": "application/sparql-query"}}
    client.post("/sparql", **body)  # type: ignore[arg-type]
    client.app.state.desk.query_log.flush()  # type: ignore[attr-defined]

    lines = (tmp_path / "log").read_text(encoding="ascii").splitlines()
    told = [json.loads(one) for one in lines]
    assert [[name for name, value in one.items() if value is None] for one in told] == [nulls] * len(told)
    always = ["time", "query", "query_bytes", "form", "format", "status", "outcome", "bytes", "cached", "dataset"]
    timed = [f"{name}_ms" for name in phases or ()]
    assert [list(one) for one in told] == ([always[:7] + timed + always[7:]] if phases else [])


# What a line says of an answer that was given before


GIVEN_BEFORE = [
    pytest.param("GET", "", "csv", id="as it was"),
    pytest.param("POST", "", "csv", id="by another method"),
    pytest.param("GET", "Accept-Encoding: gzip\r\n", "csv", id="in another coding"),
    pytest.param("GET", 'If-None-Match: "TAG"\r\n', None, id="known to the client"),
]


@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize(("method", "header", "name"), GIVEN_BEFORE)
def test_a_line_tells_the_bytes_and_the_format_of_an_answer_from_the_cache(
    tmp_path: Path, kind: type[BoundedProtocol], method: str, header: str, name: str | None
) -> None:
    text = "SELECT ?s { ?s a ?t }"

    async def within() -> None:
        async with served(tmp_path, query_log=str(tmp_path / "log")) as ((app,), _):
            connection = Connection(app, kind)
            body = text if method == "POST" else ""
            first = f"GET /sparql?query={quote(text)} HTTP/1.1\r\nHost: a\r\nAccept: text/csv\r\n"
            again = first if method == "GET" else first.replace("GET", "POST").replace(f"?query={quote(text)}", "")
            await connection.send(f"{first}\r\n".encode())
            (before,) = answers(connection.wire.written)
            lines = header.replace('"TAG"', before.header("etag"))
            typed = "Content-Type: application/sparql-query\r\n" if body else ""
            await connection.send(f"{again}{lines}{typed}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            _, answer = answers(connection.wire.written)

            app.state.desk.query_log.flush()
            told = [json.loads(one) for one in (tmp_path / "log").read_text(encoding="ascii").splitlines()]
            assert [(one["format"], one["bytes"]) for one in told] == [
                ("csv", len(before.body)),
                (name, len(answer.body)),
            ]
            assert (len(answer.body) > 0) == (name is not None)
            assert "evaluate_ms" not in told[1]

    asyncio.run(within())


# What went wrong while real workers had the query


async def dies(app: FastAPI, pool: WorkerPool) -> None:
    """Has the worker that evaluates die by somebody's hand."""
    while not (busy := [one for one in pool._alive if one.listener is not None]):
        await asyncio.sleep(0.001)
    os.kill(busy[0].pid, signal.SIGKILL)


async def comes_to_its_deadline(app: FastAPI, pool: WorkerPool) -> None:
    pass


ENDS: list[object] = [
    pytest.param(dies, 60, 503, "query-aborted", "aborted", id="its worker died"),
    pytest.param(comes_to_its_deadline, 0.2, 504, "query-timed-out", "timed_out", id="deadline"),
]


@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize(("happens", "limit_s", "status", "name", "outcome"), ENDS)
def test_metrics_log_and_server_timing_tell_how_long_a_failed_query_was_evaluated(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[BoundedProtocol],
    happens: Callable[[FastAPI, WorkerPool], Awaitable[None]],
    limit_s: float,
    status: int,
    name: str,
    outcome: str,
) -> None:
    monkeypatch.setattr(jobs, "QUICK_DEATH_S", 0.0)

    async def within() -> tuple[str, Desk]:
        async with served(tmp_path, time_limit_s=limit_s, query_log=str(tmp_path / "log")) as ((app,), pool):
            connection = Connection(app, kind)
            body = ENDLESS.encode()
            head = f"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
            connection.protocol.data_received(
                f"{head}Content-Type: application/sparql-query\r\n\r\n".encode() + body,
            )
            await happens(app, pool)
            await connection.settle()
            return connection.wire.written.decode(), app.state.desk

    written, desk = asyncio.run(within())

    assert written.startswith(f"HTTP/1.1 {status} ")
    assert f'"type":"https://w3id.org/clustergraph/problems#{name}"' in written
    timing = re.search(r"(?i)\r\nserver-timing: (.*)\r\n", written)
    assert timing is not None
    told = dict(one.split(";dur=") for one in timing[1].split(", "))
    logged = line(desk, tmp_path)
    assert logged["outcome"] == outcome
    assert list(told) == ["guard", "queue", "evaluate"]
    assert {f"{name}_ms": float(value) for name, value in told.items()} | {"outcome": outcome} == logged
    assert status != 504 or float(told["evaluate"]) > limit_s * 500, "timers of the loop may be a little early"
    counts = {phase: sum(one.counts) for phase, one in desk.meter._durations.items()}
    assert counts == {"guard": 1, "queue": 1, "evaluate": 1, "stream": 0}


# How a query is counted and logged whose answer nobody takes, or that is cut

LONG_S = 60.0
VAST = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
BROWSER = "Accept: text/html"
WITH_ID = "X-Query-Id: 0b5d5ad4-6a0c-4f0b-9d0e-3b1f0a6f7c11"
ASKED = [
    pytest.param(DirectProtocol, "Accept: */*", id="direct"),
    pytest.param(BoundedProtocol, "Accept: */*", id="framework"),
    pytest.param(DirectProtocol, WITH_ID, id="with an id"),
    pytest.param(DirectProtocol, BROWSER, id="browser"),
]


def asks(app: FastAPI, kind: type[BoundedProtocol], query: str, header: str, room: int = 1 << 30) -> Connection:
    """A connection that has sent a query."""
    connection = Connection(app, kind, room=room)
    body = query.encode()
    head = f"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n{header}\r\n"
    connection.protocol.data_received(f"{head}Content-Type: application/sparql-query\r\n\r\n".encode() + body)
    return connection


async def told_of(desk: Desk, folder: Path) -> tuple[int, str, int, dict[object, int]]:
    """Status, outcome and bytes of the one query that is logged, and which answers are counted."""
    while not sum(desk.meter._counts["queries"].values()):
        await asyncio.sleep(0.001)
    desk.query_log.flush()
    (raw,) = (folder / "log").read_text(encoding="ascii").splitlines()
    logged = json.loads(raw)
    assert desk.meter._counts["queries"][logged["outcome"]] == 1
    return logged["status"], logged["outcome"], logged["bytes"], dict(desk.meter._requests)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "header"), ASKED)
def test_a_client_that_leaves_before_its_answer_has_cancelled_its_query(
    tmp_path: Path, kind: type[BoundedProtocol], header: str
) -> None:
    async def within() -> None:
        async with served(tmp_path, time_limit_s=LONG_S, query_log=str(tmp_path / "log")) as ((app,), pool):
            one = asks(app, kind, ENDLESS, header)
            while not any(worker.listener is not None for worker in pool._alive):
                await asyncio.sleep(0.001)
            one.lose()

            assert await told_of(app.state.desk, tmp_path) == (0, "cancelled", 0, {})

    asyncio.run(within())


@pytest.mark.parametrize(("kind", "header"), ASKED[:3])
def test_a_client_that_leaves_during_its_answer_has_cancelled_its_query(
    tmp_path: Path, kind: type[BoundedProtocol], header: str
) -> None:
    async def within() -> None:
        async with served(tmp_path, time_limit_s=LONG_S, query_log=str(tmp_path / "log")) as ((app,), _):
            one = asks(app, kind, VAST, header, room=65_536)
            while len(one.wire.written) < 65_536:
                await asyncio.sleep(0.001)
            one.lose()

            status, outcome, size, counted = await told_of(app.state.desk, tmp_path)
            assert (status, outcome, counted) == (200, "cancelled", {("/sparql", "POST", 200): 1})
            assert 0 < len(one.wire.written) - size < 4_096, "the head, and the sizes of chunks"

    asyncio.run(within())


@pytest.mark.parametrize(("kind", "header"), ASKED[:3])
def test_a_client_that_leaves_in_a_silence_has_cancelled_its_query(
    tmp_path: Path, kind: type[BoundedProtocol], header: str
) -> None:
    begins = "SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f }"

    async def within() -> None:
        log = str(tmp_path / "log")
        async with served(tmp_path, 2, time_limit_s=LONG_S, cpu_limit_s=600, query_log=log) as ((app, other), _):
            whole = asks(other, BoundedProtocol, begins, header)
            await whole.settle()
            frames = len(answers(whole.wire.written)[0].body) // 65_536 * 65_536
            one = asks(app, kind, f"SELECT ?a ?d {{ {{ {begins} }} UNION {{ {ENDLESS} }} }}", header)
            while len(one.wire.written) < frames:
                await asyncio.sleep(0.001)
            one.lose()

            expected = (200, "cancelled", frames, {("/sparql", "POST", 200): 1})
            assert await told_of(app.state.desk, tmp_path) == expected

    asyncio.run(within())


@pytest.mark.parametrize(("kind", "header"), ASKED[:3])
def test_an_answer_that_is_cut_is_counted_as_it_began_and_is_said_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: type[BoundedProtocol], header: str
) -> None:
    async def within() -> None:
        log = str(tmp_path / "log")
        async with served(tmp_path, query_log=log, time_limit_s=LONG_S, output_limit_bytes=1 << 20) as ((app,), _):
            one = asks(app, kind, VAST, header)
            servers = logging.getLogger("uvicorn.error")
            servers.setLevel(logging.INFO)  # it is the server that may say more
            servers.addHandler(caplog.handler)
            try:
                while not one.wire.is_closed:
                    await asyncio.sleep(0.001)
                status, outcome, size, counted = await told_of(app.state.desk, tmp_path)
                one.lose()
                await asyncio.sleep(0.01)
            finally:
                servers.removeHandler(caplog.handler)

            assert (status, outcome, counted) == (200, "cut", {("/sparql", "POST", 200): 1})
            assert 0 < len(one.wire.written) - size < 4_096, "the head, and the sizes of chunks"
            with pytest.raises(Unfinished):
                answers(one.wire.written)
            assert [record.getMessage()[:19] for record in caplog.records] == ["an answer was cut: "]

    asyncio.run(within())
