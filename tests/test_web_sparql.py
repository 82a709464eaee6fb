import asyncio
import html
import json
import re
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
from pyoxigraph import Literal, NamedNode, QueryResultsFormat, RdfFormat, parse, parse_query_results

from clustergraph.errors import Busy, ClusterGraphError, QueryTimedOut, QueryTooHungry
from clustergraph.formats import GRAPH_FORMATS, RESULT_FORMATS, TSV, Format
from clustergraph.runner import Answer, Limits, QueryRequest
from clustergraph.settings import Settings
from clustergraph.terms import expand
from clustergraph.web import judgement, protocol, responses
from clustergraph.web import sparql as module
from clustergraph.web.protocol import AT_ONCE_BYTES
from web_runner import FailingRunner, LocalRunner, TestClient, client_for, exchange, problem

FORM = "application/x-www-form-urlencoded"
SPARQL_QUERY = "application/sparql-query"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

SCHEMA = "https://schema.org/"
ASK = "ASK {}"
YES = {"head": {}, "boolean": True}
SELECT = "SELECT ?a WHERE { VALUES ?a { 1 2 } }"
CONSTRUCT = "CONSTRUCT { <https://e.example/s> <https://e.example/p> 1 } WHERE {}"


@pytest.fixture
def runner() -> LocalRunner:
    return LocalRunner()


@pytest.fixture
def client(tmp_path: Path, runner: LocalRunner) -> TestClient:
    return client_for(tmp_path, runner)


# Three ways in


@pytest.mark.parametrize(
    ("method", "target", "content_type", "body"),
    [
        pytest.param("GET", f"/sparql?query={quote(ASK)}", None, None, id="in the address"),
        pytest.param("POST", "/sparql", FORM, urlencode({"query": ASK}), id="form"),
        pytest.param("POST", "/sparql", f"{FORM}; charset=UTF-8", f"query={ASK}", id="form, not encoded"),
        pytest.param("POST", "/sparql", SPARQL_QUERY, ASK, id="body"),
        pytest.param("POST", "/sparql", f'{SPARQL_QUERY}; charset="utf-8"', ASK, id="body with its charset"),
        pytest.param("QUERY", "/sparql", SPARQL_QUERY, ASK, id="HTTP QUERY"),
        pytest.param("POST", "/sparql", SPARQL_QUERY.upper(), ASK, id="media types have no case"),
    ],
)
def test_a_query_is_answered_whichever_way_it_comes(
    client: TestClient, method: str, target: str, content_type: str | None, body: str | None
) -> None:
    headers = {"content-type": content_type} if content_type else {}

    response = client.request(method, target, content=body, headers=headers)

    assert (response.status_code, response.json()) == (200, YES)


def test_text_of_any_script_arrives_whole_in_every_way(client: TestClient) -> None:
    query = 'SELECT ("è 漢 \U0001f600 & = + % %41" AS ?a) {}'
    sent = [
        client.get("/sparql", params={"query": query}),
        client.post("/sparql", data={"query": query}),
        client.post("/sparql", content=query.encode(), headers={"content-type": SPARQL_QUERY}),
    ]

    assert [one.json()["results"]["bindings"][0]["a"]["value"] for one in sent] == ["è 漢 \U0001f600 & = + % %41"] * 3


def test_the_graphs_of_the_request_reach_the_engine_in_every_way(client: TestClient, runner: LocalRunner) -> None:
    graphs = [
        ("default-graph-uri", "https://g.example/1"),
        ("default-graph-uri", "https://g.example/2"),
        ("named-graph-uri", "https://g.example/3"),
    ]
    client.get(f"/sparql?{urlencode([('query', ASK), *graphs])}")
    client.post("/sparql", content=urlencode([("query", f"{ASK} #2"), *graphs]), headers={"content-type": FORM})
    client.post(f"/sparql?{urlencode(graphs)}", content=f"{ASK} #3", headers={"content-type": SPARQL_QUERY})

    assert [(one.default_graphs, one.named_graphs) for one in runner.asked] == [
        (("https://g.example/1", "https://g.example/2"), ("https://g.example/3",))
    ] * 3


def test_a_source_graph_can_be_asked_alone(client: TestClient) -> None:
    graph = expand("source-graph:paper")
    query = "PREFIX cg: <https://w3id.org/clustergraph/ns#> SELECT (COUNT(*) AS ?n) { ?s cg:isStatedIn ?o }"

    rows = client.get("/sparql", params={"query": query, "default-graph-uri": graph, "format": "csv"}).text

    assert rows == "n\r\n2\r\n"


# What cannot be read


