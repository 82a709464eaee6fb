"""One query on its way through the pool: who has a worker, who waits, and how each of them ends."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from clustergraph import jobs, lanes
from clustergraph.endings import AGAIN_S
from clustergraph.errors import (
    Busy,
    ClusterGraphError,
    OverBudget,
    QueryAborted,
    QueryCancelled,
    QueryMalformed,
    QueryTimedOut,
)
from clustergraph.formats import CSV
from clustergraph.frames import ANSWER, DATA, END, ERROR, FRAME_LIMIT_BYTES, WHOLE, header
from clustergraph.jobs import DISCONNECT, HELD_BYTES, SHARE, Job
from clustergraph.lanes import OWN_QUEUE_OF_CLIENT, most_long
from clustergraph.processes import LOWERED_NICE, Worker
from clustergraph.runner import Answer, Limits, QueryRequest
from clustergraph.workers import WorkerPool

PATIENCE_S = 60.0
UNEXPECTED = "stopped: the process that evaluated the query ended unexpectedly; send it again, or ask in smaller steps"
ENDLESS = QueryRequest("SELECT (COUNT(*) AS ?n) { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f }", result_format=CSV)
SHORT = QueryRequest("ASK { ?s ?p ?o }", result_format=CSV)
OWN = QueryRequest("ASK { ?s ?p ?o }", result_format=CSV, own=True)
WIDE = QueryRequest("SELECT * { ?a ?p ?b . ?c ?q ?d }", result_format=CSV)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jobs") / "clustergraph.nq"
    path.write_text("".join(f'<x:{n}> <x:p> "{n}" .\n' for n in range(2_000)), encoding="utf-8")
    return path


@asynccontextmanager
async def opened(dataset: Path, **options: object) -> AsyncGenerator[WorkerPool, None]:
    settings = {"workers": 1, "queue_per_worker": 2, "queue_wait_s": PATIENCE_S, **options}
    limits = Limits(time_limit_s=PATIENCE_S, cpu_limit_s=600)
    async with (
        asyncio.timeout(PATIENCE_S),
        WorkerPool(dataset, "digest", limits=limits, **settings) as pool,  # type: ignore[arg-type]
    ):
        yield pool


class Outcomes(list[Answer | ClusterGraphError]):
    """What a job delivered, and how often."""

    async def first(self) -> Answer | ClusterGraphError:
        while not self:
            await asyncio.sleep(0.001)
        return self[0]


def open_workers(pool: WorkerPool) -> list[Worker]:
    return [one for one, lane in pool._alive.items() if lane is pool.open]


def test_own_queries_are_answered_while_strangers_take_all_workers_and_all_places(dataset: Path) -> None:
    async def within() -> None:
        async with opened(dataset) as pool:
            given = [pool.submit(ENDLESS, lambda _: None) for _ in range(3)]
            with pytest.raises(Busy) as caught:
                pool.submit(SHORT, lambda _: None)
            answers = [await (await pool.answer(OWN)).body() for _ in range(70)]

            assert answers == [b"true"] * 70
            assert caught.value.detail == ("all 1 workers are taken and 2 queries wait already: try again in a moment")
            assert [job.is_over for job in given] == [False] * 3

    asyncio.run(within())


def test_strangers_are_answered_while_our_own_queries_wait(dataset: Path) -> None:
    async def within() -> None:
        async with opened(dataset) as pool:
            own = QueryRequest(ENDLESS.query, result_format=CSV, own=True)
            for _ in range(5):
                pool.submit(own, lambda _: None)

            assert await (await pool.answer(SHORT)).body() == b"true"
            assert len(pool.own.waiting) == 4

    asyncio.run(within())


def test_a_job_given_up_while_it_waits_leaves_its_place_and_is_told_nothing(dataset: Path) -> None:
    async def within() -> None:
        async with opened(dataset) as pool:
            first = pool.submit(ENDLESS, lambda _: None)
            said = Outcomes()
            waiting = [pool.submit(SHORT, said.append) for _ in range(2)]
            waiting[0].give_up()
            waiting[0].give_up()
            later = Outcomes()
            pool.submit(SHORT, later.append)
            waits = len(pool.open.waiting)
            is_gone = not pool.open.waiting.discard(waiting[0].client, waiting[0])
            first.give_up()
            await later.first()

            assert (waits, is_gone) == (2, True)
            assert (len(said), len(later), len(pool.open.waiting)) == (1, 1, 0)

    asyncio.run(within())


def test_a_worker_that_dies_as_it_is_asked_is_replaced_and_the_query_asked_once_more(dataset: Path) -> None:
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, tell=causes.append) as pool:
            said = Outcomes()
            (worker,) = open_workers(pool)
            os.kill(worker.pid, signal.SIGSTOP)
            pool.submit(SHORT, said.append)
            os.kill(worker.pid, signal.SIGKILL)
            answer = await said.first()

            assert isinstance(answer, Answer)
            assert (answer.whole, len(said), causes) == (b"true", 1, [jobs.DIED])

    asyncio.run(within())


def test_a_query_whose_second_worker_dies_as_well_is_told_so(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "QUICK_DEATH_S", PATIENCE_S)
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, tell=causes.append) as pool:
            said = Outcomes()
            job = pool.submit(ENDLESS, said.append)
            killed: set[Worker] = set()
            while not said:
                if job._worker is not None and job._worker not in killed:
                    killed.add(job._worker)
                    os.kill(job._worker.pid, signal.SIGKILL)
                await asyncio.sleep(0.001)

            assert [str(one) for one in said] == [UNEXPECTED]
            assert (len(killed), causes) == (2, [jobs.DIED] * 2)
            assert await (await pool.answer(SHORT)).body() == b"true"

    asyncio.run(within())


def test_a_worker_that_was_paused_takes_frames_again_for_the_next_query(dataset: Path) -> None:
    async def within() -> None:
        query = QueryRequest("SELECT * { ?a ?p ?b . ?c ?q ?d } LIMIT 150000", result_format=CSV)
        async with opened(dataset) as pool:
            (worker,) = open_workers(pool)
            answer = await pool.answer(query)
            while worker._transport.is_reading():
                await asyncio.sleep(0.001)
            length = len(await answer.body())
            assert worker._transport.is_reading()

            assert length > 10 * HELD_BYTES
            assert await (await pool.answer(SHORT)).body() == b"true"
            assert open_workers(pool) == [worker]

    asyncio.run(within())


def test_no_more_than_a_bounded_part_of_an_answer_is_held_for_a_slow_reader(dataset: Path) -> None:
    async def within() -> None:
        async with opened(dataset) as pool:
            said = Outcomes()
            job = pool.submit(WIDE, said.append)
            await said.first()
            (worker,) = open_workers(pool)
            while worker._transport.is_reading():
                await asyncio.sleep(0.001)

            assert job._stream is not None
            assert HELD_BYTES < job._stream._held_bytes < 3 * HELD_BYTES
            job.give_up()
            while worker in pool._alive:
                await asyncio.sleep(0.001)
            assert (len(said), job.is_over) == (1, True)

    asyncio.run(within())


def test_a_reader_that_takes_nothing_loses_its_worker(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "STALL_LIMIT_S", 0.05)
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, tell=causes.append) as pool:
            answer = await pool.answer(WIDE)
            await anext(answer.frames)
            while not causes:
                await asyncio.sleep(0.001)
            with pytest.raises(QueryTimedOut) as caught:
                await answer.body()

            said = "stopped: its reader took nothing for 0.05 s; read it faster, or ask for less"
            assert (caught.value.detail, causes) == (said, [jobs.STALL])

    asyncio.run(within())


# What a worker must never say, said


class Place:
    """A workplace that remembers what became of the worker."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    def give_back(self, worker: Worker) -> None:
        self.happened.append("given back")

    def replace(self, worker: Worker, cause: str) -> None:
        worker.listener = None
        self.happened.append(f"replaced: {cause}")

    def ask_why(self, worker: Worker, tell: Callable[[int | None], None]) -> None:
        self.happened.append("asked why")
        tell(None)

    def again(self, job: Job) -> None:
        self.happened.append("again")

    def leave(self, job: Job) -> None:
        self.happened.append("left")

    def took_long(self, job: Job) -> None:
        self.happened.append("took long")

    @property
    def is_short(self) -> bool:
        return False


