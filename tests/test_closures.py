"""Paths of any length are followed once from the constant they begin at, and mean what they meant."""

from collections import Counter
from io import BytesIO

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustergraph.closures import with_closures_once
from clustergraph.engine import Engine
from clustergraph.formats import RESULT_FORMATS
from clustergraph.runner import QueryRequest

CHANGED = {
    "SELECT * { <x:a> <x:p>+ ?b }": "SELECT * { { SELECT ?b { <x:a> <x:p>+ ?b } } }",
    "SELECT * { <x:a> <x:p>* ?b . ?b <x:q> ?c }": "SELECT * { { SELECT ?b { <x:a> <x:p>* ?b } } . ?b <x:q> ?c }",
    "ASK {?b <x:q> ?c.<x:a>(<x:p>|^<x:q>)+?b.}": "ASK {?b <x:q> ?c.{ SELECT ?b { <x:a>(<x:p>|^<x:q>)+?b } }.}",
    "ASK { x:a (x:p?/x:q)+ ?b }": "ASK { { SELECT ?b { x:a (x:p?/x:q)+ ?b } } }",
    "ASK { x:a a/x:p* $b }": "ASK { { SELECT $b { x:a a/x:p* $b } } }",
    "ASK { { ?b x:p ?c } x:a x:p+ ?b }": "ASK { { ?b x:p ?c } { SELECT ?b { x:a x:p+ ?b } } }",
    "ASK { x:a x:p+ ?b . x:b x:p+ ?b }": "ASK { { SELECT ?b { x:a x:p+ ?b } } . { SELECT ?b { x:b x:p+ ?b } } }",
    "ASK { ?b x:q ?c OPTIONAL { x:a x:p+ ?b } }": "ASK { ?b x:q ?c OPTIONAL { { SELECT ?b { x:a x:p+ ?b } } } }",
}
UNCHANGED = [
    "SELECT * { ?a <x:p>+ <x:b> }",  # nothing is known of what there is before a thing
    "SELECT * { ?a <x:p>+ ?b }",
    "SELECT * { <x:a> <x:p>+ <x:b> }",
    "SELECT * { <x:a> <x:p>/<x:q> ?b }",
    "SELECT * { <x:a> <x:p>+ ?b ; <x:q> ?c }",
    "SELECT * { <x:a> <x:p>+ ?b , ?c }",
    "SELECT * { _:n <x:q> ?b . <x:a> <x:p>+ ?b . ?b <x:q> _:n }",
    "SELECT * { GRAPH ?g { <x:a> <x:p>+ ?b . ?b <x:q> ?c } }",
    "SELECT * { ?b <x:q> ?c FILTER EXISTS { <x:a> <x:p>+ ?b } }",
    "SELECT * { ?b <x:q> ?c FILTERNOTEXISTS{ <x:a> <x:p>+ ?b } }",  # several words to the engine, and so the next
    "SELECT * { GRAPHx:g { <x:a> <x:p>+ ?b . ?b <x:q> ?c } }",
    "SELECT * { ?s ?p ?o FILTER(?o * ?o > 1) }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    'SELECT * { ?s ?p "+ ?x . <x:a> <x:p>+ ?b }" }',
    "SELECT * { <x:a> <x:p>+ ?b",
    "SELECT * { <x:a> <x:p>+ ?b } )",
    "SELECT * { <x:a> <x:p>+ ?",
    "ASK { x:a x:p+ ?b FILTER(?b != x:a) }",
    "SELECT * { ?s <x:t> ?b . <x:a> !<x:q>/<x:p>* ?b }",  # twice the same thing, or once
    "",
]


@pytest.mark.parametrize("query", CHANGED)
def test_a_closure_from_a_constant_to_a_variable_gets_a_sub_select(query: str) -> None:
    assert with_closures_once(query) == CHANGED[query]


@pytest.mark.parametrize("query", UNCHANGED)
def test_any_other_text_stays_as_it_is(query: str) -> None:
    assert with_closures_once(query) == query


_THINGS = st.sampled_from("abcdef").map(lambda name: ox.NamedNode(f"x:{name}"))
_PROPERTIES = st.sampled_from("pq").map(lambda name: ox.NamedNode(f"x:{name}"))
_QUADS = st.lists(st.builds(ox.Quad, _THINGS, _PROPERTIES, _THINGS), max_size=20)
_PATHS = st.recursive(
    st.sampled_from(["<x:p>", "<x:q>", "^<x:p>"]),
    lambda inner: st.one_of(
        st.builds("({}/{})".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("({}){}".format, inner, st.sampled_from("*+?")),
    ),
    max_leaves=4,
)
_AROUND = st.sampled_from(
    [
        "SELECT * {{ {} }}",
        "SELECT DISTINCT ?b {{ {} . ?b <x:q> ?c }}",
        "SELECT * {{ ?b <x:q> ?c . ?c <x:p> ?d . {} }}",
        "SELECT * {{ ?c <x:q> ?d OPTIONAL {{ ?d <x:p> ?b . {} }} }}",
        "SELECT * {{ ?b <x:q> ?c MINUS {{ {} }} }}",
        "SELECT * {{ {{ ?b <x:p> ?c }} UNION {{ {} . ?c <x:p> ?b }} }}",
        "SELECT ?b (COUNT(*) AS ?n) {{ VALUES ?b {{ <x:a> <x:b> <x:g> }} {} . }} GROUP BY ?b",
    ]
)


@given(_QUADS, st.sampled_from(["", "<x:p>/", "(<x:p>|<x:q>)/", "<x:q>?/"]), _PATHS, st.sampled_from("*+"), _AROUND)
@settings(deadline=None, max_examples=400)
def test_the_solutions_are_those_of_the_query_as_it_was(
    quads: list[ox.Quad], before: str, path: str, repeat: str, around: str
) -> None:
    query = around.format(f"<x:a> {before}({path}){repeat} ?b")
    rewritten = with_closures_once(query)
    assert rewritten != query
    store = ox.Store()
    store.extend(quads)
    assert _solutions(store, rewritten) == _solutions(store, query)


def test_a_value_bound_to_the_end_of_a_path_still_holds() -> None:
    p = ox.NamedNode("x:p")
    store = ox.Store()
    store.extend(ox.Quad(ox.NamedNode("x:a"), p, ox.NamedNode(f"x:{name}")) for name in "bc")
    request = QueryRequest("ASK { <x:a> <x:p>+ ?b }", RESULT_FORMATS[0])
    answers = []
    for value in ("<x:b>", "<x:d>"):
        request.bindings = {"b": value}
        answers.append(_written(store, request))
    assert answers == ['{"head":{},"boolean":true}', '{"head":{},"boolean":false}']


def _written(store: ox.Store, request: QueryRequest) -> str:
    stream = BytesIO()
    Engine(store).evaluate(request).write(stream)
    return stream.getvalue().decode()


def _solutions(store: ox.Store, query: str) -> Counter[frozenset[tuple[str, str]]]:
    found = store.query(query)
    assert isinstance(found, ox.QuerySolutions)
    names = [one.value for one in found.variables]
    return Counter(frozenset((name, str(row[name])) for name in names if row[name] is not None) for row in found)
