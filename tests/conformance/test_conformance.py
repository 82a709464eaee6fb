"""The suites of the W3C against the real server over HTTP; deviations.tsv lists what deviates, with its cause."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from report import PAGE, Run, listed_deviations, rendered
from suite_manifests import FOLDERS, KINDS, OUT_OF_SCOPE, SPARQL, Manifest, read_tests
from suite_protocol import FOLDERS as HTTP_FOLDERS
from suite_protocol import description_outcomes, is_about_updates, protocol_outcomes
from suite_server import Endpoint, running_endpoint
from suite_trials import Outcome, Verdict, try_folder

AT_LEAST = 1_041  # of 1,077 tests of queries, 96.7 %

pytestmark = pytest.mark.skipif(
    not SPARQL.is_dir(), reason=f"no W3C suites at {SPARQL}: set CLUSTERGRAPH_SUITES to the folder that holds sparql/"
)


class Runs:
    """What came of each folder, which is run when it is first asked for."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.of = cache(self._of)
        self.http = cache(self._http)

    def all(self) -> Run:
        """What came of all of them."""
        return Run([outcome for folder in FOLDERS for outcome in self.of(folder)], *self.http())

    def _of(self, folder: str) -> list[Outcome]:
        return try_folder(self.endpoint, folder)

    def _http(self) -> tuple[dict[str, Verdict], dict[str, Verdict]]:
        return protocol_outcomes(self.endpoint), description_outcomes(self.endpoint)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with running_endpoint(tmp_path_factory.mktemp("dist")) as endpoint:
        yield Runs(endpoint)


def listed(folder: str, *whose: str) -> list[str]:
    return [one.id for one in listed_deviations() if one.id.rpartition("/")[0] == folder and one.whose in whose]


def test_no_folder_with_tests_that_we_could_run_is_left_out() -> None:
    found = {}
    for path in SPARQL.glob("*/*/manifest.ttl"):
        manifest = Manifest(path)
        kinds = [manifest.kind(entry) for entry in manifest.entries()]
        found[path.parent.relative_to(SPARQL).as_posix()] = sum(
            kind in (*KINDS, "ProtocolTest", "ServiceDescriptionTest") for kind in kinds
        )

    expected = FOLDERS | HTTP_FOLDERS | dict.fromkeys(OUT_OF_SCOPE, 0)
    assert {folder for folder, number in found.items() if number} == set(expected)
    assert {folder: found[folder] for folder in found if folder in FOLDERS | HTTP_FOLDERS} == FOLDERS | HTTP_FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_comes_out_as_the_suite_says_but_for_what_is_listed(runs: Runs, folder: str) -> None:
    outcomes = runs.of(folder)

    failed = {one.test.id: one.over_http.remark for one in outcomes if not one.over_http.passed}
    assert len(outcomes) == len(read_tests(folder))
    assert list(failed) == listed(folder, "engine", "ours", "runner"), failed


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_that_the_engine_can_do_is_lost_on_the_way(runs: Runs, folder: str) -> None:
    outcomes = runs.of(folder)

    lost = [one.test.id for one in outcomes if one.in_process.passed and not one.over_http.passed]
    gained = [one.test.id for one in outcomes if one.over_http.passed and not one.in_process.passed]
    assert (lost, gained) == (listed(folder, "ours", "runner"), [])


def test_queries_travel_as_the_protocol_says(runs: Runs) -> None:
    verdicts, _ = runs.http()

    queries = {name: verdict for name, verdict in verdicts.items() if not is_about_updates(name.rpartition("/")[2])}
    assert {name: verdict.remark for name, verdict in queries.items() if not verdict.passed} == {}
    assert len(queries) == 20


def test_every_update_of_the_protocol_is_refused_and_changes_nothing(runs: Runs) -> None:
    verdicts, _ = runs.http()

    updates = {name: verdict for name, verdict in verdicts.items() if is_about_updates(name.rpartition("/")[2])}
    assert {name: verdict.remark for name, verdict in updates.items() if not verdict.passed} == {}
    assert len(updates) == 14


def test_the_service_describes_itself_as_the_suite_says(runs: Runs) -> None:
    _, verdicts = runs.http()

    assert {name: verdict.remark for name, verdict in verdicts.items() if not verdict.passed} == {}
    assert len(verdicts) == HTTP_FOLDERS["sparql11/service-description"]


def test_no_deviation_is_the_fault_of_the_runner() -> None:
    assert [one.id for one in listed_deviations() if one.whose == "runner"] == []


@pytest.mark.slow
def test_as_many_tests_come_out_as_the_suites_say_as_we_promise(runs: Runs) -> None:
    outcomes = runs.all().queries

    assert len(outcomes) == sum(FOLDERS.values()) == 1_077
    assert sum(one.over_http.passed for one in outcomes) >= AT_LEAST


@pytest.mark.slow
def test_the_page_on_conformance_says_what_a_run_says(runs: Runs) -> None:
    page = rendered(runs.all(), listed_deviations())

    assert PAGE.read_text(encoding="utf-8") == page, "run `python tests/conformance/report.py` and look at what changed"


def test_a_real_build_describes_its_service_as_the_suite_says(real_dist: Path, tmp_path: Path) -> None:
    with running_endpoint(tmp_path) as endpoint:
        endpoint.serve_dist(real_dist)

        verdicts = description_outcomes(endpoint)

    assert {name: verdict.remark for name, verdict in verdicts.items() if not verdict.passed} == {}
