"""Submissions to be judged, each by a process of its own, as the process that speaks HTTP sees them. Reads none."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from clustergraph.endings import AGAIN_S
from clustergraph.errors import Busy, DatasetUnusable, OverBudget, UsageError, ValidationAborted, ValidationTimedOut
from clustergraph.jobs import LONG_S
from clustergraph.lanes import Turn
from clustergraph.processes import LOWERED_NICE, ForkFailed, Forks
from clustergraph.published import Published
from clustergraph.shares import SharedLane
from clustergraph.submissions import CONTRIBUTED

BODY_LIMIT_BYTES: Final = 2_000_000
TIME_LIMIT_S: Final = 15.0  # of one submission
CPU_LIMIT_S: Final = 15
MEMORY_LIMIT_BYTES: Final = 512 << 20  # above what the repository takes
OUTPUT_LIMIT_BYTES: Final = 16 << 20
QUEUE: Final = 16  # submissions that may wait
AT_ONCE: Final = 4  # twice what one client may have under way
_START_LIMIT_S: Final = 60.0
_LIMITS: Final = {
    "cpu_limit_s": CPU_LIMIT_S,
    "memory_limit_bytes": MEMORY_LIMIT_BYTES,
    "output_limit_bytes": OUTPUT_LIMIT_BYTES,
}
_LENGTHS: Final = struct.Struct(">II")
_TOO_SLOW: Final = (
    f"stopped after {TIME_LIMIT_S:g} s: send fewer or shorter files, or run `clustergraph check` on a clone"
)
_CROWDED_OUT: Final = (
    "the server is short of places for submissions and others wait: send fewer or shorter files, or try again later"
)
_GAVE_UP: Final = (
    f"the validation wanted more than {MEMORY_LIMIT_BYTES >> 20} MB of memory or {CPU_LIMIT_S} s of processor time: "
    "send fewer or shorter files, or run `clustergraph check` on a clone"
)


class Judged(NamedTuple):
    """What a judge says. Shape: of `head`, `status` is 200 where there is a verdict, else `detail` says why not."""

    head: Mapping[str, Any]
    body: bytes


class Judges:
    """Who judges submissions to one server: started when the first comes, and anew for another build.

    Shape: `refused` is called for a submission whose place in the queue went to a client with fewer.
    """

    def __init__(self, wait_s: float, refused: Callable[[], None]) -> None:
        self._refused = refused
        self._lane: SharedLane[None, _Case] = SharedLane(
            "validations", AT_ONCE, QUEUE, wait_s, taken=f"{AT_ONCE} submissions are being judged"
        )
        for _ in range(AT_ONCE):
            self._lane.hand_out(None)
        self._asking = threading.Lock()  # one at a time: the answers of a process that forks carry no number
        self._current: _Standing | None = None

    async def judged(self, published: Published, client: str | None, head: Mapping[str, Any], body: bytes) -> Judged:
        """What is said of one submission, beside the repository of a build. Cancelled, it ends its process.

        Raises: Busy, OverBudget, DatasetUnusable, ValidationTimedOut, ValidationAborted.
        """
        case = _Case(client or "", self._lane)
        try:
            await case.place()
        except OverBudget:
            self._refused()
            raise
        try:
            async with self._fork(published) as fork, case.limited(fork.pid):
                return await _exchange(fork.sock, json.dumps(head).encode(), body)
        finally:
            case.end()
            self._lane.give_back(None)

    @asynccontextmanager
    async def _fork(self, published: Published) -> AsyncIterator["_Fork"]:
        """A new process, which is killed in the end."""
        forking = asyncio.ensure_future(asyncio.to_thread(self._forked, published))
        try:
            fork = await asyncio.shield(forking)
        except asyncio.CancelledError:
            forking.add_done_callback(self._end_when_forked)
            raise
        try:
            yield fork
        finally:
            self._end(fork)

    def _forked(self, published: Published) -> "_Fork":
        with self._asking:
            for is_last in (False, True):
                standing = self._standing(published)
                try:
                    pid, handle, sock = standing.forks.fork()
                except ForkFailed as exc:
                    message = "no process can be had for another submission: try again in a moment"
                    raise Busy(message, retry_after_s=1) from exc
                except OSError as exc:  # it was ended from outside: another one is started, once
                    self._current = None
                    standing.forks.close()
                    if is_last:
                        raise ValidationAborted(_GAVE_UP) from exc
                else:
                    standing.under_way += 1
                    return _Fork(standing, pid, handle, sock)
        raise AssertionError

    def _standing(self, published: Published) -> "_Standing":
        """The process that has read the repository of a build, started if need be."""
        before = self._current
        if before is not None and before.release == published.release:
            return before
        shipped = published.files.get(CONTRIBUTED)
        if shipped is None:
            message = f"the build has no {CONTRIBUTED}: run 'clustergraph build' to make it anew"
            raise DatasetUnusable(message)
        started = _Standing(Forks("clustergraph.judge", shipped.path, _LIMITS, _START_LIMIT_S), published.release)
        try:
            started.forks.wait_until_loaded()
        except BaseException:
            started.forks.close()
            raise
        self._current = started
        if before is not None and not before.under_way:
            before.forks.close()
        return started

    def _end_when_forked(self, forking: "asyncio.Future[_Fork]") -> None:
        if not forking.cancelled() and forking.exception() is None:  # cancelled: the whole server ends, forks with it
            self._end(forking.result())

    def _end(self, fork: "_Fork") -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(fork.handle, signal.SIGKILL)
        os.close(fork.handle)
        fork.sock.close()
        fork.standing.under_way -= 1
        if fork.standing is not self._current and not fork.standing.under_way:
            fork.standing.forks.close()

    @property
    def process(self) -> int | None:
        """The process that is forked from; None before the first submission."""
        return None if self._current is None else self._current.forks.pid

    def close(self) -> None:
        """Ends the process that is forked from, and with it its forks. Blocks until it is gone."""
        with self._asking:
            if self._current is not None:
                self._current.forks.close()
                self._current = None


class _Case(Turn[None]):
    """One submission, from its wait for a place until its process is gone; a SharingJob."""

    def __init__(self, client: str, lane: "SharedLane[None, _Case]") -> None:
        super().__init__(client, lane)
        self.began = time.monotonic()
        self.is_long = False
        self._shared = lane
        self._made_way = False
        self._clock = asyncio.timeout(None)

    @asynccontextmanager
    async def limited(self, pid: int) -> AsyncIterator[None]:
        """Ends what is done meanwhile at its time limit; earlier, once it is long, where others wait.

        Raises: ValidationTimedOut, Busy.
        """
        self.began = time.monotonic()
        timer = asyncio.get_running_loop().call_later(LONG_S, self._took_long, pid)
        try:
            async with asyncio.timeout(TIME_LIMIT_S) as self._clock:
                yield
        except TimeoutError as exc:
            if self._made_way:
                message = f"stopped after {time.monotonic() - self.began:.1f} s: {_CROWDED_OUT}"
                raise Busy(message, retry_after_s=AGAIN_S) from exc
            raise ValidationTimedOut(_TOO_SLOW) from exc
        finally:
            timer.cancel()

    def _took_long(self, pid: int) -> None:
        self.is_long = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpriority(os.PRIO_PROCESS, pid, LOWERED_NICE)
        self._shared.took_long(self)

    def make_way(self) -> None:
        """Ends it, as others wait for a place."""
        self.is_over = True
        if not self._clock.expired():  # else it ends anyway
            self._made_way = True
            self._clock.reschedule(asyncio.get_running_loop().time())
        self._shared.coming += 1

    def end(self) -> None:
        """Notes that its place is about to be given back."""
        self._shared.coming -= self.is_over  # it was counted when it made way
        self.is_over = True


@dataclass(eq=False)
class _Standing:
    """A process that has read the repository of one build, and how many of its forks are at work."""

    forks: Forks
    release: str
    under_way: int = 0


class _Fork(NamedTuple):
    """One process for one submission."""

    standing: _Standing
    pid: int
    handle: int
    sock: socket.socket


async def _exchange(sock: socket.socket, head: bytes, body: bytes) -> Judged:
    """What a judge answers to one message.

    Raises: ValidationAborted where it ends before it does.
    """
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        writer.write(_LENGTHS.pack(len(head), len(body)) + head)
        writer.write(body)
        await writer.drain()
        lengths = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        if sum(lengths) > 2 * OUTPUT_LIMIT_BYTES:
            raise ValidationAborted(_GAVE_UP)
        said, told = [await reader.readexactly(length) for length in lengths]
    except (asyncio.IncompleteReadError, ConnectionError) as exc:
        raise ValidationAborted(_GAVE_UP) from exc
    finally:
        writer.close()
    judged = Judged(json.loads(said), told)
    if "hungry" in judged.head:
        raise ValidationAborted(_GAVE_UP)
    if "failed" in judged.head:
        message = f"a judge failed: {judged.head['failed']}"
        raise UsageError(message)
    return judged
