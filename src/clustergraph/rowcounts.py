"""Has the rows that `COUNT(DISTINCT *)` counts be those that a reader sees.

pyoxigraph 0.5 counts the blank nodes of a pattern too, and what joins the steps of a path, as if they were variables:
`{ ?a a [] }` has more rows then than it has bindings of ?a. A sub-select gives nothing but variables.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from clustergraph.scanner import Token, tokens_of

_WORTH_A_LOOK: Final = re.compile(r"distinct\s*+[*#]", re.IGNORECASE)  # a comment may stand before the star
_COUNTED: Final = ["(", "distinct", "*"]
# To the engine, and to nobody else, words need no space between them: ORDER BYCOUNT(DISTINCT *).
_SELECTS: Final = frozenset({"select", "selectdistinct", "selectreduced"})


def with_rows_counted(query: str) -> str:
    """The query with the pattern of each SELECT that counts distinct rows in a sub-select.

    Shape: the same text where none does so, and where the text cannot be read.
    Source: SPARQL 1.1 Query Language, sections 18.5.1.2 (Count) and 18.2.4.1.

    >>> with_rows_counted("SELECT (COUNT(DISTINCT *) AS ?n) { ?a a [] }")
    'SELECT (COUNT(DISTINCT *) AS ?n) { SELECT * { ?a a [] } }'
    """
    if not _WORTH_A_LOOK.search(query):
        return query
    tokens = tokens_of(query)
    words = [token.text.lower() for token in tokens]
    edits: dict[int, str] = {}
    for number in range(len(tokens) - 3):
        is_counted = words[number].endswith("count") and words[number + 1 : number + 4] == _COUNTED
        if is_counted and (group := _group(tokens, words, number)):
            edits |= {group[0].start: "{ SELECT * ", group[1].start + 1: " }"}
    for place in sorted(edits, reverse=True):
        query = query[:place] + edits[place] + query[place:]
    return query


def _group(tokens: Sequence[Token], words: Sequence[str], counting: int) -> tuple[Token, Token] | None:
    """The braces of the pattern over which an aggregate counts."""
    for select in range(counting, -1, -1):
        if words[select] in _SELECTS:
            scope = list(_scope(tokens, select))
            depth = tokens[select].depth
            opening = next((one for one in scope if one.text == "{" and one.depth == depth + 1), None)
            closing = next((one for one in scope if opening and one.text == "}" and one.depth == depth), None)
            if tokens[counting] in scope:
                return (opening, closing) if opening and closing else None
    return None


def _scope(tokens: Sequence[Token], select: int) -> Iterator[Token]:
    """From a SELECT to the end of what it is in."""
    for token in tokens[select:]:
        if token.depth < tokens[select].depth:
            return
        yield token
