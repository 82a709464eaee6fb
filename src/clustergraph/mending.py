"""A repository mended: the fixes of its findings made, again and again, until there is nothing more to mend.

Nothing is written while this goes on: each round reads the texts of the one before in the place of the files.
"""

import difflib
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple, TypeAlias

from clustergraph.checking import NEED_ALL_FILES, OF_FINISHED_FILES, Checked, check
from clustergraph.edits import Fix, applied, together
from clustergraph.findings import Finding, printable
from clustergraph.reading import read
from clustergraph.reading.parsed import Literal, Term
from clustergraph.repository import Repository
from clustergraph.rules.values import as_kept

ROUNDS: Final = 10
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_STAGES: Final = ("T", "H", "C")  # what is wrong with an earlier one hides what is wrong with a later one

Reader: TypeAlias = Callable[[Mapping[PurePosixPath, str]], Repository]
"""The repository with some texts in the place of files."""
Choice: TypeAlias = Callable[[Repository, Checked], Sequence[Finding]]
"""The findings that are to be mended."""


Look: TypeAlias = Callable[[Repository], Checked]
"""What is wrong with a repository."""


class Mended(NamedTuple):
    """Shape: `texts` has the old and the new text of each file that differs; the others are what was found at last."""

    texts: Mapping[PurePosixPath, tuple[str, str]]
    repository: Repository
    checked: Checked


def mended(read_with: Reader, chosen: Choice, *, is_unsafe: bool, look: Look = check) -> Mended:
    """The repository after all fixes that are safe, and the others too if asked for.

    Shape: a fix after which more is wrong with its file is taken back; see `progress`.
    """
    drafts: dict[PurePosixPath, str] = {}
    old: dict[PurePosixPath, str] = {}
    stuck: set[PurePosixPath] = set()
    repository = read_with(drafts)
    checked = look(repository)
    for _ in range(ROUNDS):
        new = {
            path: text
            for path, text in mended_texts(repository, chosen(repository, checked), is_unsafe=is_unsafe).items()
            if path not in stuck
        }
        if not new:
            break
        old = {path: repository.text(path) or "" for path in new} | old
        repository, checked, worse = _kept(read_with, look, (repository, checked), drafts, new)
        stuck |= worse
        drafts = dict(repository.drafts)
    texts = {path: (old[path], text) for path, text in drafts.items() if text != old[path]}
    return Mended(texts, repository, checked)


def _kept(
    read_with: Reader,
    look: Look,
    before: tuple[Repository, Checked],
    drafts: Mapping[PurePosixPath, str],
    new: Mapping[PurePosixPath, str],
) -> tuple[Repository, Checked, set[PurePosixPath]]:
    """The repository with those of the new texts that are better than what they replace, and which are not."""
    repository = read_with({**drafts, **new})
    checked = look(repository)
    is_partial = bool(before[0].findings or repository.findings)
    worse = {
        path
        for path in new
        if progress(checked.findings, path, is_partial=is_partial)
        > progress(before[1].findings, path, is_partial=is_partial)
    }
    if worse:
        repository = read_with({**drafts, **{path: text for path, text in new.items() if path not in worse}})
        checked = look(repository)
    return repository, checked, worse


def progress(findings: Iterable[Finding], path: PurePosixPath, *, is_partial: bool) -> tuple[int, ...]:
    """How far a file is from being right; less is better.

    Shape: findings about text, of house rules, of shapes. The first that differs decides, as each hides those after it.
           `is_partial` leaves out what is only known once every file can be read.
    """
    # What a finished file lacks is said once nothing else is wrong, so it tells of no step back.
    counts = Counter(
        one.code[0]
        for one in findings
        if one.path == str(path) and one.code not in (*OF_FINISHED_FILES, *(NEED_ALL_FILES if is_partial else ()))
    )
    return tuple(counts[stage] for stage in _STAGES)


def mended_texts(repository: Repository, findings: Sequence[Finding], *, is_unsafe: bool) -> dict[PurePosixPath, str]:
    """The texts of the files in which something can be mended, after one round."""
    fixes: dict[str, list[Fix]] = {}
    for one in findings:
        fixes.setdefault(one.path, []).extend([fix for fix in one.fixes if fix.is_safe or is_unsafe][:1])
    found = {}
    for name, ways in fixes.items():
        path, chosen = PurePosixPath(name), together(ways)
        text = repository.text(path) if chosen else None
        if text is not None and (new := mended_text(text, chosen)) is not None:
            found[path] = new
    return found


def mended_text(text: str, fixes: Sequence[Fix]) -> str | None:
    """The text after some fixes; None if nothing changes, or if safe ones would change what a readable text says."""
    new = applied(text, (edit for fix in fixes for edit in fix.edits))
    before = read(text)
    if not before.faults and all(fix.is_safe for fix in fixes) and _said(text) != _said(new):
        return None
    return new if new != text else None


def _said(text: str) -> list[tuple[object, ...]] | None:
    """The triples of a text as they are published; None where it cannot be read."""
    parsed = read(text)
    return None if parsed.faults else [tuple(_as_published(term) for term in triple) for triple in parsed.triples]


def _as_published(term: Term) -> object:
    with suppress(ValueError):  # of a language tag or datatype that is none
        return as_kept(term) if isinstance(term, Literal) else term
    return term


def difference(texts: Mapping[PurePosixPath, tuple[str, str]]) -> str:
    """Old and new texts side by side as a unified diff; what could command a terminal is spelled out."""
    return "\n".join(line for path in sorted(texts) for line in _difference(path, *texts[path]))


def _difference(path: PurePosixPath, old: str, new: str) -> Iterator[str]:
    names = (f"a/{printable(str(path))}", f"b/{printable(str(path))}")
    for line in difflib.unified_diff(_LINE.findall(old), _LINE.findall(new), *names):
        body = line.removesuffix("\n")
        shown = "\t".join(printable(part) for part in body.removesuffix("\r").split("\t"))
        yield shown + "\r" * body.endswith("\r")  # else the difference would not fit a file with such lines
        if body == line:
            yield "\\ No newline at end of file"


def write_texts(root: Path, texts: Mapping[PurePosixPath, tuple[str, str]]) -> list[PurePosixPath]:
    """Writes each new text in the place of the old one, all of it or nothing; the paths that were left as they are.

    Left is a file that is a link or lies behind one, and one that has changed since it was read.
    """
    return [path for path, (old, new) in texts.items() if not _is_written(root, path, old, new)]


def _is_written(root: Path, path: PurePosixPath, old: str, new: str) -> bool:
    steps = [root.joinpath(*path.parts[:number]) for number in range(1, len(path.parts) + 1)]
    file = steps[-1]
    if any(step.is_symlink() for step in steps) or not file.is_file() or file.read_bytes() != old.encode():
        return False
    write_whole(file, new)
    return True


def write_whole(file: Path, text: str) -> None:
    """Writes a file so that whoever reads it finds the old text or the new one, never a part."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name[:100]}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(text.encode())
            out.flush()
            os.fsync(out.fileno())
        if file.exists():
            shutil.copymode(file, temporary)
        else:
            temporary.chmod(0o644)
        temporary.replace(file)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
