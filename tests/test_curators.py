"""Mistakes of curators in copies of real data files: each gives what a person would say of it, at that place."""

import shutil
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pytest

from clustergraph.checking import check
from clustergraph.files import contributed
from clustergraph.findings import VIOLATION, Finding
from clustergraph.reading.parsed import LANG_STRING, OBJECT, XSD_STRING, Literal, Place
from clustergraph.repository import DATA, read_repository
from conftest import REPOSITORY

Entry = Mapping[str, Any]

TABLE: list[Entry] = tomllib.loads((REPOSITORY / "tests/bad/curators.toml").read_text(encoding="utf-8"))["mistake"]
TEXTS = (LANG_STRING, XSD_STRING)
UNASKED = ("T", "H003")  # how codes begin that keep all shapes from being asked


class Said(NamedTuple):
    """A finding as far as a curator sees it. Shape: `place` has the end too; `also` are places in the data."""

    place: str
    code: str
    severity: str
    english: str
    italian: str
    also: tuple[str, ...]


def written(path: str, at: Place | None) -> str:
    """A place with its end, as file:line:column-line:column; the file alone where there is none."""
    return path if at is None else "{}:{}:{}-{}:{}".format(path, *at)


def said(found: Iterable[Finding]) -> list[Said]:
    return [
        Said(
            written(one.path, one.at),
            one.code,
            one.severity,
            one.message["en"],
            one.message["it"],
            tuple(written(path, at) for path, at, _ in one.related if path.startswith(f"{DATA}/")),
        )
        for one in found
    ]


def expected(entry: Entry) -> list[Said]:
    return [
        Said(
            f"{entry['file']}:{one['place']}" if one["place"] else entry["file"],
            one["code"],
            one["severity"],
            one["english"],
            one["italian"],
            tuple(one.get("also", ())),
        )
        for one in entry["finding"]
    ]


def spoilt(entry: Entry) -> str:
    """The text of the real file of an entry with its edits made, each at the one place where its old words stand."""
    text: str = (REPOSITORY / entry.get("copy_of", entry["file"])).read_text(encoding="utf-8")
    for edit in entry.get("edit", ()):
        assert text.count(edit["old"]) == 1, edit["old"]
        text = text.replace(edit["old"], edit["new"])
    return text


def words(text: str, place: str) -> str:
    """What stands at a place of a text."""
    start, end = ([int(number) for number in one.split(":")] for one in place.split("-"))
    lines = text.splitlines(keepends=True)
    first, last = (sum(map(len, lines[: line - 1])) + column - 1 for line, column in (start, end))
    return text[first:last]


def data_with(folder: Path, entry: Entry) -> Path:
    """A copy of the real data with the file of an entry spoilt, in a folder."""
    shutil.copytree(REPOSITORY / DATA, folder / DATA)
    path = folder / entry["file"]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(spoilt(entry).encode(entry.get("encoding", "utf-8")))
    return folder


@pytest.fixture(scope="module")
def before() -> list[Said]:
    """What is said of the real repository as it is."""
    return said(check(read_repository(REPOSITORY)).findings)


@pytest.mark.parametrize("entry", TABLE, ids=[one["did"] for one in TABLE])
def test_a_mistake_of_a_curator_gives_what_is_to_be_said_of_it_and_nothing_else(
    entry: Entry, before: list[Said], tmp_path: Path
) -> None:
    """Shapes are asked once every file reads, and of a file that keeps the house rules: their findings come later."""
    found = said(check(read_repository(REPOSITORY, data=data_with(tmp_path, entry))).findings)

    wanted = expected(entry)
    unseen = [
        entry["file"] for one in wanted if one.severity == VIOLATION and one.code[0] == "H" and one.code != "H006"
    ]
    asked = not any(one.code.startswith(UNASKED) for one in wanted)
    stays = [one for one in before if asked and one.place.partition(":")[0] not in unseen]
    assert [one for one in found if one not in before] == wanted
    assert [one for one in found if one in before] == stays


@pytest.mark.parametrize("entry", TABLE, ids=[one["did"] for one in TABLE])
def test_the_words_that_a_person_would_point_at_stand_at_the_place(entry: Entry) -> None:
    text = ("\ufeff" if entry.get("encoding") == "utf-8-sig" else "") + spoilt(entry)

    for one in entry["finding"]:
        assert words(text, one["place"]) == one["words"] if one["place"] else one["words"] == ""


def test_every_file_that_lines_of_windows_are_written_into_is_read_as_before(
    before: list[Said], tmp_path: Path
) -> None:
    """An editor that ends lines with CR LF has made no mistake."""
    for path in contributed(REPOSITORY, (DATA,)):
        text = (REPOSITORY / path).read_bytes().replace(b"\n", b"\r\n")
        (tmp_path / path).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / path).write_bytes(text)

    assert said(check(read_repository(REPOSITORY, data=tmp_path)).findings) == before


def test_an_empty_text_is_told_wherever_one_can_stand(tmp_path: Path) -> None:
    """The first value of each property that has texts in the data, all of them emptied at once."""
    shutil.copytree(REPOSITORY / DATA, tmp_path / DATA)
    emptied = {}
    for document in read_repository(REPOSITORY).documents:
        if document.path.parts[0] != DATA or document.path.suffix != ".ttl":
            continue
        for number, (_, predicate, value) in enumerate(document.parsed.triples):
            if isinstance(value, Literal) and value.datatype in TEXTS and predicate not in emptied:
                emptied[predicate] = (document.path, document.parsed.place_of(number, OBJECT).line)
                path = tmp_path / document.path
                lines = path.read_text("utf-8").splitlines(keepends=True)
                written = lines[emptied[predicate][1] - 1]
                assert written.count(f'"{value.lexical}"') == 1, written
                lines[emptied[predicate][1] - 1] = written.replace(f'"{value.lexical}"', '""')
                path.write_text("".join(lines), "utf-8")

    told = {
        (PurePosixPath(one.path), one.at.line)
        for one in check(read_repository(REPOSITORY, data=tmp_path)).findings
        if one.at and one.code == "C012"
    }

    assert len(emptied) >= 10
    assert {predicate: place for predicate, place in emptied.items() if place not in told} == {}


def test_there_are_forty_mistakes_of_every_family_in_every_folder_of_the_data() -> None:
    folders = {PurePosixPath(one["file"]).parent for one in TABLE if "copy_of" not in one}

    assert len(TABLE) >= 40
    assert len({one["did"] for one in TABLE}) == len(TABLE)
    assert {one["code"][0] for entry in TABLE for one in entry["finding"]} == {"T", "C", "H"}
    assert folders == {path.parent for path in contributed(REPOSITORY, (DATA,))}
    assert all(entry["finding"] for entry in TABLE)