@pytest.mark.parametrize(
    ("target", "status", "name", "detail"),
    [
        pytest.param(
            "/sparql?query=ASK+{}&query=ASK+{}",
            400,
            "query-malformed",
            "there are 2 parameters 'query': send one",
            id="two queries",
        ),
        pytest.param(
            "/sparql?query=ASK+{}&format=csv&format=tsv",
            400,
            "query-malformed",
            "there are 2 parameters 'format', and they differ: send one",
            id="two formats",
        ),
        pytest.param(
            "/sparql",
            400,
            "query-malformed",
            "there is no query: send it as the parameter 'query', or as the body of a POST",
            id="no query",
        ),
        pytest.param(
            "/sparql?update=CLEAR+ALL",
            403,
            "query-refused",
            "this endpoint is read-only: it answers SELECT, ASK, CONSTRUCT and DESCRIBE, and takes no updates",
            id="update",
        ),
        pytest.param(
            "/sparql?query=ASK+{}&timeout=-1",
            422,
            "parameter-unsuitable",
            "'-1' does not fit timeout: give seconds in digits, more than 0, e.g. timeout=2.5",
            id="negative time",
        ),
        pytest.param(
            "/sparql?query=ASK+{}&timeout=",
            422,
            "parameter-unsuitable",
            "'' does not fit timeout: give seconds in digits, more than 0, e.g. timeout=2.5",
            id="empty time",
        ),
        pytest.param(
            "/sparql?query=ASK+{}&default-graph-uri=../x",
            400,
            "query-malformed",
            "'../x' in default-graph-uri is not an absolute IRI: give it in full, e.g. https://example.org/graph",
            id="relative graph",
        ),
        pytest.param(
            "/sparql?query=ASK+{}&format=%0d%0aSet-Cookie:x",
            422,
            "parameter-unsuitable",
            "there is no format '\\u000d\\u000aSet-Cookie:x' here: use one of json, xml, csv, tsv, turtle, n-triples, "
            "json-ld, rdf-xml, trig, n-quads, html",
            id="line breaks in a format",
        ),
        pytest.param(
            "/sparql?query=%ff",
            400,
            "query-malformed",
            "the parameters are not UTF-8: encode the text as UTF-8, then percent-encode it",
            id="not UTF-8",
        ),
        pytest.param(
            "/sparql?query=ASK+{}" + "&a=1" * 200,
            400,
            "query-malformed",
            "there are more than 200 parameters: send fewer",
            id="too many parameters",
        ),
    ],
)
def test_a_request_that_cannot_be_read_is_told_why(
    client: TestClient, target: str, status: int, name: str, detail: str
) -> None:
    response = client.get(target)

    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()) == (status, problem(status, name, detail))


@pytest.mark.parametrize("text", ["0", "0.0", "nan", "inf", "1e3", "+1", " 1", "1_0", "٣", "0x1", "99999999", "1;2"])
def test_only_plain_positive_numbers_are_a_time(client: TestClient, text: str) -> None:
    response = client.get("/sparql", params={"query": ASK, "timeout": text})

    assert response.status_code == 422


@pytest.mark.parametrize(
    ("text", "limit_s"), [("2.5", 2.5), ("0.001", 0.001), ("10", 10.0), ("3600", 10.0), (None, None)]
)
def test_a_client_may_lower_the_time_limit_and_never_raise_it(
    client: TestClient, runner: LocalRunner, text: str | None, limit_s: float | None
) -> None:
    client.get("/sparql", params={"query": ASK} | ({"timeout": text} if text else {}))

    assert [one.time_limit_s for one in runner.asked] == [limit_s]


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, f"no Content-Type: send {FORM} or {SPARQL_QUERY}"),
        (
            {"content-type": "application/json"},
            f"'application/json' is not a form of query that is read here: send {FORM} or {SPARQL_QUERY}",
        ),
        (
            {"content-type": "multipart/form-data; boundary=x"},
            f"'multipart/form-data' is not a form of query that is read here: send {FORM} or {SPARQL_QUERY}",
        ),
        (
            {"content-type": f"{SPARQL_QUERY}; charset=latin-1"},
            "the charset 'latin-1' is not read here: send UTF-8",
        ),
        ({"content-type": f"{FORM}; charset=utf-16"}, "the charset 'utf-16' is not read here: send UTF-8"),
        (
            {"content-type": SPARQL_QUERY, "content-encoding": "gzip"},
            "the content coding 'gzip' is not read here: send the query as it is",
        ),
    ],
    ids=["none", "json", "multipart", "latin-1", "utf-16 form", "gzip"],
)
def test_a_body_in_another_form_is_refused(client: TestClient, headers: dict[str, str], detail: str) -> None:
    response = client.post("/sparql", content=ASK.encode(), headers=headers)

    assert response.json() == problem(415, "unsupported-media-type", detail)


def test_an_update_as_a_body_is_refused(client: TestClient, runner: LocalRunner) -> None:
    response = client.post("/sparql", content="CLEAR ALL", headers={"content-type": "application/sparql-update"})

    assert (response.status_code, runner.asked) == (403, [])
    assert response.json()["detail"].startswith("this endpoint is read-only: "), "as a body, whatever it says"


def test_a_body_that_is_not_utf_8_is_refused(client: TestClient) -> None:
    response = client.post("/sparql", content=b"ASK {} # \xff", headers={"content-type": SPARQL_QUERY})

    assert response.json() == problem(400, "query-malformed", "the query is not UTF-8: byte 10 cannot be read")


def test_a_query_and_a_body_are_two_queries(client: TestClient) -> None:
    response = client.post("/sparql?query=ASK+{}", content=ASK, headers={"content-type": SPARQL_QUERY})

    detail = "there is a query in the address and another one in the body: send one"
    assert response.json() == problem(400, "query-malformed", detail)


def test_a_query_in_the_address_and_one_in_a_form_are_two_parameters(client: TestClient) -> None:
    response = client.post("/sparql?query=ASK+{}", data={"query": ASK})

    assert response.json() == problem(400, "query-malformed", "there are 2 parameters 'query': send one")


def test_two_content_types_are_refused_whichever_comes_first(client: TestClient, runner: LocalRunner) -> None:
    types = (SPARQL_QUERY, "application/x-www-form-urlencoded")
    said = [
        client.post("/sparql", content=ASK, headers=[("content-type", one) for one in order]).json()
        for order in (types, types[::-1], (SPARQL_QUERY, SPARQL_QUERY))
    ]

    assert said == [problem(400, "query-malformed", "there are 2 Content-Type headers: send one")] * 3
    assert runner.asked == []


