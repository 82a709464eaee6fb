"""What `clustergraph build` wrote, opened and verified: the only thing that serving and querying read."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clustergraph.errors import DatasetUnusable
from clustergraph.queries import SavedQuery, load_queries

MANIFEST: Final = "manifest.json"
DATASET: Final = "clustergraph.nq"
CATALOGUE: Final = "queries/catalogue"
INTERNAL: Final = "queries/internal"
SEAL: Final = "seal"  # the key of a digest of everything else that the manifest says
_KEYS: Final = {"version": str, "digest": str, "counts": dict, "files": dict}
_PAGES_NEED: Final = ("exists.rq", "statements.rq")
_ANEW: Final = "run 'clustergraph build' to make it anew"
DIST_VARIABLE: Final = "CLUSTERGRAPH_DIST"


@dataclass(frozen=True)
class Published:
    """One built dataset.

    Shape: `digest` is the SHA-256 of the N-Quads file in lower-case hexadecimal and names the dataset everywhere;
           `counts` maps what was counted (clusters, sources, …) to how many.
    """

    folder: Path
    version: str
    digest: str
    counts: dict[str, int]
    catalogue: dict[str, SavedQuery]

    @property
    def dataset(self) -> Path:
        """The N-Quads file with every named graph and, as the default graph, their merge."""
        return self.folder / DATASET

    @property
    def internal_queries(self) -> Path:
        """The folder of the queries that the code itself runs.

        Raises: DatasetUnusable naming one that the pages need and the build lacks.
        """
        folder = self.folder / INTERNAL
        for name in _PAGES_NEED:
            if not (folder / name).is_file():
                message = f"'{self.folder / MANIFEST}' does not list {INTERNAL}/{name}, which the pages need: {_ANEW}"
                raise DatasetUnusable(message)
        return folder


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


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a build says of itself, its files not yet looked at.

    Raises: DatasetUnusable if there is none, or none that a build writes. Never waits for a pipe.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        message = f"there is no folder '{folder}': run 'clustergraph build' first, or name the folder it wrote"
        raise DatasetUnusable(message)
    if not path.exists():
        message = f"'{folder}' has no {MANIFEST}: {_ANEW}"
        raise DatasetUnusable(message)
    _regular(path)
    manifest = _parsed(path)
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(key), kind) for key, kind in _KEYS.items()):
        message = f"'{path}' lacks one of {', '.join(_KEYS)}: {_ANEW}"
        raise DatasetUnusable(message)
    return manifest


def sealed(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with a digest of itself, so that a changed count is found as surely as a changed file."""
    said = {key: value for key, value in manifest.items() if key != SEAL}
    return said | {SEAL: hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}


def _regular(path: Path) -> None:
    """Raises: DatasetUnusable for a link, whose target may change unseen, and for a pipe or a device."""
    if path.is_symlink() or not path.is_file():
        message = f"'{path}' is no regular file: {_ANEW}"
        raise DatasetUnusable(message)


def _parsed(path: Path) -> object:
    try:
        parsed: object = json.loads(path.read_bytes())
    except ValueError as exc:
        message = f"'{path}' is not JSON: {_ANEW}"
        raise DatasetUnusable(message) from exc
    except RecursionError as exc:
        message = f"'{path}' is nested too deeply: {_ANEW}"
        raise DatasetUnusable(message) from exc
    return parsed


def open_published(folder: Path) -> Published:
    """The built dataset in a folder, after every file was compared with its digest in the manifest.

    Raises: DatasetUnusable naming the file that is missing, changed or added; nothing is served from it then.
    """
    try:
        manifest = read_manifest(folder)
        _compare(folder, manifest["files"])
    except OSError as exc:
        message = f"'{exc.filename or folder}' cannot be read ({exc.strerror}): {_ANEW}"
        raise DatasetUnusable(message) from exc
    if SEAL in manifest and manifest != sealed(manifest):
        message = f"'{folder / MANIFEST}' was changed after it was written: {_ANEW}"
        raise DatasetUnusable(message)
    if DATASET not in manifest["files"]:
        message = f"'{folder / MANIFEST}' does not list {DATASET}: {_ANEW}"
        raise DatasetUnusable(message)
    if manifest["files"][DATASET] != manifest["digest"]:
        message = f"'{folder / MANIFEST}' gives two digests for {DATASET}: {_ANEW}"
        raise DatasetUnusable(message)
    return Published(
        folder, manifest["version"], manifest["digest"], manifest["counts"], load_queries(folder / CATALOGUE)
    )


def _compare(folder: Path, files: dict[str, Any]) -> None:
    for name, digest in files.items():
        path = folder / name
        if not path.exists():
            message = f"'{path}' is named in {MANIFEST} but is not there: {_ANEW}"
            raise DatasetUnusable(message)
        _regular(path)
        if sha256(path) != digest:
            message = f"'{path}' is not what {MANIFEST} says (SHA-256 differs): {_ANEW}"
            raise DatasetUnusable(message)
    for path in sorted(folder.rglob("*.rq")):
        if path.relative_to(folder).as_posix() not in files:
            message = f"'{path}' is not named in {MANIFEST}: {_ANEW}"
            raise DatasetUnusable(message)
