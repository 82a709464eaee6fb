"""`clustergraph check` with the options of somebody who has old data, a branch, or mistakes to be mended."""

import errno
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from clustergraph.cli.check import check
from clustergraph.contexts import with_context
from clustergraph.errors import UsageError
from clustergraph.outputs import RENDERERS
from clustergraph.repository import Repository
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


DIALS = "data/organisation/dial-makers.ttl"
LEAFLET = "data/source/tuners-leaflet.ttl"
UNDATED = f"{LEAFLET}:12:1: C004 source:tuners-leaflet, dcterms:issued: found 0, at least 1 asked for\n"


def put(root: Path, name: str, old: str = "", new: str = "") -> None:
    """Puts a file with a mistake where its first line says, changed in one place."""
    text = (BAD / name).read_text(encoding="utf-8")
    (root / text.partition("\n")[0].rpartition(" ")[2]).write_text(text.replace(old, new), encoding="utf-8")


def test_a_baseline_hides_what_it_holds_and_tells_what_is_gone(checked: Check, sample: Path) -> None:
    known = sample / "known.json"
    (sample / NAME).unlink()
    sound = (sample / DIALS).read_text(encoding="utf-8")
    put(sample, "H013-homepage-by-file-transfer.ttl")

    assert checked("--baseline", known, "--write-baseline") == (0, "", "Known from the baseline: 1.\n")
    assert checked("--baseline", known) == (0, "", "Known from the baseline: 1.\n")
    assert checked("--baseline", known, "--fix").err == "Files mended: 0.\nKnown from the baseline: 1.\n"
    (sample / DIALS).write_text(sound, encoding="utf-8")
    assert checked("--baseline", known, "data/cluster") == (0, "", "")
    assert checked("--baseline", known) == (
        0,
        "",
        "In the baseline, and there no more: 1. Write it anew with --write-baseline.\n"
        f"  {DIALS}: H013 the home page <ftp://example.org/> does not begin with 'https://': "
        "write the address as a browser shows it\n",
    )


DATED = '    dcterms:issued "1902"^^xsd:gYear ;\n'


def test_a_known_finding_hides_none_that_comes_after_it_is_known(checked: Check, sample: Path) -> None:
    """A mistake of a house rule keeps shapes of its file from being shown, but not for ever."""
    known = sample / "known.json"
    (sample / NAME).unlink()
    put(sample, "H008-thirteen-words.ttl")

    assert checked("--baseline", known, "--write-baseline") == (0, "", "Known from the baseline: 1.\n")
    put(sample, "H008-thirteen-words.ttl", DATED)
    assert checked("--baseline", known) == (1, UNDATED, "Known from the baseline: 1.\n")
    assert checked("--baseline", known, LEAFLET, "--fix").out == UNDATED
    assert checked("--baseline", known, "--write-baseline") == (0, "", "Known from the baseline: 2.\n")
    assert checked("--baseline", known) == (0, "", "Known from the baseline: 2.\n")


@pytest.mark.parametrize("name", ["H002-leading-zero.ttl", "H003-nameless-value.ttl", "H004-misspelt-property.ttl"])
def test_what_hides_others_fails_though_a_baseline_was_written(checked: Check, sample: Path, name: str) -> None:
    known = sample / "known.json"
    (sample / NAME).unlink()
    put(sample, name)

    written = checked("--baseline", known, "--write-baseline")

    assert (written.status, name[:4] in written.out) == (1, True)
    assert checked("--baseline", known) == written


SYNTAX = f"{NAME}:1:1: T001 expected a subject: an IRI, a prefixed name, or a blank node, found 'garbage'\n"
UNSEEN = "The shapes were not looked at, as a file could not be read or has blank nodes.\n"


HINDRANCES = {
    "syntax": (NAME, "garbage {", "T001"),
    "blank-node": (NAME, (BAD / "H003-nameless-value.ttl").read_text(encoding="utf-8"), "H003"),
    "not-as-published": (
        LEAFLET,
        (BAD / "H008-thirteen-words.ttl")
        .read_text(encoding="utf-8")
        .replace(" and all their sons", "")
        .replace('"1902"^^xsd:gYear ;', '"1902"^^xsd:gYear ;\n    cg:value "01"^^xsd:integer ;'),
        "H002",
    ),
    "shape": (
        "shapes/typo.ttl",
        "@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
        "<x:s> a sh:NodeShape ; sh:targetClass <x:c> ; sh:property [ sh:path <x:p> ; sh:maxCnt 0 ] .\n",
        "S001",
    ),
}


