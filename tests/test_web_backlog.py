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
    """A connection of a client that takes nothing of its own accord."""

    client_now: str | None
    unread_bytes: int = 0
    is_dropped: bool = False

    def drop(self) -> None:
        self.is_dropped = True


@dataclass(eq=False)
class Kept:
    """A body that is sent without a copy."""

    body: bytes
    is_kept: bool


def answered(held: Backlog, reader: Reader, size: int, shared: Kept | None = None) -> None:
    reader.unread_bytes = size
    held.hold(reader, ANSWER, size, shared=shared)


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "HELD_LIMIT_BYTES", 4 * MEGABYTE)


def test_what_is_held_is_bounded_and_who_holds_most_loses_what_it_has_held_longest() -> None:
    held, readers, sizes = Backlog(), [Reader(client) for client in "baacda"], []

    for reader in readers:
        answered(held, reader, MEGABYTE)
        sizes.append(held.held_bytes)

    assert [one // MEGABYTE for one in sizes] == [1, 2, 3, 4, 4, 4]
    assert [reader.is_dropped for reader in readers] == [False, True, True, False, False, False]


def test_bytes_are_weighed_and_not_connections() -> None:
    held, many, one = Backlog(), [Reader("a") for _ in range(3)], Reader("b")
    for reader in many:
        held.hold(reader, BODY, MEGABYTE // 2)
    answered(held, one, 3 * MEGABYTE)

    assert ([reader.is_dropped for reader in many], one.is_dropped) == ([False] * 3, True)
    assert held.held_bytes == 3 * MEGABYTE // 2


def test_who_reads_and_who_has_sent_all_stay_where_for_others_nothing_moves() -> None:
    held, idle, (sender, reader) = Backlog(), [Reader(client) for client in "abcdefg"], [Reader("y"), Reader("z")]
    held.hold(sender, BODY, MEGABYTE, is_whole=True)
    answered(held, reader, MEGABYTE)
    for one in idle:
        for part in held._parts.values():
            part.moved_s -= backlog.REST_S
        reader.unread_bytes -= 1
        held.hold(one, BODY, MEGABYTE // 2)

    assert (sender.is_dropped, reader.is_dropped) == (False, False)
    assert [one.is_dropped for one in idle] == [True, True, True, False, False, False, False]


@pytest.mark.parametrize("client", ["a", None])
def test_who_holds_more_than_a_share_makes_room_before_those_who_rest_with_little(client: str | None) -> None:
    held, little, (much, more) = Backlog(), Reader("b"), [Reader(client), Reader(client)]
    held.hold(little, BODY, MEGABYTE // 2)
    held._parts[little, BODY].moved_s -= 2 * backlog.REST_S
    held.hold(much, BODY, 3 * MEGABYTE, is_whole=True)
    held.hold(more, BODY, 3 * MEGABYTE // 4, is_whole=True)

    is_one_client = client is not None  # else what is held says nothing of a share
    assert (little.is_dropped, much.is_dropped) == (not is_one_client, is_one_client)
    assert not more.is_dropped


def test_who_rests_with_half_a_share_makes_room_before_who_reads_more() -> None:
    held, resting, reader = Backlog(), [Reader(client) for client in "abcd"], Reader("z")
    for one in resting:
        held.hold(one, BODY, 3 * MEGABYTE // 4)
        held._parts[one, BODY].moved_s -= 2 * backlog.REST_S
    held.hold(reader, BODY, 5 * MEGABYTE // 4)

    assert [one.is_dropped for one in (*resting, reader)] == [True, False, False, False, False]


def test_what_was_taken_meanwhile_is_held_no_more() -> None:
    held, readers = Backlog(), [Reader(client) for client in "abc"]
    answered(held, readers[0], 3 * MEGABYTE)
    readers[0].unread_bytes = MEGABYTE
    for one in readers[1:]:
        answered(held, one, MEGABYTE)

    assert [one.is_dropped for one in readers] == [False] * 3
    assert held.held_bytes == 3 * MEGABYTE


def test_an_answer_that_is_larger_than_all_that_is_held_is_dropped() -> None:
    held, reader = Backlog(), Reader(None)

    answered(held, reader, 5 * MEGABYTE)

    assert (reader.is_dropped, held.held_bytes) == (True, 0)


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_all_are_sent_without_a_copy_is_counted_once_however_much_of_it_each_has_left(is_kept: bool) -> None:
    held, readers, shared = Backlog(), [Reader(client) for client in "abcdef"], Kept(bytes(3 * MEGABYTE), is_kept)
    for number, reader in enumerate(readers):
        answered(held, reader, 3 * MEGABYTE - number, shared)
    before = held.held_bytes
    for reader in readers:
        held.release(reader, ANSWER)

    assert ([reader.is_dropped for reader in readers], before, held.held_bytes) == ([False] * 6, 3 * MEGABYTE, 0)


def test_who_is_sent_one_body_over_many_connections_holds_it_once() -> None:
    held, readers, shared, other = Backlog(), [Reader("a") for _ in range(4)], Kept(bytes(MEGABYTE), False), Reader("b")
    for reader in readers:
        answered(held, reader, MEGABYTE, shared)
    held.hold(other, BODY, 7 * MEGABYTE // 2)

    assert ([reader.is_dropped for reader in readers], other.is_dropped) == ([False] * 4, True)


@pytest.mark.parametrize(("is_kept", "dropped"), [(True, [False, False]), (False, [True, False])])
def test_what_the_cache_has_is_not_held_for_a_connection(is_kept: bool, dropped: list[bool]) -> None:
    held, readers = Backlog(), [Reader("a"), Reader("b")]
    for reader, size in zip(readers, (3, 2), strict=True):
        answered(held, reader, size * MEGABYTE, Kept(bytes(size * MEGABYTE), is_kept))

    assert [reader.is_dropped for reader in readers] == dropped


PARTS = st.tuples(
    st.integers(0, 4), st.sampled_from([BODY, ANSWER]), st.integers(0, 3 * MEGABYTE), st.sampled_from([None, 0, 1])
)


@given(st.lists(st.tuples(st.integers(0, 3), PARTS), max_size=40))
def test_the_bytes_are_counted_and_bounded_whatever_is_held_and_released(
    steps: list[tuple[int, tuple[int, str, int, int | None]]],
) -> None:
    held, readers = Backlog(), [Reader(client) for client in "aabcc"]
    shared = [Kept(bytes(MEGABYTE), is_kept=True), Kept(bytes(2 * MEGABYTE), is_kept=False)]

    for step, (number, what, size, which) in steps:
        if step == 0:
            held.release(readers[number], what)
        elif step == 1:
            shared[which or 0].is_kept = not shared[which or 0].is_kept
        else:
            readers[number].unread_bytes = size
            held.hold(readers[number], what, size, shared=None if which is None else shared[which])
        parts = held._parts.values()
        others = {id(part.shared): part.shared for part in parts if part.shared is not None}
        own = sum(part.size for part in parts if part.shared is None)
        assert held.held_bytes == own + sum(len(one.body) for one in others.values())
        assert step < 2 or own + sum(len(one.body) for one in others.values() if not one.is_kept) <= 4 * MEGABYTE
    for reader in readers:
        held.forget(reader)
    assert (held.held_bytes, dict(held._sharing)) == (0, {})
