"""What is held for connections: how much of it, and who loses what where it is too much for all."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.web import backlog
from clustergraph.web.backlog import ANSWER, BODY, Backlog

MEGABYTE = 1 << 20


@dataclass(eq=False)
class Reader:
    """A connection of a client that takes nothing."""

    client_now: str | None
    is_dropped: bool = False

    def drop(self) -> None:
        self.is_dropped = True


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "HELD_LIMIT_BYTES", 4 * MEGABYTE)


def test_what_is_held_is_bounded_and_who_holds_most_loses_what_it_has_held_longest() -> None:
    held, readers, sizes = Backlog(), [Reader(client) for client in "baacda"], []

    for reader in readers:
        held.hold(reader, ANSWER, MEGABYTE)
        sizes.append(held.held_bytes)

    assert [one // MEGABYTE for one in sizes] == [1, 2, 3, 4, 4, 4]
    assert [reader.is_dropped for reader in readers] == [False, True, True, False, False, False]


def test_bytes_are_weighed_and_not_connections() -> None:
    held, many, one = Backlog(), [Reader("a") for _ in range(3)], Reader("b")
    for reader in many:
        held.hold(reader, BODY, MEGABYTE // 2)
    held.hold(one, ANSWER, 3 * MEGABYTE)

    assert ([reader.is_dropped for reader in many], one.is_dropped) == ([False] * 3, True)
    assert held.held_bytes == 3 * MEGABYTE // 2


def test_an_answer_that_is_larger_than_all_that_is_held_is_dropped() -> None:
    held, reader = Backlog(), Reader(None)

    held.hold(reader, ANSWER, 5 * MEGABYTE)

    assert (reader.is_dropped, held.held_bytes) == (True, 0)


def test_what_all_are_sent_without_a_copy_is_counted_once() -> None:
    held, readers, kept = Backlog(), [Reader(client) for client in "abcdef"], bytes(3)
    for reader in readers:
        held.hold(reader, ANSWER, 3 * MEGABYTE, kept)
    before = held.held_bytes
    for reader in readers:
        held.release(reader, ANSWER)

    assert ([reader.is_dropped for reader in readers], before, held.held_bytes) == ([False] * 6, 3 * MEGABYTE, 0)


PARTS = st.tuples(
    st.integers(0, 4), st.sampled_from([BODY, ANSWER]), st.integers(0, 3 * MEGABYTE), st.sampled_from([None, 0, 1])
)


@given(st.lists(st.tuples(st.booleans(), PARTS), max_size=40))
def test_the_bytes_are_counted_and_bounded_whatever_is_held_and_released(
    steps: list[tuple[bool, tuple[int, str, int, int | None]]],
) -> None:
    held, readers, shared = Backlog(), [Reader(client) for client in "aabcc"], (bytes(1000), bytes(2000))

    for is_released, (number, what, size, which) in steps:
        one = None if which is None else shared[which]
        if is_released:
            held.release(readers[number], what)
        else:
            held.hold(readers[number], what, size if one is None else len(one), one)
        parts = held._parts.values()
        own = sum(part.size for part in parts if part.shared is None)
        assert held.held_bytes == own + sum({id(part.shared): part.size for part in parts if part.shared}.values())
        assert held.held_bytes <= 4 * MEGABYTE
    for reader in readers:
        held.forget(reader)
    assert (held.held_bytes, +held._sharing) == (0, {})
