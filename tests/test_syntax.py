"""The place of a syntax error is that of the first word that the parser cannot use."""

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.errors import QueryMalformed
from clustergraph.syntax import malformed


def error_of(query: str) -> QueryMalformed:
    with pytest.raises(SyntaxError) as caught:
        ox.Store().query(query)
    return malformed(caught.value, query)


PLACES = {
    "a triple without an object": ("SELECT * { ?s ?p }", 1, 18, "'}' cannot stand here"),
    "the same on a second line": ("SELECT * {\n  ?s ?p }", 2, 9, "'}' cannot stand here"),
    "the second of two triples": ("SELECT * { ?s ?p ?o . ?s ?p }", 1, 29, "'}' cannot stand here"),
    "a predicate without an object": ("SELECT ?s\n\n{ ?s ?p ?o ; ?q }", 3, 17, "'}' cannot stand here"),
    "a misspelt form": ("SELEC * {}", 1, 1, "'SELEC' cannot stand here"),
    "a misspelt FILTER": ("SELECT ?s WHERE { ?s ?p ?o FILTR(?o) }", 1, 28, "'FILTR' cannot stand here"),
    "a misspelt GROUP": ("SELECT ?x { ?x ?y ?z } GRUP BY ?x", 1, 24, "'GRUP' cannot stand here"),
    "a word for a number": ("SELECT * { ?s ?p ?o } LIMIT ten", 1, 29, "'ten' cannot stand here"),
    "an operator without an operand": ("ASK { ?s ?p ?o FILTER(?o > ) }", 1, 28, "')' cannot stand here"),
    "a bracket that is missing": ("SELECT (COUNT(?x) AS ?n { ?x ?y ?z }", 1, 25, "expected \")\", found '{'"),
    "a bracket too many": ("SELECT * { ?s ?p ?o } }", 1, 23, "'}' cannot stand here"),
    "two queries": ("ASK {} ASK {}", 1, 8, "'ASK' cannot stand here"),
    "an end too early": ("SELECT * { ?s ?p ?o ", 1, 20, "something more is needed before the end of the query"),
    "nothing": ("", 1, 1, "something more is needed before the end of the query"),
    "only white space": (" \n ", 1, 1, "something more is needed before the end of the query"),
    "a prefix without a colon": ("PREFIX a <x:a> ASK {}", 1, 10, 'expected "." or ":", found \'<x:a>\''),
    "an IRI with a space": (
        "ASK { ?s <p q> ?o }",
        1,
        14,
        "this is not an IRI: it needs a scheme such as https:, or a prefix, and no spaces",
    ),
    "a variable that is not grouped, beside a function that nobody knows": (
        "SELECT ?s ?o\n{ ?s ?p ?o FILTER(<x:f>(2)) } GROUP BY ?s",
        1,
        11,
        "SELECT names ?o, which is neither grouped nor aggregated: add it to GROUP BY, or aggregate it",
    ),
    "a misspelt GROUP, behind a function that nobody knows": (
        "SELECT ?x { ?x ?y ?z FILTER(<x:f>(2)) } GRUP BY ?x",
        1,
        41,
        "'GRUP' cannot stand here",
    ),
    "an undeclared prefix": (
        "PREFIX a: <x:a>\nASK { a:b b:c ?o }",
        2,
        11,
        "the prefix 'b:' is not declared: add a PREFIX line, or write the IRI in full",
    ),
    "an undeclared empty prefix": (
        "ASK { ?s :p ?o }",
        1,
        10,
        "the prefix ':' is not declared: add a PREFIX line, or write the IRI in full",
    ),
}


@pytest.mark.parametrize(("query", "line", "column", "what"), PLACES.values(), ids=PLACES)
def test_the_error_names_the_word_that_is_wrong(query: str, line: int, column: int, what: str) -> None:
    error = error_of(query)

    assert (error.line, error.column, error.detail) == (line, column, f"line {line}, column {column}: {what}")


HINTS = {
    "a place alone": ("SELECT *\n   { ?s ?p }  \nLIMIT 3", None),
    "an undeclared prefix": ("ASK { b:c ?p ?o }", "add a PREFIX line, or write the IRI in full"),
    "a variable that is not grouped": (
        "SELECT ?s (COUNT(?o) AS ?c) { ?s ?p ?o }",
        "add it to GROUP BY, or aggregate it",
    ),
    "an aggregate without a name": (
        "SELECT ?x COUNT (?y) { ?x ?p ?y }",
        "SELECT takes what is computed in brackets and with a name, as in (COUNT(?y) AS ?n)",
    ),
    "an aggregate alone": (
        "SELECT avg(?y) WHERE { ?x ?p ?y }",
        "SELECT takes what is computed in brackets and with a name, as in (COUNT(?y) AS ?n)",
    ),
    "a variable called as an aggregate": ("SELECT ?count { ?s ?p }", None),
    "a byte order mark": (
        "\ufeffASK {}",
        "remove this byte order mark (U+FEFF), which some editors write in front of a text",
    ),
    "an IRI that is none": (
        "ASK { <https://[> ?p ?o }",
        "it needs a scheme such as https:, or a prefix, and no spaces",
    ),
}


@pytest.mark.parametrize(("query", "hint"), HINTS.values(), ids=HINTS)
def test_the_hint_is_what_to_do_and_the_detail_ends_with_it(query: str, hint: str | None) -> None:
    error = error_of(query)

    assert error.hint == hint
    assert hint is None or error.detail.endswith(f": {hint}")


_UNGROUPED = "which is neither grouped nor aggregated: add it to GROUP BY, or aggregate it"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("SELECT ?s (COUNT(?o) AS ?c) { ?s ?p ?o }", f"line 1, column 8: SELECT names ?s, {_UNGROUPED}"),
        ("SELECT ?x ?y { ?x ?p ?y } GROUP BY ?x", f"line 1, column 11: SELECT names ?y, {_UNGROUPED}"),
        (
            "PREFIX : <x:>\nSELECT ((?a + ?b) AS ?c) (COUNT(?a) AS ?n)\nWHERE { ?s :p ?a ; :q ?b } GROUP BY (?a + ?b)",
            f"line 2, column 8: SELECT names ((?a + ?b) AS ?c), {_UNGROUPED}",
        ),
        (
            "SELECT DISTINCT ?x\n (STR(?y) AS ?z)\nWHERE { ?x ?p ?y } GROUP BY ?x",
            f"line 2, column 2: SELECT names (STR(?y) AS ?z), {_UNGROUPED}",
        ),
    ],
)
def test_what_is_neither_grouped_nor_aggregated_is_named(query: str, detail: str) -> None:
    assert error_of(query).detail == detail


def test_a_name_of_the_data_before_the_error_does_not_move_it() -> None:
    query = 'SELECT * { ?s ?p "OPTIONAL { # not a comment" . # a comment }\n ?s ?p }'

    assert (error_of(query).line, error_of(query).column) == (2, 8)


@given(st.text(alphabet="SELCTWHR*{}()?sp.;,\"'<>:#\\ \n0", max_size=60))
def test_every_syntax_error_has_a_place_inside_the_text(query: str) -> None:
    try:
        ox.Store().query(query)
    except SyntaxError as exc:
        error = malformed(exc, query)
        lines = query.split("\n")
        assert error.line is not None
        assert error.column is not None
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
