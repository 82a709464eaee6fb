"""The one client that asks all servers: raw HTTP/1.1 over kept-alive connections, with little work for each request."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple, cast
from urllib.parse import quote

from bench.mix import Query

OK: Final = 200
DRAIN_S: Final = 60.0  # for the requests that run when the time is up; those that need longer count as errors


class Endpoint(NamedTuple):
    """Where a server takes queries.

    Shape: `address` is everything before the text of the query, such as `/sparql?query=`.
    """

    host: str
    port: int
    address: str

    def request(self, target: bytes, accept: str) -> bytes:
        """A GET request, ready to be sent."""
        return (
            b"GET %s%s HTTP/1.1\r\nHost: %s:%d\r\nAccept: %s\r\nConnection: keep-alive\r\n"
            b"User-Agent: clustergraph-bench\r\n\r\n"
        ) % (self.address.encode(), target, self.host.encode(), self.port, accept.encode())


class Response(NamedTuple):
    """One answer; the body only where it was asked for."""

    status: int
    size_bytes: int
    body: bytes


class Sample(NamedTuple):
    """One round of one cell.

    Shape: latencies in milliseconds; `errors` counts by status or by what happened to the connection.
    """

    completed: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]

    @property
    def per_second(self) -> float:
        """Good answers per second."""
        return self.completed / self.seconds if self.seconds else 0.0


class _Connection(asyncio.Protocol):
    """Reads answers one after the other, whichever of the three ways their end is told."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Response] | None = None
        self._keep = False
        self._reset()

    def _reset(self) -> None:
        self._head = b""
        self._status = 0
        self._left = 0  # bytes of the body, or of the chunk and the line end behind it
        self._chunked = False
        self._ending = False  # the chunk of no bytes has come
        self._until_close = False
        self._size = 0
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, *, keep: bool) -> asyncio.Future[Response]:
        """The answer to come."""
        assert self.transport is not None
        self._reset()
        self._keep = keep
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        if not self._status:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            data = self._head[end + 4 :]
            self._read_head(self._head[:end])
            self._head = b""
        if self._chunked:
            self._read_chunks(data)
        else:
            self._take(data)
            self._left -= len(data)
            if self._left <= 0 and not self._until_close:
                self._finish()

    def _read_head(self, head: bytes) -> None:
        self._status = int(head[9:12])
        lower = head.lower()
        at = lower.find(b"\r\ncontent-length:")
        self._chunked = b"\r\ntransfer-encoding: chunked" in lower
        self._until_close = at < 0 and not self._chunked
        if at >= 0:
            self._left = int(lower[at + 17 :].split(b"\r\n", 1)[0])

    def _take(self, data: bytes) -> None:
        self._size += len(data)
        if self._keep:
            self._body.append(data)

    def _read_chunks(self, data: bytes) -> None:
        data = self._head + data
        self._head = b""
        at = 0
        while at < len(data):
            if self._left:
                taken = min(self._left, len(data) - at)
                self._take(data[at : at + min(taken, max(0, self._left - 2))])
                self._left -= taken
                at += taken
                if self._ending and not self._left:
                    self._finish()
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                self._head = data[at:]
                return
            length = int(data[at:end].split(b";")[0], 16)
            self._ending = not length
            self._left = length + 2
            at = end + 2

    def _finish(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Response(self._status, self._size, b"".join(self._body)))
        self._waiting = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._waiting is not None and not self._waiting.done():
            if self._status and self._until_close:
                self._finish()
            else:
                self._waiting.set_exception(exc or ConnectionResetError("closed before the answer was whole"))


class Client:
    """One kept-alive connection to one server, opened again when the server closes it."""

    def __init__(self, endpoint: Endpoint, *, source: str | None = None) -> None:
        self.endpoint = endpoint
        self._source = (source, 0) if source else None
        self._connection = _Connection()

    async def get(self, target: bytes, accept: str, *, keep: bool = False, limit_s: float = DRAIN_S) -> Response:
        """The answer to one query.

        Raises: ConnectionError; TimeoutError, after which the next request opens a new connection.
        """
        if self._connection.transport is None or self._connection.transport.is_closing():
            _, self._connection = await asyncio.get_running_loop().create_connection(
                _Connection, self.endpoint.host, self.endpoint.port, local_addr=self._source
            )
        try:
            async with asyncio.timeout(limit_s):
                return await self._connection.ask(self.endpoint.request(target, accept), keep=keep)
        except TimeoutError:
            self.close()
            raise

    def close(self) -> None:
        if self._connection.transport is not None:
            self._connection.transport.abort()


class _Round:
    """What the clients of one round share: the requests still to send, and what came back."""

    def __init__(self, requests: Iterator[tuple[bytes, str]], seconds: float, requests_limit: int) -> None:
        self._requests = requests
        self._left = requests_limit
        self._until = time.perf_counter() + seconds
        self.latencies_s: list[float] = []
        self.errors: Counter[str] = Counter()

    def next(self) -> tuple[bytes, str] | None:
        if self._left <= 0 or time.perf_counter() >= self._until:
            return None
        self._left -= 1
        return next(self._requests, None)

    async def run(self, client: Client) -> None:
        while (request := self.next()) is not None:
            before = time.perf_counter()
            try:
                response = await client.get(*request)
            except TimeoutError:
                self.errors["no answer in time"] += 1
            except ConnectionError as exc:
                self.errors[type(exc).__name__] += 1
            else:
                if response.status == OK:
                    self.latencies_s.append(time.perf_counter() - before)
                else:
                    self.errors[str(response.status)] += 1
        client.close()


async def measure(
    endpoint: Endpoint,
    requests: Iterator[tuple[bytes, str]],
    *,
    concurrency: int,
    seconds: float,
    requests_limit: int = 500_000,
) -> Sample:
    """One round: so many connections, each sending its next request when it has its answer."""
    shared = _Round(requests, seconds, requests_limit)
    before = time.perf_counter()
    await asyncio.gather(*(shared.run(Client(endpoint)) for _ in range(concurrency)))
    elapsed = time.perf_counter() - before
    ordered = sorted(one * 1000 for one in shared.latencies_s)
    return Sample(len(ordered), elapsed, percentile(ordered, 0.5), percentile(ordered, 0.99), dict(shared.errors))


def percentile(ordered: list[float], part: float) -> float:
    """The value below which that part of a sorted list lies; NaN of nothing."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def requests_of(queries: list[Query], mode: str, turn: int) -> Iterator[tuple[bytes, str]]:
    """(target, Accept) of each request of one round; several questions take turns."""
    streams = [(query.targets(mode, turn), query.accept) for query in queries]
    while True:
        for targets, accept in streams:
            yield next(targets), accept


async def ready(endpoint: Endpoint, *, limit_s: float) -> None:
    """Returns once the server gives its first answer.

    Raises: TimeoutError.
    """
    client = Client(endpoint)
    async with asyncio.timeout(limit_s):
        while True:
            with contextlib.suppress(ConnectionError, TimeoutError):
                target = quote("ASK { ?s ?p ?o }", safe="").encode()
                if (await client.get(target, "application/sparql-results+json", limit_s=limit_s)).status == OK:
                    break
            await asyncio.sleep(0.01)
    client.close()
