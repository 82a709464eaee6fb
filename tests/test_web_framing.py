"""Requests whose frame is not what it seems: upgrades, trailers, versions, many at once. Sent over a wire of bytes."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from uvicorn.server import ServerState

from clustergraph.runner import Answer, QueryRequest
from clustergraph.settings import Settings
from clustergraph.web import stalls
from clustergraph.web.app import create_app
from clustergraph.web.budget import CLIENT_CONNECTIONS
from clustergraph.web.connection import (
    AHEAD_BYTES,
    BODY_LIMIT_BYTES,
    HEAD_LINES,
    LINE_BYTES,
    PIPELINE_LIMIT,
    BoundedProtocol,
)
from clustergraph.web.direct import DirectProtocol
from clustergraph.web.envelope import SAFETY
from clustergraph.web.line import line_of
from clustergraph.web.sending import COPIED_BYTES
from web_runner import LocalRunner, problem, published
from wire import PATIENCE_S, Connection, Wire, answers

POST = b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
HIDDEN = b"GET /limits HTTP/1.1\r\nHost: a\r\n\r\n"


def run(tmp_path: Path, test: Callable[[Connection], Awaitable[None]], **knobs: object) -> None:
    async def within() -> None:
        app = create_app(published(tmp_path), Settings(**knobs), runner=LocalRunner())  # type: ignore[arg-type]
        async with asyncio.timeout(PATIENCE_S):
            await test(Connection(app, DirectProtocol))

    asyncio.run(within())


@pytest.mark.parametrize("is_split", [False, True], ids=["in one piece", "body later"])
def test_a_body_behind_an_offer_to_upgrade_is_a_body(tmp_path: Path, is_split: bool) -> None:
    head = POST + UPGRADE + b"Content-Length: %d\r\n\r\n" % len(HIDDEN)

    async def ask(connection: Connection) -> None:
        await connection.send(*((head, HIDDEN) if is_split else (head + HIDDEN,)))

        (answer,) = answers(connection.wire.written)
        assert answer.status == b"HTTP/1.1 400 Bad Request"
        assert b"the prefix 'Host:' is not declared" in answer.body

    run(tmp_path, ask)


def test_an_offer_to_upgrade_that_comes_in_pieces_with_a_body_is_refused(tmp_path: Path) -> None:
    async def ask(connection: Connection) -> None:
        head = POST + UPGRADE + b"Content-Length: %d\r\n\r\n" % len(HIDDEN)
        await connection.send(head[:100], head[100:], HIDDEN)

        assert connection.wire.written.startswith(b"HTTP/1.1 400 Bad Request")
        assert (connection.wire.written.count(b"HTTP/1.1 "), connection.wire.is_closed) == (1, True)

    run(tmp_path, ask)


OFFER = b"GET /limits HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"\r\n"


@pytest.mark.parametrize(
    ("pieces", "count"),
    [
        pytest.param((OFFER[:40], OFFER[40:]), 1, id="in two pieces"),
        pytest.param((OFFER[:-2], OFFER[-2:] + HIDDEN), 2, id="end and another"),
        pytest.param((HIDDEN + OFFER + HIDDEN,), 3, id="between two others"),
        pytest.param((OFFER + OFFER,), 2, id="twice"),
    ],
)
def test_an_offer_to_upgrade_is_passed_over_however_it_comes(
    tmp_path: Path, pieces: tuple[bytes, ...], count: int
) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(*pieces)

        assert [one.status for one in answers(connection.wire.written)] == [b"HTTP/1.1 200 OK"] * count

    run(tmp_path, ask)


@pytest.mark.parametrize("behind", [1, 2, 3])
def test_a_head_that_ends_in_two_pieces_is_no_larger_for_the_body_behind_it(tmp_path: Path, behind: int) -> None:
    query = b"ASK {}" + b" " * 60_000
    head = POST + b"Content-Length: %d\r\n\r\n" % len(query)

    async def ask(connection: Connection) -> None:
        await connection.send(head[:-behind], head[-behind:] + query)

        assert [one.status for one in answers(connection.wire.written)] == [b"HTTP/1.1 200 OK"]

    run(tmp_path, ask)


@pytest.mark.parametrize(("ahead", "rest"), [(b"\r\n", HIDDEN), (HIDDEN[:8], HIDDEN[8:])], ids=["nothing", "half"])
def test_what_comes_behind_a_request_starts_no_clock_before_its_answer(
    tmp_path: Path, ahead: bytes, rest: bytes
) -> None:
    async def ask(connection: Connection) -> None:
        connection.protocol.data_received(HIDDEN)
        connection.protocol.data_received(ahead)

        assert connection.protocol._head_timer is None
        await connection.settle()
        await connection.send(rest)
        assert [one.status for one in answers(connection.wire.written)] == [b"HTTP/1.1 200 OK"] * 2

    run(tmp_path, ask)


def test_the_body_of_the_next_request_has_no_clock_of_a_body_behind_an_answer(tmp_path: Path) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(HIDDEN + POST + b"Content-Length: 6\r\n\r\n")

        assert connection.protocol._head_timer is None
        await connection.send(b"ASK {}")
        assert [one.status for one in answers(connection.wire.written)] == [b"HTTP/1.1 200 OK"] * 2

    run(tmp_path, ask)


def test_a_query_offered_with_an_upgrade_is_answered(tmp_path: Path) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(POST + UPGRADE + b"Content-Length: 6\r\n\r\nASK {}")

        (answer,) = answers(connection.wire.written)
        assert (answer.status, answer.body) == (b"HTTP/1.1 200 OK", b'{"head":{},"boolean":true}')

    run(tmp_path, ask)


def test_a_trailer_changes_nothing(tmp_path: Path) -> None:
    chunked = POST + b"Accept: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nASK {}\r\n0\r\n"

    async def ask(connection: Connection) -> None:
        await connection.send(chunked + b"Accept: text/tab-separated-values\r\nX-Query-Id: short\r\n\r\n")

        (answer,) = answers(connection.wire.written)
        assert (answer.status, answer.header("content-type")) == (b"HTTP/1.1 200 OK", "text/csv; charset=utf-8")

    run(tmp_path, ask)


@pytest.mark.parametrize("piece", [b"x:\r\n" * 16_000, b"x" * 64_000], ids=["many", "one long one"])
def test_trailers_without_end_end_the_connection(tmp_path: Path, piece: bytes) -> None:
    async def ask(connection: Connection) -> None:
        connection.protocol.data_received(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
        sent = 0
        while not connection.wire.is_closed and sent < 2 * BODY_LIMIT_BYTES:
            connection.protocol.data_received(piece)
            sent += len(piece)

        assert sent <= BODY_LIMIT_BYTES + len(piece)

    run(tmp_path, ask)


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.2"])
def test_another_version_of_http_is_refused(tmp_path: Path, version: bytes) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(b"GET /limits %s\r\nHost: a\r\n\r\n" % version)

        assert connection.wire.written.startswith(b"HTTP/1.1 400 Bad Request")
        assert connection.wire.is_closed

    run(tmp_path, ask)


LINE = b"GET /limits HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
UNREADABLE = {
    "a header name with a space": LINE + b"X y: 1\r\n\r\n",
    "a length and chunks": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\nASK {} ",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "another version": b"GET /limits HTTP/2.0\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a chunk size that a bare line feed ends": CHUNKED + b"6\nASK {}\r\n0\r\n\r\n",
    "a chunk size below zero": CHUNKED + b"-6\r\nASK {}\r\n0\r\n\r\n",
    "a chunk size above all numbers": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nASK {}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_as_http_is_told_like_any_other_problem_and_logged_nowhere(
    tmp_path: Path, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async def ask(connection: Connection) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        await connection.send(LINE + b"\r\n")
        await connection.send(sent)

        _, answer = answers(connection.wire.written)
        assert (answer.status, connection.wire.is_closed) == (b"HTTP/1.1 400 Bad Request", True)
        others = {name: answer.header(name) for name in ("content-type", "connection", "cache-control")}
        assert others == {
            "content-type": "application/problem+json",
            "connection": "close",
            "cache-control": "no-store",
        }
        assert {name: answer.header(name.lower()) for name in SAFETY} == SAFETY
        assert json.loads(answer.body) == problem(
            400,
            "bad-request",
            "this is not HTTP/1.1: check the first line and the names of headers, tell the length of the body once, "
            "by Content-Length or by Transfer-Encoding, and the size of each chunk",
        )

    run(tmp_path, ask)
    assert capfd.readouterr().err == ""


def test_what_was_asked_for_with_head_and_cannot_be_read_gets_no_body(tmp_path: Path) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(b"HEAD /limits HTTP/1.1\r\nHost: a\r\nX y: 1\r\n\r\n")

        written = bytes(connection.wire.written)
        assert (written[:24], written[-4:]) == (b"HTTP/1.1 400 Bad Request", b"\r\n\r\n")

    run(tmp_path, ask)


def test_a_chunk_that_breaks_while_the_body_is_read_is_told_once(tmp_path: Path) -> None:
    async def ask(connection: Connection) -> None:
        connection.protocol.data_received(CHUNKED + b"6\r\nASK {}\r\n")
        async with asyncio.timeout(PATIENCE_S):
            while not connection.protocol._awaits_body():
                await asyncio.sleep(0)
        await connection.send(b"-6\r\n")
        await asyncio.gather(*connection.protocol.tasks)

        (answer,) = answers(connection.wire.written)
        assert (answer.status, connection.wire.is_closed) == (b"HTTP/1.1 400 Bad Request", True)

    run(tmp_path, ask)


@pytest.mark.parametrize(
    "behind", [CHUNKED + b"-6\r\n", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"], ids=["chunk", "version"]
)
def test_what_breaks_behind_a_request_that_is_not_answered_yet_is_no_answer_to_that_one(
    tmp_path: Path, behind: bytes
) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(HIDDEN + behind)

        assert (connection.wire.is_closed, bytes(connection.wire.written)) == (True, b"")

    run(tmp_path, ask)


@pytest.mark.parametrize(
    ("coding", "status"),
    [
        (b"chunked", b"HTTP/1.1 200 OK"),
        (b"Chunked", b"HTTP/1.1 200 OK"),
        (b"gzip, chunked", b"HTTP/1.1 400 Bad Request"),
        (b"chunked\r\nTransfer-Encoding: identity", b"HTTP/1.1 400 Bad Request"),
    ],
)
def test_a_transfer_coding_that_is_not_undone_is_not_read_past(tmp_path: Path, coding: bytes, status: bytes) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(POST + b"Transfer-Encoding: %s\r\n\r\n6\r\nASK {}\r\n0\r\n\r\n" % coding)

        (answer,) = answers(connection.wire.written)
        assert (answer.status, connection.wire.is_closed) == (status, b"200" not in status)

    run(tmp_path, ask)


def test_no_more_requests_are_held_than_a_few(tmp_path: Path) -> None:
    one = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"

    async def ask(connection: Connection) -> None:
        await connection.send(one * PIPELINE_LIMIT)
        few = len(answers(connection.wire.written))
        connection.protocol.data_received(one * 5_000)

        assert (few, connection.wire.is_closed, len(connection.protocol.pipeline)) == (PIPELINE_LIMIT, True, 0)

    run(tmp_path, ask)


def test_a_client_that_sends_on_and_on_while_its_query_runs_loses_the_connection(tmp_path: Path) -> None:
    async def ask(connection: Connection) -> None:
        assert isinstance(connection.protocol, DirectProtocol)
        connection.protocol._pending = object()  # type: ignore[assignment]  # as if a worker had its query
        for _ in range(2):
            connection.protocol.data_received(b"x" * 40_000)
        connection.protocol._pending = None

        assert connection.wire.is_closed

    run(tmp_path, ask)


def test_a_client_has_so_many_connections_and_no_more(tmp_path: Path) -> None:
    async def within() -> None:
        app = create_app(published(tmp_path), Settings(budget_loopback=True), runner=LocalRunner())
        held = [Connection(app, DirectProtocol) for _ in range(CLIENT_CONNECTIONS)]
        refused = Connection(app, DirectProtocol)
        refused.lose()
        held[0].lose()
        taken = Connection(app, DirectProtocol)

        assert [one.wire.is_closed for one in (held[1], refused, taken)] == [False, True, False]
        assert refused.wire.written.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n")

    asyncio.run(within())


def test_clients_without_a_budget_have_as_many_connections_as_there_are(tmp_path: Path) -> None:
    async def within() -> None:
        app = create_app(published(tmp_path), Settings(), runner=LocalRunner())
        held = [Connection(app, DirectProtocol) for _ in range(2 * CLIENT_CONNECTIONS)]

        assert {one.wire.is_closed for one in held} == {False}

    asyncio.run(within())


class Pieces(Wire):
    """A wire that keeps what it was given as it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def write(self, data: Any) -> None:
        self.pieces.append(data)


