"""What processes take of this machine: processor time, memory, disk; and how much of it is not ours to measure."""

import contextlib
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


def memory_bytes() -> int:
    """The memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree_of(pid: int) -> list[int]:
    """A process and all that it started, directly or not."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def processor_s(pids: Iterable[int]) -> dict[int, float]:
    """The processor time that each process, with its buried children, has used so far."""
    # Of a stat line without its first two fields: utime, stime, cutime, cstime.
    return {pid: sum(map(int, fields[11:15])) / _TICKS_PER_S for pid in pids if (fields := _stat(pid))}


def used_s(before: Mapping[int, float], after: Mapping[int, float]) -> float | None:
    """The processor time used between two readings; None where a process has gone, and with it what it used."""
    if before.keys() - after.keys():
        return None
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def busy_s() -> float:
    """The processor time that all processes of the machine have used so far."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _waiting, irq, softirq = map(int, fields[:7])
    return (user + nice + system + irq + softirq) / _TICKS_PER_S


def _stat(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return []


def shared_bytes(pid: int) -> int:
    """The memory of a process, pages that several have in common divided among them (PSS)."""
    return _rollup(pid, ("Pss",))


def private_bytes(pid: int) -> int:
    """The memory that would be free if this process alone ended (USS)."""
    return _rollup(pid, ("Private_Clean", "Private_Dirty"))


def _rollup(pid: int, names: Sequence[str]) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    lines = (line.split() for line in text.splitlines()[1:])
    return sum(int(parts[1]) << 10 for parts in lines if parts[0].rstrip(":") in names)


def size_of(folder: Path) -> int:
    """The bytes that the files of a folder take on the disk: stores make files with holes."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
