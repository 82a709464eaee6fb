"""Saved queries: what a header must say, and how a value becomes a term."""

import re
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.engine import term
from clustergraph.errors import NotFound, ParameterUnsuitable, UsageError
from clustergraph.queries import (
    INTERNAL_QUERIES,
    TEXT_LIMIT,
    Parameter,
    SavedQuery,
    find_query,
    internal,
    load_queries,
    load_query,
)
from clustergraph.terms import sparql_prologue
from conftest import REPOSITORY

HEADER = """\
# title: Founded since
# asks@en: Which clusters were founded since a year?
# asks@it: Quali cluster sono stati fondati da un anno in poi?
# parameter since (year): first year, e.g. 2012
# column cluster: IRI of the cluster
# column since: the year
"""
BODY = "SELECT ?cluster ?since WHERE { ?cluster cg:startDate ?since }\n"
XSD = "http://www.w3.org/2001/XMLSchema#"


def saved(tmp_path: Path, text: str) -> SavedQuery:
    path = tmp_path / "founded-since.rq"
    path.write_text(text, encoding="utf-8")
    return load_query(path)


def test_a_query_is_what_its_header_says(tmp_path: Path) -> None:
    assert saved(tmp_path, HEADER + BODY) == SavedQuery(
        name="founded-since",
        title="Founded since",
        asks={
            "en": "Which clusters were founded since a year?",
            "it": "Quali cluster sono stati fondati da un anno in poi?",
        },
        parameters=(Parameter("since", "year", "first year", "2012"),),
        columns={"cluster": "IRI of the cluster", "since": "the year"},
        text=sparql_prologue() + HEADER + BODY,
    )


def without(beginning: str) -> str:
    return "".join(line for line in HEADER.splitlines(keepends=True) if not line.startswith(beginning))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(without("# title") + BODY, ": the header has no 'title' line", id="no-title"),
        pytest.param(without("# asks@en") + BODY, ": the header has no 'asks@en' line", id="no-english"),
        pytest.param(without("# asks@it") + BODY, ": the header has no 'asks@it' line", id="no-italian"),
        pytest.param(
            "".join(HEADER.splitlines(keepends=True)[:3]) + BODY, ": the header has no 'column' line", id="no-columns"
        ),
        pytest.param(
            "# written in haste\n" + HEADER + BODY,
            ":1: this header line is not understood: write '# key: value', see docs/http-api.md",
            id="remark",
        ),
        pytest.param(
            HEADER + "# column: nameless\n" + BODY,
            ":7: this header line is not understood: write '# key: value', see docs/http-api.md",
            id="column-without-name",
        ),
        pytest.param(
            HEADER + "# title since: twice\n" + BODY,
            ":7: this header line is not understood: write '# key: value', see docs/http-api.md",
            id="title-with-name",
        ),
        pytest.param(
            HEADER.replace("(year)", "(aeon)") + BODY,
            ": parameter 'since' needs a known type and an example: '# parameter x (date): …, e.g. …'",
            id="unknown-type",
        ),
        pytest.param(
            HEADER.replace(" (year)", "") + BODY,
            ": parameter 'since' needs a known type and an example: '# parameter x (date): …, e.g. …'",
            id="no-type",
        ),
        pytest.param(
            HEADER.replace(", e.g. 2012", "") + BODY,
            ": parameter 'since' needs a known type and an example: '# parameter x (date): …, e.g. …'",
            id="no-example",
        ),
        pytest.param(
            HEADER.replace("e.g. 2012", "e.g. MMXII") + BODY,
            ": the example 'MMXII' of parameter 'since' is no year",
            id="unsuitable-example",
        ),
        pytest.param(
            HEADER.replace("# column since", "# column year") + BODY,
            ": parameter 'since' is no column: the engine binds only variables that SELECT names",
            id="parameter-not-selected",
        ),
    ],
)
def test_a_header_that_lacks_something_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        saved(tmp_path, text)

    assert caught.value.detail == f"{tmp_path}/founded-since.rq{message}"


def test_a_query_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.rq"
    path.write_bytes("# title: Città".encode("latin-1"))

    with pytest.raises(UsageError) as caught:
        load_query(path)

    assert caught.value.detail == f"{path}: this is not UTF-8 text: save it as UTF-8"


