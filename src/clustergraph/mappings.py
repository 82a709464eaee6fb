"""Mapping tables (SSSOM, tab-separated) into triples: the SKOS match, and a node that says who argued it and why.

Source: SSSOM 1.0, TSV serialisation, the columns of COLUMNS. Knows nothing of files or graphs.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

import pyoxigraph as ox

from clustergraph.terms import PREFIXES, RDF, SSSOM, XSD, entity_iri, expand, kind_and_slug

COLUMNS: Final = (
    "subject_id",
    "predicate_id",
    "object_id",
    "mapping_justification",
    "author_label",
    "mapping_date",
    "confidence",
    "comment",
)
MATCHES: Final = ("skos:exactMatch", "skos:closeMatch", "skos:broadMatch", "skos:narrowMatch", "skos:relatedMatch")

_ENTITY_COLUMNS: Final = ("subject_id", "predicate_id", "object_id", "mapping_justification")
_CONFIDENCE: Final = re.compile(r"0\.[0-9]*[1-9]|[01]")


def read_mappings(text: str) -> list[ox.Triple]:
    """The triples of one mapping table.

    Shape:  for each row the match itself, and a `sssom:Mapping` node whose properties are the columns.
    Raises: SyntaxError with `lineno`, saying which column of which row is wrong.
    """
    lines = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), start=1)]
    table = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not table:
        message = "the table has no header row"
        raise _wrong(message, 1)
    (header_line, header), *rows = table
    if tuple(header.split("\t")) != COLUMNS:
        message = f"the header row must name the columns {', '.join(COLUMNS)}, separated by tabs"
        raise _wrong(message, header_line)
    found: list[ox.Triple] = []
    lines_of_pairs: dict[tuple[str, str], int] = {}
    for number, row in rows:
        values = row.split("\t")
        if len(values) != len(COLUMNS) or not all(value.strip() for value in values):
            message = f"a row needs {len(COLUMNS)} filled cells, separated by tabs"
            raise _wrong(message, number)
        cells = dict(zip(COLUMNS, values, strict=True))
        first = lines_of_pairs.setdefault((cells["subject_id"], cells["object_id"]), number)
        if first != number:
            message = f"line {first} maps the same pair: keep one of the two rows"
            raise _wrong(message, number)
        found += _row(cells, number)
    return found


def _row(cells: dict[str, str], number: int) -> Iterator[ox.Triple]:
    if cells["predicate_id"] not in MATCHES:
        message = f"'{cells['predicate_id']}' is not a match: use one of {', '.join(MATCHES)}"
        raise _wrong(message, number)
    iris = {column: _iri(cells[column], column, number) for column in _ENTITY_COLUMNS}
    subject, object_ = (kind_and_slug(iris[column].value) for column in ("subject_id", "object_id"))
    slug = "--".join(end[1] for end in (subject, object_) if end)
    if not slug:
        message = f"neither '{cells['subject_id']}' nor '{cells['object_id']}' is a thing of ours: map one that is"
        raise _wrong(message, number)
    literals = {column: _literal(column, cells[column], number) for column in COLUMNS if column not in iris}
    node = ox.NamedNode(entity_iri("mapping", slug))
    yield ox.Triple(iris["subject_id"], iris["predicate_id"], iris["object_id"])
    yield ox.Triple(node, ox.NamedNode(f"{RDF}type"), ox.NamedNode(f"{SSSOM}Mapping"))
    for column in COLUMNS:
        yield ox.Triple(node, ox.NamedNode(f"{SSSOM}{column}"), iris.get(column) or literals[column])


def _literal(column: str, value: str, number: int) -> ox.Literal:
    if column == "mapping_date":
        if not _is_date(value):
            message = f"'{value}' in column mapping_date is not a date such as 2026-11-22"
            raise _wrong(message, number)
        return ox.Literal(value, datatype=ox.NamedNode(f"{XSD}date"))
    if column == "confidence":
        if not _CONFIDENCE.fullmatch(value):
            message = f"'{value}' in column confidence is not a number from 0 to 1 without needless zeros, such as 0.9"
            raise _wrong(message, number)
        return ox.Literal(value, datatype=ox.NamedNode(f"{XSD}decimal"))
    return ox.Literal(value)


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _iri(curie: str, column: str, number: int) -> ox.NamedNode:
    if curie.partition(":")[0] not in PREFIXES:
        message = f"'{curie}' in column {column} is not a prefixed name of ours, such as area:aerospace"
        raise _wrong(message, number)
    try:
        return ox.NamedNode(expand(curie))
    except ValueError:
        message = f"'{curie}' in column {column} is not a prefixed name: a character in it cannot stand in an IRI"
        raise _wrong(message, number) from None


def _wrong(message: str, line: int) -> SyntaxError:
    return SyntaxError(message, (None, line, 1, None))
