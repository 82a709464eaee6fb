"""`COUNT(DISTINCT *)` counts the rows that a reader would see, however the pattern is written."""

from io import BytesIO

import pyoxigraph as ox
import pytest

from clustergraph.engine import Engine
from clustergraph.formats import RESULT_FORMATS
from clustergraph.rowcounts import with_rows_counted
from clustergraph.runner import QueryRequest

CSV = next(one for one in RESULT_FORMATS if one.name == "csv")
CHANGED = {
    "SELECT (COUNT(DISTINCT *) AS ?n) WHERE { ?a a [] }": (
        "SELECT (COUNT(DISTINCT *) AS ?n) WHERE { SELECT * { ?a a [] } }"
    ),
    "SELECT ?a (count (distinct # all\n *) AS ?n) FROM <x:g> {?a a []} GROUP BY ?a HAVING(COUNT(DISTINCT *)>1)": (
        "SELECT ?a (count (distinct # all\n *) AS ?n) FROM <x:g> { SELECT * {?a a []} } "
        "GROUP BY ?a HAVING(COUNT(DISTINCT *)>1)"
    ),
    "SELECT * { ?b ?p ?c { SELECT (COUNT(DISTINCT *) AS ?n) { ?a a [] } } }": (
        "SELECT * { ?b ?p ?c { SELECT (COUNT(DISTINCT *) AS ?n) { SELECT * { ?a a [] } } } }"
    ),
    "SELECT (COUNT(DISTINCT *) AS ?n) (EXISTS { ?a ?p ?o } AS ?e) { { SELECT ?a { ?a a [] } } }": (
        "SELECT (COUNT(DISTINCT *) AS ?n) (EXISTS { ?a ?p ?o } AS ?e) { SELECT * { { SELECT ?a { ?a a [] } } } }"
    ),
    "SELECT (COUNT(DISTINCT#c\r*) AS ?n) { ?a a [] }": ("SELECT (COUNT(DISTINCT#c\r*) AS ?n) { SELECT * { ?a a [] } }"),
    "SELECTDISTINCT(COUNT(DISTINCT*)AS?n){?a a []}": "SELECTDISTINCT(COUNT(DISTINCT*)AS?n){ SELECT * {?a a []} }",
    "SELECTREDUCED(COUNT(DISTINCT*)AS?n){?a a []}": "SELECTREDUCED(COUNT(DISTINCT*)AS?n){ SELECT * {?a a []} }",
    "SELECT ?a{?a a []}GROUPBY?a ORDERBYCOUNT(DISTINCT*)": (
        "SELECT ?a{ SELECT * {?a a []} }GROUPBY?a ORDERBYCOUNT(DISTINCT*)"
    ),
    "SELECT * { { SELECT ?a { ?a a [] } GROUP BY ?a ORDER BY COUNT(DISTINCT *) } }": (
        "SELECT * { { SELECT ?a { SELECT * { ?a a [] } } GROUP BY ?a ORDER BY COUNT(DISTINCT *) } }"
    ),
}
UNCHANGED = [
    "SELECT (COUNT(*) AS ?n) { ?a a [] }",
    "SELECT (COUNT(DISTINCT ?a) AS ?n) { ?a a [] }",
    "SELECT DISTINCT * { ?a a [] }",
    'SELECT ("COUNT(DISTINCT *)" AS ?n) { ?a a [] }',
    "SELECT (COUNT(DISTINCT *) AS ?n)",
    "SELECT (COUNT(DISTINCT *) AS ?n) { ?a a [",
    "COUNT(DISTINCT *)",
    "",
]


@pytest.mark.parametrize("query", CHANGED)
def test_the_pattern_that_is_counted_gets_a_sub_select(query: str) -> None:
    assert with_rows_counted(query) == CHANGED[query]


@pytest.mark.parametrize("query", UNCHANGED)
def test_any_other_text_stays_as_it_is(query: str) -> None:
    assert with_rows_counted(query) == query


QUADS = """<x:a> <x:p> <x:b>, <x:c> . <x:b> <x:p> <x:c> . <x:c> <x:q> [], [] . <x:d> <x:q> <x:a> ."""
PATTERNS = {
    "?a <x:p> []": 2,
    "?a <x:p> [] .": 2,
    "?a <x:q>/<x:p> ?b": 2,
    "?a <x:q>/<x:p>/<x:p>* ?b . FILTER(true)": 2,
    "?a <x:q> _:n OPTIONAL { ?a <x:p> [] }": 2,
}


@pytest.mark.parametrize("head", ["SELECT (COUNT(DISTINCT *) AS ?n)", "SELECTDISTINCT(COUNT(DISTINCT#c\r*)AS?n)"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_only_what_a_reader_sees_is_counted(head: str, pattern: str) -> None:
    store = ox.Store()
    store.load(QUADS, format=ox.RdfFormat.TURTLE)
    query = f"{head} {{ {pattern} }}"
    answer = BytesIO()

    Engine(store).evaluate(QueryRequest(query, result_format=CSV)).write(answer)

    assert answer.getvalue() == f"n\r\n{PATTERNS[pattern]}\r\n".encode()
