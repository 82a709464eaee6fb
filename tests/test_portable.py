"""A query as another engine reads it: the same answers, and nothing of SPARQL's extensions."""

import io
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.engine import Engine
from clustergraph.errors import QueryError, QueryMalformed, QueryRefused
from clustergraph.formats import CSV
from clustergraph.portable import portable
from clustergraph.queries import internal
from clustergraph.runner import QueryRequest
from web_runner import REPOSITORY, LocalRunner, merged_store

BETA = "<https://w3id.org/clustergraph/id/organisation/beta>"
DATA = """
graph:one { <urn:a> <urn:p> <urn:b> , "x" . <urn:b> <urn:q> <urn:c> . }
"""
BASE_LINE = "BASE <https://w3id.org/clustergraph/> \n"


def sent(query: str, **bindings: str) -> str:
    return portable(query, bindings).text.removeprefix(BASE_LINE)


ROWS = [
    pytest.param("SELECT * { ?x ?p ?o }", "SELECT * { VALUES ?x { <urn:a> }  ?x ?p ?o }", id="in the outermost group"),
    pytest.param("ASK { ?s ?p ?o }", "ASK { VALUES ?x { <urn:a> }  ?s ?p ?o }", id="also where nothing names it"),
    pytest.param(
        "SELECT * { ?s ?p ?o OPTIONAL { ?x ?q ?r } }",
        "SELECT * { VALUES ?x { <urn:a> }  ?s ?p ?o OPTIONAL { VALUES ?x { <urn:a> }  ?x ?q ?r } }",
        id="in each group that names it",
    ),
    pytest.param(
        "CONSTRUCT { ?x ?p ?o } WHERE { ?x ?p ?o }",
        "CONSTRUCT { ?x ?p ?o } WHERE { VALUES ?x { <urn:a> }  ?x ?p ?o }",
        id="not in a template",
    ),
    pytest.param(
        "SELECT * { VALUES ?x { <urn:b> } ?x ?p ?o }",
        "SELECT * { VALUES ?x { <urn:a> }  VALUES ?x { <urn:b> } ?x ?p ?o }",
        id="not in data",
    ),
    pytest.param(
        "SELECT * { { SELECT ?s { ?s ?p ?x } } }",
        "SELECT * { VALUES ?x { <urn:a> }  { SELECT ?s { ?s ?p ?x } } }",
        id="not where a subquery means another variable",
    ),
    pytest.param(
        "SELECT * { { SELECT ?x { ?s ?p ?x } } }",
        "SELECT * { VALUES ?x { <urn:a> }  { SELECT ?x { VALUES ?x { <urn:a> }  ?s ?p ?x } } }",
        id="where a subquery selects it",
    ),
]


@pytest.mark.parametrize(("query", "expected"), ROWS)
def test_a_value_is_a_row_of_values(query: str, expected: str) -> None:
    assert sent(query, x="<urn:a>") == expected


INTERNAL = [
    *((name, {"this": BETA}) for name in ("claims", "labels", "mention-counts", "statements")),
    ("incoming", {"this": "<https://w3id.org/clustergraph/id/area/hub>"}),
    ("browse", {"prefix": '"https://w3id.org/clustergraph/id/"'}),
    ("graph-statements", {"graph": "<https://w3id.org/clustergraph/graph/source/paper>"}),
]


@pytest.mark.parametrize(("name", "bindings"), INTERNAL, ids=[name for name, _ in INTERNAL])
def test_a_bound_query_of_ours_means_what_it_means_in_our_engine(name: str, bindings: dict[str, str]) -> None:
    engine = LocalRunner()
    text = internal(REPOSITORY / "queries/internal", name)

    by_substitution = lines(engine._engine, QueryRequest(text, CSV, bindings=bindings))
    by_values = lines(engine._engine, QueryRequest(portable(text, bindings).text, CSV))

    assert by_values == by_substitution
    assert len(by_values) > 1


def lines(engine: Engine, request: QueryRequest) -> list[str]:
    stream = io.BytesIO()
    engine.evaluate(request).write(stream)
    return sorted(stream.getvalue().decode().splitlines())


