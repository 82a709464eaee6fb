"""N-Triples and N-Quads into triples with the place of each word: one statement to a line.

Source: RDF 1.1 N-Triples; RDF 1.1 N-Quads.
"""

import re
from typing import Final, NamedTuple

from clustergraph.reading.parsed import UNEXPECTED, Fault, Parsed, Term
from clustergraph.reading.terms import NotATerm, Words
from clustergraph.reading.tokens import BLANK, IRI, LANGUAGE, LINE_STRING
from clustergraph.reading.words import FAULT_LIMIT, WORD

_GAP: Final = r"[ \t]*+"
_NODE: Final = rf"{IRI}|{BLANK}"
_VALUE: Final = rf"{_NODE}|(?:{LINE_STRING})(?:{LANGUAGE}|\^\^{IRI})?+"
_END: Final = r"(?:#[^\r\n]*+)?(?:[\r\n]++|\Z)"
_LINE: Final = re.compile(rf"{_GAP}(?:({_NODE}){_GAP}({IRI}){_GAP}({_VALUE}){_GAP}({_NODE})?+{_GAP}\.{_GAP})?+{_END}")


class _Part(NamedTuple):
    """One part of a statement, and how it is called."""

    wanted: str
    pattern: re.Pattern[str]


_SUBJECT: Final = _Part("a subject: an IRI in <...>, or a blank node", re.compile(_GAP + f"(?:{_NODE})"))
_PROPERTY: Final = _Part("a property: an IRI in <...>", re.compile(_GAP + IRI))
_OBJECT: Final = _Part(
    'a value: an IRI in <...>, a blank node, or a string in "..."', re.compile(_GAP + f"(?:{_VALUE})")
)
_LAST: Final = _Part("the end of the line", re.compile(_GAP + _END))
_PARTS: Final = tuple(
    (_SUBJECT, _PROPERTY, _OBJECT, _Part("'.'", re.compile(rf"{_GAP}{graph}{_GAP}\.")), _LAST)
    for graph in ("", rf"(?:{_NODE})?+")
)
"""The parts of a triple, and of a quad."""

_REST: Final = re.compile(r"[^\r\n]*+[\r\n]*+")


def read_lines(text: str, *, has_graphs: bool) -> Parsed:
    """The triples of a text of lines, and all that cannot be read. A line that cannot be read is passed over."""
    parsed = Parsed(text)
    words = Words("", parsed.prefixes)
    at, graph = 1 if text.startswith("\ufeff") else 0, ""
    while at < len(text) and len(parsed.faults) < FAULT_LIMIT:
        match = _LINE.match(text, at)
        if match is None or (match[4] and not has_graphs):
            parsed.faults.append(_fault(text, at, has_graphs=has_graphs))
            at = _REST.match(text, at).end()  # type: ignore[union-attr]  # matches anything
            continue
        at = match.end()
        if match[1]:
            subject, predicate, value = (_term(parsed, words, match, number) for number in (1, 2, 3))
            if match[4] != graph and has_graphs:
                graph = match[4] or ""
                parsed.graphs.append((len(parsed.triples), str(_term(parsed, words, match, 4)) if graph else ""))
            parsed.triples.append((str(subject), str(predicate), value))
            parsed.places.extend((match.start(1), match.start(2), match.start(3), match.end(3)))
    return parsed


def _term(parsed: Parsed, words: Words, match: re.Match[str], number: int) -> Term:
    try:
        return words.term(match[number])
    except NotATerm as exc:
        parsed.faults.append(Fault(exc.code, *match.span(number), (exc.value,)))
        return words.pretend(match[number])


def _fault(text: str, at: int, *, has_graphs: bool) -> Fault:
    """What is wrong with a line that is no statement: the first part that is not there."""
    for part in _PARTS[has_graphs]:
        match = part.pattern.match(text, at)
        if match is None:
            break
        at = match.end()
    word = WORD.match(text, at)
    assert word is not None  # noqa: S101  # every character is part of some word
    kind = word.lastgroup or ""
    return Fault(UNEXPECTED, *word.span(kind), (part.wanted, word[kind]))
