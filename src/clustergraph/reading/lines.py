"""N-Triples and N-Quads into triples with the place of each word: one statement to a line.

Source: RDF 1.1 N-Triples; RDF 1.1 N-Quads.
"""

import re
from typing import Final

from clustergraph.reading.parsed import Fault, Parsed, Term
from clustergraph.reading.terms import NotATerm, Words
from clustergraph.reading.tokens import BLANK, IRI, LANGUAGE, LINE_STRING
from clustergraph.reading.turtle import FAULT_LIMIT, WORD

_GAP: Final = r"[ \t]*+"
_NODE: Final = rf"{IRI}|{BLANK}"
_VALUE: Final = rf"{_NODE}|(?:{LINE_STRING})(?:{LANGUAGE}|\^\^{IRI})?+"
_END: Final = r"(?:#[^\r\n]*+)?(?:[\r\n]++|\Z)"
_LINE: Final = re.compile(rf"{_GAP}(?:({_NODE}){_GAP}({IRI}){_GAP}({_VALUE}){_GAP}({_NODE})?+{_GAP}\.{_GAP})?+{_END}")
_PARTS: Final = (
    ("a subject: an IRI in <...>, or a blank node", re.compile(_GAP + f"(?:{_NODE})")),
    ("a property: an IRI in <...>", re.compile(_GAP + IRI)),
    ('a value: an IRI in <...>, a blank node, or a string in "..."', re.compile(_GAP + f"(?:{_VALUE})")),
    ("'.'", re.compile(rf"{_GAP}(?:{_NODE})?+{_GAP}\.")),
    ("the end of the line", re.compile(_GAP + _END)),
)
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
    for number, (wanted, part) in enumerate(_PARTS):
        match = part.match(text, at)
        if match is None or (number == len(_PARTS) - 2 and not has_graphs and not match[0].strip(" \t") == "."):
            break
        at = match.end()
    word = WORD.match(text, at)
    assert word is not None and word.lastgroup is not None, "every character is part of some word"
    return Fault("T001", *word.span(word.lastgroup), (wanted, word[word.lastgroup]))