def test_one_byte_order_mark_before_a_query_in_a_body_is_no_part_of_it(client: TestClient, runner: LocalRunner) -> None:
    mark = "\ufeff".encode()
    first, second, escaped = (
        client.post("/sparql", content=one, headers={"content-type": kind})
        for one, kind in (
            (mark + ASK.encode(), SPARQL_QUERY),
            (mark * 2 + ASK.encode(), SPARQL_QUERY),
            (urlencode({"query": f"\ufeff{ASK}"}), "application/x-www-form-urlencoded"),
        )
    )

    assert (first.status_code, runner.asked[0].query) == (200, ASK)
    hint = "remove this byte order mark (U+FEFF), which some editors write in front of a text"
    for answer in (second, escaped):
        detail = f"line 1, column 1: '\\ufeff' cannot stand here: {hint}"
        assert answer.json() == problem(400, "query-malformed", detail, line=1, column=1, hint=hint)


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_refused_before_it_is_held(tmp_path: Path, declared: bool) -> None:
    def pieces() -> Iterator[bytes]:
        yield from [b"#" * 1_000] * 1_000

    client = client_for(tmp_path, settings=Settings(query_limit_bytes=5_000))
    content = b"#" * 1_000_000 if declared else pieces()

    response = client.post("/sparql", content=content, headers={"content-type": SPARQL_QUERY})

    detail = "the body has more than 5,000 bytes, which is the limit here: send a shorter query"
    assert response.json() == problem(413, "query-too-large", detail)


def test_a_body_that_says_it_is_too_long_is_not_read_at_all(tmp_path: Path) -> None:
    async def never() -> dict[str, object]:
        message = "the body was asked for"
        raise AssertionError(message)

    headers = [(b"content-type", SPARQL_QUERY.encode()), (b"content-length", b"100001")]
    sent = exchange(client_for(tmp_path).app, "POST", headers=headers, receive=never)

    assert sent[0]["status"] == 413


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clustergraph.web.protocol.BODY_TIME_LIMIT_S", 0.01)

    async def never() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    headers = [(b"content-type", SPARQL_QUERY.encode())]
    began = time.monotonic()
    sent = exchange(client_for(tmp_path).app, "POST", headers=headers, receive=never)

    assert time.monotonic() - began < 5
    assert sent[0]["status"] == 408
    detail = "the body did not arrive within 0.01 s: send it faster"
    assert json.loads(sent[1]["body"]) == problem(408, "too-slow", detail)


def test_a_long_query_may_come_by_post_but_not_in_an_address(client: TestClient) -> None:
    query = ASK + "#" * 9_000

    by_get = client.get("/sparql", params={"query": query})
    by_post = client.post("/sparql", data={"query": query})

    detail = "the address has 27,023 bytes, the limit is 8,192: send the query by POST"
    assert by_get.json() == problem(414, "address-too-long", detail)
    assert by_post.json() == YES


def test_a_query_over_the_limits_of_the_guard_is_refused(tmp_path: Path) -> None:
    client = client_for(tmp_path, settings=Settings(nesting_limit=3))

    response = client.post("/sparql", data={"query": "ASK {{{{}}}}"})

    assert (response.status_code, response.json()["type"]) == (
        413,
        "https://w3id.org/clustergraph/problems#query-too-large",
    )


@pytest.mark.parametrize("query", ["ASK { SERVICE <http://127.0.0.1/> {} }", "INSERT DATA { <a:b> <a:b> 1 }"])
def test_queries_that_reach_out_or_write_never_reach_the_runner(
    client: TestClient, runner: LocalRunner, query: str
) -> None:
    response = client.post("/sparql", data={"query": query})

    assert (response.status_code, runner.asked) == (403, [])


def test_a_syntax_error_says_where(client: TestClient) -> None:
    response = client.post("/sparql", data={"query": "SELECT ?a\nWHERE { ?a ?b }"})

    said = response.json()
    assert (response.status_code, said["line"], said["column"], "hint" in said) == (400, 2, 15, False)


# Formats


RESULTS = {
    "json": QueryResultsFormat.JSON,
    "xml": QueryResultsFormat.XML,
    "tsv": QueryResultsFormat.TSV,
}
GRAPHS = {
    "turtle": RdfFormat.TURTLE,
    "n-triples": RdfFormat.N_TRIPLES,
    "json-ld": RdfFormat.JSON_LD,
    "rdf-xml": RdfFormat.RDF_XML,
    "trig": RdfFormat.TRIG,
    "n-quads": RdfFormat.N_QUADS,
}


@pytest.mark.parametrize("wanted", RESULT_FORMATS, ids=lambda one: one.name)
@pytest.mark.parametrize("by", ["accept", "format"])
def test_results_come_in_every_format_by_accept_and_by_name(client: TestClient, wanted: Format, by: str) -> None:
    if by == "accept":
        response = client.get("/sparql", params={"query": SELECT}, headers={"accept": wanted.media_type})
    else:
        response = client.get("/sparql", params={"query": SELECT, "format": wanted.name}, headers={"accept": "x/y"})

    assert response.headers["content-type"].partition(";")[0] == wanted.media_type
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    if wanted.name == "csv":
        assert response.text == "a\r\n1\r\n2\r\n"
    else:
        parsed = parse_query_results(response.content, RESULTS[wanted.name])
        assert [str(row["a"]) for row in parsed] == [  # type: ignore[union-attr]
            '"1"^^<http://www.w3.org/2001/XMLSchema#integer>',
            '"2"^^<http://www.w3.org/2001/XMLSchema#integer>',
        ]


