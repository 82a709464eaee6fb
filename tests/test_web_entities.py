from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse

from clustergraph.settings import Settings
from clustergraph.terms import expand
from clustergraph.web.app import create_app
from web_runner import DATASET, LocalRunner, TestClient, client_for, problem, published

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ALPHA = expand("cluster:alpha")
FORMS = {
    "ttl": ("text/turtle; charset=utf-8", RdfFormat.TURTLE),
    "nt": ("application/n-triples", RdfFormat.N_TRIPLES),
    "jsonld": ("application/ld+json", RdfFormat.JSON_LD),
    "rdf": ("application/rdf+xml", RdfFormat.RDF_XML),
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_for(tmp_path)


@pytest.mark.parametrize(
    ("accept", "extension"),
    [
        ("text/turtle", "ttl"),
        ("application/n-triples", "nt"),
        ("application/ld+json", "jsonld"),
        ("application/json", "jsonld"),
        ("application/rdf+xml", "rdf"),
        (BROWSER, "html"),
        ("*/*", "html"),
        ("text/turtle;q=0.5, application/rdf+xml", "rdf"),
    ],
)
def test_a_thing_sends_on_to_the_document_that_suits(client: TestClient, accept: str, extension: str) -> None:
    response = client.get("/id/cluster/alpha", headers={"accept": accept})

    assert (response.status_code, response.headers["location"]) == (303, f"/doc/cluster/alpha.{extension}")
    assert response.headers["vary"] == "Accept, Accept-Encoding"


def test_two_values_of_one_name_are_told_apart_and_others_need_no_second_name(tmp_path: Path) -> None:
    twins = """
graph:curated {
    cluster:alpha cg:hasFocusArea area:hub , area:other , area:third .
    area:hub skos:prefLabel "Hub area"@en .
    area:other skos:prefLabel "Hub area"@en .
    area:third skos:prefLabel "Third area"@en .
}
"""

    text = client_for(tmp_path, LocalRunner(DATASET + twins)).get("/doc/cluster/alpha.html").text

    assert '>Hub area</a> <code class="apart">area:hub</code>' in text
    assert '>Hub area</a> <code class="apart">area:other</code>' in text
    assert text.count('class="apart"') == 2


def test_the_host_header_never_reaches_the_location(client: TestClient) -> None:
    headers = {"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}

    response = client.get("/id/cluster/alpha", headers=headers)

    assert response.headers["location"] == "/doc/cluster/alpha.html"
    assert "evil.example" not in str(response.headers)


def test_a_thing_in_no_form_we_have_is_not_acceptable(client: TestClient) -> None:
    response = client.get("/id/cluster/alpha", headers={"accept": "image/png"})

    assert (response.status_code, response.json()["offered"][:2]) == (406, ["text/html", "text/turtle"])


UNKNOWN = "this dataset says nothing of the cluster 'omega': all of that kind are listed at /browse/cluster"


@pytest.mark.parametrize("path", ["/id/cluster/omega", "/doc/cluster/omega.ttl", "/doc/cluster/omega.html"])
def test_a_thing_that_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).json() == problem(404, "not-found", UNKNOWN)


@pytest.mark.parametrize("extension", FORMS)
def test_a_document_is_what_its_extension_says_whatever_is_accepted(client: TestClient, extension: str) -> None:
    media_type, syntax = FORMS[extension]

    response = client.get(f"/doc/cluster/alpha.{extension}", headers={"accept": "text/html"})

    triples = {quad.triple for quad in parse(response.content, syntax)}
    same = {quad.triple for quad in parse(client.get("/doc/cluster/alpha.nt").content, RdfFormat.N_TRIPLES)}
    assert response.headers["content-type"] == media_type
    assert triples == same
    assert len(triples) == 18
    assert response.headers["vary"] == "Accept-Encoding"


def test_a_document_carries_its_links_its_tag_and_the_dataset(client: TestClient) -> None:
    headers = client.get("/doc/cluster/alpha.ttl").headers

    assert headers["link"] == ", ".join(
        (
            f'<{ALPHA}>; rel="describes"',
            '</doc/cluster/alpha.html>; rel="alternate"; type="text/html"',
            '</doc/cluster/alpha.nt>; rel="alternate"; type="application/n-triples"',
            '</doc/cluster/alpha.jsonld>; rel="alternate"; type="application/ld+json"',
            '</doc/cluster/alpha.rdf>; rel="alternate"; type="application/rdf+xml"',
            '<https://creativecommons.org/licenses/by/4.0/>; rel="license"',
        )
    )
    assert headers["x-clustergraph-dataset"] == "d" * 64
    assert headers["cache-control"] == "public, max-age=300, must-revalidate"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("extension", [*FORMS, "html"])
def test_a_document_that_the_client_has_is_not_sent_again(client: TestClient, extension: str) -> None:
    path = f"/doc/cluster/alpha.{extension}"
    tag = client.get(path).headers["etag"]

    again = client.get(path, headers={"if-none-match": tag})
    other = client.get(path, headers={"if-none-match": '"other"'})

    assert (again.status_code, again.content, again.headers["etag"], other.status_code) == (304, b"", tag, 200)


def test_each_document_has_a_tag_of_its_own(client: TestClient) -> None:
    paths = [f"/doc/cluster/alpha.{one}" for one in (*FORMS, "html")] + ["/doc/organisation/beta.html"]

    assert len({client.get(path).headers["etag"] for path in paths}) == len(paths)


def test_a_tag_does_not_make_a_thing_that_is_not_there(client: TestClient) -> None:
    assert client.get("/doc/cluster/omega.ttl", headers={"if-none-match": "*"}).status_code == 404


def test_head_of_a_document_is_the_head_of_get(client: TestClient) -> None:
    for extension in ("ttl", "html"):
        path = f"/doc/cluster/alpha.{extension}"
        head, whole = client.head(path), client.get(path)
        assert (head.content, dict(head.headers)) == (b"", dict(whole.headers))


def test_a_page_says_what_is_known_who_says_it_and_where_to_change_it(client: TestClient) -> None:
    text = client.get("/doc/cluster/alpha.html").text

    for expected in (
        "<title>Alpha cluster · clustergraph</title>",
        "<h1>Alpha cluster</h1>",
        '<p lang="it" class="beside title">Cluster alfa</p>',
        f"<code>{ALPHA}</code>",
        f'href="/ns#NationalCluster" title="{expand("cg:NationalCluster")}">national cluster</a>',
        '>has focus area</a><span lang="it" class="beside">ha area di riferimento</span>',
        '>Hub area</a> <span lang="it" class="beside">Area di raccordo</span>',
        '<a class="source" href="/id/source/paper" title="the source that says so">paper</a>',
        '<a class="outside" href="https://alpha.example/" rel="noopener noreferrer">https://alpha.example/</a>',
        'href="http://www.w3.org/2004/02/skos/core#altLabel" rel="noopener noreferrer">skos:altLabel</a>',
        "<q>beta takes part in alpha</q>",
        '<span class="certainty">stated</span>',
        '<span class="certainty">interpreted</span>',
        ">Beta institute</a>",
        "Edit <code>data/cluster/alpha.ttl</code>",
        '<link rel="alternate" type="text/turtle" href="/doc/cluster/alpha.ttl">',
        '<a href="/doc/cluster/alpha.jsonld">json-ld</a>',
    ):
        assert expected in text


def test_a_page_counts_all_references_and_says_how_many_it_shows(tmp_path: Path) -> None:
    many = "".join(f"cluster:c{number:03} cg:hasFocusArea area:hub .\n" for number in range(250))
    client = client_for(tmp_path, LocalRunner(f"graph:curated {{ area:hub a cg:TechnologyArea . {many} }}"))

    text = client.get("/doc/area/hub.html").text

    assert 'What points here <span class="total">250</span>' in text
    assert "The first 100 of 250." in text
    assert text.count('href="/id/cluster/c') == 100


def test_what_a_rule_made_has_no_file_to_edit(tmp_path: Path) -> None:
    client = client_for(tmp_path, LocalRunner("graph:inferred { membership:a--b a cg:Membership . }"))

    assert "Made by rule from the claims" in client.get("/doc/membership/a--b.html").text


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        pytest.param(
            "/id/cluster/Alpha",
            "'cluster/Alpha' names nothing here: an address is a kind and a name, e.g. cluster/lombardy-energy",
            id="upper case",
        ),
        pytest.param(
            "/id/nonsense/alpha",
            "'nonsense/alpha' names nothing here: an address is a kind and a name, e.g. cluster/lombardy-energy",
            id="no such kind",
        ),
        pytest.param(
            "/id/cluster/%0d%0aSet-Cookie:%20a=b",
            "'cluster/\\u000d\\u000aSet-Cookie: a=b' names nothing here: an address is a kind and a name, "
            "e.g. cluster/lombardy-energy",
            id="line breaks",
        ),
        pytest.param(
            "/doc/cluster/alpha",
            "there is no document 'alpha': its name ends in one of .html, .ttl, .nt, .jsonld, .rdf",
            id="no extension",
        ),
        pytest.param(
            "/doc/cluster/alpha.exe",
            "there is no document 'alpha.exe': its name ends in one of .html, .ttl, .nt, .jsonld, .rdf",
            id="another extension",
        ),
        pytest.param(
            "/doc/cluster/..%5c..%5cetc.ttl",
            "'cluster/..\\..\\etc' names nothing here: an address is a kind and a name, e.g. cluster/lombardy-energy",
            id="backslashes",
        ),
        pytest.param("/id/cluster/%2e%2e%2fsecret", None, id="encoded slash"),
        pytest.param("/id/cluster/", None, id="empty name"),
        pytest.param("/id/cluster/alpha/", None, id="slash at the end"),
        pytest.param("/id/cluster/alpha%00", None, id="null"),
        pytest.param("/id/cluster/alpha%0a", None, id="line break at the end"),
        pytest.param("/id//evil.example/alpha", None, id="two slashes"),
        pytest.param("/doc/cluster/.ttl", None, id="extension only"),
        pytest.param("/id/cluster/" + "a" * 7_000, None, id="very long"),
        pytest.param("/id/cluster/a%3E%20%3Fx%20%3Fy%20%7D%23", None, id="injection"),
        pytest.param("/id/cluster/%D9%A1", None, id="digits of another script"),
    ],
)
def test_an_address_that_is_no_name_of_ours_is_not_found_and_never_asked_for(
    tmp_path: Path, path: str, detail: str | None
) -> None:
    runner = LocalRunner()

    response = client_for(tmp_path, runner).get(path)

    assert response.status_code == 404
    assert detail is None or response.json() == problem(404, "not-found", detail)
    assert [request.bindings for request in runner.asked if "secret" in str(request.bindings)] == []
    assert all(set(request.bindings) == {"this"} for request in runner.asked)


def test_what_pages_ask_is_asked_for_their_client_and_of_our_own_workers(tmp_path: Path) -> None:
    runner = LocalRunner()
    settings = Settings(trusted_proxy="127.0.0.1/32")
    app = create_app(published(tmp_path), settings, runner=runner)
    client = TestClient(app, follow_redirects=False, client=("127.0.0.1", 1))
    paths = ("/id/cluster/alpha", "/doc/cluster/alpha.html", "/doc/cluster/alpha.ttl", "/browse/cluster", "/ns")
    others = ("/graph", "/graph/curated?format=html", "/queries/clusters.csv", "/queries/members-of?cluster=alpha")

    statuses = [client.get(path, headers={"x-forwarded-for": "192.0.2.7"}).status_code for path in (*paths, *others)]

    assert statuses == [303] + [200] * 8
    assert {(one.own, one.client) for one in runner.asked} == {(True, "192.0.2.7")}