LARGE = b"HTTP/1.1 431 Request Header Fields Too Large"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        pytest.param(b"x: y\r\n" * (HEAD_LINES - 1), b"HTTP/1.1 200 OK", id="as many as there may be"),
        pytest.param(b"x: y\r\n" * HEAD_LINES, LARGE, id="one more"),
        pytest.param(b"x: y\r\n" * 4_000, LARGE, id="thousands"),
        pytest.param(b"x: " + b"y" * 23_000 + b"\r\n", b"HTTP/1.1 200 OK", id="a long one"),
        pytest.param(b"x: " + b"y" * 25_000 + b"\r\n", LARGE, id="too long a one"),
    ],
)
@pytest.mark.parametrize("before", [b"", HIDDEN], ids=["first", "behind another request"])
def test_a_head_with_too_much_in_it_is_refused(tmp_path: Path, before: bytes, lines: bytes, status: bytes) -> None:
    async def ask(connection: Connection) -> None:
        if before:
            await connection.send(before)
            connection.wire.written.clear()
        await connection.send(HIDDEN[:-2] + lines + b"\r\n")

        assert connection.wire.written.split(b"\r\n")[0] == status
        assert connection.wire.is_closed == (status == LARGE)

    run(tmp_path, ask)


@pytest.mark.parametrize("lines", [b"x: y\r\n" * HEAD_LINES, b"x: " + b"y" * 25_000 + b"\r\n"], ids=["lines", "length"])
def test_a_head_with_too_much_in_it_is_told_like_any_other_problem(tmp_path: Path, lines: bytes) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(HIDDEN[:-2] + lines + b"\r\n")

        (answer,) = answers(connection.wire.written)
        assert (answer.status, answer.header("connection")) == (LARGE, "close")
        assert (answer.header("content-type"), answer.header("cache-control")) == (
            "application/problem+json",
            "no-store",
        )
        assert {name: answer.header(name.lower()) for name in SAFETY} == SAFETY
        assert json.loads(answer.body) == problem(
            431,
            "head-too-large",
            "the head of the request is over one of the limits head_size and head_lines, see /limits: "
            "send fewer headers",
        )

    run(tmp_path, ask)