class Deaf(asyncio.Transport):
    """A transport to a worker that only we write to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_cut = self.is_paused = False

    def write(self, data: object) -> None:
        pass

    def abort(self) -> None:
        self.is_cut = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


@contextmanager
def _job() -> Iterator[tuple[Job, Worker, Place, Outcomes, Deaf]]:
    place, said, wire = Place(), Outcomes(), Deaf()
    worker = Worker(0, -1, lambda _: None)
    worker.connection_made(wire)
    job = Job(SHORT, Limits(), place, said.append)
    job.start(worker)
    try:
        yield job, worker, place, said, wire
    finally:
        job.give_up()


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    return header(kind, len(payload)) + payload


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        await asyncio.wait_for(test(), PATIENCE_S)

    asyncio.run(within())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(DATA, b"x"), id="a piece before the answer"),
        pytest.param(frame(END), id="an end before the answer"),
        pytest.param(frame(b"?"), id="an unknown kind"),
    ],
)
def test_a_worker_that_speaks_out_of_turn_is_replaced(data: bytes) -> None:
    async def within() -> None:
        with _job() as (_, worker, place, said, _wire):
            worker.data_received(data)

            assert place.happened == [f"replaced: {jobs.DIED}"]
            assert [str(one) for one in said] == [UNEXPECTED]

    run(within)


def test_a_frame_beyond_all_size_ends_the_connection_to_its_worker() -> None:
    async def within() -> None:
        with _job() as (_, worker, _place, said, wire):
            worker.data_received(header(WHOLE, FRAME_LIMIT_BYTES + 1))

            assert (wire.is_cut, said) == (True, [])

    run(within)


@pytest.mark.parametrize("payload", [b"", b"no JSON", b"{}", b'{"error": "Nothing", "detail": ""}'])
def test_an_error_that_cannot_be_read_ends_its_worker_and_then_the_job(payload: bytes) -> None:
    """The event loop closes a connection whose protocol raises."""

    async def within() -> None:
        with _job() as (job, worker, place, said, _wire):
            job._was_tried = True
            with pytest.raises((ValueError, KeyError, AttributeError)):
                worker.data_received(frame(ERROR, payload))
            worker.connection_lost(None)

            assert [str(one) for one in said] == [UNEXPECTED]
            assert place.happened == ["asked why", f"replaced: {jobs.DIED}"]

    run(within)


def test_an_error_keeps_its_class_and_its_place() -> None:
    async def within() -> None:
        with _job() as (_, worker, place, said, _wire):
            told = {"error": "QueryMalformed", "detail": "d", "line": 1, "column": 2, "hint": "h"}
            worker.data_received(frame(ERROR, json.dumps(told).encode()))

            (error,) = said
            assert isinstance(error, QueryMalformed)
            assert (error.detail, error.line, error.column, error.hint) == ("d", 1, 2, "h")
            assert place.happened == ["given back"]

    run(within)


def test_frames_that_come_in_pieces_are_one_answer_and_frames_after_its_end_are_nobodys() -> None:
    async def within() -> None:
        with _job() as (_, worker, place, said, _wire):
            stream = frame(ANSWER) + frame(DATA, b"ab") + frame(DATA, b"c") + frame(END) + frame(WHOLE, b"late")
            for start in range(len(stream)):
                worker.data_received(stream[start : start + 1])
            (answer,) = said

            assert isinstance(answer, Answer)
            assert await answer.body() == b"abc"
            assert place.happened == ["given back"]

    run(within)


def test_a_worker_that_is_lost_in_mid_answer_cuts_it() -> None:
    async def within() -> None:
        with _job() as (_, worker, place, said, _wire):
            worker.data_received(frame(ANSWER) + frame(DATA, b"ab"))
            worker.connection_lost(None)
            (answer,) = said

            assert isinstance(answer, Answer)
            assert await anext(answer.frames) == b"ab"
            with pytest.raises(QueryAborted) as caught:
                await anext(answer.frames)
            assert caught.value.detail == UNEXPECTED
            assert place.happened == ["asked why", f"replaced: {jobs.DIED}"]

    run(within)


def test_a_worker_is_not_paused_for_an_answer_that_has_ended() -> None:
    async def within() -> None:
        with _job() as (job, worker, place, said, wire):
            worker.data_received(frame(ANSWER) + frame(DATA, b"x" * HELD_BYTES) + frame(DATA, b"x"))
            paused = wire.is_paused
            worker.data_received(frame(END))

            assert (paused, wire.is_paused, place.happened) == (True, False, ["given back"])
            (answer,) = said
            assert isinstance(answer, Answer)
            job.give_up(DISCONNECT)
            with pytest.raises(QueryCancelled) as caught:
                await answer.body()
            assert caught.value.detail == "stopped: its sender ended it or went away"
            assert place.happened == ["given back"]

    run(within)


def _noted(order: list[str], client: str, _outcome: Answer | ClusterGraphError) -> None:
    order.append(client)


def test_clients_take_turns(dataset: Path) -> None:
    async def ask() -> None:
        async with opened(dataset, queue_per_worker=8) as pool:
            order: list[str] = []
            first = pool.submit(ENDLESS, lambda _: None)
            for client in ("greedy", "greedy", "greedy", "modest"):
                pool.submit(replace(SHORT, client=client), partial(_noted, order, client))
            first.give_up()
            while len(order) < 4:
                await asyncio.sleep(0.001)

            assert order == ["greedy", "modest", "greedy", "greedy"]

    asyncio.run(ask())


def test_a_query_that_runs_long_lets_others_go_first_and_its_worker_is_not_used_again(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LONG_S", 0.05)

    async def ask() -> None:
        async with opened(dataset) as pool:
            (worker,) = (one for one, lane in pool._alive.items() if lane is pool.open)
            job = pool.submit(ENDLESS, lambda _: None)
            while os.getpriority(os.PRIO_PROCESS, worker.pid) == os.getpriority(os.PRIO_PROCESS, 0):
                await asyncio.sleep(0.001)  # one that is never lowered is ended by the patience of the test
            lowered = os.getpriority(os.PRIO_PROCESS, worker.pid)
            job.end()  # as if it had answered after all
            said = Outcomes()
            pool.submit(SHORT, said.append)
            await said.first()

            assert lowered == LOWERED_NICE
            assert worker not in pool._alive

    asyncio.run(ask())


# A worker that waits for its reader


def test_a_worker_that_waits_for_its_reader_is_taken_from_it_when_others_wait_for_a_worker(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SPARE_S", 0.05)
    monkeypatch.setattr(jobs, "STALL_LIMIT_S", 10 * PATIENCE_S)  # which would take it as well, but late
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, tell=causes.append) as pool:
            slow = await pool.answer(WIDE)
            await anext(slow.frames)
            good = await (await pool.answer(SHORT)).body()
            with pytest.raises(QueryTimedOut) as caught:
                await slow.body()

            said = "stopped: its reader took nothing for 0.05 s, and others wait; read it faster, or ask for less"
            assert (good, caught.value.detail, causes) == (b"true", said, [jobs.STALL])

    asyncio.run(within())


def _looks(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs of which it was looked whether others need their worker, each time."""
    looks: list[Job] = []
    spare = Job.spare

    def look(job: Job) -> bool:
        looks.append(job)
        return spare(job)

    monkeypatch.setattr(Job, "spare", look)
    return looks


