"""Places and the queries that wait for them: greedy clients beside an honest one, seen over the wire."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uvicorn

from clustergraph import lanes
from clustergraph.errors import Busy, OverBudget
from clustergraph.formats import CSV
from clustergraph.lanes import Lane, Share, Turn
from clustergraph.runner import QueryRequest
from clustergraph.web.direct import DirectProtocol
from clustergraph.workers import WorkerPool
from wire import PATIENCE_S, Said, answers, built, site_of

GREEDY = 4
EACH = 16
ENDLESS = QueryRequest("SELECT (COUNT(*) AS ?n) { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f . ?g ?s ?h }", result_format=CSV)


class Asker:
    """A query that notes what becomes of it."""

    def __init__(self, client: str, noted: list[tuple[str, object]]) -> None:
        self.client = client
        self.noted = noted

    def start(self, place: str) -> None:
        self.noted.append((self.client, place))

    def wait(self, limit_s: float) -> None:
        self.noted.append((self.client, limit_s))

    def fail(self, exc: Exception) -> None:
        self.noted.append((self.client, exc))


def filled(queue_limit: int, *clients: str, client_limit: int = 0) -> tuple[Lane[str, Asker], list[tuple[str, object]]]:
    lane = Lane[str, Asker]("open", 1, queue_limit, 2.0, taken="all 1 places are taken", client_limit=client_limit)
    noted: list[tuple[str, object]] = []
    for client in clients:
        lane.add(Asker(client, noted))
    noted.clear()
    return lane, noted


def test_one_who_has_fewer_waiting_takes_the_last_place_of_who_has_most() -> None:
    lane, noted = filled(4, "greedy", "greedy", "greedy", "small")

    lane.add(Asker("new", noted))

    assert noted[0] == ("new", 2.0)
    ((client, refusal),) = noted[1:]
    assert isinstance(refusal, OverBudget)
    assert (client, refusal.detail, refusal.retry_after_s) == (
        "greedy",
        "all 1 places are taken, and this query's place in the queue went to somebody who has fewer there than you: "
        "send the next one when one has ended",
        1,
    )
    assert [lane.waiting.take().client for _ in range(len(lane.waiting))] == ["greedy", "small", "new", "greedy"]


def test_where_nobody_has_many_waiting_the_newcomer_is_told_to_come_back() -> None:
    lane, noted = filled(2, "a", "b")

    with pytest.raises(Busy) as refused:
        lane.add(Asker("new", noted))

    assert (refused.value.detail, refused.value.retry_after_s, noted) == (
        "all 1 places are taken and 2 queries wait already: try again in a moment",
        1,
        [],
    )


def test_a_client_with_as_many_waiting_as_one_may_have_pushes_nobody_out() -> None:
    lane, noted = filled(64, "a", "a", client_limit=2)

    with pytest.raises(OverBudget) as refused:
        lane.add(Asker("a", noted))

    assert (refused.value.detail, refused.value.retry_after_s, noted) == (
        "2 of your requests wait already: send the next one when one has ended",
        1,
        [],
    )


# Places that are kept for short queries


@dataclass(eq=False)
class Holder:
    """A job that has a place."""

    client: str
    began: float = 0.0
    is_long: bool = True
    is_over: bool = False


def shared(*jobs: Holder) -> Share[Holder]:
    """Who may have one of four places, three of which long queries may have."""
    share = Share[Holder](4)
    for job in jobs:
        share.took_long(job)
    return share


def test_a_client_with_a_long_query_may_have_no_place_that_is_kept_for_others() -> None:
    first = Holder("a")
    share = shared(first, Holder("b"), Holder("c"))

    before = [share.may_start(client) for client in "abcd"]
    first.is_over = True
    after = [share.may_start(client) for client in "abcd"]

    assert (before, after) == ([False, False, False, True], [True] * 4)


def test_a_query_of_a_client_with_long_ones_counts_before_it_is_long_itself_but_is_left_alone() -> None:
    oldest = Holder("a")
    share = shared(oldest, Holder("b"))
    share.begin(Holder("a", is_long=False))
    share.begin(Holder("d", is_long=False))

    counted = [share.may_start(client) for client in "abd"]
    share.took_long(Holder("d", 1.0))
    share.begin(Holder("b", -1.0, is_long=False))

    assert counted == [False, False, True]
    assert share.to_go() is oldest


def test_no_long_query_makes_way_while_no_more_places_are_held_than_long_ones_may_have() -> None:
    share = shared(*(Holder(client) for client in "abc"))

    before = share.to_go()
    last = Holder("d", -1.0)
    share.took_long(last)

    assert (before, share.to_go()) == (None, last)


def test_a_client_has_all_places_again_when_its_long_query_is_over_and_some_time_is_over_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = Holder("a")
    share = shared(job)
    monkeypatch.setattr(lanes, "CALM_S", 0.0)
    share.took_long(Holder("b"))
    runs = share.is_light("a")
    job.is_over = True
    is_over = share.is_light("a")
    monkeypatch.setattr(lanes, "CALM_S", 1e9)
    just_now = share.is_light("a")

    assert (runs, is_over, just_now) == (False, True, False)


def test_who_has_no_name_is_not_told_from_others_and_has_all_places() -> None:
    assert shared(*(Holder("") for _ in range(4))).may_start("")


# Turns


async def turns(*clients: str) -> tuple[Lane[int, Turn[int]], list[asyncio.Task[int]]]:
    lane: Lane[int, Turn[int]] = Lane("open", 1, 8, 0.05, taken="all 1 places are taken")
    tasks = [asyncio.create_task(Turn(client, lane).place()) for client in clients]
    await asyncio.sleep(0)
    return lane, tasks


def test_a_place_goes_to_the_next_when_its_owner_left_in_that_very_moment() -> None:
    async def within() -> None:
        lane, (first, second) = await turns("a", "b")
        lane.hand_out(7)
        first.cancel()

        assert await second == 7
        assert (first.cancelled(), len(lane.waiting), list(lane.idle)) == (True, 0, [])

    asyncio.run(within())


def test_a_place_does_not_go_to_one_who_has_just_left() -> None:
    async def within() -> None:
        lane, (first, second) = await turns("a", "b")
        first.cancel()
        lane.hand_out(7)

        assert await second == 7
        assert (first.cancelled(), len(lane.waiting), list(lane.idle)) == (True, 0, [])

    asyncio.run(within())


def test_one_who_waits_too_long_is_told_to_come_back_and_leaves_no_trace() -> None:
    async def within() -> None:
        lane, (first,) = await turns("a")
        with pytest.raises(Busy) as refused:
            await first

        assert (refused.value.detail, refused.value.retry_after_s, len(lane.waiting)) == (
            "none of 1 places became free within 0.05 s: try again in a moment",
            1,
            0,
        )

    asyncio.run(within())


# Over the wire


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[int, WorkerPool]]:
    """A server on a port of this machine, and its workers: one in each lane. It believes who it is told speaks."""
    app = built(
        folder,
        queue_per_worker=GREEDY * EACH,
        queue_wait_s=PATIENCE_S,
        time_limit_s=PATIENCE_S,
        cpu_limit_s=600,
        budget_running=EACH,
        trusted_proxy="127.0.0.1",
    )
    config = uvicorn.Config(app, http=DirectProtocol, port=0, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    async with asyncio.timeout(PATIENCE_S):
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
        pool = site_of(app).open_runner
        assert isinstance(pool, WorkerPool)
        try:
            yield server.servers[0].sockets[0].getsockname()[1], pool
        finally:
            server.should_exit = True
            await task


async def get(port: int, path: str, client: str) -> Said:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: {client}\r\nAccept: application/json\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode())
        (said,) = answers(await reader.read())
        return said
    finally:
        writer.close()


LANES = [
    pytest.param("open", "/sparql?query=ASK%20%7B%3Chttp%3A%2F%2Fx%2F{}%3E%20%3Fp%20%3Fo%7D", id="queries"),
    pytest.param("own", "/doc/cluster/none-{}.html", id="pages"),
]


@pytest.mark.parametrize(("name", "path"), LANES)
def test_an_honest_client_is_answered_while_greedy_ones_fill_the_queue(tmp_path: Path, name: str, path: str) -> None:
    async def within() -> None:
        async with serving(tmp_path) as (port, pool):
            lane = getattr(pool, name)
            blocker = pool.submit(replace(ENDLESS, own=name == "own"), lambda _: None)
            greedy = [
                asyncio.create_task(get(port, path.format(f"{client}-{number}"), f"10.0.0.{client}"))
                for number in range(EACH)
                for client in range(GREEDY)
            ]
            while len(lane.waiting) < GREEDY * EACH:
                await asyncio.sleep(0.001)
            honest = asyncio.create_task(get(port, path.format("honest"), "10.0.0.99"))
            (evicted, *more), _ = await asyncio.wait(greedy, return_when=asyncio.FIRST_COMPLETED)
            waiting = len(lane.waiting)
            blocker.give_up()
            said = await honest
            others = [(await one).status for one in greedy if one is not evicted]

            refusal = evicted.result()
            assert (more, waiting) == ([], GREEDY * EACH)
            assert (refusal.status, refusal.header("retry-after"), refusal.header("content-type")) == (
                b"HTTP/1.1 429 Too Many Requests",
                "1",
                "application/problem+json",
            )
            assert json.loads(refusal.body) == {
                "type": "https://w3id.org/clustergraph/problems#over-budget",
                "title": "You have had your share for now",
                "status": 429,
                "detail": "all 1 workers are taken, and this query's place in the queue went to somebody who has fewer "
                "there than you: send the next one when one has ended",
            }
            assert {said.status, *others} == {{"open": b"HTTP/1.1 200 OK", "own": b"HTTP/1.1 404 Not Found"}[name]}

    asyncio.run(within())
