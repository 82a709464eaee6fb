"""`clustergraph check`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from clustergraph import __version__
from clustergraph.cli.watching import watch
from clustergraph.errors import UsageError
from clustergraph.files import inside, repository_of
from clustergraph.findings import LANGUAGES, SEVERITIES, VIOLATION, printable
from clustergraph.outputs import RENDERERS, Outcome

if TYPE_CHECKING:
    from clustergraph.workflow import Asked


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
@click.option(
    "--changed-only",
    "ref",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[REF]",
    help="Only files that differ from a state of git; default: where you left the main branch.",
)
@click.option(
    "--context",
    "contexts",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File or folder to look things up in, itself not judged; may be given again.",
)
@click.option("--baseline", type=click.Path(path_type=Path), default=None, help="File of findings known already.")
@click.option("--write-baseline", "is_recording", is_flag=True, help="Write all findings to the file of --baseline.")
@click.option("--fix", "is_fixing", is_flag=True, help="Mend what can be mended safely; show what is left.")
@click.option("--unsafe-fixes", "is_unsafe", is_flag=True, help="With --fix or --diff: mend by a guess too.")
@click.option("--diff", "is_showing", is_flag=True, help="Print what --fix would change, and write nothing.")
@click.option("--watch", "is_watching", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@click.pass_context
def check(
    context: click.Context,
    /,
    paths: tuple[Path, ...],
    *,
    root: Path | None,
    format_name: str,
    language: str,
    is_watching: bool,
    **options: Any,  # those of Asked, by its names
) -> None:
    """Say what is wrong with contributed files, and where.

    Reads the whole repository as context; shows findings for the files and folders named, all if none is. Writes
    nothing without --fix or --write-baseline. Exits with 0 if clean, 1 with findings or with a difference to show, 2
    on wrong use, 3 if the checker failed.

    \b
    Example: clustergraph check data/cluster/lombardy-energy.ttl --lang it
    """
    from clustergraph.workflow import Asked  # noqa: PLC0415  # optional extra

    folder = root or repository_of(Path.cwd())
    asked = Asked(folder, [inside(path, folder) for path in paths], **options)
    if is_watching:
        _watch(asked, format_name, language)
    context.exit(1 if _shown(asked, format_name, language) else 0)


def _shown(asked: "Asked", format_name: str, language: str) -> bool:
    """Prints what came of one check; whether it fails."""
    from clustergraph.workflow import run  # noqa: PLC0415

    done = run(asked)
    for remark in done.remarks:
        click.echo(printable(remark[language]), err=True)
    outcome = Outcome(
        done.findings,
        language,
        done.sources,
        done.coverage,
        coloured=is_coloured(sys.stdout),
        version=__version__,
        suppressed=done.suppressed,
    )
    if text := done.difference if asked.is_showing else RENDERERS[format_name](outcome):
        click.echo(text)
    return done.fails


def _watch(asked: "Asked", format_name: str, language: str) -> None:
    """Checks until somebody interrupts it: what cannot be checked now may be in order after the next change.

    Raises: UsageError where each change would be recorded as known.
    """
    if asked.is_recording:
        message = "--watch would record each new finding as known: leave out --write-baseline"
        italian = "--watch registrerebbe come noto ogni nuovo rilievo: togliere --write-baseline"
        raise UsageError(message, italian)

    def run_once() -> None:
        try:
            _shown(asked, format_name, language)
        except UsageError as exc:
            click.echo(f"clustergraph: {printable(exc.italian if language == 'it' else exc.detail)}", err=True)

    watch(asked.root, run_once, language)


def is_coloured(stream: TextIO) -> bool:
    """Whether to write colours: to a terminal that has them, unless its owner wants none.

    Source: no-color.org.
    """
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
