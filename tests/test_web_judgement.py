"""Reading the text of a query costs its client, once, and keeps nobody else waiting."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from clustergraph.errors import Busy, QueryMalformed
from clustergraph.guard import admit
from clustergraph.runner import Limits
from clustergraph.settings import Settings
from clustergraph.web import judgement
from clustergraph.web.budget import Budgets
from clustergraph.web.judgement import SHORT_CHARACTERS, Judge, judged
from web_runner import TestClient, client_for
from wire import Taken, answers, exchange, served

NOT_PLAIN = "ASK { ?s ?p '''x''' }"
LONG = f"{NOT_PLAIN} #{'x' * SHORT_CHARACTERS}"
MALFORMED = f"ASK {{ ?s ?p '''x }} #{'x' * SHORT_CHARACTERS}"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of which the guard has read the tokens."""
    texts: list[str] = []

    def noted(query: str, limits: Limits) -> Any:
        texts.append(query)
        return admit(query, limits)

    monkeypatch.setattr(judgement, "admit", noted)
    return texts


def posted(client: TestClient, *queries: str) -> list[int]:
    return [client.post("/sparql", data={"query": one}).status_code for one in queries]


@pytest.mark.parametrize("query", [NOT_PLAIN, LONG, "SELECT (NOW() AS ?x) {}", "CONSTRUCT { ?s ?p [] } { ?s ?p ?o }"])
def test_a_text_is_read_once_however_often_it_comes(tmp_path: Path, read: list[str], query: str) -> None:
    assert posted(client_for(tmp_path), query, query, query) == [200] * 3
    assert read == [query]


def test_a_plain_text_is_not_read_at_all(tmp_path: Path, read: list[str]) -> None:
    assert posted(client_for(tmp_path), "ASK { ?s ?p ?o }", f"ASK {{ ?s ?p ?o }} #{'x' * 9_000}") == [200, 200]
    assert read == []


@pytest.mark.parametrize("query", [NOT_PLAIN, LONG], ids=["short", "long"])
def test_the_short_way_leaves_to_the_long_one_what_has_to_be_read(tmp_path: Path, read: list[str], query: str) -> None:
    body = query.encode()
    head = f"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query\r\nContent-Length: {len(body)}"

    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            taken = Taken.taken
            written = (await exchange(apps[0], Taken, [head.encode() + b"\r\n\r\n" + body]))[0]
            assert [one.status for one in answers(written)] == [b"HTTP/1.1 200 OK"]
            assert (read, Taken.taken - taken) == ([query], 0)

    asyncio.run(within())


@pytest.mark.parametrize(
    "settings",
    [
        Settings(budget_loopback=True, budget_seconds=0.0),
        Settings(budget_loopback=True, budget_bad_requests=0),
        Settings(budget_loopback=True, budget_running=0, budget_queued=0),
    ],
    ids=["seconds", "bad requests", "places"],
)
def test_nothing_is_read_for_a_client_whose_budget_is_spent(
    tmp_path: Path, read: list[str], settings: Settings
) -> None:
    assert posted(client_for(tmp_path, settings=settings), LONG, NOT_PLAIN) == [429, 429]
    assert read == []


@pytest.mark.parametrize("query", [NOT_PLAIN, LONG, MALFORMED, "ASK { ?s ?p ?o }"])
def test_the_time_that_reading_takes_is_taken_off_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    charged: list[tuple[str | None, bool]] = []
    monkeypatch.setattr(
        Budgets, "charge", lambda _, client, _now_s, seconds: charged.append((client, seconds > 0)), raising=True
    )

    posted(client_for(tmp_path, settings=Settings(budget_loopback=True)), query)

    assert set(charged) == {("local", True)}


def test_so_is_the_time_of_looking_for_an_answer_that_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_for(tmp_path, settings=Settings(budget_loopback=True))
    posted(client, "ASK { ?s ?p ?o }")
    charged: list[str | None] = []
    monkeypatch.setattr(Budgets, "charge", lambda _, client, _now_s, _seconds: charged.append(client))

    assert posted(client, "ASK  { ?s ?p ?o }") == [200]
    assert charged == ["local"]


def test_what_cannot_be_read_as_a_request_counts_as_a_bad_one(tmp_path: Path) -> None:
    client = client_for(tmp_path, settings=Settings(budget_loopback=True, budget_bad_requests=3))
    kinds = [
        client.get("/sparql?query=x&query=y"),
        client.get("/sparql?query=x&query=y", headers={"accept": "text/html"}),
        client.post("/sparql", content=b"ASK {}", headers={"content-type": "text/plain"}),
        client.get("/sparql?query=x&query=y", headers={"accept": "text/html"}),
    ]

    assert [one.status_code for one in kinds] == [400, 400, 415, 429]


def test_one_long_text_is_read_at_a_time_and_those_behind_it_wait_for_a_while_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, goes_on, under_way = threading.Event(), threading.Event(), []

    def slow(query: str, limits: Limits) -> judgement.Judgement:
        under_way.append(query)
        began.set()
        goes_on.wait(60)
        return judged(query, limits)

    async def within() -> None:
        judge, waited = Judge(Limits(), 0.01), []
        first = asyncio.create_task(judge.judged(LONG, lambda: waited.append("first")))
        await asyncio.to_thread(began.wait, 60)
        with pytest.raises(Busy) as refused:
            await judge.judged(f"{LONG} ", lambda: waited.append("second"))
        short = await judge.judged(NOT_PLAIN, lambda: waited.append("short"))
        goes_on.set()

        assert (await first)[:3] == short[:3] == ("ASK", False, False)
        assert refused.value.detail == ("other long queries are being read, and that took more than 0.01 s: try again")
        assert (under_way, waited) == ([LONG], ["first", "second"])

    monkeypatch.setattr(judgement, "judged", slow)
    asyncio.run(within())


def test_those_who_wait_with_the_same_text_do_not_have_it_read_again(read: list[str]) -> None:
    async def within() -> None:
        judge = Judge(Limits(), 60.0)
        judgements = await asyncio.gather(*(judge.judged(LONG, int) for _ in range(5)))
        assert len({id(one) for one in judgements}) == 1

    asyncio.run(within())
    assert read == [LONG]


def test_a_text_that_cannot_be_read_leaves_the_turn_to_the_next() -> None:
    async def within() -> None:
        judge = Judge(Limits(), 60.0)
        with pytest.raises(QueryMalformed):
            await judge.judged(MALFORMED, int)
        assert (await judge.judged(LONG, int)).form == "ASK"

    asyncio.run(within())


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgement, "MEMO_LIMIT", 2)
    judge = Judge(Limits(), 60.0)

    for number in (1, 2, 1, 3):
        assert judge.at_once(f"ASK {{ ?s ?p {number} }}") is not None

    assert list(judge._known) == [judgement._key(f"ASK {{ ?s ?p {number} }}") for number in (1, 3)]
