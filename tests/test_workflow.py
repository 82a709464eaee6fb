"""`clustergraph check` with the options of somebody who has old data, a branch, or mistakes to be mended."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from clustergraph.cli.check import check
from clustergraph.errors import UsageError
from clustergraph.workflow import _REMARKS, Asked, run
from conftest import SAMPLE

BAD = Path(__file__).parent / "bad"
NAME = "data/organisation/chime-tuners.ttl"
H002 = f"{NAME}:9:14: H002 '01' would be published as '1': write that\n"
ZERO = (BAD / "H002-leading-zero.ttl").read_text(encoding="utf-8")
MISSPELT = (BAD / "H004-misspelt-property.ttl").read_text(encoding="utf-8")


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


Check = Callable[..., Outcome]


@pytest.fixture
def checked(sample: Path) -> Check:
    """Runs `clustergraph check` on the sample, which has a file with a zero too much."""
    (sample / NAME).write_text(ZERO, encoding="utf-8")

    def checked(*arguments: object) -> Outcome:
        given = ["--root", str(sample), "--format", "concise", *map(str, arguments)]
        result = CliRunner().invoke(check, given, catch_exceptions=False)
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return checked


ALONE = (
    f"{NAME}:{{}}:1: H011 nothing speaks of organisation:chime-tuners: "
    "write what a source says of it into the source's file, or remove it\n"
)


def test_fixing_writes_the_files_and_shows_what_is_left(checked: Check, sample: Path) -> None:
    (sample / NAME).write_text(ZERO.replace("cg:value", "cg:weight 1 ;\n    cg:value"), encoding="utf-8")

    outcome = checked("--fix")

    left = f"{NAME}:9:5: H004 no term cg:weight is declared: declare it in ontology/, or use a declared one\n"
    assert outcome == (1, left, "Files mended: 1.\n")
    assert '"1"^^xsd:integer' in (sample / NAME).read_text(encoding="utf-8")


def test_fixing_all_there_is_ends_with_0_and_a_second_time_changes_nothing(checked: Check) -> None:
    left = ALONE.format(8)

    assert [checked("--fix"), checked("--fix")] == [(0, left, "Files mended: 1.\n"), (0, left, "Files mended: 0.\n")]


def test_a_difference_is_shown_and_nothing_written(checked: Check, sample: Path) -> None:
    status, out, err = checked("--fix", "--diff")

    changed = [line for line in out.splitlines() if line[:1] in "+-"]
    assert changed == [
        f"--- a/{NAME}",
        f"+++ b/{NAME}",
        '-    cg:value "01"^^xsd:integer ;',
        '+    cg:value "1"^^xsd:integer ;',
    ]
    assert (status, err) == (1, "Files that --fix would mend: 1.\n")
    assert (sample / NAME).read_text(encoding="utf-8") == ZERO


def test_a_guess_is_made_only_if_asked_for(checked: Check, sample: Path) -> None:
    (sample / NAME).write_text(MISSPELT, encoding="utf-8")

    assert checked("--fix").status == 1
    assert (sample / NAME).read_text(encoding="utf-8") == MISSPELT
    assert checked("--fix", "--unsafe-fixes") == (0, ALONE.format(6), "Files mended: 1.\n")
    assert (sample / NAME).read_text(encoding="utf-8") == MISSPELT.replace("altLable", "altLabel")


def test_only_the_paths_named_are_mended(checked: Check, sample: Path) -> None:
    assert checked("--fix", "data/cluster") == (0, "", "Files mended: 0.\n")
    assert (sample / NAME).read_text(encoding="utf-8") == ZERO


def test_a_linked_file_is_not_mended_and_that_is_said(checked: Check, sample: Path) -> None:
    (sample / NAME).rename(sample / "elsewhere")
    (sample / NAME).symlink_to(sample / "elsewhere")

    remark = f"'{NAME}' was left as it is: it is a link or behind one, or has just changed.\n"
    assert checked("--fix") == (1, H002, f"Files mended: 0.\n{remark}")
    assert (sample / "elsewhere").read_text(encoding="utf-8") == ZERO


def test_a_baseline_hides_what_it_holds_and_tells_what_is_gone(checked: Check, sample: Path) -> None:
    known = sample / "known.json"

    assert checked("--baseline", known, "--write-baseline") == (0, "", "Known from the baseline: 1.\n")
    assert checked("--baseline", known) == (0, "", "Known from the baseline: 1.\n")
    assert checked("--baseline", known, "--fix").err == "Files mended: 0.\nKnown from the baseline: 1.\n"
    (sample / NAME).unlink()
    assert checked("--baseline", known, "data/cluster") == (0, "", "")
    assert checked("--baseline", known) == (
        0,
        "",
        "In the baseline, and there no more: 1. Write it anew with --write-baseline.\n"
        f"  {NAME}: H002 '01' would be published as '1': write that\n",
    )


def test_only_changed_files_are_judged_and_the_others_counted(checked: Check, sample: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=sample, check=True, capture_output=True)  # noqa: S607

    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message=one")
    assert checked("--changed-only") == (0, "", "In other files, not shown: 1.\n")
    (sample / NAME).write_text(ZERO + "# changed\n", encoding="utf-8")
    assert checked("--changed-only") == (1, H002, "")
    assert checked("--changed-only=HEAD", "--fail-on", "info") == (1, H002, "")


def test_what_context_describes_is_known_and_is_not_judged(checked: Check, sample: Path) -> None:
    text = (BAD / "H006-unheard-of-member.ttl").read_text(encoding="utf-8")
    name = text.partition("\n")[0].rpartition(" ")[2]
    (sample / NAME).unlink()
    (sample / name).write_text(text, encoding="utf-8")
    status, out, _ = checked()
    missing = out.partition("nothing describes organisation:")[2].split(":")[0].split()[0]
    (sample / "beside.nt").write_text(
        f"<https://w3id.org/clustergraph/id/organisation/{missing}> "
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/org#Organization> .\n"
        f"<https://w3id.org/clustergraph/id/organisation/{missing}> "
        '<http://www.w3.org/2004/02/skos/core#altLabel> "It"@en .\n'
        '_:b <http://example.org/unheard-of> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .\n',
        encoding="utf-8",
    )

    assert (status, "H006" in out) == (1, True)
    assert checked("--context", sample / "beside.nt", "--fail-on", "info") == (0, "", "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.ttl", None, "cannot be context: name a folder, or a file that ends in .ttl, .trig, .nt, .nq"),
        ("a.txt", "", "cannot be context: name a folder, or a file that ends in .ttl, .trig, .nt, .nq"),
        ("a.ttl", "<x:a> <x:b> \n ?", "line 2, column 2, cannot be context: expected a value, found '?'"),
        ("b.ttl", "\0", "cannot be context: the text has a NUL character here: remove it"),
    ],
)
def test_context_that_cannot_be_read_is_refused(sample: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        (sample / name).write_text(text, encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        run(Asked(sample, contexts=[sample / name]))

    assert caught.value.detail.endswith(said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"is_unsafe": True}, "--unsafe-fixes mends nothing by itself: give --fix or --diff too"),
        (
            {"base": BAD, "is_fixing": True},
            "--base judges and mends nothing, as not all that it reads is yours: leave out --fix and --diff",
        ),
        (
            {"base": BAD, "is_showing": True},
            "--base judges and mends nothing, as not all that it reads is yours: leave out --fix and --diff",
        ),
        ({"is_recording": True}, "--write-baseline does not know where to: name a file with --baseline"),
        (
            {"is_recording": True, "baseline": Path("x"), "ref": ""},
            "--write-baseline records the whole repository as it is: leave out paths, --changed-only and --diff",
        ),
        (
            {"baseline": Path("/nowhere/x")},
            "the baseline '/nowhere/x' cannot be read: No such file or directory: write it with --write-baseline",
        ),
        (
            {"baseline": Path("/nowhere/x"), "is_recording": True},
            "the baseline '/nowhere/x' cannot be written: No such file or directory",
        ),
    ],
)
def test_options_that_say_nothing_are_refused(sample: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(Asked(sample, **options))  # type: ignore[arg-type]  # any of its fields

    assert caught.value.detail == said


def test_a_strangers_data_are_judged_by_a_base_and_shown_with_their_own_lines(checked: Check, sample: Path) -> None:
    """The path named is in the stranger's repository alone, and so is the file that cannot be read."""
    (sample / "ontology/own.ttl").write_text(
        "<http://www.w3.org/2004/02/skos/core#prefLabl> a <http://www.w3.org/2002/07/owl#AnnotationProperty> .\n",
        encoding="utf-8",
    )
    sound = (sample / "data/organisation/bell-foundry.ttl").read_text(encoding="utf-8")
    spoiled = sound.replace("prefLabel", "prefLabl").replace("bell-foundry", "chime-tuners")
    (sample / NAME).write_text(spoiled, encoding="utf-8")
    assert "H004" not in checked(sample / NAME).out

    status, out, _ = checked(sample / NAME, "--base", SAMPLE)
    (sample / NAME).write_text("org:x\n", encoding="utf-8")
    framed = checked("--base", SAMPLE, "--format", "full").out

    assert (status, f"{NAME}:7:5: H004 no term skos:prefLabl is declared" in out) == (1, True)
    assert "1 | org:x\n" in framed


def test_every_remark_is_said_in_both_languages() -> None:
    assert all({*one} == {"en", "it"} and all(one.values()) for one in _REMARKS.values())
