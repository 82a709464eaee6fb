"""A line of a file with a mark under some of its words, as wide as a terminal shows them."""

import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from clustergraph.findings import printable
from clustergraph.reading.parsed import Place

WIDTH: Final = 100  # columns of a terminal that a line may take
_BEFORE: Final = 30  # of them, before the mark of a line that is cut
_TAB: Final = 4
_CUT: Final = "…"
_HANGUL_INNER: Final = range(0x1160, 0x1200)  # vowels and final consonants stand in the block of the first


class Frame(NamedTuple):
    """Shape: `text` is safe to print; `marks` is as long as the mark goes: blanks, then carets."""

    text: str
    marks: str


class _Cell(NamedTuple):
    text: str
    width: int


def width(text: str) -> int:
    """How many columns a terminal takes for a text without control characters.

    Source: Unicode Standard Annex 11.

    >>> width("é"), width("e\u0301"), width("字")
    (1, 1, 2)
    """
    return sum(map(_width, text))


def _width(one: str) -> int:
    if unicodedata.category(one) in ("Mn", "Me") or ord(one) in _HANGUL_INNER:
        return 0
    return 2 if unicodedata.east_asian_width(one) in "FW" else 1


def frame(line: str, at: Place) -> Frame:
    """A line with carets under a place; of a place that goes on in later lines, under what stands in this one."""
    begin, end = at.column - 1, at.end_column - 1 if at.end_line == at.line else len(line)
    first = max(0, begin - WIDTH)  # what stands farther off cannot be shown, and lines can be very long
    last = begin + WIDTH
    cells = list(_cells(line[first:last]))
    begin, end = min(begin - first, len(cells)), min(end - first, len(cells))
    start, stop = _window(cells, begin)
    shown = cells[start:stop]
    left = _CUT if first or start else ""
    right = _CUT if stop < len(cells) or last < len(line) else ""
    before = len(left) + sum(one.width for one in cells[start:begin])
    marked = sum(one.width for one in cells[begin : min(end, stop)])
    text = left + "".join(one.text for one in shown) + right
    return Frame(text.rstrip(), " " * before + "^" * max(marked, 1))


def _cells(text: str) -> Iterator[_Cell]:
    """What is shown for each character: tabs as blanks, what commands a terminal escaped."""
    column = 0
    for number, one in enumerate(text):
        before = text[max(0, number - 2) : number]
        shown = " " * (_TAB - column % _TAB) if one == "\t" else printable(before + one)[len(printable(before)) :]
        cell = _Cell(shown, width(shown))
        column += cell.width
        yield cell


def _window(cells: list[_Cell], begin: int) -> tuple[int, int]:
    """From which to which cell a line is shown: all of it if it fits."""
    if sum(one.width for one in cells) <= WIDTH:
        return 0, len(cells)
    start, room = begin, _BEFORE
    while start and (room := room - cells[start - 1].width) >= 0:
        start -= 1
    stop, room = start, WIDTH
    while stop < len(cells) and (room := room - cells[stop].width) >= 0:
        stop += 1
    return start, stop
