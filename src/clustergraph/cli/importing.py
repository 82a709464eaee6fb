"""`clustergraph import`."""

from pathlib import Path

import click

from clustergraph import __version__
from clustergraph.errors import UsageError
from clustergraph.files import repository_of
from clustergraph.findings import LANGUAGES, VIOLATION, Finding, printable, weighing
from clustergraph.outputs import RENDERERS, Outcome
from clustergraph.sheets.sentences import UNREADABLE
from clustergraph.terms import ENTITY_KINDS

_WORDS = {
    "en": {
        "wrote": "Wrote to {folder}; files: {count}.",
        "would": "Would write to {folder}; files: {count}.",
        "none": "Nothing was written: mend the sheet first.",
        "nothing": "Nothing was written.",
        "part": "The shapes were not looked at, as a file of the repository could not be read.",
        "what": "name a sheet and its kind, as in: clustergraph import rows.csv --kind organisation",
    },
    "it": {
        "wrote": "Scritto in {folder}; file: {count}.",
        "would": "Da scrivere in {folder}; file: {count}.",
        "none": "Nulla è stato scritto: correggere prima il foglio.",
        "nothing": "Nulla è stato scritto.",
        "part": "Le forme non sono state esaminate, perché un file del repository non si può leggere.",
        "what": "indicare un foglio e il suo tipo, come in: clustergraph import righe.csv --kind organisation",
    },
}


@click.command("import")
@click.argument("sheet", required=False, type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(ENTITY_KINDS), default=None, help="What the rows are about.")
@click.option(
    "--template",
    "template_of",
    type=click.Choice(ENTITY_KINDS),
    default=None,
    help="Print a sheet with one row as an example.",
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder; default: data/KIND.")
@click.option("--dry-run", is_flag=True, help="Write nothing; print the files.")
@click.option("--format", "format_name", type=click.Choice(list(RENDERERS)), default="full", show_default=True)
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language.")
@click.pass_context
def import_(
    context: click.Context,
    *,
    sheet: Path | None,
    kind: str | None,
    template_of: str | None,
    out: Path | None,
    dry_run: bool,
    format_name: str,
    language: str,
) -> None:
    """Make a file of each row of a CSV or XLSX sheet.

    Checks all of them within the repository you stand in first; writes all, or, if one is in violation of a rule or
    there already, none. Findings name row and column of the sheet. '|' stands between several values of a cell;
    formulas are taken as text. --template prints a sheet to begin with: write over the row of its example.

    \b
    Example: clustergraph import rows.csv --kind organisation --dry-run
    """
    words = _WORDS[language]
    if template_of is not None:
        from clustergraph.sheets.rows import template  # noqa: PLC0415

        click.echo(template(template_of), nl=False)
        return
    if sheet is None or kind is None:
        raise click.UsageError(words["what"])
    root = repository_of(Path.cwd())
    folder = out or root / "data" / kind
    texts, findings = _imported(sheet, kind, root, folder, language)
    if dry_run:
        for path, text in texts.items():
            click.echo(f"# {printable(str(path))}\n{text}")
    if findings:
        click.echo(RENDERERS[format_name](Outcome(findings, language, version=__version__)), err=dry_run)
    if weighing(findings, VIOLATION):
        is_read = all(one.code != UNREADABLE for one in findings)
        click.echo(words["none" if is_read else "nothing"], err=True)
        context.exit(1)
    if not dry_run:
        _write(texts)
    click.echo(words["would" if dry_run else "wrote"].format(count=len(texts), folder=folder), err=dry_run)


def _imported(sheet: Path, kind: str, root: Path, folder: Path, language: str) -> tuple[dict[Path, str], list[Finding]]:
    """The texts that a sheet makes, by the paths they go to, and the findings about it."""
    from clustergraph.importing import imported  # noqa: PLC0415  # loads the whole checker
    from clustergraph.repository import read_repository  # noqa: PLC0415
    from clustergraph.sheets.cells import UnreadableSheet, read_sheet  # noqa: PLC0415
    from clustergraph.sheets.sentences import said  # noqa: PLC0415

    try:
        rows = read_sheet(sheet)
    except UnreadableSheet as exc:
        return {}, [Finding(str(sheet), UNREADABLE, VIOLATION, said(UNREADABLE, (exc.english,), (exc.italian,)))]
    outcome = imported(read_repository(root), rows, kind, str(sheet))
    if not outcome.is_whole:
        click.echo(_WORDS[language]["part"], err=True)
    return {folder / path.name: text for path, text in outcome.files.items()}, outcome.findings


def _write(texts: dict[Path, str]) -> None:
    """Writes all files, none of which may be there.

    Raises: UsageError.
    """
    for path in texts:
        if path.exists() or path.is_symlink():
            message = f"{path} is there already: edit that, or choose another folder"
            raise UsageError(message, f"{path} esiste già: modificarlo, o scegliere un'altra cartella")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
