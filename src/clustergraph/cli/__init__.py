"""The terminal: each verb is a call and a print. Exit status 0, 1 (findings), 2 (usage), 3 (our fault)."""

import sys

import click

from clustergraph import __version__
from clustergraph.cli.build import build
from clustergraph.cli.check import check
from clustergraph.cli.explain import explain
from clustergraph.cli.format import format_
from clustergraph.cli.importing import import_
from clustergraph.cli.lsp import lsp
from clustergraph.cli.new import new
from clustergraph.cli.publish import publish
from clustergraph.cli.query import query
from clustergraph.cli.rollback import rollback
from clustergraph.cli.serve import serve
from clustergraph.errors import ClusterGraphError
from clustergraph.findings import printable


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="clustergraph")
def verbs() -> None:
    """Check, build, query, serve and publish the knowledge graph of Italy's technology clusters.

    \b
    Example: clustergraph query clusters-of-member --param member=university-of-brescia
    """


for verb in (new, import_, check, explain, format_, build, rollback, query, serve, publish, lsp):
    verbs.add_command(verb)


def main() -> None:
    """Runs one verb and leaves the process with its status."""
    try:
        # Outside of standalone mode click returns the status of a verb.
        sys.exit(verbs(prog_name="clustergraph", standalone_mode=False))
    except click.ClickException as exc:
        exc.show()
        sys.exit(2)
    except ClusterGraphError as exc:
        click.echo(f"clustergraph: {printable(exc.detail)}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as exc:
        click.echo(f"clustergraph failed, and it is our fault: {type(exc).__name__}: {printable(str(exc))}", err=True)
        sys.exit(3)
