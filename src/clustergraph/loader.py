"""The process that holds the loaded dataset and forks query workers from it: `python -m clustergraph.loader`.

The parent keeps one end of a control socket. Each byte it sends asks for one worker, answered with the worker's process
id, its socket and a handle to kill it by. When the parent goes, the socket closes, this process ends, and the kernel
ends its workers.
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
from typing import Any, Final, NamedTuple

from clustergraph import sandbox
from clustergraph.engine import Engine, load_engine, open_engine
from clustergraph.errors import ClusterGraphError, NotAcceptable, QueryError, QueryMalformed, QueryTooHungry
from clustergraph.formats import RESULT_FORMATS
from clustergraph.frames import ANSWER, DATA, END, ERROR, read_frame, request_from_json, write_frame
from clustergraph.runner import QueryRequest
from clustergraph.stores import has_more_quads, open_stored

STACK_BYTES: Final = 512 << 20  # 50,000 nested groups pass the engine's recursive parser; 8 MiB ends at 2,000
CHUNK_BYTES: Final = 1 << 16
OTHER_FILES: Final = 64  # beside those of a store on disk: sockets, handles, and room to number them


class _FrameWriter:
    """A byte stream into data frames. Holds the first one back until there is enough, or all, of the answer."""

    def __init__(self, sock: socket.socket, format_name: str, output_limit_bytes: int) -> None:
        self._sock = sock
        self._format_name = format_name
        self._left = output_limit_bytes
        self._limit = output_limit_bytes
        self._buffer = bytearray()
        self._begun = False

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            message = f"the answer is longer than {self._limit:,} bytes: add a LIMIT, or ask for less of each entity"
            raise QueryTooHungry(message)
        self._buffer += data
        if len(self._buffer) >= CHUNK_BYTES:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if not self._begun:
            write_frame(self._sock, ANSWER, self._format_name.encode())
            self._begun = True
        # In pieces, however much the engine gave at once: the parent must never hold more than it passes on.
        for start in range(0, len(self._buffer), CHUNK_BYTES):
            write_frame(self._sock, DATA, bytes(self._buffer[start : start + CHUNK_BYTES]))
        self._buffer.clear()


def _answer(engine: Engine, sock: socket.socket, request: QueryRequest, output_limit_bytes: int) -> None:
    """One query from request to last frame. Every failure becomes an error frame; the worker lives on."""
    try:
        evaluated = engine.evaluate(request)
        writer = _FrameWriter(sock, evaluated.format.name, output_limit_bytes)
        evaluated.write(writer)  # type: ignore[arg-type]  # the engine asks for write() and flush() only
        writer.flush()
    except ClusterGraphError as exc:
        write_frame(sock, ERROR, json.dumps(_error(exc)).encode())
    except (RuntimeError, OSError, ValueError, MemoryError) as exc:
        # The engine's own words may name files or addresses, so only the class of what went wrong goes out.
        failure = QueryTooHungry("the engine gave up on this query: ask for less, or in smaller steps")
        print(f"worker: {type(exc).__name__}: {exc}"[:500], file=sys.stderr)
        write_frame(sock, ERROR, json.dumps(_error(failure)).encode())
    else:
        write_frame(sock, END, b"")


def _error(exc: ClusterGraphError) -> dict[str, object]:
    said: dict[str, object] = {"error": type(exc).__name__, "detail": exc.detail}
    if isinstance(exc, QueryError):
        said |= {"line": exc.line, "column": exc.column, "hint": exc.hint}
    if isinstance(exc, NotAcceptable):
        said["offered"] = list(exc.offered)
    return said


class _Source(NamedTuple):
    """Where the workers' engines come from.

    Shape: `files` is the number of files of a store on disk, 0 for one in memory.
    """

    open: Callable[[], Engine]
    quads: int
    files: int = 0
    confined: bool = True


def _harden(source: _Source, parent: int, memory_limit_bytes: int) -> Engine:
    """The engine, once what a query has no need of is gone: memory without end, new files and sockets, other processes.

    A store on disk is opened on the way, as its threads do not outlive a fork.
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


def _allow_cpu(cpu_limit_s: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + cpu_limit_s + 1, resource.RLIM_INFINITY))


def _work(source: _Source, sock: socket.socket, parent: int, limits: dict[str, int]) -> None:
    engine = _harden(source, parent, limits["memory_limit_bytes"])
    while (frame := read_frame(sock)) is not None:
        _allow_cpu(limits["cpu_limit_s"])
        _answer(engine, sock, request_from_json(frame[1]), limits["output_limit_bytes"])


def _warm(engine: Engine) -> None:
    # Touches the code paths of an ordinary query once, so that no worker pays for it after its fork.
    with contextlib.suppress(QueryMalformed):
        engine.evaluate(QueryRequest("ASK { ?s ?p ?o }", result_format=RESULT_FORMATS[0]))


def _source(dataset: Path, told: dict[str, Any]) -> _Source:
    """The dataset, loaded into memory, or verified on disk where it is too large."""
    missing = sandbox.missing()
    if missing:
        print(f"query workers run without a filter of system calls: {missing}", file=sys.stderr)
    if has_more_quads(dataset, told["memory_quads"]):
        stored = open_stored(dataset, told["digest"], Path(told["store_dir"]))

        def opened() -> Engine:
            sandbox.keep_files(stored.folder)
            return open_engine(stored.folder)

        return _Source(opened, stored.quads, files=stored.files, confined=not missing)
    engine = load_engine(dataset)
    _warm(engine)
    return _Source(lambda: engine, len(engine), confined=not missing)


def _serve(source: _Source, control: socket.socket, limits: dict[str, int]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries our workers; nobody waits for them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is the parent's affair
    control.sendall(struct.pack(">Q", source.quads))
    parent = os.getpid()
    while control.recv(1):
        ours, theirs = socket.socketpair()
        try:
            pid = os.fork()
        except OSError:  # no process or memory is free just now: said by sending no worker
            ours.close()
            theirs.close()
            socket.send_fds(control, [struct.pack(">I", 0)], [])
            continue
        if pid == 0:
            ours.close()
            control.close()
            status = 1
            try:
                _work(source, theirs, parent, limits)
                status = 0
            finally:
                os._exit(status)
        theirs.close()
        handle = os.pidfd_open(pid)  # a number may be given to another process once ours is dead; a handle may not
        socket.send_fds(control, [struct.pack(">I", pid)], [ours.fileno(), handle])
        ours.close()
        os.close(handle)


def main(arguments: list[str]) -> None:
    """Loads the dataset and serves forks until the control socket closes."""
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
    if resource.getrlimit(resource.RLIMIT_STACK)[0] != wanted:
        # The size of the main stack is fixed when a program starts, so start again with a larger one.
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
        os.execv(sys.executable, [sys.executable, "-P", "-m", "clustergraph.loader", *arguments])  # noqa: S606  # no shell
    descriptor, dataset, told = int(arguments[0]), Path(arguments[1]), json.loads(arguments[2])
    control = socket.socket(fileno=descriptor)
    source = _source(dataset, told)
    gc.collect()
    gc.freeze()  # collections in a worker would touch, and so copy, the pages that all workers share
    _serve(source, control, told)


if __name__ == "__main__":
    main(sys.argv[1:])
