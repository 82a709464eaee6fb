"""Where in a query a syntax error really is. Asks the engine's parser; evaluates nothing but an empty store.

The parser reports the furthest character that any alternative looked at, and a keyword that does not match counts as
looked at over its whole length, so the reported place lies up to a keyword's length too far. The word that is wrong is
the first one after the longest beginning of the query that the parser can still use.
"""

import re
from itertools import takewhile
from typing import Final, NamedTuple

import pyoxigraph as ox

from clustergraph.errors import QueryMalformed
from clustergraph.scanner import Scanner
from clustergraph.terms import BASE, PREFIXES

_REPORT: Final = re.compile(r"error at (\d+):(\d+): (?:expected (?:one of )?)?(.*)", re.DOTALL)
_WORD: Final = re.compile(
    r"""\#[^\r\n]* | <[^<>"{}|^`\\\s]*> | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*'
      | [?$@]?[\w:][\w:.\-]* | \s+ | .""",
    re.VERBOSE,
)
_PART: Final = re.compile(r'"(?:[^"\\]|\\.)+"|\[_\]|\[.*?\](?=,|$)|[^,"\[]+')
_LONGEST_KEYWORD: Final = len("ENCODE_FOR_URI")
_NAMED_AT_MOST: Final = 5

_DECLARATION: Final = re.compile(r"\bPREFIX\s+([\w.\-]*):", re.IGNORECASE)
_PREFIX_NAME: Final = re.compile(r"(?:[^\W\d_][\w.\-]*)?")


class _Fault(NamedTuple):
    """What is wrong, and what to do, where that is known."""

    what: str
    remedy: str = ""

    @property
    def said(self) -> str:
        """Both, as the detail of an error ends."""
        return f"{self.what}: {self.remedy}" if self.remedy else self.what


_UNGROUPED: Final = "The SELECT contains a variable that is unbound"
_UNGROUPED_EXPRESSION: Final = "The SELECT contains an expression with a variable that is unbound"
_GROUP_IT: Final = "add it to GROUP BY, or aggregate it"
_FAULTS: Final = {
    _UNGROUPED: _Fault("SELECT names a variable that is neither grouped nor aggregated", _GROUP_IT),
    _UNGROUPED_EXPRESSION: _Fault("SELECT computes with a variable that is neither grouped nor aggregated", _GROUP_IT),
    "IRI parsing failed": _Fault("this is not an IRI", "it needs a scheme such as https:, or a prefix, and no spaces"),
}
_REMEDIES: Final = (
    (re.compile("\ufeff"), "remove this byte order mark (U+FEFF), which some editors write in front of a text"),
    (
        re.compile(r"(?:COUNT|SUM|MIN|MAX|AVG|SAMPLE|GROUP_CONCAT)\s*\(", re.IGNORECASE),
        "SELECT takes what is computed in brackets and with a name, as in (COUNT(?y) AS ?n)",
    ),
)
"""What to do where a text begins so and cannot stand there."""

_AFTER_NAMES: Final = ("where", "from", "{")
_SEARCHED_CHARACTERS: Final = 20_000  # each step of the search reads the query once more


def malformed(error: SyntaxError, query: str) -> QueryMalformed:
    """The engine's syntax error as ours: the true place, the word that stands there, what could stand instead.

    Shape: `line` and `column` count from 1, in characters; the hint says what to do, where that is known.
    """
    report = _REPORT.fullmatch(str(error))
    if report is None:
        fault = _fault(str(error))
        return QueryMalformed(fault.said, hint=fault.remedy or None)
    place, fault = _undeclared(query)
    if place < 0:
        reported = _offset(query, int(report[1]), int(report[2]))
        place = _place(query, reported) if len(query) <= _SEARCHED_CHARACTERS else reported
        fault = _semantic(report[3]) or _Fault(_what(query, place), _remedy(query, place))
        if fault.remedy == _GROUP_IT and len(query) <= _SEARCHED_CHARACTERS:
            place, fault = _ungrouped(query) or (place, fault)
    line = query.count("\n", 0, place) + 1
    column = place - query.rfind("\n", 0, place)
    detail = f"line {line}, column {column}: {fault.said}"
    return QueryMalformed(detail, line=line, column=column, hint=fault.remedy or None)


