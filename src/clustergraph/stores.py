"""Stores on disk for datasets too large for memory: made once for each digest, verified before each use.

A store is written beside its place and renamed, so that it is whole or not there. The folder holds the one in use, and
the one before it for a way back.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from clustergraph.engine import write_store
from clustergraph.errors import DatasetUnusable, UsageError
from clustergraph.sandbox import die_with_parent

_SUMS: Final = "files.json"
_FILES: Final = "store"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_DESCRIPTORS: Final = Path("/proc/self/fd")
_UNFINISHED: Final = ".making"


class StoredDataset(NamedTuple):
    """A verified store.

    Shape: `folder` holds `files` files of the engine; `hold` is a descriptor that keeps the store from being removed by
           others as long as this process, or one forked from it, has it open.
    """

    folder: Path
    quads: int
    files: int
    hold: int


def has_more_quads(dataset: Path, limit: int) -> bool:
    """Whether an N-Quads file, one quad to a line, has more than so many; reads no further than it must."""
    lines = 0
    with dataset.open("rb", buffering=0) as stream:
        while piece := stream.read(1 << 20):
            lines += piece.count(b"\n")
            if lines > limit:
                return True
    return False


def open_stored(dataset: Path, name: str, folder: Path, *, expected: str = "") -> StoredDataset:
    """The store of a dataset, made first where there is none or it is not what was written.

    Shape:  `name` names the store, as a digest does; with `expected`, no file but one of that SHA-256 is loaded.
    Raises: OSError where the folder cannot be written, or the dataset not be loaded; DatasetUnusable for another file.
    """
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        for half in _ours(folder, _UNFINISHED):
            shutil.rmtree(half)
        stored = _verified(path)
        if stored is None:
            if path.exists():
                print(f"the store '{path}' is damaged and is made anew", file=sys.stderr)
                shutil.rmtree(path)
            if expected and _sum(dataset) != expected:
                message = "the dataset is no longer what was verified (SHA-256 differs)"
                raise DatasetUnusable(message)
            _make(dataset, path)
            stored = _verified(path)
        if stored is None:
            message = f"'{path}' does not hold what was written to it: look at the disk"
            raise OSError(message)
        os.utime(path)  # the order of use decides which of the others stays
        _remove_others(path)
    return stored


def served_store(dataset: Path, name: str, folder: Path, *, expected: str) -> StoredDataset:
    """The same for a server, whose operator is told what to do where it cannot be had.

    Raises: UsageError where the folder cannot be written, or the dataset not loaded; DatasetUnusable for another file.
    """
    try:
        return open_stored(dataset, name, folder, expected=expected)
    except OSError as exc:
        message = (
            f"cannot write to '{folder}' ({exc.strerror}): choose another folder with --store-dir"
            if exc.strerror
            else f"{exc}: the lines before this one say why; is there room on the disk, is the dataset whole?"
        )
        raise UsageError(message) from exc


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    # Another server may serve another build from the same folder.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _ours(folder: Path, suffix: str = "") -> list[Path]:
    return [
        one for one in folder.iterdir() if _DIGEST.fullmatch(one.name.removesuffix(suffix)) and one.suffix == suffix
    ]


def _make(dataset: Path, path: Path) -> None:
    making = path.with_name(path.name + _UNFINISHED)
    making.mkdir()
    quads = _load(dataset, making / _FILES)
    files = sorted((making / _FILES).iterdir())
    sums = {one.name: _sum(one) for one in files}
    told = making / _SUMS
    told.write_text(json.dumps({"quads": quads, "files": sums}, indent=2) + "\n", encoding="utf-8")
    for one in (*files, told, making / _FILES, making):
        _sync(one)
    making.rename(path)
    _sync(path.parent)


def _load(dataset: Path, files: Path) -> int:
    """The number of quads in a new store, loaded by a process of its own, as that leaves threads and memory behind."""
    command = [sys.executable, "-P", "-m", "clustergraph.stores", str(dataset), str(files), str(os.getpid())]
    handed = [int(dataset.name)] if dataset.parent == _DESCRIPTORS else []
    done = subprocess.run(  # noqa: S603  # our own interpreter and module, no shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, pass_fds=handed, check=False
    )
    if done.returncode:
        message = f"'{dataset}' could not be loaded into '{files}'"
        raise OSError(message)
    return int(done.stdout)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _verified(path: Path) -> StoredDataset | None:
    """The store if each of its files is what was written, and there is no other."""
    try:
        told = json.loads((path / _SUMS).read_bytes())
        files = sorted((path / _FILES).iterdir())
        if {one.name: _sum(one) for one in files} != told["files"]:
            return None
        hold = os.open(path, os.O_RDONLY)
        fcntl.flock(hold, fcntl.LOCK_SH)
        return StoredDataset(path / _FILES, int(told["quads"]), len(files), hold)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove_others(path: Path) -> None:
    """Removes the stores of other digests but the one used last, and those that another process serves."""
    others = [one for one in _ours(path.parent) if one != path]
    for one in sorted(others, key=lambda other: other.stat().st_mtime_ns, reverse=True)[1:]:
        descriptor = os.open(one, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(one)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[3]))
    print(write_store(Path(sys.argv[1]), Path(sys.argv[2])))
