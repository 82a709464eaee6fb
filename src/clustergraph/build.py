"""A checked repository into `dist/`: deterministic, written beside and renamed, so a reader sees all or nothing."""

import ctypes
import gzip
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import pyoxigraph as ox

from clustergraph import __version__
from clustergraph.assembly import Assembly
from clustergraph.check import check
from clustergraph.errors import UsageError
from clustergraph.findings import VIOLATION, Finding, weighing
from clustergraph.metadata import METADATA, counts, describe_dataset
from clustergraph.published import CATALOGUE, DATASET, INTERNAL, MANIFEST, sha256
from clustergraph.queries import load_queries
from clustergraph.repository import read_repository

_HERE: Final = -100  # AT_FDCWD
_RENAME_EXCHANGE: Final = 2


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

    Raises: UsageError if the folder holds something that no build made.
    """
    _may_replace(out)
    repository = read_repository(root)
    findings, assembly = check(repository)
    if assembly is None or weighing(findings, VIOLATION):
        return Built(findings, "", {}, {})
    assembly.add(METADATA, describe_dataset(repository, assembly))
    counted = counts(assembly)
    digest = _write(root, out, assembly, counted)
    return Built(findings, digest, counted, dict(assembly.inferred_by))


def _may_replace(out: Path) -> None:
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MANIFEST).is_file())):
        message = f"'{out}' holds something that no build made: name an empty or a new folder"
        raise UsageError(message)


def _write(root: Path, out: Path, assembly: Assembly, counted: dict[str, int]) -> str:
    load_queries(root / CATALOGUE)  # a catalogue that cannot be read must not be published
    out = out.resolve()  # a link is kept, and what it leads to is replaced
    beside = out.with_name(f"{out.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    lines = sorted(_lines(assembly.store))
    (beside / DATASET).write_bytes(b"".join(lines))
    (beside / f"{DATASET}.gz").write_bytes(gzip.compress(b"".join(lines), mtime=0))
    for name in (CATALOGUE, INTERNAL):
        _copy_queries(root / name, beside / name)
    digest = sha256(beside / DATASET)
    files = {path.relative_to(beside).as_posix(): sha256(path) for path in sorted(beside.rglob("*")) if path.is_file()}
    manifest = {"version": __version__, "digest": digest, "counts": counted, "files": files}
    (beside / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    _flush([*beside.rglob("*"), beside])
    _swap(beside, out)
    _flush([out.parent])
    return digest


def _lines(store: ox.Store) -> list[bytes]:
    return (ox.serialize(store, format=ox.RdfFormat.N_QUADS) or b"").splitlines(keepends=True)


def _copy_queries(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for path in sorted(source.glob("*.rq")):
        (target / path.name).write_bytes(path.read_bytes())


def _flush(paths: Iterable[Path]) -> None:
    """Files and folders onto the disk: before the rename makes them visible, and the rename itself."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _swap(beside: Path, out: Path) -> None:
    """Puts the new folder in the place of the old one, in one step where the kernel has it."""
    if not out.exists():
        beside.rename(out)
        return
    old = beside
    if not _exchange(beside, out):
        old = out.with_name(f"{out.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
        beside.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Whether two names have changed places. Python has no such call, so it is asked of the C library."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "renameat2"):
        return False
    status: int = libc.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE)
    return status == 0
