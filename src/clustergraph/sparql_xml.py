"""SPARQL results as they arrive from another engine, in XML: rows out of bytes.

Engines disagree on CSV and TSV: Virtuoso 7 leaves out what is an IRI and what a literal. XML they agree on, and its end
tag tells a whole answer from half of one. Holds one row at a time, and no more of anything than an answer needs.
"""

import re
from collections.abc import Callable, Mapping, Set
from typing import Final
from xml.parsers import expat

from clustergraph.sparql_cells import Broken, Cell, Row, Unreadable, cell_of

RESULTS: Final = "http://www.w3.org/2005/sparql-results#"
CELL_LIMIT: Final = 16 << 20  # characters of one value
ROW_LIMIT: Final = 32 << 20  # characters of all values of one row
TAG_LIMIT_BYTES: Final = 1 << 19  # of one tag or comment: the parser holds it until it ends
COLUMN_LIMIT: Final = 1_000
DEPTH_LIMIT: Final = 16  # elements in elements; results have five
NAME_LIMIT: Final = 100  # different names of elements, attributes and namespaces: the parser remembers each
_KINDS: Final = ("uri", "bnode", "literal")
_ENCODINGS: Final = ("", "UTF-8", "US-ASCII", "ISO-8859-1", "UTF-16")
"""Those that the parser knows itself: for any other it asks Python, whose codecs may raise whatever they like."""

_NAME: Final = re.compile(r"[\w\u00b7]+")
_PARENTS: Final = {
    "sparql": "",
    "head": "sparql",
    "variable": "head",
    "boolean": "sparql",
    "results": "sparql",
    "result": "results",
    "binding": "result",
    **dict.fromkeys(_KINDS, "binding"),
}
"""In which element each of those that we read stands; any other is passed over where it says nothing of the rows."""

_VALUED: Final = frozenset({*_KINDS, "boolean"})
_CLOSED: Final = frozenset({*_VALUED, "results", "result", "binding"})
"""In the first only text may stand; in the second no element that we do not know, as it could be part of a row."""


def _local(name: str) -> str:
    """The name of an element of results; that of any other with its namespace, which is no name that we read."""
    namespace, _, local = name.rpartition(" ")
    return local if namespace == RESULTS else f"{namespace} {local}"


