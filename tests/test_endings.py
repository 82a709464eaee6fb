"""What the sender of a query is told that ended before its answer did."""

import signal

import pytest

from clustergraph.endings import LEFT, died, timed_out, unread
from clustergraph.errors import ClusterGraphError, QueryAborted, QueryCancelled, QueryTimedOut, QueryTooHungry
from clustergraph.runner import Limits

LIMITS = Limits(memory_limit_bytes=256 << 20, cpu_limit_s=7)
UNEXPECTED = "stopped: the process that evaluated the query ended unexpectedly; send it again, or ask in smaller steps"
HUNGRY = "stopped: evaluation wanted more than the {} that one query may have; ask for less"
ENDS = [
    pytest.param(signal.SIGABRT, QueryTooHungry, HUNGRY.format("256 MiB of memory"), id="memory was refused"),
    pytest.param(signal.SIGXCPU, QueryTooHungry, HUNGRY.format("7 s of processor time"), id="processor time is over"),
    pytest.param(signal.SIGKILL, QueryAborted, UNEXPECTED, id="killed by whom"),
    pytest.param(signal.SIGSEGV, QueryAborted, UNEXPECTED, id="a fault of the engine"),
    pytest.param(signal.SIGABRT | 0x80, QueryTooHungry, HUNGRY.format("256 MiB of memory"), id="with a core"),
    pytest.param(1 << 8, QueryAborted, UNEXPECTED, id="an exit with 1"),
    pytest.param(signal.SIGABRT << 8, QueryAborted, UNEXPECTED, id="an exit with the number of a signal"),
    pytest.param(0, QueryAborted, UNEXPECTED, id="an exit with 0"),
    pytest.param(None, QueryAborted, UNEXPECTED, id="unknown"),
]


@pytest.mark.parametrize(("status", "kind", "detail"), ENDS)
def test_memory_is_named_where_it_was_refused_and_nowhere_else(
    status: int | None, kind: type[ClusterGraphError], detail: str
) -> None:
    error = died(status, LIMITS)

    assert (type(error), error.detail) == (kind, detail)


def test_a_deadline_and_a_reader_are_told_apart() -> None:
    told = [timed_out(2.5), unread(LEFT), unread("its reader took nothing for 30 s")]

    assert [(type(one), one.detail) for one in told] == [
        (
            QueryTimedOut,
            "stopped after 2.5 s: add a LIMIT, narrow the pattern, "
            "ask for less at a time, or run `clustergraph query` on a clone of the repository",
        ),
        (QueryCancelled, "stopped: its sender ended it or went away"),
        (QueryTimedOut, "stopped: its reader took nothing for 30 s; read it faster, or ask for less"),
    ]
