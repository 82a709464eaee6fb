"""The application over real workers: what the runner in the tests' own process cannot show."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, serialize

from clustergraph.published import DATASET as DATASET_FILE
from clustergraph.published import INTERNAL
from clustergraph.settings import Settings
from clustergraph.web.app import create_app
from web_runner import DATASET, REPOSITORY, LocalRunner, TestClient, client_for, merged_store, problem, published

CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n1 ?o . ?p ?q ?r }"
DOUBLING = "SELECT ?a {" + "BIND('xxxxxxxxxxxxxxxx' AS ?a0)"
for step in range(40):
    DOUBLING += f" BIND(CONCAT(?a{step}, ?a{step}) AS ?a{step + 1})"
DOUBLING += " BIND(STRLEN(?a40) AS ?a) }"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("built")
    (folder / DATASET_FILE).write_bytes(serialize(merged_store(DATASET), format=RdfFormat.N_QUADS) or b"")
    shutil.copytree(REPOSITORY / INTERNAL, folder / INTERNAL)
    built = replace(published(folder), folder=folder)
    settings = Settings(workers=2, time_limit_s=1.5, memory_limit_bytes=256 << 20)
    with TestClient(create_app(built, settings), raise_server_exceptions=False, follow_redirects=False) as entered:
        yield entered


def test_the_server_is_ready_once_it_has_started(client: TestClient) -> None:
    assert client.get("/health/ready").json() == {"status": "ready", "dataset": "d" * 64}


PATHS = [
    "/",
    "/browse/cluster",
    "/doc/cluster/alpha.html",
    "/doc/cluster/alpha.ttl",
    "/doc/cluster/alpha.nt",
    "/doc/cluster/alpha.jsonld",
    "/doc/claim/paper--beta-in-alpha.html",
    "/ns?format=html",
    "/ns?format=turtle",
    "/graph",
    "/graph/source/paper?format=html",
    "/graph/curated?format=n-triples",
    "/queries/members-of",
    "/queries/members-of.csv?cluster=alpha",
    "/queries/with-text.json?name=Hub+area",
    "/sparql?query=ASK+%7B%7D",
    "/sparql?query=SELECT+*+%7B+%3Fs+%3Fp+%3Fo+%7D+ORDER+BY+%3Fs+%3Fp+%3Fo&format=html",
    "/sparql?query=SELECT+%3Fs+%3Fp+%7B+%3Fs+%3Fp+%3Fo+%7D+ORDER+BY+%3Fs+%3Fp&format=csv",
]


@pytest.mark.parametrize("path", PATHS)
def test_workers_answer_as_the_runner_of_the_other_tests_does(client: TestClient, tmp_path: Path, path: str) -> None:
    local = client_for(tmp_path, LocalRunner(), settings=Settings())

    by_workers, here = client.get(path), local.get(path)

    assert (by_workers.status_code, by_workers.text) == (here.status_code, here.text)


def test_a_query_that_takes_too_long_is_stopped_and_the_next_is_answered(client: TestClient) -> None:
    began = time.monotonic()

    response = client.post("/sparql", data={"query": CROSS, "timeout": "0.3"})
    after = client.get("/health/ready")

    assert (response.status_code, response.json()["type"]) == (
        504,
        "https://w3id.org/clustergraph/problems#query-timed-out",
    )
    assert after.status_code == 200
    assert time.monotonic() - began < 3


def test_a_query_that_wants_too_much_memory_is_stopped_and_the_next_is_answered(client: TestClient) -> None:
    response = client.post("/sparql", data={"query": DOUBLING})

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert client.get("/health/ready").status_code == 200


def test_a_page_of_an_endless_answer_is_made_of_its_beginning(client: TestClient) -> None:
    query = "SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"

    response = client.get("/sparql", params={"query": query, "format": "html"})

    assert response.status_code == 200
    assert "The first 1,000 rows; there are more." in response.text


def test_head_of_an_endless_answer_ends(client: TestClient) -> None:
    began = time.monotonic()

    response = client.head("/sparql", params={"query": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"})

    assert (response.status_code, response.content) == (200, b"")
    assert time.monotonic() - began < 1.5
    assert client.get("/health/ready").status_code == 200


def test_no_worker_is_lost_however_answers_end(client: TestClient) -> None:
    for _ in range(10):
        client.get("/sparql", params={"query": "SELECT * { ?a ?b ?c . ?d ?e ?f }", "format": "html"})
        client.head("/sparql", params={"query": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"})
        client.get("/sparql", params={"query": "SELECT * { ?a"})
        client.get("/sparql", params={"query": "CONSTRUCT WHERE { ?a ?b ?c }", "format": "csv"})

    assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize(
    "graph", ["https://[", "http://exa mple/", "a:", "urn:x", "https://e.example/%zz", "https://@@"]
)
def test_an_odd_graph_never_harms_a_worker(client: TestClient, graph: str) -> None:
    response = client.get("/sparql", params={"query": "ASK { ?s ?p ?o }", "default-graph-uri": graph})

    assert response.status_code in {200, 400}


def test_a_syntax_error_found_by_the_engine_keeps_its_place(client: TestClient) -> None:
    response = client.post("/sparql", data={"query": "SELECT ?a\nWHERE { ?a ?b }"})

    said = response.json()
    assert said == problem(400, "query-malformed", said["detail"], line=2, column=15)
