"""One query on its way through the pool, from the moment it is handed in until its last frame.

Callbacks instead of coroutines: a short query costs two of them, and no task.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Final

from clustergraph.endings import LEFT, READER, crowded_out, died, error_of, timed_out, unread
from clustergraph.errors import Busy, ClusterGraphError
from clustergraph.formats import Format
from clustergraph.frames import ANSWER, DATA, END, ERROR, WHOLE, request_to_bytes
from clustergraph.lanes import Workplace
from clustergraph.processes import Worker
from clustergraph.runner import Answer, Limits, QueryRequest, in_one_frame

QUICK_DEATH_S: Final = 0.1  # a worker that dies so early was dying when it was asked: somebody killed it while idle
LONG_S: Final = 0.5  # a query that runs longer lets others go first
STREAM_LIMIT_S: Final = 60.0  # from the first frame to the last, however slowly the client reads
STALL_LIMIT_S: Final = 30.0  # a reader that takes nothing for so long loses its worker
SPARE_S: Final = 2.0  # a worker that waited for its reader for so long is taken from it, if others wait for one
SPARE_LOOK_S: Final = 0.25  # between two looks at whether they do
HELD_BYTES: Final = 1 << 18  # of one answer that the client has not taken; above it the worker waits

DEADLINE, DISCONNECT, STALL, DIED, LOWERED, SHARE = "deadline", "disconnect", "stall", "died", "lowered", "share"
CAUSES: Final = (DEADLINE, DISCONNECT, STALL, DIED, LOWERED, SHARE)
"""Why a worker is replaced."""


class Job:
    """One query. A Listener of its worker; `deliver` is called once, with the answer or with the error."""

    def __init__(
        self,
        request: QueryRequest,
        limits: Limits,
        place: Workplace[Worker, "Job"],
        deliver: Callable[[Answer | ClusterGraphError], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._payload = request_to_bytes(request)
        self._limit_s = min(request.time_limit_s or limits.time_limit_s, limits.time_limit_s)
        self._limits = limits._replace(time_limit_s=self._limit_s)
        self._place = place
        self._deliver = deliver
        self._begun = request.begun
        self._killed = request.killed or _nothing
        self.client = request.client
        self._worker: Worker | None = None
        self._stream: _Stream | None = None
        self._was_tried = False
        self._timer: asyncio.TimerHandle | None = None
        self.waits_since = self.began = time.monotonic()
        self.is_over = False

    def start(self, worker: Worker) -> None:
        """Has the query evaluated by a worker that is idle."""
        self._worker = worker
        self.began = time.monotonic()
        self._set_timer(self._loop.call_later(min(LONG_S, self._limit_s), self._took_long))
        worker.ask(self._payload, self)
        if self._begun is not None:
            self._begun()

    def wait(self, limit_s: float) -> None:
        """Waits for a worker, but not for ever."""
        self._set_timer(self._loop.call_later(limit_s, self._give_up_waiting, limit_s))

    def _give_up_waiting(self, limit_s: float) -> None:
        message = f"no worker became free within {limit_s:g} s: try again in a moment"
        self.fail(Busy(message, retry_after_s=1))

    def _set_timer(self, timer: asyncio.TimerHandle | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer

    def _took_long(self) -> None:
        left_s = self._limit_s - LONG_S
        if left_s <= 0 and self._stream is None:
            self._overrun()
        elif self._worker is not None:
            self._worker.lower()
            if self._stream is None:  # which counts its own time
                self._set_timer(self._loop.call_later(left_s, self._overrun))
            self._place.took_long(self)

    def _overrun(self) -> None:
        self.fail(timed_out(self._limit_s), DEADLINE)

    @property
    def is_long(self) -> bool:
        """Whether it has had a worker for long, and has it still, be its answer on its way or not."""
        return self._worker is not None and self._worker.is_lowered and not self.is_over

    def make_way(self) -> None:
        """Ends a job that has run for long, as others wait for a worker; an answer that is on its way is cut."""
        trouble = crowded_out(time.monotonic() - self.began)
        if self._stream is None:
            self.fail(trouble, SHARE)
        else:
            self.end(SHARE)
            self._stream.cut(trouble)

    def fail(self, exc: ClusterGraphError, cause: str = DISCONNECT) -> None:
        """Ends a job that has not been answered."""
        if not self.is_over:
            self.end(cause)
            self._deliver(exc)

    def end(self, cause: str | None = None) -> None:
        """Gives the worker back, or has it replaced where there is a cause; only the first call counts."""
        if self.is_over:
            return
        self.is_over = True
        self._set_timer(None)
        if self._worker is None:
            self._place.leave(self)
        else:
            self._worker.listener = None
            if cause is None:
                self._place.give_back(self._worker)
            else:
                self._place.replace(self._worker, cause)
                self._killed()

    def spare(self) -> bool:
        """Gives up an answer whose worker others wait for; whether it did."""
        if self._place.is_short:
            self.give_up(STALL, f"{READER} nothing for {SPARE_S:g} s, and others wait")
        return self.is_over

    def give_up(self, cause: str = DISCONNECT, why: str = LEFT) -> None:
        """Ends a job whose answer nobody wants any more, or wants enough. May be called at any time."""
        self.end(cause)
        if self._stream is not None:
            self._stream.cut(unread(why))

    def on_frame(self, kind: bytes, chosen: Format, coding: str, payload: bytes) -> None:
        """What the worker says."""
        if self._stream is not None:
            self._stream.on_frame(kind, payload)
        elif kind == WHOLE:
            waited_s, took_s = self.began - self.waits_since, time.monotonic() - self.began
            self.end()
            frames = in_one_frame(payload)
            self._deliver(Answer(chosen, frames, _nothing, payload, coding, waited_s, took_s))
        elif kind == ERROR:
            trouble = error_of(payload)  # first: what cannot be read ends the worker, and then the job
            self.end()
            self._deliver(trouble)
        elif kind == ANSWER:
            waited_s, took_s = self.began - self.waits_since, time.monotonic() - self.began
            self._set_timer(None if self.is_long else self._loop.call_later(LONG_S - took_s, self._took_long))
            assert self._worker is not None  # noqa: S101  # it spoke
            self._stream = _Stream(self, self._worker, self._limits, self._limit_s - took_s)
            self._deliver(Answer(chosen, self._stream.frames(), self.give_up, None, coding, waited_s, took_s))
        else:
            self._lost(None)  # it spoke out of turn

    def on_lost(self) -> None:
        """The worker has died."""
        assert self._worker is not None  # noqa: S101  # it is listened to
        is_new = self._stream is None and not self._was_tried
        if is_new and time.monotonic() - self.began < QUICK_DEATH_S:
            self._was_tried = True
            self._set_timer(None)
            self._place.replace(self._worker, DIED)
            self._worker = None
            self._place.again(self)
        else:
            self._place.ask_why(self._worker, self._lost)

    def _lost(self, status: int | None) -> None:
        """Ends a job whose worker ended in that way."""
        trouble = died(status, self._limits)
        if self._stream is not None:
            self._stream.lose(trouble)
        self.fail(trouble, DIED)


class _Stream:
    """The body of a longer answer, as it comes. Holds HELD_BYTES of it; then the worker waits for the client."""

    def __init__(self, job: Job, worker: Worker, limits: Limits, left_s: float) -> None:
        self._job = job
        self._worker = worker
        self._limits, self._left_s = limits, left_s
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._paused: asyncio.TimerHandle | None = None  # while the worker waits: when we look who else needs it
        self._is_over = False
        self._trouble: ClusterGraphError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def on_frame(self, kind: bytes, payload: bytes) -> None:
        if kind == DATA:
            self._held.append(payload)
            self._held_bytes += len(payload)
            if self._held_bytes > HELD_BYTES and self._paused is None:
                self._worker.pause()
                self._paused = asyncio.get_running_loop().call_later(SPARE_S, self._look)
        elif kind == END:
            self._finish(None)
        elif kind == ERROR:
            self._finish(error_of(payload))
        else:
            self.lose(died(None, self._limits))
        self._wake()

    def _finish(self, trouble: ClusterGraphError | None, cause: str | None = None) -> None:
        """Notes that the worker has said all: others may have it while the client takes the rest."""
        if not self._is_over:
            self._is_over, self._trouble = True, trouble
            self._unpause()
            self._job.end(cause)

    def lose(self, trouble: ClusterGraphError) -> None:
        """Ends the answer behind what there is of it, as there will be no more."""
        self._finish(trouble, DIED)
        self._wake()

    def cut(self, trouble: ClusterGraphError) -> None:
        """Ends the answer here; what has not been read is gone."""
        self._trouble = self._trouble or trouble
        self._is_over = True
        self._held.clear()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """The body. Time is counted while we wait for the worker, not while the client takes what it gave."""
        loop, give_up = asyncio.get_running_loop(), self._job.give_up
        too_slow, too_still = f"{READER} more than {STREAM_LIMIT_S:g} s", f"{READER} nothing for {STALL_LIMIT_S:g} s"
        slow = loop.call_later(STREAM_LIMIT_S, give_up, STALL, too_slow)
        try:
            while True:
                if self._held:
                    stalled = loop.call_later(STALL_LIMIT_S, give_up, STALL, too_still)
                    try:
                        yield self._take()
                    finally:
                        stalled.cancel()
                elif self._is_over:
                    break
                else:
                    await self._wait(loop)
        finally:
            slow.cancel()
            self._job.end(DISCONNECT)
        if self._trouble is not None:
            raise self._trouble

    def _take(self) -> bytes:
        payload = self._held.popleft()
        self._held_bytes -= len(payload)
        if self._held_bytes <= HELD_BYTES // 2:
            self._unpause()
        return payload

    def _look(self) -> None:
        if not self._job.spare():
            self._paused = asyncio.get_running_loop().call_later(SPARE_LOOK_S, self._look)

    def _unpause(self) -> None:
        if self._paused is not None:
            self._paused.cancel()
            self._paused = None
            self._worker.resume()

    async def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        before = time.monotonic()
        self._waiter = loop.create_future()
        try:
            async with asyncio.timeout(max(self._left_s, 0)):
                await self._waiter
        except TimeoutError as exc:
            self._job.end(DEADLINE)
            raise timed_out(self._limits.time_limit_s) from exc
        finally:
            self._left_s -= time.monotonic() - before


def _nothing() -> None:
    """What there is to release of an answer that has come whole, and to tell of its worker."""