def test_a_worker_waits_on_for_its_reader_as_long_as_nobody_else_waits(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SPARE_S", 0.0)
    monkeypatch.setattr(jobs, "SPARE_LOOK_S", 0.0)
    looks = _looks(monkeypatch)
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, tell=causes.append) as pool:
            slow = await pool.answer(WIDE)
            size = len(await anext(slow.frames))
            while len(looks) < 20:
                await asyncio.sleep(0.001)
            while size < 2 * HELD_BYTES:
                size += len(await anext(slow.frames))

            assert causes == []
            await slow.close()

    asyncio.run(within())


def test_no_more_readers_lose_their_worker_than_queries_wait(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SPARE_S", 0.0)
    monkeypatch.setattr(jobs, "SPARE_LOOK_S", 0.0)
    looks = _looks(monkeypatch)
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, workers=3, tell=causes.append) as pool:
            said = Outcomes()
            slow = [await pool.answer(WIDE) for _ in range(3)]
            for one in slow:
                await anext(one.frames)
            while any(worker._transport.is_reading() for worker in open_workers(pool)):
                await asyncio.sleep(0.001)
            async with pool._forking:  # until all were looked at, the new worker is on its way
                pool.submit(SHORT, said.append)
                while not causes:
                    await asyncio.sleep(0.001)
                looks.clear()
                while len(looks) < 10 and len(causes) == 1:
                    await asyncio.sleep(0.001)
            await said.first()

            assert causes == [jobs.STALL]
            for one in slow:
                await one.close()

    asyncio.run(within())


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        pytest.param(None, 0, id="a worker that is given back"),
        pytest.param(DISCONNECT, 1, id="a worker that had to be ended"),
    ],
)
def test_whoever_asked_is_told_once_when_a_worker_had_to_be_ended(cause: str | None, told: int) -> None:
    async def within() -> None:
        killed: list[None] = []
        place, worker = Place(), Worker(0, -1, lambda _: None)
        worker.connection_made(Deaf())
        job = Job(replace(SHORT, killed=lambda: killed.append(None)), Limits(), place, lambda _: None)
        job.start(worker)
        job.end(cause)
        job.end(DISCONNECT)

        assert len(killed) == told

    run(within)


