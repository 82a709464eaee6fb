"""Results in XML, read piece by piece and written anew."""

import json
from collections import deque

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph import sparql_xml
from clustergraph.formats import CSV, JSON, TSV, XML, Format
from clustergraph.sparql_xml import TableReader, TableWriter, Unreadable, is_true, truth_in

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


@pytest.mark.parametrize(
    ("begins", "said"),
    [("<literal>", "a value without an end"), ('<literal datatype="', "a tag without an end")],
    ids=["value", "tag"],
)
def test_what_has_no_end_is_given_up(monkeypatch: pytest.MonkeyPatch, begins: str, said: str) -> None:
    monkeypatch.setattr(sparql_xml, "CELL_LIMIT_BYTES", 10_000)
    reader = TableReader()
    reader.feed(b'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><results><result><binding name="a">')
    reader.feed(begins.encode())

    with pytest.raises(Unreadable, match=said):
        deque((reader.feed(b"x" * 100) for _ in range(1_000)), maxlen=0)
