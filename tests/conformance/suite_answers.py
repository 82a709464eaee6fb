"""Answers as values that can be compared: a truth, a table or a graph. Knows nothing of HTTP and nothing of tests.

Two answers are the same if their RDF terms are, up to the names of blank nodes. They are the same *by value* once every
number, truth value and time zone is written in one way: the engine rewrites literals when it loads them (`1.0` becomes
`1`), the files of the suites do not. The datatype is never rewritten.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    Triple,
    parse,
    parse_query_results,
)
from suite_manifests import RDF, RDF_FORMATS, Term, iri_of

RS: Final = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"

TABLE_FORMATS: Final = {
    ".srx": QueryResultsFormat.XML,
    ".srj": QueryResultsFormat.JSON,
    ".tsv": QueryResultsFormat.TSV,
}
"""The formats of results that keep every term, by the extensions that the suites use."""

CELL: Final = NamedNode("x:cell")
"""The datatype of what stands in a CSV file, which does not say."""


class Likeness(StrEnum):
    """How far two answers agree."""

    SAME = "the same"
    BY_VALUE = "the same by value"
    DIFFERENT = "another answer"


@dataclass(frozen=True)
class Table:
    """The answer to SELECT.

    Shape: a row leaves out what is unbound; `has_order` says whether the order of the rows can mean something.
    """

    variables: frozenset[str]
    rows: tuple[dict[str, Term], ...]
    has_order: bool = True


Answer: TypeAlias = bool | Table | Dataset
Form: TypeAlias = Callable[[Term], Term]


def expected_answer(path: Path) -> Answer:
    """The answer that a file of the suites describes, in whichever of their formats."""
    if path.suffix == ".csv":
        return csv_table(path.read_bytes())
    if path.suffix in TABLE_FORMATS:
        return written_answer(path.read_bytes(), TABLE_FORMATS[path.suffix])
    graph = Dataset(parse(path=str(path), format=RDF_FORMATS[path.suffix], base_iri=iri_of(path)))
    heads = list(graph.quads_for_object(NamedNode(f"{RS}ResultSet")))
    return _described(graph, heads[0].subject) if heads else graph


def written_answer(text: bytes, written_in: QueryResultsFormat) -> bool | Table:
    """What a result in one of the formats that keep every term says."""
    return engine_answer(parse_query_results(text, format=written_in))


def engine_answer(results: QuerySolutions | QueryBoolean) -> bool | Table:
    """What results say, once they are read to their end."""
    if isinstance(results, QueryBoolean):
        return bool(results)
    names = [variable.value for variable in results.variables]
    rows = [{name: term for name, term in zip(names, row, strict=True) if term is not None} for row in results]
    return Table(frozenset(names), tuple(rows))


def engine_graph(triples: QueryTriples) -> Dataset:
    """The triples of a result as a graph."""
    return Dataset(Quad(*triple) for triple in triples)


def csv_table(text: bytes) -> Table:
    """What a result in CSV says; a blank node is known by its `_:`."""
    header, *lines = csv.reader(io.StringIO(text.decode(), newline=""))
    rows = [{name: _cell(cell) for name, cell in zip(header, line, strict=True) if cell} for line in lines]
    return Table(frozenset(header), tuple(rows))


def _cell(text: str) -> Term:
    return BlankNode(text.removeprefix("_:")) if text.startswith("_:") else Literal(text, datatype=CELL)


def _described(graph: Dataset, head: NamedNode | BlankNode | Triple) -> bool | Table:
    """The answer that a graph describes in the result set vocabulary."""

    def objects(subject: Term, name: str) -> list[Term]:
        assert isinstance(subject, NamedNode | BlankNode), subject
        return [quad.object for quad in graph.quads_for_subject(subject) if quad.predicate.value == f"{RS}{name}"]

    def texts(subject: Term, name: str) -> list[str]:
        return [one.value for one in objects(subject, name) if isinstance(one, Literal)]

    for truth in texts(head, "boolean"):
        return truth in ("true", "1")
    solutions = objects(head, "solution")
    places = [int(text) for one in solutions for text in texts(one, "index")]
    if places:
        solutions = [one for _, one in sorted(zip(places, solutions, strict=True), key=lambda pair: pair[0])]
    rows = [
        {texts(one, "variable")[0]: objects(one, "value")[0] for one in objects(solution, "binding")}
        for solution in solutions
    ]
    return Table(frozenset(texts(head, "resultVariable")), tuple(rows), has_order=bool(places))


def likeness(expected: Answer, found: Answer, *, is_ordered: bool = False, is_lax: bool = False) -> Likeness:
    """How far the answer found agrees with the one expected.

    Shape: `is_ordered` makes the order of rows count; `is_lax` lets an answer have fewer duplicates than expected.
    """
    for degree, form in ((Likeness.SAME, _as_it_is), (Likeness.BY_VALUE, valued)):
        if _agree(expected, found, form, is_ordered=is_ordered, is_lax=is_lax):
            return degree
    return Likeness.DIFFERENT


def _agree(expected: Answer, found: Answer, form: Form, *, is_ordered: bool, is_lax: bool) -> bool:
    if isinstance(expected, Table) and isinstance(found, Table):
        if expected.variables != found.variables:
            return False
        if is_lax:
            return _agree_laxly(expected, found, form)
        counts = is_ordered and expected.has_order
        return _canonical(_as_graph(expected, form, counts)) == _canonical(_as_graph(found, form, counts))
    if isinstance(expected, Dataset) and isinstance(found, Dataset):
        first, second = (
            _canonical(Quad(one.subject, one.predicate, form(one.object), one.graph_name) for one in graph)
            for graph in (expected, found)
        )
        return first == second
    return isinstance(expected, bool) and expected is found


def _agree_laxly(expected: Table, found: Table, form: Form) -> bool:
    """Whether every row expected is found, and none more often than expected. No row of these tests has blank nodes."""
    wanted, given = (
        Counter(tuple(sorted((name, str(form(term))) for name, term in row.items())) for row in one.rows)
        for one in (expected, found)
    )
    return given <= wanted and set(given) == set(wanted)


def _as_graph(answer: Table, form: Form, is_ordered: bool) -> Iterable[Quad]:
    """A table as a graph: a blank node for each row, so that tables are the same if the graphs are isomorphic."""
    for number, row in enumerate(answer.rows):
        node = BlankNode()
        yield Quad(node, NamedNode(f"{RDF}type"), Literal(number if is_ordered else "row"))
        for name, term in row.items():
            yield Quad(node, NamedNode(f"x:{name}"), form(term))


def _canonical(quads: Iterable[Quad]) -> Dataset:
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def _as_it_is(term: Term) -> Term:
    return term


def _exactly(text: str) -> str:
    return format(Decimal(text).normalize() + 0, "f")


def _approximately(text: str) -> str:
    return repr(float(text))


def _truth(text: str) -> str:
    return {"1": "true", "0": "false"}.get(text, text)


def _zone(text: str) -> str:
    return f"{text[:-6]}Z" if text.endswith(("+00:00", "-00:00")) else text


_DECIMALS: Final = (
    *("decimal", "integer", "nonPositiveInteger", "negativeInteger", "nonNegativeInteger", "positiveInteger"),
    *("long", "int", "short", "byte", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
)
_WRITTEN: Final[dict[str, Callable[[str], str]]] = {
    **{f"{XSD}{name}": _exactly for name in _DECIMALS},
    **{f"{XSD}{name}": _approximately for name in ("float", "double")},
    **{f"{XSD}{name}": _zone for name in ("date", "dateTime", "time")},
    f"{XSD}boolean": _truth,
    CELL.value: _exactly,
}
"""How a value of each datatype is written in one way."""


def valued(term: Term) -> Term:
    """The term with its value written in one way; what is no value of its datatype stays as it is.

    >>> valued(Literal("+01.50", datatype=NamedNode(f"{XSD}decimal"))).value
    '1.5'
    """
    if isinstance(term, Triple):
        return Triple(term.subject, term.predicate, valued(term.object))
    if isinstance(term, Literal) and term.datatype.value in _WRITTEN:
        with suppress(ValueError, InvalidOperation):
            return Literal(_WRITTEN[term.datatype.value](term.value), datatype=term.datatype)
    return term
