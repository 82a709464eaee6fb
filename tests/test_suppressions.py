"""Comments that suppress findings: which they do, and what is said of those that do not."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from clustergraph.checking import check
from clustergraph.findings import LANGUAGES, Finding
from clustergraph.reading.faults import SENTENCES as OF_TEXT
from clustergraph.reading.parsed import Place
from clustergraph.repository import read_repository
from clustergraph.rules import RULES
from clustergraph.shacl.sentences import CODES, CUSTOM, SHAPE_FAULTS
from clustergraph.suppressions import TOLD_LIMIT, Suppressions, may_be_suppressed

FOUNDRY = "data/organisation/bell-foundry.ttl"
TARGET_S = 1.0
REASON = "-- the firm is called so"


def said(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.place, one.code, one.message["en"]) for one in findings]


def spoil(root: Path, *, at_the_end: str = "", above: str = "") -> None:
    """Gives the foundry a name that is too short, on a line with a comment."""
    path = root / FOUNDRY
    lines = path.read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines) if "The Foundry" in line]
    lines[number] = lines[number].replace("The Foundry", "It") + at_the_end
    path.write_text("\n".join([*lines[:number], *filter(None, [above]), *lines[number:]]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    "places",
    [
        pytest.param({"at_the_end": f"  # clustergraph: ignore C010 {REASON}"}, id="end-of-line"),
        pytest.param({"above": f"# clustergraph: ignore C010 {REASON}"}, id="line-above"),
        pytest.param({"above": f"#clustergraph:ignore C010 {REASON}\n  # and another comment"}, id="comment-between"),
    ],
)
def test_a_comment_suppresses_a_finding_of_its_line_and_that_is_told(sample: Path, places: dict[str, str]) -> None:
    spoil(sample, **places)

    checked = check(read_repository(sample))

    assert checked.findings == []
    assert [(one.finding.code, one.reason) for one in checked.suppressed] == [("C010", REASON.removeprefix("-- "))]


@pytest.mark.parametrize(
    ("comment", "code", "sentence"),
    [
        pytest.param(
            "ignore C010",
            "H091",
            "this suppresses nothing: write '# clustergraph: ignore CODE -- reason'",
            id="no-reason",
        ),
        pytest.param(
            "ignore C010 --  ",
            "H091",
            "this suppresses nothing: write '# clustergraph: ignore CODE -- reason'",
            id="empty-reason",
        ),
        pytest.param(
            f"ignora C010 {REASON}",
            "H091",
            "this suppresses nothing: write '# clustergraph: ignore CODE -- reason'",
            id="misspelt",
        ),
        pytest.param(
            f"ignore {REASON}",
            "H091",
            "this suppresses nothing: write '# clustergraph: ignore CODE -- reason'",
            id="no-code",
        ),
        pytest.param(
            f"ignore C999 {REASON}", "H091", "'C999' is no code that may be suppressed: see docs/rules.md", id="unknown"
        ),
        pytest.param(
            f"ignore H004 {REASON}", "H091", "'H004' is no code that may be suppressed: see docs/rules.md", id="never"
        ),
        pytest.param(
            f"ignore C004 {REASON}",
            "H090",
            "there is no C004 here to be suppressed: remove it from the comment",
            id="unused",
        ),
    ],
)
def test_a_comment_that_suppresses_nothing_is_a_finding_beside_the_one_it_leaves(
    sample: Path, comment: str, code: str, sentence: str
) -> None:
    spoil(sample, at_the_end=f" # clustergraph: {comment}")

    findings = check(read_repository(sample)).findings

    assert sorted(one.code for one in findings) == ["C010", code]
    assert [one.message["en"] for one in findings if one.code == code] == [sentence]
    assert all(one.message[language] for one in findings for language in LANGUAGES)


def test_a_comment_is_unused_only_code_by_code(sample: Path) -> None:
    spoil(sample, at_the_end=f" # clustergraph: ignore C010, C011 {REASON}")

    assert said(check(read_repository(sample)).findings) == [
        (f"{FOUNDRY}:6:29", "H090", "there is no C011 here to be suppressed: remove it from the comment")
    ]


@pytest.mark.parametrize("comment", ["data about firms", "see the docs", "ns is our namespace", "ignored"])
def test_a_comment_that_only_names_us_is_none(sample: Path, comment: str) -> None:
    spoil(sample, at_the_end=f" # clustergraph: {comment}")

    assert [one.code for one in check(read_repository(sample)).findings] == ["C010"]


def test_a_comment_that_says_what_another_one_says_already_is_unused(sample: Path) -> None:
    comment = f"# clustergraph: ignore C010 {REASON}"
    spoil(sample, above=comment, at_the_end=f" {comment}")

    assert said(check(read_repository(sample)).findings) == [
        (f"{FOUNDRY}:7:29", "H090", "there is no C010 here to be suppressed: remove it from the comment")
    ]


def test_words_in_a_string_are_no_comment(sample: Path) -> None:
    path = sample / FOUNDRY
    words = f'"It"@en , "# clustergraph: ignore C010 {REASON}"@en'
    path.write_text(path.read_text(encoding="utf-8").replace('"The Foundry"@en', words), encoding="utf-8")

    codes = [one.code for one in check(read_repository(sample)).findings]

    assert "C010" in codes
    assert not {"H090", "H091"} & {*codes}


def test_nothing_is_called_unused_where_not_everything_was_looked_at(sample: Path) -> None:
    spoil(sample, at_the_end=f" # clustergraph: ignore C004 {REASON}")
    (sample / "data/organisation/dial-makers.ttl").write_text("?", encoding="utf-8")

    assert [one.code for one in check(read_repository(sample)).findings] == ["T001"]


def test_what_reading_naming_and_publishing_rest_on_is_never_suppressed() -> None:
    codes = {
        *OF_TEXT,
        *(code[:4] for code in SHAPE_FAULTS),
        *RULES,
        *CODES.values(),
        CUSTOM,
        "T002",
        "T003",
        "H090",
        "H091",
    }
    never = {
        *OF_TEXT,
        *(code[:4] for code in SHAPE_FAULTS),
        "T002",
        "T003",
        *(f"H00{number}" for number in range(1, 8)),
        "H090",
        "H091",
    }

    assert {code for code in codes if not may_be_suppressed(code)} == never


def test_what_may_not_be_suppressed_is_found_though_a_comment_names_it(sample: Path) -> None:
    text = (Path(__file__).parent / "bad/H002-leading-zero.ttl").read_text(encoding="utf-8")
    path = sample / "data/organisation/chime-tuners.ttl"
    path.write_text(text.replace("integer ;", f"integer ;  # clustergraph: ignore H002 {REASON}"), encoding="utf-8")

    checked = check(read_repository(sample))

    assert ([one.code for one in checked.findings], checked.suppressed) == (["H002", "H091"], ())


@pytest.mark.parametrize(
    ("comment", "code", "sentence"),
    [
        pytest.param(f"C010 {REASON}", "H090", "there is no C010 here", id="unused"),
        pytest.param("C010", "H091", "this suppresses nothing", id="unfit"),
    ],
)
def test_of_many_comments_that_suppress_nothing_some_are_told_and_the_rest_counted(
    sample: Path, comment: str, code: str, sentence: str
) -> None:
    with (sample / FOUNDRY).open("a", encoding="utf-8") as file:
        file.write(f"# clustergraph: ignore {comment}\n" * (TOLD_LIMIT + 12))

    rest, *told = check(read_repository(sample)).findings

    assert (rest.place, rest.code, rest.severity) == (FOUNDRY, code, "warning")
    assert rest.message == {
        "en": "findings about comments of this file that are not shown: 12; correct these, to see them",
        "it": "rilievi sui commenti di questo file che non si mostrano: 12; corretti questi, si vedranno",
    }
    assert len(told) == TOLD_LIMIT
    assert all(one.code == code and one.message["en"].startswith(sentence) for one in told)


def test_what_stands_in_the_place_of_a_code_is_told_in_a_few_words(sample: Path) -> None:
    spoil(sample, at_the_end=f" # clustergraph: ignore {'C' * 1000} {REASON}")

    told = [one for one in check(read_repository(sample)).findings if one.code == "H091"]

    shown = f"{'C' * 39}…"
    assert [one.message for one in told] == [
        {
            "en": f"'{shown}' is no code that may be suppressed: see docs/rules.md",
            "it": f"«{shown}» non è un codice che si possa sopprimere: vedi docs/rules.md",
        }
    ]


def test_many_comments_about_many_findings_are_not_compared_each_with_each(sample: Path) -> None:
    count = 12_000
    path = sample / FOUNDRY
    lines = f"# clustergraph: ignore C010 {REASON}\n" * count
    path.write_text(lines + path.read_text(encoding="utf-8"), encoding="utf-8")
    repository = read_repository(sample)
    covered = Finding(FOUNDRY, "C010", "Violation", {}, Place(count + 1, 1, count + 1, 2))
    others = [
        replace(covered, code="C011"),
        replace(covered, at=None),
        replace(covered, path="data/organisation/x.ttl"),
    ]
    began = time.monotonic()

    comments = Suppressions(repository)

    assert comments.kept([*others, *[covered] * count]) == others
    assert [one.finding for one in comments.suppressed] == [covered] * count
    assert len(list(comments.findings(is_unused=True))) == TOLD_LIMIT + 1  # all but the first are one too many
    assert time.monotonic() - began < TARGET_S * 10
