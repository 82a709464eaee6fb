"""Findings as commands that make GitHub show them beside the lines of a pull request."""

from collections.abc import Iterator
from typing import Final

from clustergraph.findings import INFO, VIOLATION, WARNING, Finding, printable
from clustergraph.outputs.outcome import Outcome, by_weight, summary

_COMMANDS: Final = {VIOLATION: "error", WARNING: "warning", INFO: "notice"}
_SHOWN: Final = 10  # of each kind and step; GitHub passes over what comes after
_IN_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
_LEFT: Final = {
    "en": "GitHub shows {0} of each kind; {1} more stand in the other formats.",
    "it": "GitHub ne mostra {0} di ogni tipo; altri {1} stanno negli altri formati.",
}


def github(outcome: Outcome) -> str:
    """The gravest first, as many as are shown, then how many there are."""
    shown: list[Finding] = []
    for severity in _COMMANDS:
        shown += [one for one in by_weight(outcome.findings) if one.severity == severity][:_SHOWN]
    lines = [_command(one, outcome.language) for one in shown]
    if left := len(outcome.findings) - len(shown):
        lines.append(_LEFT[outcome.language].format(_SHOWN, left))
    return "\n".join([*lines, summary(outcome.findings, outcome.language)])


def _command(one: Finding, language: str) -> str:
    properties = ",".join(f"{name}={_value(value)}" for name, value in _properties(one))
    said = [one.message[language], *filter(None, [one.advice.get(language)])]
    text = "\n".join(map(printable, said)).translate(_IN_DATA)
    return f"::{_COMMANDS[one.severity]} {properties}::{text}"


def _properties(one: Finding) -> Iterator[tuple[str, object]]:
    yield "file", one.path
    if one.at is not None:
        yield "line", one.at.line
        yield "endLine", one.at.end_line
        if one.at.line == one.at.end_line:  # GitHub takes columns within one line only
            yield "col", one.at.column
            yield "endColumn", one.at.end_column
    yield "title", one.code


def _value(value: object) -> str:
    return printable(str(value)).translate(_IN_PROPERTIES)
