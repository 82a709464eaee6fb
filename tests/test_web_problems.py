import inspect
import json
import logging
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from clustergraph import errors
from clustergraph.codings import compressed
from clustergraph.errors import ClusterGraphError, DatasetUnusable, QueryMalformed, UsageError
from clustergraph.settings import Settings
from clustergraph.web import envelope
from clustergraph.web.problems import BY_STATUS, PROBLEMS, escaped, shown, told
from clustergraph.web.refusals import HEADER_LIMITS, HeaderLimit
from clustergraph.web.rendering import linked
from web_runner import FailingRunner, LocalRunner, TestClient, client_for, exchange, problem

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SECRET = "/srv/secret/dist/clustergraph.nq line 7: password=hunter2"  # noqa: S105


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_for(tmp_path)


def test_every_error_of_ours_has_its_row() -> None:
    ours = {one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, ClusterGraphError)}

    assert set(PROBLEMS) == ours


def test_names_and_statuses_go_together() -> None:
    rows = [*PROBLEMS.values(), *BY_STATUS.values()]

    by_name = {row.name: row for row in rows}
    assert all(by_name[row.name] == row for row in rows)
    assert {row.status for row in PROBLEMS.values()} == {400, 403, 404, 406, 409, 413, 422, 429, 500, 503, 504}


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/id/cluster/omega", 'all of that kind are listed at <a href="/browse/cluster">/browse/cluster</a>.</p>'),
        ("/graph/omega", 'all of them are listed at <a href="/graph">/graph</a>.</p>'),
        ("/queries/omega", 'the list is at <a href="/queries">/queries</a>.</p>'),
        ("/omega", 'from the saved queries at <a href="/queries">/queries</a>.</p>'),
    ],
)
def test_the_page_of_an_error_links_to_where_it_sends_the_reader(client: TestClient, path: str, sentence: str) -> None:
    text = client.get(path, headers={"accept": BROWSER}).text

    assert sentence in text


@pytest.mark.parametrize(
    "detail",
    [
        "the list is at /browse/cluster/x",
        "the list is at /browse/omega",
        "the list is at //evil.example/graph",
        "the list is at /graph?x",
        "'the list is at /graph'",
        "the list is at/graph",
    ],
)
def test_nothing_but_a_list_of_ours_becomes_a_link(detail: str) -> None:
    assert "<a" not in linked(detail)


def test_markup_beside_a_link_stays_text() -> None:
    assert linked("<b>&'\" is not at /graph.") == ('&lt;b&gt;&amp;&#39;&#34; is not at <a href="/graph">/graph</a>.')


def test_every_name_is_explained(client: TestClient) -> None:
    text = client.get("/problems").text

    for row in (*PROBLEMS.values(), *BY_STATUS.values()):
        assert f'<tr id="{row.name}"><td class="number">{row.status}</td>' in text


@pytest.mark.parametrize(
    ("method", "path", "status", "name", "detail", "allow"),
    [
        (
            "GET",
            "/nowhere",
            404,
            "not-found",
            "'/nowhere' leads nowhere: start from / or from the saved queries at /queries",
            None,
        ),
        (
            "PUT",
            "/sparql",
            405,
            "method-not-allowed",
            "'PUT' is not for this address: use one of GET, HEAD, OPTIONS, POST, QUERY",
            "GET, HEAD, OPTIONS, POST, QUERY",
        ),
        (
            "DELETE",
            "/id/cluster/alpha",
            405,
            "method-not-allowed",
            "'DELETE' is not for this address: use one of GET, HEAD, OPTIONS",
            "GET, HEAD, OPTIONS",
        ),
        (
            "PUT",
            "/validate",
            405,
            "method-not-allowed",
            "'PUT' is not for this address: use one of GET, HEAD, OPTIONS, POST",
            "GET, HEAD, OPTIONS, POST",
        ),
        (
            "TRACE",
            "/static/style.css",
            405,
            "method-not-allowed",
            "'TRACE' is not for this address: use one of GET, HEAD, OPTIONS",
            "GET, HEAD, OPTIONS",
        ),
    ],
    ids=["404", "405", "405 of a thing", "405 of two routes", "405 of a file"],
)
def test_the_framework_speaks_with_our_voice(
    client: TestClient, method: str, path: str, status: int, name: str, detail: str, allow: str | None
) -> None:
    response = client.request(method, path)

    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()) == (status, problem(status, name, detail))
    assert response.headers.get("allow") == allow
    assert (response.headers["cache-control"], response.headers["vary"]) == ("no-store", "Accept, Accept-Encoding")


