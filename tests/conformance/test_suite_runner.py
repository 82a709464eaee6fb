"""The runner of the W3C suites is no kinder than the suites: it tells apart what is not the same."""

import pytest
from pyoxigraph import BlankNode, Dataset, Literal, NamedNode, RdfFormat, Triple, parse
from suite_answers import XSD, Answer, Likeness, Table, csv_table, likeness, valued
from suite_protocol import SD, against_schema

A, B, P = (NamedNode(f"x:{name}") for name in "abp")


def number(text: str, datatype: str = "decimal") -> Literal:
    return Literal(text, datatype=NamedNode(f"{XSD}{datatype}"))


def table(*rows: tuple[NamedNode | BlankNode | Literal | Triple | None, ...], has_order: bool = True) -> Table:
    """A table with the columns p, q, …"""
    names = "pqr"[: len(rows[0])] if rows else "p"
    bound = tuple({n: term for n, term in zip(names, row, strict=True) if term is not None} for row in rows)
    return Table(frozenset(names), bound, has_order)


def graph(turtle: str) -> Dataset:
    return Dataset(parse(turtle, format=RdfFormat.TURTLE, base_iri="x:"))


def node(name: str) -> BlankNode:
    return BlankNode(name)


PAIRS: dict[str, tuple[Answer, Answer, Likeness]] = {
    "two truths": (True, True, Likeness.SAME),
    "a truth and its opposite": (True, False, Likeness.DIFFERENT),
    "a truth and a table": (True, table((A,)), Likeness.DIFFERENT),
    "no rows and none": (table(), table(), Likeness.SAME),
    "a row and none": (table((A,)), table(), Likeness.DIFFERENT),
    "another order": (table((A,), (B,)), table((B,), (A,)), Likeness.SAME),
    "a row twice and once": (table((A,), (A,)), table((A,)), Likeness.DIFFERENT),
    "a row twice and another twice": (table((A,), (A,), (B,)), table((A,), (B,), (B,)), Likeness.DIFFERENT),
    "another column": (table((A,)), Table(frozenset("q"), ({"q": A},)), Likeness.DIFFERENT),
    "a column without values": (table((A,)), Table(frozenset("pq"), ({"p": A},)), Likeness.DIFFERENT),
    "unbound and empty": (table((A, None)), table((A, Literal(""))), Likeness.DIFFERENT),
    "values in each other's columns": (table((A, B)), table((B, A)), Likeness.DIFFERENT),
    "other names of blank nodes": (table((node("a"), node("b"))), table((node("c"), node("d"))), Likeness.SAME),
    "one blank node for two": (table((node("a"), node("b"))), table((node("c"), node("c"))), Likeness.DIFFERENT),
    "a blank node for an IRI": (table((A,)), table((node("a"),)), Likeness.DIFFERENT),
    "a blank node across rows": (
        table((node("a"),), (node("a"),)),
        table((node("a"),), (node("b"),)),
        Likeness.DIFFERENT,
    ),
    "a number written otherwise": (table((number("1.0"),)), table((number("1"),)), Likeness.BY_VALUE),
    "a number in a triple": (
        table((Triple(A, P, number("1.0")),)),
        table((Triple(A, P, number("1")),)),
        Likeness.BY_VALUE,
    ),
    "another number": (table((number("1.0"),)), table((number("1.01"),)), Likeness.DIFFERENT),
    "a number of another datatype": (
        table((number("1"),)),
        table((number("1", "integer"),)),
        Likeness.DIFFERENT,
    ),
    "a string that looks like a number": (table((Literal("1.0"),)), table((Literal("1"),)), Likeness.DIFFERENT),
    "another language": (
        table((Literal("a", language="en"),)),
        table((Literal("a", language="it"),)),
        Likeness.DIFFERENT,
    ),
    "the same graph": (graph("<a> <p> [] ."), graph("<a> <p> _:x ."), Likeness.SAME),
    "a graph with numbers": (graph("<a> <p> 1.0 ."), graph("<a> <p> 1.00 ."), Likeness.BY_VALUE),
    "a smaller graph": (graph("<a> <p> 1, 2 ."), graph("<a> <p> 1 ."), Likeness.DIFFERENT),
    "a graph and a table": (graph(""), table(), Likeness.DIFFERENT),
    "CSV": (csv_table(b"p\r\nx:a\r\n"), csv_table(b"p\nx:a\n"), Likeness.SAME),
    "CSV without its header": (csv_table(b"p\r\nx:a\r\n"), csv_table(b"x:a\r\n"), Likeness.DIFFERENT),
    "CSV with a number written otherwise": (csv_table(b"p\n1e1\n"), csv_table(b"p\n10\n"), Likeness.BY_VALUE),
    "CSV with blank nodes": (csv_table(b"p,q\n_:a,_:a\n"), csv_table(b"p,q\n_:a,_:b\n"), Likeness.DIFFERENT),
}


