"""How findings are ordered, weighed and printed."""

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.findings import INFO, RENDERERS, VIOLATION, WARNING, Finding, in_order, weighing
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


OBJECTS = [
    {
        "path": "data/a.ttl",
        "line": None,
        "column": None,
        "end_line": None,
        "end_column": None,
        "code": "H001",
        "severity": "violation",
        "message": "rename è",
        "advice": None,
    },
    {
        "path": "data/b.ttl",
        "line": 7,
        "column": 5,
        "end_line": 7,
        "end_column": 9,
        "code": "T001",
        "severity": "violation",
        "message": "a dot is missing",
        "advice": None,
    },
]


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        pytest.param(
            "full",
            "en",
            "data/a.ttl  H001  violation\n    rename è\n"
            "data/b.ttl:7:5  T001  violation\n    a dot is missing\n"
            "2 findings in 2 files.",
            id="full-en",
        ),
        pytest.param(
            "full",
            "it",
            "data/a.ttl  H001  violation\n    rinomina è\n"
            "data/b.ttl:7:5  T001  violation\n    manca un punto\n"
            "2 rilievi in 2 file.",
            id="full-it",
        ),
        pytest.param(
            "concise", "en", "data/a.ttl: H001 rename è\ndata/b.ttl:7:5: T001 a dot is missing", id="concise-en"
        ),
        pytest.param(
            "concise", "it", "data/a.ttl: H001 rinomina è\ndata/b.ttl:7:5: T001 manca un punto", id="concise-it"
        ),
        pytest.param("json", "en", json.dumps(OBJECTS, ensure_ascii=False, indent=2), id="json"),
        pytest.param("jsonl", "en", "\n".join(json.dumps(one, ensure_ascii=False) for one in OBJECTS), id="jsonl"),
    ],
)
def test_findings_are_printed_so(name: str, language: str, text: str) -> None:
    assert RENDERERS[name]([NOWHERE, BELL], language) == text


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        pytest.param("full", "en", "No findings.", id="full-en"),
        pytest.param("full", "it", "Nessun rilievo.", id="full-it"),
        pytest.param("concise", "en", "", id="concise"),
        pytest.param("json", "en", "[]", id="json"),
        pytest.param("jsonl", "en", "", id="jsonl"),
    ],
)
def test_no_findings_are_printed_so(name: str, language: str, text: str) -> None:
    assert RENDERERS[name]([], language) == text


@pytest.mark.parametrize(
    ("language", "summary"),
    [pytest.param("en", "1 finding in 1 file.", id="en"), pytest.param("it", "1 rilievo in 1 file.", id="it")],
)
def test_one_finding_is_counted_in_the_singular(language: str, summary: str) -> None:
    assert RENDERERS["full"]([BELL], language).splitlines()[-1] == summary


@pytest.mark.parametrize("name", RENDERERS)
@given(text=st.text(st.characters()))
def test_no_character_of_a_file_commands_the_terminal(name: str, text: str) -> None:
    """Control, format and bidirectional characters, and halves of pairs, stay outside of what is printed."""
    finding = Finding(text, "H002", VIOLATION, {"en": text, "it": text})

    printed = RENDERERS[name]([finding], "en")

    printed.encode()
    assert {one for one in printed if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} <= {"\n"}


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_json_says_what_the_finding_says(text: str) -> None:
    finding = Finding("data/a.ttl", "H002", VIOLATION, {"en": text, "it": ""}, Place(1, 2, 3, 4))
    place = {"path": "data/a.ttl", "line": 1, "column": 2, "end_line": 3, "end_column": 4}
    said = {**place, "code": "H002", "severity": "violation", "message": text, "advice": None}

    assert json.loads(RENDERERS["json"]([finding], "en")) == [said]
    assert json.loads(RENDERERS["jsonl"]([finding], "en")) == said