@pytest.mark.parametrize("wanted", GRAPH_FORMATS, ids=lambda one: one.name)
@pytest.mark.parametrize("by", ["accept", "format"])
def test_graphs_come_in_every_format_by_accept_and_by_name(client: TestClient, wanted: Format, by: str) -> None:
    if by == "accept":
        response = client.get("/sparql", params={"query": CONSTRUCT}, headers={"accept": wanted.media_type})
    else:
        response = client.get("/sparql", params={"query": CONSTRUCT, "format": wanted.name}, headers={"accept": "x/y"})

    assert response.headers["content-type"].partition(";")[0] == wanted.media_type
    assert [str(quad.triple) for quad in parse(response.content, GRAPHS[wanted.name])] == [
        '<https://e.example/s> <https://e.example/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer>'
    ]


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        (SELECT, None, "application/sparql-results+json"),
        (SELECT, "*/*", "application/sparql-results+json"),
        (SELECT, "application/json", "application/sparql-results+json"),
        (SELECT, "text/turtle, text/csv;q=0.1", "text/csv"),
        (CONSTRUCT, None, "text/turtle"),
        (CONSTRUCT, "application/json", "application/ld+json"),
        (CONSTRUCT, "text/csv, application/n-triples;q=0.1", "application/n-triples"),
        (f"DESCRIBE <{expand('cluster:alpha')}>", "text/csv, */*;q=0.1", "text/turtle"),
        (SELECT, BROWSER, "text/html"),
        (CONSTRUCT, BROWSER, "text/html"),
    ],
)
def test_the_form_of_the_query_decides_which_formats_count(
    client: TestClient, query: str, accept: str | None, media_type: str
) -> None:
    headers = {"accept": accept} if accept else {}
    client.headers.pop("accept", None)

    response = client.get("/sparql", params={"query": query}, headers=headers)

    assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, media_type)


@pytest.mark.parametrize(
    ("query", "names", "media_type"),
    [
        (SELECT, ("tsv", "text/tab-separated-values"), "text/tab-separated-values"),
        (CONSTRUCT, ("xml",), "application/rdf+xml"),
        (CONSTRUCT, ("json",), "application/ld+json"),
        (CONSTRUCT, ("rdf+xml", "application/rdf+xml"), "application/rdf+xml"),
        (CONSTRUCT, ("json-ld", "application/ld+json,application/x-json+ld"), "application/ld+json"),
        (CONSTRUCT, ("n3",), "text/turtle"),
    ],
    ids=lambda one: one if isinstance(one, tuple) else None,
)
def test_the_ways_in_which_sparqlwrapper_names_a_format_are_understood(
    client: TestClient, query: str, names: tuple[str, ...], media_type: str
) -> None:
    asked = [("query", query), *((name, one) for name in ("format", "output", "results") for one in names)]

    response = client.get(f"/sparql?{urlencode(asked)}", headers={"accept": media_type})

    assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, media_type)


def test_an_example_too_long_for_an_address_is_sent_by_post(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = f"ASK {{}} # {'&' * responses.TARGET_LIMIT_BYTES}"
    module._example.cache_clear()
    monkeypatch.setattr(module, "with_used_prefixes", lambda _: long)

    text = client.get("/sparql", headers={"accept": BROWSER}).text
    module._example.cache_clear()

    field = f'<input type="hidden" name="query" value="{html.escape(long)}">'
    assert (
        f'<form class="within" action="/sparql" method="post">{field}<button class="link">All clusters</button>' in text
    )


@pytest.mark.parametrize(
    ("query", "accept", "offered"),
    [
        (SELECT, "text/turtle", RESULT_FORMATS),
        (CONSTRUCT, "text/csv", GRAPH_FORMATS),
        (ASK, "image/png", RESULT_FORMATS),
        (SELECT, "*/*;q=0", RESULT_FORMATS),
    ],
)
def test_a_format_that_does_not_fit_is_answered_with_the_offer(
    client: TestClient, runner: LocalRunner, query: str, accept: str, offered: tuple[Format, ...]
) -> None:
    response = client.get("/sparql", params={"query": query}, headers={"accept": accept})

    media_types = [one.media_type for one in offered]
    detail = f"nothing that fits this request is in a format you accept: ask for one of {', '.join(media_types)}"
    assert response.json() == problem(406, "not-acceptable", detail, offered=media_types)
    assert runner.asked == []


def test_a_format_that_cannot_hold_the_answer_is_answered_with_those_that_can(client: TestClient) -> None:
    query = "CONSTRUCT { <x:s> <x:1> 1 } {}"

    response = client.get("/sparql", params={"query": query, "format": "rdf"})

    offered = ["text/turtle", "application/n-triples", "application/trig", "application/n-quads"]
    detail = (
        "the format application/rdf+xml cannot hold the predicate <x:1>, which is in this answer: ask for one of "
        f"{', '.join(offered)}"
    )
    assert response.json() == problem(406, "format-cannot-hold", detail, offered=offered)
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "form", "POST"])
def test_a_named_graph_that_is_given_twice_counts_once(client: TestClient, method: str) -> None:
    query = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s skos:altLabel ?o } }"
    graphs = [("named-graph-uri", "https://w3id.org/clustergraph/graph/curated")] * 2
    encoded = urlencode([("query", query), *graphs])
    sent = {
        "GET": ("GET", f"/sparql?{encoded}", None, {}),
        "form": ("POST", "/sparql", encoded, {"content-type": FORM}),
        "POST": ("POST", f"/sparql?{urlencode(graphs)}", query, {"content-type": SPARQL_QUERY}),
    }
    verb, target, body, headers = sent[method]

    response = client.request(verb, target, content=body, headers={"accept": "text/csv", **headers})

    assert response.text == "n\r\n1\r\n"


def test_blank_nodes_are_told_apart_in_a_page_by_the_end_of_their_names(tmp_path: Path) -> None:
    class Labels(LocalRunner):
        async def answer(self, request: QueryRequest) -> Answer:
            rows = b"?a\n_:b55a1b1a2c14n4\n_:b55a1b1a2c14n6\n_:b012345678\n"
            return Answer(TSV, self._frames(rows))

    page = client_for(tmp_path, Labels()).get("/sparql", params={"query": SELECT, "format": "html"}).text

    assert re.findall(r'<span class="iri" title="(.*?)">(.*?)</span>', page) == [
        ("_:b55a1b1a2c14n4", "_:…1b1a2c14n4"),
        ("_:b55a1b1a2c14n6", "_:…1b1a2c14n6"),
        ("_:b012345678", "_:b012345678"),
    ]


