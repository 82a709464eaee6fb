"""What `clustergraph build` wrote, opened and verified: the only thing that serving and querying read."""

import errno
import hashlib
import json
import os
import stat
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from clustergraph.errors import DatasetUnusable
from clustergraph.queries import INTERNAL_QUERIES, SavedQuery, decoded, read_internal, read_query

MANIFEST: Final = "manifest.json"
DATASET: Final = "clustergraph.nq"
CATALOGUE: Final = "queries/catalogue"
INTERNAL: Final = "queries/internal"
_MANIFEST_LIMIT_BYTES: Final = 10_000_000  # a hundred thousand files
_KEYS: Final[dict[str, Callable[[Any], bool]]] = {
    "version": lambda one: isinstance(one, str) and one.isprintable(),
    "digest": lambda one: isinstance(one, str) and one.isprintable(),
    "counts": lambda one: isinstance(one, dict) and all(type(count) is int for count in one.values()),
    "files": lambda one: isinstance(one, dict) and all(isinstance(digest, str) for digest in one.values()),
}
_CHECKSUM: Final = "checksum"
_QUERY: Final = ".rq"
ANEW: Final = "run 'clustergraph build' to make it anew"
_MISSING: Final = "there is no folder '{}': run 'clustergraph build', or name another, here or in CLUSTERGRAPH_DIST"
_ONLY_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe must not wait
DIST_VARIABLE: Final = "CLUSTERGRAPH_DIST"


class PinnedFile:
    """A file held open, so that what was verified is what is read, whatever its folder holds by then.

    Shape: `path` leads to it from this process alone, however often it is opened, until this is closed or gone.
    """

    def __init__(self, descriptor: int) -> None:
        self.path: Final = Path(f"/proc/self/fd/{descriptor}")
        self.close: Final = weakref.finalize(self, os.close, descriptor)


@dataclass(frozen=True)
class Published:
    """One built dataset.

    Shape: `digest` is the SHA-256 of the N-Quads file in lower-case hexadecimal and names the dataset everywhere;
           `counts` maps what was counted (clusters, sources, …) to how many; `release` is the SHA-256 of the manifest,
           so that it differs where anything does; `internal` are the queries that the code itself runs, by name;
           `files` are those that are no queries, by their name in the manifest.
    """

    folder: Path
    version: str
    digest: str
    counts: dict[str, int]
    catalogue: dict[str, SavedQuery]
    internal: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, PinnedFile] = field(default_factory=dict)
    release: str = ""

    @property
    def dataset(self) -> Path:
        """The N-Quads file with every named graph and, as the default graph, their merge.

        Shape: of a build that was opened, the very file that was verified.
        """
        return self.files[DATASET].path if DATASET in self.files else self.folder / DATASET

    @property
    def internal_queries(self) -> Mapping[str, str]:
        """The texts of the queries that the code itself runs, by name.

        Raises: DatasetUnusable naming one that the pages need and the build lacks.
        """
        for name in INTERNAL_QUERIES:
            if name not in self.internal:
                missing = f"{INTERNAL}/{name}.rq"
                message = f"'{self.folder / MANIFEST}' does not list {missing}, which the pages need: {ANEW}"
                raise DatasetUnusable(message)
        return self.internal


def find_dist(folder: Path | None = None) -> Path:
    """The folder of the built dataset: that given, that of CLUSTERGRAPH_DIST, `dist/` here, or that in the wheel."""
    if folder is not None:
        return folder
    if variable := os.environ.get(DIST_VARIABLE):
        return Path(variable)
    packaged = Path(__file__).parent / "dist"
    here = Path("dist")
    return here if here.is_dir() or not packaged.is_dir() else packaged


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in lower-case hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifest_text(manifest: Mapping[str, Any]) -> bytes:
    """The bytes of a manifest with its checksum, by which any change of the manifest itself is seen."""
    rest = {key: value for key, value in manifest.items() if key != _CHECKSUM}
    checksum = hashlib.sha256(json.dumps(rest, indent=2).encode()).hexdigest()
    return f"{json.dumps({**rest, _CHECKSUM: checksum}, indent=2)}\n".encode()


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a build says of itself, its files not yet looked at.

    Raises: DatasetUnusable if there is none, or none that a build writes. Never waits for a pipe.
    """
    with _held(folder) as held:
        return _manifest(folder, held)[0]


def dataset_digest(folder: Path) -> str:
    """The digest that a build gives of its dataset, of which nothing is verified yet.

    Raises: DatasetUnusable if the folder is no build, or its dataset is no regular file.
    """
    with _held(folder) as held:
        manifest, _ = _manifest(folder, held)
        os.close(_listed(folder, held, DATASET))
    return str(manifest["digest"])


@contextmanager
def _held(folder: Path) -> Iterator[int]:
    """A descriptor of a folder: what is read through it is of one version, whatever is put in its place meanwhile.

    Raises: DatasetUnusable if there is none, and for whatever the file system refuses while it is held.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise DatasetUnusable(_MISSING.format(folder)) from exc
    except OSError as exc:
        message = f"'{folder}' cannot be read ({exc.strerror}): {ANEW}"
        raise DatasetUnusable(message) from exc
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _manifest(folder: Path, held: int) -> tuple[dict[str, Any], bytes]:
    path = folder / MANIFEST
    descriptor = _regular(folder, held, MANIFEST)
    if descriptor is None:
        is_there = os.access(MANIFEST, os.F_OK, dir_fd=held)
        message = f"'{path}' is no regular file: {ANEW}" if is_there else f"'{folder}' has no {MANIFEST}: {ANEW}"
        raise DatasetUnusable(message)
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(_MANIFEST_LIMIT_BYTES)
    manifest = _parsed(path, data)
    if not isinstance(manifest, dict) or not all(is_fit(manifest.get(key)) for key, is_fit in _KEYS.items()):
        message = f"'{path}' lacks one of {', '.join(_KEYS)}, or has there what no build writes: {ANEW}"
        raise DatasetUnusable(message)
    return manifest, data


