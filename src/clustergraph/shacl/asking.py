"""The queries of shapes, asked in a process of their own: it reaches no file and no network, and is ended in time.

Whoever contributes a shape contributes its queries, and no guard knows beforehand how long one takes. The process is
forked when the first query is there to be asked, and has the data by then. A process that is confined itself, and may
fork no other, asks them in place.
"""

import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from clustergraph import sandbox
from clustergraph.reading.parsed import Literal, Term
from clustergraph.shacl.faults import NOT_CANONICAL, QUERY_REFUSED, TIMED_OUT, TOO_LARGE
from clustergraph.shacl.store import Parts, QueryStore

_LOAD_LIMIT_S: Final = 600.0  # thirty times what a million triples take; no query can make it longer
_MEMORY_LIMIT_BYTES: Final = 2 << 30  # above what the process has when it is forked
_ANSWER_LIMIT_BYTES: Final = 200_000_000
_LEAST_S: Final = 0.001  # no time at all would mean to wait for ever
_LENGTH: Final = struct.Struct(">Q")
_PIECE_BYTES: Final = 1 << 20


class Unanswered(Exception):
    """A query without an answer. Shape: `code` and `values` are those of a fault of the shape that holds it."""

    def __init__(self, code: str, *values: str) -> None:
        super().__init__(code, *values)
        self.code = code
        self.values = values


@dataclass
class QueryTime:
    """How long the queries of shapes may take together, in seconds; and all that shapes ask in SHACL Core.

    Shape: `left_s` and `left_core_s` are what the earlier ones left. `in_place` has queries asked in this very process,
           which nothing but its own end can stop then: for one that is confined and will be ended in time.
    """

    limit_s: float = 10.0
    in_place: bool = field(default=False, kw_only=True)
    core_limit_s: float = field(default=30.0, kw_only=True)

    def __post_init__(self) -> None:
        self.left_s = self.limit_s
        self.left_core_s = self.core_limit_s


class QueryProcess:
    """The process that answers the queries of a store. To be closed."""

    def __init__(self, store: QueryStore, left: QueryTime) -> None:
        self._store = store
        self._time = left
        self._socket: socket.socket | None = None
        self._pid = 0
        self._is_loaded = False
        self._is_first = True
        self._without: dict[Parts, Unanswered] = {}

    def select(self, query: Parts, bound: Mapping[str, Term]) -> list[dict[str, Term]]:
        """The rows of a SELECT in which some variables are bound from the start.

        Raises: Unanswered.
        """
        names, rows = self._asked("select", query, bound)
        return [{name: _read(term) for name, term in zip(names, row, strict=True) if term is not None} for row in rows]

    def ask(self, query: Parts, bound: Mapping[str, Term]) -> bool:
        """The answer to an ASK in which some variables are bound from the start.

        Raises: Unanswered.
        """
        return bool(self._asked("ask", query, bound))

    def require_readable(self, query: Parts, bound: Mapping[str, Term]) -> None:
        """Nothing, if the engine can read the query.

        Raises: Unanswered if not.
        """
        self._asked("read", query, bound)

    def close(self) -> None:
        """Ends the process, if there is one."""
        if self._socket is None:
            return
        self._socket.close()
        self._socket = None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _asked(self, kind: str, query: Parts, bound: Mapping[str, Term]) -> Any:
        for term in bound.values():
            if isinstance(term, Literal) and not self._store.is_kept(term):
                raise Unanswered(NOT_CANONICAL, term.lexical)
        if query in self._without:
            raise self._without[query]
        try:
            return self._answer(kind, query, bound)
        except Unanswered as exc:
            self._without[query] = exc
            raise

    def _answer(self, kind: str, query: Parts, bound: Mapping[str, Term]) -> Any:
        if self._time.in_place:
            return self._timed(kind, query, bound)
        if self._socket is None:
            self._fork()
        if kind != "read" and not self._is_loaded:
            if self._is_first:
                self._said("load", (), {}, _LOAD_LIMIT_S)
            else:  # a query ended the process that had loaded: loading again is at the cost of queries
                self._timed("load", (), {})
            self._is_loaded, self._is_first = True, False
        return self._timed(kind, query, bound)

    def _timed(self, kind: str, query: Parts, bound: Mapping[str, Term]) -> Any:
        before = time.monotonic()
        try:
            say = self._said_in_place if self._time.in_place else self._said
            return say(kind, query, bound, self._time.left_s)
        finally:
            self._time.left_s -= time.monotonic() - before

    def _said(self, kind: str, query: Parts, bound: Mapping[str, Term], limit_s: float) -> Any:
        assert self._socket is not None  # noqa: S101  # it was forked
        try:
            self._socket.settimeout(max(limit_s, _LEAST_S))
            _send(self._socket, [kind, query, bound])
            said = _receive(self._socket, time.monotonic() + limit_s)
        except TimeoutError as exc:
            self.close()
            raise Unanswered(TIMED_OUT, f"{self._time.limit_s:g}") from exc
        except OSError:  # what it was asked ended it before it could read the rest
            said = None
        if said is None:
            self.close()
            raise Unanswered(TOO_LARGE)
        return _unless_fault(*json.loads(said))

    def _said_in_place(self, kind: str, query: Parts, bound: Mapping[str, Term], limit_s: float) -> Any:
        if limit_s <= 0:
            raise Unanswered(TIMED_OUT, f"{self._time.limit_s:g}")
        return _unless_fault(*_answered(self._store, kind, query, dict(bound)))

    def _fork(self) -> None:
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _confine(theirs.fileno(), parent)
                _serve(self._store, theirs)
            finally:
                os._exit(1)
        theirs.close()
        self._socket, self._is_loaded = ours, False


