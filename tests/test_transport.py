"""One connection for each exchange with an engine, and what is seen on it beside the body."""

import asyncio
from collections.abc import Iterable
from typing import Any

import h11
import httpx2
import pytest

import engines
from clustergraph.transport import _TAKEN_BYTES, FIELD_LIMIT, Surplus, Transport, _Exchange
from engines import Behaviour, Engine, Write


def exchanged(behaviour: Behaviour) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """The status, the body and the trailers of what an engine answers."""

    async def ask(address: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        async with asyncio.timeout(engines.TIME_LIMIT_S), httpx2.AsyncClient(transport=Transport()) as client:
            response = await client.post(address, data={"query": "ASK {}"})
            return response.status_code, response.content, response.extensions["trailers"]

    with engines.running(Engine(behaviour)) as engine:
        return asyncio.run(ask(engine.address))


def saying(*pieces: bytes) -> Behaviour:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        for piece in pieces:
            await write(piece)

    return behave


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(engines.answer(b"ab"), (200, b"ab", []), id="of a length"),
        pytest.param(b"HTTP/1.1 201 Made\r\n\r\nab", (201, b"ab", []), id="as long as the connection"),
        pytest.param(CHUNKED + b"\r\n", (200, b"ab", []), id="in chunks"),
        pytest.param(CHUNKED + b"\r\n\r\n", (200, b"ab", []), id="with an empty line behind it"),
        pytest.param(CHUNKED + b"X-A: b\r\n\r\n", (200, b"ab", [(b"x-a", b"b")]), id="with a trailer"),
    ],
)
def test_an_answer_is_its_status_its_body_and_what_stands_behind_it(
    said: bytes, expected: tuple[int, bytes, list[tuple[bytes, bytes]]]
) -> None:
    assert exchanged(saying(said)) == expected


FIELDS = b"".join(b"x-%d: b\r\n" % one for one in range(FIELD_LIMIT))


def test_an_answer_has_as_many_fields_as_are_read() -> None:
    head = b"HTTP/1.1 200 OK\r\n" + FIELDS.replace(b"x-0: b", b"Transfer-Encoding: chunked")

    status, body, trailers = exchanged(saying(head + b"\r\n0\r\n" + FIELDS + b"\r\n"))

    assert (status, body, len(trailers)) == (200, b"", FIELD_LIMIT)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"HTTP/1.1 200 OK\r\n", FIELDS, b"a: b\r\n\r\n"], id="before the body"),
        pytest.param([CHUNKED, FIELDS, b"a: b\r\n\r\n"], id="behind it"),
        pytest.param([b"HTTP/1.1 103 Hints\r\n", FIELDS, b"a: b\r\n\r\n", engines.answer(b"")], id="in a hint"),
    ],
)
@pytest.mark.parametrize("is_at_once", [True, False], ids=["at once", "in pieces"])
def test_of_more_fields_there_is_no_answer(pieces: list[bytes], is_at_once: bool) -> None:
    with pytest.raises(httpx2.RemoteProtocolError, match="more than 100 header fields"):
        exchanged(saying(b"".join(pieces)) if is_at_once else saying(*pieces))


