"""The log of a server: lines on standard error that nobody waits for.

A pipe that is not read blocks whoever writes to it. Here that is a thread of its own; what does not fit meanwhile is
counted, and the count is told once there is room again.
"""

import logging
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

LINES: Final = 1_000  # that wait to be written
_LAST_S: Final = 1.0  # for what waits when the server ends


class _Lines(logging.Handler):
    """Hands formatted records to who writes them. Loses those that find no room."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("clustergraph: %(message)s"))
        self.waiting: queue.Queue[bytes | None] = queue.Queue(LINES)
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.waiting.put_nowait(f"{self.format(record)}\n".encode(errors="replace"))
        except queue.Full:
            self._lost += 1  # the caller has the lock

    def write(self) -> None:
        """Writes line after line until there is a None."""
        while (line := self.waiting.get()) is not None:
            _write(line)
            if self.waiting.empty():
                self._tell_lost()
        self._tell_lost()

    def _tell_lost(self) -> None:
        self.acquire()
        lost, self._lost = self._lost, 0
        self.release()
        if lost:
            _write(f"clustergraph: {lost} lines of this log were lost here\n".encode())


def _write(line: bytes) -> None:
    with suppress(OSError):  # it is closed, or may not grow
        while line:
            line = line[os.write(2, line) :]


@contextmanager
def logging_beside() -> Iterator[None]:
    """Everything that is logged within goes to standard error, and nothing waits for it."""
    lines, root = _Lines(), logging.getLogger()
    writer = threading.Thread(target=lines.write, name="log", daemon=True)
    writer.start()
    root.addHandler(lines)
    try:
        yield
    finally:
        root.removeHandler(lines)
        with suppress(queue.Full):
            lines.waiting.put(None, timeout=_LAST_S)
        writer.join(_LAST_S)
