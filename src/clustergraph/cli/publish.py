"""`clustergraph publish`."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clustergraph.errors import UsageError
from clustergraph.published import find_dist, open_published

if TYPE_CHECKING:
    from clustergraph.layouts import Addresses

_PASSWORD_VARIABLE = "CLUSTERGRAPH_PASSWORD"  # noqa: S105  # the name of a variable


@click.command
@click.argument("dist", required=False, type=click.Path(path_type=Path))
@click.option("--to", "address", default=None, metavar="URL", help="Address of a store in one of the usual layouts.")
@click.option("--query-address", default=None, metavar="URL", help="Where it takes queries, if --to does not tell.")
@click.option("--update-address", default=None, metavar="URL", help="Where it takes updates.")
@click.option("--graphs-address", default=None, metavar="URL", help="Where it takes graphs (Graph Store Protocol).")
@click.option(
    "--user", default="", metavar="NAME", help=f"User name; {_PASSWORD_VARIABLE} or a prompt has the password."
)
@click.option("--take-over", is_flag=True, help="Stop another publish that is under way, or ended before its time.")
def publish(
    dist: Path | None,
    address: str | None,
    query_address: str | None,
    update_address: str | None,
    graphs_address: str | None,
    user: str,
    *,
    take_over: bool,
) -> None:
    """Load a build into a SPARQL 1.1 store, for serve --engine.

    Reads the folder that `clustergraph build` made (default: dist/). Writes to the store alone, in graphs below
    https://w3id.org/clustergraph/graph/. Whoever asks the store sees the old version until the new one is whole, if
    the store does all of an update request or nothing: Oxigraph and Fuseki over TDB2 do, Virtuoso does not.

    \b
    Example: clustergraph publish --to http://127.0.0.1:3030/ds
    """
    from clustergraph.layouts import Store  # noqa: PLC0415
    from clustergraph.publishing import publish as run  # noqa: PLC0415  # `serve` shares this program

    published = open_published(find_dist(dist))
    addresses = _addresses(address, (query_address, update_address, graphs_address))
    before = time.monotonic()
    with Store(addresses, user=user, password=_password(user)) as store:
        done = run(published, store, take_over=take_over, tell=lambda line: click.echo(line, err=True))
    name = f"sha256:{done.digest[:12]}…"
    if not done.changed:
        click.echo(f"The store holds {name} already")
        return
    took_s = time.monotonic() - before
    click.echo(f"Published {name}: {done.graphs} graphs, {done.triples:,} triples, in {took_s:.1f} s")
    click.echo(f"Serve it with: clustergraph serve --engine {addresses.query}")


def _addresses(address: str | None, given: tuple[str | None, str | None, str | None]) -> "Addresses":
    """The addresses that were given, and those that the layout of the store tells."""
    from clustergraph.layouts import Addresses, detected  # noqa: PLC0415

    if None not in given:
        return Addresses(*(one or "" for one in given))
    if address is None:
        message = "where to? Give --to, or all of --query-address, --update-address and --graphs-address"
        raise UsageError(message)
    return Addresses(*(one or other for one, other in zip(given, detected(address), strict=True)))


def _password(user: str) -> str:
    if not user:
        return ""
    if (known := os.environ.get(_PASSWORD_VARIABLE)) is not None:
        return known
    asked: str = click.prompt("Password", hide_input=True, err=True)
    return asked
