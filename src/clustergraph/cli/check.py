"""`clustergraph check`."""

import os
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final, TextIO

import click

from clustergraph import __version__
from clustergraph.errors import UsageError
from clustergraph.findings import LANGUAGES, SEVERITIES, VIOLATION, weighing
from clustergraph.outputs import RENDERERS, Outcome
from clustergraph.terms import FOLDERS

_NOT_LOOKED_AT: Final = {
    "en": "The shapes were not looked at, as a file could not be read or has blank nodes.",
    "it": "Le forme non sono state esaminate: un file non si può leggere o ha nodi anonimi.",
}


def repository_of(path: Path) -> Path:
    """The nearest folder, from a path upwards, that holds a repository's folders; the path itself if there is none."""
    for folder in (path, *path.resolve().parents):
        if all((folder / name).is_dir() for name in FOLDERS):
            return folder
    return path


@click.command
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--root", type=click.Path(path_type=Path), default=None, help="Repository; default: the one you stand in."
)
@click.option("--format", "format_name", type=click.Choice(list(RENDERERS)), default="full", show_default=True)
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), default=VIOLATION, show_default=True, help="Least that fails."
)
@click.pass_context
def check(
    context: click.Context, paths: tuple[Path, ...], *, root: Path | None, format_name: str, language: str, fail_on: str
) -> None:
    """Say what is wrong with contributed files, and where.

    Reads the whole repository as context; shows findings for the files and folders named, all if none is. Writes
    nothing. Exits with 0 if clean, 1 with findings, 2 on wrong use, 3 if the checker failed.

    \b
    Example: clustergraph check data/cluster/lombardy-energy.ttl --lang it
    """
    from clustergraph.check import check as check_repository  # noqa: PLC0415  # optional extra
    from clustergraph.check import only_in, sources_of  # noqa: PLC0415
    from clustergraph.repository import read_repository  # noqa: PLC0415

    folder = root or repository_of(Path.cwd())
    repository = read_repository(folder)
    wanted = [_relative(path, folder) for path in paths]
    only_in([], repository, wanted)  # a path that is not there is said before the work, not after
    checked = check_repository(repository)
    findings = only_in(checked.findings, repository, wanted)
    if checked.assembly is None:
        click.echo(_NOT_LOOKED_AT[language], err=True)
    sources = sources_of(repository, findings)
    outcome = Outcome(
        findings, language, sources, checked.coverage, coloured=is_coloured(sys.stdout), version=__version__
    )
    if text := RENDERERS[format_name](outcome):
        click.echo(text)
    context.exit(1 if weighing(findings, fail_on) else 0)


def is_coloured(stream: TextIO) -> bool:
    """Whether to write colours: to a terminal that has them, unless its owner wants none.

    Source: no-color.org.
    """
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _relative(path: Path, root: Path) -> PurePosixPath:
    for candidate in (path, root / path):
        with suppress(OSError):  # a name longer than names of files can be
            if candidate.exists() and candidate.resolve().is_relative_to(root.resolve()):
                return PurePosixPath(candidate.resolve().relative_to(root.resolve()).as_posix())
    message = f"there is no '{str(path)[:200]}' in '{root}': name a file or folder of the repository"
    raise UsageError(message)
