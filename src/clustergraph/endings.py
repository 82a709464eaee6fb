"""What the sender of a query is told that ended before its answer did, by what ended it. Knows no process itself."""

import json
import os
import signal
from collections.abc import Callable, Mapping
from typing import Final

from clustergraph import errors
from clustergraph.errors import (
    IN_STEPS,
    Busy,
    ClusterGraphError,
    FormatCannotHold,
    NotAcceptable,
    QueryAborted,
    QueryCancelled,
    QueryError,
    QueryTimedOut,
    QueryTooHungry,
)
from clustergraph.runner import Limits

LEFT: Final = "its sender ended it or went away"
READER: Final = "its reader took"
AGAIN_S: Final = 5  # for whoever had to make way: who asks the same at once meets the same


def timed_out(limit_s: float) -> QueryTimedOut:
    """Of a query that was evaluated for too long."""
    return QueryTimedOut(f"stopped after {limit_s:g} s: add a LIMIT, narrow the pattern, {IN_STEPS}")


def crowded_out(ran_s: float) -> Busy:
    """Of a query that ran for long while others waited for a worker.

    >>> crowded_out(0.52).detail
    'stopped after 0.5 s: the server is short of workers and others wait; ask for less, or try again later'
    """
    message = f"stopped after {ran_s:.1f} s: the server is short of workers and others wait"
    return Busy(f"{message}; ask for less, or try again later", retry_after_s=AGAIN_S)


def unread(why: str) -> ClusterGraphError:
    """Of an answer that nobody read, or not in time; `why` is LEFT or says which time was over."""
    return (
        QueryCancelled(f"stopped: {why}")
        if why == LEFT
        else QueryTimedOut(f"stopped: {why}; read it faster, or ask for less")
    )


def died(status: int | None, limits: Limits) -> QueryError:
    """Of a query whose process ended.

    Shape: `status` is what waitpid(2) gave, None where nobody knows it.

    >>> died(None, Limits()).detail
    'stopped: the process that evaluated the query ended unexpectedly; send it again, or ask in smaller steps'
    """
    number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else 0
    return _BY_SIGNAL.get(number, _unknown)(limits)


def _over_memory(limits: Limits) -> QueryError:
    allowed = f"{limits.memory_limit_bytes >> 20:,} MiB"
    return QueryTooHungry(
        f"stopped: evaluation wanted more than the {allowed} of memory that one query may have; ask for less"
    )


def _over_processor_time(limits: Limits) -> QueryError:
    return QueryTooHungry(
        f"stopped: evaluation wanted more than the {limits.cpu_limit_s} s of processor time that one query may have; "
        "ask for less"
    )


def _unknown(_: Limits) -> QueryError:
    return QueryAborted(
        "stopped: the process that evaluated the query ended unexpectedly; send it again, or ask in smaller steps"
    )


_BY_SIGNAL: Final[Mapping[int, Callable[[Limits], QueryError]]] = {
    signal.SIGABRT: _over_memory,  # Rust and C++ abort where memory is refused, which the limit of address space does
    signal.SIGXCPU: _over_processor_time,
}
"""What a signal says of its cause. Not SIGKILL: the kernel sends it where memory ends, but others may send it too."""


def error_of(payload: bytes) -> ClusterGraphError:
    """The error that a worker named, as an exception of ours."""
    said = json.loads(payload)
    kind: type[ClusterGraphError] = getattr(errors, said["error"])
    if issubclass(kind, QueryError):
        return kind(said["detail"], line=said["line"], column=said["column"], hint=said["hint"])
    if issubclass(kind, FormatCannotHold):
        return kind(said["detail"], said["offered"])
    if issubclass(kind, NotAcceptable):
        mended = NotAcceptable("", said["offered"])
        mended.detail = said["detail"]
        return mended
    return ClusterGraphError(said["detail"])
