"""The real application on a port of this machine: its routes, its errors, its workers, over one dataset at a time."""

import asyncio
import hashlib
import http.client
import json
import resource
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from clustergraph.published import CATALOGUE, DATASET, INTERNAL, MANIFEST, open_published, sha256
from clustergraph.runner import STACK_BYTES
from clustergraph.settings import Settings
from clustergraph.web.app import create_app

REPOSITORY: Final = Path(__file__).resolve().parents[2]
HOST: Final = "127.0.0.1"
TIME_LIMIT_S: Final = 60.0  # of one exchange; the application gives up long before


class Reply(NamedTuple):
    """What came back.

    Shape: the names of `headers` are in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0]


def write_dist(folder: Path, dataset: bytes) -> None:
    """What `clustergraph build` writes, around a dataset of somebody else, in N-Quads."""
    if not (folder / INTERNAL).is_dir():
        shutil.copytree(REPOSITORY / INTERNAL, folder / INTERNAL)
        (folder / CATALOGUE).mkdir()
    (folder / DATASET).write_bytes(dataset)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    digests = {path.relative_to(folder).as_posix(): sha256(path) for path in files}
    manifest = {"version": "0", "digest": hashlib.sha256(dataset).hexdigest(), "counts": {}, "files": digests}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


class Endpoint:
    """A server that listens from the beginning of a run to its end, and can be given one dataset after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._dataset: bytes | None = None
        self._app: ASGIApp | None = None
        self._lifespan: AbstractAsyncContextManager[Any] | None = None
        self._socket = socket.create_server((HOST, 0))
        self._port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(self._answer, interface="asgi3", lifespan="off", ws="none", log_level="warning")
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address of the SPARQL endpoint."""
        return f"http://{HOST}:{self._port}/sparql"

    def serve(self, dataset: bytes) -> None:
        """Answers from this dataset, in N-Quads, from now on."""
        if dataset != self._dataset:
            write_dist(self._folder, dataset)
            self.serve_dist(self._folder)
            self._dataset = dataset

    def serve_dist(self, dist: Path) -> None:
        """Answers from what `clustergraph build` wrote, from now on."""
        self._dataset = None
        asyncio.run_coroutine_threadsafe(self._open(dist), self._loop).result()

    def close(self) -> None:
        """Stops the workers and the server."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._server.should_exit = True
        self._thread.join()
        self._loop.close()

    def exchange(
        self,
        method: str,
        target: str = "/sparql",
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request and what came back, on a connection of their own."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=TIME_LIMIT_S)
        try:
            connection.request(method, target, body, dict(headers or {}))
            response = connection.getresponse()
            return Reply(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve(sockets=[self._socket]))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None, "nothing is served yet"
        await self._app(scope, receive, send)

    async def _open(self, dist: Path) -> None:
        await self._close()
        settings = Settings(dist=dist, host=HOST, port=self._port, workers=1, watch_s=0.0)
        app = create_app(open_published(dist), settings)
        self._lifespan = app.router.lifespan_context(app)
        with _large_stacks():
            await self._lifespan.__aenter__()
        self._app = app

    async def _close(self) -> None:
        if self._lifespan is not None:
            await self._lifespan.__aexit__(None, None, None)
        self._app = self._lifespan = None


@contextmanager
def _large_stacks() -> Iterator[None]:
    """What starts meanwhile has the stack that a loader wants; without it, a loader starts itself a second time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))


@contextmanager
def running_endpoint(folder: Path) -> Iterator[Endpoint]:
    """An endpoint that keeps its dataset in a folder and is stopped at the end."""
    endpoint = Endpoint(folder)
    try:
        yield endpoint
    finally:
        endpoint.close()