@pytest.mark.parametrize("lines", [b"x: y\r\n" * HEAD_LINES, b"x: " + b"y" * 25_000 + b"\r\n"], ids=["lines", "length"])
@pytest.mark.parametrize("is_split", [False, True], ids=["in one piece", "in two"])
def test_a_head_request_with_too_much_in_it_gets_no_body(tmp_path: Path, lines: bytes, is_split: bool) -> None:
    async def ask(connection: Connection) -> None:
        sent = HIDDEN[:-2].replace(b"GET", b"HEAD") + lines + b"\r\n"
        await connection.send(*((sent[:30], sent[30:]) if is_split else (sent,)))

        written = bytes(connection.wire.written)
        assert (written.split(b"\r\n")[0], written[-4:]) == (LARGE, b"\r\n\r\n")

    run(tmp_path, ask)


@pytest.mark.parametrize("line", [b"x: y\r\n" * 4_000, b"x: " + b"y" * 25_000 + b"\r\n"], ids=["lines", "length"])
def test_a_large_head_that_comes_with_a_small_one_is_not_read(tmp_path: Path, line: bytes) -> None:
    async def ask(connection: Connection) -> None:
        await connection.send(HIDDEN + HIDDEN[:-2] + line + b"\r\n")

        assert (connection.wire.is_closed, bytes(connection.wire.written)) == (True, b"")

    run(tmp_path, ask)