class TableReader:
    """Rows out of bytes.

    Shape: `columns` is None until the head is complete; `truth` is set where the answer is a boolean. `expected` are
           the columns that it must have, in whatever order; None where any will do.
    """

    def __init__(self, expected: Set[str] | None = None) -> None:
        self._expected = expected
        self.columns: list[str] | None = None
        self.truth: bool | None = None
        self.is_complete = False
        self._names: list[str] = []
        self._places: dict[str, int] = {}
        self._open: list[str] = []  # the elements that have begun and not ended
        self._rows: list[Row] = []
        self._unbound: list[Cell | None] = []
        self._row: list[Cell | None] = []
        self._place = -1
        self._cell: Cell | None = None
        self._attributes: dict[str, str] = {}
        self._text: list[str] = []
        self._size = 0
        self._row_size = 0
        self._fed = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartNamespaceDeclHandler = self._count_names
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.XmlDeclHandler = self._look_at_encoding

    def feed(self, data: bytes) -> list[Row]:
        """The rows that these bytes complete.

        Raises: Unreadable; Broken.
        """
        self._fed += len(data)
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as exc:
            raise Unreadable(str(exc)) from exc
        if self._fed - self._parser.CurrentByteIndex - len(data) > TAG_LIMIT_BYTES:
            message = "a tag without an end"
            raise Broken(message)
        rows, self._rows = self._rows, []
        return rows

    def finish(self) -> None:
        """Nothing, if what was read is whole.

        Raises: Unreadable.
        """
        if not self.is_complete:
            message = "it ends in the middle"
            raise Unreadable(message)
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as exc:
            raise Unreadable(str(exc)) from exc

    def _refuse(self, *_: object) -> None:
        message = "a document type, which may define entities without end"
        raise Unreadable(message)

    def _look_at_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding or "").upper() not in _ENCODINGS:
            message = "a character encoding that is not UTF-8"
            raise Broken(message)

    def _count_names(self, *_: object) -> None:
        if len(self._parser.intern) > NAME_LIMIT:
            message = f"more than {NAME_LIMIT} names of elements, attributes and namespaces"
            raise Broken(message)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        parent = self._open[-1] if self._open else ""
        if len(self._open) == DEPTH_LIMIT:
            message = f"elements deeper than {DEPTH_LIMIT} in each other"
            raise Broken(message)
        self._count_names()
        if not parent and local != "sparql":
            message = "no <sparql> of the namespace of results around it"
            raise Broken(message)
        self._look_at_place(local, parent)
        self._open.append(local)
        self._text, self._size = [], 0
        if begin := _BEGINS.get(local):
            begin(self, attributes)

    def _look_at_place(self, local: str, parent: str) -> None:
        if local == "triple":
            message = "a triple as a value"
        elif parent in _VALUED:
            message = "an element inside a value"
        elif _PARENTS.get(local, parent) != parent:
            message = f"<{local}> where it cannot stand"
        elif parent in _CLOSED and local not in _PARENTS:
            message = f"an unknown element inside <{parent}>"
        else:
            return
        raise Broken(message)

    def _end(self, name: str) -> None:
        self._open.pop()
        if end := _ENDS.get(_local(name)):
            end(self, "".join(self._text))
        self._text = []

    def _characters(self, text: str) -> None:
        inside = self._open[-1]
        if inside not in _VALUED:
            if inside in _PARENTS and text.strip(" \t\r\n"):
                message = f"text inside <{inside}>"
                raise Broken(message)
            return
        self._size += len(text)
        if self._size > CELL_LIMIT:
            message = "a value without an end"
            raise Broken(message)
        self._text.append(text)

    def _begin_variable(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")
        if self.columns is not None:
            message = "a column behind the head"
            raise Broken(message)
        if not _NAME.fullmatch(name) or name in self._places:
            message = "two columns of one name" if name in self._places else "the name of a column that is none"
            raise Broken(message)
        if len(self._names) == COLUMN_LIMIT:
            message = f"more than {COLUMN_LIMIT:,} columns"
            raise Broken(message)
        self._places[name] = len(self._names)
        self._names.append(name)

    def _begin_boolean(self, _: dict[str, str]) -> None:
        self._take_head()

    def _begin_results(self, _: dict[str, str]) -> None:
        self._take_head()
        if self._expected is not None and self._places.keys() != self._expected:
            message = "other columns than the query names"
            raise Broken(message)

    def _take_head(self) -> None:
        if self.columns is not None:
            message = "a second table"
            raise Broken(message)
        self.columns = self._names
        self._unbound = [None] * len(self._names)

    def _begin_result(self, _: dict[str, str]) -> None:
        self._row, self._row_size = self._unbound, 0  # one list for all rows without values: they may be many

    def _begin_binding(self, attributes: dict[str, str]) -> None:
        self._cell = None
        self._place = self._places.get(attributes.get("name", ""), -1)
        if self._place < 0 or self._row[self._place] is not None:
            what = "two bindings of one name in a row" if self._place >= 0 else "a binding of no column of the head"
            raise Broken(what)

    def _begin_value(self, attributes: dict[str, str]) -> None:
        if self._cell is not None:
            message = "two values in one binding"
            raise Broken(message)
        self._attributes = attributes

    def _end_value(self, kind: str, text: str) -> None:
        self._row_size += len(text)
        if self._row_size > ROW_LIMIT:
            message = "a row without an end"
            raise Broken(message)
        self._cell = cell_of(kind, text, self._attributes)

    def _end_binding(self, _: str) -> None:
        if self._cell is None:
            message = "a binding without a value"
            raise Broken(message)
        if self._row is self._unbound:
            self._row = [*self._unbound]
        self._row[self._place] = self._cell

    def _end_result(self, _: str) -> None:
        self._rows.append(self._row)

    def _end_boolean(self, text: str) -> None:
        self.truth = _TRUTHS.get(text.strip(" \t\r\n"))
        if self.truth is None:
            message = "a boolean that is neither true nor false"
            raise Broken(message)

    def _end_document(self, _: str) -> None:
        self.is_complete = self.columns is not None


_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_BEGINS: Final[Mapping[str, Callable[[TableReader, dict[str, str]], None]]] = {
    "variable": TableReader._begin_variable,
    "boolean": TableReader._begin_boolean,
    "results": TableReader._begin_results,
    "result": TableReader._begin_result,
    "binding": TableReader._begin_binding,
    **dict.fromkeys(_KINDS, TableReader._begin_value),
}
_ENDS: Final[Mapping[str, Callable[[TableReader, str], None]]] = {
    "result": TableReader._end_result,
    "binding": TableReader._end_binding,
    "boolean": TableReader._end_boolean,
    "sparql": TableReader._end_document,
    "uri": lambda reader, text: reader._end_value("uri", text),
    "bnode": lambda reader, text: reader._end_value("bnode", text),
    "literal": lambda reader, text: reader._end_value("literal", text),
}
"""What is done where an element begins, and where it ends with what text."""
