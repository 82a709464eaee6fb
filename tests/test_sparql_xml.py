"""Results in XML, read piece by piece and written anew."""

import json
from collections import deque

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph import sparql_xml
from clustergraph.formats import CSV, JSON, TSV, XML, Format
from clustergraph.rewriting import TableWriter, is_true, truth_in
from clustergraph.sparql_cells import Broken, Unreadable
from clustergraph.sparql_xml import TableReader

WRITERS = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
QUERY = """SELECT * { VALUES (?a ?b) {
    (<urn:a> UNDEF) ("q\\"\\\\\\t\\n,\u00e9\U0001f600<&>"@en-GB "1"^^<http://www.w3.org/2001/XMLSchema#byte>)
    (UNDEF "") ("plain" "d"^^<urn:t>) } }"""


def results(query: str, chosen: Format) -> bytes:
    solutions = ox.Store().query(query)
    assert isinstance(solutions, ox.QuerySolutions)
    return solutions.serialize(format=WRITERS[chosen.name]) or b""


def rewritten(data: bytes, chosen: Format, size: int) -> bytes:
    writer = TableWriter(chosen)
    pieces = [writer.feed(data[start : start + size]) for start in range(0, len(data), size)]
    return b"".join([*pieces, writer.finish()])


@pytest.mark.parametrize("chosen", [JSON, XML, CSV, TSV], ids=lambda one: one.name)
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_it_says_what_the_engine_says_in_that_format(chosen: Format, size: int) -> None:
    ours = rewritten(results(QUERY, XML), chosen, size)

    expected = results(QUERY, chosen)
    if chosen is CSV:
        assert ours == expected
    else:
        assert parsed(ours, chosen) == parsed(expected, chosen)


def parsed(data: bytes, chosen: Format) -> list[list[object]]:
    solutions = ox.parse_query_results(data, format=WRITERS[chosen.name])
    assert isinstance(solutions, ox.QuerySolutions)
    return [[*solution] for solution in solutions]


@given(st.integers(0, 1_000))
def test_half_of_an_answer_is_never_whole(end: int) -> None:
    data = results(QUERY, XML)

    with pytest.raises(Unreadable):
        rewritten(data[: min(end, len(data) - 10)], CSV, 64)


def test_a_table_without_rows_has_its_head() -> None:
    assert rewritten(results("SELECT ?a ?b { ?a ?b <urn:none> }", XML), TSV, 5) == b"?a\t?b\n"


@pytest.mark.parametrize("chosen", [JSON, XML, CSV, TSV], ids=lambda one: one.name)
@pytest.mark.parametrize("truth", [True, False])
def test_a_boolean_reads_back_in_every_format(chosen: Format, truth: bool) -> None:
    data = truth_in(chosen, truth=truth)

    if chosen in (CSV, TSV):
        assert data == (b"true" if truth else b"false")
    else:
        assert bool(ox.parse_query_results(data, format=WRITERS[chosen.name])) is truth


@pytest.mark.parametrize("said", [{"head": {}, "boolean": True}, {"results": {"bindings": [{"x": {"value": "1"}}]}}])
def test_a_boolean_is_read_however_it_is_said(said: object) -> None:
    assert is_true(json.dumps(said).encode())


@pytest.mark.parametrize(
    "said", [b"", b"[]", b'{"boolean":1}', b'{"boolean":"true"}', b"[" * 100_000, b'{"results":{}}']
)
def test_what_is_no_boolean_is_not_taken_for_one(said: bytes) -> None:
    with pytest.raises(Unreadable):
        is_true(said)


BEGINS = '<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="a"/></head><results><result>'
HEAD = BEGINS.partition("<variable")[0]
WITHOUT_END = [
    pytest.param(f'{BEGINS}<binding name="a"><literal>', "x" * 100, "a value without an end", id="value"),
    pytest.param(f'{BEGINS}<binding name="a"><literal datatype="', "x" * 100, "a tag without an end", id="tag"),
    pytest.param(HEAD, "<a>", "elements deeper than 16 in each other", id="depth"),
    pytest.param(HEAD, "<n{0}/>", "more than 100 names of elements, attributes and namespaces", id="elements"),
    pytest.param(HEAD, "<n a{0}=''/>", "more than 100 names of elements, attributes and namespaces", id="attributes"),
    pytest.param(
        HEAD, "<n xmlns:p{0}='urn:p'/>", "more than 100 names of elements, attributes and namespaces", id="namespaces"
    ),
    pytest.param(
        "".join(f'<variable name="v{number}"/>' for number in range(1_000)).join([HEAD, "</head><results><result>"]),
        "<binding name='v{0}'><uri>urn:{0:0>999}</uri></binding>",
        "a row without an end",
        id="row",
    ),
]


