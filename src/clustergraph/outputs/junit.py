"""Findings as JUnit's XML, for whatever shows the outcome of tests."""

from collections.abc import Iterator, Sequence
from html import escape  # that of xml.sax takes a hundred modules more
from itertools import groupby

from clustergraph.findings import VIOLATION, Finding, printable
from clustergraph.outputs.outcome import SEVERITY_WORDS, Outcome

_PASSED = {"en": "no findings", "it": "nessun rilievo"}


def junit(outcome: Outcome) -> str:
    """A suite for each file, a case for each finding; what does not fail a check fails no case.

    Shape: without findings, one suite with one case that passed, as a report without cases is taken for a fault.
    """
    language = outcome.language
    suites = [[*group] for _, group in groupby(outcome.findings, key=lambda one: one.path)]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="clustergraph" {_counts(outcome.findings)}>']
    for suite in suites:
        lines += _suite(suite, language)
    if not suites:
        lines.append('  <testsuite name="clustergraph" tests="1" failures="0">')
        lines.append(f'    <testcase classname="clustergraph" name={_quoted(_PASSED[language])}/>')
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"])


def _counts(findings: Sequence[Finding]) -> str:
    failures = sum(one.severity == VIOLATION for one in findings)
    return f'tests="{max(len(findings), 1)}" failures="{failures}"'


def _suite(suite: Sequence[Finding], language: str) -> Iterator[str]:
    yield f"  <testsuite name={_quoted(suite[0].path)} {_counts(suite)}>"
    for one in suite:
        element = "failure" if one.severity == VIOLATION else "system-out"
        kind = SEVERITY_WORDS[language][one.severity]
        attributes = f" type={_quoted(kind)} message={_quoted(one.message[language])}" * (element == "failure")
        name = f"{one.code} {one.place.removeprefix(one.path).removeprefix(':')}".strip()
        yield f"    <testcase classname={_quoted(one.path)} name={_quoted(name)}>"
        text = [f"{one.place}: {kind} {one.code}", one.message[language], *filter(None, [one.advice.get(language)])]
        yield f"      <{element}{attributes}>{escape(chr(10).join(map(printable, text)), quote=False)}</{element}>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _quoted(text: str) -> str:
    return f'"{escape(printable(text))}"'
