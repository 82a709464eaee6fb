"""Findings as a GitLab Code Quality report, which a merge request shows."""

from typing import Final

from clustergraph.findings import INFO, VIOLATION, WARNING, Finding
from clustergraph.outputs.objects import dumped
from clustergraph.outputs.outcome import Outcome
from clustergraph.outputs.sources import fingerprints

_SEVERITIES: Final = {VIOLATION: "major", WARNING: "minor", INFO: "info"}


def gitlab(outcome: Outcome) -> str:
    """One array. Shape: a finding about a file as a whole is shown at its first line, as GitLab wants one."""
    marks = fingerprints(outcome.findings, outcome.sources)
    return dumped([_issue(*pair, outcome.language) for pair in zip(outcome.findings, marks, strict=True)])


def _issue(one: Finding, mark: str, language: str) -> dict[str, object]:
    begin, end = (one.at.line, one.at.end_line) if one.at else (1, 1)
    return {
        "description": " ".join(filter(None, (one.message[language], one.advice.get(language)))),
        "check_name": one.code,
        "fingerprint": mark,
        "severity": _SEVERITIES[one.severity],
        "location": {"path": one.path, "lines": {"begin": begin, "end": end}},
    }