@pytest.mark.parametrize("before", [b"HTTP/1.1 200 OK\r\n", CHUNKED], ids=["before the body", "behind it"])
def test_fields_without_end_are_given_up_before_they_are_parsed(before: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    decode = h11._readers._decode_header_lines

    def counted(lines: list[bytes]) -> Iterable[tuple[bytes, bytes]]:
        parsed.append(len(lines))
        return decode(lines)

    monkeypatch.setattr(h11._readers, "_decode_header_lines", counted)
    with pytest.raises(httpx2.RemoteProtocolError, match="more than 100 header fields"):
        exchanged(saying(before + b"a:\r\n" * 5_000 + b"\r\n"))

    assert sum(parsed) < FIELD_LIMIT


ACTED_ON = "Set-Cookie: a=b\r\nLocation: http://127.0.0.1:1/\r\n"


def test_what_a_client_acts_on_unasked_does_not_reach_it() -> None:
    async def ask(address: str) -> tuple[int, list[str], int]:
        async with (
            asyncio.timeout(engines.TIME_LIMIT_S),
            httpx2.AsyncClient(transport=Transport(), follow_redirects=True) as client,
        ):
            response = await client.post(address, data={"query": "ASK {}"})
            return response.status_code, list(response.headers), len(client.cookies)

    said = engines.answer(b"", status="302 Found", more=ACTED_ON + "X-A: b\r\n")
    with engines.running(Engine(saying(said))) as engine:
        assert asyncio.run(ask(engine.address)) == (302, ["content-type", "content-length", "x-a"], 0)


@pytest.mark.parametrize("said", [engines.answer(b"ab"), CHUNKED + b"\r\n"], ids=["of a length", "in chunks"])
@pytest.mark.parametrize("more", [b"c", engines.answer(b"cd")], ids=["a byte", "an answer"])
def test_more_than_the_answer_breaks_it(said: bytes, more: bytes) -> None:
    with pytest.raises(Surplus, match="more bytes than its answer has"):
        exchanged(saying(said + more))


def test_more_that_was_read_with_the_end_but_not_taken_with_it_breaks_it_too() -> None:
    last = b"%04x\r\n%s\r\n0\r\n\r\n"
    begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    fits = _TAKEN_BYTES - len(begun) - len(last % (_TAKEN_BYTES, b""))

    with pytest.raises(Surplus):
        exchanged(saying(begun + last % (fits, b"x" * fits) + b"c"))


def test_more_that_comes_on_its_own_breaks_it_too() -> None:
    async def behave(_: dict[str, list[str]], write: Write) -> None:
        await write(engines.answer(b"x" * 1_000_000))
        await write(b"c")

    with pytest.raises(Surplus):
        exchanged(behave)


NO_ANSWER = [
    pytest.param(b"", "it hung up without an answer", id="nothing"),
    pytest.param(b"HTTP/1.1 101 Other\r\nUpgrade: x\r\n\r\n", "_SWITCH_UPGRADE", id="another protocol"),
    pytest.param(
        b"HTTP/1.1 103 Hints\r\n\r\n" * 17, "more than 16 answers before the answer", id="no end of beginnings"
    ),
    pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 200_000, "Receive buffer too long", id="a head without an end"),
    pytest.param(engines.answer(b"ab")[:-1], "peer closed connection", id="half"),
]


@pytest.mark.parametrize(("said", "why"), NO_ANSWER)
def test_what_is_no_answer_is_an_error_of_the_client(said: bytes, why: str) -> None:
    with pytest.raises(httpx2.RemoteProtocolError, match=why):
        exchanged(saying(said))


def test_where_nobody_listens_there_is_no_connection() -> None:
    async def ask() -> None:
        async with httpx2.AsyncClient(transport=Transport()) as client:
            await client.get("http://127.0.0.1:1/")

    with pytest.raises(httpx2.ConnectError, match="Connection refused"):
        asyncio.run(ask())


def test_of_an_answer_that_is_given_up_nothing_stays_in_memory() -> None:
    async def left(address: str) -> bytes:
        async with httpx2.AsyncClient(transport=Transport()) as client:
            request = client.build_request("POST", address, data={"query": "ASK {}"})
            response = await client.send(request, stream=True)
            await anext(response.aiter_raw())
            await asyncio.sleep(0.05)  # whatever arrives meanwhile is not to stay
            await response.aclose()
            exchange: Any = response.stream
            while not isinstance(exchange, _Exchange):
                exchange = exchange._stream
            reader: Any = exchange._reader
            return bytes(reader._buffer)

    with engines.running(Engine(saying(engines.answer(b"x" * 1_000_000)))) as engine:
        assert asyncio.run(left(engine.address)) == b""


def test_trouble_with_tls_is_told_by_its_own_name() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no TLS")
        writer.close()
        await writer.wait_closed()

    async def within() -> str:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, httpx2.AsyncClient(transport=Transport()) as client:
            with pytest.raises(httpx2.ConnectError) as caught:
                await client.get(f"https://127.0.0.1:{port}/sparql")
        return str(caught.value)

    assert asyncio.run(within()) in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
