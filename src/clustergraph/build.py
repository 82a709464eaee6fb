"""A checked repository into `dist/`: deterministic, written beside and renamed, so a reader sees all or nothing."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox

from clustergraph import __version__
from clustergraph.assembly import Assembly, read_rules
from clustergraph.checking import check, sources_of
from clustergraph.errors import UsageError
from clustergraph.findings import VIOLATION, Finding, weighing
from clustergraph.metadata import METADATA, counts, describe_dataset
from clustergraph.outputs import Sources
from clustergraph.published import CATALOGUE, DATASET, INTERNAL, MANIFEST, manifest_text, sha256
from clustergraph.queries import load_queries
from clustergraph.releases import NEW, beside, flush, is_free, locked, previous_of, put_in_place
from clustergraph.repository import Repository, read_repository
from clustergraph.submissions import CONTRIBUTED


class Built(NamedTuple):
    """The outcome of a build.

    Shape: `digest` is empty and nothing was written where a finding is a violation; `sources` are the texts that the
           findings speak of.
    """

    findings: list[Finding]
    digest: str
    counts: dict[str, int]
    inferred_by: dict[str, int]
    sources: Sources


def build(root: Path, out: Path) -> Built:
    """Checks a repository and, if it has no violation, writes its dataset to a folder.

    Raises: UsageError if the folder holds something that no build made, is or holds the repository or the home folder,
            or cannot be written; it is as it was then.
    """
    with _said(out):
        target = out.resolve()  # a link is kept, and what it leads to is replaced
        _may_replace(root, out, target)
    repository = read_repository(root)
    findings, assembly, *_ = check(repository)
    sources = sources_of(repository, findings)
    if assembly is None or weighing(findings, VIOLATION):
        return Built(findings, "", {}, {}, sources)
    load_queries(root / CATALOGUE)  # a catalogue that cannot be read must not be published
    assembly.add(METADATA, describe_dataset(repository, assembly))
    counted = counts(assembly)
    files = _files(root, repository, assembly)
    with _said(out), _folder_of(target), beside(target) as own:
        digest = _write(own / NEW, files, counted)
        with locked(target.parent):
            _may_replace(root, out, target)  # a build takes its time, and somebody may have put something there
            put_in_place(own, target)
        flush([target.parent])
    return Built(findings, digest, counted, dict(assembly.inferred_by), sources)


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
    if not is_free(target):
        message = f"'{out}' holds something that no build made: name an empty or a new folder"
        raise UsageError(message)
    if not is_free(previous_of(target)):
        message = f"'{previous_of(out)}' is where the build before is kept, and no build made it: move it elsewhere"
        raise UsageError(message)


def _files(root: Path, repository: Repository, assembly: Assembly) -> dict[str, bytes]:
    """What is to be written, by name."""
    lines = b"".join(sorted(_lines(assembly.store)))
    queries = {
        f"{name}/{path.name}": path.read_bytes()
        for name in (CATALOGUE, INTERNAL)
        for path in sorted((root / name).glob("*.rq"))
    }
    contributed = _contributed(root, repository)
    return {DATASET: lines, f"{DATASET}.gz": gzip.compress(lines, mtime=0), CONTRIBUTED: contributed, **queries}


def _contributed(root: Path, repository: Repository) -> bytes:
    """The documents and the rules of a repository, by path, as one file: what is judged later is judged beside them."""
    documents = {str(one.path): one.parsed.text for one in repository.documents}
    rules = {Path(path).relative_to(root).as_posix(): text for path, text in read_rules(root).items()}
    return json.dumps({"documents": documents, "rules": rules}, ensure_ascii=False, indent=1).encode()


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
    (folder / MANIFEST).write_bytes(manifest_text(manifest))
    flush([*folder.rglob("*"), folder])
    return digests[DATASET]


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
