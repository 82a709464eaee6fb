"""Writes docs/conformance.md from a run of all suites: `python tests/conformance/report.py`."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, NamedTuple, cast, get_args

from suite_answers import Likeness
from suite_manifests import FOLDERS, KINDS, OUT_OF_SCOPE, SPARQL, Manifest
from suite_protocol import description_outcomes, is_about_updates, protocol_outcomes
from suite_reading import FOLDERS as RDF_FOLDERS
from suite_reading import outcome, read_tests
from suite_server import REPOSITORY, Endpoint, running_endpoint
from suite_shapes import shapes_tests
from suite_trials import Outcome, Verdict, try_folder

PAGE: Final = REPOSITORY / "docs/conformance.md"
DEVIATIONS: Final = Path(__file__).with_name("deviations.tsv")
SUITES: Final = {"sparql10": "SPARQL 1.0", "sparql11": "SPARQL 1.1", "sparql12": "SPARQL 1.2"}

SYNTAXES: Final = {
    "rdf-turtle": "Turtle 1.1",
    "rdf-trig": "TriG 1.1",
    "rdf-n-triples": "N-Triples 1.1",
    "rdf-n-quads": "N-Quads 1.1",
}
SECTIONS: Final = {"core": "SHACL Core", "sparql": "SHACL-SPARQL"}

_PAGE: Final = """\
# Conformance

<!-- Written by `python tests/conformance/report.py`; a test compares this page with a run. -->

The test suites of the W3C, asked of the real server over HTTP: its routes, its guard, its workers, with
pyoxigraph {engine}. Each test of a query is also given to the engine alone, in the process of the test. What the engine
can do gets lost on the way only where the last table says *ours*.

## Queries

{passed} come out as the suites say.

{queries}

*By value*: the engine writes a number, a truth value and a time zone in one way when it loads them, so `1.0` comes back
as `1`. House rule H002 admits to our data only what the engine leaves as it is.

*With BASE*: the query has IRIs relative to its own address, which the server cannot know, so the runner says it in a
BASE line. Without one, relative IRIs are relative to the base of the dataset.

## Protocol and service description

{http}

## Reading and validation

Our own reader and our own SHACL engine, without a server. Of each result of SHACL, focus node, path, value, severity,
component and shape are compared, and nothing may be left unevaluated.

{own}

## What is not run

{left_out}

## Every deviation

{deviations}
"""

Whose = Literal["engine", "ours", "runner"]


class Deviation(NamedTuple):
    """A test that does not come out as the suite says, why, and in whose code the cause lies."""

    id: str
    cause: str
    whose: Whose


@dataclass(frozen=True)
class Run:
    """What came of all suites."""

    queries: Sequence[Outcome]
    protocol: dict[str, Verdict]
    description: dict[str, Verdict]


def listed_deviations() -> list[Deviation]:
    """The rows of deviations.tsv."""
    with DEVIATIONS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows[0] == list(Deviation._fields), rows[0]
    return [Deviation(name, cause, _whose(said)) for name, cause, said in rows[1:]]


def _whose(said: str) -> Whose:
    (found,) = [one for one in get_args(Whose) if one == said]
    return cast("Whose", found)


def run_all(endpoint: Endpoint) -> Run:
    """What comes of all suites now."""
    queries = [outcome for folder in FOLDERS for outcome in try_folder(endpoint, folder)]
    return Run(queries, protocol_outcomes(endpoint), description_outcomes(endpoint))


def rendered(run: Run, deviations: Iterable[Deviation]) -> str:
    """The page."""
    passed = sum(outcome.over_http.passed for outcome in run.queries)
    updates = {name: verdict for name, verdict in run.protocol.items() if is_about_updates(name.rpartition("/")[2])}
    queries = {name: verdict for name, verdict in run.protocol.items() if name not in updates}
    return _PAGE.format(
        engine=version("pyoxigraph"),
        passed=f"{passed:,} of {len(run.queries):,} tests, {passed / len(run.queries):.1%},",
        queries=_table(
            ("suite", "kind", "tests", "as the suite says", "of these by value", "of these with BASE"),
            _by_kind(run.queries),
        ),
        http=_table(
            ("suite", "tests", "as the suite says"),
            [
                ("protocol, queries", len(queries), _count(queries)),
                ("protocol, updates: each refused with 4xx, and nothing changed", len(updates), _count(updates)),
                ("service description", len(run.description), _count(run.description)),
            ],
        ),
        own=_table(("suite", "tests", "as the suite says"), _own()),
        left_out=_table(("tests", "number", "why"), _left_out()),
        deviations=_table(Deviation._fields, deviations),
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (header, ["---"] * len(header), *rows))


def _by_kind(outcomes: Sequence[Outcome]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for suite, name in SUITES.items():
        for kind in dict.fromkeys(KINDS.values()):
            tried = [one for one in outcomes if one.test.id.startswith(f"{suite}/") and one.test.kind == kind]
            passed = [one for one in tried if one.over_http.passed]
            by_value = [one for one in passed if one.over_http.remark == Likeness.BY_VALUE]
            with_base = [one for one in passed if one.has_base]
            if tried:
                rows.append((name, kind, len(tried), len(passed), len(by_value), len(with_base)))
    return rows


def _own() -> list[tuple[str, int, int]]:
    rows: list[tuple[str, int, int]] = []
    for folder in RDF_FOLDERS:
        tests = [*read_tests(folder)]
        rows.append((SYNTAXES[folder], len(tests), sum(not outcome(folder, test) for test in tests)))
    for section, name in SECTIONS.items():
        shapes = shapes_tests(section)
        rows.append((name, len(shapes), sum(not test.wrong for test in shapes)))
    return rows


def _count(verdicts: dict[str, Verdict]) -> int:
    return sum(verdict.passed for verdict in verdicts.values())


def _left_out() -> list[tuple[str, int, str]]:
    kinds: dict[str, int] = {}
    folders = dict.fromkeys(OUT_OF_SCOPE, 0)
    for path in sorted(SPARQL.glob("*/*/manifest*.ttl")):
        folder = path.parent.relative_to(SPARQL).as_posix()
        manifest = Manifest(path)
        for entry in manifest.entries():
            kind = manifest.kind(entry)
            if folder in OUT_OF_SCOPE:
                folders[folder] += 1
            elif "Update" in kind or "GraphStore" in kind:
                kinds[kind] = kinds.get(kind, 0) + 1
    updates = sum(number for kind, number in kinds.items() if "Update" in kind)
    return [
        *((folder, number, OUT_OF_SCOPE[folder]) for folder, number in folders.items()),
        ("updates", updates, "the endpoint is read-only"),
        ("graph store protocol", sum(kinds.values()) - updates, "the endpoint is read-only"),
    ]


def main() -> None:
    """Writes the page."""
    with TemporaryDirectory() as folder, running_endpoint(Path(folder)) as endpoint:
        PAGE.write_text(rendered(run_all(endpoint), listed_deviations()), encoding="utf-8")


if __name__ == "__main__":
    main()
