"""FROM and FROM NAMED: whichever way they are written, the same graphs as the engine sees, merged as a set."""

import io

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.engine import Engine, load_engine
from clustergraph.errors import QueryMalformed
from clustergraph.formats import CSV, N_TRIPLES
from clustergraph.runner import QueryRequest
from clustergraph.terms import BASE

OURS = f"{BASE}graph/curated"
NAMES = {number: f"http://x/g{number}" for number in (1, 2, 3)} | {4: OURS}
DATA = "".join(
    f"<{name}> <x:only> <{name}> <{name}> .\n"
    + "".join(f"<x:s> <x:{letter}> <x:o> <{name}> .\n" for letter in ("a", "b", "c"))
    for name in NAMES.values()
)
COUNT = "SELECT (COUNT(*) AS ?n) FROM <http://x/g1> FROM <http://x/g2> { ?s <x:a> ?a ; <x:b> ?b ; <x:c> ?c }"
SEEN = "{ { ?d <x:only> ?d } UNION { GRAPH ?g {} } }"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Four graphs, of which each repeats three triples, and no default graph."""
    path = tmp_path_factory.mktemp("data") / "data.nq"
    path.write_text(DATA, encoding="utf-8")
    return load_engine(path)


def answer(engine: Engine, request: QueryRequest) -> list[str]:
    stream = io.BytesIO()
    engine.evaluate(request).write(stream)
    return stream.getvalue().decode().splitlines()


def rows(engine: Engine, query: str) -> list[str]:
    return sorted(answer(engine, QueryRequest(query, CSV, N_TRIPLES))[1:])


def of_the_engine_alone(query: str) -> list[str]:
    """What the engine finds when it reads the clauses itself, without the duplicates of its union."""
    store = ox.Store()
    store.load(DATA, format=ox.RdfFormat.N_QUADS)
    results = store.query(query, base_iri=BASE)
    assert isinstance(results, ox.QuerySolutions)
    written = results.serialize(format=ox.QueryResultsFormat.CSV) or b""
    return sorted(set(written.decode().splitlines()[1:]))


def expected(default: tuple[int, ...], named: tuple[int, ...]) -> list[str]:
    return sorted([f"{NAMES[one]}," for one in default] + [f",{NAMES[one]}" for one in named])


SPELLINGS: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]] = {
    "two": ("SELECT ?d ?g FROM <http://x/g1> FROM <http://x/g2> SEEN", (1, 2), ()),
    "one": ("SELECT ?d ?g FROM <http://x/g1> WHERE SEEN", (1,), ()),
    "one twice": ("SELECT ?d ?g FROM <http://x/g1> FROM <http://x/g1> SEEN", (1,), ()),
    "named": ("SELECT ?d ?g FROM NAMED <http://x/g1> FROM NAMED <http://x/g2> SEEN", (), (1, 2)),
    "both": ("SELECT ?d ?g FROM <http://x/g1> FROM NAMED <http://x/g2> FROM <http://x/g3> SEEN", (1, 3), (2,)),
    "unknown": ("SELECT ?d ?g FROM <http://x/none> FROM <http://x/g2> SEEN", (2,), ()),
    "lower case": ("select ?d ?g from <http://x/g1> from named <http://x/g2> SEEN", (1,), (2,)),
    "no spaces": ("SELECT?d ?g FROM<http://x/g1>FROM<http://x/g2>FROM NAMED<http://x/g3>SEEN", (1, 2), (3,)),
    "after a bracket": ("SELECT?d ?g(1AS?n)FROM<http://x/g1>FROM<http://x/g2>SEEN", (1, 2), ()),
    "names": ("PREFIX x: <http://x/> SELECT ?d ?g FROM x:g1 FROM NAMED x:g2 SEEN", (1,), (2,)),
    "names before a bracket": ("PREFIX x: <http://x/> SELECT ?d ?g FROM x:g1 FROM x:g2SEEN", (1, 2), ()),
    "an empty prefix": ("PREFIX : <http://x/> SELECT ?d ?g FROM :g1 FROM :g2 SEEN", (1, 2), ()),
    "a second meaning": ("PREFIX x: <x:> PREFIX x: <http://x/> SELECT ?d ?g FROM x:g1 FROM x:g2 SEEN", (1, 2), ()),
    "an escape": (r"PREFIX x: <http://x> SELECT ?d ?g FROM x:\/g1 FROM x:\/g2 SEEN", (1, 2), ()),
    "a code point": (r"SELECT ?d ?g FROM <http://x/\u00671> FROM <http://x/g2> SEEN", (1, 2), ()),
    "a prefix from": ("PREFIX from: <http://x/> SELECT ?d ?g FROM from:g1 FROM from:g2 SEEN", (1, 2), ()),
    "a prefix named": ("PREFIX named: <http://x/> SELECT ?d ?g FROM named:g1 FROM named:g2 SEEN", (1, 2), ()),
    "prefixes of forms": (
        "PREFIX select: <http://x/> PREFIX ask: <x:> SELECT ?d ?g FROM select:g1 FROM select:g2 SEEN",
        (1, 2),
        (),
    ),
    "a base": ("BASE <http://x/> SELECT ?d ?g FROM <g1> FROM <g2> SEEN", (1, 2), ()),
    "our base": ("SELECT ?d ?g FROM <graph/curated> FROM <http://x/g2> SEEN", (4, 2), ()),
    "a version": ('VERSION "1.2" SELECT ?d ?g FROM <http://x/g1> FROM <http://x/g2> SEEN', (1, 2), ()),
    "remarks": (
        "# FROM <http://x/g3>\nSELECT ?d ?g # from {\nFROM # <http://x/g3>\n<http://x/g1>#\nFROM#NAMED\n"
        "<http://x/g2> # FROM <http://x/g3>\nSEEN # FROM <http://x/g3>",
        (1, 2),
        (),
    ),
    "strings": (
        "SELECT ?d ?g (\"FROM <http://x/g3> }\" AS ?t) ('''FROM <http://x/g3>'\"''' AS ?u) FROM <http://x/g1> "
        "FROM <http://x/g2> SEEN VALUES ?v { 'FROM <http://x/g3>' }",
        (1, 2),
        (),
    ),
    "variables": ("SELECT ?d ?g ?from (1 AS $FROM) FROM <http://x/g1> FROM <http://x/g2> SEEN", (1, 2), ()),
    "a name that is no clause": (
        "PREFIX from: <http://www.w3.org/2001/XMLSchema#> SELECT ?d ?g FROM <http://x/g1> FROM <http://x/g2> SEEN "
        "ORDER BY from:string(?d)",
        (1, 2),
        (),
    ),
    "a subquery": (
        "SELECT ?d ?g (EXISTS { ?d ?p ?o } AS ?e) FROM <http://x/g1> FROM <http://x/g2> { SELECT ?d ?g SEEN }",
        (1, 2),
        (),
    ),
}


@pytest.mark.parametrize(("query", "default", "named"), SPELLINGS.values(), ids=SPELLINGS)
def test_the_graphs_of_a_query_are_those_that_the_engine_sees(
    engine: Engine, query: str, default: tuple[int, ...], named: tuple[int, ...]
) -> None:
    query = query.replace("SEEN", SEEN)

    found = rows(engine, query)

    assert found == of_the_engine_alone(query)
    assert [",".join(row.split(",")[:2]) for row in found] == expected(default, named)


def written(number: int, style: int) -> str:
    return (f"<{NAMES[number]}>", f"<g{number}>", f"x:g{number}", f"from:g{number}")[style if number < 4 else 0]


@given(
    clauses=st.lists(
        st.tuples(
            st.sampled_from(["FROM ", "from\n", "FROM NAMED ", "FROM#FROM <http://x/g3>\nnamed\t"]),
            st.integers(1, 4),
            st.integers(0, 3),
            st.sampled_from(["", " ", "\n# FROM x:g1\n"]),
        ),
        max_size=6,
    )
)
def test_any_mixture_of_clauses_names_the_graphs_that_the_engine_sees(
    engine: Engine, clauses: list[tuple[str, int, int, str]]
) -> None:
    texts = [f"{keyword}{written(number, style)} {after}" for keyword, number, style, after in clauses]
    prologue = "PREFIX from: <http://x/> BASE <http://x/> PREFIX x: <>"
    query = f"{prologue} SELECT ?d ?g {''.join(texts)} {SEEN}"

    assert rows(engine, query) == of_the_engine_alone(query)


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        pytest.param(COUNT, ["n", "1"], id="select"),
        pytest.param(
            "ASK FROM <http://x/g1> FROM <http://x/g2> { <http://x/g1> ?p ?a . <http://x/g2> ?q ?b }",
            ["true"],
            id="ask",
        ),
        pytest.param("ASK FROM <http://x/g1> FROM <http://x/g2> { <http://x/g3> ?p ?a }", ["false"], id="ask-other"),
        pytest.param(
            "CONSTRUCT { ?d <x:p> [] } FROM <http://x/g1> FROM <http://x/g2> { ?d <x:a> ?o }", 1, id="construct"
        ),
        pytest.param(
            "CONSTRUCT FROM <http://x/g1> FROM <http://x/g2> WHERE { ?d <x:a> ?o }", ["<x:s> <x:a> <x:o> ."], id="short"
        ),
        pytest.param("DESCRIBE <http://x/g1> FROM <http://x/g1> FROM <http://x/g2>", 1, id="describe"),
        pytest.param("DESCRIBE <http://x/g1> FROM <http://x/g3> FROM <http://x/g2>", 0, id="describe-other"),
        pytest.param(
            "PREFIX from: <http://x/> DESCRIBE from:g1 FROM from:g1 FROM from:g2", 1, id="describe-a-name-like-a-clause"
        ),
    ],
)
def test_every_form_of_query_has_its_graphs_merged_as_a_set(engine: Engine, query: str, lines: list[str] | int) -> None:
    found = answer(engine, QueryRequest(query, CSV, N_TRIPLES))

    assert (len(found) if isinstance(lines, int) else found) == lines


@pytest.mark.parametrize(
    ("clauses", "default", "named", "seen"),
    [
        pytest.param("FROM <http://x/g1> FROM <http://x/g2>", (3,), (), expected((3,), ()), id="default-over-from"),
        pytest.param("FROM <http://x/g1> FROM <http://x/g2>", (), (3,), expected((), (3,)), id="named-over-from"),
        pytest.param("FROM NAMED <http://x/g1>", (2, 3), (), expected((2, 3), ()), id="default-over-named"),
        pytest.param("FROM <http://x/g1>", (2, 3), (1, 4), expected((2, 3), (1, 4)), id="both"),
        pytest.param("", (2, 2), (), expected((2,), ()), id="the-same-twice"),
    ],
)
def test_the_graphs_of_the_request_hold_over_those_of_the_query(
    engine: Engine, clauses: str, default: tuple[int, ...], named: tuple[int, ...], seen: list[str]
) -> None:
    request = QueryRequest(
        f"SELECT ?d ?g {clauses} {SEEN}",
        CSV,
        default_graphs=tuple(NAMES[one] for one in default),
        named_graphs=tuple(NAMES[one] for one in named),
    )

    assert sorted(answer(engine, request)[1:]) == seen


@pytest.mark.parametrize(
    ("query", "word"),
    [
        pytest.param("PREFIX x: <http://x/> SELECT * FROMx:g1 FROM x:g2 { ?s ?p ?o }", "FROMx:g1", id="name"),
        pytest.param("SELECT * FROM <http://x/g1> FROMNAMED <http://x/g2> { ?s ?p ?o }", "FROMNAMED", id="named"),
        pytest.param(
            "PREFIX FROM: <x:> PREFIX : <http://x/> SELECT * FROM :g1 FROM:g2 { ?s ?p ?o }", "FROM:g2", id="prefixes"
        ),
        pytest.param("ASKFROM <http://x/g1> FROM <http://x/g2> { ?s ?p ?o }", "ASKFROM", id="form"),
    ],
)
def test_a_clause_that_can_be_read_in_two_ways_is_refused(engine: Engine, query: str, word: str) -> None:
    with pytest.raises(QueryMalformed) as caught:
        engine.evaluate(QueryRequest(query, CSV, N_TRIPLES))

    assert caught.value.detail == f"'{word}' can be read as two words: write a space before and after FROM"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM { ?s ?p ?o }",
        "SELECT * FROM true FROM <x:g> {}",
        "SELECT * FROM x:g FROM x:h {}",
        "FROM",
        "ASK FROM",
    ],
)
def test_a_clause_without_a_graph_is_the_syntax_error_that_the_engine_finds(engine: Engine, query: str) -> None:
    with pytest.raises(QueryMalformed) as caught:
        engine.evaluate(QueryRequest(query, CSV, N_TRIPLES))

    assert caught.value.line == 1


def test_a_long_row_of_signs_after_from_is_read_once(engine: Engine) -> None:
    """A pattern that goes back would need longer than the world has existed."""
    query = SPELLINGS["two"][0].replace("FROM", f"FROM {'#' * 5_000}\n").replace("SEEN", SEEN)

    assert rows(engine, query) == expected((1, 2), ())


@pytest.mark.parametrize("default", [(), (NAMES[2],), (NAMES[2], NAMES[3])], ids=["alone", "with one", "with two"])
@pytest.mark.parametrize("times", [1, 2, 50])
def test_a_graph_that_a_request_names_more_than_once_counts_once(
    engine: Engine, default: tuple[str, ...], times: int
) -> None:
    query = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    clauses = "".join(f"FROM <{one}> " for one in default) + f"FROM NAMED <{NAMES[1]}> " * times
    by_request = QueryRequest(query, CSV, default_graphs=default, named_graphs=(NAMES[1],) * times)
    by_clauses = QueryRequest(query.replace("{", f"{clauses}{{", 1), CSV)

    assert answer(engine, by_request) == answer(engine, by_clauses) == ["n", "4"]