class Peer(Wire):
    """A wire that says who is at its other end."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self.address, 1) if name == "peername" else default


def joined(app: FastAPI, state: ServerState, address: str, limit: int) -> Connection:
    """One more connection, from an address, to a server that has others."""
    return Connection(app, DirectProtocol, limit=limit, state=state, wire=Peer(address))


async def crowded(tmp_path: Path, *held: str) -> tuple[FastAPI, ServerState, list[Connection]]:
    """An application whose places are all held, from these addresses; all its connections have one state."""
    app = create_app(published(tmp_path), Settings(), runner=LocalRunner())
    state = ServerState()
    return app, state, [joined(app, state, one, len(held)) for one in held]


@pytest.mark.parametrize(
    ("held", "leaves"),
    [
        (("192.0.2.1", "192.0.2.1", "192.0.2.2"), 0),
        (("192.0.2.2", "192.0.2.1", "192.0.2.1"), 1),
        (("192.0.2.2", "192.0.2.2", "192.0.2.1", "192.0.2.1", "192.0.2.1"), 2),
        (("192.0.2.1", "192.0.2.2", "192.0.2.3"), None),
        (("192.0.2.9", "192.0.2.1", "192.0.2.1"), None),
        (("127.0.0.1", "127.0.0.1", "127.0.0.1"), None),
    ],
)
def test_where_all_places_are_held_the_client_with_most_gives_up_the_one_that_waits_longest(
    tmp_path: Path, held: tuple[str, ...], leaves: int | None
) -> None:
    async def within() -> None:
        app, state, there = await crowded(tmp_path, *held)
        newcomer = joined(app, state, "192.0.2.9", len(held))

        assert [number for number, one in enumerate(there) if one.wire.is_closed] == (
            [] if leaves is None else [leaves]
        )
        assert newcomer.wire.is_closed == (leaves is None)
        await newcomer.send(HIDDEN)
        status = b"HTTP/1.1 200 OK" if leaves is not None else b"HTTP/1.1 503 Service Unavailable"
        assert newcomer.wire.written.split(b"\r\n")[0] == status

    asyncio.run(within())


def test_who_has_given_up_a_place_is_counted_no_more_though_its_end_is_not_told_yet(tmp_path: Path) -> None:
    async def within() -> None:
        app, state, there = await crowded(tmp_path, "192.0.2.1", "192.0.2.1", "192.0.2.1")
        newcomers = [joined(app, state, "192.0.2.9", 3)]  # for which the first of them leaves
        there[1].lose()  # by itself
        newcomers.append(joined(app, state, "192.0.2.9", 3))  # for which there is room

        assert [one.wire.is_closed for one in (there[0], there[2], *newcomers)] == [True, False, False, False]

    asyncio.run(within())


def test_a_connection_that_is_being_answered_keeps_its_place(tmp_path: Path) -> None:
    async def within() -> None:
        app, state, there = await crowded(tmp_path, "192.0.2.1", "192.0.2.1")
        there[0].protocol.data_received(HIDDEN)
        there[0].protocol.data_received(b"G")  # of the next request, before the answer
        there[1].wire.held = 1  # its answer is not taken yet
        there.append(joined(app, state, "192.0.2.1", 3))  # waits for less time than both
        newcomer = joined(app, state, "192.0.2.9", 3)

        assert [one.wire.is_closed for one in (*there, newcomer)] == [False, False, True, False]
        assert there[2].wire.written.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n")
        for one in (*there, newcomer):
            one.lose()

    asyncio.run(within())


def test_who_reads_answers_over_most_connections_gives_up_the_one_that_it_has_read_longest(tmp_path: Path) -> None:
    async def within() -> None:
        app, state, there = await crowded(tmp_path, "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2")
        for one in (there[1], there[0], there[2], there[3]):
            one.wire.room = 1
            one.protocol.data_received(HIDDEN)
            await ticks()
        written = bytes(there[1].wire.written)
        assert written
        newcomers = [joined(app, state, "192.0.2.9", 4) for _ in range(2)]

        assert [one.wire.is_closed for one in (*there, *newcomers)] == [False, True, False, False, False, True]
        assert (there[1].wire.is_lost, bytes(there[1].wire.written)) == (True, written)
        for one in (*there, *newcomers):
            one.lose()

    asyncio.run(within())


@pytest.mark.parametrize("path", [b"/sparql?query=ASK%7B%7D", b"/limits"], ids=["kept", "framework"])
def test_whom_the_proxy_speaks_for_most_gives_up_a_place(tmp_path: Path, path: bytes) -> None:
    async def within() -> None:
        settings = Settings(trusted_proxy="127.0.0.1")
        app = create_app(published(tmp_path), settings, runner=LocalRunner())
        state = ServerState()
        await joined(app, state, "127.0.0.1", 9).send(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path)
        there = [joined(app, state, "127.0.0.1", 9) for _ in range(4)]
        for number, one in zip((2, 1, 1, 1), there, strict=True):
            one.wire.room = 1
            head = b"GET %s HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.%d\r\n\r\n"
            one.protocol.data_received(head % (path, number))
            await ticks()
            assert one.wire.written
        newcomer = joined(app, state, "127.0.0.1", 5)

        assert [one.wire.is_closed for one in (*there, newcomer)] == [False, True, False, False, False]
        for one in (*there, newcomer):
            one.lose()

    asyncio.run(within())


async def lost(one: Connection) -> None:
    """Returns when the server has ended a connection at once."""
    async with asyncio.timeout(PATIENCE_S):
        while not one.wire.is_lost:
            await asyncio.sleep(0.001)


def test_a_connection_that_ends_with_something_unread_is_not_held_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "STALL_LIMIT_S", 0.01)

    async def within() -> None:
        _, _, (one, other) = await crowded(tmp_path, "192.0.2.1", "192.0.2.2")
        await one.send(HIDDEN)
        await other.send(HIDDEN)
        other.wire.take()
        for there in (one, other):
            there.protocol.timeout_keep_alive_handler()
        await lost(one)

        assert (other.wire.is_closed, other.wire.is_lost) == (True, False)
        for there in (one, other):
            there.lose()

    asyncio.run(within())


def test_what_is_unread_of_the_last_answer_is_not_held_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "STALL_LIMIT_S", 0.01)

    async def within() -> None:
        _, _, (one,) = await crowded(tmp_path, "192.0.2.1")
        await one.send(HIDDEN.replace(b"Host: a", b"Host: a\r\nTE: trailers\r\nConnection: close"))
        assert one.wire.is_closed
        await lost(one)
        one.lose()

    asyncio.run(within())


def test_what_is_unread_of_an_answer_that_is_cut_is_not_held_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "STALL_LIMIT_S", 0.01)

    async def within() -> None:
        _, _, (one,) = await crowded(tmp_path, "192.0.2.1")
        one.protocol.data_received(HIDDEN)
        one.wire.held = 1
        line_of(dict(one.protocol.scope)).cut()
        assert one.wire.is_closed
        await lost(one)
        one.lose()

    asyncio.run(within())


def test_what_is_held_for_connections_is_counted_until_it_is_answered_and_taken(tmp_path: Path) -> None:
    async def within() -> None:
        app, _, (one, other) = await crowded(tmp_path, "192.0.2.1", "192.0.2.2")
        held = app.state.desk.backlog
        await one.send(POST + b"Content-Length: 50000\r\n\r\n" + b"x" * 20_000)
        one.protocol.data_received(b"x" * 20_000)
        told = [held.held_bytes]
        one.lose()
        told.append(held.held_bytes)
        other.wire.room = 1
        other.protocol.data_received(HIDDEN)
        await ticks()
        told.append(held.held_bytes == other.wire.held)
        other.wire.take()
        told.append(held.held_bytes)

        assert told == [40_000, 0, True, 0]
        other.lose()

    asyncio.run(within())


def ahead_bytes(request: bytes) -> int:
    """What a request takes, but for its body, that was sent ahead."""
    first, *lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")
    own_bytes = sum(len(one) - len(b": ") + LINE_BYTES for one in lines)
    return AHEAD_BYTES + own_bytes + 2 * len(first.split()[1])


def test_what_is_held_of_bodies_is_what_is_there_whatever_was_sent_ahead_and_whenever_it_is_answered(
    tmp_path: Path,
) -> None:
    query = POST + b"Content-Length: 30000\r\n\r\nASK {}" + b" " * 29_994

    async def within() -> None:
        app = create_app(published(tmp_path), Settings(), runner=(runner := Sleeper()))
        one, held = joined(app, ServerState(), "192.0.2.1", 1), app.state.desk.backlog
        quick = query.replace(b"/sparql", b"/nope")
        last = POST + b"Content-Length: 50000\r\n\r\n" + b"x" * 20_000
        one.protocol.data_received(quick + query * 2 + quick + last)
        told = [held.held_bytes]
        await ticks()
        told.append(held.held_bytes)  # the first is answered
        runner.woken.set()
        await one.settle()
        told.append(held.held_bytes)  # the last is awaited
        one.protocol.data_received(b"x" * 30_000 + REST + b"x" * 40_000)
        told.append(held.held_bytes)
        await one.settle()
        told.append(held.held_bytes)
        one.protocol.data_received(b"x" * 40_000)
        told.append(held.held_bytes)

        *_, waits, rest = heads = [ahead_bytes(request) for request in (query, query, quick, last, REST)]
        all_ahead = sum(heads[:-1])
        assert told == [140_000 + all_ahead, 110_000 + all_ahead, 20_000 + waits, 90_003 + waits + rest, 0, 0]
        assert len(one.protocol.cycle.body) == 0
        one.lose()

    asyncio.run(within())


UNFINISHED = POST + b"Content-Length: 50000\r\n\r\nASK"
REST = b"POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\nASK"
SHORT = REST.replace(b"4000000", b"5")
TURNED_AWAY = b"HTTP/1.1 503 Service Unavailable"


@pytest.mark.parametrize(
    ("held", "more", "told"),
    [
        pytest.param(UNFINISHED, b"", [TURNED_AWAY], id="body"),
        pytest.param(UNFINISHED, b"{}", [TURNED_AWAY], id="more-of-it"),
        pytest.param(REST, b"", [b"HTTP/1.1 404 Not Found"], id="rest"),
        pytest.param(REST, b"{}", [b"HTTP/1.1 404 Not Found"], id="more-of-the-rest"),
        pytest.param(SHORT, b"{}", [b"HTTP/1.1 404 Not Found"], id="all-of-the-rest"),
        pytest.param(SHORT, b"{}GET", [b"HTTP/1.1 404 Not Found", TURNED_AWAY], id="a-head-behind-the-rest"),
    ],
)
def test_a_connection_whose_body_does_not_end_gives_up_its_place(
    tmp_path: Path, held: bytes, more: bytes, told: list[bytes]
) -> None:
    async def within() -> None:
        app, state, there = await crowded(tmp_path, "192.0.2.1", "192.0.2.1", "192.0.2.2")
        for one in there:
            await one.send(held)
            await ticks()
            one.protocol.data_received(more)
            one.wire.held = 0  # the client took what it got
        newcomer = joined(app, state, "192.0.2.9", 3)
        await newcomer.send(HIDDEN)
        await ticks()

        assert [one.wire.is_closed for one in (*there, newcomer)] == [True, False, False, False]
        assert [one.status for one in answers(there[0].wire.written)] == told
        assert newcomer.wire.written.startswith(b"HTTP/1.1 200 OK")
        assert there[0].protocol.cycle.disconnected or there[0].protocol.cycle.response_complete
        for one in (*there, newcomer):
            one.lose()

    asyncio.run(within())


class Sleeper(LocalRunner):
    """Answers nothing before it is woken."""

    def __init__(self) -> None:
        super().__init__()
        self.woken = asyncio.Event()

    async def answer(self, request: QueryRequest) -> Answer:
        self.asked.append(request)
        await self.woken.wait()
        return await super().answer(request)


def test_a_query_under_way_keeps_its_place_though_its_body_does_not_end(tmp_path: Path) -> None:
    async def within() -> None:
        app = create_app(published(tmp_path), Settings(), runner=Sleeper())
        state = ServerState()
        there = [joined(app, state, "192.0.2.1", 2) for _ in range(2)]
        query = b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: a\r\n"
        there[0].protocol.data_received(query + b"Content-Length: 9\r\n\r\n")
        there[1].protocol.data_received(query + b"\r\n" + UNFINISHED)  # behind a query
        await ticks()
        newcomer = joined(app, state, "192.0.2.9", 2)

        assert [one.wire.is_closed for one in (*there, newcomer)] == [False, False, True]
        for one in (*there, newcomer):
            one.lose()
        await ticks()

    asyncio.run(within())


async def ticks() -> None:
    """Lets what can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_an_idle_connection_that_gives_up_its_place_is_told_nothing(tmp_path: Path) -> None:
    async def within() -> None:
        app, state, there = await crowded(tmp_path, "192.0.2.1", "192.0.2.1", "192.0.2.1")
        for one in there[1:]:
            await one.send(HIDDEN)
            one.wire.held = 0  # the client took it
        there[0].lose()
        joined(app, state, "192.0.2.1", 3)
        written = bytes(there[1].wire.written)
        joined(app, state, "192.0.2.9", 3)

        assert (there[1].wire.is_closed, bytes(there[1].wire.written)) == (True, written)

    asyncio.run(within())


