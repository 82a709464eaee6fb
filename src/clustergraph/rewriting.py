"""Results that another engine gave in SPARQL's XML, written anew in the format that was asked for.

Holds what one piece of them adds to the answer.
"""

import json
import re
from collections.abc import Callable, Sequence, Set
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from clustergraph.formats import CSV, JSON, TSV, XML, Format
from clustergraph.sparql_cells import Broken, Cell, Row, Unreadable
from clustergraph.sparql_xml import RESULTS, TableReader

_TO_QUOTE: Final = re.compile(r'[",\r\n]')


def _json_cell(cell: Cell) -> dict[str, str]:
    said = {"type": cell.kind, "value": cell.value}
    if cell.language:
        said["xml:lang"] = cell.language
    elif cell.datatype:
        said["datatype"] = cell.datatype
    return said


def _json_row(columns: Sequence[str], row: Row) -> str:
    bound = {name: _json_cell(cell) for name, cell in zip(columns, row, strict=True) if cell}
    return json.dumps(bound, ensure_ascii=False, separators=(",", ":"))


def _xml_cell(name: str, cell: Cell) -> str:
    more = f" xml:lang={quoteattr(cell.language)}" if cell.language else ""
    more = f" datatype={quoteattr(cell.datatype)}" if cell.datatype and not cell.language else more
    inner = f"<{cell.kind}{more}>{_xml_text(cell.value)}</{cell.kind}>"
    return f"<binding name={quoteattr(name)}>{inner}</binding>"


def _xml_text(text: str) -> str:
    # Each character is one that XML can hold, as it was read from XML.
    return escape(text, {"\r": "&#13;"})


def _xml_row(columns: Sequence[str], row: Row) -> str:
    cells = "".join(_xml_cell(name, cell) for name, cell in zip(columns, row, strict=True) if cell)
    return f"<result>{cells}</result>"


def _csv_row(_: Sequence[str], row: Row) -> str:
    return ",".join(_csv_cell(cell) for cell in row) + "\r\n"


def _csv_cell(cell: Cell | None) -> str:
    value = "" if cell is None else f"_:{cell.value}" if cell.kind == "bnode" else cell.value
    return '"' + value.replace('"', '""') + '"' if _TO_QUOTE.search(value) else value


_TSV_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _tsv_cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.kind != "literal":
        return f"<{cell.value}>" if cell.kind == "uri" else f"_:{cell.value}"
    tail = f"@{cell.language}" if cell.language else f"^^<{cell.datatype}>" if cell.datatype else ""
    return f'"{cell.value.translate(_TSV_ESCAPES)}"{tail}'


def _tsv_row(_: Sequence[str], row: Row) -> str:
    return "\t".join(map(_tsv_cell, row)) + "\n"


class _Writing(NamedTuple):
    """One format: what stands before the rows, a row, what stands between two, what ends; and a boolean."""

    head: Callable[[Sequence[str]], str]
    row: Callable[[Sequence[str], Row], str]
    between: str
    end: str
    truth: Callable[[str], str]


def _xml_head(columns: Sequence[str]) -> str:
    names = "".join(f"<variable name={quoteattr(one)}/>" for one in columns)
    return f'<?xml version="1.0"?><sparql xmlns="{RESULTS}"><head>{names}</head><results>'


_WRITERS: Final[dict[Format, _Writing]] = {
    JSON: _Writing(
        lambda columns: f'{{"head":{{"vars":{json.dumps(list(columns))}}},"results":{{"bindings":[',
        _json_row,
        ",",
        "]}}",
        lambda truth: f'{{"head":{{}},"boolean":{truth}}}',
    ),
    XML: _Writing(
        _xml_head,
        _xml_row,
        "",
        "</results></sparql>",
        lambda truth: f'<?xml version="1.0"?><sparql xmlns="{RESULTS}"><head/><boolean>{truth}</boolean></sparql>',
    ),
    CSV: _Writing(lambda columns: ",".join(columns) + "\r\n", _csv_row, "", "", str),
    TSV: _Writing(lambda columns: "\t".join(f"?{one}" for one in columns) + "\n", _tsv_row, "", "", str),
}


class TableWriter:
    """An answer in another format, piece by piece as it is read.

    Shape: `columns` are those that it must have, None where the query does not name them.
    """

    def __init__(self, chosen: Format, columns: Set[str] | None = None) -> None:
        self._reader = TableReader(columns)
        self._writing: Any = _WRITERS[chosen]
        self._columns: Sequence[str] | None = None
        self._has_rows = False

    def feed(self, data: bytes) -> bytes:
        """What these bytes add to the answer.

        Raises: Unreadable.
        """
        rows = self._reader.feed(data)
        pieces = []
        if self._columns is None and self._reader.columns is not None and self._reader.truth is None:
            self._columns = self._reader.columns
            pieces.append(self._writing.head(self._columns))
        for row in rows:
            pieces.append(self._writing.between if self._has_rows else "")
            pieces.append(self._writing.row(self._columns or (), row))
            self._has_rows = True
        return "".join(pieces).encode()

    def finish(self) -> bytes:
        """The end of the answer.

        Raises: Unreadable if what was read is not whole.
        """
        self._reader.finish()
        if self._reader.truth is not None:
            message = "a boolean instead of a table"
            raise Broken(message)
        end: str = self._writing.end
        return end.encode()


def truth_in(chosen: Format, *, truth: bool) -> bytes:
    """The answer to an ASK."""
    said: str = _WRITERS[chosen].truth("true" if truth else "false")
    return said.encode()


def is_true(body: bytes) -> bool:
    """What an ASK was answered, in SPARQL's JSON.

    Raises: Unreadable.
    """
    try:
        said = json.loads(body, object_pairs_hook=_once)
        # Virtuoso 7 answers some ASK with a table of one cell, or of none, instead of a boolean.
        truth = said["boolean"] if said.keys() <= _BOOLEAN else _ONE_CELL[_only_value(said)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        message = "no boolean"
        raise Unreadable(message) from exc
    if not isinstance(truth, bool):
        message = "no boolean"
        raise Unreadable(message)
    return truth


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object each of whose names stands there once.

    Raises: ValueError: readers differ on which of two holds.
    """
    if len(said := dict(pairs)) < len(pairs):
        message = "a name that stands there twice"
        raise ValueError(message)
    return said


_BOOLEAN: Final = {"head", "boolean"}
_TABLE: Final = {"head", "results"}
_ONE_CELL: Final = {"1": True, "0": False, "true": True, "false": False}


def _only_value(said: Any) -> str:
    if not said.keys() <= _TABLE:
        raise KeyError
    rows = said["results"]["bindings"]
    if rows == [] and len(said["head"]["vars"]) == 1:
        return "0"
    (row,) = rows
    (cell,) = row.values()
    return str(cell["value"])