def test_browsers_get_a_page(client: TestClient) -> None:
    response = client.get("/nowhere", headers={"accept": BROWSER})

    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>There is nothing at this address</h1>" in response.text
    assert "&#39;/nowhere&#39; leads nowhere" in response.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/turtle", "image/png", "", "text/html;q=0.1, */*"])
def test_programs_get_a_problem_document(client: TestClient, accept: str) -> None:
    response = client.get("/nowhere", headers={"accept": accept})

    assert response.headers["content-type"] == "application/problem+json"


FAULTS = [
    RuntimeError(SECRET),
    KeyError(SECRET),
    OSError(2, "No such file", SECRET),
    MemoryError(SECRET),
    ClusterGraphError(SECRET),
    UsageError(SECRET),
    errors.QueryError(SECRET),
]


@pytest.mark.parametrize("accept", ["*/*", BROWSER], ids=["program", "browser"])
@pytest.mark.parametrize(
    "path", ["/sparql?query=ASK+{}", "/doc/cluster/alpha.ttl", "/graph/curated", "/browse/cluster"]
)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: type(one).__name__)
def test_our_fault_is_a_number_and_tells_nothing_of_our_insides(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Exception, path: str, accept: str
) -> None:
    client = client_for(tmp_path, FailingRunner(lambda: fault))

    with caplog.at_level(logging.ERROR, "clustergraph.web"):
        response = client.get(path, headers={"accept": accept})

    (record,) = caplog.records
    assert record.args is not None
    (number,) = record.args
    assert response.status_code == 500
    assert str(number) in response.text
    for inside in ("secret", "hunter2", "Traceback", "Error", ".py"):
        assert inside not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["access-control-allow-origin"] == "*"
    if accept == "*/*":
        detail = f"this is our fault: tell us the number {number} if it happens again"
        assert response.json() == problem(500, "our-fault", detail, request=number)


def test_a_dataset_that_cannot_be_read_asks_for_patience_and_tells_strangers_nothing_of_what_operators_do() -> None:
    trouble = told(DatasetUnusable("'/srv/dist' cannot be read: run 'clustergraph build' to make it anew"))

    detail = "there is no dataset to answer from just now: try again in a minute"
    assert (trouble.body, dict(trouble.headers)) == (problem(503, "dataset-unusable", detail), {"Retry-After": "60"})


def test_a_long_detail_is_cut() -> None:
    assert len(told(QueryMalformed("x" * 10_000, hint="y" * 10_000)).detail) == 600


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain è 漢", "plain è 漢"),
        ("a\r\nb\tc\x00\x7f\x85", "a\\u000d\\u000ab\\u0009c\\u0000\\u007f\\u0085"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\x1b[31m", "\\u001b[31m"),
    ],
    ids=["letters", "controls", "directions", "separators", "half a character", "terminal"],
)
def test_what_does_not_print_is_written_as_an_escape(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_no_more_than_eighty_characters_of_input_are_repeated() -> None:
    assert shown("x" * 80) == "x" * 80
    assert shown("x" * 81) == "x" * 79 + "…"


HUGE = "Z" * 3_000


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (f"/{HUGE}", {}),
        (f"/id/cluster/{HUGE}", {}),
        (f"/id/{HUGE}/a", {}),
        (f"/doc/cluster/{HUGE}.ttl", {}),
        (f"/doc/cluster/a.{HUGE}", {}),
        (f"/ns/{HUGE}", {}),
        (f"/graph/{HUGE}", {}),
        (f"/graph/curated?format={HUGE}", {}),
        (f"/browse/{HUGE}", {}),
        (f"/queries/{HUGE}", {}),
        (f"/queries/{HUGE}.csv", {}),
        (f"/queries/clusters.{HUGE}", {}),
        (f"/queries/members-of.csv?cluster={HUGE}.", {}),
        (f"/queries/members-of.csv?{HUGE}=1", {}),
        (f"/sparql?query=ASK+{{}}&format={HUGE}", {}),
        (f"/sparql?query=ASK+{{}}&timeout={HUGE}", {}),
        (f"/sparql?query=ASK+{{}}&default-graph-uri={HUGE}", {}),
        ("/sparql?query=ASK+{}", {"accept": f"x/{HUGE}"}),
        ("/id/cluster/alpha", {"accept": f"x/{HUGE}"}),
    ],
)
def test_no_answer_repeats_a_huge_input(client: TestClient, target: str, headers: dict[str, str]) -> None:
    response = client.get(target, headers=headers)

    assert 400 <= response.status_code < 500
    assert "Z" * 81 not in response.text


