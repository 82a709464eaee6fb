"""A pool of query workers that can be killed. Runs in the process that speaks HTTP and never loads an engine.

Killed, not cancelled: the engine has neither a timeout nor a cancellation (docs/decisions.md, 1).
"""

import asyncio
import json
import logging
import os
import socket
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from clustergraph import errors
from clustergraph.errors import (
    Busy,
    ClusterGraphError,
    DatasetUnusable,
    NotAcceptable,
    QueryError,
    QueryTimedOut,
    QueryTooHungry,
)
from clustergraph.frames import ANSWER, DATA, END, ERROR, format_named, request_to_json
from clustergraph.processes import ForkFailed, Loader, Worker
from clustergraph.runner import Answer, Limits, QueryRequest, Storage

_logger: Final = logging.getLogger("clustergraph.workers")

RETRY_S: Final = 1.0  # between two attempts to start a worker
QUICK_DEATH_S: Final = 0.1  # a worker that dies so early was dying when it was asked: somebody killed it while idle
STREAM_LIMIT_S: Final = 60.0  # from the first frame to the last, however slowly the client reads
STALL_LIMIT_S: Final = 30.0  # a reader that takes nothing for so long loses its worker


class _Lease:
    """A worker on loan for one query: given back once, to the others if it is fit for more, else replaced."""

    def __init__(self, worker: Worker, give_back: Callable[[Worker], None], replace: Callable[[Worker], None]) -> None:
        self.worker = worker
        self._give_back = give_back
        self._replace = replace
        self._ended = False

    def end(self, *, complete: bool = False) -> None:
        """Ends the loan; only the first call counts."""
        if not self._ended:
            self._ended = True
            (self._give_back if complete else self._replace)(self.worker)


