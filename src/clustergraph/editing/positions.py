"""Places of a text as editors count them: lines and characters from 0, characters in the units of an encoding.

Source: Language Server Protocol 3.17, "Position" and "Text Documents".
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from clustergraph.reading.parsed import Place

_LINE_END: Final = re.compile(r"\r\n|[\r\n]")

UNITS: Final[dict[str, Callable[[str], int]]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text) + sum(one > "\uffff" for one in text),
    "utf-32": len,
}
"""How long a text is, by the name of an encoding of positions."""


class Position(NamedTuple):
    """A place between two characters, as an editor counts."""

    line: int
    character: int


class Span(NamedTuple):
    """From one position up to another."""

    start: Position
    end: Position


class Lines:
    """A text cut into lines, to go from offsets to positions and back. Whatever is out of range is brought into it."""

    def __init__(self, text: str, encoding: str) -> None:
        self._text = text
        self._units = UNITS[encoding]
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def line(self, number: int) -> str:
        """A line without its end."""
        if not 0 <= number < len(self._starts):
            return ""
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._text)
        return self._text[self._starts[number] : end].rstrip("\r\n")

    def offset(self, position: Position) -> int:
        """The offset in characters of a position; of one within a character, where that character begins."""
        number = min(max(position.line, 0), len(self._starts) - 1)
        line, wanted = self.line(number), max(position.character, 0)
        if line.isascii():
            return self._starts[number] + min(wanted, len(line))
        passed = 0
        for count, one in enumerate(line):
            passed += self._units(one)
            if passed > wanted:
                return self._starts[number] + count
        return self._starts[number] + len(line)

    def position(self, offset: int) -> Position:
        """The position of an offset in characters."""
        number = bisect_right(self._starts, offset) - 1
        return Position(number, self._units(self._text[self._starts[number] : offset]))

    def span(self, at: Place | None) -> Span:
        """The span of a place; of none, the beginning of the text."""
        if at is None:
            return Span(Position(0, 0), Position(0, 0))
        return Span(self._of(at.line, at.column), self._of(at.end_line, at.end_column))

    def _of(self, line: int, column: int) -> Position:
        return Position(line - 1, self._units(self.line(line - 1)[: column - 1]))


@lru_cache(maxsize=128)
def lines_of(text: str, encoding: str) -> Lines:
    """The lines of a text, kept for the next who asks.

    >>> lines_of("a 🦉 b", "utf-16").offset(Position(0, 5))
    4
    """
    return Lines(text, encoding)