def _unless_fault(code: str, answer: Any) -> Any:
    if code:
        raise Unanswered(code, *answer)
    return answer


def _read(term: Any) -> Term:
    return term if isinstance(term, str) else Literal(*term)


def _confine(kept: int, parent: int) -> None:
    """Leaves to this process one descriptor, its memory, and the time that its queries may take."""
    sandbox.die_with_parent(parent)
    nothing = os.open(os.devnull, os.O_RDWR)
    for one in (0, 1, 2):
        os.dup2(nothing, one)
    os.closerange(3, kept)
    os.closerange(kept + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # not a path of anybody's
        held = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + _MEMORY_LIMIT_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    gc.disable()  # it would only copy the pages that are shared with the parent
    if sandbox.missing() is None:
        sandbox.confine()


def _serve(store: QueryStore, asked: socket.socket) -> NoReturn:
    """Answers until nobody is there to ask."""
    waiting = select.poll()
    waiting.register(asked, select.POLLIN)
    if not waiting.poll(0):
        store.load()
    while (said := _receive(asked)) is not None:
        kind, query, bound = json.loads(said)
        _send(asked, _answered(store, kind, tuple(query), {name: _read(term) for name, term in bound.items()}))
    os._exit(0)


def _answered(store: QueryStore, kind: str, query: Parts, bound: dict[str, Term]) -> list[Any]:
    """The code of a fault, empty if there is none, and an answer, or the values of the fault."""
    try:
        if kind == "select":
            return ["", store.select(query, bound)]
        if kind == "ask":
            return ["", store.ask(query, bound)]
        if kind == "read":
            store.require_readable(query, bound)
        else:
            store.load()
    except MemoryError:
        return [TOO_LARGE, []]
    except (SyntaxError, RuntimeError, ValueError, OSError) as exc:
        return [QUERY_REFUSED, [str(exc)]]
    return ["", None]


def _send(to: socket.socket, said: Any) -> None:
    data = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > _ANSWER_LIMIT_BYTES:
        data = json.dumps([TOO_LARGE, []]).encode()
    to.sendall(_LENGTH.pack(len(data)) + data)


def _receive(of: socket.socket, until: float | None = None) -> bytes | None:
    """The next message, None if the other side is gone. Raises: TimeoutError."""
    data, length = bytearray(), None
    while length is None or len(data) < length:
        if until is not None:
            of.settimeout(max(until - time.monotonic(), _LEAST_S))
        piece = of.recv(_PIECE_BYTES)
        if not piece:
            return None
        data += piece
        if length is None and len(data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data)
            del data[: _LENGTH.size]
            if length > _ANSWER_LIMIT_BYTES:
                return None
    return bytes(data)
