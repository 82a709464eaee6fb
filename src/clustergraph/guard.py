"""What a query may ask, decided from its text in one pass. Knows nothing of engines, RDF or HTTP."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Final, Literal, get_args

from clustergraph.errors import QueryMalformed, QueryRefused, QueryTooLarge
from clustergraph.runner import Limits
from clustergraph.scanner import CHARACTERS, Scanner, Token, refusal, run

Form = Literal["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]
PROLOGUE: Final = frozenset({"base", "prefix", "version"})
_UPDATES: Final = frozenset({"add", "clear", "copy", "create", "delete", "drop", "insert", "load", "move", "with"})
_CLAUSES: Final = frozenset({"bind", "filter", "graph", "lateral", "minus", "optional", "union", "values"})

_SERVICE: Final = re.compile(r"(?:(?<![a-z_\-\x80-\U0010FFFF])|(?<=true)|(?<=false))service")


@dataclass(slots=True)
class _Frame:
    """One open bracket: `place` is 0 before a subject, 1 before a predicate; `skips` terms belong to no statement."""

    kind: Literal["statements", "collection", "other"]
    place: int = 0
    skips: float = 0


def _on_term(frames: list[_Frame], term: str) -> int:
    frame, word = frames[-1], term.lower()
    if word == "select":
        frame.kind = "other"
    elif word in _CLAUSES:
        frame.skips = inf
    if frame.kind == "other" or frame.skips:
        frame.skips -= 1
        return 0
    if frame.kind == "collection":
        return 2
    before, frame.place = frame.place, frame.place + 1
    return int(before == 1)


def _on_open(frames: list[_Frame], bracket: str) -> int:
    parent = frames[-1]
    is_list = bracket == "(" and parent.kind != "other" and not parent.skips and parent.place != 1
    added = 0 if bracket == "{" else _on_term(frames, bracket)
    other = _Frame("collection" if is_list else "other")
    frames.append(_Frame("statements", bracket != "{") if bracket in ("{", "[", "{|") else other)
    return added + (bracket == "<<")


def _on_close(frames: list[_Frame], bracket: str) -> int:
    frames.pop()
    if bracket == "}" or frames[-1].skips == inf:
        frames[-1].place = frames[-1].skips = 0
    return 0


def _on_sign(frames: list[_Frame], sign: str) -> int:
    frame = frames[-1]
    if sign in ("/", "|", "^", "!", "^^"):
        frame.skips = frame.skips or 1
        return int(sign == "/" and frame.kind == "statements")
    if sign in (".", ";"):
        frame.place, frame.skips = ".;".index(sign), 0
    return int(sign == "," and frame.kind == "statements")


_PATTERNS: Final = {"open": _on_open, "close": _on_close, "sign": _on_sign, "language": _on_sign}
"""How many triple patterns a token adds, as the engine makes them: a step of a path is one, a list item two."""


def _within_limits(query: str, limits: Limits) -> Iterator[Token]:
    frames, patterns, unary = [_Frame("other")], 0, 0
    bounds = (
        (limits.token_limit, "words and signs outside VALUES", "put long lists into VALUES, or ask several queries"),
        (limits.nesting_limit, "brackets inside one another", "nest less, or ask several queries"),
        (limits.pattern_limit, "triple patterns", "ask several smaller queries"),
        (limits.unary_limit, "signs '!', '+' or '-' in a row", "write one of them"),
    )
    for count, token in enumerate(Scanner(query), start=1):
        patterns += _PATTERNS.get(token.kind, _on_term)(frames, token.text)
        # `true--1:b` is a name, but where the engine knows no such prefix it reads the hyphens as signs.
        unary = unary + 1 if token.text in ("!", "+", "-") else token.text.count("-") * (token.kind == "name")
        for number, (limit, what, remedy) in zip((count, token.depth, patterns, unary), bounds, strict=True):
            if number > limit:
                raise refusal(QueryTooLarge, query, token.start, f"more than {limit:,} {what}", remedy)
        yield token


def _without_updates(tokens: Iterable[Token], query: str) -> Iterator[Token]:
    begins = True
    for token in tokens:
        word = token.text.lower() if token.kind == "word" else ""
        if begins and word in _UPDATES:
            what = f"{word.upper()} begins an update, and this endpoint is read only"
            raise refusal(QueryRefused, query, token.start, what, "ask with SELECT, ASK, CONSTRUCT or DESCRIBE")
        begins = (begins and word in ("", *PROLOGUE)) or (token.text == ";" and token.depth == 0)
        yield token


def _may_call(name: str) -> bool:
    """Whether a name can be read as several words of which one is SERVICE.

    The engine never ends a word between two letters: only `true`, `false`, a number, a colon or a dot stands before the
    keyword then, and behind it the end, SILENT or another name.
    """
    last_colon = name.rfind(":")
    return any(
        found.end() <= last_colon or name.startswith("silent", found.end()) or found.end() == len(name)
        for found in _SERVICE.finditer(name)
    )


def _without_service(tokens: Iterable[Token], query: str) -> Iterator[Token]:
    suspect, may_follow, previous = "", False, ""
    for token in tokens:
        word = token.text.lower() if token.kind in ("word", "name") else ""
        if token.kind == "word" and "service" in word:
            what = "SERVICE is not answered, as this endpoint answers from its own data only"
            raise refusal(QueryRefused, query, token.start + word.index("service"), what, "remove the SERVICE block")
        if suspect and token.text == "{":
            what = f"'{suspect[:80]}' before this '{{' can be read as the keyword SERVICE"
            raise refusal(QueryRefused, query, token.start, what, "write a '.' before the '{'")
        # Where `ex:SERVICE` as a whole is no IRI the engine reads `ex:` and SERVICE; a '{' then makes it a call.
        if "service" in word and token.depth and previous != "graph" and _may_call(word):
            suspect, may_follow = token.text, True
        elif may_follow and token.kind in ("name", "iri", "variable"):
            may_follow = False
        elif word != "silent":
            suspect = ""
        previous = word
        yield token


def admit(query: str, limits: Limits) -> list[Token]:
    """The tokens of a query that may be given to an engine; its grammar is the engine's to judge.

    Raises: QueryTooLarge over a limit, naming it; QueryRefused for SERVICE and updates; QueryMalformed for a character
            of no text, a string or an IRI without an end, a bracket without a partner. Each says where, but for bytes.
    Source: SPARQL 1.1 Query Language, section 19.8, and SPARQL 1.2 (draft), as pyoxigraph 0.5 reads them.

    >>> len(admit("ASK { ?service a <https://example.org/SERVICE> }", Limits()))
    6
    """
    hint, size = "ask several smaller queries", len(query.encode(errors="surrogatepass"))
    if size > limits.query_limit_bytes:
        detail = f"the query has {size:,} bytes, the limit is {limits.query_limit_bytes:,}: {hint}"
        raise QueryTooLarge(detail, hint=hint)
    if (position := run(CHARACTERS, query, 0)) < len(query):
        raise refusal(QueryMalformed, query, position, f"U+{ord(query[position]):04X} is no character", "send UTF-8")
    return list(_without_service(_without_updates(_within_limits(query, limits), query), query))


def query_form(query: str | Iterable[Token]) -> Form | None:
    """Which of the four forms a query has, by its first keyword after the prologue; None if it is none of them.

    >>> query_form("PREFIX ask: <https://example.org/> CONSTRUCT WHERE { ?s ask:p ?o }")
    'CONSTRUCT'
    """
    previous = ""
    with suppress(QueryMalformed):
        for token in Scanner(query) if isinstance(query, str) else query:  # two words: SELECTDISTINCT, DESCRIBE:x
            form = next((one for one in get_args(Form) if token.text.upper().startswith(one)), None)
            is_name = token.kind == "name" and (form is None or previous == "prefix")
            previous = token.text.lower()
            if not (is_name or token.kind in ("iri", "string") or previous in PROLOGUE):
                return form
    return None