def test_a_parameter_of_a_construct_needs_no_column(tmp_path: Path) -> None:
    text = without("# column since") + "CONSTRUCT { ?cluster a ?since } WHERE { ?cluster cg:startDate ?since }\n"

    assert saved(tmp_path, text).bindings({"since": "2012"}) == {"since": f'"2012"^^<{XSD}gYear>'}


def test_a_folder_gives_its_queries_by_name_in_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.rq").write_text(HEADER + BODY, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no query", encoding="utf-8")

    assert list(load_queries(tmp_path)) == ["a", "b"]


def test_an_unknown_query_is_answered_with_the_place_of_the_list() -> None:
    with pytest.raises(NotFound) as caught:
        find_query({}, "n" * 100)

    assert caught.value.detail == (f"there is no saved query '{'n' * 80}': 'clustergraph query' lists them")


def test_an_internal_query_has_our_prefixes(tmp_path: Path) -> None:
    (tmp_path / "any.rq").write_text("ASK {}", encoding="utf-8")

    assert internal(tmp_path, "any") == f"{sparql_prologue()}ASK {{}}"


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        pytest.param("cluster", "a-b", "<https://w3id.org/clustergraph/id/cluster/a-b>", id="slug"),
        pytest.param(
            "cluster",
            "https://w3id.org/clustergraph/id/cluster/a-b",
            "<https://w3id.org/clustergraph/id/cluster/a-b>",
            id="iri",
        ),
        pytest.param("date", "2024-02-29", f'"2024-02-29"^^<{XSD}date>', id="date"),
        pytest.param("year", "0999", f'"0999"^^<{XSD}gYear>', id="year"),
        pytest.param("integer", "0", f'"0"^^<{XSD}integer>', id="zero"),
        pytest.param("integer", "-12", f'"-12"^^<{XSD}integer>', id="below-zero"),
        pytest.param("text", "", '""', id="no-text"),
        pytest.param("text", 'a "b" \\ c', '"a \\"b\\" \\\\ c"', id="quotes-and-backslash"),
        pytest.param("text", "a\nb\rc", '"a\\nb\\rc"', id="line-ends"),
        pytest.param("text", '" . <x:s> <x:p> "', '"\\" . <x:s> <x:p> \\""', id="statement"),
    ],
)
def test_a_value_becomes_a_term_of_its_type(kind: str, value: str, written: str) -> None:
    assert Parameter("x", kind, "anything", "example").term(value) == written


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param("cluster", "", id="empty"),
        pytest.param("cluster", "A", id="capital"),
        pytest.param("cluster", "a> <b", id="two-iris"),
        pytest.param("cluster", "a>", id="end-of-iri"),
        pytest.param("cluster", "a\n", id="slug-with-line-end"),
        pytest.param("cluster", "../role/member", id="path"),
        pytest.param("cluster", "https://w3id.org/clustergraph/id/role/member", id="iri-of-another-kind"),
        pytest.param("cluster", "https://example.org/a", id="iri-of-others"),
        pytest.param("date", "2023-02-29", id="no-such-day"),
        pytest.param("date", "20240229", id="date-without-hyphens"),
        pytest.param("date", '2024-02-29"@en', id="date-with-quote"),
        pytest.param("year", "12", id="two-digits"),
        pytest.param("year", "٢٠١٢", id="digits-beyond-ascii"),
        pytest.param("year", "2012\n", id="year-with-line-end"),
        pytest.param("integer", "01", id="leading-zero"),
        pytest.param("integer", "-0", id="minus-zero"),
        pytest.param("integer", "1.0", id="decimal"),
        pytest.param("integer", "1 2", id="two-numbers"),
        pytest.param("integer", "", id="no-number"),
    ],
)
def test_a_value_of_another_type_is_refused_with_an_example(kind: str, value: str) -> None:
    with pytest.raises(ParameterUnsuitable) as caught:
        Parameter("x", kind, "anything", "example").term(value)

    assert caught.value.detail == f"'{value}' does not fit parameter 'x' ({kind}): give it like 'example'"


def test_a_refused_value_is_repeated_in_part_only() -> None:
    with pytest.raises(ParameterUnsuitable) as caught:
        Parameter("x", "year", "anything", "2012").term("9" * 100)

    assert caught.value.detail == f"'{'9' * 80}' does not fit parameter 'x' (year): give it like '2012'"


