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
_KEYS: Final = {"version": str, "digest": str, "counts": dict, "files": dict}
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
        """The folder of the queries that the code itself runs."""
        return self.folder / INTERNAL


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


def _manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        message = f"there is no folder '{folder}': run 'clustergraph build' first, or name the folder it wrote"
        raise DatasetUnusable(message)
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError as exc:
        message = f"'{folder}' has no {MANIFEST}: run 'clustergraph build' to make it anew"
        raise DatasetUnusable(message) from exc
    except ValueError as exc:
        message = f"'{folder / MANIFEST}' is not JSON: run 'clustergraph build' to make it anew"
        raise DatasetUnusable(message) from exc
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(key), kind) for key, kind in _KEYS.items()):
        keys = ", ".join(_KEYS)
        message = f"'{folder / MANIFEST}' lacks one of {keys}: run 'clustergraph build' to make it anew"
        raise DatasetUnusable(message)
    return manifest


def open_published(folder: Path) -> Published:
    """The built dataset in a folder, after every file was compared with its digest in the manifest.

    Raises: DatasetUnusable naming the file that is missing, changed or added; nothing is served from it then.
    """
    manifest = _manifest(folder)
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            message = f"'{path}' is named in {MANIFEST} but is not there: run 'clustergraph build' to make it anew"
            raise DatasetUnusable(message)
        if sha256(path) != digest:
            message = (
                f"'{path}' is not what {MANIFEST} says (SHA-256 differs): run 'clustergraph build' to make it anew"
            )
            raise DatasetUnusable(message)
    for path in sorted(folder.rglob("*.rq")):
        if path.relative_to(folder).as_posix() not in manifest["files"]:
            message = f"'{path}' is not named in {MANIFEST}: run 'clustergraph build' to make it anew"
            raise DatasetUnusable(message)
    if manifest["files"].get(DATASET) != manifest["digest"]:
        message = f"'{folder / MANIFEST}' gives two digests for {DATASET}: run 'clustergraph build' to make it anew"
        raise DatasetUnusable(message)
    return Published(
        folder, manifest["version"], manifest["digest"], manifest["counts"], load_queries(folder / CATALOGUE)
    )
