"""A repository mended, and how its files are written."""

import shutil
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from clustergraph import mending
from clustergraph.checking import Checked
from clustergraph.findings import Finding
from clustergraph.mending import Mended, difference, mended, write_texts
from clustergraph.repository import Repository, read_repository

BAD = Path(__file__).parent / "bad"
NAME = "data/organisation/chime-tuners.ttl"
PATH = PurePosixPath(NAME)
TEXT = (BAD / "H002-leading-zero.ttl").read_text(encoding="utf-8")


def all_found(_: Repository, checked: Checked) -> list[Finding]:
    return checked.findings


def mend(root: Path, text: str, *, is_unsafe: bool = False) -> Mended:
    (root / NAME).write_bytes(text.encode())

    def read_with(drafts: Mapping[PurePosixPath, str]) -> Repository:
        return read_repository(root, drafts=drafts)

    return mended(read_with, all_found, is_unsafe=is_unsafe)


def test_what_one_mistake_hides_is_mended_in_the_next_round(sample: Path) -> None:
    text = TEXT.replace("@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n", "").replace("integer ;", "integer")

    result = mend(sample, text)

    assert result.texts == {PATH: (text, TEXT.replace('"01"', '"1"'))}
    assert [one.code for one in result.checked.findings] == ["H011"]
    assert (sample / NAME).read_text(encoding="utf-8") == text, "nothing is written while it is mended"


def test_a_repository_that_is_right_is_left_as_it_is(sample: Path) -> None:
    assert mend(sample, TEXT.replace('"01"', '"1"')).texts == {}


def test_a_fix_after_which_more_is_wrong_is_taken_back(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worse = TEXT.replace('"01"', '"02"^^xsd:integer , "01"')
    monkeypatch.setattr(mending, "mended_texts", lambda *_, **__: {PATH: worse})

    result = mend(sample, TEXT)

    assert (result.texts, [one.code for one in result.checked.findings]) == ({}, ["H002"])


def test_it_ends_though_every_round_changes_something(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def other(repository: Repository, *_: object, **__: object) -> dict[PurePosixPath, str]:
        rounds.append(1)
        return {PATH: f"# {len(rounds)}\n{repository.text(PATH)}"}

    monkeypatch.setattr(mending, "mended_texts", other)

    mend(sample, TEXT)

    assert len(rounds) == mending.ROUNDS == 10


def test_a_difference_is_printed_as_patch_takes_it_and_commands_no_terminal() -> None:
    old, new = "a\tb\n\x1b[31m\n\u2028c\r\nx\n", "a\tb\n\x1b[31m\nC\r\nx"

    assert difference({PATH: (old, new)}) == "\n".join(
        [
            f"--- a/{NAME}",
            f"+++ b/{NAME}",
            "@@ -1,4 +1,4 @@",
            " a\tb",
            " \\u001b[31m",
            "-\\u2028c\r",
            "-x",
            "+C\r",
            "+x",
            "\\ No newline at end of file",
        ]
    )


def test_a_file_is_written_as_a_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_bytes(b"old\r\n")
    file.chmod(0o640)

    with file.open("rb") as reader:
        left = write_texts(tmp_path, {PurePosixPath("a.ttl"): ("old\r\n", "new è\r\n")})
        assert reader.read() == b"old\r\n", "who reads while it is written reads the old text"

    assert (left, file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == ([], "new è\r\n".encode(), 0o640)
    assert [one.name for one in tmp_path.iterdir()] == ["a.ttl"]


def test_where_writing_fails_the_old_file_stays_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError

    (tmp_path / "a.ttl").write_text("old", encoding="utf-8")
    monkeypatch.setattr(shutil, "copymode", fail)

    with pytest.raises(OSError):  # noqa: PT011
        write_texts(tmp_path, {PurePosixPath("a.ttl"): ("old", "new")})

    assert [(one.name, one.read_text(encoding="utf-8")) for one in tmp_path.iterdir()] == [("a.ttl", "old")]


@pytest.mark.parametrize("is_folder", [False, True], ids=["link", "behind-a-link"])
def test_nothing_is_written_through_a_link(tmp_path: Path, is_folder: bool) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "root").mkdir()
    target = tmp_path / "outside/a.ttl"
    target.write_text("old", encoding="utf-8")
    link = tmp_path / ("root/data" if is_folder else "root/a.ttl")
    link.symlink_to(target.parent if is_folder else target)
    path = PurePosixPath("data/a.ttl" if is_folder else "a.ttl")

    assert write_texts(tmp_path / "root", {path: ("old", "new")}) == [path]
    assert (target.read_text(encoding="utf-8"), link.is_symlink()) == ("old", True)


def test_a_file_that_has_changed_since_it_was_read_is_left(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("newer", encoding="utf-8")

    assert write_texts(tmp_path, {PurePosixPath("a.ttl"): ("old", "new")}) == [PurePosixPath("a.ttl")]
    assert (tmp_path / "a.ttl").read_text(encoding="utf-8") == "newer"
