"""Whether queries are answered: what is looked at, how often, and that no crowd of pages stands before it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from os import kill
from pathlib import Path

import pytest

from clustergraph.errors import Busy, ClusterGraphError
from clustergraph.formats import CSV
from clustergraph.lanes import OWN_QUEUE
from clustergraph.runner import Answer, QueryRequest
from clustergraph.web import readiness
from clustergraph.web.readiness import Readiness
from clustergraph.workers import WorkerPool
from web_runner import LocalRunner
from wire import served

ENDLESS = QueryRequest(
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?o ?q }", CSV, own=True
)
SHORT = QueryRequest("ASK {}", CSV, own=True)


class Failing(LocalRunner):
    """Answers nothing, and counts how often."""

    async def answer(self, request: QueryRequest) -> Answer:
        self.asked.append(request)
        message = "no worker"
        raise Busy(message, retry_after_s=1)


def found(trouble: ClusterGraphError | None) -> str:
    return trouble.detail if trouble else "ready"


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        await asyncio.wait_for(test(), 60)

    asyncio.run(within())


@pytest.mark.parametrize(("kind", "said"), [(LocalRunner, "ready"), (Failing, "no worker")])
def test_a_crowd_that_asks_has_the_engine_asked_once(
    kind: type[LocalRunner], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "FRESH_S", 600.0)

    async def within() -> None:
        runner, looks = kind(), Readiness()
        crowd = await asyncio.gather(*(looks.trouble(runner) for _ in range(50)))
        later = await looks.trouble(runner)

        assert {found(one) for one in (*crowd, later)} == {said}
        assert [one.query for one in runner.asked] == ["ASK {}"]

    run(within)


def test_a_look_is_not_good_for_ever_nor_for_another_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    async def within() -> None:
        looks, well, ill = Readiness(), LocalRunner(), Failing()
        said = [found(await looks.trouble(one)) for one in (well, ill, well)]
        monkeypatch.setattr(readiness, "FRESH_S", 0.0)
        await looks.trouble(well)

        assert said == ["ready", "no worker", "ready"]
        assert len(well.asked) == 3

    run(within)


async def crowded(pool: WorkerPool) -> None:
    """Has the worker of our own questions taken, and all places before it."""
    for number in range(OWN_QUEUE + 1):
        pool.submit(replace(ENDLESS, client=str(number)), lambda _: None)


def test_a_server_whose_workers_answer_is_ready_however_many_pages_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "FRESH_S", 600.0)

    async def within() -> None:
        async with served(tmp_path, time_limit_s=50.0, cpu_limit_s=600) as (_, pool):
            await (await pool.answer(SHORT)).body()
            await crowded(pool)

            assert found(await Readiness().trouble(pool)) == "ready"

    run(within)


def test_a_server_whose_workers_have_not_answered_of_late_is_not_ready(tmp_path: Path) -> None:
    async def within() -> None:
        async with served(tmp_path, time_limit_s=50.0, cpu_limit_s=600) as (_, pool):
            await crowded(pool)

            assert found(await Readiness().trouble(pool)) == (
                "all 1 workers are taken and 64 queries wait already: try again in a moment"
            )

    run(within)


def test_a_server_without_a_worker_for_strangers_is_not_ready_until_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def within() -> None:
        async with served(tmp_path) as (_, pool):

            def fork() -> object:
                raise OSError

            monkeypatch.setattr(pool._loaders, "fork", fork)
            for worker in [one for one, lane in pool._alive.items() if lane is pool.open]:
                kill(worker.pid, signal.SIGKILL)
            while pool.alive_in(pool.open):
                await asyncio.sleep(0.001)
            looking = asyncio.create_task(Readiness().trouble(pool))
            while not pool.open.waiting:
                await asyncio.sleep(0.001)
            monkeypatch.undo()

            assert found(await looking) == "ready"
            assert pool.alive_in(pool.open) == 1

    run(within)