TERMS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=30).map(lambda text: str(ox.Literal(text))),
    st.text("ab\\\"'{}<>\n\r\t?$ .", max_size=30).map(lambda text: str(ox.Literal(text, language="en"))),
    st.sampled_from(["<urn:a>", '"1"^^<http://www.w3.org/2001/XMLSchema#integer>', '"\\u0041\\U0001F600"']),
)


@given(TERMS)
def test_a_value_stays_one_value_whatever_is_in_it(term: str) -> None:
    (quad,) = ox.parse(f"<x:s> <x:p> {term} .", format=ox.RdfFormat.N_TRIPLES)

    (solution,) = ox.Store().query(portable("SELECT ?x { }", {"x": term}).text)  # type: ignore[misc]

    assert solution["x"] == quad.object


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "?x",
        "_:b",
        "<urn:a> <urn:b>",
        '"a" }',
        '"a"@',
        '"a',
        "<urn:a",
        "<a b>",
        '"a"^^urn:b',
        '"a\nb"',
        '"\\q"',
        "1",
    ],
)
def test_what_is_no_term_is_not_bound(text: str) -> None:
    with pytest.raises(QueryMalformed, match="is not one RDF term in N-Triples syntax"):
        portable("SELECT ?x { }", {"x": text})


def test_the_graphs_of_from_are_taken_out_and_resolved() -> None:
    query = "PREFIX e: <urn:e:> BASE <http://b/> SELECT *\nFROM e:a\\.b FROM NAMED <c> FROM graph:curated { ?s ?p ?o }"

    found = portable(query, {})

    assert (found.default_graphs, found.named_graphs) == (
        ("urn:e:a.b", "https://w3id.org/clustergraph/graph/curated"),
        ("http://b/c",),
    )
    assert found.text.split("\n")[2].split() == ["{", "?s", "?p", "?o", "}"]


def test_a_prefix_of_ours_is_declared_only_where_it_is_used_and_not_declared() -> None:
    query = "PREFIX skos: <urn:mine> SELECT * { ?s skos:a org:b }"

    assert portable(query, {}).text == (
        f"BASE <https://w3id.org/clustergraph/> PREFIX org: <http://www.w3.org/ns/org#> \n{query}"
    )


RELATIVE = [
    pytest.param("PREFIX : <ns#> ASK { ?s a :A }", "PREFIX : <https://w3id.org/clustergraph/ns#> ", id="to our base"),
    pytest.param(
        "BASE <http://b/c/> PREFIX : <../d#> ASK { ?s a :A }", "PREFIX : <http://b/d#> ", id="to that declared"
    ),
    pytest.param("BASE <c/> PREFIX : <d#> ASK { }", "PREFIX : <https://w3id.org/clustergraph/c/d#> ", id="to both"),
    pytest.param("PREFIX : <> ASK { ?s a :A }", "PREFIX : <https://w3id.org/clustergraph/> ", id="empty"),
    pytest.param(
        "PREFIX b: <b> ASK { b:if:x ?p ?o }", "PREFIX b: <https://w3id.org/clustergraph/b> ", id="half a scheme"
    ),
]


@pytest.mark.parametrize(("query", "expected"), RELATIVE)
def test_a_relative_namespace_is_written_in_full(query: str, expected: str) -> None:
    text = portable(query, {}).text

    assert expected in text
    assert repr(ox.Store().query(text)) == repr(ox.Store().query(query, base_iri="https://w3id.org/clustergraph/"))


def test_a_graph_named_through_a_relative_namespace_is_resolved() -> None:
    assert portable("PREFIX g: <graph/> SELECT * FROM g:curated { ?s ?p ?o }", {}).default_graphs == (
        "https://w3id.org/clustergraph/graph/curated",
    )


