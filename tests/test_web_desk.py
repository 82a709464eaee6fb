"""One call when a query has ended: counted, measured, logged."""

import inspect
import json
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from clustergraph import errors
from clustergraph.errors import Busy, ClusterGraphError, OverBudget, QueryTimedOut, UsageError
from clustergraph.settings import Settings
from clustergraph.web.desk import OUTCOMES_OF_ERRORS, AnswerCut, open_desk, outcome_of
from clustergraph.web.metrics import OUTCOMES
from clustergraph.web.querylog import Record


def test_every_error_of_ours_and_every_cut_is_an_outcome_that_is_counted() -> None:
    ours = {one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, ClusterGraphError)}

    assert set(OUTCOMES_OF_ERRORS) == ours
    assert {outcome_of(one) for one in (AnswerCut("half"), RuntimeError(), MemoryError())} == {"cut", "failed"}
    assert set(OUTCOMES_OF_ERRORS.values()) | {"answered", "cached", "not_modified", "cut"} == set(OUTCOMES)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (QueryTimedOut("x"), "timed_out"),
        (Busy("x", retry_after_s=1), "busy"),
        (OverBudget("x", retry_after_s=1), "over_budget"),
        (ClusterGraphError("x"), "failed"),
        (ClientDisconnect(), "cancelled"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else one,
)
def test_the_outcome_of_an_error_is_that_of_its_class(error: Exception, outcome: str) -> None:
    assert outcome_of(error) == outcome


def test_a_query_that_has_ended_is_counted_measured_and_logged(tmp_path: Path) -> None:
    path = tmp_path / "log"
    desk = open_desk(Settings(query_log=str(path)), ["/sparql"])
    phases = {"guard": 0.0001, "evaluate": 0.3}

    with desk.query_log:
        desk.ended(Record("ASK {}", "ASK", "json", 200, "answered", phases, 51, cached=False, dataset="d" * 64))

    lines = desk.meter.text().decode().splitlines()
    assert 'clustergraph_queries_total{outcome="answered"} 1.0' in lines
    assert 'clustergraph_query_seconds_sum{phase="guard"} 0.0001' in lines
    assert 'clustergraph_query_seconds_sum{phase="evaluate"} 0.3' in lines
    assert 'clustergraph_query_seconds_count{phase="queue"} 0.0' in lines
    assert 'clustergraph_query_log_lines_total{outcome="written"} 1.0' in lines
    assert [json.loads(line)["outcome"] for line in path.read_text(encoding="ascii").splitlines()] == ["answered"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(trusted_proxy="proxy.example"), "'proxy.example' is no address and no network"),
        (Settings(query_log="/"), "cannot write to '/': Is a directory"),
    ],
    ids=["proxy", "log"],
)
def test_a_setting_that_does_not_fit_is_said_when_the_server_starts(
    tmp_path: Path, settings: Settings, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        open_desk(settings, [])
