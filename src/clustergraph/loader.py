"""The process that holds the loaded dataset and forks query workers from it: `python -m clustergraph.loader`.

The parent keeps one end of a control socket. ASK_WORKER asks for one worker, answered with the worker's process id, its
socket and a handle to kill it by; ASK_ENDING and a process id ask how that worker ended. When the parent goes, the
socket closes, this process ends, and the kernel ends its workers.
Knows nothing of HTTP; what a worker says on its socket is defined in `frames`.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from clustergraph import sandbox
from clustergraph.codings import IDENTITY, PIECE_BYTES, WORTHWHILE_BYTES, Compressor, compressed, compressor
from clustergraph.deaths import Deaths
from clustergraph.engine import Engine, load_engine, open_engine
from clustergraph.errors import (
    ClusterGraphError,
    DatasetUnusable,
    FormatCannotHold,
    NotAcceptable,
    QueryAborted,
    QueryError,
    QueryMalformed,
    QueryTooHungry,
    UsageError,
)
from clustergraph.formats import RESULT_FORMATS, Format
from clustergraph.frames import (
    ANSWER,
    ASK_ENDING,
    DATA,
    END,
    ERROR,
    TROUBLE,
    WHOLE,
    header,
    read_frame,
    request_from_bytes,
    write_frame,
)
from clustergraph.runner import STACK_BYTES, QueryRequest
from clustergraph.stores import has_more_quads, served_store

OTHER_FILES: Final = 64  # beside those of a store on disk: sockets, handles, and room to number them


class _FrameWriter:
    """A byte stream into frames: one for a short answer; for a longer one its status, then a frame for each chunk.

    Nothing goes out before there is enough, or all, of the answer, so that trouble until then still has a status.
    """

    def __init__(self, sock: socket.socket, chosen: Format, coding: str, output_limit_bytes: int) -> None:
        self._sock = sock
        self._format = chosen
        self._coding = coding
        self._left = output_limit_bytes
        self._limit = output_limit_bytes
        self._buffer = bytearray()
        self._compressor: Compressor | None = None
        self._begun = False

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            message = f"the answer is longer than {self._limit:,} bytes: add a LIMIT, or ask for less of each entity"
            raise QueryTooHungry(message)
        self._buffer += data
        if len(self._buffer) >= PIECE_BYTES:
            self._send_chunks()
        return len(data)

    def flush(self) -> None:
        """Nothing: the engine flushes where a frame would be too short."""

    def _send_chunks(self) -> None:
        if not self._begun:
            self._sock.sendall(header(ANSWER, 0, self._format, self._coding))
            self._begun = True
            if self._coding != IDENTITY:
                self._compressor = compressor(self._coding)
        # In pieces, however much the engine gave at once: the parent must never hold more than it passes on.
        for start in range(0, len(self._buffer), PIECE_BYTES):
            piece = bytes(self._buffer[start : start + PIECE_BYTES])
            self._send(self._compressor.compress(piece) if self._compressor else piece)
        self._buffer.clear()

    def _send(self, data: bytes) -> None:
        if data:
            write_frame(self._sock, DATA, data)

    def finish(self) -> None:
        """Sends what is left, and that it was all."""
        if self._begun:
            self._send_chunks()
            if self._compressor:
                self._send(self._compressor.flush())
            write_frame(self._sock, END)
            return
        body, coding = bytes(self._buffer), IDENTITY
        if self._coding != IDENTITY and len(body) >= WORTHWHILE_BYTES:
            body, coding = compressed(body, self._coding), self._coding
        self._sock.sendall(header(WHOLE, len(body), self._format, coding) + body)


def _answer(engine: Engine, sock: socket.socket, request: QueryRequest, output_limit_bytes: int) -> None:
    """One query from request to last frame. Every failure becomes an error frame; the worker lives on."""
    try:
        evaluated = engine.evaluate(request)
        writer = _FrameWriter(sock, evaluated.format, request.coding, output_limit_bytes)
        evaluated.write(writer)  # type: ignore[arg-type]  # the engine asks for write() and flush() only
        writer.finish()
    except ClusterGraphError as exc:
        write_frame(sock, ERROR, json.dumps(_error(exc)).encode())
    except MemoryError:
        hungry = QueryTooHungry("stopped: evaluation wanted more memory than one query may have; ask for less")
        write_frame(sock, ERROR, json.dumps(_error(hungry)).encode())
    except (RuntimeError, OSError, ValueError) as exc:
        # The engine's own words may name files or addresses, so only the class of what went wrong goes out.
        failure = QueryAborted("the engine gave up on this query: ask for less, or in smaller steps")
        sandbox.complain(f"worker: {type(exc).__name__}: {exc}")
        write_frame(sock, ERROR, json.dumps(_error(failure)).encode())


def _error(exc: ClusterGraphError) -> dict[str, object]:
    said: dict[str, object] = {"error": type(exc).__name__, "detail": exc.detail}
    if isinstance(exc, QueryError):
        said |= {"line": exc.line, "column": exc.column, "hint": exc.hint}
    if isinstance(exc, NotAcceptable | FormatCannotHold):
        said["offered"] = list(exc.offered)
    return said


class Source(NamedTuple):
    """Where the workers' engines come from.

    Shape: `files` is the number of files of a store on disk, 0 for one in memory.
    """

    open: Callable[[], Any]
    quads: int
    files: int = 0
    confined: bool = True


def harden(source: Source, parent: int, memory_limit_bytes: int) -> Any:
    """What a source opens, once what a query has no need of is gone.

    That is memory without end, new files and sockets, other processes. A store on disk is opened on the way, as its
    threads do not outlive a fork.
    """
    sandbox.die_with_parent(parent)
    with contextlib.suppress(OSError):  # not every container lets a process offer itself to the kernel first
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    with Path("/proc/self/statm").open(encoding="ascii") as sizes:
        engine = source.open()
        pages = int(sizes.read().split()[0])
    limit = pages * resource.getpagesize() + memory_limit_bytes
    files = source.files and source.files + OTHER_FILES  # with none, nothing can be opened any more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if source.confined:
        sandbox.confine(reads_files=source.files > 0)
    return engine


def allow_cpu(cpu_limit_s: int) -> None:
    """Lets this process have so much more processor time."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + cpu_limit_s + 1, resource.RLIM_INFINITY))


