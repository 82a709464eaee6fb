"""Findings as commands that make GitHub show them beside the lines of a pull request."""

from collections.abc import Iterable, Iterator
from typing import Final

from clustergraph.findings import INFO, VIOLATION, WARNING, Finding, Suppressed, printable
from clustergraph.outputs.outcome import Outcome, by_weight, summary, suppressed_by_weight, suppressed_summary

_NOTICE: Final = "notice"
_COMMANDS: Final = {VIOLATION: "error", WARNING: "warning", INFO: _NOTICE}
_SHOWN: Final = 10  # of each kind and step; GitHub passes over what comes after
_IN_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
_LEFT: Final = {
    "en": "GitHub shows {0} of each kind; {1} more stand in the other formats.",
    "it": "GitHub ne mostra {0} di ogni tipo; altri {1} stanno negli altri formati.",
}
_SUPPRESSED: Final = {"en": "{} suppressed by a comment", "it": "{} soppresso da un commento"}
_LONGEST: Final = 400  # characters of a reason


def github(outcome: Outcome) -> str:
    """The gravest first, as many as are shown, then how many there are.

    What comments suppress comes before other notices, as whoever suppresses could else hide it behind trifles.
    """
    quiet = suppressed_by_weight(outcome)[:_SHOWN]
    shown: list[Finding] = []
    for severity, command in _COMMANDS.items():
        room = _SHOWN - (len(quiet) if command == _NOTICE else 0)
        shown += [one for one in by_weight(outcome.findings) if one.severity == severity][:room]
    lines = [_of_suppressed(one, outcome.language) for one in quiet]
    lines += [_of_finding(one, outcome.language) for one in shown]
    if left := len(outcome.findings) + len(outcome.suppressed) - len(shown) - len(quiet):
        lines.append(_LEFT[outcome.language].format(_SHOWN, left))
    return "\n".join([*lines, summary(outcome.findings, outcome.language), *suppressed_summary(outcome)])


def _of_finding(one: Finding, language: str) -> str:
    said = [one.message[language], *filter(None, [one.advice.get(language)])]
    return _command(_COMMANDS[one.severity], _properties(one, one.code), said)


def _of_suppressed(one: Suppressed, language: str) -> str:
    title = _SUPPRESSED[language].format(one.finding.code)
    said = [one.finding.message[language], f"-- {one.reason[:_LONGEST]}"]
    return _command(_NOTICE, _properties(one.finding, title), said)


def _command(name: str, properties: Iterable[tuple[str, object]], said: Iterable[str]) -> str:
    text = "\n".join(map(printable, said)).translate(_IN_DATA)
    return f"::{name} {','.join(f'{key}={_value(value)}' for key, value in properties)}::{text}"


def _properties(one: Finding, title: str) -> Iterator[tuple[str, object]]:
    yield "file", one.path
    if one.at is not None:
        yield "line", one.at.line
        yield "endLine", one.at.end_line
        if one.at.line == one.at.end_line:  # GitHub takes columns within one line only
            yield "col", one.at.column
            yield "endColumn", one.at.end_column
    yield "title", title


def _value(value: object) -> str:
    return printable(str(value)).translate(_IN_PROPERTIES)
