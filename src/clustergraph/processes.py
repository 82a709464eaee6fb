"""One query worker and the loader it is forked from, as the process that speaks HTTP sees them."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, cast

from clustergraph.codings import NAMES
from clustergraph.errors import DatasetUnusable
from clustergraph.formats import Format
from clustergraph.frames import ASK, ASK_ENDING, ASK_WORKER, FORMATS, FRAME_LIMIT_BYTES, HEADER, TROUBLE, header
from clustergraph.runner import Limits, Storage

LOWERED_NICE: Final = 15  # of a worker whose query has run for long; only the kernel's superuser could raise it again
START_LIMIT_S: Final = 120.0  # to load a dataset of no size; a slow disk or a busy machine may take so long
FORK_LIMIT_S: Final = 5.0  # takes milliseconds; a loader that was stopped would never answer
LOADED_BYTES_PER_S: Final = 1 << 20  # a tenth of what one core loads, into memory or into a store on disk


class ForkFailed(Exception):
    """A worker could not be had this time, though the loader lives."""


def start_limit_s(dataset: Path) -> float:
    """How long a dataset may take to load before something is wrong."""
    return START_LIMIT_S + (dataset.stat().st_size if dataset.is_file() else 0) / LOADED_BYTES_PER_S


class Listener(Protocol):
    """Who is told what a worker says, while it works for them."""

    def on_frame(self, kind: bytes, chosen: Format, coding: str, payload: bytes) -> None:
        """The next frame; format and coding matter in the frames that begin an answer."""

    def on_lost(self) -> None:
        """The worker is dead, and says nothing more."""


class Worker(asyncio.Protocol):
    """One forked process and the connection to it.

    Shape: `listener` is None while the worker has nothing to do; `on_idle_death` is called if it dies then.
    """

    def __init__(self, pid: int, handle: int, on_idle_death: Callable[["Worker"], None]) -> None:
        self.pid = pid
        self._on_idle_death = on_idle_death
        self.listener: Listener | None = None
        self.is_alive = True
        self.is_lowered = False
        self._handle = handle
        self._held = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, payload: bytes, listener: Listener) -> None:
        """Hands over one request, and to whom the answer goes."""
        self.listener = listener
        self._transport.write(header(ASK, len(payload)) + payload)

    def pause(self) -> None:
        """Takes no more frames, so that the worker waits, until `resume`."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Takes frames again."""
        if self.is_alive:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Cuts what has come into frames."""
        held = self._held + data if self._held else data
        position, end = 0, len(held)
        while end - position >= HEADER.size:
            kind, format_number, coding_number, length = HEADER.unpack_from(held, position)
            if length > FRAME_LIMIT_BYTES:
                self._transport.abort()
                return
            following = position + HEADER.size + length
            if following > end:
                break
            if self.listener is not None:
                payload = held[position + HEADER.size : following]
                self.listener.on_frame(kind, FORMATS[format_number], NAMES[coding_number], payload)
            position = following
        self._held = held[position:]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tells who waits for an answer that there will be none."""
        self.is_alive = False
        if self.listener is not None:
            self.listener.on_lost()
        else:
            self._on_idle_death(self)

    def lower(self) -> None:
        """Lets others go first, from now on: what has run for long may run longer, at nobody's cost."""
        self.is_lowered = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpriority(os.PRIO_PROCESS, self.pid, LOWERED_NICE)

    def kill(self) -> None:
        """Ends the process if it still lives. May be called again."""
        self.listener = None
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            os.close(self._handle)
            self._handle = -1
            self._transport.abort()


class Forks:
    """A process that loads something once and forks when asked, as its parent sees it."""

    def __init__(self, module: str, file: Path, told: Mapping[str, object], start_limit_s: float) -> None:
        self._quads: int | None = None
        self._start_limit_s = start_limit_s
        # Handed over open: a path could lead to another build by the time that the loader opens it.
        with file.open("rb", buffering=0) as stream:
            self._control, theirs = socket.socketpair()
            with theirs:
                descriptors = [theirs.fileno(), stream.fileno()]
                arguments = [str(descriptors[0]), f"/proc/self/fd/{descriptors[1]}", json.dumps(told)]
                self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module, no shell
                    [sys.executable, "-P", "-m", module, *arguments],
                    pass_fds=descriptors,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_until_loaded(self) -> int:
        """The number of quads, once loaded. Blocks; may be called again.

        Raises: DatasetUnusable saying why it could not be loaded, and what to do.
        """
        if self._quads is not None:
            return self._quads
        self._control.settimeout(self._start_limit_s)
        said = self._control.recv(8, socket.MSG_WAITALL)
        if said == TROUBLE:
            detail = b"".join(iter(lambda: self._control.recv(FRAME_LIMIT_BYTES), b""))
            raise DatasetUnusable(detail.decode())
        if len(said) < 8:  # noqa: PLR2004
            message = "the dataset could not be loaded: run 'clustergraph build' to make it anew"
            raise DatasetUnusable(message)
        self._quads = int(struct.unpack(">Q", said)[0])
        self._control.settimeout(FORK_LIMIT_S)
        return self._quads

    def fork(self) -> tuple[int, int, socket.socket]:
        """A new worker's process id, its handle and our end of its socket. Blocks for the milliseconds of a fork.

        Raises: ForkFailed if it may go better next time; OSError if the loader has ended, or does nothing any more.
        """
        self._control.sendall(ASK_WORKER)
        data, descriptors, _, _ = socket.recv_fds(self._control, 4, 2)
        if len(data) < 4:  # noqa: PLR2004
            message = "the loader process has ended"
            raise ConnectionError(message)
        if len(descriptors) < 2:  # noqa: PLR2004  # the kernel drops what a process at its limit cannot take
            for one in descriptors:
                os.close(one)
            message = "no file descriptor is free for a new worker"
            raise ForkFailed(message)
        return struct.unpack(">I", data)[0], descriptors[1], socket.socket(fileno=descriptors[0])

    def ending(self, pid: int) -> int | None:
        """How a worker that is gone ended, as a wait status; None where the loader does not know. Blocks for a moment.

        Raises: OSError if the loader has ended.
        """
        self._control.sendall(ASK_ENDING + struct.pack(">I", pid))
        said = self._control.recv(4, socket.MSG_WAITALL)
        if len(said) < 4:  # noqa: PLR2004
            message = "the loader process has ended"
            raise ConnectionError(message)
        status: int = struct.unpack(">i", said)[0]
        return None if status < 0 else status

    def end(self) -> None:
        """Ends the process, and through the kernel its workers."""
        self._process.kill()

    def close(self) -> None:
        """Ends it. Blocks until it is gone."""
        self._control.close()
        self.end()
        self._process.wait()


class Loader(Forks):
    """The process that holds the dataset, as its parent sees it.

    Shape: with a digest, the loader loads nothing but a file of that SHA-256. `name` is that of its store on disk, if
           the dataset is too large for memory.
    """

    def __init__(
        self,
        dataset: Path,
        limits: Limits,
        digest: str = "",
        storage: Storage = Storage(),  # noqa: B008  # a value that never changes
        name: str = "",
    ) -> None:
        self.digest = digest
        store_dir = dataset.absolute().parent.parent / storage.store_dir
        kept = {"digest": digest, "name": digest or name, "memory_quads": storage.memory_quads}
        told = {**limits._asdict(), **kept, "store_dir": str(store_dir)}
        super().__init__("clustergraph.loader", dataset, told, start_limit_s(dataset))