def test_a_format_of_the_other_family_is_answered_with_the_offer(client: TestClient) -> None:
    response = client.get("/sparql", params={"query": CONSTRUCT, "format": "csv"})

    assert (response.status_code, response.json()["offered"][0]) == (406, "text/turtle")


def test_tables_are_saved_and_not_shown(client: TestClient) -> None:
    response = client.get("/sparql", params={"query": SELECT, "format": "csv"})

    assert response.headers["content-disposition"] == 'attachment; filename="results.csv"'
    assert response.headers["content-type"] == "text/csv; charset=utf-8"


# Caching


def test_the_same_question_has_the_same_strong_tag_and_needs_no_second_answer(
    client: TestClient, runner: LocalRunner
) -> None:
    first = client.get("/sparql", params={"query": SELECT})
    asked = len(runner.asked)

    second = client.get(
        "/sparql", params={"query": SELECT}, headers={"if-none-match": f'"x", W/{first.headers["etag"]}'}
    )

    assert first.headers["etag"].startswith('"')
    assert (second.status_code, second.content, len(runner.asked)) == (304, b"", asked)
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["cache-control"] == first.headers["cache-control"] == "public, max-age=300, must-revalidate"
    assert first.headers["x-clustergraph-dataset"] == "d" * 64


def test_another_query_format_or_graph_has_another_tag(client: TestClient) -> None:
    variants: list[dict[str, str]] = [
        {"query": SELECT},
        {"query": f"{SELECT} LIMIT 5"},
        {"query": SELECT, "format": "csv"},
        {"query": SELECT, "default-graph-uri": "https://g.example/"},
        {"query": SELECT, "named-graph-uri": "https://g.example/"},
        {"query": SELECT, "format": "html"},
    ]

    tags = [client.get("/sparql", params=one).headers["etag"] for one in variants]

    assert len(set(tags)) == len(variants)


def test_queries_that_differ_in_their_spaces_have_one_answer(client: TestClient, runner: LocalRunner) -> None:
    spaced = SELECT.replace(" ", "\n   ")

    answers = [client.get("/sparql", params={"query": one}) for one in (SELECT, spaced, f"  {SELECT}  ")]

    assert [(one.headers["etag"], one.content) for one in answers] == [
        (answers[0].headers["etag"], answers[0].content)
    ] * 3
    assert [one.query for one in runner.asked] == [SELECT]


@pytest.mark.parametrize(
    "function",
    [
        "NOW()",
        "rand ( )",
        "UUID()",
        "STRUUID()",
        "BNODE()",
        'BNODE("a")',
        "RAND#\n()",
        "1+NOW#(\r\n#\n\t()",
    ],
)
def test_an_answer_that_changes_each_time_is_not_stored(client: TestClient, function: str) -> None:
    response = client.get("/sparql", params={"query": f"SELECT ({function} AS ?a) {{}}"})

    assert response.status_code == 200
    assert "etag" not in response.headers
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "template",
    [
        "?s ?p []",
        "?s ?p _:b",
        "?s ?p (1)",
        "?s ?p ?o ~",
        "?s ?p ?o~",
        "<< ?s ?p ?o >> <x:y> 1",
        "<<?s ?p ?o>>",
        "?s ?p ?o {| <x:y> 1 |}",
        "?s ?p ?o ~ <x:r> , 1 ~",
    ],
)
def test_a_graph_with_blank_nodes_of_its_template_is_not_stored(client: TestClient, template: str) -> None:
    response = client.get("/sparql", params={"query": f"CONSTRUCT {{ {template} }} WHERE {{ ?s ?p ?o }}"})

    assert response.status_code == 200
    assert "etag" not in response.headers
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query",
    [
        "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(?o <= 3 || ?o = (1)) }",
        "CONSTRUCT { ?s ?p <<( ?s ?p ?o )>> } WHERE { ?s ?p ?o }",
        "CONSTRUCT { ?s ?p <https://example.org/~a> } WHERE { ?s ?p ?o ~ ?r {| <x:y> [] |} . << ?s ?p ?o >> <x:y> 1 }",
        "DESCRIBE ?s { ?s ?p ?o ~ }",
        "ASK { << ?s ?p ?o >> <x:y> 1 }",
    ],
)
def test_a_query_whose_template_makes_no_node_is_stored(client: TestClient, query: str) -> None:
    assert "etag" in client.get("/sparql", params={"query": query}).headers


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?now { ?rand ?p 'NOW()' }",
        "# RAND()\nASK {}",
        "PREFIX foaf: <https://f.example/> ASK { ?a foaf:knows ?b }",
    ],
)
def test_a_query_that_only_mentions_a_changing_function_is_stored(client: TestClient, query: str) -> None:
    assert "etag" in client.get("/sparql", params={"query": query}).headers


def test_an_answer_to_a_post_is_not_stored(client: TestClient) -> None:
    response = client.post("/sparql", data={"query": SELECT})

    assert ("etag" in response.headers, response.headers["cache-control"]) == (False, "no-store")


def _untimed(response: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "server-timing"}


def test_head_is_the_head_of_get_and_gives_the_answer_up(client: TestClient, runner: LocalRunner) -> None:
    params = {"query": "SELECT * { ?s ?p ?o }"}
    head = client.head("/sparql", params=params)

    whole = client.get("/sparql", params=params)  # after it, for an answer that is kept has a length

    assert (head.status_code, head.content) == (200, b"")
    assert _untimed(head) == _untimed(whole)
    assert runner.closed == 2


def test_head_of_a_long_answer_gives_it_up(tmp_path: Path) -> None:
    class Long(LocalRunner):
        async def _frames(self, body: bytes) -> AsyncGenerator[bytes, None]:
            for _ in range(100):
                self.frames_given += 1
                yield bytes(1 << 16)

    runner = Long()
    client_for(tmp_path, runner).head("/sparql", params={"query": SELECT})

    assert runner.frames_given < 10


