"""The door for contributed files: which stand in a repository, and their text if it can be had without harm.

Knows nothing of what the text means; a file that is not to be read becomes a finding.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from clustergraph.errors import UsageError
from clustergraph.findings import VIOLATION, Finding
from clustergraph.reading.parsed import Parsed, Place
from clustergraph.terms import FOLDERS

SIZE_LIMIT_BYTES: Final = 10_000_000  # one contributed file
_QUERIES: Final = "queries"
_ENDINGS: Final = (".ttl", ".tsv", ".rq")


def repository_of(path: Path) -> Path:
    """The nearest folder, from a path upwards, that holds a repository's folders; the path itself if there is none."""
    for folder in (path, *path.resolve().parents):
        if all((folder / name).is_dir() for name in FOLDERS):
            return folder
    return path


def inside(path: Path, root: Path) -> PurePosixPath:
    """The path of a file or folder as a repository knows it, given from where one stands or from its root.

    Raises: UsageError for what is not there, or not in it.
    """
    for candidate in (path, root / path):
        with suppress(OSError):  # a name longer than names of files can be
            if candidate.exists() and candidate.resolve().is_relative_to(root.resolve()):
                return PurePosixPath(candidate.resolve().relative_to(root.resolve()).as_posix())
    raise not_in(root, path)


def not_in(root: Path, path: PurePath) -> UsageError:
    """What is said of a path that a repository does not have."""
    return UsageError(
        f"there is no '{str(path)[:200]}' in '{root}': name a file or folder of the repository",
        f"non c'è '{str(path)[:200]}' in '{root}': indicare un file o una cartella del repository",
    )


def contributed(root: Path, folders: Sequence[str] = FOLDERS) -> Iterator[PurePosixPath]:
    """Every path below the folders of documents that is to be read, or to be refused."""
    for folder in folders:
        for path in (root / folder).rglob("*") if folder != _QUERIES else ():
            if not path.name.startswith(".") and _is_to_be_looked_at(path):
                yield PurePosixPath(path.relative_to(root).as_posix())


def query_findings(root: Path) -> Iterator[Finding]:
    """What is wrong with the files of queries as files: one that is none, or a link that leads elsewhere."""
    for path in sorted((root / _QUERIES).rglob("*")):
        if _is_to_be_looked_at(path) and (path.suffix == ".rq" or path.is_symlink() or not path.is_file()):
            text = read_text(root, PurePosixPath(path.relative_to(root).as_posix()))
            if isinstance(text, Finding):
                yield text


def _is_to_be_looked_at(path: Path) -> bool:
    # A link to a folder is not followed, so it is handed on to be refused rather than passed over.
    return path.is_symlink() or not path.is_dir() or path.suffix in _ENDINGS


_MARK: Final = "\ufeff"
_NO_TEXT: Final = (
    ("\0", "the text has a NUL character here: remove it", "il testo ha qui un carattere NUL: rimuoverlo"),
    (
        _MARK,
        "the text begins with a byte-order mark, which is not seen: save it as UTF-8 without BOM",
        "il testo inizia con un BOM, che non si vede: salvarlo come UTF-8 senza BOM",
    ),
)
"""What no text has, or not at its beginning."""


def read_text(root: Path, path: PurePosixPath) -> str | Finding:
    """The text of one contributed file, or the finding that says why it could not be had."""
    file = root / path
    if (wrong := _no_file(root, path)) is not None:
        return wrong
    if file.stat().st_size > SIZE_LIMIT_BYTES:
        return _too_long(path)
    return admitted(path, file.read_bytes())


def admitted(path: PurePosixPath, data: bytes) -> str | Finding:
    """The bytes of one contributed file as text, or the finding that says why they are none."""
    if len(data) > SIZE_LIMIT_BYTES:
        return _too_long(path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        start = Parsed(data[: exc.start].decode("utf-8"))
        at = start.between(len(start.text), len(start.text))
        return unreadable(
            path, "T002", "this is not UTF-8 text: save it as UTF-8", "il testo non è UTF-8: salvarlo così", at=at
        )
    for sign, english, italian in _NO_TEXT:
        place = text.find(sign, 0, 1 if sign == _MARK else None)
        if place >= 0:
            return unreadable(path, "T002", english, italian, at=Parsed(text).between(place, place + 1))
    return text


def _too_long(path: PurePosixPath) -> Finding:
    limit = f"{SIZE_LIMIT_BYTES:,}"
    return unreadable(
        path, "T002", f"the file is longer than {limit} bytes: split it", f"il file supera {limit} byte: va diviso"
    )


def _no_file(root: Path, path: PurePosixPath) -> Finding | None:
    """What is wrong with a path, seen without opening it: opening a pipe waits for ever."""
    file = root / path
    if not _is_within(file, root):
        return unreadable(
            path,
            "T003",
            "this link leads out of the repository: put the file itself here",
            "questo collegamento esce dal repository: mettere qui il file stesso",
        )
    if file.is_file():
        return None
    if file.is_symlink():
        return unreadable(
            path,
            "T003",
            "this link leads to no file: put the file itself here",
            "questo collegamento non porta a un file: mettere qui il file stesso",
        )
    return unreadable(
        path,
        "T003",
        "this is not a regular file: put a plain text file here, or remove it",
        "questo non è un file normale: mettere qui un file di testo, o rimuoverlo",
    )


def _is_within(file: Path, root: Path) -> bool:
    try:
        return file.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself leads nowhere, which is said of it next
        return True


def unreadable(path: PurePosixPath, code: str, english: str, italian: str, *, at: Place | None = None) -> Finding:
    """A finding about a file that could not be read."""
    return Finding(str(path), code, VIOLATION, {"en": english, "it": italian}, at)
