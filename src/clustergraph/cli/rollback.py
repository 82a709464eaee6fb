"""`clustergraph rollback`."""

from pathlib import Path

import click

from clustergraph.findings import printable
from clustergraph.published import find_dist
from clustergraph.releases import rollback as roll_back


@click.command
@click.argument("dist", required=False, type=click.Path(path_type=Path))
def rollback(dist: Path | None) -> None:
    """Put the build that was replaced last back in its place.

    Exchanges dist/ (the default) and .dist.previous/ beside it in one step, once every digest of the latter is
    verified; a second time undoes the first. A running server goes over to it by itself. Else leaves both alone.
    Says so if what it puts aside is damaged.

    \b
    Example: clustergraph rollback dist
    """
    folder = find_dist(dist)
    done = roll_back(folder)
    held = f"sha256:{done.previous_digest}" if done.previous_digest else "damaged" if done.damage else "nothing"
    click.echo(f"back        {folder.parent.resolve() / folder.name}  sha256:{done.digest}")
    click.echo(f"put aside   {done.previous}  {held}")
    if done.damage:
        remark = f"what was put aside is damaged, and no rollback will go back to it: {done.damage}"
        click.echo(f"clustergraph: {printable(remark)}", err=True)