@pytest.mark.parametrize("format_name", sorted(RENDERERS))
@pytest.mark.parametrize(("path", "text", "code"), HINDRANCES.values(), ids=HINDRANCES)
def test_what_keeps_shapes_from_being_asked_is_shown_and_fails_whatever_was_asked_for(
    checked: Check, sample: Path, committed: Callable[[], None], path: str, text: str, code: str, format_name: str
) -> None:
    """The shapes might have said something of the files that were asked for."""
    (sample / NAME).unlink()
    (sample / path).write_text(text, encoding="utf-8")
    committed()
    if format_name != "concise":
        ways: list[list[object]] = [["data/cluster"]]
    else:
        ways = [["data/cluster"], ["--changed-only"], ["--changed-only=HEAD", "data/cluster", "--fail-on=violation"]]

    for way in ways:
        status, out, _ = checked(*way, "--format", format_name)

        assert (status, code in out, path in out) == (1, True, True)


def test_a_file_alone_is_not_called_sound_while_another_cannot_be_read(checked: Check, sample: Path) -> None:
    (sample / NAME).write_text("garbage {", encoding="utf-8")

    assert checked("data/cluster") == (1, SYNTAX, UNSEEN)


AREAS = "data/scheme/clock-areas.ttl"
ALMANAC = "data/source/clock-almanac.ttl"
SPOILT = (
    (
        ALMANAC,
        "org:member organisation:bell-foundry",
        "org:member <https://w3id.org/clustergraph/id/scheme/clock-areas>",
    ),
    (AREAS, "skos:ConceptScheme ;", "skos:ConceptScheme ;\n    cg:fooo 1 ;"),
)
UNKNOWN = f"{AREAS}:7:5: H004 no term cg:fooo is declared: declare it in ontology/, or use a declared one\n"


def test_a_file_is_not_called_sound_for_what_a_mistake_in_another_one_hides(checked: Check, sample: Path) -> None:
    (sample / NAME).unlink()
    for path, old, new in SPOILT:
        text = (sample / path).read_text(encoding="utf-8")
        (sample / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    assert checked(ALMANAC) == (1, UNKNOWN, "")
    assert checked("data/cluster") == (0, "", "")


@pytest.fixture
def committed(sample: Path) -> Callable[[], None]:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=sample, check=True, capture_output=True)  # noqa: S607

    def committed() -> None:
        git("init", "--quiet", "--initial-branch=main")
        git("add", "--all")
        git("commit", "--quiet", "--message=one")

    return committed


def test_only_changed_files_are_judged_and_the_others_counted(
    checked: Check, sample: Path, committed: Callable[[], None]
) -> None:
    committed()
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


def test_what_context_says_of_a_judged_thing_mends_nothing_in_it(checked: Check, sample: Path) -> None:
    path = sample / "data/source/clock-almanac.ttl"
    (sample / NAME).unlink()
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"org:member [^;]+;\s+", "", text), encoding="utf-8")
    alone = checked()
    (sample / "beside.ttl").write_text(text, encoding="utf-8")

    assert (alone.status, set(re.findall(r"[A-Z][0-9]{3}", alone.out))) == (1, {"C004", "H011"})
    assert checked("--context", sample / "beside.ttl") == alone


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
    ("limit", "said"),
    [
        ("FILES_LIMIT", "more than 2 files cannot be context: name a smaller folder"),
        ("PATHS_LIMIT", "cannot be context: it has more than 2 paths; name a smaller folder"),
    ],
)
def test_a_folder_too_large_to_be_context_is_refused(
    sample: Path, monkeypatch: pytest.MonkeyPatch, limit: str, said: str
) -> None:
    folder = sample / "beside"
    folder.mkdir()
    for name in ("a.ttl", "b.ttl"):
        (folder / name).write_text("", encoding="utf-8")
    monkeypatch.setattr(f"clustergraph.contexts.{limit}", 2)

    run(Asked(sample, contexts=[folder]))
    (folder / "c.ttl").write_text("", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        run(Asked(sample, contexts=[folder]))

    assert caught.value.detail.endswith(said)


def test_a_folder_of_context_that_goes_meanwhile_is_passed_over(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sample / "beside"
    for name in ("going", "staying"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.ttl").write_text("", encoding="utf-8")
    scandir = os.scandir

    def scandir_without(path: object) -> object:
        if str(path).endswith("going"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr("os.scandir", scandir_without)

    context = with_context(Repository(sample, (), ()), [folder]).context

    assert [str(one.path) for one in context] == ["context/0/a.ttl"]


def test_a_file_of_context_that_goes_meanwhile_is_refused(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sample / "a.ttl").write_text("", encoding="utf-8")

    def read_bytes(file: Path) -> bytes:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(file))

    monkeypatch.setattr(Path, "read_bytes", read_bytes)

    with pytest.raises(UsageError, match=r"'.*/a\.ttl' cannot be context: No such file or directory"):
        with_context(Repository(sample, (), ()), [sample / "a.ttl"])


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
