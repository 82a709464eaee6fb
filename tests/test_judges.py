"""Who gets a place where submissions are judged, while others send such as have no end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clustergraph import judges
from clustergraph.errors import Busy
from clustergraph.judges import Judged, Judges
from clustergraph.published import Published, open_published

PATIENCE_S = 240.0
ENDLESS = b'''\
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
<https://w3id.org/clustergraph/shapes#Sent> a sh:NodeShape ; sh:targetClass cg:TechnologyCluster ;
sh:sparql [ sh:select """SELECT $this WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l
FILTER(?c = ?l && ?a != ?b && $this = ?none) }""" ] .
'''


@pytest.fixture(scope="module")
def dataset(real_dist: Path) -> Published:
    return open_published(real_dist)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends here does so for another reason than its time."""
    monkeypatch.setattr(judges, "TIME_LIMIT_S", 10 * PATIENCE_S)
    monkeypatch.setitem(judges._LIMITS, "cpu_limit_s", 1_000)


class Case:
    """Judges, and the submissions without end that they were sent by each client."""

    def __init__(self, dataset: Published) -> None:
        self.dataset = dataset
        self.judges = Judges(PATIENCE_S, lambda: None)
        self.endless: dict[str, list[asyncio.Task[Judged]]] = {}

    async def sent(self, client: str, body: bytes = b"<") -> Judged:
        head = {"type": "text/turtle", "content_type": "text/turtle", "render": "json", "path": "shapes/sent.ttl"}
        return await self.judges.judged(self.dataset, client, head, body)

    def send_endless(self, client: str) -> None:
        self.endless.setdefault(client, []).append(asyncio.ensure_future(self.sent(client, ENDLESS)))

    async def ran_long(self, count: int) -> None:
        """Returns when so many submissions have their places, and all of them for long."""
        held = self.judges._lane._share._now_held
        while len(held()) < count or not all(one.is_long for one in held()):
            await asyncio.sleep(0.05)


@asynccontextmanager
async def begun(dataset: Published) -> AsyncIterator[Case]:
    case = Case(dataset)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await case.sent("warm")
            yield case
    finally:
        tasks = [task for tasks in case.endless.values() for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(case.judges.close)


def test_the_longest_submission_of_who_has_most_makes_way_for_another_client(dataset: Published) -> None:
    async def run() -> tuple[int, list[bool], str, int]:
        async with begun(dataset) as case:
            for number, client in enumerate("baac", start=1):  # one after the other, so that each has its age
                case.send_endless(client)
                await case.ran_long(number)

            answered = (await case.sent("d")).head["status"]
            (trouble,) = [task.exception() for task in case.endless["a"] if task.done()]
            assert isinstance(trouble, Busy)
            ended = [task.done() for one in "abc" for task in case.endless[one]]
            return answered, ended, trouble.detail, trouble.retry_after_s

    status, ended, detail, retry_after_s = asyncio.run(run())

    assert (status, ended, retry_after_s) == (200, [True, False, False, False], 5)
    assert detail.startswith("stopped after ")
    assert detail.endswith(
        " s: the server is short of places for submissions and others wait: "
        "send fewer or shorter files, or try again later"
    )


def test_who_has_long_submissions_cannot_have_the_place_that_is_kept_for_others(dataset: Published) -> None:
    async def run() -> tuple[int, int, list[bool]]:
        async with begun(dataset) as case:
            case.send_endless("a")
            await case.ran_long(1)
            for _ in range(5):
                case.send_endless("a")
            await case.ran_long(3)

            answered = (await case.sent("d")).head["status"]
            return answered, len(case.judges._lane.waiting), [task.done() for task in case.endless["a"]]

    assert asyncio.run(run()) == (200, 3, [False] * 6)


def test_a_place_that_was_made_is_counted_until_it_is_given_back(dataset: Published) -> None:
    async def run() -> tuple[int, int]:
        async with begun(dataset) as case:
            for client in "aabb":
                case.send_endless(client)
            await case.ran_long(4)

            await asyncio.gather(*(case.sent("d") for _ in range(3)))
            ended = sum(task.done() for tasks in case.endless.values() for task in tasks)
            return case.judges._lane.coming, ended

    coming, ended = asyncio.run(run())

    assert coming == 0
    assert ended == 1, "long submissions that leave a place free may stay"


def test_a_fork_that_the_end_of_the_server_cuts_short_is_no_error(dataset: Published) -> None:
    faults: list[object] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: faults.append(context.get("exception")))
        forking: asyncio.Future[judges._Fork] = loop.create_future()
        async with begun(dataset) as case:
            forking.add_done_callback(case.judges._end_when_forked)
            forking.cancel()
            await asyncio.sleep(0)

    asyncio.run(run())

    assert faults == []
