"""One query on its way through another engine, from the moment it has a place there until its last frame."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import httpx2

from clustergraph.endings import READER, unread
from clustergraph.errors import ClusterGraphError, QueryMalformed
from clustergraph.exchange import deadline
from clustergraph.intake import HELD_BYTES
from clustergraph.jobs import DEADLINE, DIED, DISCONNECT, SPARE_LOOK_S, SPARE_S, STALL, STALL_LIMIT_S, STREAM_LIMIT_S
from clustergraph.lanes import Lane, Turn
from clustergraph.runner import in_one_frame

RemoteLane: TypeAlias = Lane[int, Turn[int]]
"""Requests that an engine is sent at once, by number, and the queries that wait to be one of them."""

REFUSED: Final = ""  # the engine answered, but not the query: nothing of it had to be ended


class RemoteJob:
    """One query that has a place; gives it back once, however it ends.

    Shape: `killed` is called with the cause, one of jobs.CAUSES, where the request had to be ended before its time;
           `closing` holds the tasks that close connections, as the loop holds them but weakly.
    """

    def __init__(
        self,
        lane: RemoteLane,
        place: int,
        limit_s: float,
        *,
        killed: Callable[[str], None],
        closing: set[asyncio.Task[None]],
    ) -> None:
        self._lane = lane
        self._place = place
        self._limit_s = self._left_s = limit_s
        self._killed = killed
        self._closing = closing
        self._is_over = False
        self._is_streaming = False
        self._unread = ""  # why its reader has lost it
        self._watching: asyncio.TimerHandle | None = None  # while the client takes a frame
        self.response: httpx2.Response | None = None

    def end(self, cause: str | None = None) -> None:
        """Gives the place back, and hangs up where there is a cause; only the first call counts."""
        if self._is_over:
            return
        self._is_over = True
        if self.response is not None and not self.response.is_closed:
            task = asyncio.get_running_loop().create_task(self.response.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if cause is None:
            self._lane.give_back(self._place)
        else:
            self._lane.hand_out(self._place)
        if cause:
            self._killed(cause)

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[None]:
        """Counts the time that we wait for the engine; whatever goes wrong meanwhile ends the job.

        Raises: QueryTimedOut at the deadline, and where its reader has lost it.
        """
        before, clock = time.monotonic(), deadline(self._left_s, self._limit_s)
        try:
            async with clock:
                yield
        except QueryMalformed:
            self.end()
            raise
        except BaseException as exc:
            self.end(self._cause(exc, is_late=clock.is_over))
            if self._unread and isinstance(exc, ClusterGraphError):
                raise unread(self._unread) from exc
            raise
        finally:
            self._left_s -= time.monotonic() - before

    def _cause(self, exc: BaseException, *, is_late: bool) -> str:
        if is_late:
            return DEADLINE
        if isinstance(exc, asyncio.CancelledError):
            return DISCONNECT
        return DIED if self.response is None or self._is_streaming else REFUSED

    async def begun(self, body: AsyncGenerator[bytes, None]) -> tuple[bytes | None, AsyncGenerator[bytes, None]]:
        """A short body as a whole, of a longer one None; and its frames.

        Raises: what breaks the first HELD_BYTES.
        """
        self._is_streaming = True
        held: list[bytes] = []
        try:
            while sum(map(len, held)) <= HELD_BYTES:
                async with self.counted():
                    frame = await anext(body, None)
                if frame is None:
                    self.end()
                    whole = b"".join(held)
                    return whole, in_one_frame(whole)
                held.append(frame)
        except BaseException:
            await body.aclose()
            raise
        return None, self._frames(held, body)

    async def _frames(self, held: list[bytes], body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """The frames. Time is counted while we wait for the engine, not while the client takes what it gave."""
        too_slow = f"{READER} more than {STREAM_LIMIT_S:g} s"
        slow = asyncio.get_running_loop().call_later(STREAM_LIMIT_S, self._lose, too_slow)
        try:
            while True:
                async with self.counted():
                    frame = held.pop(0) if held else await anext(body, None)
                if frame is None:
                    break
                self._watch(SPARE_S, time.monotonic() + STALL_LIMIT_S)
                yield frame
                self._stop_watching()
            self.end()
        finally:
            slow.cancel()
            self._stop_watching()
            await body.aclose()
            self.end(DISCONNECT)

    def _watch(self, pause_s: float, until_s: float) -> None:
        self._watching = asyncio.get_running_loop().call_later(pause_s, self._look, until_s)

    def _look(self, until_s: float) -> None:
        """Takes the place from a client that takes nothing: once others wait for it, and in the end anyway."""
        if time.monotonic() >= until_s:
            self._lose(f"{READER} nothing for {STALL_LIMIT_S:g} s")
        elif self._lane.waiting:
            self._lose(f"{READER} nothing for {SPARE_S:g} s, and others wait")
        else:
            self._watch(SPARE_LOOK_S, until_s)

    def _lose(self, why: str) -> None:
        if not self._is_over:
            self._unread = why
            self.end(STALL)

    def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