def _undeclared(query: str) -> tuple[int, _Fault]:
    """The first prefixed name whose prefix is none of ours and is declared by no PREFIX line."""
    declared = {*_DECLARATION.findall(query), *PREFIXES}
    for word in _WORD.finditer(query):
        prefix, colon, _ = word.group().partition(":")
        if colon and _PREFIX_NAME.fullmatch(prefix) and prefix not in declared and prefix != "_":
            what = f"the prefix '{prefix[:40]}:' is not declared"
            return word.start(), _Fault(what, "add a PREFIX line, or write the IRI in full")
    return -1, _Fault("")


def _ungrouped(query: str) -> tuple[int, _Fault] | None:
    """The first thing that the outermost SELECT names and that it could not even name beside a count."""
    words = iter(Scanner(query))
    select = next((one for one in words if one.text.lower() == "select"), None)
    named = [one for one in takewhile(lambda one: one.text.lower() not in _AFTER_NAMES, words) if one.depth < 2]  # noqa: PLR2004
    items = [one for one in named if (one.depth, one.kind) == (0, "variable") or one.text == "("]
    if select is None or not items:
        return None
    ends = [*(one.start for one in items[1:]), named[-1].start + len(named[-1].text)]
    head, tail = query[: items[0].start], query[ends[-1] :]
    for item, end in zip(items, ends, strict=True):
        text = query[item.start : end].strip()
        if not _parses(f"{head}{text} (COUNT(*) AS ?any) {tail}"):
            return item.start, _Fault(f"SELECT names {text[:80]}, which is neither grouped nor aggregated", _GROUP_IT)
    return None


def _offset(query: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = query.find("\n", start) + 1
    return min(start + column - 1, len(query))


def _place(query: str, reported: int) -> int:
    """The start of the first word that the parser cannot use; the end of the text if it can use all of them."""
    words = [m for m in _WORD.finditer(query) if not m.group().isspace() and not m.group().startswith("#")]
    near = [word for word in words if word.end() > reported - 2 * _LONGEST_KEYWORD and word.start() <= reported]
    usable = 0
    for number, word in enumerate(near, start=1):
        if _is_usable(query[: word.end()]):
            usable = number
    if usable < len(near):
        return near[usable].start()
    return len(query.rstrip())


def _is_usable(beginning: str) -> bool:
    """Whether the parser got to the end of the text: something other than a keyword, or a query, could stand next."""
    return _expected(beginning) != [] or _parses(beginning) or _parses(beginning + " ASK {}")


def _expected(beginning: str) -> list[str]:
    """The punctuation and kinds of word that the parser would take after this beginning of a query."""
    report = _REPORT.fullmatch(_complaint(beginning))
    if report and _offset(beginning, int(report[1]), int(report[2])) >= len(beginning):
        return [one for one in _parts(report[3]) if one.startswith(('"', "[")) and one != "[_]"]
    return []


def _parses(text: str) -> bool:
    return not _complaint(text)


def _complaint(text: str) -> str:
    """What the parser says against a text; nothing where it has no fault."""
    try:
        ox.Store().query(text, base_iri=BASE, prefixes=PREFIXES)
    except SyntaxError as exc:
        return str(exc)
    except (RuntimeError, OSError):
        pass  # it was read, and cannot be evaluated: it calls a function that nobody knows, or a service
    return ""


def _parts(expected: str) -> list[str]:
    return [one.strip() for one in _PART.findall(expected.replace("\n", " ")) if one.strip()]


def _what(query: str, place: int) -> str:
    found = _WORD.match(query, place)
    options = [one for one in _expected(query[:place].rstrip()) if one.startswith('"')]
    wanted = f"expected {' or '.join(options)}" if 0 < len(options) <= _NAMED_AT_MOST else ""
    if found is None or found.group().isspace():
        return f"{wanted or 'something more is needed'} before the end of the query"
    shown = found.group()[:40]
    return f"{wanted}, found '{shown}'" if wanted else f"'{shown}' cannot stand here"


def _remedy(query: str, place: int) -> str:
    return next((remedy for pattern, remedy in _REMEDIES if pattern.match(query, place)), "")


def _semantic(expected: str) -> _Fault | None:
    """What the parser says where the grammar is kept and the meaning is not, as one of our sentences."""
    for part in _parts(expected):
        if " " in part and not part.startswith(("[", '"')):
            return _fault(part)
    return None


def _fault(said: str) -> _Fault:
    return _FAULTS.get(said, _Fault(said[:200]))