def _parsed(path: Path, data: bytes) -> object:
    try:
        parsed: object = json.loads(data)
    except ValueError as exc:
        message = f"'{path}' is not JSON: {ANEW}"
        raise DatasetUnusable(message) from exc
    except RecursionError as exc:
        message = f"'{path}' is nested too deeply: {ANEW}"
        raise DatasetUnusable(message) from exc
    return parsed


def _regular(folder: Path, held: int, name: str) -> int | None:
    """A descriptor of a regular file below a folder, reached through no link; None if there is none of that name.

    Raises: DatasetUnusable for a link on the way, and for what the file system refuses.
    """
    *folders, last = name.split("/")
    at = os.dup(held)
    try:
        for one in folders:
            above, at = at, os.open(one, _ONLY_READ | os.O_DIRECTORY, dir_fd=at)
            os.close(above)
        descriptor = os.open(last, _ONLY_READ, dir_fd=at)
    except OSError as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            _refuse_links(folder, name)
            return None
        message = f"'{folder / name}' cannot be read ({exc.strerror}): {ANEW}"
        raise DatasetUnusable(message) from exc
    finally:
        os.close(at)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def _refuse_links(folder: Path, name: str) -> None:
    path = folder / name
    for one in (path, *path.parents[: name.count("/")]):
        if one.is_symlink():
            message = f"'{one}' is a link, which may lead anywhere: {ANEW}"
            raise DatasetUnusable(message)


def open_published(folder: Path) -> Published:
    """The built dataset in a folder, after every file was compared with its digest in the manifest.

    Shape:  everything is read once and kept, or held open: of a folder that changes later nothing is read.
    Raises: DatasetUnusable naming the file that is missing, changed or added; nothing is served from it then.
    """
    with _held(folder) as held:
        manifest, data = _manifest(folder, held)
        _check_whole(folder, manifest, data)
        texts: dict[str, str] = {}
        files: dict[str, PinnedFile] = {}
        for name, digest in manifest["files"].items():
            descriptor = _listed(folder, held, name)
            if name.endswith(_QUERY):
                texts[name] = _verified_text(folder / name, descriptor, digest)
            else:
                files[name] = _verified_file(folder / name, descriptor, digest)
        _check_unlisted(folder, held, manifest["files"])
    return Published(
        folder,
        manifest["version"],
        manifest["digest"],
        manifest["counts"],
        {name: read_query(path, text) for name, path, text in _queries_in(folder, CATALOGUE, texts)},
        {name: read_internal(path, text) for name, path, text in _queries_in(folder, INTERNAL, texts)},
        files,
        hashlib.sha256(data).hexdigest(),
    )


def _check_whole(folder: Path, manifest: Mapping[str, Any], data: bytes) -> None:
    # One without a checksum has nothing else beside what it must have, lest damage to that word go unseen.
    if manifest_text(manifest) != data if _CHECKSUM in manifest else manifest.keys() != _KEYS.keys():
        message = f"'{folder / MANIFEST}' is not as it was written (its checksum differs): {ANEW}"
        raise DatasetUnusable(message)
    if DATASET not in manifest["files"]:
        message = f"'{folder / MANIFEST}' does not list {DATASET}: {ANEW}"
        raise DatasetUnusable(message)
    if manifest["files"][DATASET] != manifest["digest"]:
        message = f"'{folder / MANIFEST}' gives two digests for {DATASET}: {ANEW}"
        raise DatasetUnusable(message)


def _listed(folder: Path, held: int, name: str) -> int:
    if not name.isprintable() or {"", ".", ".."} & {*name.split("/")}:  # the empty part is that before a first slash
        message = f"'{folder / MANIFEST}' names {name!r}, which is no file of this folder: {ANEW}"
        raise DatasetUnusable(message)
    descriptor = _regular(folder, held, name)
    if descriptor is None:
        message = f"'{folder / name}' is named in {MANIFEST} but is not there: {ANEW}"
        raise DatasetUnusable(message)
    return descriptor


def _verified_text(path: Path, descriptor: int, digest: str) -> str:
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read()
    _compare(path, hashlib.sha256(data).hexdigest(), digest)
    return decoded(path, data)


def _verified_file(path: Path, descriptor: int, digest: str) -> PinnedFile:
    pinned = PinnedFile(descriptor)
    _compare(path, sha256(pinned.path), digest)
    return pinned


def _compare(path: Path, found: str, digest: str) -> None:
    if found != digest:
        message = f"'{path}' is not what {MANIFEST} says (SHA-256 differs): {ANEW}"
        raise DatasetUnusable(message)


def _check_unlisted(folder: Path, held: int, files: Mapping[str, str]) -> None:
    for at, _, names, _ in os.fwalk(".", dir_fd=held):
        for name in sorted(names):
            path = PurePosixPath(at, name)
            if name.endswith(_QUERY) and str(path) not in files:
                message = f"'{folder / path}' is not named in {MANIFEST}: {ANEW}"
                raise DatasetUnusable(message)


def _queries_in(folder: Path, place: str, texts: Mapping[str, str]) -> Iterator[tuple[str, Path, str]]:
    for name, text in sorted(texts.items()):
        path = PurePosixPath(name)
        if str(path.parent) == place:
            yield path.stem, folder / name, text
