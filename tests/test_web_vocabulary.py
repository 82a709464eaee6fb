from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse

from clustergraph.terms import expand
from web_runner import LocalRunner, TestClient, client_for, problem

FORMS = {
    "text/turtle": ("turtle", RdfFormat.TURTLE),
    "application/n-triples": ("n-triples", RdfFormat.N_TRIPLES),
    "application/ld+json": ("json-ld", RdfFormat.JSON_LD),
    "application/rdf+xml": ("rdf-xml", RdfFormat.RDF_XML),
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_for(tmp_path)


@pytest.mark.parametrize("media_type", FORMS)
@pytest.mark.parametrize("path", ["/ns", "/ns/1.0.0"])
def test_the_ontology_comes_as_rdf_without_the_vocabularies(client: TestClient, path: str, media_type: str) -> None:
    name, syntax = FORMS[media_type]
    by_accept = client.get(path, headers={"accept": media_type})
    by_name = client.get(path, params={"format": name})

    subjects = {quad.subject.value for quad in parse(by_accept.content, syntax)}
    assert subjects == {
        "https://w3id.org/clustergraph/ns",
        *(expand(f"cg:{one}") for one in ("NationalCluster", "TechnologyCluster", "MembershipClaim", "hasFocusArea")),
    }
    assert by_name.content == by_accept.content
    assert by_accept.headers["content-type"].partition(";")[0] == media_type
    assert by_accept.headers["vary"] == "Accept, Accept-Encoding"
    assert f'</{path[1:]}?format=html>; rel="alternate"; type="text/html"' in by_accept.headers["link"]


@pytest.mark.parametrize("path", ["/ns", "/ns/1.0.0"])
def test_the_ontology_is_documented_in_both_languages_with_an_anchor_for_each_term(
    client: TestClient, path: str
) -> None:
    text = client.get(path, headers={"accept": "text/html"}).text

    for expected in (
        '<h2>Classes <span class="total">3</span></h2>',
        '<a href="#NationalCluster">NationalCluster</a>',
        '<article class="defined" id="NationalCluster">',
        '<span lang="it" class="beside">cluster nazionale</span> <code>cg:NationalCluster</code>',
        '<p class="definition" lang="en">A cluster of national reach.</p>',
        '<p class="definition beside" lang="it">Un cluster di portata nazionale.</p>',
        '<span class="property">is a kind of</span> <a class="ours" href="/ns#TechnologyCluster"',
        '<span class="property">points to</span> <a class="ours" href="/ns#TechnologyArea"',
        f'<a href="{path}?format=turtle">turtle</a>',
        "version 1.0.0",
    ):
        assert expected in text


def test_another_version_is_not_found(client: TestClient) -> None:
    detail = "there is no version '9.9' of the ontology here: the current one is at /ns/1.0.0"
    assert client.get("/ns/9.9").json() == problem(404, "not-found", detail)


def test_a_term_is_found_at_its_iri(client: TestClient) -> None:
    page = client.get("/ns?format=html").text

    assert 'id="hasFocusArea"' in page


GRAPHS = ["curated", "inferred", "ontology", "source/paper"]


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("media_type", FORMS)
def test_a_named_graph_comes_as_rdf_just_as_it_stands(tmp_path: Path, name: str, media_type: str) -> None:
    _, syntax = FORMS[media_type]
    runner = LocalRunner()

    response = client_for(tmp_path, runner).get(f"/graph/{name}", headers={"accept": media_type})

    graph = expand("graph:") + name
    assert {quad.triple for quad in parse(response.content, syntax)} == runner.graph(graph)
    assert f'<{graph}>; rel="describes"' in response.headers["link"]


def test_a_named_graph_has_a_page(client: TestClient) -> None:
    text = client.get("/graph/source/paper", headers={"accept": "text/html"}).text

    for expected in (
        "<h1>source/paper</h1>",
        "<code>https://w3id.org/clustergraph/graph/source/paper</code>",
        'What the source <a href="/id/source/paper">paper</a> says.',
        "15 statements.",
        '<a href="/graph/source/paper?format=turtle">turtle</a>',
        'href="/id/claim/paper--beta-in-alpha"',
    ):
        assert expected in text


def test_a_large_graph_is_shown_in_part(tmp_path: Path) -> None:
    many = "".join(f"cluster:c{number:04} cg:hasFocusArea area:hub .\n" for number in range(700))

    text = client_for(tmp_path, LocalRunner(f"graph:curated {{ {many} }}")).get("/graph/curated?format=html").text

    assert "The first 500 statements; there are more." in text
    assert text.count("<tr>") == 501


def test_all_graphs_are_listed_with_their_sizes(client: TestClient) -> None:
    text = client.get("/graph").text

    for name in GRAPHS:
        assert f'href="/graph/{name}"' in text
    assert '<td class="number">15</td>' in text


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "source/omega",
        "source/%2e%2e/curated",
        "..%2f..%2fetc",
        "curated/",
        "mapping",
        "%0d%0ax",
        "Curated",
        "a%20b",
        "a%3E",
        "%22",
    ],
)
def test_a_graph_that_is_not_there_is_not_found(client: TestClient, name: str) -> None:
    assert client.get(f"/graph/{name}").status_code == 404


def test_an_unknown_format_is_told(client: TestClient) -> None:
    response = client.get("/graph/curated?format=docx")

    detail = "there is no format 'docx' here: use one of html, turtle, n-triples, json-ld, rdf-xml"
    assert response.json() == problem(422, "parameter-unsuitable", detail)


@pytest.mark.parametrize("path", ["/ns", "/graph", "/graph/curated"])
def test_what_the_client_has_is_not_sent_again(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]

    assert client.get(path, headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize("path", ["/ns", "/graph/curated"])
def test_each_form_has_a_tag_of_its_own(client: TestClient, path: str) -> None:
    tags = {client.get(path, headers={"accept": one}).headers["etag"] for one in (*FORMS, "text/html")}

    assert len(tags) == 5
