"""`clustergraph check`."""

from contextlib import suppress
from pathlib import Path, PurePosixPath

import click

from clustergraph.errors import UsageError
from clustergraph.files import repository_of
from clustergraph.findings import LANGUAGES, RENDERERS, SEVERITIES, VIOLATION, weighing


@click.command
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--root", type=click.Path(path_type=Path), default=None, help="Repository; default: the one you stand in."
)
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    default=None,
    help="Repository to take ontology, shapes and queries from, if a stranger's changes must not judge themselves.",
)
@click.option("--format", "format_name", type=click.Choice(list(RENDERERS)), default="full", show_default=True)
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), default=VIOLATION, show_default=True, help="Least that fails."
)
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[Path, ...],
    *,
    root: Path | None,
    base: Path | None,
    format_name: str,
    language: str,
    fail_on: str,
) -> None:
    """Say what is wrong with contributed files, and where.

    Reads the whole repository as context; shows findings for the files and folders named, all if none is. Writes
    nothing. Exits with 0 if clean, 1 with findings, 2 on wrong use, 3 if the checker failed.

    \b
    Example: clustergraph check data/cluster/lombardy-energy.ttl --lang it
    """
    from clustergraph.check import check as check_repository  # noqa: PLC0415  # optional extra
    from clustergraph.check import only_in  # noqa: PLC0415
    from clustergraph.repository import read_repository  # noqa: PLC0415

    folder = root or repository_of(Path.cwd())
    repository = read_repository(base or folder, data=folder if base else None)
    wanted = [_relative(path, folder) for path in paths]
    only_in([], repository, wanted)  # a path that is not there is said before the work, not after
    checked = check_repository(repository)
    findings = only_in(checked.findings, repository, wanted)
    if checked.assembly is None:
        click.echo("The shapes were not looked at, as a file could not be read or has blank nodes.", err=True)
    if text := RENDERERS[format_name](findings, language):
        click.echo(text)
    context.exit(1 if weighing(findings, fail_on) else 0)


def _relative(path: Path, root: Path) -> PurePosixPath:
    for candidate in (path, root / path):
        with suppress(OSError):  # a name longer than names of files can be
            if candidate.exists() and candidate.resolve().is_relative_to(root.resolve()):
                return PurePosixPath(candidate.resolve().relative_to(root.resolve()).as_posix())
    message = f"there is no '{str(path)[:200]}' in '{root}': name a file or folder of the repository"
    raise UsageError(message)
