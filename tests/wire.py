"""HTTP as bytes: a connection without a network, and what was written to it read back."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from fastapi import FastAPI
from pyoxigraph import RdfFormat, serialize
from uvicorn.server import ServerState

from clustergraph.published import DATASET as DATASET_FILE
from clustergraph.published import INTERNAL
from clustergraph.settings import Settings
from clustergraph.web.app import create_app
from clustergraph.web.cache import AnswerCache
from clustergraph.web.connection import BoundedProtocol
from clustergraph.web.direct import DirectProtocol
from clustergraph.web.site import Site
from clustergraph.workers import WorkerPool
from web_runner import DATASET, REPOSITORY, merged_store, published

PATIENCE_S = 60.0


class Taken(DirectProtocol):
    """The short way, counted."""

    taken = 0

    def _took(self, data: bytes) -> bool:
        took = super()._took(data)
        Taken.taken += took
        return took


class Wire(asyncio.Transport):
    """A transport that keeps what is written. `room` is what it holds before it asks the writer to wait."""

    def __init__(self, room: int = 1 << 30) -> None:
        super().__init__()
        self.written = bytearray()
        self.held = 0
        self.room = room
        self.is_closed = self.is_lost = False
        self.is_paused = False
        self.protocol: asyncio.Protocol

    def write(self, data: Any) -> None:
        if not self.is_lost:  # one that is closed still sends what it holds, and what is written behind that
            self.written += data
            self.held += len(data)
            if self.held > self.room >= self.held - len(data):
                self.protocol.pause_writing()

    def take(self) -> None:
        """Lets the client take all."""
        self.held = 0
        self.protocol.resume_writing()

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = self.is_lost = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def get_write_buffer_size(self) -> int:
        return self.held

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Connection:
    """One connection to an application."""

    def __init__(
        self,
        app: FastAPI,
        kind: type[BoundedProtocol],
        *,
        room: int = 1 << 30,
        limit: int | None = None,
        state: ServerState | None = None,
        wire: Wire | None = None,
    ) -> None:
        config = uvicorn.Config(app, http=kind, lifespan="off", log_level="critical", limit_concurrency=limit)
        self.state = state or ServerState()
        self.protocol = kind(config, self.state, {"app": app}, asyncio.get_running_loop())
        self.wire = wire or Wire(room)
        self.wire.protocol = self.protocol
        self.protocol.connection_made(self.wire)

    @property
    def is_idle(self) -> bool:
        """Whether nothing more comes before more is sent."""
        cycle, is_direct = self.protocol.cycle, getattr(self.protocol, "_pending", None) is not None
        waits = self.protocol._in_message and not self.protocol._in_head
        return not is_direct and not self.protocol.pipeline and (cycle is None or cycle.response_complete or waits)

    async def send(self, *segments: bytes) -> None:
        """Sends segments, one at a time, each as soon as the one before was taken; waits for all answers."""
        for segment in segments:
            if self.wire.is_closed:
                return
            self.protocol.data_received(segment)
        await self.settle()

    async def settle(self) -> None:
        """Waits for what is under way."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.is_idle and not self.wire.is_closed:
                await asyncio.sleep(0.0005)
            await asyncio.sleep(0)

    def lose(self) -> None:
        """The client goes away."""
        self.wire.abort()
        self.protocol.connection_lost(None)


def site_of(app: FastAPI) -> Site:
    """What an application serves."""
    site: Site = app.state.served.version.site
    return site


def with_answers(app: FastAPI, kept: AnswerCache) -> None:
    """Has an application begin with these answers."""
    app.state.served.change(replace(site_of(app), answers=kept))


class Said(NamedTuple):
    """One answer as it stood on the wire, without what tells of its time."""

    status: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, or nothing."""
        return dict(self.headers).get(name.encode(), b"").decode()


class Unfinished(Exception):
    """What was written is not whole answers."""


def answers(written: bytes | bytearray, *, headless: bool = False) -> list[Said]:
    """The answers in what was written.

    Raises: Unfinished if it is not whole answers, one after the other.
    """
    return list(_answers(bytes(written), headless))


def _answers(written: bytes, headless: bool) -> Iterator[Said]:
    while written:
        head, gap, rest = written.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        if not gap or not status.startswith(b"HTTP/1.1 "):
            raise Unfinished(written[:200])
        headers = sorted((name, value) for name, _, value in (line.partition(b": ") for line in lines))
        table = dict(headers)
        body = b""
        if b"transfer-encoding" in table and not headless:
            body, rest = _unchunked(rest)
        elif not headless and status.split()[1] != b"304":
            length = int(table.get(b"content-length", b"0"))
            if len(rest) < length:
                raise Unfinished(written[:200])
            body, rest = rest[:length], rest[length:]
        yield Said(status, tuple(one for one in headers if one[0] not in (b"date", b"server-timing")), body)
        written = rest


def _unchunked(rest: bytes) -> tuple[bytes, bytes]:
    body = bytearray()
    while True:
        line, gap, rest = rest.partition(b"\r\n")
        if not gap:
            raise Unfinished(line[:200])
        size = int(line, 16)
        if size + 2 > len(rest):
            raise Unfinished(rest[:200])
        piece, end, rest = rest[:size], rest[size : size + 2], rest[size + 2 :]
        if end != b"\r\n":
            raise Unfinished(rest[:200])
        if size == 0:
            return bytes(body), rest
        body += piece


@contextlib.asynccontextmanager
async def served(folder: Path, count: int = 1, **knobs: Any) -> AsyncIterator[tuple[list[FastAPI], WorkerPool]]:
    """So many applications, each with a cache of its own, over one pool of workers."""
    path = folder / DATASET_FILE
    path.write_bytes(serialize(merged_store(DATASET), format=RdfFormat.N_QUADS) or b"")
    settings = Settings(**{"workers": 1, **knobs})
    built = published(folder)
    pool = WorkerPool(
        path,
        built.digest,
        limits=settings.limits,
        workers=settings.workers,
        queue_per_worker=settings.queue_per_worker,
        queue_wait_s=PATIENCE_S,
    )
    async with asyncio.timeout(PATIENCE_S), pool:
        yield [create_app(built, settings, runner=pool) for _ in range(count)], pool


def built(folder: Path, **knobs: Any) -> FastAPI:
    """An application that starts its own workers with the server."""
    (folder / DATASET_FILE).write_bytes(serialize(merged_store(DATASET), format=RdfFormat.N_QUADS) or b"")
    shutil.copytree(REPOSITORY / INTERNAL, folder / INTERNAL)
    return create_app(replace(published(folder), folder=folder), Settings(**{"workers": 1, **knobs}))


async def exchange(app: FastAPI, kind: type[BoundedProtocol], segments: Sequence[bytes]) -> tuple[bytes, bool]:
    """What is written back to a new connection, and whether it was closed."""
    connection = Connection(app, kind)
    await connection.send(*segments)
    written, is_closed = bytes(connection.wire.written), connection.wire.is_closed
    connection.lose()
    return written, is_closed
