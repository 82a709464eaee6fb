"""Comments that suppress findings: `# clustergraph: ignore C010 -- reason`.

At the end of a line it is about that line; alone on a line, about the next line that is not one of comments. Nothing is
suppressed without a reason, and nothing on which reading, naming or publishing rests.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from clustergraph.findings import WARNING, Finding, Suppressed
from clustergraph.reading.parsed import Parsed, Place
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

_MARK: Final = "clustergraph:"
_PIECE: Final = re.compile(rf"(?P<comment>\#[^\r\n]*)|{STRING}|{IRI}|{NAME}|{LANGUAGE}|[^#\"'<:@\w]+|.", re.DOTALL)
_COMMENT: Final = re.compile(r"#\s*clustergraph:\s*ignore\b(?P<codes>.*?)(?:\s--(?P<reason>.*))?", re.DOTALL)
_SEPARATOR: Final = re.compile(r"[\s,]+")


@dataclass
class _Comment:
    """One comment: what it suppresses and where, and what of that it did."""

    path: str
    at: Place
    line: int
    codes: tuple[str, ...]
    reason: str
    used: set[str] = field(default_factory=set)

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is one that the comment suppresses."""
        is_here = finding.path == self.path and finding.at is not None and finding.at.line == self.line
        return is_here and bool(self.reason) and finding.code in self.codes and may_be_suppressed(finding.code)


class Suppressions:
    """The comments of a repository's Turtle files, and what they suppressed."""

    def __init__(self, repository: Repository) -> None:
        self.suppressed: list[Suppressed] = []
        self._comments = [
            comment for one in repository.documents if one.path.suffix == ".ttl" for comment in _comments(one)
        ]

    def kept(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that no comment suppresses; the others are remembered."""
        return [one for one in findings if not self._suppresses(one)]

    def _suppresses(self, finding: Finding) -> bool:
        covering = [one for one in self._comments if one.covers(finding)]
        for one in covering:
            one.used.add(finding.code)
        if covering:
            self.suppressed.append(Suppressed(finding, covering[0].reason, covering[0].at))
        return bool(covering)

    def findings(self, *, is_unused: bool, unseen: Iterable[str] = ()) -> Iterator[Finding]:
        """What is wrong with the comments.

        Shape: `is_unused` has those reported that suppress nothing, which can be known only of files that everything
               was said of; `unseen` are the paths of the others.
        """
        passed_over = frozenset(unseen)
        for one in self._comments:
            yield from _unfit(one)
            if is_unused and one.path not in passed_over and one.reason:
                for code in one.codes:
                    if may_be_suppressed(code) and code not in one.used:
                        english = f"there is no {code} here to be suppressed: remove it from the comment"
                        italian = f"qui non c'è alcun {code} da sopprimere: toglierlo dal commento"
                        yield _finding(one, UNUSED, english, italian)


def may_be_suppressed(code: str) -> bool:
    """Whether a finding of a code can be suppressed by a comment."""
    return code in (*RULES, *CODES.values(), CUSTOM) and code not in NEVER


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
            english = f"'{code}' is no code that may be suppressed: see docs/rules.md"
            italian = f"«{code}» non è un codice che si possa sopprimere: vedi docs/rules.md"
            yield _finding(comment, UNFIT, english, italian)


def _finding(comment: _Comment, code: str, english: str, italian: str) -> Finding:
    return Finding(comment.path, code, WARNING, {"en": english, "it": italian}, comment.at)


def _comments(document: Document) -> Iterator[_Comment]:
    """The comments of a file that want to suppress something."""
    parsed = document.parsed
    if _MARK not in parsed.text:
        return
    pieces = [match for match in _PIECE.finditer(parsed.text) if match["comment"]]
    for match in pieces:
        if found := _COMMENT.fullmatch(match["comment"].rstrip()):
            codes = tuple(dict.fromkeys(code for code in _SEPARATOR.split(found["codes"]) if code))
            reason = (found["reason"] or "").strip()
            line = _line_meant(parsed, match.start())
            yield _Comment(str(document.path), parsed.between(*match.span()), line, codes, reason)


def _line_meant(parsed: Parsed, start: int) -> int:
    line, column = parsed.place(start)
    if parsed.text[start - column + 1 : start].strip():
        return line
    for number, text in enumerate(re.split(r"\r\n|\r|\n", parsed.text)[line:], line + 1):
        if not text.lstrip().startswith("#"):
            return number
    return line
