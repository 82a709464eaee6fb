"""What a query may leave open: the base of its IRIs, and functions that nobody knows here."""

import io

import pyoxigraph as ox
import pytest

from clustergraph.engine import Engine
from clustergraph.errors import QueryMalformed, QueryTooLarge
from clustergraph.formats import CSV, N_TRIPLES
from clustergraph.runner import QueryRequest
from clustergraph.terms import BASE


@pytest.fixture(scope="module")
def engine() -> Engine:
    store = ox.Store()
    store.load(f"<{BASE}id/cluster/alpha> <x:p> 1 , 2 .", format=ox.RdfFormat.TURTLE)
    return Engine(store)


def answer(engine: Engine, query: str) -> str:
    stream = io.BytesIO()
    engine.evaluate(QueryRequest(query, CSV, N_TRIPLES)).write(stream)
    return stream.getvalue().decode()


def test_a_relative_iri_is_relative_to_our_base(engine: Engine) -> None:
    assert answer(engine, "ASK { <id/cluster/alpha> <x:p> 1 }") == "true"


def test_a_base_of_the_query_holds_over_ours(engine: Engine) -> None:
    query = "BASE <http://x/> CONSTRUCT { <a> <x:p> <b> } WHERE {}"

    assert answer(engine, query) == "<http://x/a> <x:p> <http://x/b> .\n"


def test_a_syntax_error_after_a_relative_iri_has_its_place(engine: Engine) -> None:
    with pytest.raises(QueryMalformed) as caught:
        answer(engine, "SELECT * { <id/cluster/alpha> ?p }")

    assert caught.value.detail == "line 1, column 34: '}' cannot stand here"


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        pytest.param("SELECT ?o { ?s ?p ?o FILTER(<x:f>(?o)) }", [], id="filter"),
        pytest.param("SELECT ?o { ?s ?p ?o FILTER(<x:f>(?o) || ?o = 1) }", ["1"], id="or"),
        pytest.param("SELECT ?v { ?s ?p ?o BIND(<x:f>(?o) AS ?v) }", ["", ""], id="bind"),
        pytest.param("SELECT (COALESCE(<x:f>(?o), ?o) AS ?v) { ?s ?p ?o }", ["1", "2"], id="coalesce"),
        pytest.param("SELECT ?o { ?s ?p ?o } ORDER BY <x:f>(?o) ?o", ["1", "2"], id="order"),
        pytest.param("SELECT ?o { ?s ?p ?o FILTER NOT EXISTS { FILTER(<x:f>() && <x:g>()) } }", ["1", "2"], id="two"),
    ],
)
def test_a_function_that_nobody_knows_is_an_error_in_its_expression_only(
    engine: Engine, query: str, rows: list[str]
) -> None:
    """As of any function of the wrong arguments (SPARQL 1.1 Query Language, section 17.2)."""
    assert sorted(answer(engine, query).split("\r\n")[1:-1]) == rows


def test_a_query_of_too_many_functions_that_nobody_knows_is_refused(engine: Engine) -> None:
    calls = " || ".join(f"<x:f{number}>(?o)" for number in range(21))

    with pytest.raises(QueryTooLarge) as caught:
        answer(engine, f"SELECT ?o {{ ?s ?p ?o FILTER({calls}) }}")

    assert caught.value.detail == "more than 20 functions are not known here: call fewer"


@pytest.mark.parametrize(
    ("expression", "name", "given"),
    [
        ("xsd:integer()", "integer", 0),
        ("xsd:integer(1, 2)", "integer", 2),
        ("COALESCE(xsd:string(), 'e')", "string", 0),
        ("<x:unknown>(xsd:date(1, 2, 3))", "date", 3),
    ],
)
def test_a_function_with_another_number_of_arguments_than_it_takes_is_named(
    engine: Engine, expression: str, name: str, given: int
) -> None:
    with pytest.raises(QueryMalformed) as caught:
        answer(engine, f"SELECT ({expression} AS ?z) {{}}")

    function = f"http://www.w3.org/2001/XMLSchema#{name}"
    assert caught.value.detail == f"the function <{function}> is called with {given}: give it 1 argument"
    assert caught.value.hint == "give it 1 argument"
