from pathlib import Path
from typing import Any

import pytest

from clustergraph.runner import Runner
from clustergraph.settings import Settings
from clustergraph.terms import expand
from clustergraph.web.app import create_app
from web_runner import CATALOGUE, LocalRunner, TestClient, client_for, problem, published

BROWSER = "text/html,*/*;q=0.8"
BETA = expand("organisation:beta")
ALPHA = expand("cluster:alpha")


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_for(tmp_path)


def test_the_list_has_every_query_with_its_question_in_both_languages(client: TestClient) -> None:
    text = client.get("/queries").text

    for name in CATALOGUE:
        assert f'href="/queries/{name}"' in text
    assert "Who is in a cluster?" in text
    assert '<p lang="it" class="beside">Chi fa parte di un cluster?</p>' in text


def test_a_query_opens_with_the_answer_to_its_example(client: TestClient) -> None:
    text = client.get("/queries/members-of").text

    for expected in (
        "<h1>Members of a cluster</h1>",
        "Who is in a cluster?",
        '<p class="lead beside" lang="it">Chi fa parte di un cluster?</p>',
        '<input id="p-cluster" name="cluster" value="alpha"',
        'href="/id/organisation/beta"',
        "1 row.",
        '<a href="/queries/members-of.csv?cluster=alpha">csv</a>',
        '<a href="/queries/members-of.json?cluster=alpha">json</a>',
        '<a href="/queries/members-of.rq">As a file</a>',
        "<dt><code>member</code></dt><dd>IRI of the member</dd>",
        "PREFIX org: &lt;http://www.w3.org/ns/org#&gt;\nSELECT ?cluster ?member",
    ):
        assert expected in text


def test_a_query_without_parameters_can_be_opened_in_the_editor(client: TestClient) -> None:
    text = client.get("/queries/clusters").text

    assert '<a href="/sparql?query=%23+title' in text
    assert "<input" not in text


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        ("clusters.csv", "text/csv; charset=utf-8", f"cluster,name\r\n{ALPHA},Alpha cluster\r\n"),
        (
            "members-of.tsv?cluster=alpha",
            "text/tab-separated-values; charset=utf-8",
            f"?cluster\t?member\n<{ALPHA}>\t<{BETA}>\n",
        ),
        (f"members-of.csv?cluster={ALPHA}", "text/csv; charset=utf-8", f"cluster,member\r\n{ALPHA},{BETA}\r\n"),
    ],
)
def test_an_answer_can_be_saved_as_a_table(client: TestClient, path: str, media_type: str, body: str) -> None:
    response = client.get(f"/queries/{path}")

    name = path.partition("?")[0]
    assert (response.headers["content-type"], response.text) == (media_type, body)
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'


def test_an_answer_comes_as_json(client: TestClient) -> None:
    response = client.get("/queries/members-of.json?cluster=alpha")

    assert response.headers["content-type"] == "application/sparql-results+json"
    assert response.json() == {
        "head": {"vars": ["cluster", "member"]},
        "results": {
            "bindings": [{"cluster": {"type": "uri", "value": ALPHA}, "member": {"type": "uri", "value": BETA}}]
        },
    }


def test_the_text_of_a_query_names_only_the_prefixes_it_uses_and_can_be_run(client: TestClient) -> None:
    response = client.get("/queries/clusters.rq")

    header, body = CATALOGUE["clusters"].split("SELECT", 1)
    prefixes = "PREFIX cg: <https://w3id.org/clustergraph/ns#>\nPREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n"
    assert response.headers["content-type"] == "application/sparql-query"
    assert response.text == f"{header}{prefixes}SELECT{body}"
    assert client.post("/sparql?format=csv", content=response.content, headers=dict(response.headers)).text == (
        client.get("/queries/clusters.csv").text
    )


@pytest.mark.parametrize(
    ("path", "status", "name", "detail"),
    [
        pytest.param(
            "members-of.csv",
            422,
            "parameter-unsuitable",
            "query 'members-of' needs parameter 'cluster', e.g. cluster=alpha",
            id="missing",
        ),
        pytest.param(
            "members-of.csv?cluster=a%20b",
            422,
            "parameter-unsuitable",
            "'a b' does not fit parameter 'cluster' (cluster): give it like 'alpha'",
            id="wrong type",
        ),
        pytest.param(
            "members-of.csv?cluster=alpha&limit=5",
            422,
            "parameter-unsuitable",
            "query 'members-of' has no parameter 'limit': its parameters are cluster",
            id="unknown",
        ),
        pytest.param(
            "members-of.csv?cluster=alpha&cluster=beta",
            400,
            "query-malformed",
            "there are 2 parameters 'cluster': send one",
            id="twice",
        ),
        pytest.param(
            "omega.csv", 404, "not-found", "there is no saved query 'omega': the list is at /queries", id="no query"
        ),
        pytest.param(
            "clusters.exe",
            404,
            "not-found",
            "there is no '.exe' of a saved query: use one of .json, .csv, .tsv, .rq",
            id="no form",
        ),
    ],
)
def test_a_question_that_does_not_fit_is_told_why(
    client: TestClient, path: str, status: int, name: str, detail: str
) -> None:
    response = client.get(f"/queries/{path}")

    assert (response.status_code, response.json()) == (status, problem(status, name, detail))


def test_a_browser_is_told_in_the_form_and_keeps_what_it_sent(client: TestClient) -> None:
    response = client.get("/queries/members-of?cluster=a%22b", headers={"accept": BROWSER})

    assert response.status_code == 422
    assert (
        "&#39;a&#34;b&#39; does not fit parameter &#39;cluster&#39; (cluster): give it like &#39;alpha&#39;."
        in response.text
    )
    assert 'value="a&#34;b"' in response.text


