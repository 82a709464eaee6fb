"""Builds that are damaged in every way we could think of, and what a server says of them when it starts."""

import itertools
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from clustergraph.published import CATALOGUE, DATASET, INTERNAL, MANIFEST

from .figures import Figure
from .serving import VERB

_LIMIT_S: Final = 20.0  # a server that has not refused by then is serving
_CHANGED: Final = 64

_Damage = Callable[[Path, random.Random], None]


def _flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def _truncate(path: Path, chance: random.Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def _delete(path: Path, _chance: random.Random) -> None:
    path.unlink()


def _zero(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    start = chance.randrange(max(1, len(data) - _CHANGED))
    path.write_bytes(data[:start] + bytes(len(data[start : start + _CHANGED])) + data[start + _CHANGED :])


def _swap(path: Path, chance: random.Random) -> None:
    others = [one for one in sorted(path.parent.iterdir()) if one.is_file() and one != path]
    data, other = path.read_bytes(), chance.choice(others)
    path.write_bytes(other.read_bytes())
    other.write_bytes(data)


def _grow(path: Path, chance: random.Random) -> None:
    with path.open("ab") as stream:
        stream.write(chance.randbytes(_CHANGED))


def _empty(path: Path, _chance: random.Random) -> None:
    os.truncate(path, 0)


def _symlink(path: Path, _chance: random.Random) -> None:
    """Leads out of the folder, to the very bytes that were there: today."""
    moved = path.rename(path.with_name(f"{path.name}.moved"))
    outside = moved.rename(_top(moved).parent / f"{_top(moved).name}-{path.name}")
    path.symlink_to(outside)


def _top(path: Path) -> Path:
    return next(one for one in path.parents if (one / MANIFEST).exists() or one.name.startswith("damaged"))


DAMAGES: Final[Mapping[str, _Damage]] = {
    "bit flip": _flip,
    "truncate": _truncate,
    "delete": _delete,
    "zero": _zero,
    "swap": _swap,
    "grow": _grow,
    "empty": _empty,
    "symlink": _symlink,
}
KINDS: Final = (MANIFEST, DATASET, f"{DATASET}.gz", CATALOGUE, INTERNAL)


class Damaged(NamedTuple):
    """One damaged build.

    Shape: `names` are those of the files that a message may name: the two of a swap.
    """

    folder: Path
    what: str
    names: frozenset[str]


def damaged(dist: Path, folder: Path) -> Iterator[Damaged]:
    """Damaged copies of a build without end: every kind of file in every way, again and again at other places."""
    for turn, (kind, name) in enumerate(itertools.cycle(itertools.product(KINDS, DAMAGES))):
        chance = random.Random(turn)  # noqa: S311  # the same damage in every run
        copy = Path(shutil.copytree(dist, folder / f"damaged-{turn}"))
        path = copy / kind
        path = chance.choice(sorted(path.iterdir())) if path.is_dir() else path
        before = _files(copy)
        DAMAGES[name](path, chance)
        after = _files(copy)
        names = frozenset(one for one in {*before, *after} if before.get(one) != after.get(one))
        yield Damaged(copy, f"{name} of {path.name}", names)


def _files(folder: Path) -> dict[str, object]:
    """What is there, and how."""
    return {one.name: (one.is_symlink(), one.read_bytes()) for one in folder.rglob("*") if one.is_file()}


def unrefused(one: Damaged) -> str | None:
    """What is wrong with how `clustergraph serve` takes it; None if it refuses it and names the file."""
    command = [*VERB, "serve", str(one.folder), "--port", "0"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"{one.what}: served"
    if done.returncode != 2 or not any(name in done.stderr for name in one.names):
        return f"{one.what}: status {done.returncode}, {done.stderr!r}"
    return None


def refuse_damaged(dist: Path, folder: Path, *, count: int, lanes: int = 2) -> list[Figure]:
    """Starts a server over so many damaged builds."""

    def judged(one: Damaged) -> str | None:
        try:
            return unrefused(one)
        finally:
            shutil.rmtree(one.folder)

    with ThreadPoolExecutor(lanes) as pool:
        wrong = [
            said
            for batch in _batches(itertools.islice(damaged(dist, folder), count))
            for said in pool.map(judged, batch)
            if said
        ]
    shown = f" {wrong[:5]}" if wrong else ""
    return [Figure("build damaged", f"starts over {count} not refused, or with no file named{shown}", 0, len(wrong))]


def _batches(every: Iterator[Damaged]) -> Iterator[list[Damaged]]:
    """A few at a time, as each is a whole copy."""
    while batch := list(itertools.islice(every, 20)):
        yield batch
