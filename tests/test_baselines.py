"""Baselines: what was found before is not shown again, wherever in its file it has moved."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from clustergraph import suppressions
from clustergraph.baselines import Entry, baseline_text, compared, read_baseline
from clustergraph.checking import check
from clustergraph.errors import UsageError
from clustergraph.findings import Finding, fingerprint
from clustergraph.repository import Repository, read_repository

BAD = "data/organisation/dial-makers.ttl"
TEXT = (Path(__file__).parent / "bad/H013-homepage-by-file-transfer.ttl").read_text(encoding="utf-8")
SAID = "the home page <ftp://example.org/> does not begin with 'https://': write the address as a browser shows it"


def looked_at(root: Path, text: str) -> tuple[Repository, list[Finding]]:
    (root / BAD).write_text(text, encoding="utf-8")
    repository = read_repository(root)
    return repository, check(repository).findings


def recorded(root: Path, text: str) -> Path:
    repository, findings = looked_at(root, text)
    path = root / "baseline.json"
    path.write_text(baseline_text(findings, repository), encoding="utf-8")
    return path


def test_a_finding_of_the_baseline_is_known_wherever_it_has_moved(sample: Path) -> None:
    baseline = read_baseline(recorded(sample, TEXT))

    repository, findings = looked_at(sample, f"# a line\n\n{TEXT}".replace("    foaf:homepage", "\tfoaf:homepage  "))

    assert [one.code for one in findings] == ["H013"]
    assert compared(findings, repository, baseline) == ([], findings, [])


@pytest.mark.parametrize("is_reworded", [False, True], ids=["other-words", "other-sentence"])
def test_another_finding_is_new_and_the_one_that_is_gone_is_told(sample: Path, *, is_reworded: bool) -> None:
    baseline = read_baseline(recorded(sample, TEXT))

    repository, findings = looked_at(sample, TEXT if is_reworded else TEXT.replace("example.org", "example.com"))
    if is_reworded:
        findings = [replace(one, message={"en": "write another", "it": ""}) for one in findings]

    found = compared(findings, repository, baseline)

    assert (found.new, found.known, [(one.code, one.path) for one in found.stale]) == (findings, [], [("H013", BAD)])


def test_of_two_findings_alike_the_baseline_knows_as_many_as_it_holds(sample: Path) -> None:
    baseline = read_baseline(recorded(sample, TEXT))

    repository, findings = looked_at(sample, TEXT)
    found = compared([*findings, *findings], repository, baseline)

    assert (len(found.new), len(found.known), found.stale) == (1, 1, [])


def test_what_cannot_be_read_is_in_no_baseline(sample: Path) -> None:
    path = recorded(sample, "?")
    repository, findings = looked_at(sample, "?")
    mark = Entry(fingerprint(findings[0], "?"), "T001", BAD, "")

    assert json.loads(path.read_text(encoding="utf-8")) == {"version": 1, "findings": []}
    assert compared(findings, repository, {mark: 1}).new == findings


@pytest.mark.parametrize("code", [*sorted(suppressions.NEVER), "T001", "S001"])
def test_what_no_comment_may_suppress_is_in_no_baseline(sample: Path, code: str) -> None:
    repository, findings = looked_at(sample, TEXT)
    one = replace(findings[0], code=code)
    mark = Entry(fingerprint(one, "ftp://example.org/"), code, BAD, SAID)

    assert json.loads(baseline_text([one], repository)) == {"version": 1, "findings": []}
    assert compared([one], repository, {mark: 1}).new == [one]


def test_that_a_file_has_more_findings_than_are_looked_for_is_in_no_baseline(sample: Path) -> None:
    """Those beyond them would be known without ever having been seen."""
    homes = ["ftp://example.org/" if number == 0 else f"ftp://example.org/{number}" for number in range(201)]
    text = TEXT.replace("<ftp://example.org/>", " , ".join(f"<{one}>" for one in homes))
    baseline = read_baseline(recorded(sample, text))

    repository, findings = looked_at(sample, text)
    found = compared(findings, repository, baseline)

    assert [one.message["en"].partition(":")[0] for one in found.new] == ["this file has more than 200 findings"]
    assert (len(found.known), found.stale) == (200, [])


def test_a_baseline_is_json_with_a_line_for_each_finding(sample: Path) -> None:
    text = recorded(sample, TEXT).read_text(encoding="utf-8")

    assert json.loads(text)["findings"] == [
        {
            "fingerprint": json.loads(text)["findings"][0]["fingerprint"],
            "code": "H013",
            "path": BAD,
            "message": SAID,
            "count": 1,
        }
    ]
    assert len(text.splitlines()) == 6


def test_a_sentence_that_names_a_line_gives_the_same_fingerprint_on_another() -> None:
    one, other = (
        Finding("data/mapping/a.sssom.tsv", "T023", "violation", {"en": f"line {number} maps the same pair"})
        for number in (3, 14)
    )

    assert fingerprint(one, "x") == fingerprint(other, "x")


ZERO = Finding("data/a.ttl", "H002", "violation", {"en": "a", "it": "b"})


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (replace(ZERO, code="H004"), "01"),
        (replace(ZERO, path="data/b.ttl"), "01"),
        (replace(ZERO, message={"en": "c", "it": "b"}), "01"),
        (ZERO, "02"),
    ],
    ids=["code", "file", "sentence", "words"],
)
def test_a_finding_that_differs_in_one_thing_has_another_fingerprint(finding: Finding, words: str) -> None:
    assert fingerprint(finding, words) != fingerprint(ZERO, "01")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"version": 2, "findings": []}',
        '{"version": 1, "findings": {}}',
        '{"version": 1, "findings": [{}]}',
        '{"version": 1, "findings": [1]}',
        '{"version": 1, "findings": [{"fingerprint": "", "code": 1, "path": "", "message": "", "count": 1}]}',
        '{"version": 1, "findings": [{"fingerprint": "", "code": "", "path": "", "message": "", "count": true}]}',
        '{"version": 1, "findings": [{"fingerprint": "", "code": "", "path": "", "message": "", "count": -1}]}',
        "[" * 100_000,
        "\udcff",
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(UsageError, match="is no baseline: write it anew"):
        read_baseline(path)


def test_a_baseline_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file or directory: write it with --write-baseline"):
        read_baseline(tmp_path / "none.json")
