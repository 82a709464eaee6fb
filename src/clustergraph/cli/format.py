"""`clustergraph format`."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import click

from clustergraph.cli.check import is_coloured
from clustergraph.errors import UsageError
from clustergraph.files import read_text, repository_of
from clustergraph.findings import LANGUAGES, VIOLATION, Finding, printable
from clustergraph.formatting import NOT_CANONICAL, SENTENCES, Unformattable, formatted
from clustergraph.outputs import RENDERERS, Outcome, Sources
from clustergraph.reading import read
from clustergraph.reading.faults import said

_FOLDERS: Final = ("data", "ontology", "shapes")
_COUNTED: Final = {
    "en": "{changed} of {files} files {verb}.",
    "it": "{changed} file su {files} {verb}.",
}
_VERBS: Final = {"en": ("would change", "changed"), "it": ("da impaginare", "impaginati")}


class _Outcome(NamedTuple):
    """One file: what it holds, what it should hold, or why that is not known."""

    path: Path
    before: str
    after: str
    findings: list[Finding]


@click.command("format")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail if a file is in another form.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language.")
@click.pass_context
def format_(
    context: click.Context, paths: tuple[Path, ...], *, only_check: bool, show_diff: bool, language: str
) -> None:
    """Lay out Turtle files as all others are, comments kept.

    Writes the files and folders named, or data/, ontology/ and shapes/ of the repository you stand in. What a file
    says never changes; one that cannot be read is left as it is, and its findings are shown. Exits with 1 if there
    are any, and with --check or --diff if a file is in another form.

    \b
    Example: clustergraph format data/cluster/lombardy-energy.ttl --diff
    """
    outcomes = [_outcome(path) for path in _files(paths)]
    changed = [one for one in outcomes if one.before != one.after]
    is_dry = only_check or show_diff
    findings = [finding for one in outcomes for finding in one.findings]
    if only_check:
        findings += [Finding(str(one.path), NOT_CANONICAL, VIOLATION, SENTENCES[NOT_CANONICAL]) for one in changed]
    if show_diff:
        _show(changed)
    if not is_dry:
        for one in changed:
            _replace(one.path, one.after)
    if findings:
        sources = Sources({str(one.path): one.before for one in outcomes})
        click.echo(RENDERERS["full"](Outcome(findings, language, sources, coloured=is_coloured(sys.stdout))))
    verb = _VERBS[language][not is_dry]
    click.echo(_COUNTED[language].format(changed=len(changed), files=len(outcomes), verb=verb), err=True)
    context.exit(1 if findings or (is_dry and changed) else 0)


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Every Turtle file at or below some paths; no link to a folder is followed.

    Raises: UsageError for a path that is neither a folder nor a Turtle file.
    """
    root = repository_of(Path.cwd())
    for path in paths or [root / folder for folder in _FOLDERS]:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*.ttl") if not one.name.startswith(".") and not one.is_dir())
        elif path.suffix == ".ttl" and (path.exists() or path.is_symlink()):
            yield path
        else:
            message = f"there is no Turtle file or folder '{printable(str(path)[:200])}': name one that ends in .ttl"
            italian = f"non c'è un file Turtle o una cartella '{printable(str(path)[:200])}': indicarne uno in .ttl"
            raise UsageError(message, italian)


def _outcome(path: Path) -> _Outcome:
    text = read_text(path.parent, PurePosixPath(path.name))
    if isinstance(text, Finding):
        return _Outcome(path, "", "", [Finding(str(path), text.code, text.severity, text.message, text.at)])
    parsed = read(text)
    findings = [
        Finding(str(path), one.code, VIOLATION, said(one, parsed.prefixes), parsed.between(one.start, one.end))
        for one in parsed.faults
    ]
    if findings:
        return _Outcome(path, text, text, findings)
    try:
        return _Outcome(path, text, formatted(parsed), [])
    except Unformattable as exc:
        return _Outcome(path, text, text, [Finding(str(path), exc.code, VIOLATION, exc.message, exc.at)])


def _show(changed: list[_Outcome]) -> None:
    """Prints what would change, as `git apply` takes it at the root of the repository."""
    from clustergraph.mending import difference  # noqa: PLC0415  # loads the whole checker

    root = repository_of(Path.cwd()).resolve()
    if text := difference({_named(one.path, root): (one.before, one.after) for one in changed}):
        click.echo(text)


def _named(path: Path, root: Path) -> PurePosixPath:
    whole = path.parent.resolve() / path.name
    return PurePosixPath((whole.relative_to(root) if whole.is_relative_to(root) else path).as_posix())


def _replace(path: Path, text: str) -> None:
    """Puts a text in the place of a file at once, so that nobody ever reads half of it."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".format-")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        new.chmod(target.stat().st_mode)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)
