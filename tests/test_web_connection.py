"""A connection that sends too large a head, or none at all, is closed, and the others go on."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn

from clustergraph.web import connection, stalls
from clustergraph.web.connection import HEAD_LIMIT_BYTES, BoundedProtocol

PATIENCE_S = 60.0


async def hello(scope: dict[str, object], _receive: object, send: object) -> None:
    """An application that answers everything with two letters."""
    assert callable(send)
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"hi"})


def exchange(*requests: bytes, closing: bool = True, idle_s: int = int(10 * PATIENCE_S)) -> list[bytes]:
    """What one connection gets back after each piece it sends, read until the server has no more or closes."""

    async def within() -> list[bytes]:
        config = uvicorn.Config(
            hello,
            port=0,
            http=BoundedProtocol,
            lifespan="off",
            log_level="error",
            timeout_keep_alive=idle_s,
        )
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = []
        for request in requests:
            with contextlib.suppress(ConnectionError):
                writer.write(request)
                await writer.drain()
            if closing and request is requests[-1]:
                try:
                    answers.append(await reader.read())
                except ConnectionError:  # closed with our bytes unread, which the system tells as a reset
                    answers.append(b"")
            else:
                answers.append(await reader.readuntil(b"hi"))
        writer.close()
        server.should_exit = True
        await serving
        return answers

    return asyncio.run(asyncio.wait_for(within(), PATIENCE_S))


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_ordinary_requests_follow_one_another_on_one_connection() -> None:
    answers = exchange(REQUEST, REQUEST, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", closing=False)

    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 3


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET /" + b"a" * 2 * HEAD_LIMIT_BYTES, id="address"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * HEAD_LIMIT_BYTES, id="headers"),
    ],
)
def test_a_head_without_end_is_refused(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME_LIMIT_S", 10 * PATIENCE_S)  # which would end it as well, but late
    (answer,) = exchange(head)

    assert answer.split(b"\r\n")[0] in (b"HTTP/1.1 431 Request Header Fields Too Large", b"")


def test_the_next_head_on_a_connection_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME_LIMIT_S", 10 * PATIENCE_S)
    first, second = exchange(REQUEST, b"GET /" + b"a" * 2 * HEAD_LIMIT_BYTES)

    assert first.startswith(b"HTTP/1.1 200 OK")
    assert second.split(b"\r\n")[0] in (b"HTTP/1.1 431 Request Header Fields Too Large", b"")


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost"], ids=["nothing", "half-a-head"])
def test_a_head_that_does_not_come_ends_the_connection(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME_LIMIT_S", 0.05)

    assert exchange(head) == [b""]


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"Content-Length: 100\r\n\r\nx", id="length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", id="chunks"),
    ],
)
def test_a_body_that_is_still_coming_after_its_answer_ends_the_connection(
    rest: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME_LIMIT_S", 0.05)

    (answer,) = exchange(b"POST / HTTP/1.1\r\nHost: x\r\n" + rest)

    assert (answer.split(b"\r\n")[0], answer[-2:]) == (b"HTTP/1.1 200 OK", b"hi")


EARLY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx"  # which is answered before its body is there


def test_a_connection_whose_body_ends_behind_its_answer_ends_like_an_idle_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME_LIMIT_S", 10 * PATIENCE_S)

    answer, more = exchange(EARLY, 9 * b"x", idle_s=1)

    assert (answer.split(b"\r\n")[0], more) == (b"HTTP/1.1 200 OK", b"")


def test_a_connection_goes_on_behind_a_body_that_ends_behind_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME_LIMIT_S", 10 * PATIENCE_S)

    answers = exchange(EARLY, 9 * b"x" + REQUEST, EARLY, 9 * b"x" + REQUEST, closing=False)

    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 4


def test_a_reader_that_takes_nothing_loses_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "STALL_LIMIT_S", 0.05)
    told: list[object] = []

    async def endless(_scope: object, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        leaving = asyncio.ensure_future(receive())
        while not leaving.done():
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
            await asyncio.sleep(0)
        told.append(leaving.result())

    async def within() -> None:
        server = uvicorn.Server(
            uvicorn.Config(endless, port=0, http=BoundedProtocol, lifespan="off", log_level="critical")
        )
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        _, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname()[:2])
        writer.write(REQUEST)
        while not told:
            await asyncio.sleep(0.01)
        writer.transport.abort()
        server.should_exit = True
        await serving

    asyncio.run(asyncio.wait_for(within(), PATIENCE_S))

    assert told == [{"type": "http.disconnect"}]


@pytest.mark.parametrize(("slowest_bytes_s", "is_whole"), [(0.0, True), (float(1 << 40), False)])
def test_a_reader_that_takes_too_little_at_a_time_loses_its_connection(
    slowest_bytes_s: float, is_whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "SLOWEST_BYTES_S", slowest_bytes_s)
    monkeypatch.setattr(stalls, "STALL_LIMIT_S", 0.5)
    size = 64 << 20  # more than the buffers of the system take

    async def long(_scope: object, _receive: object, send: Callable[[Any], Any]) -> None:
        headers = [(b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(size)})

    async def within() -> int:
        server = uvicorn.Server(
            uvicorn.Config(long, port=0, http=BoundedProtocol, lifespan="off", log_level="critical")
        )
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname()[:2])
        writer.write(REQUEST)
        head, taken = await reader.readuntil(b"\r\n\r\n"), 0
        assert head.startswith(b"HTTP/1.1 200 OK")
        with contextlib.suppress(ConnectionError):
            while taken < size and (piece := await reader.read(1 << 20)):
                taken += len(piece)
                await asyncio.sleep(0.01)
        writer.transport.abort()
        server.should_exit = True
        await serving
        return taken

    taken = asyncio.run(asyncio.wait_for(within(), PATIENCE_S))

    assert (taken == size) is is_whole
