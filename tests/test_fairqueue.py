"""Turns by client: what a flood of one client does to the others."""

from collections import defaultdict, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.fairqueue import FairQueue


def filled(*items: tuple[str, str]) -> FairQueue[str]:
    queue = FairQueue[str]()
    for client, item in items:
        queue.put(client, item)
    return queue


def taken(queue: FairQueue[str]) -> list[str]:
    return [queue.take() for _ in range(len(queue))]


def test_one_who_sends_little_does_not_wait_for_one_who_sends_much() -> None:
    queue = filled(*(("flood", f"flood {n}") for n in range(10_000)), ("small", "small 0"))

    assert [queue.take(), queue.take(), queue.take()] == ["flood 0", "small 0", "flood 1"]


def test_a_client_that_comes_back_stands_behind_the_others() -> None:
    queue = filled(("a", "a1"), ("b", "b1"), ("c", "c1"))

    first = queue.take()
    queue.put("a", "a2")

    assert (first, taken(queue)) == ("a1", ["b1", "c1", "a2"])


def test_nothing_is_taken_from_an_empty_queue() -> None:
    with pytest.raises(IndexError, match="nothing waits"):
        FairQueue[str]().take()


def test_those_who_may_have_no_turn_are_passed_over_and_stay_where_they_are() -> None:
    queue = filled(("a", "a1"), ("b", "b1"), ("a", "a2"), ("c", "c1"))

    def may(client: object) -> bool:
        return client != "a"

    counts = [queue.count(may), queue.count(lambda client: client == "a")]
    first = queue.take(may)

    assert (counts, first, queue.count(may), taken(queue)) == ([2, 2], "b1", 1, ["a1", "c1", "a2"])


def test_nothing_is_taken_where_nobody_may_have_a_turn() -> None:
    queue = filled(("a", "a1"))

    with pytest.raises(IndexError, match="nothing waits"):
        queue.take(lambda _: False)

    assert taken(queue) == ["a1"]


def test_what_is_discarded_loses_its_turn_and_its_client_no_other() -> None:
    queue = filled(("a", "a1"), ("a", "a2"), ("b", "b1"))

    gone = [queue.discard("a", "a1"), queue.discard("a", "a1"), queue.discard("nobody", "a1"), queue.discard("b", "b1")]

    assert (gone, len(queue), taken(queue)) == ([True, False, False, True], 1, ["a2"])


def test_an_item_stands_in_it_once() -> None:
    assert taken(filled(("a", "a1"), ("a", "a1"))) == ["a1"]


def test_a_discarded_line_gives_its_client_no_second_turn() -> None:
    queue = filled(("a", "a1"), ("b", "b1"), ("b", "b2"))

    queue.discard("a", "a1")
    queue.put("a", "a2")
    queue.put("a", "a3")

    assert taken(queue) == ["b1", "a2", "b2", "a3"]


def test_the_last_of_the_longest_line_makes_room_for_one_who_would_have_fewer() -> None:
    queue = filled(("greedy", "g1"), ("small", "s1"), ("greedy", "g2"), ("greedy", "g3"), ("small", "s2"))

    gone = [queue.make_room("new"), queue.make_room("small"), queue.make_room("greedy"), queue.make_room("new")]

    assert (gone, len(queue), taken(queue)) == (["g3", None, None, "s2"], 3, ["g1", "s1", "g2"])


def test_no_two_clients_push_each_other_out_in_turn() -> None:
    queue = filled(("a", "a1"), ("a", "a2"), ("b", "b1"))

    assert (queue.make_room("b"), queue.make_room("a"), taken(queue)) == (None, None, ["a1", "b1", "a2"])


def test_whoever_has_one_item_in_it_keeps_that() -> None:
    queue = filled(*((f"client {n}", f"item {n}") for n in range(64)))

    assert (queue.make_room("new"), len(queue)) == (None, 64)


class Plain:
    """The same by the plainest means: clients in the order of their turns, each with its line."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.lines: dict[int, deque[int]] = defaultdict(deque)
        self.grown: list[int] = []  # the clients in the order in which their lines changed last

    def put(self, client: int, item: int) -> None:
        self.lines[client].append(item)
        self.changed(client)
        if client not in self.turns:
            self.turns.append(client)

    def take(self) -> int:
        client = self.turns.pop(0)
        item = self.lines[client].popleft()
        self.changed(client)
        if self.lines[client]:
            self.turns.append(client)
        return item

    def discard(self, client: int, item: int) -> None:
        if item in self.lines[client]:
            self.lines[client].remove(item)
            self.changed(client)
            if not self.lines[client]:
                self.turns.remove(client)

    def changed(self, client: int) -> None:
        self.grown = [*(one for one in self.grown if one != client), client]

    def make_room(self, client: int) -> int | None:
        longest = max(self.grown, key=lambda one: (len(self.lines[one]), -self.grown.index(one)), default=client)
        if len(self.lines[longest]) < len(self.lines[client]) + 2:
            return None
        item = self.lines[longest][-1]
        self.discard(longest, item)
        return item


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "take", "discard", "make room"]), st.integers(0, 4), st.integers(0, 30)
    )
)


@given(STEPS)
def test_it_does_what_the_plainest_queue_of_turns_does(steps: list[tuple[str, int, int]]) -> None:
    queue, plain = FairQueue[int](), Plain()

    for number, (step, client, older) in enumerate(steps):
        if step == "put":
            queue.put(client, number)
            plain.put(client, number)
        elif step == "discard":
            queue.discard(client, number - older)
            plain.discard(client, number - older)
        elif step == "make room":
            assert queue.make_room(client) == plain.make_room(client)
        elif plain.turns:
            assert queue.take() == plain.take()

    assert len(queue) == sum(map(len, plain.lines.values()))
    assert [queue.take() for _ in range(len(queue))] == [
        plain.take() for _ in range(sum(map(len, plain.lines.values())))
    ]
