"""An engine that behaves as a test tells it, and the real application over it, each on a port of this machine."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlencode

import uvicorn

from clustergraph.published import Published
from clustergraph.settings import Settings
from clustergraph.web.app import create_app

DIGEST: Final = "a" * 64
GRAPH: Final = "https://w3id.org/clustergraph/graph/curated"
TIME_LIMIT_S: Final = 60.0  # of one exchange; the application gives up long before

Write = Callable[[bytes], Awaitable[None]]
Behaviour = Callable[[dict[str, list[str]], Write], Awaitable[None]]
"""What an engine does with a form that it was sent, and where it writes its whole answer, head and all."""


class Reply(NamedTuple):
    """What came back; `is_cut` is true of a body that broke off."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_cut: bool


def answer(
    body: bytes, media_type: str = "application/sparql-results+xml", status: str = "200 OK", more: str = ""
) -> bytes:
    """A whole answer of an engine."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def head(media_type: str = "application/sparql-results+xml", more: str = "") -> bytes:
    """The head of an answer whose body ends with the connection."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nConnection: close\r\n{more}\r\n".encode()


def table(columns: list[str], rows: list[list[str]]) -> bytes:
    """A table of IRIs, in SPARQL's XML."""
    return beginning(columns) + b"".join(row(columns, one) for one in rows) + b"</results></sparql>"


def beginning(columns: list[str]) -> bytes:
    """A table before its first row."""
    names = "".join(f'<variable name="{one}"/>' for one in columns)
    said = f'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head>{names}</head><results>'
    return said.encode()


def row(columns: list[str], values: list[str]) -> bytes:
    """One row of a table."""
    cells = "".join(
        f'<binding name="{name}"><uri>{value}</uri></binding>' for name, value in zip(columns, values, strict=True)
    )
    return f"<result>{cells}</result>".encode()


class Engine:
    """A SPARQL service as bad as the test wants it; it says that it holds DIGEST, and remembers what it was asked."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.digest = DIGEST
        self.state: bytes | None = None  # what it says of its dataset instead of the truth
        self.asked: list[dict[str, list[str]]] = []
        self.heads: list[str] = []
        self.exchanges: list[int] = []  # on each connection that has ended
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/sparql"

    async def _state(self, write: Write) -> None:
        said = f"<literal>{self.digest}</literal>".encode()
        rows = row(["digest", "graph"], ["D", GRAPH]).replace(b"<uri>D</uri>", said)
        await write(self.state or answer(beginning(["digest", "graph"]) + rows + b"</results></sparql>"))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        count = 0
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                while True:
                    sent = (await reader.readuntil(b"\r\n\r\n")).decode()
                    length = next(line for line in sent.lower().split("\r\n") if line.startswith("content-length:"))
                    count += 1
                    form = parse_qs((await reader.readexactly(int(length.split(":")[1]))).decode())
                    if "identifier" in form["query"][0]:
                        await self._state(write)
                        continue
                    self.heads.append(sent)
                    self.asked.append(form)
                    await self.behaviour(form, write)
                    return
            finally:
                self.exchanges.append(count)
                writer.close()

    async def serve(self, stop: asyncio.Event) -> None:
        """Serves until it is told to stop."""
        async with await asyncio.start_server(self._connected, sock=self._socket):
            await stop.wait()


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    """An engine, in a thread of its own."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        await engine.serve(stop)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield engine
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(TIME_LIMIT_S)
        loop.close()


class Front:
    """The application on a port."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, **parameters: str) -> Reply:
        """What comes back for a path."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIME_LIMIT_S)
        try:
            connection.request("GET", f"{path}?{urlencode(parameters)}" if parameters else path)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            try:
                return Reply(response.status, headers, response.read(), is_cut=False)
            except (http.client.IncompleteRead, ConnectionError) as exc:
                return Reply(response.status, headers, getattr(exc, "partial", b""), is_cut=True)
        finally:
            connection.close()


@contextmanager
def front(published: Published, settings: Settings) -> Iterator[Front]:
    """The application with the engine of its settings."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_app(published, settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        started = threading.Event()
        lifespan = app.router.lifespan_context

        def opened(app: Any) -> AbstractAsyncContextManager[Any]:
            return _telling(lifespan(app), started)

        app.router.lifespan_context = opened
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert started.wait(TIME_LIMIT_S)
            yield Front(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(TIME_LIMIT_S)


class _telling(AbstractAsyncContextManager[Any]):  # noqa: N801  # used as the context manager that it wraps
    def __init__(self, inner: AbstractAsyncContextManager[Any], started: threading.Event) -> None:
        self._inner, self._started = inner, started

    async def __aenter__(self) -> Any:
        entered = await self._inner.__aenter__()
        self._started.set()
        return entered

    async def __aexit__(self, *what: Any) -> bool | None:
        return await self._inner.__aexit__(*what)