@pytest.mark.parametrize("path", ["/", "/nowhere", "/doc/cluster/alpha.ttl", "/health/live", "/static/style.css"])
def test_no_body_follows_a_head_whatever_the_server_would_do_with_it(tmp_path: Path, path: str) -> None:
    sent = exchange(client_for(tmp_path).app, "HEAD", path)

    assert b"".join(message.get("body", b"") for message in sent) == b""


# Errors while evaluating


@pytest.mark.parametrize(
    ("make", "status", "name", "retry_after"),
    [
        (lambda: QueryTimedOut("stopped after 10 s: add a LIMIT"), 504, "query-timed-out", None),
        (lambda: QueryTooHungry("stopped: too much memory"), 503, "query-too-hungry", "5"),
        (lambda: Busy("all 2 workers are taken", retry_after_s=3), 503, "busy", "3"),
    ],
    ids=["time", "memory", "busy"],
)
def test_a_limit_reached_is_told_with_its_own_status(
    tmp_path: Path, make: Callable[[], ClusterGraphError], status: int, name: str, retry_after: str | None
) -> None:
    client = client_for(tmp_path, FailingRunner(make))

    response = client.get("/sparql", params={"query": ASK})

    assert response.json() == problem(status, name, make().detail)
    assert (response.status_code, response.headers.get("retry-after")) == (status, retry_after)


def test_an_answer_that_fails_half_way_is_cut_and_never_looks_whole(tmp_path: Path) -> None:
    class Failing(LocalRunner):
        async def _frames(self, body: bytes) -> AsyncGenerator[bytes, None]:
            yield body[:50]
            message = "stopped: too much memory"
            raise QueryTooHungry(message)

    sent = exchange(client_for(tmp_path, Failing()).app, "GET", query="SELECT * { ?s ?p ?o }")

    assert [(one["type"], one.get("more_body")) for one in sent] == [
        ("http.response.start", None),
        ("http.response.body", True),
    ]


def test_an_answer_that_fails_on_its_first_frame_still_has_a_status(tmp_path: Path) -> None:
    class Failing(LocalRunner):
        async def _frames(self, body: bytes) -> AsyncGenerator[bytes, None]:
            message = "stopped: too much memory"
            raise QueryTooHungry(message)
            yield b""

    response = client_for(tmp_path, Failing()).get("/sparql", params={"query": SELECT})

    assert response.json() == problem(503, "query-too-hungry", "stopped: too much memory")


def test_a_client_that_leaves_takes_its_query_with_it(tmp_path: Path) -> None:
    ended: list[str] = []

    class Endless(LocalRunner):
        async def answer(self, request: QueryRequest) -> Answer:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise
            return await super().answer(request)

    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": b"", "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def leave() -> dict[str, object]:
        return messages.pop(0)

    sent = exchange(client_for(tmp_path, Endless()).app, "GET", query=ASK, receive=leave)

    assert (ended, sent) == (["cancelled"], [])


# The service description


@pytest.mark.parametrize("wanted", GRAPH_FORMATS, ids=lambda one: one.name)
def test_without_a_query_rdf_describes_the_service(client: TestClient, wanted: Format) -> None:
    response = client.get("/sparql", headers={"accept": wanted.media_type})

    triples = {quad.triple for quad in parse(response.content, GRAPHS[wanted.name])}
    said = {(t.predicate.value, t.object.value) for t in triples if t.subject.value.endswith("#service")}
    named = {t.object.value for t in triples if t.predicate.value == expand("sd:name")}
    endpoint = "http://127.0.0.1:8000/sparql"
    formats = "http://www.w3.org/ns/formats/"
    results = {"SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"}
    graphs = {"Turtle", "N-Triples", "JSON-LD", "RDF_XML", "TriG", "N-Quads"}
    assert said == {
        (expand("rdf:type"), expand("sd:Service")),
        (expand("sd:endpoint"), endpoint),
        (expand("sd:supportedLanguage"), expand("sd:SPARQL11Query")),
        (expand("sd:feature"), expand("sd:UnionDefaultGraph")),
        *((SCHEMA + "additionalProperty", f"{endpoint}#{name.replace('_', '-')}") for name in Limits._fields),
        (expand("sd:defaultDataset"), f"{endpoint}#dataset"),
        (expand("dcterms:license"), "https://creativecommons.org/licenses/by/4.0/"),
        *((expand("sd:resultFormat"), f"{formats}{name}") for name in results | graphs),
    }
    assert named == {expand(f"graph:{name}") for name in ("curated", "inferred", "ontology")} | {
        expand("source-graph:paper")
    }
    assert {t.subject.value: t.object.value for t in triples if t.predicate.value == SCHEMA + "value"} == {
        f"{endpoint}#{name.replace('_', '-')}": f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in Limits()._asdict().items()
    }
    assert response.headers["etag"]


def test_a_limit_is_described_in_the_words_of_its_setting(client: TestClient) -> None:
    response = client.get("/sparql", headers={"accept": "application/n-triples"})

    said: dict[str, dict[str, str]] = {}
    for quad in parse(response.content, GRAPHS["n-triples"]):
        subject, predicate, value = quad.triple
        if isinstance(subject, NamedNode) and predicate.value.startswith(SCHEMA) and isinstance(value, Literal):
            said.setdefault(subject.value.partition("#")[2], {})[predicate.value.removeprefix(SCHEMA)] = str(value)
    codes = {"s": "SEC", "bytes": "AD"}
    assert {name: {part: row[part] for part in ("description", "unitCode")} for name, row in said.items()} == {
        one.name.replace("_", "-"): {
            "description": f'"{one.text}"@en',
            "unitCode": f'"{codes.get(one.unit, "C62")}"',
        }
        for one in Settings().limits_told
        if one.name in Limits._fields
    }