@pytest.mark.parametrize(("size", "is_shared"), [(COPIED_BYTES, False), (COPIED_BYTES + 1, True)])
def test_a_large_body_from_the_cache_is_sent_without_a_copy(tmp_path: Path, size: int, is_shared: bool) -> None:
    body = bytes(size)

    async def ask(connection: Connection) -> None:
        protocol: BoundedProtocol = connection.protocol
        protocol.transport = wire = Pieces()
        protocol._send(b"HTTP/1.1 200 OK\r\n", b"\r\n", body)

        assert (any(one is body for one in wire.pieces), b"".join(wire.pieces)[-size:]) == (is_shared, body)

    run(tmp_path, ask)


class Handle(Wire):
    """A transport that is as offended as the one of the server when it is written to behind its end."""

    def write(self, data: Any) -> None:
        if self.is_lost:
            message = "the handle is closed"
            raise RuntimeError(message)
        super().write(data)


@pytest.mark.parametrize("sent_ahead", [0, 1, 19])
@pytest.mark.parametrize("ends", [Connection.lose, lambda one: one.protocol.drop()], ids=["client", "server"])
def test_a_client_that_leaves_has_cancelled_what_it_asked_whatever_it_sent_ahead(
    tmp_path: Path, sent_ahead: int, ends: Callable[[Connection], None]
) -> None:
    async def within() -> None:
        runner = Sleeper()
        app = create_app(published(tmp_path), Settings(), runner=runner)
        connection = Connection(app, DirectProtocol, wire=Handle())
        connection.protocol.data_received((POST + b"Content-Length: 5\r\n\r\nASK{}") * (1 + sent_ahead))
        while not runner.asked:
            await asyncio.sleep(0)
        at_work = set(connection.state.tasks)
        ends(connection)
        runner.woken.set()
        await asyncio.gather(*at_work)
        await ticks()

        counts = app.state.desk.meter._counts["queries"]
        assert {outcome: number for outcome, number in counts.items() if number} == {"cancelled": 1}
        assert not connection.state.tasks  # nothing of what it sent ahead was begun

    asyncio.run(asyncio.wait_for(within(), PATIENCE_S))


def test_who_is_there_is_answered_however_many_requests_are_ending(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def within() -> None:
        app = create_app(published(tmp_path), Settings(), runner=LocalRunner())
        connection = Connection(app, DirectProtocol, limit=1)
        ending = [asyncio.create_task(asyncio.sleep(0)) for _ in range(3)]
        connection.state.tasks.update(ending)  # as those of cycles that have ended are, for a moment
        await connection.send(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.gather(*ending)

        assert bytes(connection.wire.written).startswith(b"HTTP/1.1 200 OK")

    asyncio.run(within())

    assert caplog.records == []


def test_a_connection_too_many_is_turned_away_before_it_sends_anything(tmp_path: Path) -> None:
    async def within() -> None:
        app = create_app(published(tmp_path), Settings(), runner=LocalRunner())
        turned_away = Connection(app, DirectProtocol, limit=0)

        assert turned_away.wire.is_closed
        assert turned_away.wire.written.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n")
        turned_away.lose()

    asyncio.run(within())
