"""Quick looks at the text of a query, for the many that are short and plain. Knows nothing of HTTP.

Both are one-sided. A proof that fails says nothing: the guard, which reads every token and takes several times as long,
is asked then. A text that might be read in two ways is its own normal form.
"""

import re
from typing import Final

from clustergraph.guard import Form
from clustergraph.runner import Limits

_IRI: Final = r"""<[A-Za-z][A-Za-z0-9+.\-]*://[^<>"{}|^`\\\x00-\x20]*>"""
# Possessive: a gap that could be divided in many ways would be, and a few dozen spaces would take years.
_GAP: Final = r"(?:[ \t\r\n]|#[^\r\n]*[\r\n])"
_PREFIX: Final = r"(?:[A-Za-z](?:[\w.\-]*[\w\-])?)?:"
_BEGINNING: Final = re.compile(
    rf"{_GAP}*+(?:(?:PREFIX{_GAP}++{_PREFIX}|BASE){_GAP}*+{_IRI}{_GAP}*+)*+(SELECT|ASK|CONSTRUCT|DESCRIBE)\b",
    re.IGNORECASE | re.ASCII,
)
# What the guard must look at itself: calls of other services, data blocks, escapes, long strings, other brackets.
_SUSPECT: Final = re.compile(r"service|values|<<|\{\||\|\}|\\|\"\"|''|[\x00\ud800-\udfff]", re.IGNORECASE)
# Space is what SPARQL calls so: to the guard a no-break space is a letter, a form feed a sign.
_TOKEN: Final = re.compile(rf"""{_IRI}|"[^"\r\n]*"|'[^'\r\n]*'|\#[^\r\n]*|[0-9]+|[^\W0-9]\w*|[^\w \t\r\n]""")
_UNTOUCHED: Final = re.compile(rf"""({_IRI}|"[^"\r\n]*"|'[^'\r\n]*')""")
# A quote behind a '<' may belong to an IRI, or begin a string.
_UNCLEAR: Final = re.compile(r"<[^<> \t\r\n]*[\"']|\"\"\"|'''|[\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\U0010ffff]")
_OPEN_ENDED: Final = re.compile("[\"'#]")
_SPACE: Final = " \t\r\n"
_UNREAD: Final = frozenset("<\"'")  # as a token of their own: an IRI or a string that the pattern did not match
_BRACKETS: Final = frozenset("()[]{};")
_PARTNERS: Final = {")": "(", "]": "[", "}": "{"}
_UNARY: Final = frozenset("!+-")


def plain_form(query: str, limits: Limits) -> Form | None:
    """The form of a query that the guard admits for certain; None where only the guard can tell.

    Source: the limits as `guard.admit` counts them, each replaced by an upper bound that is cheaper to count.

    >>> plain_form("ASK { ?s ?p ?o }", Limits())
    'ASK'
    >>> plain_form("ASK { SERVICE <https://example.org/> {} }", Limits())
    """
    beginning = _BEGINNING.match(query)
    if beginning is None or 4 * len(query) > limits.query_limit_bytes or _SUSPECT.search(query):
        return None
    tokens = _TOKEN.findall(query)
    if not _UNREAD.isdisjoint(tokens) or not _within_limits(tokens, limits):
        return None
    form: Form = beginning[1].upper()  # type: ignore[assignment]  # the pattern has these four
    return form


def _within_limits(tokens: list[str], limits: Limits) -> bool:
    # A token of the guard is one or several of these, so there are never fewer of them. A term adds two patterns at
    # most, which it does in a collection.
    is_short = 2 * len(tokens) <= min(limits.pattern_limit, limits.token_limit)
    return (
        (is_short or (len(tokens) <= limits.token_limit and _patterns_at_most(tokens) <= limits.pattern_limit))
        and sum(map(_UNARY.__contains__, tokens)) <= limits.unary_limit
        and _is_balanced([one for one in tokens if one in _BRACKETS], limits.nesting_limit)
    )


def _patterns_at_most(tokens: list[str]) -> int:
    """Outside parentheses, two tokens make one pattern at most, but for those that repeat one or divide a path."""
    depth = inside = outside = 0
    for one in tokens:
        depth += (one == "(") - (one == ")")
        if depth:
            inside += 1
        else:
            outside += 1 + 2 * (one in ",/")
    return 2 * inside + outside // 2 + 1


def _is_balanced(brackets: list[str], nesting_limit: int) -> bool:
    """Whether each bracket has its partner, and no ';', which may begin an update, stands outside all of them."""
    stack: list[str] = []
    for one in brackets:
        if one == ";":
            if not stack:
                return False
        elif one not in _PARTNERS:
            stack.append(one)
            if len(stack) > nesting_limit:
                return False
        elif not stack or stack.pop() != _PARTNERS[one]:
            return False
    return not stack


def normalised(query: str) -> str:
    r"""The query with single spaces between its tokens: two texts with one normal form mean the same.

    Shape: a query with comments, escapes, long strings or characters beyond ASCII loses only the space around it.

    >>> normalised("ASK {\n  ?s ?p 'a  b' }")
    "ASK { ?s ?p 'a  b' }"
    """
    query = query.strip(_SPACE)
    if _UNCLEAR.search(query):
        return query
    parts = _UNTOUCHED.split(query)
    between = parts[::2]
    if any(map(_OPEN_ENDED.search, between)):
        return query
    parts[::2] = map(_single_spaced, between)
    return "".join(parts)


def _single_spaced(text: str) -> str:
    """The text with each run of space as one, those at its ends included."""
    words = " ".join(text.split())
    if not words:
        return text[:1] and " "
    return f"{' ' if text[0] in _SPACE else ''}{words}{' ' if text[-1] in _SPACE else ''}"