# Our own questions, asked for clients


def test_one_client_cannot_take_all_places_of_our_own_questions(dataset: Path) -> None:
    async def within() -> None:
        async with opened(dataset) as pool:
            pool.submit(replace(OWN, query=ENDLESS.query), lambda _: None)
            for _ in range(OWN_QUEUE_OF_CLIENT):
                pool.submit(replace(OWN, client="greedy"), lambda _: None)
            with pytest.raises(OverBudget) as refused:
                pool.submit(replace(OWN, client="greedy"), lambda _: None)
            for client in ("modest", *[""] * 20):
                pool.submit(replace(OWN, client=client), lambda _: None)

            assert (refused.value.detail, refused.value.retry_after_s) == (
                "16 of your requests wait already: send the next one when one has ended",
                1,
            )
            assert len(pool.own.waiting) == 37

    asyncio.run(within())


def test_where_no_query_may_wait_strangers_are_told_that_all_workers_are_taken(dataset: Path) -> None:
    async def within() -> None:
        async with opened(dataset, queue_per_worker=0) as pool:
            pool.submit(ENDLESS, lambda _: None)
            with pytest.raises(Busy) as refused:
                pool.submit(replace(SHORT, client="modest"), lambda _: None)

            said = "all 1 workers are taken and 0 queries wait already: try again in a moment"
            assert refused.value.detail == said

    asyncio.run(within())


