"""How child processes ended, remembered until somebody asks."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from clustergraph import deaths
from clustergraph.deaths import Deaths

STATUSES = """
import os, signal
from clustergraph import deaths
deaths.WAIT_S = 60.0
deaths.KEPT = 2
dead = deaths.Deaths()
signal.signal(signal.SIGCHLD, dead.bury)
pids = []
for number in (signal.SIGABRT, signal.SIGKILL, 0):
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), number) if number else None
        os._exit(3)
    pids.append(pid)
    if number:
        while pid not in dead._statuses:
            signal.sigtimedwait([], 0.001)
told = [dead.status_of(pids[2])]
deaths.WAIT_S = 0.0
print(told + [dead.status_of(pid) for pid in (pids[1], pids[0], pids[1])])
"""


def test_the_last_ends_are_remembered_and_told_once() -> None:
    done = subprocess.run([sys.executable, "-c", STATUSES], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout == f"{[3 << 8, int(signal.SIGKILL), -1, -1]}\n"


@pytest.fixture
def alive() -> Iterator[int]:
    """A child that goes on until the test is over."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate(b"\n")


def test_a_process_that_lives_or_is_none_of_ours_has_no_end(monkeypatch: pytest.MonkeyPatch, alive: int) -> None:
    monkeypatch.setattr(deaths, "WAIT_S", 0.0)

    assert [Deaths().status_of(pid) for pid in (alive, os.getppid())] == [-1, -1]
