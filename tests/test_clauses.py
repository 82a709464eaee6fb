"""Which graphs a text asks, and that it makes no difference that the default graph has a store of its own."""

import io
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.clauses import may_ask_named_graphs
from clustergraph.engine import Engine, load_engine
from clustergraph.formats import GRAPH_FORMATS, RESULT_FORMATS
from clustergraph.runner import QueryRequest

TSV = next(one for one in RESULT_FORMATS if one.name == "tsv")
N_TRIPLES = next(one for one in GRAPH_FORMATS if one.media_type == "application/n-triples")

DATA = """
<x:a> <x:p> <x:b> .
<x:b> <x:p> <x:c> .
<x:a> <x:q> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
<x:a> <x:says> <<( <x:b> <x:p> <x:c> )>> .
<x:a> <x:node> _:one .
_:one <x:p> _:two .
_:two <x:says> <<( _:one <x:p> <x:a> )>> .
<x:a> <x:p> <x:b> <x:g1> .
<x:only> <x:p> <x:here> <x:g1> .
_:one <x:p> _:two <x:g2> .
"""
QUERIES = [
    "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o",
    "SELECT ?g ?s ?o { GRAPH ?g { ?s <x:p> ?o } } ORDER BY ?g ?s ?o",
    "SELECT ?s ?g { ?s <x:p> ?o graph?g{ ?s <x:p> ?o } } ORDER BY ?s",
    "SELECT ?o { ?s <x:p> ?o . OPTIONAL { GrApH <x:g1> { ?s <x:p> ?o } } } ORDER BY ?o",
    "SELECT ?s FROM <x:g1> { ?s <x:p> ?o } ORDER BY ?s",
    "SELECT ?s FROM NAMED <x:g1> { ?s <x:p> ?o } ORDER BY ?s",
    "SELECT ?s FROM NAMED <x:g2> { GRAPH ?g { ?s <x:p> ?o } } ORDER BY ?s",
    "SELECT ?s FROM <x:g1> FROM <x:g2> { ?s <x:p> ?o } ORDER BY ?s",
    "PREFIX:<x:>SELECT (COUNT(*) AS ?n) FROM :g1 FROM<x:g2>FROM :g1 { ?s ?p ?o }",
    "PREFIX:<x:>SELECT ?s FROM :g1 { ?s <x:p> ?o } ORDER BY ?s",
    "BASE<x:>SELECT ?s FROM NAMED <g1> { GRAPH ?g { ?s <x:p> ?o } }",
    "SELECT ?o { <x:a> <x:p>+ ?o } ORDER BY ?o",
    "SELECT ?s { ?s ?p ?o FILTER NOT EXISTS { ?s <x:p> ?o } } ORDER BY ?s",
    "SELECT ?o { <x:a> <x:node> ?n . ?n <x:p> ?o }",
    "SELECT ?s { ?s <x:says> <<( <x:b> <x:p> ?o )>> }",
    "ASK { <x:only> ?p ?o }",
    "ASK { GRAPH <x:g1> { <x:only> ?p ?o } }",
    "DESCRIBE <x:only>",
    "DESCRIBE <x:b>",
    "CONSTRUCT { ?s <x:r> ?o } WHERE { ?s <x:q> ?o }",
]


def answer(engine: Engine, query: str) -> list[str]:
    stream = io.BytesIO()
    engine.evaluate(QueryRequest(query, TSV, N_TRIPLES)).write(stream)
    return stream.getvalue().decode().splitlines()


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Engine]:
    """One over the whole store, and one with the default graph in a store of its own."""
    path: Path = tmp_path_factory.mktemp("data") / "data.nq"
    path.write_text(DATA, encoding="utf-8")
    store = ox.Store()
    store.extend(ox.parse(DATA, format=ox.RdfFormat.N_QUADS))
    return Engine(store), load_engine(path)


@pytest.mark.parametrize("query", QUERIES)
def test_an_answer_is_the_same_from_the_whole_store(engines: tuple[Engine, Engine], query: str) -> None:
    whole, loaded = engines
    expected = answer(whole, query)

    assert answer(loaded, query) == expected
    assert expected or query == "DESCRIBE <x:only>"


def test_the_size_is_that_of_the_whole_store(engines: tuple[Engine, Engine]) -> None:
    assert [len(engine) for engine in engines] == [10, 10]


def test_a_thing_is_known_only_if_the_default_graph_tells_of_it(engines: tuple[Engine, Engine]) -> None:
    assert [(engine.knows("x:a"), engine.knows("x:only")) for engine in engines] == [(True, False)] * 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ASK { ?s ?p ?o }", False),
        ("SELECT * { ?s ?p ?o . FILTER(?o > 1) }", False),
        ("ASK { GRAPH ?g { ?s ?p ?o } }", True),
        ("ASK{graph?g{?s ?p ?o}}", True),
        ("ASK { ?s <x:\\u0047RAPH> ?o }", True),
        ("ASK { ?s <x:paragraph> ?o }", True),  # rather too often than not often enough
    ],
)
def test_a_query_that_may_ask_a_named_graph_is_noticed(query: str, expected: bool) -> None:
    assert may_ask_named_graphs(query) is expected
