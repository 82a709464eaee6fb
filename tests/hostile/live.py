"""The real server as a process of its own, its descendants, and what the kernel says of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from hostile.case import get
from hostile.wire import HOST, exchange

WORKERS: Final = 4
TIME_LIMIT_S: Final = 2.0
MEMORY_LIMIT_BYTES: Final = 256 << 20
OPTIONS: Final = {
    "time-limit-s": TIME_LIMIT_S,
    "cpu-limit-s": 4,
    "memory-limit-bytes": MEMORY_LIMIT_BYTES,
    "workers": WORKERS,
    "queue-wait-s": 30,
}
"""Low, so that a thousand attacks take a minute; patient, so that a busy machine turns nothing red."""

START_LIMIT_S: Final = 120.0


class Snapshot(NamedTuple):
    """What the server holds at one moment.

    Units: `memory_bytes` is the resident memory of the process that speaks HTTP.
    """

    processes: int
    zombies: int
    descriptors: int
    memory_bytes: int


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    pid: int
    port: int
    log: Path

    def snapshot(self) -> Snapshot:
        """What it holds now."""
        family = {self.pid, *descendants(self.pid)}
        states = [state for state in map(_state, family) if state]
        descriptors = len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return Snapshot(len(states), states.count("Z"), descriptors, pages * os.sysconf("SC_PAGE_SIZE"))

    def at_rest(self, limit_s: float = 30.0) -> Snapshot:
        """What it holds once nothing that has ended is left to be buried, and nothing more goes."""
        deadline, earlier = time.monotonic() + limit_s, None
        while (now := self.snapshot())[:3] != earlier or now.zombies:
            assert time.monotonic() < deadline, f"it does not come to rest: {now}"
            earlier = now[:3]
            time.sleep(0.3)
        return now

    def settled(self, before: Snapshot, limit_s: float = 30.0) -> Snapshot:
        """What it holds once it has come to rest, or at the end of our patience."""
        deadline = time.monotonic() + limit_s
        while (now := self.snapshot())[:3] != before[:3] and time.monotonic() < deadline:
            time.sleep(0.1)
        return now

    def is_running(self) -> bool:
        """Whether the process that was started is there still."""
        return _state(self.pid) not in ("", "Z")

    def outgoing(self) -> set[str]:
        """The sockets of the family that lead away from here: all of TCP that is not at our port, and all of UDP."""
        wanted = {f"socket:[{inode}]": where for inode, where in _sockets(self.port)}
        held = set()
        for pid in (self.pid, *descendants(self.pid)):
            held |= {wanted[link] for link in _links(pid) if link in wanted}
        return held


def descendants(pid: int) -> Iterator[int]:
    """The processes below a process."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and (fields := _stat(int(path.name))):
            parents.setdefault(int(fields[1]), []).append(int(path.name))
    waiting = [*parents.get(pid, ())]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += parents.get(one, ())


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")


def _links(pid: int) -> Iterator[str]:
    try:
        for path in Path(f"/proc/{pid}/fd").iterdir():
            yield str(path.readlink())
    except OSError:
        return


def _sockets(own_port: int) -> Iterator[tuple[str, str]]:
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            local, remote, inode = fields[1], fields[2], fields[9]
            if int(local.rpartition(":")[2], 16) != own_port:
                yield inode, f"{name} from {local} to {remote}"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(dist: Path, folder: Path) -> Iterator[Server]:
    """A server over a built dataset, stopped at the end."""
    port, log = free_port(), folder / "server.log"
    options = [text for name, value in OPTIONS.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, "-P", "-m", "clustergraph", "serve", str(dist), "--port", str(port), *options]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, cwd=folder)
    try:
        _await_ready(process, port, log)
        yield Server(process.pid, port, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(START_LIMIT_S)
        finally:
            process.kill()
            process.wait()


def _await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        try:
            if exchange(port, get("/health/ready")).replies[0].status == 200:
                return
        except (OSError, IndexError):
            time.sleep(0.05)
    message = "the server did not become ready"
    raise AssertionError(message)