NO_IRI = [
    pytest.param("PREFIX : <a\\u003E> ASK { ?s a :A }", "line 1, column 10: '<a\\u003E>'", id="an escaped end"),
    pytest.param("PREFIX : <b\\u0009if:> ASK { ?s a :A }", "line 1, column 10: '<b\\u0009if:>'", id="an escaped tab"),
    pytest.param("PREFIX : <//[> ASK { ?s a :A }", "line 1, column 10: '<//[>'", id="no host"),
    pytest.param("BASE <urn:x> PREFIX : <ns#> ASK { ?s a :A }", "line 1, column 23: '<ns#>'", id="no such base"),
    pytest.param("ASK FROM <//[> { ?s ?p ?o }", "line 1, column 10: '<//[>'", id="a graph"),
    pytest.param("BASE <//[> ASK { ?s ?p ?o }", "line 1, column 6: '<//[>'", id="a base"),
]


@pytest.mark.parametrize(("query", "place"), NO_IRI)
def test_what_gives_no_iri_is_refused_at_its_place(query: str, place: str) -> None:
    with pytest.raises(QueryMalformed) as caught:
        portable(query, {})

    assert caught.value.detail == f"{place} gives no IRI here: write it in full"


EXTENSIONS = [
    pytest.param("DEFINE a 'b' SELECT * { }", QueryMalformed, id="a pragma"),
    pytest.param("SELECT * { ?s ?p ?o OPTION (TRANSITIVE) }", QueryMalformed, id="an option"),
    pytest.param("SELECT * { FILTER(`a`) }", QueryMalformed, id="backquotes"),
    pytest.param("SELECT (nobody:f() AS ?x) { }", QueryMalformed, id="a prefix that nobody declares"),
    pytest.param("SELECT (<SQL:f>() AS ?x) { }", QueryRefused, id="a scheme, in capitals"),
    pytest.param("PREFIX f: <java:x.> SELECT (f:Y() AS ?x) { }", QueryRefused, id="a class"),
    pytest.param("LATERAL { }", QueryMalformed, id="no form"),
]


@pytest.mark.parametrize(("query", "error"), EXTENSIONS)
def test_what_extends_sparql_is_not_passed_on(query: str, error: type[QueryError]) -> None:
    with pytest.raises(error):
        portable(query, {})


@pytest.mark.parametrize("path", sorted(Path(REPOSITORY, "queries").rglob("*.rq")), ids=lambda path: path.stem)
def test_every_query_of_ours_is_sparql_that_any_engine_reads(path: Path) -> None:
    text = portable(path.read_text(encoding="utf-8"), {}).text

    merged_store(DATA).query(text)


COLUMNS = [
    pytest.param("SELECT ?a $b { ?a ?b ?c }", {"a", "b"}, id="by name"),
    pytest.param("SELECT*{ ?a ?b ?c }", None, id="all"),
    pytest.param("SELECT DISTINCT * WHERE { ?a ?b ?c }", None, id="all that differ"),
    pytest.param("SELECT REDUCED ?a FROM <urn:g> { ?a ?b ?c }", {"a"}, id="of a graph"),
    pytest.param("SELECT (COUNT(*) AS ?n) ((?a * ?b) AS ?c) WHERE { ?a ?b ?c }", {"n", "c"}, id="computed"),
    pytest.param(
        'SELECT (GROUP_CONCAT(?a; separator="AS ?x") as?b) (EXISTS { SELECT (?a AS ?x) { ?a ?y ?z } } AS ?c) {}',
        {"b", "c"},
        id="computed from patterns",
    ),
    pytest.param("PREFIX select: <urn:x#> SELECT ?a { { SELECT * { ?a select:b ?c } } }", {"a"}, id="of a subquery"),
    pytest.param("CONSTRUCT { ?a ?b ?c } { SELECT ?a { ?a ?b ?c } }", None, id="no table"),
    pytest.param("ASK { { SELECT ?a { ?a ?b ?c } } }", None, id="no table at all"),
]


@pytest.mark.parametrize(("query", "columns"), COLUMNS)
def test_the_columns_of_the_answer_are_those_that_the_query_names(query: str, columns: set[str] | None) -> None:
    assert portable(query, {}).columns == columns
