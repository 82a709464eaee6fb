"""How child processes ended, remembered until somebody asks."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clustergraph import deaths
from clustergraph.deaths import Deaths


def ending(number: int) -> int:
    """The process id of a child that ends by a signal, or with status 3 where the number is 0."""
    program = f"import os; os.kill(os.getpid(), {number}) if {number} else os._exit(3)"
    return os.posix_spawn(sys.executable, [sys.executable, "-S", "-c", program], os.environ)


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_the_last_ends_are_remembered_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "WAIT_S", 60.0)
    monkeypatch.setattr(deaths, "KEPT", 2)
    dead = Deaths()
    pids = [ending(number) for number in (signal.SIGABRT, signal.SIGKILL, 0)]
    for pid in pids:
        dead.watch(pid)
        dead._ready(list(dead._children), 60.0)

    assert [dead.status_of(pid) for pid in (pids[2], pids[1], pids[0], pids[1])] == [3 << 8, signal.SIGKILL, -1, -1]


def test_a_child_is_buried_while_nobody_asks_and_waiting_ends_with_the_first_word() -> None:
    ours, theirs = socket.socketpair()
    dead = Deaths()
    pid = ending(0)
    dead.watch(pid)
    waiting = threading.Thread(target=dead.bury_until, args=(ours,))
    waiting.start()
    end_s = time.monotonic() + 60
    while not is_gone(pid) and time.monotonic() < end_s:
        time.sleep(0.001)

    meanwhile = is_gone(pid), waiting.is_alive()
    theirs.close()
    waiting.join(60)
    ours.close()

    assert (*meanwhile, waiting.is_alive()) == (True, True, False)


@pytest.fixture
def alive() -> Iterator[int]:
    """A child that goes on until the test is over."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate(b"\n")


def test_a_process_that_lives_or_is_none_of_ours_has_no_end(monkeypatch: pytest.MonkeyPatch, alive: int) -> None:
    monkeypatch.setattr(deaths, "WAIT_S", 0.0)
    dead = Deaths()
    dead.watch(alive)

    assert [dead.status_of(pid) for pid in (alive, os.getppid())] == [-1, -1]
    dead.close()


def test_a_child_that_no_handle_can_be_had_of_is_ended_and_buried() -> None:
    process_id = os.posix_spawn(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"], os.environ)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            Deaths().watch(process_id)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert is_gone(process_id)
