"""What is told of a submission: its findings in the format that was asked for, with what they were looked for in."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from clustergraph.findings import SEVERITIES, Finding, printable
from clustergraph.outputs import RENDERERS, Outcome, Sources
from clustergraph.submissions import FINDINGS_LIMIT, PAGE_CHARACTERS, RENDERS

_PAGE_FINDINGS: Final = 300  # shown in a page
_BEFORE: Final = 24  # characters of a line that are shown before a finding, where that is long
_FRAME_CHARACTERS: Final = 100  # of the finding, and after it


class Verdict(NamedTuple):
    """What came of a submission.

    Shape: `files` are the texts that were sent, by path, `beside` those beside which they were judged; `is_whole` tells
           whether the shapes were applied: where a file cannot be read they are not.
    """

    findings: Sequence[Finding]
    files: Mapping[PurePosixPath, str]
    beside: Mapping[PurePosixPath, str]
    triples: int
    is_whole: bool
    language: str

    @property
    def coverage(self) -> dict[str, Any]:
        """What was looked at, so that silence is not taken for more than it is."""
        return {
            "files": len(self.files),
            "triples": self.triples,
            "context_files": len(self.beside),
            "shapes_applied": self.is_whole,
            "findings": len(self.findings),
            "findings_told": min(len(self.findings), FINDINGS_LIMIT),
        }


def _json(verdict: Verdict) -> str:
    findings = json.loads(_as("json", verdict))
    return json.dumps({"findings": findings, "coverage": verdict.coverage}, indent=2) + "\n"


def _page(verdict: Verdict) -> str:
    """What the page is made of, in the process that makes pages."""
    lines = {path: text.split("\n") for path, text in verdict.files.items()}
    shown = verdict.findings[:_PAGE_FINDINGS]
    files = []
    left = PAGE_CHARACTERS
    for path, text in verdict.files.items():
        marks = " ".join(f"{line}:{severity}" for line, severity in _marks(shown, str(path)).items())
        files.append({"path": str(path), "text": text[:left], "is_cut": len(text) > left, "marks": marks})
        left = max(0, left - len(text))
    findings = [_shown(one, verdict.language, lines.get(PurePosixPath(one.path))) for one in shown]
    return json.dumps({"files": files, "findings": findings, "coverage": verdict.coverage})


def _marks(findings: Sequence[Finding], path: str) -> dict[int, str]:
    """The gravest severity of each line of a file that has findings."""
    placed = [(one.at.line, one.severity) for one in findings if one.at and one.path == path]
    return dict(sorted(placed, key=lambda one: SEVERITIES.index(one[1])))


def _shown(one: Finding, language: str, lines: Sequence[str] | None) -> dict[str, Any]:
    return {
        "path": printable(one.path),
        "code": one.code,
        "severity": one.severity,
        "message": printable(one.message[language]),
        "advice": printable(one.advice.get(language, "")),
        "at": one.at and list(one.at),
        "frame": _frame(one, lines),
        "related": [
            {"path": printable(other.path), "at": list(other.at), "message": printable(other.message[language])}
            for other in one.related
        ],
    }


def _frame(one: Finding, lines: Sequence[str] | None) -> dict[str, str] | None:
    """The line of a finding in three parts, of which the middle one is meant; what does not print is escaped."""
    if one.at is None or lines is None or one.at.line > len(lines):
        return None
    line = lines[one.at.line - 1].rstrip("\r")
    start = min(one.at.column - 1, len(line))
    end = one.at.end_column - 1 if one.at.end_line == one.at.line else len(line)
    end = min(max(end, start + 1), start + _FRAME_CHARACTERS)
    first = 0 if start <= 2 * _BEFORE else start - _BEFORE
    last = end + _FRAME_CHARACTERS
    return {
        "before": ("…" if first else "") + _visible(line[first:start]),
        "marked": _visible(line[start:end]) or " ",
        "after": _visible(line[end:last]) + ("…" if len(line) > last else ""),
    }


def _visible(text: str) -> str:
    return printable(text.replace("\t", "  "))


def _as(name: str, verdict: Verdict) -> str:
    """The findings as `clustergraph check` prints them."""
    texts = {str(path): text for path, text in (*verdict.beside.items(), *verdict.files.items())}
    told = verdict.findings[:FINDINGS_LIMIT]
    return RENDERERS[name](Outcome(told, verdict.language, Sources(texts))) + "\n"


_TOLD: Final[tuple[Callable[[Verdict], str], ...]] = (_json, partial(_as, "sarif"), partial(_as, "rdf"), _page)
VERDICTS: Final[Mapping[str, Callable[[Verdict], str]]] = dict(zip(RENDERS, _TOLD, strict=True))
"""How a verdict is told, by the name that was asked for."""
