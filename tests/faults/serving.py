"""`clustergraph serve` as a process of its own, seen from outside; and a supervisor that starts it again."""

import asyncio
import functools
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from .asking import ask
from .system import Process, descendants, living, until

HOST: Final = "127.0.0.1"
START_LIMIT_S: Final = 60.0
RESTART_S: Final = 0.1  # systemd's RestartSec, by default
VERB: Final = (sys.executable, "-P", "-m", "clustergraph")
_PORTS: Final = range(20_000, 32_000)
_LOG_BYTES: Final = 4_000


def free_port() -> int:
    """A port that nobody listens on just now.

    Below those that the system gives to clients: one that is given the port it asks for is connected to itself.
    """
    while True:
        port = secrets.choice(_PORTS)
        with suppress(OSError), socket.create_server((HOST, port)):
            return port


@functools.cache
def known_options() -> str:
    """What `clustergraph serve --help` says, to use an option only where there is one."""
    return subprocess.run([*VERB, "serve", "--help"], capture_output=True, text=True, check=True).stdout


def if_known(option: str, *value: str) -> tuple[str, ...]:
    """An option and its value; nothing where the server does not have it."""
    return (option, *value) if option in known_options() else ()


class Server:
    """One running server.

    Shape: `prefix` is a command that starts the server in its place, such as `setpriv`. `size` is the number of workers
           for the queries of strangers, `all` that of all of its workers.
    """

    def __init__(
        self, dist: Path, log: Path, *, workers: int = 2, options: Sequence[str] = (), prefix: Sequence[str] = ()
    ) -> None:
        self.dist = dist
        self.port = free_port()
        self.size = workers
        self.all = workers + 1  # one is for its own queries
        self._log = log
        self._command = [*prefix, *VERB, "serve", str(dist), "--port", str(self.port), "--workers", str(workers)]
        self._command += options
        self.start()

    def start(self) -> None:
        """Starts it, again if it has ended, on the same port."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        """The number of the process that speaks HTTP."""
        return self.process.pid

    def tree(self) -> list[Process]:
        """Every process below it."""
        return descendants(self.pid)

    def loaders(self) -> list[Process]:
        """The processes that it started itself."""
        return living(one for one in self.tree() if one.parent == self.pid)

    def workers(self) -> list[Process]:
        """The processes that its loaders forked."""
        return living(one for one in self.tree() if one.parent != self.pid)

    def is_whole(self) -> bool:
        """Whether it has all of its workers."""
        return len(self.workers()) >= self.all

    async def whole(self, limit_s: float = START_LIMIT_S) -> float:
        """The seconds until it has all of its workers."""
        return await until(self.is_whole, limit_s)

    async def ready(self, limit_s: float = START_LIMIT_S) -> float:
        """The seconds until a query is answered."""
        began = time.monotonic()
        while time.monotonic() - began < limit_s:
            with suppress(OSError):
                reply = await ask(self.port, "ASK {}", limit_s=limit_s)
                if reply.status == 200 and reply.is_whole:
                    return time.monotonic() - began
            await asyncio.sleep(0.01)
        return float("inf")

    def said(self) -> str:
        """The end of its log, for the message of a failed assertion."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-_LOG_BYTES:]

    async def exit_status(self, limit_s: float) -> int | None:
        """With what it ended; None if it has not in time."""
        await until(lambda: self.process.poll() is not None, limit_s)
        return self.process.poll()

    def stop(self) -> None:
        """Ends it and whatever it left behind."""
        below = self.tree()
        self.process.kill()
        self.process.wait()
        for one in living(below):
            with suppress(ProcessLookupError):
                one.kill()


@asynccontextmanager
async def serving(
    dist: Path, folder: Path, *, workers: int = 2, options: Sequence[str] = (), prefix: Sequence[str] = ()
) -> AsyncIterator[Server]:
    """A server that answers, stopped at the end. Its log is kept in the folder."""
    server = Server(dist, folder / f"serve-{free_port()}.log", workers=workers, options=options, prefix=prefix)
    try:
        assert await server.ready() < START_LIMIT_S, server.said()
        await server.whole()
        yield server
    finally:
        server.stop()


@asynccontextmanager
async def supervised(server: Server) -> AsyncIterator[None]:
    """Starts the server again whenever it ends, as a process manager with Restart=always does."""

    async def watch() -> None:
        while True:
            while server.process.poll() is None:
                await asyncio.sleep(0.005)
            await asyncio.sleep(RESTART_S)
            server.start()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def terminate(server: Server) -> None:
    """Asks it to end, as a process manager does."""
    os.kill(server.pid, signal.SIGTERM)