def test_other_limits_make_another_description(tmp_path: Path, client: TestClient) -> None:
    turtle = {"accept": "text/turtle"}
    tag = client.get("/sparql", headers=turtle).headers["etag"]

    other = client_for(tmp_path, LocalRunner(), Settings(time_limit_s=7.5))
    replies = [one.get("/sparql", headers=turtle | {"if-none-match": tag}) for one in (client, other)]

    assert [one.status_code for one in replies] == [304, 200]


# The page


def test_without_a_query_a_browser_gets_the_page_to_write_one_in(client: TestClient, runner: LocalRunner) -> None:
    response = client.get("/sparql", headers={"accept": BROWSER})

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert '<textarea id="query" name="query"' in response.text
    assert '<button type="submit">Run</button>' in response.text
    assert "?cluster a cg:TechnologyCluster ;" in response.text
    assert '<a href="/sparql?query=%23+title%3A+All+clusters' in response.text
    assert runner.asked == []


def test_a_result_is_shown_under_its_query(client: TestClient) -> None:
    query = f"SELECT ?a ?b {{ VALUES (?a ?b) {{ (<{expand('cluster:alpha')}> 'x'@en) (UNDEF 7) }} }}"

    text = client.get("/sparql", params={"query": query}, headers={"accept": BROWSER}).text

    assert query.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in text
    assert '<th scope="col">a</th><th scope="col">b</th>' in text
    assert 'href="/id/cluster/alpha"' in text
    assert '<span class="literal" lang="en">x</span> <span class="tag">en</span>' in text
    assert '<span class="unbound" title="no value">–</span>' in text
    assert '<td class="number"><span class="literal">7</span></td>' in text
    assert "2 rows." in text


def test_a_page_shows_a_thousand_rows_and_links_to_all_of_them(client: TestClient, runner: LocalRunner) -> None:
    query = "SELECT ?a { ?s ?p ?o . ?s2 ?p2 ?o2 BIND(1 AS ?a) }"

    text = client.get("/sparql", params={"query": query}, headers={"accept": BROWSER}).text

    assert text.count("<tr>") == 1_001
    assert "Only the first 1,000 are shown." in text
    assert "SELECT+%3Fa+%7B+%3Fs+%3Fp+%3Fo+.+%3Fs2+%3Fp2+%3Fo2+BIND%281+AS+%3Fa%29+%7D&amp;format=csv" in text
    assert runner.closed == 1


def test_a_page_of_a_million_cells_shows_the_first_and_links_to_the_whole(tmp_path: Path) -> None:
    query = f"SELECT {' '.join(f'?{number}' for number in range(1_000))} {{ VALUES ?n {{ {'1 ' * 1_000}}} }}"
    client = client_for(tmp_path, LocalRunner(frame_bytes=65_536))

    text = client.post("/sparql", data={"query": query}, headers={"accept": BROWSER}).text

    assert (text.count("<th scope"), text.count("<td")) == (100, 20_000)
    assert "200 rows in the first 100 of 1,000 columns; there is more." in text
    assert "Only the first 200 are shown, in 100 of 1,000 columns." in text
    assert "The whole answer:" in text
    assert 'name="format" value="csv"' in text or "format=csv" in text


def where_called(monkeypatch: pytest.MonkeyPatch, name: str, module: ModuleType = module) -> list[bool]:
    """Whether each call of a function of the module was made in the thread of an event loop."""
    called = getattr(module, name)
    in_loop: list[bool] = []

    def noted(*args: Any, **kwargs: Any) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            in_loop.append(False)
        else:
            in_loop.append(True)
        return called(*args, **kwargs)

    monkeypatch.setattr(module, name, noted)
    return in_loop


def test_a_page_with_a_result_is_made_outside_the_event_loop(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_loop = where_called(monkeypatch, "page")

    assert client.get("/sparql", params={"query": SELECT}, headers={"accept": BROWSER}).status_code == 200
    assert in_loop == [False]


def test_a_long_query_is_judged_outside_the_event_loop_and_a_short_one_in_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_loop = where_called(monkeypatch, "admit", judgement)

    statuses = [
        client.post("/sparql", data={"query": one}).status_code
        for one in ("ASK { ?s <p> ?o }", f"ASK {{ ?s <p> ?o }}#{'x' * 2_048}")
    ]

    assert (statuses, in_loop) == ([200, 200], [True, False])


def test_the_addresses_of_the_examples_are_made_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    module._example.cache_clear()
    made = where_called(monkeypatch, "with_used_prefixes")

    pages = [client.get("/sparql?query=x&query=y", headers={"accept": BROWSER}) for _ in range(3)]

    assert ([one.status_code for one in pages], len(made)) == ([400] * 3, 1)
    assert all("All clusters" in one.text for one in pages)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/sparql?{urlencode({'query': 'SELECT * { ?s ?p }'})}", 400),
        ("/queries/members-of.csv?cluster=nobody-here", 422),
    ],
)
def test_any_validator_is_none_of_an_answer_that_does_not_exist(client: TestClient, path: str, status: int) -> None:
    statuses = [client.get(path, headers=headers).status_code for headers in ({}, {"if-none-match": "*"})]

    assert statuses == [status, status]


