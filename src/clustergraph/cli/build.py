"""`clustergraph build`."""

import sys
from pathlib import Path

import click

from clustergraph.cli.check import is_coloured
from clustergraph.files import repository_of
from clustergraph.findings import LANGUAGES
from clustergraph.outputs import RENDERERS, Outcome


@click.command
@click.option(
    "--root", type=click.Path(path_type=Path), default=None, help="Repository; default: the one you stand in."
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder to write; default: dist/ there.")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language.")
@click.pass_context
def build(context: click.Context, root: Path | None, out: Path | None, language: str) -> None:
    """Check the repository and write the dataset that serving and querying read.

    Writes a folder with the dataset, the queries and a manifest of digests; the same repository gives the same bytes.
    With any violation it writes nothing and leaves an older build as it is.

    \b
    Example: clustergraph build --out dist
    """
    from clustergraph.build import build as build_dataset  # noqa: PLC0415  # optional extra

    folder = root or repository_of(Path.cwd())
    target = out or folder / "dist"
    built = build_dataset(folder, target)
    if built.findings:
        outcome = Outcome(built.findings, language, built.sources, coloured=is_coloured(sys.stderr))
        click.echo(RENDERERS["full"](outcome), err=True)
    if not built.digest:
        click.echo("Nothing was written.", err=True)
        context.exit(1)
    for rule, count in built.inferred_by.items():
        click.echo(f"{count:6,}  triples by rule {rule}", err=True)
    for name, count in built.counts.items():
        click.echo(f"{count:6,}  {name}", err=True)
    click.echo(f"{target}  sha256:{built.digest}")
