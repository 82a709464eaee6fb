"""Which files of a repository differ from a state of it that git knows. Git gets fixed arguments, never a shell."""

import os
import subprocess
from pathlib import Path, PurePosixPath
from typing import Final

from clustergraph.errors import UsageError
from clustergraph.terms import FOLDERS

MAIN_BRANCHES: Final = ("origin/HEAD", "origin/main", "main", "origin/master", "master")
"""What the main branch may be called, the first that there is."""
_TIMEOUT_S: Final = 60
# Settings of a repository name programs that git runs; none of them is needed to compare files.
_GIT: Final = (
    "git",
    "--no-pager",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
)
_REF_LIMIT: Final = 250


def changed_paths(root: Path, ref: str = "") -> frozenset[PurePosixPath]:
    """The files that differ from a ref, or are new; by default from where the work left the main branch.

    Shape:  paths are relative to `root`; files that were deleted are not among them.
    Raises: UsageError where git does not know.
    """
    commit = _commit(root, ref) if ref else _fork(root)
    options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--diff-filter=d", "--relative")
    differing = _asked(root, "diff", *options, commit, "--", *FOLDERS)
    new = _asked(root, "ls-files", "-z", "--others", "--exclude-standard", "--", *FOLDERS)
    names = (name for output in (differing, new) for name in output.split(b"\0") if name)
    return frozenset(PurePosixPath(os.fsdecode(name)) for name in names)


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
        return subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL)  # noqa: S603  # fixed arguments, no shell
    except (OSError, subprocess.TimeoutExpired) as exc:
        message = f"git cannot be asked what has changed in '{root}': {exc}"
        raise UsageError(message, f"non si può chiedere a git che cosa è cambiato in '{root}': {exc}") from exc
