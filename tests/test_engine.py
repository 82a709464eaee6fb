"""The one door to the triple store: what comes back, in which format, over which graphs."""

import io
import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.engine import Engine, load_engine, term
from clustergraph.errors import DatasetUnusable, NotAcceptable, QueryMalformed
from clustergraph.formats import CSV, GRAPH_FORMATS, JSON, N_QUADS, N_TRIPLES, RESULT_FORMATS, TSV, TURTLE, Format
from clustergraph.published import sha256
from clustergraph.runner import QueryRequest

DATA = """
<x:s> <x:a> <x:o> <x:g1> .
<x:s> <x:b> <x:o> <x:g1> .
<x:s> <x:c> <x:o> <x:g1> .
<x:s> <x:a> <x:o> <x:g2> .
<x:s> <x:b> <x:o> <x:g2> .
<x:s> <x:c> <x:o> <x:g2> .
<x:s> <x:d> "only here"@en <x:g2> .
<x:s> <x:a> <x:o> .
<x:s> <x:b> <x:o> .
<x:s> <x:c> <x:o> .
<x:s> <x:d> "only here"@en .
<x:s> <http://www.w3.org/2004/02/skos/core#prefLabel> "the thing"@en .
<x:o> <http://www.w3.org/2004/02/skos/core#prefLabel> "the value"@en .
<x:a> <http://www.w3.org/2000/01/rdf-schema#label> "first property"@en .
"""
STAR = "{ ?s <x:a> ?a ; <x:b> ?b ; <x:c> ?c }"
COUNT = f"SELECT (COUNT(*) AS ?n) {STAR}"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Two named graphs that state the same three triples, and their merge."""
    path = tmp_path / "data.nq"
    path.write_text(DATA, encoding="utf-8")
    return load_engine(path)


def written(engine: Engine, request: QueryRequest) -> str:
    stream = io.BytesIO()
    engine.evaluate(request).write(stream)
    return stream.getvalue().decode()


def rows(engine: Engine, query: str, default: tuple[str, ...] = (), named: tuple[str, ...] = ()) -> list[str]:
    request = QueryRequest(query, CSV, N_TRIPLES, default_graphs=default, named_graphs=named)
    return written(engine, request).split("\r\n")[1:-1]


def test_the_size_counts_every_quad_and_the_merge(engine: Engine) -> None:
    assert len(engine) == len(DATA.strip().splitlines())


@pytest.mark.parametrize(
    ("chosen", "answer"),
    [
        pytest.param(
            "json",
            '{"head":{"vars":["d"]},"results":{"bindings":['
            '{"d":{"type":"literal","value":"only here","xml:lang":"en"}}]}}',
            id="json",
        ),
        pytest.param(
            "xml",
            '<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#">'
            '<head><variable name="d"/></head><results><result><binding name="d">'
            '<literal xml:lang="en">only here</literal></binding></result></results>'
            "</sparql>",
            id="xml",
        ),
        pytest.param("csv", "d\r\nonly here\r\n", id="csv"),
        pytest.param("tsv", '?d\n"only here"@en\n', id="tsv"),
    ],
)
def test_rows_are_written_so(engine: Engine, chosen: str, answer: str) -> None:
    (wanted,) = [one for one in RESULT_FORMATS if one.name == chosen]

    assert written(engine, QueryRequest("SELECT ?d { <x:s> <x:d> ?d }", wanted)) == answer


@pytest.mark.parametrize(
    ("chosen", "answer"),
    [
        pytest.param("json", '{"head":{},"boolean":true}', id="json"),
        pytest.param(
            "xml",
            '<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head></head>'
            "<boolean>true</boolean></sparql>",
            id="xml",
        ),
        pytest.param("csv", "true", id="csv"),
        pytest.param("tsv", "true", id="tsv"),
    ],
)
def test_a_yes_is_written_so(engine: Engine, chosen: str, answer: str) -> None:
    (wanted,) = [one for one in RESULT_FORMATS if one.name == chosen]

    assert written(engine, QueryRequest("ASK {}", wanted)) == answer


@pytest.mark.parametrize("wanted", GRAPH_FORMATS, ids=[one.name for one in GRAPH_FORMATS])
def test_triples_are_the_same_in_every_format(engine: Engine, wanted: Format) -> None:
    label = "<http://www.w3.org/2004/02/skos/core#prefLabel>"
    query = f"CONSTRUCT WHERE {{ ?s {label} ?o }}"
    text = written(engine, QueryRequest(query, None, wanted))

    triples = [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.from_media_type(wanted.media_type))]

    assert sorted(map(str, triples)) == [f'<x:o> {label} "the value"@en', f'<x:s> {label} "the thing"@en']


def test_triples_are_sorted_and_each_is_written_once(engine: Engine) -> None:
    query = "CONSTRUCT { ?s <x:q> ?p } WHERE { GRAPH ?g { ?s ?p ?o } }"

    assert written(engine, QueryRequest(query, None, N_TRIPLES)) == (
        "<x:s> <x:q> <x:a> .\n<x:s> <x:q> <x:b> .\n<x:s> <x:q> <x:c> .\n<x:s> <x:q> <x:d> .\n"
    )


def test_turtle_declares_the_prefixes_it_uses_and_no_others(engine: Engine) -> None:
    query = "CONSTRUCT WHERE { <x:s> <http://www.w3.org/2004/02/skos/core#prefLabel> ?label }"

    assert written(engine, QueryRequest(query, None, TURTLE)) == (
        '@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n<x:s> skos:prefLabel "the thing"@en .\n'
    )


def test_more_triples_than_are_sorted_are_written_all_the_same() -> None:
    store = ox.Store()
    size = 20_001
    store.bulk_extend(
        ox.Quad(ox.NamedNode(f"x:{number}"), ox.NamedNode("x:p"), ox.Literal("o")) for number in range(size)
    )

    text = written(Engine(store), QueryRequest("CONSTRUCT WHERE { ?s ?p ?o }", None, N_TRIPLES))

    assert len(set(text.splitlines())) == size


@pytest.mark.parametrize(
    ("query", "default", "named", "count"),
    [
        pytest.param(COUNT, (), (), "1", id="merge-of-the-dataset"),
        pytest.param(COUNT, ("x:g1",), (), "1", id="one-graph"),
        pytest.param(COUNT, ("x:g1", "x:g2"), (), "1", id="two-graphs"),
        pytest.param(COUNT, ("x:g1", "x:g1"), (), "1", id="one-graph-twice"),
        pytest.param(COUNT, ("x:none",), (), "0", id="unknown-graph"),
        pytest.param(COUNT, (), ("x:g1",), "0", id="named-graphs-alone"),
        pytest.param(COUNT.replace("{", "FROM <x:g1> FROM <x:g2> {", 1), (), (), "1", id="two-from"),
        pytest.param(COUNT.replace("{", "FROM <x:g1> {", 1), (), (), "1", id="one-from"),
        pytest.param(COUNT.replace("{", "FROM NAMED <x:g1> {", 1), (), (), "0", id="from-named-alone"),
        pytest.param(
            "PREFIX from: <x:> "
            + COUNT.replace("{", "('FROM <x:no>' AS ?from) FROM from:g1 # FROM <x:no>\nFROM # remark\nfrom:g2 {", 1),
            (),
            (),
            "1,FROM <x:no>",
            id="from-among-look-alikes",
        ),
        pytest.param(
            COUNT.replace("{", "FROM <x:none> FROM <x:no> {", 1), ("x:g1", "x:g2"), (), "1", id="request-over-query"
        ),
        pytest.param(COUNT.replace("{", "FROM <x:none> {", 1), ("x:g1",), (), "1", id="request-over-query-of-one"),
    ],
)
def test_a_triple_that_two_graphs_state_counts_once(
    engine: Engine, query: str, default: tuple[str, ...], named: tuple[str, ...], count: str
) -> None:
    """The star of design: three patterns over two equal graphs are one solution, not eight."""
    assert rows(engine, query, default, named) == [count]


@pytest.mark.parametrize(
    ("clauses", "default"),
    [
        pytest.param("", ("x:g1", "x:g2"), id="request"),
        pytest.param("FROM <x:g1> FROM <x:g2>", (), id="query"),
    ],
)
def test_every_one_of_several_graphs_is_seen(engine: Engine, clauses: str, default: tuple[str, ...]) -> None:
    assert rows(engine, f"SELECT ?d {clauses} {{ <x:s> <x:d> ?d }}", default) == ["only here"]


@pytest.mark.parametrize(
    ("clauses", "default", "named", "graphs"),
    [
        pytest.param("", (), (), ["x:g1", "x:g2"], id="all"),
        pytest.param("", (), ("x:g2",), ["x:g2"], id="one-of-the-request"),
        pytest.param("", ("x:g1",), (), [], id="none-beside-a-default-graph"),
        pytest.param("", ("x:g1", "x:g2"), ("x:g1",), ["x:g1"], id="one-beside-two-default-graphs"),
        pytest.param("FROM NAMED <x:g1>", (), (), ["x:g1"], id="one-of-the-query"),
        pytest.param("FROM <x:g1> FROM <x:g2> FROM NAMED <x:g2>", (), (), ["x:g2"], id="one-beside-two-from"),
        pytest.param("FROM <x:g1> FROM <x:g2>", (), (), [], id="none-beside-two-from"),
    ],
)
def test_graph_sees_the_named_graphs_asked_for(
    engine: Engine, clauses: str, default: tuple[str, ...], named: tuple[str, ...], graphs: list[str]
) -> None:
    query = f"SELECT DISTINCT ?g {clauses} {{ GRAPH ?g {{ ?s ?p ?o }} }} ORDER BY ?g"

    assert rows(engine, query, default, named) == graphs


@pytest.mark.parametrize(
    ("bindings", "answer"),
    [
        pytest.param({"p": "<x:a>"}, "x:a,x:o", id="iri"),
        pytest.param({"o": '"only here"@en'}, "x:d,only here", id="literal"),
    ],
)
def test_a_bound_variable_has_its_value_and_is_answered(engine: Engine, bindings: dict[str, str], answer: str) -> None:
    query = "SELECT ?p ?o { GRAPH <x:g2> { <x:s> ?p ?o } }"

    assert written(engine, QueryRequest(query, CSV, bindings=bindings)) == f"p,o\r\n{answer}\r\n"


@pytest.mark.parametrize(
    "value", ['"x" . ?s ?p ?o', '"x" } UNION { ?s ?p "y"', '"x" . DROP ALL # "'], ids=["dot", "union", "drop"]
)
def test_a_value_of_more_than_one_term_is_refused(engine: Engine, value: str) -> None:
    query = "SELECT ?o { <x:s> <x:d> ?o }"
    with pytest.raises(QueryMalformed) as caught:
        engine.evaluate(QueryRequest(query, CSV, bindings={"o": value}))

    assert caught.value.detail == f"'{value}' is not one RDF term in N-Triples syntax"


def test_a_text_that_looks_like_sparql_is_a_text(engine: Engine) -> None:
    query = "SELECT ?o { <x:s> <x:d> ?o }"

    assert written(engine, QueryRequest(query, CSV, bindings={"o": '"} UNION { ?s ?p ?o }"'})) == "o\r\n"


def test_describe_gives_the_thing_and_the_labels_of_all_it_mentions(engine: Engine) -> None:
    label = "http://www.w3.org/2004/02/skos/core#prefLabel"
    lines = written(engine, QueryRequest("DESCRIBE <x:s>", None, N_TRIPLES)).splitlines()

    assert lines == [
        '<x:a> <http://www.w3.org/2000/01/rdf-schema#label> "first property"@en .',
        f'<x:o> <{label}> "the value"@en .',
        f'<x:s> <{label}> "the thing"@en .',
        "<x:s> <x:a> <x:o> .",
        "<x:s> <x:b> <x:o> .",
        "<x:s> <x:c> <x:o> .",
        '<x:s> <x:d> "only here"@en .',
    ]


def test_construct_gives_what_its_template_says_and_no_labels(engine: Engine) -> None:
    query = "CONSTRUCT { <x:s> <x:a> ?o } WHERE { <x:s> <x:a> ?o }"

    assert written(engine, QueryRequest(query, None, N_TRIPLES)) == "<x:s> <x:a> <x:o> .\n"


@pytest.mark.parametrize(
    ("query", "problem", "place"),
    [
        pytest.param("SELECT *\n{ ?s } }", "'}' cannot stand here", (2, 6, None), id="word"),
        pytest.param("ASK {\n  ?s ?p 'é', é }", 'expected "." or ":", found \'}\'', (2, 16, None), id="after-accents"),
        pytest.param(
            "ASK { ex:a ?p ?o }",
            "the prefix 'ex:' is not declared: add a PREFIX line, or write the IRI in full",
            (1, 7, "add a PREFIX line, or write the IRI in full"),
            id="prefix",
        ),
        pytest.param(
            "PREFIX ex: <x:>",
            "something more is needed before the end of the query",
            (1, 16, None),
            id="end",
        ),
    ],
)
def test_a_syntax_error_has_its_place(
    engine: Engine, query: str, problem: str, place: tuple[int, int, str | None]
) -> None:
    with pytest.raises(QueryMalformed) as caught:
        engine.evaluate(QueryRequest(query, CSV, TURTLE))

    error = caught.value
    assert error.detail == f"line {place[0]}, column {place[1]}: {problem}"
    assert (error.line, error.column, error.hint) == place


@pytest.mark.parametrize(
    ("query", "results", "graphs", "detail"),
    [
        pytest.param(
            "ASK {}",
            None,
            TURTLE,
            "nothing we offer here fits 'Accept: text/turtle': ask for one of application/sparql-results+json, "
            "application/sparql-results+xml, text/csv, text/tab-separated-values",
            id="rows-as-turtle",
        ),
        pytest.param(
            "DESCRIBE <x:s>",
            JSON,
            None,
            "nothing we offer here fits 'Accept: application/sparql-results+json': ask for one of text/turtle, "
            "application/n-triples, application/ld+json, application/rdf+xml, application/trig, application/n-quads",
            id="triples-as-rows",
        ),
        pytest.param(
            "ASK {}",
            None,
            None,
            "nothing we offer here fits 'Accept: ': ask for one of application/sparql-results+json, "
            "application/sparql-results+xml, text/csv, text/tab-separated-values",
            id="nothing-wanted",
        ),
    ],
)
def test_a_format_of_the_other_family_is_refused(
    engine: Engine, query: str, results: Format | None, graphs: Format | None, detail: str
) -> None:
    with pytest.raises(NotAcceptable) as caught:
        engine.evaluate(QueryRequest(query, results, graphs))

    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("<x:a>", ox.NamedNode("x:a"), id="iri"),
        pytest.param('"a"', ox.Literal("a"), id="plain"),
        pytest.param('"a"@en', ox.Literal("a", language="en"), id="language"),
        pytest.param('"\\" .\\n"', ox.Literal('" .\n'), id="escapes"),
        pytest.param('"1"^^<x:t>', ox.Literal("1", datatype=ox.NamedNode("x:t")), id="datatype"),
    ],
)
def test_a_term_is_read(text: str, found: ox.NamedNode | ox.Literal) -> None:
    assert term(text) == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "is not one RDF term in N-Triples syntax", id="nothing"),
        pytest.param("<x:a> . <x:b> <x:c> <x:d>", "is not one RDF term in N-Triples syntax", id="two-triples"),
        pytest.param("<x:a> .\n<x:b> <x:c> <x:d>", "is not one RDF term in N-Triples syntax", id="two-lines"),
        pytest.param("<x:a> <x:b>", "is not one RDF term in N-Triples syntax", id="two-terms"),
        pytest.param("a:b", "is not one RDF term in N-Triples syntax", id="prefixed-name"),
        pytest.param("# <x:a>", "is not one RDF term in N-Triples syntax", id="comment"),
        pytest.param("_:a", "is neither an IRI nor a literal", id="blank-node"),
    ],
)
def test_what_is_not_one_term_is_refused(text: str, problem: str) -> None:
    with pytest.raises(QueryMalformed) as caught:
        term(text)

    assert caught.value.detail == f"'{text}' {problem}"


def test_nothing_but_quads_is_written_as_quads(engine: Engine) -> None:
    query = "CONSTRUCT { <x:s> <x:a> ?o } WHERE { GRAPH <x:g1> { <x:s> <x:a> ?o } }"

    assert written(engine, QueryRequest(query, None, N_QUADS)) == "<x:s> <x:a> <x:o> .\n"


def test_a_dataset_that_is_verified_while_it_is_loaded_is_the_same_dataset(real_dist: Path) -> None:
    dataset = real_dist / "clustergraph.nq"
    everything = QueryRequest("SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } }", result_format=TSV)
    merged = QueryRequest("SELECT ?s ?p ?o { ?s ?p ?o }", result_format=TSV)
    engines = load_engine(dataset), load_engine(dataset, sha256(dataset))

    strict, verified = (
        [
            sorted(re.sub(r"_:\w+", "_:", line) for line in written(engine, one).splitlines())
            for one in (everything, merged)
        ]
        for engine in engines  # which names blank nodes anew whenever it loads
    )

    assert verified == strict
    assert len(strict[0]) > 4_000, "the test has lost its subject"


def test_a_dataset_of_another_digest_is_not_loaded(real_dist: Path) -> None:
    with pytest.raises(DatasetUnusable) as caught:
        load_engine(real_dist / "clustergraph.nq", "0" * 64)

    assert caught.value.detail == (
        "the dataset is no longer what was verified (SHA-256 differs): run 'clustergraph build' to make it anew"
    )


def test_blank_nodes_keep_their_names_however_often_they_are_loaded(tmp_path: Path) -> None:
    dataset = tmp_path / "clustergraph.nq"
    lines = "".join(f'<x:{n}> <x:p> "{n}" .\n' for n in range(100_000))  # more than is read at once
    dataset.write_text(
        f'_:first <x:q> <x:b> <x:g> .\n{lines}<x:a> <x:q> _:last .\n<x:a> <x:r> "_:none" .\n', encoding="utf-8"
    )
    query = "SELECT ?s ?o { { ?s <x:q> ?o } UNION { GRAPH ?g { ?s <x:q> ?o } } UNION { ?s <x:r> ?o } } ORDER BY ?s ?o"

    answers = [written(load_engine(dataset), QueryRequest(query, result_format=CSV)) for _ in range(2)]

    assert answers == ["s,o\r\n_:first,x:b\r\nx:a,_:last\r\nx:a,_:none\r\n"] * 2
    assert len(load_engine(dataset)) == 100_003
