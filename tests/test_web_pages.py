from pathlib import Path

import pytest

from clustergraph.errors import Busy, QueryTimedOut
from clustergraph.settings import Settings
from clustergraph.terms import KINDS
from clustergraph.web.app import create_app
from web_runner import FailingRunner, LocalRunner, TestClient, client_for, problem, published


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_for(tmp_path)


def test_the_home_page_says_what_this_is_how_much_and_where_to_start(client: TestClient) -> None:
    text = client.get("/").text

    for expected in (
        "<h1>Who is in which technology cluster of Italy, for what, and which source says so</h1>",
        '<p lang="it" class="beside">Chi fa parte di quale cluster tecnologico italiano',
        "<li><strong>1</strong> clusters</li>",
        '<a href="/queries/clusters"><strong>All clusters</strong></a>',
        '<a href="/queries/members-of"><strong>Members of a cluster</strong></a>',
        '<a href="/queries/with-text"><strong>Labels</strong></a>',
        '<a href="/browse/cluster">Clusters</a>',
        '<a href="/browse/organisation">Organisations</a>',
        '<a href="/browse/area">Technology areas</a>',
        '<a href="/browse/source">Sources</a>',
        "<code>http://127.0.0.1:8000/sparql</code>",
        "curl -H &#39;Accept: text/csv&#39;".replace("&#39;", "'"),
        f'<code title="{"d" * 64}">{"d" * 12}</code>',
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "localhost"), ("::1", "[::1]"), ("graph.example", "graph.example")],  # noqa: S104
)
def test_the_endpoint_is_shown_as_set_and_never_as_the_host_header_says(tmp_path: Path, host: str, shown: str) -> None:
    client = client_for(tmp_path, settings=Settings(host=host, port=81))

    text = client.get("/", headers={"host": "evil.example"}).text

    assert f"<code>http://{shown}:81/sparql</code>" in text
    assert "evil.example" not in text


@pytest.mark.parametrize("address", ["https://graph.example", "https://graph.example/"])
def test_a_public_address_is_what_every_description_names(tmp_path: Path, address: str) -> None:
    client = client_for(tmp_path, settings=Settings(public_url=address))
    elsewhere = client_for(tmp_path, settings=Settings())

    service = client.get("/sparql", headers={"accept": "application/n-triples"})

    assert "<code>https://graph.example/sparql</code>" in client.get("/").text
    assert client.get("/openapi.json").json()["servers"] == [{"url": "https://graph.example"}]
    assert "<http://www.w3.org/ns/sparql-service-description#endpoint> <https://graph.example/sparql> ." in service.text
    assert "127.0.0.1" not in service.text
    assert elsewhere.get("/openapi.json").json()["servers"] == [{"url": "http://127.0.0.1:8000"}]
    assert elsewhere.get("/").headers["etag"] != client.get("/").headers["etag"]


def test_harvesters_find_the_description_of_the_dataset_at_its_well_known_address(client: TestClient) -> None:
    response = client.get("/.well-known/void")

    assert (response.status_code, response.headers["location"]) == (302, "/graph/metadata")
    assert response.headers["cache-control"] == "public, max-age=300, must-revalidate"
    assert '<link rel="describedby" href="/.well-known/void">' in client.get("/").text


def test_things_of_a_kind_are_listed_by_name_in_both_languages(client: TestClient) -> None:
    text = client.get("/browse/area").text

    assert "<h1>Technology areas</h1>" in text
    assert 'href="/id/area/hub"' in text
    assert '>Hub area</a></td><td lang="it">Area di raccordo</td><td>Areas</td>' in text
    assert "1 in all" in text


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_list(client: TestClient, kind: str) -> None:
    assert client.get(f"/browse/{kind}").status_code == 200


def test_a_kind_of_which_there_is_nothing_says_so(client: TestClient) -> None:
    assert "The dataset has nothing of this kind." in client.get("/browse/call").text


def test_a_long_list_is_shown_in_part(tmp_path: Path) -> None:
    many = "".join(f"cluster:c{number:04} a cg:NationalCluster .\n" for number in range(1_200))

    text = client_for(tmp_path, LocalRunner(f"graph:curated {{ {many} }}")).get("/browse/cluster").text

    assert "The first 1,000; " in text
    assert text.count('href="/id/cluster/') == 1_000


def test_no_other_kind_has_a_list(client: TestClient) -> None:
    detail = f"there is no kind 'x\\u000d\\u000ay': the kinds are {', '.join(KINDS)}"
    assert client.get("/browse/x%0d%0ay").json() == problem(404, "not-found", detail)


@pytest.mark.parametrize("path", ["/", "/browse/cluster", "/problems", "/queries"])
def test_a_page_that_the_client_has_is_not_sent_again(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]

    assert client.get(path, headers={"if-none-match": tag}).status_code == 304


def test_the_server_is_live_before_it_is_ready(tmp_path: Path) -> None:
    client = TestClient(create_app(published(tmp_path), Settings()))  # not entered: the workers are not started

    live, ready = client.get("/health/live"), client.get("/health/ready")

    assert (live.status_code, live.json()) == (200, {"status": "live", "version": "2026.11.0"})
    assert ready.json() == problem(503, "busy", "the dataset is being loaded: try again in a moment")
    assert ready.headers["retry-after"] == "2"
    assert client.get("/sparql?query=ASK+{}").status_code == 503


def test_ready_means_that_a_query_was_answered(tmp_path: Path) -> None:
    runner = LocalRunner()

    response = client_for(tmp_path, runner).get("/health/ready")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "dataset": "d" * 64})
    assert [request.query for request in runner.asked] == ["ASK {}"]
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (QueryTimedOut("stopped after 2 s"), "query-timed-out"),
        (Busy("all 2 workers are taken", retry_after_s=7), "busy"),
    ],
)
def test_a_server_that_answers_no_query_is_not_ready(tmp_path: Path, error: QueryTimedOut | Busy, name: str) -> None:
    response = client_for(tmp_path, FailingRunner(lambda: error)).get("/health/ready")

    assert (response.status_code, response.json()) == (503, problem(503, name, error.detail))
    assert response.headers["retry-after"] == ("7" if name == "busy" else "2")


def test_crawlers_are_kept_from_queries_only(client: TestClient) -> None:
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /sparql\nDisallow: /queries/*?\n"


def test_pages_that_load_scripts_from_elsewhere_are_off(client: TestClient) -> None:
    assert [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 200]


@pytest.mark.parametrize("path", ["/static/style.css", "/static/script.js", "/static/icon.svg"])
def test_static_files_are_served_from_here(client: TestClient, path: str) -> None:
    response = client.get(path)

    assert (response.status_code, response.headers["x-content-type-options"]) == (200, "nosniff")
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/",
        "/static",
        "/static/" + "a" * 300,
    ],
)
def test_nothing_else_is_served_as_a_file(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/sparql/", "/queries/", "/ns/", "/limits/"])
def test_no_address_with_a_slash_too_many_is_redirected(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"host": "evil.example"})

    assert (response.status_code, response.headers.get("location")) == (404, None)


def test_a_static_file_is_sent_whole_whatever_part_of_it_is_asked_for(client: TestClient) -> None:
    response = client.get("/static/style.css", headers={"range": "bytes=0-1,3-4,6-7"})

    assert (response.status_code, response.headers["accept-ranges"]) == (200, "none")
    assert response.content == client.get("/static/style.css").content
