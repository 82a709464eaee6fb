"""RDF text into triples with their places: Turtle, TriG, N-Triples, N-Quads. Knows no files, no shapes, no engine."""

import re
from collections.abc import Callable
from typing import Final

from clustergraph.reading.lines import read_lines
from clustergraph.reading.parsed import OTHER_SYNTAX, Fault, Parsed, but_merged
from clustergraph.reading.pause import uncollected
from clustergraph.reading.trig import TrigReader
from clustergraph.reading.turtle import TurtleReader

_OTHERS: Final = (
    (re.compile(r"\ufeff?\s*(?:<\?xml\s|<rdf:RDF\s)"), "RDF/XML"),
    (re.compile(r"\ufeff?\s*(?:\{\s*[\"}]|\[\s*\{)"), "JSON"),
    (re.compile(r"\ufeff?\s*<(?:!DOCTYPE\s|html[\s>])", re.IGNORECASE), "HTML"),
)
"""How texts begin that are no Turtle, whatever follows."""

SYNTAXES: Final[dict[str, Callable[[str, str], Parsed]]] = {
    "turtle": lambda text, base: _other(text) or but_merged(TurtleReader(text, base).read()),
    "trig": lambda text, base: TrigReader(text, base).read(),
    "ntriples": lambda text, _: read_lines(text, has_graphs=False),
    "nquads": lambda text, _: read_lines(text, has_graphs=True),
}
"""Readers by the names of formats.py."""


def _other(text: str) -> Parsed | None:
    """What there is to say of a text in another syntax; None if it may be Turtle."""
    for beginning, name in _OTHERS:
        if match := beginning.match(text):
            start = len(match[0]) - len(match[0].lstrip("\ufeff \t\r\n"))
            return Parsed(text, faults=[Fault(OTHER_SYNTAX, start, match.end(), (name,))])
    return None


def read(text: str, syntax: str = "turtle", base: str = "") -> Parsed:
    """The triples of a text with the place of each word, and everything in it that cannot be read.

    Shape: `syntax` is a key of SYNTAXES; relative IRIs are resolved against `base`, and are faults without one.

    >>> read("<x:s> <x:p> 01 .").triples
    [('x:s', 'x:p', Literal(lexical='01', datatype='http://www.w3.org/2001/XMLSchema#integer', language=''))]
    """
    with uncollected():
        return SYNTAXES[syntax](text, base)
