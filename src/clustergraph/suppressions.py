"""Comments that suppress findings: `# clustergraph: ignore C010 -- reason`.

At the end of a line it is about that line; alone on a line, about the next line that is not one of comments. Nothing is
suppressed without a reason, and nothing on which reading, naming or publishing rests.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from clustergraph.findings import WARNING, Finding, Suppressed
from clustergraph.reading.parsed import Place
from clustergraph.reading.tokens import IRI, LANGUAGE, NAME, STRING
from clustergraph.repository import Document, Repository
from clustergraph.rules import RULES
from clustergraph.shacl.sentences import CODES, CUSTOM

UNUSED: Final = "H090"
UNFIT: Final = "H091"
TITLES: Final = {
    UNUSED: "A comment that suppresses a finding suppresses one.",
    UNFIT: "A comment that suppresses a finding gives a code that may be suppressed, and a reason.",
}
"""What is asked of such comments, by code."""
NEVER: Final = frozenset(f"H00{number}" for number in range(1, 8))
"""House rules on which names, files and what is published rest; like what is said of text and shapes, they stay."""

TOLD_LIMIT: Final = 200  # of what is wrong with comments, about one file

_SUPPRESSIBLE: Final = frozenset((*RULES, *CODES.values(), CUSTOM)) - NEVER
_SHOWN: Final = 40  # characters of what stands in the place of a code
_MARK: Final = "clustergraph:"
_PIECE: Final = re.compile(rf"(?P<comment>\#[^\r\n]*)|{STRING}|{IRI}|{NAME}|{LANGUAGE}|[^#\"'<:@\w]+|.", re.DOTALL)
_COMMENT: Final = re.compile(
    r"#\s*clustergraph:\s*(?:ignore\b(?P<codes>.*?)(?:\s--(?P<reason>.*))?|\w+\s+[A-Za-z]\d{3}\b.*)", re.DOTALL
)
"""A misspelt `ignore` before a code is one too, and unfit: nobody would see that it does nothing."""
_LINE_END: Final = re.compile(r"\r\n|[\r\n]")
_SEPARATOR: Final = re.compile(r"[\s,]+")


@dataclass(frozen=True)
class _Comment:
    """One comment: what it suppresses, and on which line."""

    path: str
    at: Place
    line: int
    codes: tuple[str, ...]
    reason: str

    @property
    def suppressing(self) -> Iterator["_Spot"]:
        """What it suppresses, code by code."""
        return ((self.path, self.line, code) for code in self.codes if self.reason and may_be_suppressed(code))


_Spot: TypeAlias = tuple[str, int, str]
"""Path, line and code of findings."""


class Suppressions:
    """The comments of a repository's Turtle files, and what they suppressed."""

    def __init__(self, repository: Repository) -> None:
        self.suppressed: list[Suppressed] = []
        self._comments = {str(one.path): [*_comments(one)] for one in repository.documents if one.path.suffix == ".ttl"}
        # A file may be all comments, or all findings: each is looked up in the others, never compared with them.
        self._covering: dict[_Spot, _Comment] = {}
        for one in (one for of in self._comments.values() for one in of):
            for spot in one.suppressing:
                self._covering.setdefault(spot, one)
        self._used: set[_Spot] = set()

    def kept(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that no comment suppresses; the others are remembered."""
        return [one for one in findings if not self._suppresses(one)]

    def _suppresses(self, finding: Finding) -> bool:
        spot = (finding.path, finding.at.line if finding.at else 0, finding.code)
        covering = self._covering.get(spot)
        if covering is not None:
            self._used.add(spot)
            self.suppressed.append(Suppressed(finding, covering.reason, covering.at))
        return covering is not None

    def findings(self, *, is_unused: bool, unseen: Iterable[str] = ()) -> Iterator[Finding]:
        """What is wrong with the comments: of each file the first, and how much more there is.

        Shape: `is_unused` has those reported that suppress nothing, which can be known only of files that everything
               was said of; `unseen` are the paths of the others.
        """
        passed_over = frozenset(unseen)
        for path, comments in self._comments.items():
            found = self._wrong(comments, is_unused=is_unused and path not in passed_over)
            yield from islice(found, TOLD_LIMIT)
            for one in islice(found, 1):
                yield _rest(one, 1 + sum(1 for _ in found))

    def _wrong(self, comments: Iterable[_Comment], *, is_unused: bool) -> Iterator[Finding]:
        for one in comments:
            yield from _unfit(one)
            spots = one.suppressing if is_unused else ()
            for _, _, code in (spot for spot in spots if spot not in self._used or self._covering[spot] is not one):
                english = f"there is no {code} here to be suppressed: remove it from the comment"
                italian = f"qui non c'è alcun {code} da sopprimere: toglierlo dal commento"
                yield _finding(one, UNUSED, english, italian)


def may_be_suppressed(code: str) -> bool:
    """Whether a finding of a code can be suppressed by a comment."""
    return code in _SUPPRESSIBLE


def _unfit(comment: _Comment) -> Iterator[Finding]:
    if not comment.codes or not comment.reason:
        yield _finding(
            comment,
            UNFIT,
            "this suppresses nothing: write '# clustergraph: ignore CODE -- reason'",
            "questo non sopprime nulla: scrivere '# clustergraph: ignore CODICE -- motivo'",
        )
    for code in comment.codes:
        if not may_be_suppressed(code):
            shown = code if len(code) <= _SHOWN else f"{code[: _SHOWN - 1]}…"
            english = f"'{shown}' is no code that may be suppressed: see docs/rules.md"
            italian = f"«{shown}» non è un codice che si possa sopprimere: vedi docs/rules.md"
            yield _finding(comment, UNFIT, english, italian)


def _finding(comment: _Comment, code: str, english: str, italian: str) -> Finding:
    return Finding(comment.path, code, WARNING, {"en": english, "it": italian}, comment.at)


def _rest(first: Finding, count: int) -> Finding:
    message = {
        "en": f"findings about comments of this file that are not shown: {count}; correct these, to see them",
        "it": f"rilievi sui commenti di questo file che non si mostrano: {count}; corretti questi, si vedranno",
    }
    return Finding(first.path, first.code, first.severity, message)


def _comments(document: Document) -> Iterator[_Comment]:
    """The comments of a file that want to suppress something."""
    parsed = document.parsed
    if _MARK not in parsed.text:
        return
    meant = _lines_meant(parsed.text)
    for match in _PIECE.finditer(parsed.text):
        if match["comment"] and (found := _COMMENT.fullmatch(match["comment"].rstrip())):
            codes = tuple(dict.fromkeys(code for code in _SEPARATOR.split(found["codes"] or "") if code))
            reason = (found["reason"] or "").strip()
            line, column = parsed.place(match.start())
            is_alone = not parsed.text[match.start() - column + 1 : match.start()].strip()
            at = parsed.between(*match.span())
            yield _Comment(str(document.path), at, meant[line] if is_alone else line, codes, reason)


def _lines_meant(text: str) -> list[int]:
    """The line that a comment is about which stands alone on a line, by the number of that."""
    lines = _LINE_END.split(text)
    meant = [*range(len(lines) + 1)]
    following = 0
    for number in range(len(lines), 0, -1):
        meant[number] = following or number
        if not lines[number - 1].lstrip().startswith("#"):
            following = number
    return meant
