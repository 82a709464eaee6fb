"""A finding: one remark about one place in a contributed file, in two languages. Knows not how findings are printed."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from clustergraph.edits import Fix
from clustergraph.reading.parsed import Place, Term

_LINE: Final = re.compile(r"\bline \d+")
VIOLATION: Final = "violation"
WARNING: Final = "warning"
INFO: Final = "info"
SEVERITIES: Final = (INFO, WARNING, VIOLATION)
"""In rising order of weight."""

LANGUAGES: Final = ("en", "it")


class Related(NamedTuple):
    """Another place that helps to see why. Shape: as those of Finding."""

    path: str
    at: Place
    message: Mapping[str, str]


class Origin(NamedTuple):
    """The validation result that a finding was made of, for those who read reports of SHACL.

    Shape: `component`, `shape` and `severity` are IRIs, `shape` may be a blank node; `path` is Turtle, IRIs in full.
    Source: SHACL 1.0, section 3.6.2.
    """

    focus: Term
    value: Term | None
    path: str | None
    component: str
    shape: str
    severity: str


class Coverage(NamedTuple):
    """What was looked at, so that silence can be told from not having looked.

    Shape: `shapes` has the number of things that each shape with a target looked at, by the shape's name; `idle` are
           shapes that have no target and that no other shape refers to; `held` is the number of files of which shapes
           say something that is not told before their other findings are mended.
    """

    files: int
    triples: int
    shapes: Mapping[str, int]
    idle: tuple[str, ...] = ()
    held: int = 0


@dataclass(frozen=True)
class Finding:
    """One remark.

    Shape: `path` is relative to the repository, with forward slashes; `message` has one sentence per language of
           LANGUAGES; `code` stands in docs/rules.md; `at` is None where the remark is about the file as a whole;
           `advice` are the words of the shape, where there are any; `origin` is None for what no shape said;
           `fixes` are ways to mend it, the best first.
    """

    path: str
    code: str
    severity: str
    message: Mapping[str, str]
    at: Place | None = None
    advice: Mapping[str, str] = field(default_factory=dict)
    related: tuple[Related, ...] = ()
    origin: Origin | None = None
    fixes: tuple[Fix, ...] = ()

    @property
    def place(self) -> str:
        """The place as editors and terminals understand it.

        >>> Finding("data/a.ttl", "T001", VIOLATION, {}, Place(7, 5, 7, 9)).place
        'data/a.ttl:7:5'
        """
        return ":".join([self.path, *(str(number) for number in (self.at or ())[:2])])


class Suppressed(NamedTuple):
    """A finding that a comment suppresses. Shape: `at` is the place of the comment, in the file of the finding."""

    finding: Finding
    reason: str
    at: Place


def fingerprint(finding: Finding, words: str) -> str:
    """The name of a finding about some words: from its code, its file, the words and the English sentence.

    >>> fingerprint(Finding("data/a.ttl", "H002", "violation", {"en": "'01' would be published as '1'"}), "01")
    '22bd16d9ec281931b6eff8499e1641a0'
    """
    sentence = _LINE.sub("line", finding.message["en"])  # a few sentences name a line
    parts = (finding.code, finding.path, words, sentence)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without repetitions, by file, place and code."""
    unique = {(f.path, f.at or (), f.code, f.message["en"]): f for f in findings}
    return [unique[key] for key in sorted(unique)]


def weighing(findings: Iterable[Finding], severity: str) -> list[Finding]:
    """Those at least as grave as a severity."""
    least = SEVERITIES.index(severity)
    return [finding for finding in findings if SEVERITIES.index(finding.severity) >= least]


def printable(text: str) -> str:
    r"""The text with control and bidirectional characters escaped as in JSON: a stranger's text may reach a terminal.

    It may reach a log of GitHub too, which takes '##[' for the beginning of a command wherever it stands in a line.

    >>> printable("a\x1b[31m"), printable("a ##[error]")
    ('a\\u001b[31m', 'a ##\\u005berror]')
    """
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text).replace("##[", r"##\u005b")