def test_an_answer_that_stops_coming_is_ended_at_its_deadline() -> None:
    async def within() -> None:
        place, said, worker = Place(), Outcomes(), Worker(0, -1, lambda _: None)
        worker.connection_made(Deaf())
        Job(replace(SHORT, time_limit_s=0.05), Limits(), place, said.append).start(worker)
        worker.data_received(frame(ANSWER) + frame(DATA, b"ab"))
        (answer,) = said

        assert isinstance(answer, Answer)
        assert await anext(answer.frames) == b"ab"
        with pytest.raises(QueryTimedOut):
            await asyncio.wait_for(anext(answer.frames), 20)
        assert place.happened == [f"replaced: {jobs.DEADLINE}"]

    run(within)


def test_a_query_whose_asker_is_cancelled_loses_its_worker(dataset: Path) -> None:
    causes: list[str] = []

    async def ask() -> None:
        async with opened(dataset, tell=causes.append) as pool:
            asking = asyncio.create_task(pool.answer(ENDLESS))
            while pool.open.idle:
                await asyncio.sleep(0.001)
            asking.cancel()
            await asyncio.wait([asking])

            assert (asking.cancelled(), causes) == (True, [DISCONNECT])

    asyncio.run(ask())


# A share of the workers is kept for short queries

SOON_S = 10 * (jobs.LONG_S + 0.1)  # ten times as long as anybody should have to wait