INJECTIONS = [
    'x"} # ',
    'x" ) } UNION { ?thing ?p ?o',
    "x\\",
    'x\\" . ?a ?b ?c',
    "?thing",
    "${name}",
    "%s",
    "x\n} SELECT",
    "x'''",
    'x"""',
    "<https://e.example/>",
    '"^^<x>',
    '"@en',
    "\x00",
    "\u202e",
    "'; DROP GRAPH <x>",
    "{{7*7}}",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_text_is_bound_and_never_becomes_part_of_the_query(tmp_path: Path, text: str) -> None:
    runner = LocalRunner()

    response = client_for(tmp_path, runner).get("/queries/with-text.csv", params={"name": text})

    assert (response.status_code, response.text) == (200, "name,thing\r\n")
    assert len({request.query for request in runner.asked}) == 1


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_entity_is_a_name_or_nothing(client: TestClient, text: str) -> None:
    assert client.get("/queries/members-of.csv", params={"cluster": text}).status_code == 422


def test_a_thing_that_nothing_is_said_of_is_no_empty_answer(client: TestClient) -> None:
    response = client.get("/queries/members-of.csv?cluster=omega")

    assert (response.status_code, response.json()["detail"]) == (
        422,
        "the dataset says nothing of the cluster 'omega': give parameter 'cluster' the slug of one it knows",
    )


def test_each_question_has_a_tag_of_its_own_and_is_answered_once(tmp_path: Path) -> None:
    runner = LocalRunner()
    client = client_for(tmp_path, runner)
    paths = [f"/queries/{one}" for one in ("clusters.csv", "clusters.json", "clusters", "clusters.rq")]
    paths += [f"/queries/members-of.{one}?cluster=alpha" for one in ("csv", "json")]

    tags = [client.get(path).headers["etag"] for path in paths]
    asked = len(runner.asked)
    again = [
        client.get(path, headers={"if-none-match": tag}).status_code for path, tag in zip(paths, tags, strict=True)
    ]

    assert len(set(tags)) == len(paths)
    assert (again, len(runner.asked)) == ([304] * len(paths), asked)


def test_the_description_of_the_api_has_every_query_with_its_typed_parameters(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    paths = document["paths"]

    operation = paths["/queries/members-of.csv"]["get"]
    assert operation["parameters"] == [
        {
            "name": "cluster",
            "in": "query",
            "required": True,
            "description": "whose members",
            "schema": {"type": "string", "pattern": "^[a-z0-9-]+$"},
            "example": "alpha",
        },
        {"$ref": "#/components/parameters/If-None-Match"},
    ]
    answer = operation["responses"]["200"]["$ref"].removeprefix("#/components/responses/")
    assert list(document["components"]["responses"][answer]["content"]) == ["text/csv"]
    assert {f"/queries/{name}.{one}" for name in CATALOGUE for one in ("json", "csv", "tsv")} <= paths.keys()
    assert [one.get("name") for one in paths["/sparql"]["get"]["parameters"]] == [
        "query",
        "default-graph-uri",
        "named-graph-uri",
        "format",
        "timeout",
        "X-Query-Id",
        None,
    ]
    assert {"application/x-www-form-urlencoded", "application/sparql-query"} == set(
        paths["/sparql"]["post"]["requestBody"]["content"]
    )


FORWARDED = {"x-forwarded-for": "192.0.2.7"}


def _forwarding(folder: Path, runner: Runner, **knobs: Any) -> TestClient:
    """A client whose requests come through a proxy, and so have a budget."""
    app = create_app(published(folder), Settings(trusted_proxy="127.0.0.1/32", **knobs), runner=runner)
    return TestClient(app, client=("127.0.0.1", 1))


@pytest.mark.parametrize("path", ["with-text.csv?name=Hub+area", "with-text?name=Hub+area"])
def test_a_query_with_a_text_is_asked_of_the_workers_of_strangers_on_the_budget_of_its_client(
    tmp_path: Path, path: str
) -> None:
    runner = LocalRunner()
    client = _forwarding(tmp_path, runner)
    ended: list[str | None] = []
    client.app.state.desk.budgets.end = lambda who, now_s, seconds: ended.append(who)  # type: ignore[attr-defined]

    status = client.get(f"/queries/{path}", headers=FORWARDED).status_code

    assert (status, ended) == (200, ["192.0.2.7"])
    assert [(one.own, one.client) for one in runner.asked] == [(False, "192.0.2.7")]


def test_a_query_with_a_text_is_refused_to_a_client_that_has_spent_its_budget(tmp_path: Path) -> None:
    runner = LocalRunner()
    client = _forwarding(tmp_path, runner, budget_seconds=0.0)

    refused = client.get("/queries/with-text.csv?name=Hub+area", headers=FORWARDED)
    others = [client.get(f"/queries/{path}", headers=FORWARDED).status_code for path in ("clusters.csv", "members-of")]

    detail = (
        "you have used the 0 seconds of query time that one client has in 60 s: "
        "try again in 60 s, "
        "ask for less at a time, or run `clustergraph query` on a clone of the repository"
    )
    assert (refused.status_code, refused.json()) == (429, problem(429, "over-budget", detail))
    assert others == [200, 200]


def test_a_text_that_is_too_long_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    runner = LocalRunner()

    response = client_for(tmp_path, runner).get(f"/queries/with-text.csv?name={'.*' * 2_000}")

    detail = "the value of parameter 'name' has 4,000 characters, the limit is 200: give a shorter one"
    assert (response.status_code, response.json()) == (422, problem(422, "parameter-unsuitable", detail))
    assert runner.asked == []
