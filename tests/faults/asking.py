"""Queries over sockets, and answers of which we know whether they are whole."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple
from urllib.parse import quote

HOST: Final = "127.0.0.1"
HOSTILE_HOST: Final = "127.0.0.2"  # the whole network is ours: another client, for whoever counts by address
CSV: Final = "text/csv"
_CHUNK_BYTES: Final = 1 << 16

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Reply(NamedTuple):
    """What came back.

    Shape: names of headers in lower case; `is_whole` says whether the body ended as HTTP wants a complete one to end.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool

    @property
    def dataset(self) -> str:
        """The digest of the dataset that the answer is from."""
        return self.headers.get("x-clustergraph-dataset", "")


def request(query: str, *, accept: str = CSV) -> bytes:
    """One query as one request."""
    target = f"/sparql?query={quote(query, safe='')}"
    return f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n".encode()


async def open_connection(port: int, *, source: str = HOST) -> Streams:
    """A connection, whose end is the affair of whoever asked for it."""
    return await asyncio.open_connection(HOST, port, local_addr=(source, 0), limit=_CHUNK_BYTES)


@asynccontextmanager
async def connected(port: int, *, source: str = HOST) -> AsyncIterator[Streams]:
    """A connection, given up at the end without a word."""
    reader, writer = await open_connection(port, source=source)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def ask(
    port: int, query: str, *, accept: str = CSV, source: str = HOST, limit_s: float = 60.0, sent: bytes | None = None
) -> Reply:
    """The answer to one query, or to a request that is written out.

    Raises: OSError if no connection can be had or not even a status comes back; TimeoutError, which is one.
    """
    async with asyncio.timeout(limit_s), connected(port, source=source) as (reader, writer):
        writer.write(sent or request(query, accept=accept))
        await writer.drain()
        return await read_reply(reader)


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """The answer that stands at the beginning of a stream."""
    status, headers = await read_head(reader)
    body, is_whole = await read_body(reader, headers)
    return Reply(status, headers, body, is_whole)


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers.

    Raises: ConnectionError if the connection ends before.
    """
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as exc:
        message = f"closed after {len(exc.partial)} bytes"
        raise ConnectionResetError(message) from exc
    first, *lines = head.rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """The body as far as it came, and whether that is all of it."""
    pieces: list[bytes] = []
    try:
        if headers.get("transfer-encoding") == "chunked":
            async for piece in chunks(reader):
                pieces.append(piece)  # noqa: PERF401  # what came before a cut is wanted too
        else:
            pieces.append(await reader.readexactly(int(headers.get("content-length", "0"))))
    except (asyncio.IncompleteReadError, ConnectionError):
        return b"".join(pieces), False
    return b"".join(pieces), True


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The chunks of a body.

    Raises: asyncio.IncompleteReadError or ConnectionError if it ends before its last chunk.
    """
    while length := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        yield await reader.readexactly(length)
        await reader.readexactly(2)
    await reader.readexactly(2)
