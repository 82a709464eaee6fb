"""The queries under way, and the ids that end them."""

import time
import weakref
from pathlib import Path
from typing import Any

import pytest

from clustergraph.errors import NotFound, ParameterUnsuitable, QueryCancelled
from clustergraph.settings import Settings
from clustergraph.web import running
from clustergraph.web.attended import Attended
from clustergraph.web.described import ANYWHERE
from clustergraph.web.desk import open_desk
from clustergraph.web.running import EVALUATING, QUERY_ID, STREAMING, Running, query_id_of
from web_runner import FailingRunner, TestClient, client_for, problem

MINE, THEIRS = "3f0c9d52-6b1e-4a57", "0123456789abcdef"
NOBODY = "no query under way has this id: it may have ended; ids are sent as X-Query-Id with the query"


class Ended:
    """Counts how often it was called."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def test_it_tells_how_far_each_query_is_and_whose_it_is_to_nobody() -> None:
    running = Running()
    running.begin(MINE, "SELECT", Ended(), 10.0).state = STREAMING
    running.begin(None, None, Ended(), 11.5)

    assert running.told(12.25) == {
        "count": 2,
        "queries": [
            {"seconds": 2.25, "state": "streaming", "form": "SELECT"},
            {"seconds": 0.75, "state": "queued", "form": None},
        ],
    }
    assert running.by_state() == {("queued",): 1, ("evaluating",): 0, ("streaming",): 1}


def test_an_id_shows_and_ends_all_of_its_queries_and_no_other() -> None:
    running, ended, other = Running(), [Ended(), Ended()], Ended()
    entries = [running.begin(MINE, "ASK", one, 0.0) for one in ended]
    stranger = running.begin(THEIRS, "SELECT", other, 0.0)

    told = running.told(1.0, MINE)
    times = running.cancel(MINE)
    again = running.cancel(MINE)

    assert told == {"count": 2, "queries": [{"seconds": 1.0, "state": "queued", "form": "ASK"}] * 2}
    assert (times, again, [one.times for one in ended], other.times) == (2, 2, [1, 1], 0)
    assert [entry.cancelled for entry in (*entries, stranger)] == [True, True, False]


def test_an_id_means_something_for_the_client_alone_that_sent_it() -> None:
    running, ended, other = Running(), Ended(), Ended()
    mine = running.begin(MINE, "ASK", ended, 0.0, "192.0.2.1")
    running.begin(MINE, "SELECT", other, 0.0, "192.0.2.2")

    told = running.told(1.0, MINE, "192.0.2.1")
    times = running.cancel(MINE, "192.0.2.1")

    assert told == {"count": 1, "queries": [{"seconds": 1.0, "state": "queued", "form": "ASK"}]}
    assert (times, ended.times, other.times, mine.cancelled) == (1, 1, 0, True)
    for stranger in ("192.0.2.3", None):
        with pytest.raises(NotFound) as refused:
            running.cancel(MINE, stranger)
        assert refused.value.detail == NOBODY
    running.end(mine)
    assert list(running._by_name) == [("192.0.2.2", MINE)]


def test_what_has_ended_is_gone_and_leaves_nothing_behind() -> None:
    running = Running()
    entries = [running.begin(one, "ASK", Ended(), 0.0) for one in (MINE, MINE, None)]

    for entry in entries * 2:
        running.end(entry)

    assert (len(running), running.told(0.0)) == (0, {"count": 0, "queries": []})
    assert running._by_name == {}
    with pytest.raises(NotFound) as refused:
        running.cancel(MINE)
    assert refused.value.detail == NOBODY


def test_a_cancellation_that_ends_its_query_at_once_is_fine() -> None:
    running = Running()
    entries = [running.begin(MINE, "ASK", lambda: running.end(entries[0]), 0.0)]
    entries.append(running.begin(MINE, "ASK", lambda: running.end(entries[1]), 0.0))

    assert (running.cancel(MINE), len(running)) == (2, 0)


@pytest.mark.parametrize("text", ["a" * 16, "A.b_c-1234567890", "z" * 64, None])
def test_an_id_that_cannot_be_guessed_is_taken(text: str | None) -> None:
    assert query_id_of(text) == text


@pytest.mark.parametrize("text", ["", "a" * 15, "a" * 65, "a" * 15 + "/", "a" * 16 + "\n", "è" * 16, "a" * 15 + " "])
def test_any_other_id_is_refused(text: str) -> None:
    with pytest.raises(ParameterUnsuitable) as refused:
        query_id_of(text)

    assert refused.value.detail == (
        "X-Query-Id must be 16 to 64 letters, digits, dots, hyphens or underscores: take a random one, as a UUID"
    )


# Over HTTP


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    return client_for(tmp_path)


def running_of(client: TestClient) -> Running:
    app: Any = client.app
    running: Running = app.state.desk.running
    return running


def test_the_list_names_no_id(client: TestClient) -> None:
    running_of(client).begin(MINE, "SELECT", Ended(), 98.5).state = EVALUATING

    response = client.get("/running")

    assert response.json() == {"count": 1, "queries": [{"seconds": 1.5, "state": "evaluating", "form": "SELECT"}]}
    assert response.headers["cache-control"] == "no-store"


def test_delete_ends_the_queries_of_an_id(client: TestClient) -> None:
    ended = Ended()
    running_of(client).begin(MINE, "SELECT", ended, 98.5)

    shown, deleted = client.get(f"/running/{MINE}"), client.delete(f"/running/{MINE}")

    assert shown.json() == {"count": 1, "queries": [{"seconds": 1.5, "state": "queued", "form": "SELECT"}]}
    assert (deleted.status_code, deleted.content, ended.times) == (204, b"", 1)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_id_of_another_client_is_not_found(client: TestClient, method: str) -> None:
    mine, theirs = (TestClient(client.app, client=(f"192.0.2.{one}", 50_000)) for one in (1, 2))
    ended = Ended()
    running_of(client).begin(MINE, "SELECT", ended, 98.5, "192.0.2.1")

    answers = [one.request(method, f"/running/{MINE}") for one in (theirs, mine)]

    assert [one.status_code for one in answers] == [404, 204 if method == "DELETE" else 200]
    assert answers[0].json() == problem(404, "not-found", NOBODY)
    assert ended.times == (method == "DELETE")


def test_a_query_is_listed_under_its_client(tmp_path: Path) -> None:
    desk = open_desk(Settings(), [])

    Attended(desk, "192.0.2.1", "ASK {}", "d" * 64).begin(MINE, Ended())

    assert list(desk.running._by_name) == [("192.0.2.1", MINE)]


def test_a_query_that_a_worker_has_before_it_is_listed_is_not_queued(tmp_path: Path) -> None:
    desk = open_desk(Settings(), [])
    attended = Attended(desk, None, "ASK {}", "d" * 64)

    attended.evaluating()
    attended.begin(None, Ended())

    assert desk.running.by_state() == {("queued",): 0, ("evaluating",): 1, ("streaming",): 0}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("query_id", [THEIRS, "x", "a" * 500, "%2E%2E", "a%0d%0ab"])
def test_an_id_of_nobody_is_not_found_and_not_repeated(client: TestClient, method: str, query_id: str) -> None:
    running_of(client).begin(MINE, "SELECT", Ended(), 98.5)

    response = client.request(method, f"/running/{query_id}")

    assert (response.status_code, response.json()) == (404, problem(404, "not-found", NOBODY))


def test_a_preflight_allows_to_delete_there_and_nowhere_else(client: TestClient) -> None:
    asked = {path: client.options(path).headers for path in (f"/running/{MINE}", "/running", "/sparql")}

    assert {path: headers["access-control-allow-methods"] for path, headers in asked.items()} == {
        f"/running/{MINE}": "DELETE, GET, HEAD",
        "/running": "GET, HEAD",
        "/sparql": "GET, HEAD, POST, QUERY",
    }
    assert {headers["access-control-allow-headers"] for headers in asked.values()} == {
        "Accept, Content-Type, If-None-Match, X-Query-Id"
    }


def test_the_description_of_the_api_has_both_ways_to_use_an_id(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]["/running/{query_id}"]

    anywhere = {str(one.status) for one in ANYWHERE}
    assert {method: set(one["responses"]) - anywhere for method, one in described.items()} == {
        "get": {"200", "404"},
        "delete": {"204", "404"},
    }
    assert described["delete"]["parameters"][0]["schema"]["pattern"].strip("^$") == running.ID.pattern


def test_a_cancelled_query_is_told_to_its_sender(tmp_path: Path) -> None:
    client = client_for(tmp_path, FailingRunner(lambda: QueryCancelled("ended by a request to /running")))

    response = client.get("/sparql?query=ASK+{}")

    assert (response.status_code, response.headers.get("retry-after")) == (409, None)
    assert response.json() == problem(409, "query-cancelled", "ended by a request to /running")


def test_an_id_that_is_none_is_refused_where_the_answer_is_kept_too(tmp_path: Path) -> None:
    client = client_for(tmp_path)
    asked = {"query": "ASK { <x:kept> ?p ?o }"}

    answers = [client.get("/sparql", params=asked, headers=headers) for headers in ({}, {QUERY_ID: "short"})]

    assert [one.status_code for one in answers] == [200, 422]


def test_what_has_ended_holds_nobody_who_would_have_ended_it() -> None:
    class Query:
        def cancel(self) -> None:
            raise AssertionError

    running, query = Running(), Query()
    entry = running.begin(None, "SELECT", query.cancel, 0.0, None)
    left = weakref.ref(query)

    running.end(entry)
    del query

    assert left() is None
    entry.cancel()