def _work(source: Source, sock: socket.socket, parent: int, limits: dict[str, int]) -> None:
    engine = harden(source, parent, limits["memory_limit_bytes"])
    while (frame := read_frame(sock)) is not None:
        allow_cpu(limits["cpu_limit_s"])
        _answer(engine, sock, request_from_bytes(frame[1]), limits["output_limit_bytes"])


def _warm(engine: Engine) -> None:
    # Touches the code paths of an ordinary query once, so that no worker pays for it after its fork.
    with contextlib.suppress(QueryMalformed):
        engine.evaluate(QueryRequest("ASK { ?s ?p ?o }", result_format=RESULT_FORMATS[0]))


def _source(dataset: Path, told: dict[str, Any]) -> Source:
    """The dataset, loaded into memory, or verified on disk where it is too large."""
    missing = sandbox.missing()
    if missing:
        print(f"query workers run without a filter of system calls: {missing}", file=sys.stderr)
    if has_more_quads(dataset, told["memory_quads"]):
        stored = served_store(dataset, told["name"], Path(told["store_dir"]), expected=told["digest"])

        missing_for_files = sandbox.missing_for_files()
        if missing_for_files:
            print(f"query workers may read files beside their store: {missing_for_files}", file=sys.stderr)

        def opened() -> Engine:
            if not missing_for_files:
                sandbox.keep_files(stored.folder)
            return open_engine(stored.folder)

        return Source(opened, stored.quads, files=stored.files, confined=not missing)
    engine = load_engine(dataset, told["digest"])
    _warm(engine)
    return Source(lambda: engine, len(engine), confined=not missing)


def _asked(control: socket.socket, deaths: Deaths) -> bytes:
    """What is asked for; nothing, once the parent has gone, however it went. Buries workers until then."""
    deaths.bury_until(control)
    try:
        return control.recv(1)
    except ConnectionResetError:
        return b""


def serve_forks(count: int, control: socket.socket, work: Callable[[socket.socket, int], None]) -> None:
    """Says how much was loaded, then forks a process for each that is asked for, until the other side closes.

    Shape: `work` is given the socket of the new process, and our own process id.
    """
    deaths = Deaths()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is the parent's affair
    control.sendall(struct.pack(">Q", count))
    parent = os.getpid()
    while asked := _asked(control, deaths):
        if asked == ASK_ENDING:
            (pid,) = struct.unpack(">I", control.recv(4, socket.MSG_WAITALL))
            control.sendall(struct.pack(">i", deaths.status_of(pid)))
            continue
        try:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                pid = os.fork()
                if pid == 0:
                    deaths.close()
                    ours.close()
                    control.close()
                    _end_after(work, theirs, parent)
                socket.send_fds(control, [struct.pack(">I", pid)], [ours.fileno(), deaths.watch(pid)])
        except OSError:  # no process, memory or descriptor is free just now: said by sending no worker
            with contextlib.suppress(OSError):  # or the parent has gone
                socket.send_fds(control, [struct.pack(">I", 0)], [])


def _end_after(work: Callable[[socket.socket, int], None], sock: socket.socket, parent: int) -> NoReturn:
    """The life of a worker, whatever comes."""
    status = 1
    try:
        work(sock, parent)
        status = 0
    finally:
        os._exit(status)


def main(arguments: list[str]) -> None:
    """Loads the dataset and serves forks until the control socket closes."""
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
    if resource.getrlimit(resource.RLIMIT_STACK)[0] != wanted:  # `serve` sees to it, others may not
        # The size of the main stack is fixed when a program starts, so start again with a larger one.
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
        os.execv(sys.executable, [sys.executable, "-P", "-m", "clustergraph.loader", *arguments])  # noqa: S606  # no shell
    descriptor, dataset, told = int(arguments[0]), Path(arguments[1]), json.loads(arguments[2])
    control = socket.socket(fileno=descriptor)
    try:
        source = _source(dataset, told)
    except DatasetUnusable:  # said by the parent, which knows what it asked for
        sys.exit(1)
    except UsageError as exc:  # said by the parent too, but known here alone
        control.sendall(TROUBLE + exc.detail.encode())
        sys.exit(1)
    os.close(int(dataset.name))  # no worker has any use for the file
    gc.collect()
    gc.freeze()  # collections in a worker would touch, and so copy, the pages that all workers share
    serve_forks(source.quads, control, lambda sock, parent: _work(source, sock, parent, told))


if __name__ == "__main__":
    main(sys.argv[1:])
