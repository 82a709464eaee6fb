"""The build in place and the one that it replaced, side by side: exchanged in one step, never half of either.

Everything here happens under a lock of the folder that holds both, and can be killed at any moment.
"""

import ctypes
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from clustergraph.errors import DatasetUnusable, UsageError
from clustergraph.published import ANEW, MANIFEST, Published, open_published, read_manifest

_HERE: Final = -100  # AT_FDCWD
_RENAME_EXCHANGE: Final = 2
_SUFFIX: Final = ".building"  # of the hidden folder beside, whose name is drawn by tempfile
_PREVIOUS: Final = ".previous"
NEW: Final = "new"
_OLD: Final = "old"
_KEPT: Final = "kept"


class RolledBack(NamedTuple):
    """What a rollback did.

    Shape: `digest` is that of the dataset in place now; `previous_digest` that which the one beside says it has, empty
           if it says none; `damage` is what is wrong with the one beside, empty if it is whole or there is none.
    """

    digest: str
    previous: Path
    previous_digest: str
    damage: str = ""


def previous_of(folder: Path) -> Path:
    """Where the build is kept that was replaced in a folder.

    >>> previous_of(Path("releases/dist")).as_posix()
    'releases/.dist.previous'
    """
    return folder.parent / f".{folder.name}{_PREVIOUS}"


def rollback(folder: Path) -> RolledBack:
    """Exchanges the build in a folder and the one that it replaced; a second time brings back the first.

    Raises: UsageError if there is none to go back to, or the file system refuses; DatasetUnusable if it is not whole.
            Nothing is changed then.
    """
    try:
        target = folder.resolve()  # a link is kept, and what it leads to is exchanged
        with locked(target.parent):
            rolled_back = _exchanged(folder, target, previous_of(target))
        flush([target.parent])
    except (OSError, RuntimeError) as exc:  # RuntimeError: a link that leads to itself, before Python 3.13
        reason = getattr(exc, "strerror", None) or str(exc)
        message = f"'{folder}' cannot be rolled back: {reason}"
        raise UsageError(message) from exc
    return rolled_back


def _exchanged(folder: Path, target: Path, previous: Path) -> RolledBack:
    if not previous.is_dir():
        message = f"there is no '{previous}' to go back to: a build keeps the one that it replaces there"
        raise UsageError(message)
    published = _whole(folder, previous)
    if target.exists() and not is_free(target) and not _is_ruin(target, previous):
        message = f"'{folder}' holds something that no build made: nothing is put in its place"
        raise UsageError(message)
    if _release(target) == published.release and not _damage(target):
        message = f"'{previous}' is the same build as '{folder}': there is none to go back to"
        raise UsageError(message)
    before, has_files = _digest(target), target.exists() and any(target.iterdir())
    if not target.exists():
        previous.rename(target)
    elif not _exchange(previous, target):
        _rotate(target, previous)
    return RolledBack(published.digest, previous, before, _damage(previous) if has_files else "")


def _whole(folder: Path, previous: Path) -> Published:
    try:
        return open_published(previous)
    except DatasetUnusable as exc:
        message = f"'{folder}' stays as it is, as what it would go back to cannot be served: {exc.detail}"
        raise DatasetUnusable(message) from exc


def _damage(folder: Path) -> str:
    """What is wrong with a build, empty if it is whole."""
    try:
        open_published(folder)
    except (DatasetUnusable, UsageError) as exc:
        return exc.detail.removesuffix(f": {ANEW}")
    except OSError as exc:  # a disk that fails must not keep anybody from what is whole
        return f"'{folder}' cannot be read ({exc.strerror})"
    return ""


def _is_ruin(folder: Path, other: Path) -> bool:
    """Whether a folder is what became of a build: its manifest cannot be read, and no name in it is new."""
    with suppress(DatasetUnusable):
        read_manifest(folder)
        return False
    names = {MANIFEST, *read_manifest(other)["files"]}
    is_named = (folder / MANIFEST).exists()
    return is_named and all(path.relative_to(folder).as_posix() in names for path in _leaves(folder))


def _rotate(target: Path, previous: Path) -> None:
    """An exchange in three steps, where the kernel has it not in one."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.", suffix=_SUFFIX) as own:
        old = Path(own) / _OLD
        target.rename(old)
        try:
            previous.rename(target)
        except OSError:
            old.rename(target)
            raise
        old.rename(previous)


def _release(folder: Path) -> str:
    """What open_published calls the release of a build, of which nothing is verified; empty where there is none."""
    with suppress(OSError):
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    return ""


def _digest(folder: Path) -> str:
    with suppress(DatasetUnusable):
        return str(read_manifest(folder)["digest"])
    return ""


def is_free(folder: Path) -> bool:
    """Whether a build may be put there: nothing is there, or an empty folder, or a manifest and only what it lists."""
    if not folder.exists():
        return not folder.is_symlink()
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


def put_in_place(own: Path, target: Path) -> None:
    """Puts a new build in the place of the old one, which is kept beside it, and takes away what killed builds left."""
    if _release(own / NEW) != _release(target):  # building the same again must not push out what differs
        _keep(own, target)
    _swap(own, target)
    _sweep(target)


def _keep(own: Path, target: Path) -> None:
    """Makes the build in place the previous one as well. Killed after that, both are the same, and both are whole."""
    try:
        open_published(target)
    except (DatasetUnusable, UsageError):  # nothing is there, or nothing that one could go back to
        return
    kept, previous = own / _KEPT, previous_of(target)
    try:
        shutil.copytree(target, kept, copy_function=os.link)
    except OSError:  # not every file system has hard links
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(target, kept)
    flush([*kept.rglob("*"), kept])
    if not previous.exists():
        kept.rename(previous)
    elif not _exchange(kept, previous):
        previous.rename(own / _OLD)
        kept.rename(previous)
        shutil.rmtree(own / _OLD)


def flush(paths: Iterable[Path]) -> None:
    """Files and folders onto the disk: before the rename makes them visible, and the rename itself."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A folder of this build alone, beside the target. It is locked while the build lives, so that none sweeps it."""
    with locked(target.parent):
        own = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=_SUFFIX))
        descriptor = os.open(own, os.O_RDONLY)
        _lock(descriptor)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
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


def _swap(own: Path, target: Path) -> None:
    """Puts the new folder in the place of the old one, in one step where the kernel has it."""
    new, old = own / NEW, own / _OLD
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
        if _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB) and {one.name for one in path.iterdir()} <= {
            NEW,
            _OLD,
            _KEPT,
        }:
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