def test_any_validator_is_that_of_an_answer_that_exists_whether_or_not_it_was_given_before(client: TestClient) -> None:
    asked = [f"/sparql?{urlencode({'query': one})}" for one in ("ASK {}", "ASK {}", " ASK {}")]

    answers = [client.get(one, headers={"if-none-match": "*"}) for one in asked]

    assert [(one.status_code, one.content) for one in answers] == [(304, b"")] * 3
    assert len({one.headers["etag"] for one in answers}) == 1
    assert client.get(asked[0]).headers["etag"] == answers[0].headers["etag"]
    assert client.post("/sparql", data={"query": "ASK {}"}, headers={"if-none-match": "*"}).status_code == 200


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ns?format=turtle",
        "/doc/cluster/alpha.ttl",
        "/browse/cluster",
        "/queries/clusters.csv",
        f"/sparql?{urlencode({'query': 'SELECT * { ?s ?p ?o }'})}",
    ],
)
def test_any_validator_names_an_answer_whether_it_is_kept_or_not(
    tmp_path: Path, path: str, method: str, coding: str
) -> None:
    client = client_for(tmp_path)
    headers = {"accept-encoding": coding}

    anew, kept = (client.request(method, path, headers={**headers, "if-none-match": "*"}) for _ in range(2))
    whole = client.get(path, headers=headers)

    assert (anew.status_code, kept.status_code, whole.status_code) == (304, 304, 200)
    assert anew.content == kept.content == b""
    unlike = {"server-timing", "content-length"}
    told, again = ({name: one.headers[name] for name in one.headers if name not in unlike} for one in (anew, kept))
    assert told == again
    assert "content-type" not in told
    assert "content-encoding" not in told
    assert told["etag"] == whole.headers["etag"]


def test_a_long_query_is_refused_like_a_short_one(client: TestClient) -> None:
    response = client.post("/sparql", data={"query": f"ASK {{ SERVICE <a:b> {{}} }}#{'x' * 9_000}"})

    assert (response.status_code, response.json()["type"].partition("#")[2]) == (403, "query-refused")


def test_a_long_query_has_buttons_in_place_of_links(client: TestClient) -> None:
    response = client.post("/sparql", data={"query": SELECT + "#" * 9_000}, headers={"accept": BROWSER})

    assert '<button class="link" name="format" value="csv">csv</button>' in response.text
    assert "format=csv" not in response.text


@pytest.mark.parametrize(("query", "word"), [("ASK {}", "yes"), ("ASK { <a:b> <a:b> 1 }", "no")])
def test_an_ask_is_answered_in_a_word(client: TestClient, query: str, word: str) -> None:
    text = client.get("/sparql", params={"query": query}, headers={"accept": BROWSER}).text

    assert f'<p class="truth">{word}</p>' in text


def test_a_graph_is_shown_as_triples(client: TestClient) -> None:
    text = client.get("/sparql", params={"query": CONSTRUCT}, headers={"accept": BROWSER}).text

    assert '<th scope="col">subject</th><th scope="col">predicate</th><th scope="col">object</th>' in text
    assert "1 triple." in text
    assert "format=turtle" in text


def test_an_error_is_shown_under_its_query_with_its_place(client: TestClient) -> None:
    query = "SELECT ?a\nWHERE { ?a ?b }"

    response = client.get("/sparql", params={"query": query}, headers={"accept": BROWSER})

    assert response.status_code == 400
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert f"{query}</textarea>" in response.text
    assert "Line 2, column 15: " in response.text
    assert ">2 │ WHERE { ?a ?b <mark>}</mark></pre>" in response.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT * {", "SELECT * {<mark> </mark>"),
        (f"SELECT * {{ {'?s ?p ?o . ' * 20}?x }}", f"│ …{'?s ?p ?o . ' * 7}?x <mark>}}</mark></pre>"),
        (f"SELECT * {{ ?x }} #{'a' * 99}", f"<mark>}}</mark> #{'a' * 78}…</pre>"),
    ],
)
def test_of_a_long_line_the_surroundings_of_the_error_are_shown(client: TestClient, query: str, shown: str) -> None:
    assert shown in client.get("/sparql", params={"query": query}, headers={"accept": BROWSER}).text


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/sparql?query=ASK+{}&timeout=x", 422),
        ("/sparql?query=ASK+{}&query=ASK+{}", 400),
        ("/sparql?update=x", 403),
        ("/sparql?query=ASK+{}&format=nonsense", 422),
    ],
)
def test_a_browser_always_gets_a_page(client: TestClient, target: str, status: int) -> None:
    response = client.get(target, headers={"accept": BROWSER})

    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")


def test_the_result_page_of_a_post_works_as_well(client: TestClient) -> None:
    response = client.post("/sparql", data={"query": SELECT}, headers={"accept": BROWSER})

    assert "2 rows." in response.text


def test_the_validator_of_an_answer_is_that_of_its_dataset(tmp_path: Path) -> None:
    other = LocalRunner()
    other.digest = "e" * 64
    clients = [client_for(tmp_path, runner) for runner in (LocalRunner(), other)]

    tags = [client.get("/sparql", params={"query": SELECT}).headers["ETag"] for client in clients]

    assert tags[0] != tags[1]


LONG_FORM = "query=ASK%7B%7D" + "%20" * (AT_ONCE_BYTES // 3)


def test_a_long_form_is_read_beside_everything_else_in_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[str] = []
    read = protocol.parameters

    def parameters(encoded: bytes) -> list[tuple[str, str]]:
        if encoded:
            readers.append(threading.current_thread().name)
        return read(encoded)

    monkeypatch.setattr(protocol, "parameters", parameters)
    client = client_for(tmp_path)

    answers = [client.post("/sparql", content=LONG_FORM, headers={"content-type": FORM}) for _ in range(3)]

    assert [one.json()["boolean"] for one in answers] == [True] * 3
    assert readers == ["forms_0"] * 3


def test_the_time_in_which_a_long_form_is_read_is_its_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    async def slow(form: bytes) -> tuple[list[tuple[str, str]], float]:
        read.append(len(form))
        return protocol.parameters(form), 3.0

    monkeypatch.setattr(module, "read_beside", slow)
    client = client_for(tmp_path, settings=Settings(budget_seconds=4.0, budget_loopback=True))

    statuses = [client.post("/sparql", content=LONG_FORM, headers={"content-type": FORM}).status_code for _ in range(3)]

    assert (statuses[0], statuses[2], len(read)) == (200, 429, 2)  # 3 of 4 s, then 6: no third one is read
