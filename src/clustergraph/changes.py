"""Which files of a repository differ from a state of it that git knows.

Git gets fixed arguments, never a shell, and is asked only for what it has recorded: to compare files it would run
filters that the configuration of a repository names, and pass over files that its index is told to.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from clustergraph.errors import UsageError
from clustergraph.files import SIZE_LIMIT_BYTES
from clustergraph.terms import FOLDERS

MAIN_BRANCHES: Final = ("origin/HEAD", "origin/main", "main", "origin/master", "master")
"""What the main branch may be called, the first that there is."""
_TIMEOUT_S: Final = 60
# Settings of a repository name programs that git runs; none of them is needed to read what is recorded.
_GIT: Final = (
    "git",
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
)
# What a partial clone lacks would be fetched, by programs that the configuration names: of newer git, and of any.
_NO_FETCH: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}
_REF_LIMIT: Final = 250
_CONVERTING: Final = (b"true", b"yes", b"on", b"1", b"input")  # of core.autocrlf, as git reads it
_HASHES: Final = {40: hashlib.sha1, 64: hashlib.sha256}
"""The hash of a repository, by the length of its names of objects."""


def changed_paths(root: Path, ref: str = "") -> frozenset[PurePosixPath]:
    """The files that differ from a ref, or are new; by default from where the work left the main branch.

    Shape:  paths are relative to `root`; files that were deleted are not among them, files that git is told to ignore
            or to take for unchanged are. What cannot be compared has changed: links, and files longer than we read.
    Raises: UsageError where git does not know.
    """
    commit = _commit(root, ref) if ref else _fork(root)
    recorded = dict(_recorded(root, commit))
    is_converting = _tried(root, "config", "--get", "core.autocrlf").stdout.strip().lower() in _CONVERTING
    return frozenset(
        path for path in _files(root) if not _is_same(root / path, recorded.get(path, ""), is_converting=is_converting)
    )


def _recorded(root: Path, commit: str) -> Iterator[tuple[PurePosixPath, str]]:
    """The files of a commit, each with the name of what it holds."""
    for entry in _asked(root, "ls-tree", "-r", "-z", commit, "--", *FOLDERS).split(b"\0"):
        about, _, name = entry.partition(b"\t")
        if name:
            yield PurePosixPath(os.fsdecode(name)), about.split()[2].decode("ascii")


def _files(root: Path) -> Iterator[PurePosixPath]:
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.is_symlink() or not path.is_dir():
                yield PurePosixPath(path.relative_to(root).as_posix())


def _is_same(file: Path, recorded: str, *, is_converting: bool) -> bool:
    """Whether a file holds what is recorded, but for ends of lines if git converts them."""
    hashed = _HASHES.get(len(recorded))
    try:
        if hashed is None or file.is_symlink() or not file.is_file() or file.stat().st_size > SIZE_LIMIT_BYTES:
            return False
        data = file.read_bytes()
    except OSError:  # it goes while it is looked at
        return False
    texts = (data, data.replace(b"\r\n", b"\n")) if is_converting else (data,)
    return any(hashed(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest() == recorded for text in texts)


def _fork(root: Path) -> str:
    """The commit at which the work left the main branch."""
    for name in MAIN_BRANCHES:
        if _tried(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").returncode == 0:
            found = _tried(root, "merge-base", "HEAD", name)
            if found.returncode == 0:
                return found.stdout.decode("ascii").strip()
    message = (
        f"git knows no commit from which '{root}' and a main branch both come: name one, --changed-only=REF; in a "
        "shallow clone fetch the whole history first"
    )
    italian = (
        f"git non conosce un commit da cui vengano '{root}' e un ramo principale: indicarne uno, --changed-only=REF; "
        "in un clone parziale scaricare prima l'intera storia"
    )
    raise UsageError(message, italian)


def _commit(root: Path, ref: str) -> str:
    if len(ref) <= _REF_LIMIT and "\0" not in ref:
        found = _tried(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if found.returncode == 0:
            return found.stdout.decode("ascii").strip()
    message = f"git knows no commit '{ref[:_REF_LIMIT]}' in '{root}': name a branch, a tag or a commit"
    italian = f"git non conosce un commit '{ref[:_REF_LIMIT]}' in '{root}': indicare un ramo, un tag o un commit"
    raise UsageError(message, italian)


def _asked(root: Path, *arguments: str) -> bytes:
    found = _tried(root, *arguments)
    if found.returncode:
        why = found.stderr.decode(errors="replace").strip()[:200]
        message = f"git cannot say what has changed in '{root}': {why}"
        raise UsageError(message, f"git non sa dire che cosa è cambiato in '{root}': {why}")
    return found.stdout


def _tried(root: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = (*_GIT, "-C", str(root), *arguments)
    try:
        return subprocess.run(  # noqa: S603  # fixed arguments, no shell
            command,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **_NO_FETCH},
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        message = f"git cannot be asked what has changed in '{root}': {exc}"
        raise UsageError(message, f"non si può chiedere a git che cosa è cambiato in '{root}': {exc}") from exc
