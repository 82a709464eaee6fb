"""The tokens of a SPARQL query, read once from left to right. Knows nothing of limits, engines, RDF or HTTP.

pyoxigraph 0.5 reads characters in context, not words: `1SERVICE<x>{}` and `SERVICEex:x{}` are calls there, `<` after a
value compares even where SPARQL sees an IRI, and a string with an unknown escape is read again in another way. So a
text that can be read in two ways, of which one hides something, is refused: this must never be the kinder reader.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from clustergraph.errors import QueryError, QueryMalformed

# No pattern goes back: each ends in a star or an option, so it never fails after its beginning. Characters of other
# scripts all count as letters: where the engine disagrees it stops with a syntax error.
_LETTER = r"A-Za-z0-9_\x80-\U0010FFFF"
_CODE_POINT = r"\\u(?![Dd][89A-Fa-f])[0-9A-Fa-f]{4}|\\U(?!0000[Dd][89A-Fa-f])00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}"
_ESCAPE = rf"""\\[tbnrf"'\\]|{_CODE_POINT}"""
CHARACTERS: Final = re.compile(r"[^\x00\uD800-\uDFFF]*")
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
_OF_STATEMENTS: Final = frozenset({"{", "[", "{|"})
_IN_STATEMENTS: Final = frozenset({"a", "true", "false"})
_BEFORE_EXPRESSIONS: Final = re.compile("filter|bind|select", re.IGNORECASE)  # in a name: FILTERok:f(1)
_HIDING: Final = frozenset("'#()[]\\")  # what hides or shows something between a '<' and a '>'


class Token(NamedTuple):
    """One word or sign of a query, where it begins and how many brackets are open around it."""

    kind: str  # word, name, iri, variable, string, number, blank, language, sign, open, close
    start: int
    text: str
    depth: int


def refusal(kind: type[QueryError], query: str, position: int, what: str, remedy: str) -> QueryError:
    """What is wrong with a query, with the line and the column of a position."""
    line, column = query.count("\n", 0, position) + 1, position - query.rfind("\n", 0, position)
    return kind(f"line {line}, column {column}: {what}: {remedy}", line=line, column=column, hint=remedy)


def run(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Where what a pattern matches at a position ends; the position itself where it matches nothing."""
    return found.end() if (found := pattern.match(text, position)) else position


class Scanner:
    """The tokens of a query, without what stands between them and without the data of VALUES blocks.

    Raises: QueryMalformed where a string, an IRI or a bracket is not as it must be.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.stack = [""]  # the open brackets; that of the data of VALUES is '{values'
        # For each: whether nothing but terms stands in it, or behind its last dot, so that no expression can begin.
        self.only_terms = [False]
        self.after_operand, self.after_values, self.colonless_until = False, False, 0

    def __iter__(self) -> Iterator[Token]:
        text, position = self.text, 0
        while (position := run(_DATA if self.stack[-1] == "{values" else _GAP, text, position)) < len(text):
            in_data = self.stack[-1] == "{values"
            kind, end = _SCAN.get(text[position], Scanner._word)(self, position)
            if not in_data or kind in ("open", "close"):
                token = Token(kind, position, text[position:end], len(self.stack) - 1)
                self.after_operand = kind not in ("sign", "open")
                self._note(kind, token.text)
                if kind != "variable" and token.text not in ("(", ")"):
                    self.after_values = kind == "word" and token.text.lower() == "values"
                yield token
            position = end

    def _note(self, kind: str, text: str) -> None:
        if kind == "sign" and text == "." and self.stack[-1] == "{":
            self.only_terms[-1] = True
        elif (kind == "word" and text not in _IN_STATEMENTS) or (
            kind in ("name", "blank", "language") and _BEFORE_EXPRESSIONS.search(text)
        ):
            self.only_terms[-1] = False

    def _word(self, position: int) -> tuple[str, int]:
        if self.text.startswith("_:", position):
            return "blank", self._local(_PREFIX, position + 2)
        if position >= self.colonless_until:
            end = run(_PREFIX, self.text, position)
            if self.text.startswith(":", end) and self.text[position:end][-1:] != ".":
                return "name", self._local(_LOCAL, end + 1)
            self.colonless_until = end
        return "word", run(_WORD, self.text, position)

    def _local(self, pattern: re.Pattern[str], start: int) -> int:
        local = self.text[start : run(pattern, self.text, start)]
        kept = local.rstrip(".")  # the last dot ends the triple, unless it is escaped
        return start + len(kept) + (kept != local and kept.endswith("\\"))

    def _string(self, position: int) -> tuple[str, int]:
        quote = self.text[position] * (3 if self.text.startswith(self.text[position] * 3, position) else 1)
        end = run(_STRINGS[quote], self.text, position + len(quote))
        if self.text.startswith(quote, end):
            return "string", end + len(quote)
        wrong, what, remedy = position, "the string that begins here has no end", f"close it with {quote}"
        if self.text.startswith("\\", end):
            wrong, what, remedy = end, "this '\\' begins no escape that strings have", "write '\\\\' for a backslash"
        raise refusal(QueryMalformed, self.text, wrong, what, remedy)

    def _angle(self, position: int) -> tuple[str, int]:
        # In parentheses after a value `<` compares, or begins an IRI in a collection, as it does for certain where
        # nothing but terms stands before them. Else, which it is matters only if the readings hide different things;
        # with `://` it is an IRI, as no expression has two slashes.
        text, is_double = self.text, self.text.startswith("<<", position)
        may_compare = self.after_operand and self.stack[-1] == "(" and not self.only_terms[-1]
        end = run(_IRI, text, position + 1 + is_double)
        inner, is_closed = text[position + 1 + is_double : end], text.startswith(">", end)
        is_full = "://" in inner and _HIDING.isdisjoint(inner.partition("://")[0])
        if is_closed and not is_double and (is_full or not may_compare):
            return "iri", end + 1
        is_unclear = text.startswith("\\", end) or (is_closed and (is_double or not _HIDING.isdisjoint(inner)))
        if is_unclear if may_compare else not is_double:
            what = "this '<' may compare or begin an IRI" if may_compare else "the IRI that begins here has no end"
            remedy = "write IRIs in full and without spaces, and a space after a '<' that compares"
            raise refusal(QueryMalformed, text, position, what, remedy)
        if is_double:
            return self._open(position, "<<(" if text.startswith("<<(", position) else "<<")
        return "sign", position + 1

    def _sign(self, position: int) -> tuple[str, int]:
        pair = self.text[position : position + 2]
        if pair[0] == "." and "0" <= pair[1:] <= "9" and not self.after_operand:
            return "number", run(_NUMBER, self.text, position)  # `?o.5` in contrast ends a triple
        for sign in (self.text[position : position + 3], pair, pair[0]):
            if sign in _OPENING:
                return self._open(position, sign)
            if self.stack[-1].removesuffix("values") == _PARTNERS.get(sign):
                self.stack.pop()
                self.only_terms.pop()
                return "close", position + len(sign)
        if pair[0] in ")]}":
            raise refusal(QueryMalformed, self.text, position, f"'{pair[0]}' closes nothing", "open its partner first")
        return "sign", position + 1 + (pair in _SIGNS)

    def _open(self, position: int, bracket: str) -> tuple[str, int]:
        self.only_terms.append(bracket in _OF_STATEMENTS or (bracket == "(" and self.only_terms[-1]))
        self.stack.append("{values" if bracket == "{" and self.after_values else bracket)
        return "open", position + len(bracket)


def tokens_of(query: str) -> list[Token]:
    """The tokens of a query; none where it cannot be read, as the engine says best what is wrong with it."""
    try:
        return list(Scanner(query))
    except QueryError:
        return []


_SCAN: Final[dict[str, Callable[[Scanner, int], tuple[str, int]]]] = {
    **{chr(code): Scanner._sign for code in range(128) if not chr(code).isalpha()},
    **dict.fromkeys("?$", lambda scanner, position: ("variable", run(_WORD, scanner.text, position + 1))),
    **dict.fromkeys("0123456789", lambda scanner, position: ("number", run(_NUMBER, scanner.text, position))),
    **dict.fromkeys("'\"", Scanner._string),
    **dict.fromkeys(":_", Scanner._word),
    "@": lambda scanner, position: ("language", run(_LANGUAGE, scanner.text, position)),
    "<": Scanner._angle,
}