class WorkerPool:
    """Answers queries in forked processes, one query at a time each; a Runner.

    Use as an asynchronous context manager. A worker that dies, overruns or loses its reader is replaced.
    """

    def __init__(
        self,
        dataset: Path,
        digest: str,
        *,
        limits: Limits,
        workers: int,
        storage: Storage = Storage(),  # noqa: B008  # a value that never changes
        queue_per_worker: int = 4,
        queue_wait_s: float = 2.0,
    ) -> None:
        self.digest = digest
        self._dataset = dataset
        self._limits = limits
        self._storage = storage
        self._size = workers or max(2, os.cpu_count() or 2)
        self._queue_limit = queue_per_worker * self._size
        self._queue_wait_s = queue_wait_s
        self._waiting = 0
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._alive: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._forking = asyncio.Lock()
        self._closing = False

    async def __aenter__(self) -> Self:
        self._loader = Loader(self._dataset, self.digest, self._limits, self._storage)
        try:
            await asyncio.to_thread(self._loader.wait_until_loaded)
        except BaseException:
            self._loader.close()
            raise
        for _ in range(self._size):
            await self._spawn()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        await asyncio.gather(*self._tasks, return_exceptions=True)  # a fork under way ends in a worker to be killed
        for worker in list(self._alive):
            worker.kill()
        await asyncio.to_thread(self._loader.close)

    async def answer(self, request: QueryRequest, *, again: bool = False) -> Answer:
        """The answer to one query, once its status is certain.

        Raises: Busy; QueryTimedOut; QueryTooHungry; whatever error the worker names.
        """
        lease = _Lease(await self._acquire(), self._idle.put_nowait, self._replace)
        limit_s = min(request.time_limit_s or self._limits.time_limit_s, self._limits.time_limit_s)
        before = time.monotonic()
        try:
            kind, payload = await self._frame(lease.worker, limit_s, limit_s, ask=request_to_json(request))
        except BaseException as exc:
            lease.end()
            died = isinstance(exc.__cause__, asyncio.IncompleteReadError | ConnectionError)
            if died and not again and time.monotonic() - before < QUICK_DEATH_S:
                return await self.answer(request, again=True)
            raise
        if kind == ERROR:
            lease.end(complete=True)
            raise _error(payload)
        if kind != ANSWER:
            lease.end()
            message = "the worker spoke out of turn: send the query again"
            raise QueryTooHungry(message)
        left_s = limit_s - (time.monotonic() - before)
        return Answer(format_named(payload.decode()), self._frames(lease, left_s, limit_s), lease.end)

    async def _frames(self, lease: _Lease, left_s: float, limit_s: float) -> AsyncGenerator[bytes, None]:
        """The body. Time is counted while we wait for the worker, not while the client takes what it gave."""
        loop = asyncio.get_running_loop()
        kind = DATA
        slow = loop.call_later(STREAM_LIMIT_S, lease.end)
        try:
            while True:
                before = time.monotonic()
                kind, payload = await self._frame(lease.worker, left_s, limit_s)
                left_s -= time.monotonic() - before
                if kind != DATA:
                    break
                stalled = loop.call_later(STALL_LIMIT_S, lease.end)
                try:
                    yield payload
                finally:
                    stalled.cancel()
        finally:
            slow.cancel()
            lease.end(complete=kind in (END, ERROR))
        if kind != END:
            raise _error(payload)

    async def _frame(
        self, worker: Worker, left_s: float, limit_s: float, *, ask: bytes | None = None
    ) -> tuple[bytes, bytes]:
        try:
            async with asyncio.timeout(left_s):
                if ask is not None:
                    await worker.send(ask)
                return await worker.frame()
        except TimeoutError as exc:
            message = (
                f"stopped after {limit_s:g} s: add a LIMIT, narrow the pattern, or download the dataset and query it"
            )
            raise QueryTimedOut(message) from exc
        except (asyncio.IncompleteReadError, ConnectionError) as exc:
            allowed = f"{self._limits.memory_limit_bytes >> 20:,} MiB"
            message = (
                f"stopped: evaluation wanted more than the {allowed} of memory that one query may have; ask for less"
            )
            raise QueryTooHungry(message) from exc

    async def _acquire(self) -> Worker:
        if self._idle.empty() and self._waiting >= self._queue_limit:
            message = (
                f"all {self._size} workers are taken and {self._waiting} queries wait already: try again in a moment"
            )
            raise Busy(message, retry_after_s=1)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._queue_wait_s):
                while not (worker := await self._idle.get()).is_alive():
                    self._replace(worker)
                return worker
        except TimeoutError as exc:
            message = f"no worker became free within {self._queue_wait_s:g} s: try again in a moment"
            raise Busy(message, retry_after_s=1) from exc
        finally:
            self._waiting -= 1

    def _fork(self) -> tuple[int, int, socket.socket]:
        """A new worker, from a new loader where the old one has ended. Blocks."""
        try:
            return self._loader.fork()
        except OSError:
            _logger.warning("the loader process has ended and is started again")
            self._loader.close()
            self._loader = Loader(self._dataset, self.digest, self._limits, self._storage)
            self._loader.wait_until_loaded()
            return self._loader.fork()

    def _replace(self, worker: Worker) -> None:
        worker.kill()
        self._alive.discard(worker)
        if not self._closing:
            task = asyncio.get_running_loop().create_task(self._spawn())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _spawn(self) -> None:
        """Adds one worker, however often it takes: a pool that shrank for good would end by answering nobody."""
        while True:
            try:
                async with self._forking:
                    pid, handle, sock = await asyncio.to_thread(self._fork)
                break
            except (OSError, DatasetUnusable, ForkFailed):
                _logger.exception("no worker could be started; the next attempt follows in %g s", RETRY_S)
                await asyncio.sleep(RETRY_S)
                if self._closing:
                    return
        reader, writer = await asyncio.open_unix_connection(sock=sock)
        worker = Worker(pid, handle, reader, writer)
        self._alive.add(worker)
        self._idle.put_nowait(worker)


def _error(payload: bytes) -> ClusterGraphError:
    """The error that a worker named, as an exception of ours."""
    said = json.loads(payload)
    kind: type[ClusterGraphError] = getattr(errors, said["error"])
    if issubclass(kind, QueryError):
        return kind(said["detail"], line=said["line"], column=said["column"], hint=said["hint"])
    if issubclass(kind, NotAcceptable):
        mended = NotAcceptable("", said["offered"])
        mended.detail = said["detail"]
        return mended
    return ClusterGraphError(said["detail"])
