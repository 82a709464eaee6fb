"""Turtle text into terms. The one place where contributed text meets a parser; knows nothing of files or folders."""

import re
from collections.abc import Iterator
from typing import Final

import pyoxigraph as ox

NESTING_LIMIT: Final = 100  # brackets of any kind
_PLACE: Final = re.compile(r"Parser error (?:at|between) line .*?(?<=\d): ")
_WORD: Final = re.compile(
    # No pattern goes back, and a string without an end goes on to the end of the text: one pass, whatever stands there.
    r'''<[^<>"{}|^`\x00-\x20]*+> | \#[^\r\n]*+ | \\.
      | (?: """(?:[^"\\]++|\\.|"(?!""))*+(?:"""|\Z) | \'\'\'(?:[^'\\]++|\\.|'(?!\'\'))*+(?:\'\'\'|\Z)
          | "(?:[^"\\]++|\\.)*+(?:"|\Z) | '(?:[^'\\]++|\\.)*+(?:'|\Z) )
        (?: @(?P<tag>[A-Za-z]+(?:-[A-Za-z0-9]+)*) (?P<direction>--)? )?
      | (?P<star><<|\{\|) | (?P<open>[(\[]) | (?P<close>[)\]]|>>|\|\})''',
    re.VERBOSE | re.DOTALL,
)


def parse(text: str) -> list[ox.Triple]:
    """The triples of a Turtle 1.1 text, literals in the form they were written in.

    Raises: SyntaxError with `lineno` and `offset`, both from 1, and a message that says what was expected.

    >>> [str(triple.object) for triple in parse('<x:s> <x:p> 01 .')]
    ['"01"^^<http://www.w3.org/2001/XMLSchema#integer>']
    """
    _refuse_nesting(text)
    try:
        triples = [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]
    except SyntaxError as exc:
        said = _PLACE.sub("", exc.msg, count=1).rstrip(".")
        raise SyntaxError(said, (None, exc.lineno, exc.offset, None)) from exc
    if all(_is_term_of_rdf_1_1(triple.object) for triple in triples):
        return triples
    message = "statements about statements and directions of text are of RDF 1.2, which we do not publish"
    place = next((m.start() for m in _WORD.finditer(text) if m["star"] or m["direction"]), 0)
    raise SyntaxError(message, (None, _line(text, place), place - text.rfind("\n", 0, place), None))


def tags_in_capitals(text: str) -> Iterator[tuple[int, str]]:
    """Each language tag of a Turtle text that is not all in lower case, as the parser makes it, with its line.

    >>> list(tags_in_capitals('<x:s> <x:p> "a"@en , "b"@it-IT . # "c"@DE'))
    [(1, 'it-IT')]
    """
    line, counted = 1, 0
    for word in _WORD.finditer(text):
        if word["tag"] and not word["tag"].islower():
            line, counted = line + text.count("\n", counted, word.start("tag")), word.start("tag")
            yield line, word["tag"]


def _refuse_nesting(text: str) -> None:
    """Nothing, unless brackets stand so deep in one another that the parser would run out of stack or of time."""
    depth = 0
    for word in _WORD.finditer(text):
        depth = max(depth + bool(word["open"] or word["star"]) - bool(word["close"]), 0)
        if depth > NESTING_LIMIT:
            place = word.start()
            message = f"more than {NESTING_LIMIT} brackets stand inside one another"
            raise SyntaxError(message, (None, _line(text, place), place - text.rfind("\n", 0, place), None))


def _is_term_of_rdf_1_1(term: object) -> bool:
    return not isinstance(term, ox.Triple) and getattr(term, "direction", None) is None


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
