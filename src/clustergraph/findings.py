"""A finding: one remark about one place in a contributed file, in two languages; and how findings are printed."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from clustergraph.edits import Fix
from clustergraph.reading.parsed import Place

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


@dataclass(frozen=True)
class Finding:
    """One remark.

    Shape: `path` is relative to the repository, with forward slashes; `message` has one sentence per language of
           LANGUAGES; `code` stands in docs/rules.md; `at` is None where the remark is about the file as a whole;
           `advice` are the words of the shape, where there are any; `fixes` are ways to mend it, the best first.
    """

    path: str
    code: str
    severity: str
    message: Mapping[str, str]
    at: Place | None = None
    advice: Mapping[str, str] = field(default_factory=dict)
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()

    @property
    def place(self) -> str:
        """The place as editors and terminals understand it.

        >>> Finding("data/a.ttl", "T001", VIOLATION, {}, Place(7, 5, 7, 9)).place
        'data/a.ttl:7:5'
        """
        return ":".join([self.path, *(str(number) for number in (self.at or ())[:2])])


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

    >>> printable("a\x1b[31m")
    'a\\u001b[31m'
    """
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def _full(findings: Sequence[Finding], language: str) -> str:
    lines = []
    for one in findings:
        lines.append(f"{printable(one.place)}  {one.code}  {one.severity}")
        lines.append(f"    {printable(one.message[language])}")
        if language in one.advice:
            lines.append(f"    {printable(one.advice[language])}")
    return "\n".join([*lines, _summary(findings, language)])


def _concise(findings: Sequence[Finding], language: str) -> str:
    return "\n".join(f"{printable(one.place)}: {one.code} {printable(one.message[language])}" for one in findings)


def _summary(findings: Sequence[Finding], language: str) -> str:
    if not findings:
        return {"en": "No findings.", "it": "Nessun rilievo."}[language]
    files = len({one.path for one in findings})
    return {
        "en": f"{len(findings)} finding{'s'[: len(findings) > 1]} in {files} file{'s'[: files > 1]}.",
        "it": f"{len(findings)} riliev{'i' if len(findings) > 1 else 'o'} in {files} file.",
    }[language]


def _plain(one: Finding, language: str) -> dict[str, object]:
    line, column, end_line, end_column = one.at or (None, None, None, None)
    place = {"path": one.path, "line": line, "column": column, "end_line": end_line, "end_column": end_column}
    return {
        **place,
        "code": one.code,
        "severity": one.severity,
        "message": one.message[language],
        "advice": one.advice.get(language),
    }


def _json(findings: Sequence[Finding], language: str) -> str:
    text = json.dumps([_plain(one, language) for one in findings], ensure_ascii=False, indent=2)
    return "\n".join(printable(line) for line in text.split("\n"))


def _jsonl(findings: Sequence[Finding], language: str) -> str:
    return "\n".join(printable(json.dumps(_plain(one, language), ensure_ascii=False)) for one in findings)


RENDERERS: Final[dict[str, Callable[[Sequence[Finding], str], str]]] = {
    "full": _full,
    "concise": _concise,
    "json": _json,
    "jsonl": _jsonl,
}
"""What `clustergraph check --format` offers: each takes findings in order and a language."""