def test_a_huge_method_or_content_type_is_not_repeated(client: TestClient) -> None:
    method = client.request("Z" * 3_000, "/sparql")
    media_type = client.post("/sparql", content=b"x", headers={"content-type": HUGE})

    assert (method.status_code, media_type.status_code) == (405, 415)
    assert "Z" * 81 not in method.text + media_type.text
    assert "z" * 81 not in media_type.text


# What scripts of other sites may do


def test_a_preflight_allows_reading_and_nothing_else(client: TestClient) -> None:
    headers = {"origin": "https://other.example", "access-control-request-method": "POST"}

    response = client.options("/sparql", headers=headers)

    cors = {name: value for name, value in response.headers.items() if name.startswith("access-control")}
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST, QUERY")
    assert cors == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD, POST, QUERY",
        "access-control-allow-headers": "Accept, Content-Type, If-None-Match, X-Query-Id",
        "access-control-max-age": "86400",
        "access-control-expose-headers": "ETag, Link, Retry-After, X-Clustergraph-Dataset",
    }


@pytest.mark.parametrize("path", ["/", "/sparql?query=ASK+{}", "/nowhere", "/id/cluster/alpha", "/static/style.css"])
def test_every_answer_is_readable_by_scripts_without_credentials_and_safe_in_a_browser(
    client: TestClient, path: str
) -> None:
    headers = client.get(path, headers={"origin": "https://other.example"}).headers

    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert "set-cookie" not in headers


@pytest.mark.parametrize("path", ["/sparql", "/", "/id/cluster/alpha", "/static/style.css", "/queries/clusters.csv"])
def test_options_names_the_methods(client: TestClient, path: str) -> None:
    response = client.options(path)

    assert (response.status_code, response.content) == (204, b"")
    assert {"GET", "HEAD", "OPTIONS"} <= set(response.headers["allow"].split(", "))


# What is refused before any route


