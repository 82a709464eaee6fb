"""The whole corpus against one server that lives: what comes back, and what is left of the server."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hostile.canary import Canary, listening
from hostile.case import message
from hostile.corpus import THREATS, corpus
from hostile.driver import GOOD, Run, exchanged, run
from hostile.live import Server, Snapshot, serving
from hostile.wire import exchange

pytestmark = pytest.mark.slow

GROWTH_LIMIT_BYTES = 150 << 20  # pages and buffers of several large answers at once; a leak per request would be more


class Ordeal(NamedTuple):
    """A server, what was done to it, and what it held before and after."""

    server: Server
    result: Run
    canary: Canary
    before: Snapshot
    after: Snapshot


@pytest.fixture(scope="module")
def ordeal(real_dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ordeal]:
    with serving(real_dist, tmp_path_factory.mktemp("hostile")) as server, listening() as canary:
        # What judges files is started by the first that are sent, and stays.
        exchange(server.port, message("POST", "/validate", [("Content-Type", "text/turtle")], b"<a:a> <a:b> <a:c> ."))
        before = server.at_rest()
        result = run(server, list(corpus()), canary.port)
        yield Ordeal(server, result, canary, before, server.settled(before))


@pytest.mark.parametrize("threat", THREATS)
def test_every_case_of_a_threat_ends_as_it_must(ordeal: Ordeal, threat: str) -> None:
    wrong = {name: faults for name, faults in ordeal.result.wrong.items() if name.startswith(f"{threat} ")}

    assert wrong == {}


def test_good_queries_in_between_are_answered_as_before(ordeal: Ordeal) -> None:
    assert ordeal.result.spoilt == []
    assert ordeal.result.good > 400


def test_the_server_still_answers_and_is_the_process_that_was_started(ordeal: Ordeal) -> None:
    replies = [exchanged(ordeal.server, raw) for raw in GOOD]

    assert [status for status, _ in replies] == [200] * len(GOOD)
    assert ordeal.server.is_running()


def test_nobody_called_an_address_that_a_stranger_chose(ordeal: Ordeal) -> None:
    assert ordeal.canary.heard == []
    assert ordeal.result.outgoing == set()


def test_no_process_no_zombie_and_no_descriptor_is_left_over(ordeal: Ordeal) -> None:
    assert ordeal.after[:3] == ordeal.before[:3]
    assert ordeal.after.zombies == 0


def test_the_memory_of_the_server_is_bounded(ordeal: Ordeal) -> None:
    assert ordeal.after.memory_bytes - ordeal.before.memory_bytes < GROWTH_LIMIT_BYTES


def test_the_log_has_no_trace_of_a_fault_and_no_line_of_a_stranger(ordeal: Ordeal) -> None:
    lines = ordeal.server.log.read_bytes().split(b"\n")

    assert [line for line in lines if b"Traceback" in line or (b"request" in line and b"failed" in line)] == []
    assert [line for line in lines if any(byte < 0x20 and byte != 0x09 for byte in line)] == []
    assert [line for line in lines if b"root logged in" in line or b"pwned" in line] == []
    assert max(map(len, lines)) < 1_000
