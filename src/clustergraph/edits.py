"""Edits of a text: what is written in the place of some of its characters. The rest stays as it is, byte for byte."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Edit(NamedTuple):
    """What is written from one character of a text up to another. Units: offsets in code points."""

    start: int
    end: int
    text: str


class Fix(NamedTuple):
    """One way to mend what a finding is about.

    Shape: `title` has a sentence by language; `is_safe` where nothing that was said is changed by it.
    """

    title: Mapping[str, str]
    edits: tuple[Edit, ...]
    is_safe: bool


class EditsOverlap(ValueError):
    """Two edits want the same characters."""


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text after some edits, in whatever order they are given; equal ones count once.

    Raises: EditsOverlap for two that share a character, or that put something different into the same place.

    >>> applied("a b c", [Edit(4, 5, "d"), Edit(1, 1, ";")])
    'a; b d'
    """
    parts, at, previous = [], 0, None
    for edit in sorted(set(edits)):
        if not 0 <= edit.start <= edit.end <= len(text) or edit.start < at or _is_there_too(previous, edit):
            raise EditsOverlap(edit)
        parts += [text[at : edit.start], edit.text]
        at, previous = edit.end, edit
    return "".join([*parts, text[at:]])


def _is_there_too(previous: Edit | None, edit: Edit) -> bool:
    return previous is not None and previous.start == edit.start


def together(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that can be made at once: of two that want the same characters, the first."""
    chosen: list[Fix] = []
    taken: set[Edit] = set()
    for fix in fixes:
        new = set(fix.edits) - taken
        if all(_are_apart(one, other) for one in new for other in taken):
            chosen.append(fix)
            taken |= new
    return chosen


def _are_apart(one: Edit, other: Edit) -> bool:
    return (one.end <= other.start or other.end <= one.start) and one.start != other.start
