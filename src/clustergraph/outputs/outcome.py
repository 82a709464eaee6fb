"""What is to be printed, and the words that all formats share. Reads no files: texts come with the findings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from clustergraph.findings import INFO, SEVERITIES, VIOLATION, WARNING, Coverage, Finding, Suppressed
from clustergraph.outputs.sources import Sources


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check as somebody wants to read it.

    Shape: `findings` are in order; `sources` are the texts of files, as far as they could be had; `coverage` is None
           where the shapes were not looked at; `coloured` is for terminals; `version` is ours, where it is to be said;
           `suppressed` are those that comments keep out of `findings`.
    """

    findings: Sequence[Finding]
    language: str = "en"
    sources: Sources = field(default_factory=Sources)
    coverage: Coverage | None = None
    coloured: bool = False
    version: str = ""
    suppressed: Sequence[Suppressed] = ()


Renderer: TypeAlias = Callable[[Outcome], str]

SEVERITY_WORDS: Final = {
    "en": {VIOLATION: "violation", WARNING: "warning", INFO: "info"},
    "it": {VIOLATION: "violazione", WARNING: "avviso", INFO: "nota"},
}
_MANY: Final = {
    "en": {VIOLATION: "violations", WARNING: "warnings", INFO: "infos"},
    "it": {VIOLATION: "violazioni", WARNING: "avvisi", INFO: "note"},
}
_NONE: Final = {"en": "No findings.", "it": "Nessun rilievo."}
_SUPPRESSED: Final = {"en": "Suppressed by comments: {}.", "it": "Soppressi da commenti: {}."}


def by_weight(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first; among equals, as they came."""
    return sorted(findings, key=lambda one: -SEVERITIES.index(one.severity))


def suppressed_by_weight(outcome: Outcome) -> list[Suppressed]:
    """What comments suppress, the gravest first: who reads only some must not miss those."""
    return sorted(outcome.suppressed, key=lambda one: -SEVERITIES.index(one.finding.severity))


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many there are of each severity, the gravest first."""
    severities = [one.severity for one in findings]
    return {severity: severities.count(severity) for severity in reversed(SEVERITIES)}


def summary(findings: Sequence[Finding], language: str) -> str:
    """One sentence: how many findings there are, in how many files, and of what weight."""
    if not findings:
        return _NONE[language]
    files, many = len({one.path for one in findings}), len(findings) > 1
    begin = {
        "en": f"{len(findings)} finding{'s'[:many]} in {files} file{'s'[: files > 1]}",
        "it": f"{len(findings)} riliev{'i' if many else 'o'} in {files} file",
    }[language]
    words = [
        f"{count} {(_MANY if count > 1 else SEVERITY_WORDS)[language][severity]}"
        for severity, count in counts(findings).items()
        if count
    ]
    return f"{begin}: {', '.join(words)}."


def suppressed_summary(outcome: Outcome) -> list[str]:
    """A sentence that says how many findings comments suppress, where any does."""
    count = len(outcome.suppressed)
    return [_SUPPRESSED[outcome.language].format(number(count, outcome.language))] if count else []


def number(value: int, language: str) -> str:
    """A number with its thousands set apart as the language does.

    >>> number(9812, "it")
    '9.812'
    """
    return f"{value:,}".replace(",", {"en": ",", "it": "."}[language])