def crowd(pool: WorkerPool, clients: str, said: Outcomes) -> list[Job]:
    """Two endless queries of each client, as many as a budget allows."""
    return [pool.submit(replace(ENDLESS, client=one), said.append) for one in clients for _ in range(2)]


def long_ones(given: list[Job]) -> list[Job]:
    return [job for job in given if job.is_long]


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # what never comes to be is ended by the patience of the test
        await asyncio.sleep(0.001)


CROWDED = re.compile(
    r"stopped after \d+\.\d s: the server is short of workers and others wait; ask for less, or try again later"
)


def test_a_short_query_is_answered_while_four_clients_have_two_endless_ones_each(dataset: Path) -> None:
    async def within() -> None:
        async with opened(dataset, workers=4, queue_per_worker=4, queue_wait_s=SOON_S) as pool:
            given, said = crowd(pool, "abcd", Outcomes()), Outcomes()
            await until(lambda: len(long_ones(given)) == most_long(4))
            pool.submit(replace(SHORT, client="e"), said.append)
            answer = await said.first()

            assert isinstance(answer, Answer)
            assert answer.whole == b"true"
            assert len(long_ones(given)) >= most_long(4)

    asyncio.run(within())


def test_a_long_query_runs_on_while_nobody_waits_and_one_makes_way_for_the_first_who_does(dataset: Path) -> None:
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, workers=4, queue_wait_s=SOON_S, tell=causes.append) as pool:
            ended, said = Outcomes(), Outcomes()
            given = crowd(pool, "ab", ended)
            await until(lambda: len(long_ones(given)) == 4)
            before = list(causes)
            pool.submit(replace(SHORT, client="c"), said.append)
            answer = await said.first()

            assert before == []
            assert isinstance(answer, Answer)
            assert (answer.whole, causes) == (b"true", [SHARE])
            assert (given[0].is_over, len(long_ones(given))) == (True, 3)
            assert [CROWDED.fullmatch(str(one)) is not None for one in ended] == [True]
            assert [one.retry_after_s for one in ended if isinstance(one, Busy)] == [AGAIN_S]

    asyncio.run(within())


def test_the_client_who_has_most_long_queries_loses_one_first_and_of_them_the_oldest(dataset: Path) -> None:
    async def within() -> None:
        async with opened(dataset, workers=4, queue_wait_s=SOON_S) as pool:
            ended, said = Outcomes(), Outcomes()
            order = [pool.submit(replace(ENDLESS, client=one), ended.append) for one in "abcb"]
            await until(lambda: len(long_ones(order)) == 4)
            pool.submit(replace(SHORT, client="d"), said.append)
            answer = await said.first()

            assert isinstance(answer, Answer)
            assert [job.is_over for job in order] == [False, True, False, False]
            assert len(ended) == 1

    asyncio.run(within())