@given(kind=st.sampled_from(["cluster", "date", "year", "integer", "text"]), value=st.text())
def test_no_value_is_ever_more_than_one_term(kind: str, value: str) -> None:
    """Whatever a client writes comes back as the one IRI or literal that it stands for, or is refused."""
    try:
        written = Parameter("x", kind, "anything", "example").term(value)
    except ParameterUnsuitable:
        return
    found = term(written)

    assert found.value.removeprefix("https://w3id.org/clustergraph/id/cluster/") == value
    assert isinstance(found, ox.NamedNode) == (kind == "cluster")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({}, "query 'q' needs parameter 'since', e.g. since=2012", id="missing"),
        pytest.param(
            {"since": "2012", "till": "2013"},
            "query 'q' has no parameter 'till': its parameters are since",
            id="unknown",
        ),
    ],
)
def test_parameters_must_be_those_of_the_query(values: dict[str, str], message: str) -> None:
    query = SavedQuery("q", "", {}, (Parameter("since", "year", "first year", "2012"),), {}, "")

    with pytest.raises(ParameterUnsuitable) as caught:
        query.bindings(values)

    assert caught.value.detail == message


def test_a_query_without_parameters_says_so() -> None:
    with pytest.raises(ParameterUnsuitable) as caught:
        SavedQuery("q", "", {}, (), {}, "").bindings({"x": "1"})

    assert caught.value.detail == "query 'q' has no parameter 'x': its parameters are none"


def test_the_examples_of_a_query_fit_its_parameters(tmp_path: Path) -> None:
    query = saved(tmp_path, HEADER + BODY)

    assert query.bindings(query.examples) == {"since": f'"2012"^^<{XSD}gYear>'}


def test_a_query_that_calls_another_server_is_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        saved(tmp_path, f"{HEADER}SELECT ?cluster ?since {{ SERVICE <https://example.org/> {{ ?cluster ?p ?since }} }}")

    assert caught.value.detail.startswith(f"{tmp_path}/founded-since.rq: line 7, column 26: SERVICE is not answered")


def test_an_internal_query_that_calls_another_server_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "any.rq").write_text("ASK { SERVICE <x:y> { ?s ?p ?o } }", encoding="utf-8")

    with pytest.raises(UsageError):
        internal(tmp_path, "any")


def test_a_folder_named_like_a_query_is_named(tmp_path: Path) -> None:
    (tmp_path / "any.rq").mkdir()

    with pytest.raises(UsageError) as caught:
        load_queries(tmp_path)

    assert caught.value.detail == f"{tmp_path}/any.rq: this is not a regular file: put a query file here"


@pytest.mark.parametrize("value", ["a\ud800", 7, None, b"x"])
@pytest.mark.parametrize("type_", ["text", "date", "cluster"])
def test_a_value_that_is_no_text_does_not_fit(type_: str, value: Any) -> None:
    with pytest.raises(ParameterUnsuitable) as caught:
        Parameter("words", type_, "what to look for", "x").term(value)

    assert caught.value.detail == "the value of parameter 'words' is no text: give it like 'x'"


@pytest.mark.parametrize("length", [200, 201])
def test_a_text_has_a_limit(length: int) -> None:
    parameter = Parameter("words", "text", "words", "health")

    if length <= TEXT_LIMIT:
        assert parameter.term("à" * length) == f'"{"à" * length}"'
        return
    with pytest.raises(ParameterUnsuitable) as refused:
        parameter.term("à" * length)
    assert refused.value.detail == (
        "the value of parameter 'words' has 201 characters, the limit is 200: give a shorter one"
    )


def test_every_internal_query_is_in_the_table_and_every_one_that_the_code_names_and_no_other() -> None:
    """A name that the code asks for stands in brackets behind `texts`, or is the first word to `rows`."""
    code = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "src/clustergraph").rglob("*.py"))
    named = re.findall(r'\btexts\["([^"]+)"\]|\.rows\("([^"]+)"', code)

    files = sorted(path.stem for path in (REPOSITORY / "queries/internal").glob("*.rq"))

    assert sorted(INTERNAL_QUERIES) == files
    assert sorted({one or other for one, other in named}) == files
