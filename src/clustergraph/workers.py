"""A pool of query workers that can be killed. Runs in the process that speaks HTTP and never loads an engine.

Killed, not cancelled: the engine has neither a timeout nor a cancellation (docs/decisions.md, 1).
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from clustergraph.errors import ClusterGraphError, DatasetUnusable
from clustergraph.jobs import DIED, DISCONNECT, LOWERED, Job
from clustergraph.lanes import OWN_QUEUE, OWN_QUEUE_OF_CLIENT
from clustergraph.loaders import RETRY_S, Loaders
from clustergraph.processes import ForkFailed, Loader, Worker
from clustergraph.runner import Answer, Limits, QueryRequest, Storage
from clustergraph.shares import SharedLane

_logger: Final = logging.getLogger("clustergraph.workers")

WHY_S: Final = 0.5  # for whoever's worker died to be told why; then they are told that nobody knows
PER_CORE: Final = 4  # workers, where no number is given: long queries must not take them all


class WorkerLane(SharedLane[Worker, Job]):
    """The workers of one kind of query, and the queries that wait for one of them; a Workplace.

    Shape: `replace` ends a worker for a cause, and has another one started; `ask_why` has it told how one ended.
    """

    def __init__(
        self,
        name: str,
        size: int,
        queue_limit: int,
        queue_wait_s: float,
        replace: Callable[[Worker, str], None],
        ask_why: Callable[[Worker, Callable[[int | None], None]], None],
        client_limit: int = 0,
    ) -> None:
        taken = f"all {size} workers are taken"
        super().__init__(name, size, queue_limit, queue_wait_s, taken=taken, client_limit=client_limit)
        self.replace = replace
        self.ask_why = ask_why
        self.coming = size  # workers that are being started
        self._first: deque[Job] = deque()  # whose worker died when it was asked

    @property
    def wanted(self) -> int:
        """How many jobs wait that may have any worker."""
        return len(self._first) + super().wanted

    def again(self, job: Job) -> None:
        """Has a job done by another worker, before those that wait."""
        if self.idle:
            super().start(job)
        else:
            self._first.append(job)
            job.wait(self._queue_wait_s)

    def leave(self, job: Job) -> None:
        """Takes a job that waits from the queue."""
        super().leave(job)
        with contextlib.suppress(ValueError):
            self._first.remove(job)

    def give_back(self, place: Worker) -> None:
        """Takes a worker that has done a job."""
        if place.is_alive:
            self.answered_s = asyncio.get_running_loop().time()
        self.hand_out(place)

    def hand_out(self, place: Worker) -> None:
        """Gives a worker that is fit for more to the client whose turn it is."""
        if not place.is_alive or place.is_lowered:
            self.replace(place, LOWERED if place.is_alive else DIED)
        elif self._first:
            self._first.popleft().start(place)
        else:
            super().hand_out(place)

    @property
    def is_short(self) -> bool:
        """Whether more jobs wait than workers are about to come."""
        return len(self.waiting) + len(self._first) > self.coming

    def forget(self, worker: Worker) -> None:
        """Takes a worker that died from those that are idle."""
        with contextlib.suppress(ValueError):
            self.idle.remove(worker)


class WorkerPool:
    """Answers queries in forked processes, one query at a time each; a Runner.

    Shape: `open` takes the queries of strangers, `own` those from our own files; neither can take the other's workers.
           `tell` is called with the cause for which a worker is replaced.
    Use as an asynchronous context manager. A worker that dies, overruns or loses its reader is replaced.
    Shape: with `expected`, a SHA-256, no other file is ever loaded; `loader` is one that was started over it already.
    """

    def __init__(
        self,
        dataset: Path,
        digest: str,
        *,
        limits: Limits,
        workers: int,
        own_workers: int = 1,
        storage: Storage = Storage(),  # noqa: B008  # a value that never changes
        queue_per_worker: int = 4,
        queue_wait_s: float = 2.0,
        tell: Callable[[str], None] = lambda _: None,
        expected: str = "",
        loader: Loader | None = None,
    ) -> None:
        self.digest = digest
        self._loaders = Loaders(partial(Loader, dataset, limits, expected, storage, digest), loader)
        self._limits = limits
        self._tell = tell
        size = workers or PER_CORE * (os.cpu_count() or 1)
        self.open = WorkerLane("open", size, queue_per_worker * size, queue_wait_s, self.replace, self.ask_why)
        self.own = WorkerLane(
            "own", own_workers, OWN_QUEUE, queue_wait_s, self.replace, self.ask_why, OWN_QUEUE_OF_CLIENT
        )
        self._alive: dict[Worker, WorkerLane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._forking = asyncio.Lock()
        self._closing = False

    @property
    def lanes(self) -> tuple[WorkerLane, WorkerLane]:
        """Both lanes."""
        return self.open, self.own

    def alive_in(self, lane: WorkerLane) -> int:
        """How many workers of a lane there are."""
        return sum(one is lane for one in self._alive.values())

    @property
    def trouble(self) -> DatasetUnusable | None:
        """Why there can be no new worker, for as long as that is so."""
        return self._loaders.trouble

    @property
    def processes(self) -> tuple[int, list[int]]:
        """The process id of the loader, and those of the workers."""
        return self._loaders.current.pid, [worker.pid for worker in self._alive]

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._loaders.start)
        for lane in (self.open, self.own):
            for _ in range(lane.size):
                await self._spawn(lane)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._loaders.end()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in list(self._alive):
            worker.kill()
        await asyncio.to_thread(self._loaders.current.close)

    async def answer(self, request: QueryRequest) -> Answer:
        """The answer to one query, once its status is certain.

        Raises: Busy; OverBudget; DatasetUnusable; QueryTimedOut; QueryTooHungry; QueryAborted; whatever error the
                worker names.
        """
        answered: asyncio.Future[Answer | ClusterGraphError] = asyncio.get_running_loop().create_future()

        def deliver(outcome: Answer | ClusterGraphError) -> None:
            if not answered.done():
                answered.set_result(outcome)

        job = self.submit(request, deliver)
        try:
            outcome = await answered
        except BaseException:
            job.give_up(DISCONNECT)
            raise
        if isinstance(outcome, ClusterGraphError):
            raise outcome
        return outcome

    def submit(self, request: QueryRequest, deliver: Callable[[Answer | ClusterGraphError], None]) -> Job:
        """Hands in one query, and to whom its answer or its error goes: called once, unless the job is given up before.

        Raises: Busy; OverBudget; DatasetUnusable where there is no worker and can be none.
        """
        if self.trouble is not None and not self._alive:
            raise self.trouble
        lane = self.own if request.own else self.open
        job = Job(request, self._limits, lane, deliver)
        lane.add(job)
        return job

    def replace(self, worker: Worker, cause: str) -> None:
        """Ends a worker and starts another one. May be called again."""
        lane = self._alive.pop(worker, None)
        worker.kill()
        if lane is None or self._closing:
            return
        self._tell(cause)
        lane.forget(worker)
        lane.coming += 1
        self._begin(self._spawn(lane))

    def ask_why(self, worker: Worker, tell: Callable[[int | None], None]) -> None:
        """Has `tell` called soon with how a worker ended: a wait status, None where that cannot be known."""
        worker.kill()  # one that only hung up would not be gone
        self._begin(self._asked_why(worker.pid, tell))

    async def _asked_why(self, pid: int, tell: Callable[[int | None], None]) -> None:
        status = None
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(WHY_S):  # it may be taken while a new loader loads
                await self._forking.acquire()
            try:
                status = await asyncio.to_thread(self._loaders.current.ending, pid)
            finally:
                self._forking.release()
        tell(status)

    def _begin(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _spawn(self, lane: WorkerLane) -> None:
        """Adds one worker, however often it takes: a pool that shrank for good would end by answering nobody."""
        while True:
            try:
                async with self._forking:
                    pid, handle, sock = await asyncio.to_thread(self._loaders.fork)
                break
            except (OSError, RuntimeError, DatasetUnusable, ForkFailed) as exc:  # RuntimeError: no thread
                if self.trouble is None and not self._closing:
                    _logger.warning("no worker could be started (%s); the next attempt follows in %g s", exc, RETRY_S)
                await asyncio.sleep(RETRY_S)
                if self._closing:
                    return
        _, worker = await asyncio.get_running_loop().create_unix_connection(
            lambda: Worker(pid, handle, lambda one: self.replace(one, DIED)), sock=sock
        )
        self._alive[worker] = lane
        lane.coming -= 1
        lane.hand_out(worker)
