"""One line of JSON for each query, written by a thread of its own. Holds nobody's address and, unless asked, no text.

Source: RFC 8259 for the lines; RFC 3339 for the times.
"""

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self

from clustergraph.errors import UsageError

STDERR: Final = "-"
TEXT_CHARACTERS: Final = 2_048  # of a query, where its text is logged at all
RECORD_LIMIT: Final = 20_000  # waiting to be written; one more is dropped
TEXT_LIMIT_BYTES: Final = 32 << 20  # of the texts of those that wait
FLUSH_S: Final = 0.25  # between two times that the thread writes
_CLOSE_S: Final = 2.0  # for the thread to end; a disk that hangs does not hold up the server
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_STDERR_HANDLE: Final = 2
_DIGITS: Final = 16  # of a digest: enough to tell texts apart

_encoded: Final = json.JSONEncoder(separators=(",", ":")).encode
_logger: Final = logging.getLogger("clustergraph.web")


class Record(NamedTuple):
    """What is known of a query when it has ended.

    Shape: `phases` maps the names in metrics.PHASES to seconds; `sent_bytes` counts the body of the answer.
    """

    query: str
    form: str | None
    format_name: str | None
    status: int
    outcome: str
    phases: Mapping[str, float]
    sent_bytes: int
    cached: bool
    dataset: str


class QueryLog:
    """A file, or standard error, that queries are appended to. `write` never waits, whatever becomes of the file.

    Shape: `lines` counts what was `written`, what was `dropped` as too much waited, and what `failed` to be written.
    Raises: UsageError if the file cannot be opened when the server starts.
    """

    def __init__(self, target: str, *, with_text: bool = False) -> None:
        self._target = target
        self._with_text = with_text
        self._waiting: deque[tuple[float, Record]] = deque()
        self._text_in, self._text_out = 0, 0  # one is written by the loop only, the other by the thread only
        self._handle = -1
        self._torn = False
        self._failing = False
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.lines = {"written": 0, "dropped": 0, "failed": 0}
        if target:
            try:
                self._open()
            except OSError as exc:
                message = f"cannot write to '{target}': {exc.strerror}; choose another file with --query-log"
                raise UsageError(message) from exc

    def __enter__(self) -> Self:
        self._stop.clear()
        if self._target:
            self._thread = threading.Thread(target=self._run, name="query-log", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)
            self._thread = None

    @property
    def is_on(self) -> bool:
        """Whether there is anything to write to."""
        return bool(self._target)

    @property
    def counts(self) -> Mapping[tuple[str, ...], float]:
        """The lines by what became of them."""
        return {(name,): number for name, number in self.lines.items()}

    def write(self, record: Record) -> None:
        """Hands over a record to be written soon, or drops it where too much waits already."""
        if not self._target:
            return
        size = len(record.query)
        if len(self._waiting) >= RECORD_LIMIT or self._text_in - self._text_out + size > TEXT_LIMIT_BYTES:
            self.lines["dropped"] += 1
            return
        self._text_in += size
        self._waiting.append((time.time(), record))

    def flush(self) -> None:
        """Writes what waits. Blocks; the thread calls it, and tests."""
        with self._writing:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), 1_000))]
                self._text_out += sum(len(record.query) for _, record in batch)
                self._append("".join(self._line(at_s, record) for at_s, record in batch).encode("ascii"), len(batch))

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_S):
            self.flush()
        self.flush()
        self._close()

    def _line(self, at_s: float, record: Record) -> str:
        text = record.query.encode("utf-8", "surrogatepass")
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "query": hashlib.sha256(text).hexdigest()[:_DIGITS],
            "query_bytes": len(text),
            "form": record.form,
            "format": record.format_name,
            "status": record.status,
            "outcome": record.outcome,
            **{f"{name}_ms": round(seconds * 1000, 3) for name, seconds in record.phases.items()},
            "bytes": record.sent_bytes,
            "cached": record.cached,
            "dataset": record.dataset[:_DIGITS],
        }
        if self._with_text:
            told["text"] = record.query[:TEXT_CHARACTERS]
        # ASCII only: no control character, no bidirectional mark and no half of a character reaches a terminal.
        return _encoded(told) + "\n"

    def _open(self) -> None:
        self._handle = _STDERR_HANDLE if self._target == STDERR else os.open(self._target, _FLAGS, 0o640)
        self._torn = False

    def _close(self) -> None:
        if self._handle > _STDERR_HANDLE:
            os.close(self._handle)
        self._handle = -1

    def _append(self, lines: bytes, count: int) -> None:
        """Adds lines to the file, or counts them as failed. A line cut by a full disk is ended before the next one."""
        left = lines
        try:
            self._follow()
            left = b"\n" + lines if self._torn else lines
            while left:
                size = os.write(self._handle, left)
                self._torn = left[size - 1 : size] != b"\n"
                left = left[size:]
        except OSError as exc:
            failed = min(count, left.count(b"\n"))
            self.lines["failed"] += failed
            self.lines["written"] += count - failed
            if not self._failing:  # said once for each time of trouble, not for each line
                _logger.warning("the query log cannot be written: %s", exc.strerror)
            self._failing = True
        else:
            self.lines["written"] += count
            self._failing = False

    def _follow(self) -> None:
        """Opens the file anew where it was moved away or removed, as rotation does."""
        if self._target == STDERR and self._handle >= 0:
            return
        if self._handle >= 0:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(self._target), os.fstat(self._handle)):  # noqa: PTH116  # beside fstat
                    return
            self._close()
        self._open()
