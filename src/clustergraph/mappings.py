"""Mapping tables (SSSOM, tab-separated) into triples: the SKOS match, and a node that says who argued it and why.

Source: SSSOM 1.0, TSV serialisation, the columns of COLUMNS. Knows nothing of files or graphs.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from clustergraph.reading.parsed import (
    CELLS,
    MAPPED_TWICE,
    NO_CONFIDENCE,
    NO_DATE,
    NO_HEADER,
    NO_MATCH,
    NO_NAME,
    NOT_OURS,
    TYPE,
    XSD,
    Fault,
    Literal,
    Parsed,
    Term,
    but_merged,
)
from clustergraph.terms import PREFIXES, SSSOM, entity_iri, expand, kind_and_slug

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
_ROW: Final = re.compile(r"[^\r\n]+")
_NOT_IN_NAME: Final = re.compile(r"""[\x00-\x20<>"{}|^`\\]""")


class _Cell(NamedTuple):
    """One cell of a row, and where it stands."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


_Row = Mapping[str, _Cell]


class _Wrong(Exception):
    """A row that gives no triples."""

    def __init__(self, code: str, cell: _Cell, *values: str) -> None:
        super().__init__(code)
        self.fault = Fault(code, cell.start, cell.end, values)


def read_mappings(text: str) -> Parsed:
    """The triples of one mapping table, and what is wrong with its rows.

    Shape:  for each row the match itself, and a `sssom:Mapping` node whose properties are the columns; each has the
            place of its cells.
    """
    parsed = Parsed(text)
    rows = [_Cell(one[0], one.start()) for one in _ROW.finditer(text) if not one[0].startswith("#")]
    header, rows = (rows[0] if rows else _Cell("", 0)), rows[1:]
    if tuple(header.text.split("\t")) != COLUMNS:
        parsed.faults.append(Fault(NO_HEADER, header.start, header.end, (", ".join(COLUMNS),)))
        return parsed
    pairs: dict[tuple[str, str], _Cell] = {}
    for row in rows:
        try:
            _add(parsed, row, _cells(row), pairs)
        except _Wrong as exc:
            parsed.faults.append(exc.fault)
    return but_merged(parsed)


def _cells(row: _Cell) -> _Row:
    found = [_Cell(text, 0) for text in row.text.split("\t")]
    if len(found) != len(COLUMNS) or not all(one.text.strip() for one in found):
        raise _Wrong(CELLS, row, str(len(COLUMNS)))
    starts = [row.start]
    for one in found:
        starts.append(starts[-1] + len(one.text) + 1)
    return {name: _Cell(one.text, start) for name, one, start in zip(COLUMNS, found, starts, strict=False)}


def _add(parsed: Parsed, row: _Cell, cells: _Row, pairs: dict[tuple[str, str], _Cell]) -> None:
    first = pairs.setdefault((cells["subject_id"].text, cells["object_id"].text), row)
    if first is not row:
        raise _Wrong(MAPPED_TWICE, row, str(parsed.place(first.start)[0]))
    if cells["predicate_id"].text not in MATCHES:
        raise _Wrong(NO_MATCH, cells["predicate_id"], cells["predicate_id"].text, ", ".join(MATCHES))
    values: dict[str, Term] = {name: _value(name, cells[name]) for name in COLUMNS}
    subject, match, object_ = (str(values[name]) for name in _ENTITY_COLUMNS[:3])
    slug = "--".join(end[1] for end in map(kind_and_slug, (subject, object_)) if end)
    if not slug:
        raise _Wrong(NOT_OURS, row, cells["subject_id"].text, cells["object_id"].text)
    node = entity_iri("mapping", slug)
    ends = (cells["object_id"].start, cells["object_id"].end)
    parsed.triples.append((subject, match, object_))
    parsed.places.extend((cells["subject_id"].start, cells["predicate_id"].start, *ends))
    parsed.triples.append((node, TYPE, f"{SSSOM}Mapping"))
    parsed.places.extend((row.start, row.start, row.start, row.end))
    for name, cell in cells.items():
        parsed.triples.append((node, f"{SSSOM}{name}", values[name]))
        parsed.places.extend((row.start, cell.start, cell.start, cell.end))


def _value(column: str, cell: _Cell) -> Term:
    if column in _ENTITY_COLUMNS:
        if cell.text.partition(":")[0] not in PREFIXES or _NOT_IN_NAME.search(cell.text):
            raise _Wrong(NO_NAME, cell, cell.text)
        return expand(cell.text)
    if column == "mapping_date":
        if not _is_date(cell.text):
            raise _Wrong(NO_DATE, cell, cell.text)
        return Literal(cell.text, f"{XSD}date")
    if column == "confidence":
        if not _CONFIDENCE.fullmatch(cell.text):
            raise _Wrong(NO_CONFIDENCE, cell, cell.text)
        return Literal(cell.text, f"{XSD}decimal")
    return Literal(cell.text)


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
