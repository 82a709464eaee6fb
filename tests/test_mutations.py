"""Every file of the repository spoilt by chance: the check goes on, ends, and tells what is wrong inside of the file.

`CLUSTERGRAPH_MUTATIONS` has how many files are spoilt; `make mutations` spoils 10,000.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from clustergraph.checking import check, house_findings
from clustergraph.files import contributed
from clustergraph.findings import LANGUAGES, Finding
from clustergraph.outputs import RENDERERS, Outcome, Sources
from clustergraph.reading import read
from clustergraph.repository import Document, Repository, read_document, read_repository
from conftest import REPOSITORY

MUTATIONS: Final = int(os.environ.get("CLUSTERGRAPH_MUTATIONS", "300"))
WHOLE_EVERY: Final = 25  # of how many spoilt files one is checked with all that the others say
BOUND_S: Final = 20.0  # of the processor's time, ten times what a whole check takes
CHARACTERS: Final = (*".;,[](){}<>\"'@^:_#\\ \n\t\r-%1aZé", "\x00", "\u202e", "\x1b[31m", "\U0001f600", "\ufeff", '"""')

Change = Callable[[str, random.Random], str]


def _with_character(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    sign: str = chance.choice(CHARACTERS)
    return text[:at] + sign + text[at + chance.randrange(2) :]


def _without_characters(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.randrange(1, 4) :]


def _swapped_characters(text: str, chance: random.Random) -> str:
    at = chance.randrange(max(1, len(text) - 1))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def _of_parts(separator: str, change: Callable[[list[str], int, int], None]) -> Change:
    def changed(text: str, chance: random.Random) -> str:
        parts = text.split(separator)
        change(parts, chance.randrange(len(parts)), chance.randrange(len(parts)))
        return separator.join(parts)

    return changed


def _dropped(parts: list[str], at: int, _other: int) -> None:
    del parts[at]


def _doubled(parts: list[str], at: int, _other: int) -> None:
    parts.insert(at, parts[at])


def _swapped(parts: list[str], at: int, other: int) -> None:
    parts[at], parts[other] = parts[other], parts[at]


CHANGES: Final[tuple[Change, ...]] = (
    _with_character,
    _with_character,
    _without_characters,
    _swapped_characters,
    *(_of_parts(separator, change) for separator in (" ", "\n") for change in (_dropped, _doubled, _swapped)),
    lambda text, chance: text[: chance.randrange(len(text) + 1)],
)


def spoilt_files(number: int) -> Iterator[tuple[int, PurePosixPath, str]]:
    """Files in turn, each time spoilt in another way; the same in every run."""
    chance = random.Random(4)  # noqa: S311  # the same every time
    paths = sorted(contributed(REPOSITORY))
    texts = {path: (REPOSITORY / path).read_text(encoding="utf-8") for path in paths}
    for count in range(number):
        path = paths[count % len(paths)]
        text = texts[path]
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            text = chance.choice(CHANGES)(text, chance)
        if text != texts[path]:
            yield count, path, text


def with_spoilt(repository: Repository, path: PurePosixPath, root: Path) -> Repository:
    """The repository with one of its documents read again, from another folder."""
    found = read_document(root, path)
    others = tuple(one for one in repository.documents if one.path != path)
    if isinstance(found, Document):
        return replace(repository, documents=tuple(sorted((*others, found), key=lambda one: one.path)))
    return replace(repository, documents=others, findings=(*repository.findings, *found))


def require_inside(finding: Finding, text: str) -> None:
    """A finding that tells of a line has it, its columns and both its languages in the text."""
    assert set(finding.message) == set(LANGUAGES)
    if finding.at is None:
        assert finding.code in ("T002", "T003", "H001") or "findings" in finding.message["en"], finding
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    place = finding.at
    assert 1 <= place.line <= place.end_line <= len(lines), finding
    assert 1 <= place.column <= len(lines[place.line - 1]) + 1, finding
    assert 1 <= place.end_column <= len(lines[place.end_line - 1]) + 1, finding
    assert (place.line, place.column) <= (place.end_line, place.end_column), finding


@pytest.fixture(scope="module")
def repository() -> Repository:
    return read_repository(REPOSITORY)


def test_a_spoilt_file_is_told_inside_of_itself_and_never_ends_the_check(
    repository: Repository, tmp_path: Path
) -> None:
    refused = 0
    for count, path, text in spoilt_files(MUTATIONS):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
        before = time.process_time()

        spoilt = with_spoilt(repository, path, tmp_path)
        findings = check(spoilt).findings if count % WHOLE_EVERY == 0 else [*spoilt.findings, *house_findings(spoilt)]

        assert time.process_time() - before < BOUND_S, (count, path)
        about = [one for one in findings if one.path == str(path)]
        for one in about:
            require_inside(one, text)
        if path.suffix == ".ttl" and read(text).faults:
            refused += 1
            assert about, (count, path)
            assert all(one.at is not None or one.code == "T002" for one in about), (count, path)
        outcome = Outcome(about, "it", Sources({str(path): text}))
        for render in RENDERERS.values():
            assert all(sign.isprintable() or sign in "\n\r\t" for sign in render(outcome)), (count, path)
    assert refused >= MUTATIONS / 10
