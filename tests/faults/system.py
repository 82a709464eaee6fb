"""Processes as the kernel shows them. Knows nothing of what they run."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

_PROC: Final = Path("/proc")
_POLL_S: Final = 0.003


class Process(NamedTuple):
    """One process; number and start together name it for ever.

    Units: `ticks` of processor time, a hundredth of a second each.
    """

    pid: int
    started: int
    parent: int
    state: str
    ticks: int

    @property
    def name(self) -> tuple[int, int]:
        """What tells it from every other process, before and after it."""
        return self.pid, self.started

    def kill(self) -> None:
        """Ends it, with no chance to do anything about it."""
        os.kill(self.pid, signal.SIGKILL)


def process(pid: int) -> Process | None:
    """The process of that number; None if there is none."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return Process(pid, int(fields[19]), int(fields[1]), fields[0], int(fields[11]) + int(fields[12]))


def descendants(pid: int) -> list[Process]:
    """All processes below one, zombies included, nearest first."""
    seen = [one for one in map(process, _pids()) if one]
    found: list[Process] = []
    level = {pid}
    while level:
        below = [one for one in seen if one.parent in level]
        found += below
        level = {one.pid for one in below}
    return found


def _pids() -> list[int]:
    return [int(name) for name in os.listdir(_PROC) if name.isdigit()]  # noqa: PTH208  # thousands of times


def living(processes: Iterable[Process]) -> list[Process]:
    """Those of them that have not ended."""
    now = [(one, process(one.pid)) for one in processes]
    return [one for one, found in now if found and found.started == one.started and found.state not in "ZX"]


def zombies(pid: int) -> int:
    """How many processes below one have ended and were not asked about."""
    return sum(one.state == "Z" for one in descendants(pid))


def open_files(pid: int) -> int:
    """How many descriptors a process has open."""
    return len(os.listdir(_PROC / str(pid) / "fd"))  # noqa: PTH208


def held_connections(port: int) -> set[int]:
    """The remote ports of the connections that the listener on a port of this machine has not let go.

    A connection that was closed may live on in the kernel for what nobody read; nobody holds it then.
    """
    held = set()
    for line in (_PROC / "net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[1].partition(":")[2], 16) == port and fields[9] != "0":
            held.add(int(fields[2].partition(":")[2], 16))
    return held


def memory_mb(pids: Iterable[int]) -> float:
    """The memory of some processes, what they share counted once."""
    return sum(map(_pss_kb, pids)) / 1024


def _pss_kb(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


async def until(what: Callable[[], object], limit_s: float) -> float:
    """The seconds until something is true; infinity if it does not become so in time."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > limit_s:
            return float("inf")
        await asyncio.sleep(_POLL_S)
    return time.monotonic() - began
