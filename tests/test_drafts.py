"""First drafts of files: each kind has one, which names what is to be filled in once it is checked."""

import re
import shutil
from pathlib import Path, PurePosixPath

import pytest
from click.testing import CliRunner

from clustergraph.checking import check, only_in
from clustergraph.cli import verbs
from clustergraph.drafts import COLUMNS, FORMS, Unsuitable, draft, quoted, slug_for, suitable_slug, word
from clustergraph.findings import LANGUAGES, VIOLATION, weighing
from clustergraph.formatting import formatted
from clustergraph.reading import read
from clustergraph.reading.parsed import Literal
from clustergraph.repository import read_repository
from clustergraph.terms import ENTITY_KINDS
from conftest import REPOSITORY


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the real repository, stood in."""
    for folder in ("data", "ontology", "shapes", "queries"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_kind_of_entity_has_columns_of_known_forms() -> None:
    assert list(COLUMNS) == list(ENTITY_KINDS)
    assert {column.form.partition(" ")[0] for columns in COLUMNS.values() for column in columns} <= FORMS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ENTITY_KINDS)
def test_a_draft_is_canonical_and_each_of_its_comments_can_be_made_true(kind: str, language: str) -> None:
    text = draft(kind, "a-new-one", {}, language)

    assert formatted(read(text)) == text
    uncommented = "\n".join(
        line.replace("# ", "", 1) for line in text.split("\n") if not line.strip().startswith(("# What", "# Ciò"))
    )
    assert read(uncommented).faults == []


@pytest.mark.parametrize("kind", ENTITY_KINDS)
def test_a_check_of_a_draft_names_what_is_to_be_filled_in(kind: str, repository: Path) -> None:
    result = CliRunner().invoke(verbs, ["new", kind, "a-new-one"])

    path = f"data/{kind}/a-new-one.ttl"
    said = f"Wrote {path}. Fill in what is empty or says 'fill-in', then run: clustergraph check {path}\n"
    assert (result.exit_code, result.stdout) == (0, said)
    read_again = read_repository(repository)
    found = weighing(only_in(check(read_again).findings, read_again, [PurePosixPath(path)]), VIOLATION)
    gap = re.compile(r'^[^#]*(?:""|fill-in|lang:FILL)')
    gaps = [number for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1) if gap.match(line)]
    assert gaps
    assert [line for line in gaps if line not in {one.at.line for one in found if one.at}] == []
    assert {one.code for one in found} <= {"C004", "C012", "C022", "C023", "H006"}


def test_what_is_given_stands_in_the_draft(repository: Path) -> None:
    words = [
        "new",
        "cluster",
        "north",
        "--label-en",
        'The "North"',
        "--label-it",
        "Il Nord",
        "--type",
        "NationalCluster",
    ]

    result = CliRunner().invoke(verbs, words)

    assert result.exit_code == 0
    parsed = read((repository / "data/cluster/north.ttl").read_text())
    values = [value for _, _, value in parsed.triples]
    assert "https://w3id.org/clustergraph/ns#NationalCluster" in values
    assert [one[0] for one in values if isinstance(one, Literal)] == ['The "North"', "Il Nord"]


def test_the_region_of_a_regional_cluster_is_to_be_filled_in() -> None:
    regional = draft("cluster", "a-new-one", {}, "en")
    national = draft("cluster", "a-new-one", {"type": "NationalCluster"}, "en")

    assert "\n    cg:isInRegion territory:fill-in ;\n" in regional
    assert "\n    # cg:isInRegion territory:lombardy ;\n" in national


@pytest.mark.parametrize(
    ("name", "near"),
    [("NationlCluster", "; did you mean 'cg:NationalCluster'?"), ("Nope", "")],
)
def test_a_type_that_is_none_brings_those_there_are_and_a_guess_where_one_is_near(name: str, near: str) -> None:
    with pytest.raises(Unsuitable) as caught:
        draft("cluster", "a-new-one", {"type": name}, "en")

    listed = "cg:RegionalCluster, cg:NationalCluster, cg:TechnologyCluster"
    assert caught.value.message["en"] == f"'{name}' is no type of this kind: use one of {listed}{near}"


def test_a_file_is_never_written_over(repository: Path) -> None:
    before = (repository / "data/organisation/miur.ttl").read_text()

    result = CliRunner().invoke(verbs, ["new", "organisation", "miur", "--lang", "it"])

    assert str(result.exception) == "data/organisation/miur.ttl esiste già: modificarlo, o scegliere un altro slug"
    assert (repository / "data/organisation/miur.ttl").read_text() == before


@pytest.mark.parametrize(
    ("slug", "near"),
    [
        pytest.param("Università di Pavia", "universita-di-pavia", id="accents and blanks"),
        pytest.param("../../etc/passwd", "etc-passwd", id="a path"),
        pytest.param("a---b", "a-b", id="too many hyphens"),
        pytest.param("漢字", "example-university", id="nothing that can stand"),
        pytest.param("x" * 101, "x" * 100, id="too long"),
    ],
)
def test_a_bad_slug_is_refused_with_one_that_would_do(slug: str, near: str) -> None:
    with pytest.raises(Unsuitable) as caught:
        suitable_slug(slug)

    assert caught.value.message == {
        "en": f"'{slug[:80]}' cannot be a slug: use lower-case letters, digits and hyphens, e.g. '{near}'",
        "it": f"«{slug[:80]}» non può essere uno slug: usare minuscole, cifre e trattini, ad es. '{near}'",
    }
    assert suitable_slug(near) == near


@pytest.mark.parametrize("text", ['a "b" \\', "two\nlines\r\t", "\x00\x1b\x7f", "è 漢"])
def test_any_text_can_be_quoted(text: str) -> None:
    assert read(f"<x:s> <x:p> {quoted(text)} .").triples[0][2] == Literal(text)


def test_every_value_that_cannot_stand_is_told_in_both_languages() -> None:
    told = {}
    for columns in COLUMNS.values():
        for column in columns:
            try:
                word(column, "https://? x:y")
            except Unsuitable as exc:
                told[column.form.partition(" ")[0]] = set(exc.message)

    assert told == dict.fromkeys(("address", "class", "date", "language", "name", "true"), set(LANGUAGES))  # noqa: RUF024


def test_a_slug_for_nothing_is_empty() -> None:
    assert slug_for("¿?") == ""
