"""One query worker and the loader it is forked from, as the process that speaks HTTP sees them."""

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from clustergraph.errors import DatasetUnusable
from clustergraph.frames import ASK, FRAME_LIMIT_BYTES, HEADER
from clustergraph.runner import Limits, Storage

START_LIMIT_S: Final = 120.0  # to load a dataset of no size; a slow disk or a busy machine may take so long
LOADED_BYTES_PER_S: Final = 1 << 20  # a tenth of what one core loads, into memory or into a store on disk


class ForkFailed(Exception):
    """A worker could not be had this time, though the loader lives."""


def start_limit_s(dataset: Path) -> float:
    """How long a dataset may take to load before something is wrong."""
    return START_LIMIT_S + (dataset.stat().st_size if dataset.is_file() else 0) / LOADED_BYTES_PER_S


class Worker:
    """One forked process and the streams to it."""

    def __init__(self, pid: int, handle: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._handle = handle
        self._reader = reader
        self._writer = writer

    async def send(self, payload: bytes) -> None:
        """Hands over one request."""
        self._writer.write(HEADER.pack(ASK, len(payload)) + payload)
        await self._writer.drain()

    async def frame(self) -> tuple[bytes, bytes]:
        """The next frame.

        Raises: asyncio.IncompleteReadError or ConnectionError once the process is dead.
        """
        kind, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        if length > FRAME_LIMIT_BYTES:
            message = f"a frame of {length:,} bytes"
            raise ConnectionError(message)
        return kind, await self._reader.readexactly(length)

    def is_alive(self) -> bool:
        """Whether the process has not ended: its handle becomes readable when it does."""
        watch = select.poll()
        watch.register(self._handle, select.POLLIN)
        return not watch.poll(0)

    def kill(self) -> None:
        """Ends the process if it still lives. May be called again."""
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            os.close(self._handle)
            self._handle = -1
            self._writer.close()


class Loader:
    """The process that holds the dataset, as its parent sees it."""

    def __init__(self, dataset: Path, digest: str, limits: Limits, storage: Storage) -> None:
        self._start_limit_s = start_limit_s(dataset)
        self._control, theirs = socket.socketpair()
        with theirs:
            descriptor = str(theirs.fileno())
            store_dir = dataset.absolute().parent.parent / storage.store_dir
            kept = {"digest": digest, "memory_quads": storage.memory_quads, "store_dir": str(store_dir)}
            told = json.dumps(limits._asdict() | kept)
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module, no shell
                [sys.executable, "-P", "-m", "clustergraph.loader", descriptor, str(dataset), told],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def wait_until_loaded(self) -> int:
        """The number of quads, once loaded. Blocks."""
        self._control.settimeout(self._start_limit_s)
        said = self._control.recv(8, socket.MSG_WAITALL)
        if len(said) < 8:  # noqa: PLR2004
            message = "the dataset could not be loaded: run 'clustergraph build' to make it anew"
            raise DatasetUnusable(message)
        return int(struct.unpack(">Q", said)[0])

    def fork(self) -> tuple[int, int, socket.socket]:
        """A new worker's process id, its handle and our end of its socket. Blocks for the milliseconds of a fork.

        Raises: ForkFailed if it may go better next time; OSError if the loader has ended.
        """
        self._control.sendall(b"w")
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

    def close(self) -> None:
        """Ends the process, and through the kernel its workers. Blocks until it is gone."""
        self._control.close()
        self._process.kill()
        self._process.wait()
