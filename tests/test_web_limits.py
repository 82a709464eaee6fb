"""/limits: every limit there is, none forgotten."""

from pathlib import Path

import pytest

from clustergraph import lanes
from clustergraph.runner import Limits
from clustergraph.settings import Settings, described
from clustergraph.web import budget, connection, envelope, protocol, responses
from clustergraph.web.limits import FIXED, limits_told
from clustergraph.web.problems import BY_STATUS, PROBLEMS
from web_runner import LocalRunner, TestClient, client_for, problem

NO_LIMITS = {
    "dist",
    "host",
    "port",
    "workers",
    "own_workers",
    "public_url",
    "watch_s",
    "cache_bytes",
    "budget_loopback",
    "trusted_proxy",
    "engine",
    "memory_quads",
    "query_log",
    "query_log_text",
    "store_dir",
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_for(tmp_path, LocalRunner(), Settings(time_limit_s=7.5, budget_running=3))


def test_every_knob_is_a_limit_or_known_to_be_none() -> None:
    names = [one.name for one in Settings().limits_told]

    assert set(names) | NO_LIMITS == {name for name, *_ in described()}
    assert set(names) & NO_LIMITS == set()
    assert set(Limits._fields) <= set(names)


def test_an_engine_is_not_said_to_have_the_limits_of_our_workers(tmp_path: Path) -> None:
    of_workers = {"cpu_limit_s", "memory_limit_bytes"}
    settings = Settings(engine="http://engine.example/sparql")
    client = client_for(tmp_path, LocalRunner(), settings)

    told = {one["name"] for one in client.get("/limits").json()["limits"]}
    described = client.get("/sparql", headers={"accept": "application/n-triples"}).text

    assert {one.name for one in limits_told(Settings())} - told == of_workers
    assert {name: name.replace("_", "-") in described or name in described for name in Limits._fields} == {
        name: name not in of_workers for name in Limits._fields
    }


def test_the_unit_is_that_of_the_name() -> None:
    odd = [one for one in Settings().limits_told if one.name.endswith("_s") and one.unit != "s"]
    odd += [one for one in Settings().limits_told if one.name.endswith("_bytes") and one.unit != "bytes"]

    assert odd == []


def test_every_limit_of_the_modules_of_the_web_is_told() -> None:
    """A constant whose name says that it is a limit has a row, or a reason here."""
    inside = {"DETAIL_LIMIT", "ECHO_LIMIT", "FIELD_LIMIT"}  # of our own sentences and of an IRI in a request
    constants = {
        name: getattr(module, name)
        for module in (budget, connection, envelope, protocol, responses)
        for name in dir(module)
        if "LIMIT" in name and name.isupper() and not name.startswith("_") and name not in inside
    }

    told = {one.value for one in FIXED}

    assert {name for name, value in constants.items() if value not in told} == set()
    assert len(constants) > 5, "the test has lost its subject"


def test_the_queue_of_pages_is_told() -> None:
    told = {one.name: one.value for one in FIXED}

    assert (told["page_queue"], told["client_page_queue"]) == (lanes.OWN_QUEUE, lanes.OWN_QUEUE_OF_CLIENT) == (64, 16)


def test_what_happens_is_an_error_that_there_is() -> None:
    known = {f"{one.status} `{one.name}`" for one in (*PROBLEMS.values(), *BY_STATUS.values())}
    named = {one.then.split(",")[0] for one in limits_told(Settings()) if "`" in one.then}

    assert named <= known
    assert named, "the test has lost its subject"


def test_programs_get_every_limit_with_its_value_here(client: TestClient) -> None:
    response = client.get("/limits")

    limits = response.json()["limits"]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert [one["name"] for one in limits] == [one.name for one in limits_told(Settings())]
    assert limits[2] == {
        "name": "time_limit_s",
        "value": 7.5,
        "unit": "s",
        "text": "wall clock of one query",
        "then": "504 `query-timed-out`, or the answer is cut once it has begun",
    }
    assert next(one["value"] for one in limits if one["name"] == "budget_running") == 3


def test_browsers_get_a_page(client: TestClient) -> None:
    response = client.get("/limits", headers={"accept": "text/html"})

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    for one in limits_told(Settings()):
        assert f'<tr id="{one.name}"><td><code>{one.name}</code></td>' in response.text
    assert '<td class="number">500,000,000 bytes</td><td>longest answer, uncompressed</td>' in response.text
    assert '<td class="number">7.5 s</td><td>wall clock of one query</td>' in response.text
    assert '<td>504 <a href="/problems#query-timed-out">query-timed-out</a>, or the answer is cut' in response.text
    assert '<a href="/limits">' in response.text
    assert "`" not in response.text


def test_other_settings_make_another_validator(tmp_path: Path, client: TestClient) -> None:
    tag = client.get("/limits").headers["etag"]

    again = client.get("/limits", headers={"if-none-match": tag})
    other = client_for(tmp_path, LocalRunner(), Settings(time_limit_s=8.5)).get(
        "/limits", headers={"if-none-match": tag}
    )
    page = client.get("/limits", headers={"if-none-match": tag, "accept": "text/html"})

    assert [again.status_code, other.status_code, page.status_code] == [304, 200, 200]


def test_nothing_else_is_offered(client: TestClient) -> None:
    response = client.get("/limits", headers={"accept": "text/turtle"})

    detail = "nothing that fits this request is in a format you accept: ask for one of application/json, text/html"
    expected = problem(406, "not-acceptable", detail, offered=["application/json", "text/html"])
    assert (response.status_code, response.json()) == (406, expected)
