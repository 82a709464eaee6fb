"""Says where a query follows a path of any length from one known thing, so that an engine follows it once.

pyoxigraph 0.5 joins such a path last and follows it anew for every row of the other patterns, to see whether the row's
thing is among those reached. In a sub-select the path is followed once and its things are joined: the same solutions, a
closure from a constant being a set, in a fifteenth of the time where clusters are joined with a chain of strategies.
A path whose far end is the constant is left as it is, as from each row's thing there may be much less to follow, and so
is one with a negated set, of which the engine counts other duplicates where it knows both ends.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Final

from clustergraph.scanner import Token, tokens_of

_WORTH_A_LOOK: Final = re.compile(r"[+*][)\s]*[/|?$]")  # without a closure before a variable there is nothing to do
_LEAVE: Final = re.compile("exists|graph|lateral|service", re.IGNORECASE)
"""Words inside whose braces a sub-select would see other bindings, or be evaluated once for each graph.

The engine reads them in other words too: NOTEXISTS, GRAPHex:g.
"""
_WORDS: Final = frozenset({"word", "name"})
_BEFORE: Final = frozenset({"{", "}", "."})
_AFTER: Final = frozenset({"}", "."})
_CONSTANTS: Final = frozenset({"iri", "name"})
_REPEATS: Final = frozenset({"+", "*"})
_NOTHING: Final = (Token("sign", 0, "", 0),) * 2
_OF_PATHS: Final = _REPEATS | frozenset("/|^()?")


def with_closures_once(query: str) -> str:
    """The query with each path of any length from a constant to a variable in a sub-select of its own.

    Shape: the same text where there is none, where the text cannot be read, and where blank nodes or one of the words
           EXISTS, GRAPH, LATERAL and SERVICE could make a sub-select mean something else.
    Source: SPARQL 1.1 Query Language, sections 9.3 (a closure has no duplicates) and 18.2.1 (scope of variables).

    >>> with_closures_once("SELECT * { <x:a> <x:p>+ ?b . ?b <x:q> ?c }")
    'SELECT * { { SELECT ?b { <x:a> <x:p>+ ?b } } . ?b <x:q> ?c }'
    """
    if not _WORTH_A_LOOK.search(query):
        return query
    tokens = tokens_of(query)
    if any(one.kind == "blank" or (one.kind in _WORDS and _LEAVE.search(one.text)) for one in tokens):
        return query
    parts, position = [], 0
    for subject, end in _closures(tokens):
        pattern = query[subject.start : end.start + len(end.text)]
        parts += [query[position : subject.start], "{ SELECT ", end.text, " { ", pattern, " } }"]
        position = end.start + len(end.text)
    return "".join([*parts, query[position:]])


def _closures(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    """The subject and the object of each triple pattern that is to be followed once."""
    for number, (before, subject) in enumerate(pairwise(tokens), start=2):
        if before.text in _BEFORE and subject.kind in _CONSTANTS:
            path = list(takewhile(_is_of_path, map(tokens.__getitem__, range(number, len(tokens)))))
            object_, after = (*tokens[number + len(path) : number + len(path) + 2], *_NOTHING)[:2]
            if object_.kind == "variable" and after.text in _AFTER and any(token.text in _REPEATS for token in path):
                yield subject, object_


def _is_of_path(token: Token) -> bool:
    return token.kind in _CONSTANTS or token.text in _OF_PATHS or (token.kind, token.text) == ("word", "a")
