"""The log of a server: whole where it is read, and waited for by nobody where it is not."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LIVENESS_S: Final = 20.0

_LOGGING: Final = """
import logging, sys
from clustergraph.cli.logs import LINES, logging_beside
with logging_beside():
    for number in range(int(sys.argv[1])):
        logging.warning("line %d %s", number, "x" * 500)
    print("went on", LINES, flush=True)
    sys.stdin.readline()
    logging.warning("the last line")
"""


@contextmanager
def started(lines: int) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", _LOGGING, str(lines)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        ending = threading.Timer(LIVENESS_S, process.kill)
        ending.start()
        yield process
        ending.cancel()


def test_every_line_is_written_in_its_order() -> None:
    with started(100) as process:
        _, log = process.communicate("\n", timeout=LIVENESS_S)

    expected = [f"clustergraph: line {number} {'x' * 500}" for number in range(100)]
    assert log.splitlines() == [*expected, "clustergraph: the last line"]


def test_a_log_that_nobody_reads_holds_up_nothing_and_says_later_what_it_lost() -> None:
    with started(5_000) as process:
        assert process.stdout is not None
        went_on = process.stdout.readline().split()
        _, log = process.communicate("\n", timeout=LIVENESS_S)  # reads from now on

    lines = log.splitlines()
    lost = [line for line in lines if line.endswith("lines of this log were lost here")]
    written = [line for line in lines if " line " in line and line not in lost]
    assert went_on[:2] == ["went", "on"]
    assert int(went_on[2]) <= len(written) < 2 * int(went_on[2])
    last = "clustergraph: the last line" in lines  # or among the lost, where the reader was slower
    assert sum(int(line.split()[1]) for line in lost) == 5_001 - len(written) - last


def test_a_server_ends_though_nobody_reads_its_log() -> None:
    with started(5_000) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdin.write("\n")
        process.stdin.flush()
        status = process.wait(LIVENESS_S)

    assert status == 0
