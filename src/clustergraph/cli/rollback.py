"""`clustergraph rollback`."""

from pathlib import Path

import click

from clustergraph.published import find_dist
from clustergraph.releases import rollback as roll_back


@click.command
@click.argument("dist", required=False, type=click.Path(path_type=Path))
def rollback(dist: Path | None) -> None:
    """Put the build that was replaced last back in its place.

    Exchanges dist/ (the default) and .dist.previous/ beside it in one step, once every digest of the latter is
    verified; a second time undoes the first. A running server goes over to it by itself. Else leaves both alone.

    \b
    Example: clustergraph rollback dist
    """
    folder = find_dist(dist)
    done = roll_back(folder)
    click.echo(f"{folder}  sha256:{done.digest}")
    click.echo(f"{done.previous}  {f'sha256:{done.previous_digest}' if done.previous_digest else 'nothing'}")
