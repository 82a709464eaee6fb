"""A checked repository into `dist/`: deterministic, written beside and renamed, so a reader sees all or nothing."""

import ctypes
import fcntl
import gzip
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import pyoxigraph as ox

from clustergraph import __version__
from clustergraph.assembly import Assembly
from clustergraph.check import check
from clustergraph.errors import DatasetUnusable, UsageError
from clustergraph.findings import VIOLATION, Finding, weighing
from clustergraph.metadata import METADATA, counts, describe_dataset
from clustergraph.published import CATALOGUE, DATASET, INTERNAL, MANIFEST, read_manifest, sealed, sha256
from clustergraph.queries import load_queries
from clustergraph.repository import read_repository

_HERE: Final = -100  # AT_FDCWD
_RENAME_EXCHANGE: Final = 2
_SUFFIX: Final = ".building"  # of the hidden folder beside, whose name is drawn by tempfile
_NEW: Final = "new"
_OLD: Final = "old"


class Built(NamedTuple):
    """The outcome of a build.

    Shape: `digest` is empty and nothing was written where a finding is a violation.
    """

    findings: list[Finding]
    digest: str
    counts: dict[str, int]
    inferred_by: dict[str, int]


def build(root: Path, out: Path) -> Built:
    """Checks a repository and, if it has no violation, writes its dataset to a folder.

    Raises: UsageError if the folder holds something that no build made, is or holds the repository or the home folder,
            or cannot be written; it is as it was then.
    """
    with _said(out):
        target = out.resolve()  # a link is kept, and what it leads to is replaced
        _may_replace(root, out, target)
    repository = read_repository(root)
    findings, assembly = check(repository)
    if assembly is None or weighing(findings, VIOLATION):
        return Built(findings, "", {}, {})
    load_queries(root / CATALOGUE)  # a catalogue that cannot be read must not be published
    assembly.add(METADATA, describe_dataset(repository, assembly))
    counted = counts(assembly)
    files = _files(root, assembly)
    with _said(out), _folder_of(target), _beside(target) as beside:
        digest = _write(beside / _NEW, files, counted)
        with _locked(target.parent):
            _may_replace(root, out, target)  # a build takes its time, and somebody may have put something there
            _swap(beside, target)
            _sweep(target)
        _flush([target.parent])
    return Built(findings, digest, counted, dict(assembly.inferred_by))


@contextmanager
def _said(out: Path) -> Iterator[None]:
    """Raises: UsageError with the folder and the system's reason, for whatever the file system refuses."""
    try:
        yield
    except (OSError, RuntimeError) as exc:  # RuntimeError: a link that leads to itself, before Python 3.13
        reason = getattr(exc, "strerror", None) or str(exc)
        message = f"'{out}' cannot be written: {reason}"
        raise UsageError(message) from exc


def _may_replace(root: Path, out: Path, target: Path) -> None:
    for kept in (root.resolve(), Path("~").expanduser().resolve()):
        if kept.is_relative_to(target):
            message = f"'{out}' is or holds the repository or your home folder: name a folder for the build alone"
            raise UsageError(message)
    if target.exists() and not _is_ours(target):
        message = f"'{out}' holds something that no build made: name an empty or a new folder"
        raise UsageError(message)


def _is_ours(folder: Path) -> bool:
    """Whether a folder is empty or holds a manifest of ours and no file but those that it lists."""
    if not folder.is_dir():
        return False
    if not any(folder.iterdir()):
        return True
    try:
        listed = {MANIFEST, *read_manifest(folder)["files"]}
    except DatasetUnusable:
        return False
    return all(path.relative_to(folder).as_posix() in listed for path in _leaves(folder))


def _leaves(folder: Path) -> Iterator[Path]:
    """Everything below that is not a folder, links to folders included; a folder that cannot be read is an error."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            yield from _leaves(path)
        else:
            yield path


def _files(root: Path, assembly: Assembly) -> dict[str, bytes]:
    """What is to be written, by name."""
    lines = b"".join(sorted(_lines(assembly.store)))
    queries = {
        f"{name}/{path.name}": path.read_bytes()
        for name in (CATALOGUE, INTERNAL)
        for path in sorted((root / name).glob("*.rq"))
    }
    return {DATASET: lines, f"{DATASET}.gz": gzip.compress(lines, mtime=0), **queries}


def _lines(store: ox.Store) -> list[bytes]:
    return (ox.serialize(store, format=ox.RdfFormat.N_QUADS) or b"").splitlines(keepends=True)


def _write(folder: Path, files: dict[str, bytes], counted: dict[str, int]) -> str:
    """Writes everything to a new folder and onto the disk; the digest of the dataset."""
    for name in (CATALOGUE, INTERNAL):
        (folder / name).mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    digests = {name: sha256(folder / name) for name in sorted(files)}
    manifest = {"version": __version__, "digest": digests[DATASET], "counts": counted, "files": digests}
    (folder / MANIFEST).write_text(json.dumps(sealed(manifest), indent=2) + "\n", encoding="utf-8")
    _flush([*folder.rglob("*"), folder])
    return digests[DATASET]


def _flush(paths: Iterable[Path]) -> None:
    """Files and folders onto the disk: before the rename makes them visible, and the rename itself."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _folder_of(target: Path) -> Iterator[None]:
    """Makes the folders above, and takes those that it made away again if the build fails."""
    missing = [one for one in target.parents if not one.exists()]
    try:
        with suppress(FileExistsError):  # a file in the place of a folder is told better by who writes into it
            target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for one in missing:
            with suppress(OSError):  # another build may have filled it
                one.rmdir()
        raise


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder of this build alone, beside the target. It is locked while the build lives, so that none sweeps it."""
    with _locked(target.parent):
        beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=_SUFFIX))
        descriptor = os.open(beside, os.O_RDONLY)
        _lock(descriptor)
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone among builds into one folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int = fcntl.LOCK_EX) -> bool:
    """Whether a folder is locked now. Some network file systems lock no folders: nothing is ever swept there."""
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        return False
    return True


def _swap(beside: Path, target: Path) -> None:
    """Puts the new folder in the place of the old one, in one step where the kernel has it."""
    new, old = beside / _NEW, beside / _OLD
    if not target.exists():
        new.rename(target)
    elif not _exchange(new, target):
        target.rename(old)
        try:
            new.rename(target)
        except OSError:
            old.rename(target)
            raise


def _sweep(target: Path) -> None:
    """Removes what killed builds left: folders of our naming, with nothing but what we make, that no build holds."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}{re.escape(_SUFFIX)}")
    for path in target.parent.iterdir():
        if ours.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            with suppress(OSError):
                _sweep_one(path)


def _sweep_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB) and {one.name for one in path.iterdir()} <= {_NEW, _OLD}:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> bool:
    """Whether two names have changed places. Python has no such call, so it is asked of the C library."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "renameat2"):
        return False
    status: int = libc.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE)
    return status == 0
