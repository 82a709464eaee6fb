"""What a reader makes of a text: terms, triples, and where each word of them stands."""

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from clustergraph.reading.tokens import BLANK, IRI, NAME

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
FIRST, REST, NIL, TYPE = (f"{RDF}{name}" for name in ("first", "rest", "nil", "type"))
LANG_STRING: Final = f"{RDF}langString"
XSD_STRING: Final = f"{XSD}string"

_WORD: Final = re.compile(rf"{NAME}|{IRI}|{BLANK}|.", re.DOTALL)
_CONFLICT: Final = tuple(re.compile(rf"^{sign}{{7}}(?=[ \r\n]|\Z)", re.MULTILINE) for sign in "<=>")
_LINE_END: Final = re.compile(r"\r\n|[\r\n]")


class Literal(NamedTuple):
    """A literal as it was written: no digit, no capital of it is changed.

    Shape: `datatype` is an IRI; `language` is empty where there is none.
    """

    lexical: str
    datatype: str = XSD_STRING
    language: str = ""


Term: TypeAlias = str | Literal
"""An IRI as a plain string, a blank node as a string that begins with '_:', or a literal."""


class Triple(NamedTuple):
    """One statement; `graph` is empty for the default graph."""

    subject: str
    predicate: str
    object: Term


class Place(NamedTuple):
    """From one character of a text up to another, which is the first that does not belong to it.

    Units: lines and columns count from 1, columns in code points.
    """

    line: int
    column: int
    end_line: int
    end_column: int


SUBJECT, PREDICATE, OBJECT = range(3)
"""The parts of a triple."""

UNEXPECTED: Final = "T001"
UNDECLARED: Final = "T004"
MISSING: Final = "T005"
OPEN_STRING: Final = "T006"
NO_CHARACTER: Final = "T007"
BAD_IRI: Final = "T008"
TOO_DEEP: Final = "T009"
RDF_1_2: Final = "T010"
NO_IRI: Final = "T011"
RELATIVE: Final = "T012"
NO_LANGUAGE: Final = "T013"
OTHER_SYNTAX: Final = "T014"
UNMERGED: Final = "T015"
NO_HEADER: Final = "T021"  # this one and what follows: of tables
CELLS: Final = "T022"
MAPPED_TWICE: Final = "T023"
NO_MATCH: Final = "T024"
NOT_OURS: Final = "T025"
NO_DATE: Final = "T026"
NO_CONFIDENCE: Final = "T027"
NO_NAME: Final = "T028"


class Fault(NamedTuple):
    """What cannot be read, from one character to another.

    Shape: `code` is a key of faults.SENTENCES; `values` fill its sentences; `also` is another place to look at.
    """

    code: str
    start: int
    end: int
    values: tuple[str, ...] = ()
    also: int | None = None


class Declaration(NamedTuple):
    """What a prefix is declared to stand for, and where its IRI stands, in angle brackets."""

    prefix: str
    namespace: str
    start: int
    end: int


@dataclass
class Parsed:
    """Triples with their places, and what was wrong.

    Shape:  `places` has four offsets in characters for each triple: where its subject, its predicate and its object
            begin, and where the object ends. `graphs` says from which triple on which graph they belong to,
            the empty one being the default graph. `prefixes` are those in force at the end, `declarations` all of
            Turtle and TriG.
    """

    text: str
    triples: list[tuple[str, str, Term]] = field(default_factory=list)
    places: "array[int]" = field(default_factory=lambda: array("I"))
    graphs: list[tuple[int, str]] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column of a character, both from 1, in code points."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The character at a line and a column; the other way round than `place`."""
        return self._lines[line - 1] + column - 1

    def between(self, start: int, end: int) -> Place:
        """The place from one offset to another."""
        return Place(*self.place(start), *self.place(end))

    def span(self, number: int, part: int) -> tuple[int, int]:
        """Where a part of a triple begins and ends, as offsets; of a bracket or a list as a subject, its first sign."""
        start = self.places[4 * number + part]
        if part == OBJECT:
            return start, self.places[4 * number + OBJECT + 1]
        word = _WORD.match(self.text, start)
        return start, word.end() if word else start

    def place_of(self, number: int, part: int) -> Place:
        """The place of a part of a triple."""
        return self.between(*self.span(number, part))


def but_merged(parsed: Parsed) -> Parsed:
    """What was read. Of a text with faults and the marks that git leaves of a conflict, these are the only fault."""
    begin, middle, end = _CONFLICT  # one after another, each from where the last was found: in linear time
    mark = begin.search(parsed.text) if parsed.faults else None
    halfway = middle.search(parsed.text, mark.end()) if mark else None
    if mark and halfway and end.search(parsed.text, halfway.end()):
        parsed.faults[:] = [Fault(UNMERGED, *mark.span())]
    return parsed