@pytest.mark.parametrize(("begins", "more", "said"), WITHOUT_END)
def test_what_has_no_end_is_given_up(monkeypatch: pytest.MonkeyPatch, begins: str, more: str, said: str) -> None:
    monkeypatch.setattr(sparql_xml, "CELL_LIMIT", 10_000)
    monkeypatch.setattr(sparql_xml, "ROW_LIMIT", 10_000)
    monkeypatch.setattr(sparql_xml, "TAG_LIMIT_BYTES", 10_000)
    reader = TableReader()
    reader.feed(begins.encode())

    with pytest.raises(Broken, match=f"^{said}$"):
        deque((reader.feed(more.format(number).encode()) for number in range(1_000)), maxlen=0)


def test_columns_without_end_are_given_up() -> None:
    reader = TableReader()
    reader.feed(HEAD.encode())
    reader.feed("".join(f'<variable name="v{number}"/>' for number in range(1_000)).encode())

    with pytest.raises(Broken, match=r"^more than 1,000 columns$"):
        reader.feed(b'<variable name="more"/>')


MISPLACED = [
    pytest.param('</result></results><head><variable name="b"/></head>', "a column behind the head", id="column"),
    pytest.param("</result></results><results/>", "a second table", id="table"),
    pytest.param("<result/>", "<result> where it cannot stand", id="row"),
    pytest.param('<binding name="a"><triple>', "a triple as a value", id="triple"),
    pytest.param('<binding name="a"><sparql>', "<sparql> where it cannot stand", id="document"),
    pytest.param('<binding name="a"><literal>ab<b>cd</b>ef</literal>', "an element inside a value", id="in a value"),
    pytest.param('<binding name="a"><uri><literal>', "an element inside a value", id="a value in a value"),
    pytest.param('<binding name="a"><iri>', "an unknown element inside <binding>", id="an unknown value"),
    pytest.param('<x:binding xmlns:x="urn:x" name="a">', "an unknown element inside <result>", id="another binding"),
    pytest.param("</result><row>", "an unknown element inside <results>", id="an unknown row"),
    pytest.param('<binding name="a"><uri>urn:a</uri><uri>', "two values in one binding", id="two values"),
    pytest.param('<binding name="a"/>', "a binding without a value", id="no value"),
    pytest.param('<binding name="a">text', "text inside <binding>", id="text alone"),
    pytest.param('<binding name="a"><uri>urn:a</uri>text', "text inside <binding>", id="text behind a value"),
    pytest.param("text", "text inside <result>", id="text in a row"),
    pytest.param("</result>ERROR: at /opt/x", "text inside <results>", id="text between rows"),
    pytest.param(
        '<binding name="a"><uri>urn:a</uri></binding><binding name="a">',
        "two bindings of one name in a row",
        id="two bindings",
    ),
    pytest.param('<binding name="b">', "a binding of no column of the head", id="another column"),
    pytest.param("<binding>", "a binding of no column of the head", id="no column"),
]


@pytest.mark.parametrize(("more", "said"), MISPLACED)
def test_what_stands_where_it_cannot_is_no_result(more: str, said: str) -> None:
    with pytest.raises(Broken, match=f"^{said}$"):
        TableReader().feed((BEGINS + more).encode())


NO_ROOT = [
    pytest.param("<results/>", id="another element"),
    pytest.param("<sparql><head/></sparql>", id="no namespace"),
    pytest.param('<sparql xmlns="http://www.w3.org/2007/SPARQL/results#"/>', id="another namespace"),
]


@pytest.mark.parametrize("document", NO_ROOT)
def test_what_is_no_document_of_results_is_no_answer(document: str) -> None:
    with pytest.raises(Broken, match=r"^no <sparql> of the namespace of results around it$"):
        TableReader().feed(document.encode())


