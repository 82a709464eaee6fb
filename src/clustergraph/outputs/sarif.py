"""Findings as SARIF 2.1.0, for code scanning.

Source: OASIS Standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", with Errata 01.
"""

import re
from typing import Final
from urllib.parse import quote

from clustergraph.findings import INFO, VIOLATION, WARNING, Finding, Suppressed, printable
from clustergraph.outputs.objects import dumped
from clustergraph.outputs.outcome import Outcome, suppressed_by_weight
from clustergraph.outputs.sources import Sources, fingerprints
from clustergraph.reading.parsed import Place
from clustergraph.terms import BASE

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {VIOLATION: "error", WARNING: "warning", INFO: "note"}
_MARK: Final = "primaryLocationLineHash"  # the only one that GitHub reads
_LONGEST: Final = 1000  # characters of a snippet
_SUPPRESSED: Final = 1000  # results that comments suppress
_LINK: Final = re.compile(r"\[(?=[^\]]*\]\()")


def sarif(outcome: Outcome) -> str:
    """One run, with a rule for each code that occurs. What comments suppress is among the results, and marked."""
    quiet = suppressed_by_weight(outcome)[:_SUPPRESSED]
    findings = [*outcome.findings, *(one.finding for one in quiet)]
    codes = sorted({one.code for one in findings})
    marks = fingerprints(findings, outcome.sources)
    results = [_result(one, codes.index(one.code), mark, outcome) for one, mark in zip(findings, marks, strict=True)]
    if quiet:  # then all results say whether they are suppressed: section 3.27.23
        said: list[list[object]] = [[]] * len(outcome.findings) + [
            [_suppression(one, outcome.sources)] for one in quiet
        ]
        results = [{**result, "suppressions": one} for result, one in zip(results, said, strict=True)]
    driver = {
        "name": "clustergraph",
        **({"semanticVersion": outcome.version} if outcome.version else {}),
        "informationUri": BASE.removesuffix("/"),
        "language": outcome.language,
        "rules": [_rule(code, outcome.language) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "language": outcome.language,
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str, language: str) -> dict[str, object]:
    from clustergraph.outputs.titles import TITLES  # noqa: PLC0415  # brings the engine, which who serves does without

    titles = TITLES.get(code, {})
    if not titles:
        return {"id": code}
    # Who reads the help of a rule need not be who asked for this language, so it has both.
    return {
        "id": code,
        "shortDescription": {"text": _message(titles[language])},
        "help": {"text": _message(f"{titles['en']}\n{titles['it']}")},
    }


def _result(one: Finding, rule: int, mark: str, outcome: Outcome) -> dict[str, object]:
    language = outcome.language
    text = "\n".join(filter(None, (one.message[language], one.advice.get(language))))
    result: dict[str, object] = {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": _LEVELS[one.severity],
        "message": {"text": _message(text)},
        "locations": [{"physicalLocation": _location(one.path, one.at, outcome.sources)}],
        "partialFingerprints": {_MARK: f"{mark}:1"},
    }
    if one.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _location(other.path, other.at, outcome.sources),
                "message": {"text": _message(other.message[language])},
            }
            for number, other in enumerate(one.related, start=1)
        ]
    return result


def _suppression(one: Suppressed, sources: Sources) -> dict[str, object]:
    return {
        "kind": "inSource",
        "justification": printable(one.reason[:_LONGEST]),
        "location": {"physicalLocation": _location(one.finding.path, one.at, sources)},
    }


def _location(path: str, at: Place | None, sources: Sources) -> dict[str, object]:
    location: dict[str, object] = {"artifactLocation": {"uri": quote(path.encode(errors="backslashreplace"))}}
    if at is None:
        return location
    region: dict[str, object] = {
        "startLine": at.line,
        "startColumn": at.column,
        "endLine": at.end_line,
        "endColumn": at.end_column,
    }
    words = sources.written(path, at)
    if 0 < len(words) <= _LONGEST:
        region["snippet"] = {"text": printable(words)}
    return {**location, "region": region}


def _message(text: str) -> str:
    """A plain message: no part of it is a placeholder or a link.

    Source: sections 3.11.5 and 3.11.6.
    """
    return _LINK.sub(r"\\[", "\n".join(map(printable, text.split("\n"))).replace("{", "{{").replace("}", "}}"))
