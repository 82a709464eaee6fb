"""What a query may ask, decided from its text in one pass. Knows nothing of engines, RDF or HTTP.

pyoxigraph 0.5 reads characters in context, not words: `1SERVICE<x>{}` and `SERVICEex:x{}` are calls there, `<` after a
value compares even where SPARQL sees an IRI, and a string with an unknown escape is read again in another way. So a
text that can be read in two ways, of which one hides something, is refused: the guard must never be the kinder reader.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Final, Literal, NamedTuple, get_args

from clustergraph.errors import QueryError, QueryMalformed, QueryRefused, QueryTooLarge
from clustergraph.runner import Limits

Form = Literal["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]
PROLOGUE: Final = frozenset({"base", "prefix", "version"})
_UPDATES: Final = frozenset({"add", "clear", "copy", "create", "delete", "drop", "insert", "load", "move", "with"})
_CLAUSES: Final = frozenset({"bind", "filter", "graph", "lateral", "minus", "optional", "union", "values"})

# No pattern goes back: each ends in a star or an option, so it never fails after its beginning. Characters of other
# scripts all count as letters: where the engine disagrees it stops with a syntax error.
_LETTER = r"A-Za-z0-9_\x80-\U0010FFFF"
_CODE_POINT = r"\\u(?![Dd][89A-Fa-f])[0-9A-Fa-f]{4}|\\U(?!0000[Dd][89A-Fa-f])00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}"
_ESCAPE = rf"""\\[tbnrf"'\\]|{_CODE_POINT}"""
_CHARACTERS: Final = re.compile(r"[^\x00\uD800-\uDFFF]*")
_GAP: Final = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
_DATA: Final = re.compile(r"""(?:[^"'<{}#\\]+|\\.|#[^\r\n]*)*""", re.DOTALL)
_WORD: Final = re.compile(f"[{_LETTER}]*")
_PREFIX: Final = re.compile(rf"[{_LETTER}.\-]*")
_LOCAL: Final = re.compile(rf"(?![.\-])(?:[{_LETTER}:.\-]+|%[0-9A-Fa-f]{{2}}|\\[_~.\-!$&'()*+,;=/?#@%])*")
_IRI: Final = re.compile(rf"""(?:[^<>"{{}}|^`\\\x00-\x20]+|{_CODE_POINT})*""")
_LANGUAGE: Final = re.compile(r"@[A-Za-z]*(?:-[A-Za-z0-9]+)*(?:--[A-Za-z]+)?")
_NUMBER: Final = re.compile(r"[0-9]*(?:\.[0-9]+|\.(?=[eE][+\-]?[0-9]))?(?:[eE][+\-]?[0-9]+)?")
_STRINGS: Final = {
    '"': re.compile(rf'(?:[^"\\\r\n]+|{_ESCAPE})*'),
    "'": re.compile(rf"(?:[^'\\\r\n]+|{_ESCAPE})*"),
    '"""': re.compile(rf'(?:[^"\\]+|"(?!"")|{_ESCAPE})*'),
    "'''": re.compile(rf"(?:[^'\\]+|'(?!'')|{_ESCAPE})*"),
}
_SIGNS: Final = frozenset({"&&", "||", "^^", "!="})
_OPENING: Final = frozenset({"(", "[", "{", "{|"})
_PARTNERS: Final = {")": "(", "]": "[", "}": "{", "|}": "{|", ">>": "<<", ")>>": "<<("}
_HIDING: Final = frozenset("'#()[]\\")  # what hides or shows something between a '<' and a '>'


class _Token(NamedTuple):
    kind: str  # word, name, iri, variable, string, number, blank, language, sign, open, close
    start: int
    text: str
    depth: int


def _error(kind: type[QueryError], query: str, position: int, what: str, remedy: str) -> QueryError:
    line, column = query.count("\n", 0, position) + 1, position - query.rfind("\n", 0, position)
    return kind(f"line {line}, column {column}: {what}: {remedy}", line=line, column=column, hint=remedy)


def _run(pattern: re.Pattern[str], text: str, position: int) -> int:
    return found.end() if (found := pattern.match(text, position)) else position


class Scanner:
    """The tokens of a query, without what stands between them and without the data of VALUES blocks.

    Raises: QueryMalformed where a string, an IRI or a bracket is not as it must be.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.stack = [""]  # the open brackets; that of the data of VALUES is '{values'
        self.after_operand, self.after_values, self.colonless_until = False, False, 0

    def __iter__(self) -> Iterator[_Token]:
        text, position = self.text, 0
        while (position := _run(_DATA if self.stack[-1] == "{values" else _GAP, text, position)) < len(text):
            in_data = self.stack[-1] == "{values"
            kind, end = _SCAN.get(text[position], Scanner._word)(self, position)
            if not in_data or kind in ("open", "close"):
                token = _Token(kind, position, text[position:end], len(self.stack) - 1)
                self.after_operand = kind not in ("sign", "open")
                if kind != "variable" and token.text not in ("(", ")"):
                    self.after_values = kind == "word" and token.text.lower() == "values"
                yield token
            position = end

    def _word(self, position: int) -> tuple[str, int]:
        if self.text.startswith("_:", position):
            return "blank", self._local(_PREFIX, position + 2)
        if position >= self.colonless_until:
            end = _run(_PREFIX, self.text, position)
            if self.text.startswith(":", end) and self.text[position:end][-1:] != ".":
                return "name", self._local(_LOCAL, end + 1)
            self.colonless_until = end
        return "word", _run(_WORD, self.text, position)

    def _local(self, pattern: re.Pattern[str], start: int) -> int:
        local = self.text[start : _run(pattern, self.text, start)]
        kept = local.rstrip(".")  # the last dot ends the triple, unless it is escaped
        return start + len(kept) + (kept != local and kept.endswith("\\"))

    def _string(self, position: int) -> tuple[str, int]:
        quote = self.text[position] * (3 if self.text.startswith(self.text[position] * 3, position) else 1)
        end = _run(_STRINGS[quote], self.text, position + len(quote))
        if self.text.startswith(quote, end):
            return "string", end + len(quote)
        wrong, what, remedy = position, "the string that begins here has no end", f"close it with {quote}"
        if self.text.startswith("\\", end):
            wrong, what, remedy = end, "this '\\' begins no escape that strings have", "write '\\\\' for a backslash"
        raise _error(QueryMalformed, self.text, wrong, what, remedy)

    def _angle(self, position: int) -> tuple[str, int]:
        # In parentheses after a value `<` compares, or begins an IRI in a collection. Which it is matters only if the
        # readings hide different things; with `://` it is an IRI, as no expression has two slashes.
        text, is_double = self.text, self.text.startswith("<<", position)
        may_compare = self.after_operand and self.stack[-1] == "("
        end = _run(_IRI, text, position + 1 + is_double)
        inner, is_closed = text[position + 1 + is_double : end], text.startswith(">", end)
        is_full = "://" in inner and _HIDING.isdisjoint(inner.partition("://")[0])
        if is_closed and not is_double and (is_full or not may_compare):
            return "iri", end + 1
        is_unclear = text.startswith("\\", end) or (is_closed and (is_double or not _HIDING.isdisjoint(inner)))
        if is_unclear if may_compare else not is_double:
            what = "this '<' may compare or begin an IRI" if may_compare else "the IRI that begins here has no end"
            remedy = "write IRIs in full and without spaces, and a space after a '<' that compares"
            raise _error(QueryMalformed, text, position, what, remedy)
        if is_double:
            return self._open(position, "<<(" if text.startswith("<<(", position) else "<<")
        return "sign", position + 1

    def _sign(self, position: int) -> tuple[str, int]:
        pair = self.text[position : position + 2]
        if pair[0] == "." and "0" <= pair[1:] <= "9" and not self.after_operand:
            return "number", _run(_NUMBER, self.text, position)  # `?o.5` in contrast ends a triple
        for sign in (self.text[position : position + 3], pair, pair[0]):
            if sign in _OPENING:
                return self._open(position, sign)
            if self.stack[-1].removesuffix("values") == _PARTNERS.get(sign):
                self.stack.pop()
                return "close", position + len(sign)
        if pair[0] in ")]}":
            raise _error(QueryMalformed, self.text, position, f"'{pair[0]}' closes nothing", "open its partner first")
        return "sign", position + 1 + (pair in _SIGNS)

    def _open(self, position: int, bracket: str) -> tuple[str, int]:
        self.stack.append("{values" if bracket == "{" and self.after_values else bracket)
        return "open", position + len(bracket)


_SCAN: Final[dict[str, Callable[[Scanner, int], tuple[str, int]]]] = {
    **{chr(code): Scanner._sign for code in range(128) if not chr(code).isalpha()},
    **dict.fromkeys("?$", lambda scanner, position: ("variable", _run(_WORD, scanner.text, position + 1))),
    **dict.fromkeys("0123456789", lambda scanner, position: ("number", _run(_NUMBER, scanner.text, position))),
    **dict.fromkeys("'\"", Scanner._string),
    **dict.fromkeys(":_", Scanner._word),
    "@": lambda scanner, position: ("language", _run(_LANGUAGE, scanner.text, position)),
    "<": Scanner._angle,
}


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


def _within_limits(query: str, limits: Limits) -> Iterator[_Token]:
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
                raise _error(QueryTooLarge, query, token.start, f"more than {limit:,} {what}", remedy)
        yield token


def _without_updates(tokens: Iterable[_Token], query: str) -> Iterator[_Token]:
    begins = True
    for token in tokens:
        word = token.text.lower() if token.kind == "word" else ""
        if begins and word in _UPDATES:
            what = f"{word.upper()} begins an update, and this endpoint is read only"
            raise _error(QueryRefused, query, token.start, what, "ask with SELECT, ASK, CONSTRUCT or DESCRIBE")
        begins = (begins and word in ("", *PROLOGUE)) or (token.text == ";" and token.depth == 0)
        yield token


def _without_service(tokens: Iterable[_Token], query: str) -> Iterator[_Token]:
    suspect, may_follow, previous = "", False, ""
    for token in tokens:
        word = token.text.lower() if token.kind in ("word", "name") else ""
        if token.kind == "word" and "service" in word:
            what = "SERVICE is not answered, as this endpoint answers from its own data only"
            raise _error(QueryRefused, query, token.start + word.index("service"), what, "remove the SERVICE block")
        if suspect and token.text == "{":
            what = f"'{suspect[:80]}' before this '{{' can be read as the keyword SERVICE"
            raise _error(QueryRefused, query, token.start, what, "write a '.' before the '{'")
        # Where `ex:SERVICE` as a whole is no IRI the engine reads `ex:` and SERVICE; a '{' then makes it a call.
        if "service" in word and token.depth and previous != "graph":
            suspect, may_follow = token.text, True
        elif may_follow and token.kind in ("name", "iri", "variable"):
            may_follow = False
        elif word != "silent":
            suspect = ""
        previous = word
        yield token


def admit(query: str, limits: Limits) -> list[_Token]:
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
    if (position := _run(_CHARACTERS, query, 0)) < len(query):
        raise _error(QueryMalformed, query, position, f"U+{ord(query[position]):04X} is no character", "send UTF-8")
    return list(_without_service(_without_updates(_within_limits(query, limits), query), query))


def query_form(query: str | Iterable[_Token]) -> Form | None:
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
