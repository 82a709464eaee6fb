"""Drills around `clustergraph build`: killed at any moment, and refused the disk."""

import json
import random
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final, NamedTuple

from clustergraph.errors import DatasetUnusable
from clustergraph.published import DATASET, MANIFEST, manifest_text, open_published, sha256

from .figures import Figure
from .launch import small_files, without_rights
from .serving import VERB

_PREF_LABEL: Final = '<http://www.w3.org/2004/02/skos/core#prefLabel> "'
_LIMIT_S: Final = 120.0
_POLL_S: Final = 0.001


class Source(NamedTuple):
    """A repository that can be had in two versions, to see which one a folder holds."""

    root: Path
    changed: Path
    texts: tuple[str, str]

    def turn(self, version: int) -> None:
        """Makes it that version."""
        self.changed.write_text(self.texts[version % 2], encoding="utf-8")


def two_versions(root: Path, name: str, old: str, new: str) -> Source:
    """A repository of which one file is changed to and fro."""
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    return Source(root, root / name, (text, text.replace(old, new)))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name there."""
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def start(source: Source, out: Path, *, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    """A build under way."""
    command = [*prefix, *VERB, "build", "--root", str(source.root), "--out", str(out)]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and what was said on the error stream."""
    _, said = process.communicate(timeout=_LIMIT_S)
    return process.returncode, said


def both(source: Source, folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What a build of each version holds."""
    held = []
    for version in range(2):
        source.turn(version)
        status, said = finish(start(source, folder / f"version-{version}"))
        assert status == 0, said
        held.append(contents(folder / f"version-{version}"))
    assert held[0] != held[1]
    return held[0], held[1]


def leftovers(folder: Path, *, kept: Sequence[str] = ("dist", ".dist.previous")) -> list[str]:
    """Names that a build should not leave."""
    return [one.name for one in folder.iterdir() if one.name not in kept]


def relabelled(dist: Path, folder: Path) -> Path:
    """A build as a later one might be, with one label changed; quicker than to build it."""
    later = Path(shutil.copytree(dist, folder))
    lines = (later / DATASET).read_text(encoding="utf-8").split("\n")
    at = next(number for number, line in enumerate(lines) if _PREF_LABEL in line)
    lines = [line.replace(f'{_label(lines[at])}"', f'{_label(lines[at])} II"') for line in lines]
    (later / DATASET).write_text("\n".join(lines), encoding="utf-8")
    manifest = json.loads((later / MANIFEST).read_text(encoding="utf-8"))
    manifest["digest"] = manifest["files"][DATASET] = sha256(later / DATASET)
    (later / MANIFEST).write_bytes(manifest_text(manifest))
    return later


def _label(line: str) -> str:
    return line.partition(_PREF_LABEL)[2].partition('"')[0]


def kill_builds(source: Source, folder: Path, *, kills: int, each: int = 5) -> list[Figure]:
    """Kills builds at any moment; after each few of them one is let through."""
    fault, versions = "build killed", both(source, folder / "whole")
    place = folder / "place"
    place.mkdir()
    out = place / "dist"
    shutil.copytree(folder / "whole/version-0", out)
    held, broken, failed, left, late, new = 0, 0, 0, 0, 0, 0
    moments = _moments(source, folder / "timed")
    for turn in range(kills):
        source.turn(1 - held)
        survived = _kill_one(source, out, next(moments))
        late += survived
        found = contents(out)
        broken += found not in versions or not _is_whole(out)
        new += found == versions[1 - held]
        held = versions.index(found) if found in versions else held
        if turn % each == each - 1 or turn == kills - 1:
            source.turn(held := 1 - held)
            status, _ = finish(start(source, out))
            failed += status != 0 or contents(out) != versions[held]
            left += len(leftovers(place))
    return [
        Figure(fault, "builds killed before their end", kills * 0.7, kills - late, is_least=True),
        Figure(fault, f"folders neither the old nor the new version ({new} of {kills} new)", 0, broken),
        Figure(fault, "next builds that failed", 0, failed),
        Figure(fault, "leftovers after the next build", 0, left),
    ]


def _is_whole(folder: Path) -> bool:
    try:
        open_published(folder)
    except DatasetUnusable:
        return False
    return True


class _Moment(NamedTuple):
    """When to kill: so long after the start, or after the folder beside has appeared."""

    after_s: float
    is_beside: bool


def _moments(source: Source, folder: Path) -> Iterator[_Moment]:
    folder.mkdir()
    began = time.monotonic()
    process = start(source, folder / "dist")
    while process.poll() is None and not any(folder.iterdir()):
        time.sleep(_POLL_S)
    beside = time.monotonic()
    finish(process)
    took_s, lead_s = time.monotonic() - began, time.monotonic() - beside
    chance = random.Random(1)  # noqa: S311  # the same moments in every run
    for is_beside in cycle((False, True, True)):
        yield _Moment(chance.uniform(0, lead_s if is_beside else took_s), is_beside)


def _kill_one(source: Source, out: Path, moment: _Moment) -> bool:
    """Whether the build had ended before."""
    stale = set(out.parent.iterdir())
    process = start(source, out)
    while moment.is_beside and process.poll() is None and set(out.parent.iterdir()) <= stale:
        time.sleep(_POLL_S)
    try:
        process.wait(timeout=moment.after_s)
    except subprocess.TimeoutExpired:
        process.kill()
    finish(process)
    return process.returncode == 0


class Refusal(NamedTuple):
    """One way in which the system refuses a build its disk, and what the build must say of it."""

    name: str
    reason: str
    prefix: tuple[str, ...] | None
    mode: int = 0o755


def refusals() -> list[Refusal]:
    """The ways that are open to this user; the full disk is the first write beyond some size."""
    return [
        Refusal("disk full at the first byte", "File too large", small_files(0)),
        Refusal("disk full in the dataset", "File too large", small_files(8_192)),
        Refusal("folder that may not be written", "Permission denied", without_rights(), mode=0o555),
    ]


def refuse(source: Source, folder: Path, refusal: Refusal) -> list[str]:
    """What is wrong with how a build over an older one takes a refusal: nothing, one hopes."""
    assert refusal.prefix is not None
    place = folder / refusal.name.replace(" ", "-")
    out = place / "dist"
    source.turn(0)
    assert finish(start(source, out))[0] == 0
    before = contents(out)
    source.turn(1)
    place.chmod(refusal.mode)
    status, said = finish(start(source, out, prefix=refusal.prefix))
    place.chmod(0o755)
    wrong = {
        f"exit status {status}": status == 2,
        f"said {said!r}": said.endswith(f"'{out}' cannot be written: {refusal.reason}\n"),
        "the older build is gone": contents(out) == before,
        f"left {leftovers(place)}": not leftovers(place),
        "the next build fails": finish(start(source, out))[0] == 0 and contents(out) != before,
    }
    return [what for what, is_right in wrong.items() if not is_right]
