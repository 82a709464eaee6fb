"""What one client may use. Clocks are numbers here; nobody waits for one."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from clustergraph.errors import OverBudget
from clustergraph.settings import Settings
from clustergraph.web import budget
from clustergraph.web.budget import CLIENT_LIMIT, Budgets
from web_runner import FailingRunner, TestClient, client_for, problem

ALICE, BOB = "192.0.2.1", "192.0.2.2"


def spent(what: str, retry_after_s: int) -> str:
    return (
        f"you have used the {what} that one client has in 60 s: "
        f"try again in {retry_after_s} s, "
        "ask for less at a time, or run `clustergraph query` on a clone of the repository"
    )


TOO_MANY_BAD = (
    "60 of your requests could not be read, which is all that one client has in 60 s: try again in 1 s, "
    "and mend what the answers to them say is wrong"
)


def refusal(begin: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(OverBudget) as refused:
        begin()
    return refused.value.detail, refused.value.retry_after_s


def in_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))


def use(budgets: Budgets, client: str, now_s: float, seconds: float) -> None:
    assert budgets.begin(client, now_s) is None
    budgets.end(client, now_s, seconds)


def test_a_client_has_its_seconds_and_gets_them_back_with_time() -> None:
    budgets = Budgets(Settings())

    for _ in range(5):
        use(budgets, ALICE, 1000.0, 10.0)
    use(budgets, ALICE, 1000.0, 13.0)  # the last query may overdraw

    assert refusal(lambda: budgets.begin(ALICE, 1000.0)) == (spent("60 seconds of query time", 3), 3)
    assert refusal(lambda: budgets.begin(ALICE, 1002.9)) == (spent("60 seconds of query time", 1), 1)
    use(budgets, ALICE, 1003.1, 0.0)
    assert budgets.refusals == {
        ("queued",): 0,
        ("seconds",): 2,
        ("bad_requests",): 0,
        ("wait",): 0,
        ("connections",): 0,
        ("pages",): 0,
    }


def test_the_budget_of_one_is_not_that_of_another() -> None:
    budgets = Budgets(Settings())

    use(budgets, ALICE, 0.0, 1_000.0)

    use(budgets, BOB, 0.0, 1.0)
    use(budgets, BOB, 0.0, 1.0)


def test_nobody_is_locked_out_longer_than_a_minute_whatever_was_used() -> None:
    budgets = Budgets(Settings())

    use(budgets, ALICE, 0.0, 1e9)

    assert refusal(lambda: budgets.begin(ALICE, 0.0))[1] == 60


def test_an_unused_budget_does_not_grow() -> None:
    budgets = Budgets(Settings())
    use(budgets, ALICE, 0.0, 0.0)

    use(budgets, ALICE, 1e6, 60.5)

    assert refusal(lambda: budgets.begin(ALICE, 1e6))[1] == 1


def test_bad_requests_have_a_budget_of_their_own() -> None:
    budgets = Budgets(Settings())

    for _ in range(60):
        use(budgets, ALICE, 0.0, 0.0)
        budgets.bad(ALICE, 0.0)

    assert refusal(lambda: budgets.begin(ALICE, 0.0)) == (TOO_MANY_BAD, 1)
    use(budgets, ALICE, 1.0, 0.0)
    assert budgets.refusals[("bad_requests",)] == 1


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    budgets = Budgets(Settings())
    use(budgets, ALICE, 1000.0, 61.0)

    assert refusal(lambda: budgets.begin(ALICE, 10.0))[1] == 1


def test_nobody_has_no_budget() -> None:
    budgets = Budgets(Settings(budget_running=0, budget_queued=0, budget_seconds=0.0, budget_bad_requests=0))

    for _ in range(100):
        assert budgets.begin(None, 0.0) is None
        budgets.bad(None, 0.0)
    budgets.end(None, 0.0, 1e9)

    assert (budgets.begin(None, 0.0), budgets.clients) == (None, 0)


def test_two_run_four_wait_and_the_seventh_is_refused() -> None:
    async def test() -> None:
        budgets = Budgets(Settings())

        places = [budgets.begin(ALICE, 0.0) for _ in range(6)]

        assert [place is None for place in places] == [True, True, False, False, False, False]
        assert refusal(lambda: budgets.begin(ALICE, 0.0)) == (
            "2 of your queries run and 4 wait already: send the next one when one has ended",
            1,
        )
        assert budgets.begin(BOB, 0.0) is None

    in_loop(test)


def test_those_that_wait_get_their_turn_in_the_order_in_which_they_came() -> None:
    async def test() -> None:
        budgets, order = Budgets(Settings(budget_running=1, queue_wait_s=60.0)), []

        async def query(name: str) -> None:
            place = budgets.begin(ALICE, 0.0)
            if place is not None:
                await budgets.turn(ALICE, place)
            order.append(name)
            await asyncio.sleep(0)
            budgets.end(ALICE, 0.0, 1.0)

        await asyncio.gather(*(query(name) for name in "abcde"))

        assert order == list("abcde")
        assert budgets.begin(ALICE, 0.0) is None, "a place was lost"

    in_loop(test)


def test_one_that_waited_too_long_is_refused_and_leaves_its_place() -> None:
    async def test() -> None:
        budgets = Budgets(Settings(budget_running=1, budget_queued=1, queue_wait_s=0.0))
        budgets.begin(ALICE, 0.0)
        place = budgets.begin(ALICE, 0.0)
        assert place is not None

        with pytest.raises(OverBudget) as refused:
            await budgets.turn(ALICE, place)

        assert (refused.value.detail, refused.value.retry_after_s) == (
            "1 of your queries run, and none ended within 0 s: send the next one when one has ended",
            1,
        )
        assert budgets.refusals[("wait",)] == 1
        budgets.end(ALICE, 0.0, 0.0)
        assert [budgets.begin(ALICE, 0.0) is None for _ in range(2)] == [True, False]

    in_loop(test)


@pytest.mark.parametrize("granted", [False, True], ids=["while waiting", "in the moment of its turn"])
@pytest.mark.parametrize("ended_first", [False, True], ids=["then one ends", "as one has ended"])
def test_one_whose_client_went_away_hands_its_place_on(*, granted: bool, ended_first: bool) -> None:
    async def test() -> None:
        budgets = Budgets(Settings(budget_running=1, queue_wait_s=60.0))
        budgets.begin(ALICE, 0.0)
        first, second = budgets.begin(ALICE, 0.0), budgets.begin(ALICE, 0.0)
        assert first is not None
        assert second is not None
        leaving = asyncio.create_task(budgets.turn(ALICE, first))
        staying = asyncio.create_task(budgets.turn(ALICE, second))
        await asyncio.sleep(0)

        if granted:
            budgets.end(ALICE, 0.0, 0.0)
            leaving.cancel()
        elif ended_first:
            leaving.cancel()
            budgets.end(ALICE, 0.0, 0.0)
        else:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            budgets.end(ALICE, 0.0, 0.0)
        await staying
        budgets.end(ALICE, 0.0, 0.0)

        assert leaving.cancelled()
        assert [budgets.begin(ALICE, 0.0) is None for _ in range(2)] == [True, False]

    in_loop(test)


@pytest.mark.slow
def test_a_million_addresses_take_the_memory_of_ten_thousand() -> None:
    budgets = Budgets(Settings())
    use(budgets, ALICE, 0.0, 61.0)

    for number in range(1_000_000):
        budgets.begin(f"client {number}", 0.0)
        budgets.end(f"client {number}", 0.0, 1.0)

    assert budgets.clients == CLIENT_LIMIT == 10_000
    use(budgets, ALICE, 0.0, 0.0)  # forgotten, as nothing was heard of it for so long


def test_a_client_with_something_under_way_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(budget, "CLIENT_LIMIT", 3)
        budgets = Budgets(Settings(budget_running=1))
        budgets.begin(ALICE, 0.0)
        budgets.begin(ALICE, 0.0)

        for number in range(100):
            use(budgets, f"client {number}", 0.0, 0.0)

        assert budgets.clients == 3
        budgets.end(ALICE, 0.0, 61.0)
        budgets.end(ALICE, 0.0, 0.0)
        assert refusal(lambda: budgets.begin(ALICE, 0.0))[1] == 1

    in_loop(test)


def test_more_under_way_than_can_be_remembered_are_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "CLIENT_LIMIT", 3)
    budgets = Budgets(Settings(budget_running=1))

    for number in range(5):
        budgets.begin(f"client {number}", 0.0)

    assert budgets.clients == 5


def test_over_budget_is_a_problem_with_a_time_to_come_back(tmp_path: Any) -> None:
    client = client_for(tmp_path, FailingRunner(lambda: OverBudget("you have had enough", retry_after_s=17)))

    response = client.get("/sparql?query=ASK+{}")

    assert (response.status_code, response.headers["retry-after"]) == (429, "17")
    assert response.json() == problem(429, "over-budget", "you have had enough")


REFUSED: list[Any] = [
    pytest.param("/sparql?query=ASK+{}", {"budget_seconds": 0.0}, "seconds", id="no seconds are left"),
    pytest.param("/sparql?query=ASK+{}", {"budget_bad_requests": 0}, "bad_requests", id="too many bad ones"),
    pytest.param("/sparql?query=ASK+{}", {"budget_running": 0, "budget_queued": 0}, "queued", id="too many wait"),
    pytest.param("/sparql?query=ASK+{}", {"budget_running": 0, "queue_wait_s": 0.01}, "wait", id="none ends"),
    pytest.param("/queries/with-text.csv?name=Hub", {"budget_seconds": 0.0}, "seconds", id="a saved query with a text"),
    pytest.param("/doc/cluster/alpha.ttl", {}, "pages", id="a document"),
    pytest.param("/doc/cluster/alpha.html", {}, "pages", id="a page"),
    pytest.param("/ns?format=turtle", {}, "pages", id="the ontology"),
    pytest.param("/queries/clusters.csv", {}, "pages", id="a saved query"),
    pytest.param("/sparql", {}, "pages", id="the service description"),
]


@pytest.mark.parametrize(("path", "knobs", "reason"), REFUSED)
def test_every_refusal_is_counted_once_with_its_reason(
    tmp_path: Any, path: str, knobs: dict[str, Any], reason: str
) -> None:
    runner = FailingRunner(lambda: OverBudget("too many wait", retry_after_s=1))
    client = TestClient(client_for(tmp_path, runner, Settings(**knobs)).app, client=("203.0.113.7", 5_000))

    response = client.get(path, headers={"accept": "text/turtle, text/html;q=0.5, */*;q=0.1"})

    counted = re.findall(r'clustergraph_budget_refusals_total{budget="(\w+)"} ([1-9].*)', client.get("/metrics").text)
    assert (response.status_code, counted) == (429, [(reason, "1.0")])


def test_a_query_whose_worker_had_to_be_ended_costs_what_another_worker_costs() -> None:
    budgets = Budgets(Settings())

    for _ in range(600):
        use(budgets, ALICE, 0.0, 0.0)
        budgets.killed(ALICE, 0.0)
    budgets.killed(None, 0.0)

    assert refusal(lambda: budgets.begin(ALICE, 0.0)) == (spent("60 seconds of query time", 1), 1)
    assert budgets.clients == 1