def test_the_only_worker_is_left_to_its_long_query_though_others_wait(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LONG_S", 0.05)

    async def within() -> None:
        async with opened(dataset) as pool:
            given = pool.submit(ENDLESS, lambda _: None)
            pool.submit(replace(SHORT, client="a"), lambda _: None)
            await until(lambda: given.is_long)
            pool.submit(replace(SHORT, client="b"), lambda _: None)

            assert (given.is_over, len(pool.open.waiting)) == (False, 2)

    asyncio.run(within())


def test_an_answer_on_its_way_makes_way_like_any_long_query_and_is_cut_visibly() -> None:
    async def within() -> None:
        place, worker, said = Place(), Worker(0, -1, lambda _: None), Outcomes()
        worker.connection_made(Deaf())
        worker.lower = lambda: setattr(worker, "is_lowered", True)  # type: ignore[method-assign]
        job = Job(SHORT, Limits(), place, said.append)
        job.start(worker)
        worker.data_received(frame(ANSWER) + frame(DATA, b"ab") + frame(DATA, b"cd"))
        (answer,) = said
        assert isinstance(answer, Answer)
        first = await anext(answer.frames)
        await until(lambda: job.is_long)
        job.make_way()
        with pytest.raises(Busy) as caught:
            await anext(answer.frames)

        assert (first, place.happened) == (b"ab", ["took long", f"replaced: {SHARE}"])
        assert CROWDED.fullmatch(caught.value.detail)

    run(within)


async def streams(pool: WorkerPool, clients: str) -> list[Answer]:
    """One answer of each client that is on its way without end, once all have had their workers for long."""
    answers = [await pool.answer(replace(WIDE, client=one)) for one in clients]
    await until(lambda: all(worker.is_lowered for worker in open_workers(pool)[: len(clients)]))
    return answers


def test_a_short_query_has_the_worker_of_the_client_with_most_answers_on_their_way(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SPARE_S", 10 * PATIENCE_S)  # which would take one as well, but late
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, workers=4, tell=causes.append) as pool:
            order = await streams(pool, "abbc")
            before = list(causes)
            good = await (await pool.answer(replace(SHORT, client="d"))).body()
            with pytest.raises(Busy) as caught:
                await order[1].body()
            others = [len(await anext(order[number].frames)) > 0 for number in (0, 2, 3)]

            assert (before, good, causes, others) == ([], b"true", [SHARE], [True] * 3)
            assert CROWDED.fullmatch(caught.value.detail)
            for one in order:
                await one.close()

    asyncio.run(within())


def test_who_has_long_queries_waits_for_a_worker_while_others_have_the_one_that_is_kept(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LONG_S", 0.05)
    monkeypatch.setattr(lanes, "CALM_S", 10 * PATIENCE_S)
    causes: list[str] = []

    async def within() -> None:
        async with opened(dataset, workers=4, tell=causes.append) as pool:
            given = [pool.submit(replace(ENDLESS, client=one), lambda _: None) for one in "abc"]
            await until(lambda: len(long_ones(given)) == 3)
            more = Outcomes()
            pool.submit(replace(SHORT, client="a"), more.append)
            waits = len(pool.open.waiting)
            good = [await (await pool.answer(replace(SHORT, client="d"))).body() for _ in range(5)]
            before = (list(causes), list(more))
            given[2].give_up()
            answer = await more.first()

            assert (waits, good, before) == (1, [b"true"] * 5, ([], []))
            assert isinstance(answer, Answer)
            assert (answer.whole, causes) == (b"true", [DISCONNECT])

    asyncio.run(within())