def test_what_engines_add_to_the_head_and_between_elements_is_passed_over() -> None:
    row = '\n<binding name="a">\t<uri>urn:a</uri>\r\n</binding> '
    said = BEGINS.replace("</head>", '<link href="a"/><x:m xmlns:x="urn:x">text<b/></x:m></head>\n<y>1</y>')

    assert rewritten(f"{said}{row}</result>\n</results>\n</sparql>\n".encode(), TSV, 1 << 16) == b"?a\n<urn:a>\n"


def test_rows_without_bindings_are_right_where_there_are_no_columns() -> None:
    said = f"{HEAD}</head><results><result/><result> </result></results></sparql>"

    assert rewritten(said.encode(), TSV, 1 << 16) == b"\n\n\n"
    with pytest.raises(Broken, match=r"^a binding of no column of the head$"):
        TableReader().feed(said.replace("<result/>", '<result><binding name="a">').encode())


@pytest.mark.parametrize("columns", [{"a", "b"}, {"b"}, set[str]()])
def test_other_columns_than_the_query_names_are_no_answer_to_it(columns: set[str]) -> None:
    with pytest.raises(Broken, match=r"^other columns than the query names$"):
        TableWriter(CSV, columns).feed(BEGINS.encode())


@pytest.mark.parametrize("columns", [{"a"}, None])
def test_the_columns_that_the_query_names_are_taken_and_so_are_all_where_it_names_none(columns: set[str]) -> None:
    assert TableWriter(CSV, columns).feed(BEGINS.encode()) == b"a\r\n"


def test_a_boolean_that_is_neither_true_nor_false_is_broken() -> None:
    said = f"{HEAD}</head><boolean>maybe</boolean></sparql>"

    with pytest.raises(Broken, match=r"^a boolean that is neither true nor false$"):
        TableReader().feed(said.encode())


def test_a_boolean_is_no_table() -> None:
    writer = TableWriter(CSV)
    writer.feed(b'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head/><boolean>true</boolean></sparql>')

    with pytest.raises(Broken, match=r"^a boolean instead of a table$"):
        writer.finish()


def one_value(value: str) -> bytes:
    return f'{BEGINS}<binding name="a">{value}</binding></result></results></sparql>'.encode()


NO_TERM = [
    pytest.param("<uri>a&gt; b&#10;c&#9;d</uri>", "a uri that is none", id="rows in an IRI"),
    pytest.param("<uri/>", "a uri that is none", id="an empty IRI"),
    pytest.param("<bnode>a b</bnode>", "a bnode that is none", id="a label"),
    pytest.param("<bnode>a&#10;</bnode>", "a bnode that is none", id="a row in a label"),
    pytest.param("<bnode>a.</bnode>", "a bnode that is none", id="a label that ends a triple"),
    pytest.param('<literal datatype="urn:a&gt;&#10;">a</literal>', "a datatype that is no IRI", id="a datatype"),
    pytest.param('<literal xml:lang="en&#10;x">a</literal>', "a language tag that is none", id="a language"),
]


@pytest.mark.parametrize(("value", "said"), NO_TERM)
def test_what_is_no_term_is_no_value(value: str, said: str) -> None:
    with pytest.raises(Broken, match=f"^{said}$"):
        TableReader().feed(one_value(value))


TERMS = [
    pytest.param("<uri>urn:\u00e9%20'a</uri>", "<urn:\u00e9%20'a>", id="an IRI"),
    pytest.param("<bnode>genid-1f.b-0</bnode>", "_:genid-1f.b-0", id="a label"),
    pytest.param("<bnode>nodeID://b10048</bnode>", "_:b10048", id="a label of Virtuoso"),
    pytest.param('<literal datatype="urn:t">a&#10;b</literal>', '"a\\nb"^^<urn:t>', id="a datatype"),
    pytest.param('<literal xml:lang="de-1996">a</literal>', '"a"@de-1996', id="a language"),
]


@pytest.mark.parametrize(("value", "expected"), TERMS)
def test_a_term_is_written_as_it_is(value: str, expected: str) -> None:
    assert rewritten(one_value(value), TSV, 1 << 16).decode() == f"?a\n{expected}\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("a", "two columns of one name", id="twice"),
        pytest.param("b&#10;c", "the name of a column that is none", id="a row in it"),
        pytest.param("", "the name of a column that is none", id="empty"),
    ],
)
def test_what_names_no_column_is_no_head(name: str, said: str) -> None:
    with pytest.raises(Broken, match=f"^{said}$"):
        TableReader().feed(BEGINS.replace("</head>", f'<variable name="{name}"/></head>').encode())
