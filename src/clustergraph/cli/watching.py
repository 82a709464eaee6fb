"""Something done again and again, each time the files that it looks at have changed."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import click

from clustergraph.terms import FOLDERS

EVERY_S: Final = 0.5  # between two looks
_WATCHED: Final = (".ttl", ".tsv", ".rq")
_WAITING: Final = {
    "en": "Watching {folder}; Ctrl-C ends it.",
    "it": "In attesa di modifiche in {folder}; Ctrl-C termina.",
}
_CHANGED: Final = {"en": "Changed: {paths}", "it": "Modificati: {paths}"}
_SHOWN: Final = 3  # paths of one change


Stamps: TypeAlias = dict[Path, tuple[int, int]]


def stamps(root: Path) -> Stamps:
    """When each file of a repository was last written, and how long it is; of a link, the link itself.

    Units: nanoseconds and bytes.
    """
    found: Stamps = {}
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix in _WATCHED and not path.name.startswith("."):
                try:
                    status = path.lstat()
                except OSError:  # gone since the folder was listed
                    continue
                found[path] = (status.st_mtime_ns, status.st_size)
    return found


def changes(root: Path, pauses: Iterable[object], before: Stamps) -> Iterator[list[Path]]:
    """The files that were written, added or removed since the last look, each time there are any.

    Shape: `before` is what stood there at first; one look is taken after each of `pauses`, which last as they please.
    """
    for _ in pauses:
        now = stamps(root)
        if now != before:
            yield sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
            before = now


def watch(root: Path, run: Callable[[], object], language: str, pauses: Iterable[object] | None = None) -> None:
    """Runs something now, and again after every change of a repository, until it is interrupted.

    Shape: `run` prints what it has to say; what it returns is of no account, as nothing ends.
    """
    # Taken before it runs: what changes meanwhile is seen.
    watched = changes(root, _pauses() if pauses is None else pauses, stamps(root))
    run()
    click.echo(_WAITING[language].format(folder=root), err=True)
    for paths in watched:
        names = ", ".join(str(path.relative_to(root)) for path in paths[:_SHOWN])
        more = f" +{len(paths) - _SHOWN}" if len(paths) > _SHOWN else ""
        click.echo(_CHANGED[language].format(paths=names + more), err=True)
        run()


def _pauses() -> Iterator[None]:
    while True:
        time.sleep(EVERY_S)
        yield None
