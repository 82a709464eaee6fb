"""How findings are ordered and weighed."""

from dataclasses import replace

import pytest

from clustergraph.findings import INFO, VIOLATION, WARNING, Finding, in_order, weighing
from clustergraph.reading.parsed import Place

BELL = Finding("data/b.ttl", "T001", VIOLATION, {"en": "a dot is missing", "it": "manca un punto"}, Place(7, 5, 7, 9))
CHIME = Finding("data/a.ttl", "C004", WARNING, {"en": "look again", "it": "guarda ancora"}, Place(9, 1, 9, 2))
NOWHERE = Finding("data/a.ttl", "H001", VIOLATION, {"en": "rename è", "it": "rinomina è"})


@pytest.mark.parametrize(
    ("finding", "place"),
    [
        pytest.param(BELL, "data/b.ttl:7:5", id="line-and-column"),
        pytest.param(NOWHERE, "data/a.ttl", id="file"),
    ],
)
def test_a_place_is_as_exact_as_is_known(finding: Finding, place: str) -> None:
    assert finding.place == place


def test_findings_go_by_file_line_and_code() -> None:
    assert in_order([BELL, CHIME, NOWHERE]) == [NOWHERE, CHIME, BELL]


def test_a_finding_made_twice_is_said_once() -> None:
    assert in_order([BELL, BELL]) == [BELL]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(BELL, message={"en": "another", "it": "altro"}), id="message"),
        pytest.param(replace(BELL, code="T002"), id="code"),
        pytest.param(replace(BELL, at=Place(7, 6, 7, 9)), id="column"),
        pytest.param(replace(BELL, path="data/c.ttl"), id="file"),
    ],
)
def test_findings_that_differ_in_one_thing_are_two(other: Finding) -> None:
    assert sorted(in_order([BELL, other]), key=str) == sorted([BELL, other], key=str)


@pytest.mark.parametrize(
    ("severity", "kept"),
    [
        pytest.param(INFO, [BELL, CHIME], id="info"),
        pytest.param(WARNING, [BELL, CHIME], id="warning"),
        pytest.param(VIOLATION, [BELL], id="violation"),
    ],
)
def test_weighing_keeps_what_is_as_grave_or_graver(severity: str, kept: list[Finding]) -> None:
    assert weighing([BELL, CHIME], severity) == kept