@pytest.mark.parametrize("lines", [1, 2], ids=["in one line", "in two lines"])
def test_a_long_accept_header_is_refused_unread(client: TestClient, lines: int) -> None:
    part = "text/html," * (5_000 // 10 // lines)

    response = client.get("/sparql?query=ASK+{}", headers=[("accept", part)] * lines)

    expected = "the Accept header has 5,000 characters, the limit is 4,096: name fewer formats"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == problem(400, "bad-request", expected)


def test_an_accept_header_as_long_as_the_limit_is_read(client: TestClient) -> None:
    assert client.get("/sparql?query=ASK+{}", headers={"accept": "*/*".ljust(4_096)}).status_code == 200


@pytest.mark.parametrize("lines", [1, 2], ids=["in one line", "in two lines"])
@pytest.mark.parametrize("limit", HEADER_LIMITS.values(), ids=lambda one: one.name)
def test_a_header_that_is_too_long_is_refused_and_taken_apart_by_nobody(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, limit: HeaderLimit, lines: int
) -> None:
    read: list[str] = []

    def preferred(field: str) -> str:
        read.append(field)
        return "identity"

    monkeypatch.setattr(envelope, "preferred", preferred)
    part = "a," * (limit.characters // 2 // lines + 1)
    size = len(part) * lines

    response = client.get("/sparql?query=ASK+{}", headers=[(limit.name, part)] * lines)

    sentence = f"the {limit.name} header has {size:,} characters, the limit is {limit.characters:,}: {limit.advice}"
    assert response.json() == problem(limit.status, BY_STATUS[limit.status].name, sentence)
    assert read == []


def test_what_no_host_was_named_for_is_not_read_any_further(client: TestClient) -> None:
    response = client.get("/sparql?query=ASK+{}", headers={"host": "a b", "accept": "text/html," * 5_000})

    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("limit", HEADER_LIMITS.values(), ids=lambda one: one.name)
def test_a_header_as_long_as_its_limit_is_read(client: TestClient, limit: HeaderLimit) -> None:
    headers = {limit.name: "*/*".ljust(limit.characters)}

    assert client.get("/sparql?query=ASK+{}", headers=headers).status_code == 200


def old(app: Any) -> Any:
    """The application as a client that speaks HTTP/1.0 sees it."""

    async def speaks_1_0(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "http_version": "1.0"}, receive, send)

    return speaks_1_0


def test_http_1_0_gets_no_answer_of_unknown_length(tmp_path: Path) -> None:
    runner = LocalRunner()

    start, body = exchange(old(client_for(tmp_path, runner).app), "GET", query="ASK {}")

    headers = dict(start["headers"])
    assert (start["status"], headers[b"content-type"]) == (505, b"application/problem+json")
    assert int(headers[b"content-length"]) == len(body["body"])
    assert b"ask with HTTP/1.1" in body["body"]
    assert runner.closed == 1


def test_a_query_whose_answer_http_1_0_cannot_be_told_is_counted_and_logged_as_refused(tmp_path: Path) -> None:
    app = client_for(tmp_path, settings=Settings(query_log=str(tmp_path / "log"))).app

    exchange(old(app), "GET", query="ASK {}")

    desk = app.state.desk  # type: ignore[attr-defined]
    desk.query_log.flush()
    (line,) = map(json.loads, (tmp_path / "log").read_text(encoding="ascii").splitlines())
    told = {name: line[name] for name in ("status", "outcome", "format", "form")}
    assert told == {"status": 505, "outcome": "refused", "format": None, "form": "ASK"}
    assert {name: n for name, n in desk.meter._counts["queries"].items() if n} == {"refused": 1}


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/static/style.css"), ("HEAD", "/sparql")])
def test_http_1_0_gets_every_answer_of_known_length(tmp_path: Path, method: str, path: str) -> None:
    query = "ASK {}" if path == "/sparql" else ""

    start, *_ = exchange(old(client_for(tmp_path).app), method, path, query=query)

    assert start["status"] == 200


def test_a_fault_of_ours_in_mid_answer_cuts_it(tmp_path: Path) -> None:
    class Faulty(LocalRunner):
        async def _frames(self, body: bytes) -> AsyncGenerator[bytes, None]:
            yield body[:50]
            message = "a fault of ours"
            raise LookupError(message)

    with pytest.raises(LookupError, match="a fault of ours"):  # by which the server knows that it must cut
        exchange(client_for(tmp_path, Faulty()).app, "GET", query="SELECT * { ?s ?p ?o }")


def test_a_large_body_is_compressed_outside_the_event_loop(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def noted(body: bytes, coding: str) -> bytes:
        threads.append(threading.current_thread())
        return compressed(body, coding)

    async def where() -> threading.Thread:
        return threading.current_thread()

    monkeypatch.setattr(envelope, "compressed", noted)
    with client as entered:
        (loop,) = {entered.portal.call(where)} if entered.portal else (None,)
        monkeypatch.setattr(envelope, "THREAD_BYTES", 1 << 30)
        entered.get("/", headers={"accept-encoding": "gzip"})
        monkeypatch.setattr(envelope, "THREAD_BYTES", 1)
        entered.get("/queries", headers={"accept-encoding": "gzip"})

    assert [one is loop for one in threads] == [True, False]


@pytest.mark.parametrize("host", ["a,b", "a b", "a/b", ""])
def test_a_host_header_that_is_none_is_refused(tmp_path: Path, host: str) -> None:
    scope = [(b"host", host.encode())] if host else []
    start, *_ = exchange(client_for(tmp_path).app, "GET", "/", headers=scope, version="1.1")

    assert start["status"] == 400