@pytest.mark.parametrize(("expected", "found", "degree"), PAIRS.values(), ids=PAIRS)
def test_two_answers_agree_so_far(expected: Answer, found: Answer, degree: Likeness) -> None:
    assert (likeness(expected, found), likeness(found, expected)) == (degree, degree)


def test_the_order_of_rows_counts_where_the_query_asks_for_one() -> None:
    first, second = table((A,), (B,)), table((B,), (A,))

    assert likeness(first, second, is_ordered=True) is Likeness.DIFFERENT
    assert likeness(first, first, is_ordered=True) is Likeness.SAME


def test_the_order_of_rows_does_not_count_where_the_expected_ones_have_none() -> None:
    assert likeness(table((A,), (B,), has_order=False), table((B,), (A,)), is_ordered=True) is Likeness.SAME


@pytest.mark.parametrize(
    ("rows", "degree"),
    [
        pytest.param(((A,), (A,), (B,)), Likeness.SAME, id="all-duplicates"),
        pytest.param(((A,), (B,)), Likeness.SAME, id="no-duplicate"),
        pytest.param(((A,), (A,), (A,), (B,)), Likeness.DIFFERENT, id="more-than-expected"),
        pytest.param(((A,), (A,)), Likeness.DIFFERENT, id="a-row-missing"),
    ],
)
def test_a_reduced_answer_may_lose_duplicates_and_nothing_else(
    rows: tuple[tuple[NamedNode, ...], ...], degree: Likeness
) -> None:
    assert likeness(table((A,), (A,), (B,)), table(*rows), is_lax=True) is degree


@pytest.mark.parametrize(
    ("term", "written"),
    [
        pytest.param(number("007", "integer"), "7", id="integer"),
        pytest.param(number("-0.0"), "0", id="zero"),
        pytest.param(number("1E3", "double"), "1000.0", id="double"),
        pytest.param(number("1", "boolean"), "true", id="truth"),
        pytest.param(number("2006-08-23+00:00", "date"), "2006-08-23Z", id="zone"),
        pytest.param(number("2006-08-23+01:00", "date"), "2006-08-23+01:00", id="another-zone"),
        pytest.param(number("one", "integer"), "one", id="no-number"),
        pytest.param(number("01", "gYear"), "01", id="of-another-kind"),
    ],
)
def test_a_value_is_written_in_one_way(term: Literal, written: str) -> None:
    assert valued(term) == Literal(written, datatype=term.datatype)


DESCRIPTION = """
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
<s> a sd:Service ; sd:endpoint <e> ; sd:supportedLanguage sd:SPARQL11Query ; sd:defaultDataset <d> .
<d> a sd:Dataset ; sd:defaultGraph <g> ; sd:namedGraph <n> .
<g> a sd:Graph .
<n> a sd:NamedGraph ; sd:name <n> .
"""


def test_a_good_description_is_not_against_the_schema() -> None:
    assert against_schema(graph(DESCRIPTION)) == []


@pytest.mark.parametrize(
    ("old", "new", "trouble"),
    [
        pytest.param("a sd:Service", "a sd:Dataset", "there is no sd:Service", id="no-service"),
        pytest.param(
            "<d> a sd:Dataset", "<d> a sd:Graph", "<x:d> is a sd:defaultDataset and no sd:Dataset", id="range"
        ),
        pytest.param(
            "<d> a sd:Dataset", "<d> a sd:Graph", "<x:d> has a sd:namedGraph and is no sd:GraphCollection", id="domain"
        ),
        pytest.param("sd:defaultGraph", "sd:graphs", "there is no sd:graphs", id="property"),
        pytest.param(
            "sd:SPARQL11Query", "sd:SPARQL", f"<{SD}SPARQL> is not known as a sd:supportedLanguage", id="value"
        ),
        pytest.param("; sd:name <n>", "", "<x:n> is a sd:NamedGraph without a name", id="name"),
    ],
)
def test_what_is_against_the_schema_of_descriptions_is_said(old: str, new: str, trouble: str) -> None:
    assert trouble in against_schema(graph(DESCRIPTION.replace(old, new)))
