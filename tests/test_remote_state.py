"""What another engine was last seen to hold, where one look overtakes another."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import engines
from clustergraph.remote_state import NoDataset, State, StateWatch

OLD = State("a" * 64, frozenset({"urn:g"}))
NEW = State("b" * 64, frozenset({"urn:g"}))
NONE = NoDataset("the engine holds no dataset")


class Told:
    """Looks under way, each of which ends when the test says what it reads."""

    def __init__(self) -> None:
        self.looks: list[asyncio.Future[State]] = []
        self.changes: list[None] = []
        self.watch = StateWatch(self._read, OLD.digest, changed=lambda: self.changes.append(None), doubted=lambda: None)

    async def _read(self) -> State:
        self.looks.append(asyncio.get_running_loop().create_future())
        return await self.looks[-1]

    async def begun(self, look: Callable[[], Any]) -> asyncio.Task[Any]:
        """A look that has asked, and has no answer yet."""
        count = len(self.looks)
        task = asyncio.create_task(look())
        async with asyncio.timeout(engines.TIME_LIMIT_S):
            while len(self.looks) == count:
                await asyncio.sleep(0)
        return task

    def tell(self, number: int, said: State | Exception) -> None:
        """Ends a look."""
        if isinstance(said, State):
            self.looks[number].set_result(said)
        else:
            self.looks[number].set_exception(said)


async def told_of_old() -> Told:
    """What has seen the old state by one look, number 0."""
    told = Told()
    first = await told.begun(told.watch.look)
    told.tell(0, OLD)
    await first
    return told


@pytest.mark.parametrize("late", [OLD, NONE, OSError("gone")], ids=["another", "none", "nothing"])
def test_a_look_that_another_one_has_overtaken_changes_nothing(late: State | Exception) -> None:
    async def test() -> tuple[list[State | None], State | None, object, int]:
        told = Told()
        older = await told.begun(told.watch.look)
        newer = await told.begun(told.watch.look)
        told.tell(1, NEW)
        seen = [await newer]
        told.tell(0, late)
        seen.append(await older)
        return seen, told.watch.state, told.watch.trouble, len(told.changes)

    assert asyncio.run(test()) == ([NEW, NEW], NEW, None, 1)


def test_what_was_overtaken_by_a_look_that_saw_no_dataset_does_not_come_back() -> None:
    async def test() -> tuple[State | None, object]:
        told = Told()
        older = await told.begun(told.watch.look)
        newer = await told.begun(told.watch.look)
        told.tell(1, NONE)
        await newer
        told.tell(0, OLD)
        await older
        return told.watch.state, told.watch.trouble

    assert asyncio.run(test()) == (None, NONE)


@pytest.mark.parametrize(
    ("own", "later", "expected"),
    [
        pytest.param(OLD, None, True, id="it holds it still"),
        pytest.param(NEW, None, False, id="it holds another"),
        pytest.param(OSError("gone"), None, False, id="it says nothing"),
        pytest.param(OSError("gone"), OLD, False, id="it says nothing, and then to somebody else that it holds it"),
        pytest.param(OLD, NEW, False, id="it holds it, and then another"),
        pytest.param(NEW, OLD, False, id="it holds another, and then this one again"),
    ],
)
def test_an_answer_is_confirmed_by_what_its_own_look_saw(
    own: State | Exception, later: State | None, expected: bool
) -> None:
    async def test() -> bool:
        told = await told_of_old()
        asked = await told.begun(lambda: told.watch.confirmed(OLD))
        poll = await told.begun(told.watch.look)
        told.tell(1, own)
        if later is not None:  # both end before who waits for its own is told
            told.tell(2, later)
            await poll
        confirmed: bool = await asked
        poll.cancel()
        return confirmed

    assert asyncio.run(test()) is expected


@pytest.mark.parametrize("own", [OLD, OSError("gone")], ids=["it holds it", "nothing"])
def test_an_answer_is_confirmed_by_a_look_that_has_overtaken_its_own(own: State | Exception) -> None:
    async def test() -> bool:
        told = await told_of_old()
        asked = await told.begun(lambda: told.watch.confirmed(OLD))
        poll = await told.begun(told.watch.look)
        told.tell(2, OLD)
        await poll
        told.tell(1, own)
        confirmed: bool = await asked
        return confirmed

    assert asyncio.run(test()) is True


def test_an_answer_is_not_confirmed_by_what_was_asked_before_it() -> None:
    async def test() -> bool:
        told = await told_of_old()
        poll = await told.begun(told.watch.look)
        asked = await told.begun(lambda: told.watch.confirmed(OLD))
        told.tell(2, NEW)
        told.tell(1, OLD)
        await poll
        confirmed: bool = await asked
        return confirmed

    assert asyncio.run(test()) is False
