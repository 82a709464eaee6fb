"""The terminal: each verb is a call and a print. Exit status 0, 1 (findings), 2 (usage), 3 (our fault)."""

import os
import re
import sys
from importlib import import_module
from typing import Final

import click

from clustergraph import __version__
from clustergraph.errors import ClusterGraphError, UsageError
from clustergraph.findings import printable

_VERBS: Final = {
    "new": "new:new",
    "import": "importing:import_",
    "check": "check:check",
    "explain": "explain:explain",
    "format": "format:format_",
    "build": "build:build",
    "rollback": "rollback:rollback",
    "query": "query:query",
    "serve": "serve:serve",
    "publish": "publish:publish",
    "lsp": "lsp:lsp",
}
"""The module and the name of each verb, loaded when it is asked for: `check` needs none of what `serve` does."""


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, _, name = _VERBS[cmd_name].partition(":")
        verb: click.Command = getattr(import_module(f"clustergraph.cli.{module}"), name)
        return verb


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="clustergraph")
def verbs() -> None:
    """Check, build, query, serve and publish the knowledge graph of Italy's technology clusters.

    \b
    Example: clustergraph query clusters-of-member --param member=university-of-brescia
    """


def main() -> None:
    """Runs one verb and leaves the process with its status."""
    _open_standard_files()
    try:
        # Outside of standalone mode click returns the status of a verb.
        sys.exit(verbs(prog_name="clustergraph", standalone_mode=False))
    except click.ClickException as exc:
        exc.show()
        sys.exit(2)
    except ClusterGraphError as exc:
        click.echo(f"clustergraph: {printable(_in_language(exc, sys.argv[1:]))}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as exc:
        click.echo(f"clustergraph failed, and it is our fault: {type(exc).__name__}: {printable(str(exc))}", err=True)
        sys.exit(3)


def _in_language(exc: ClusterGraphError, arguments: list[str]) -> str:
    """What is said of an error: in Italian where the command line asks for that and there is such a sentence."""
    asked = re.search(r"\0--lang[\0=]it\0", "\0".join(["", *arguments, ""]))
    return exc.italian if asked and isinstance(exc, UsageError) else exc.detail


def _open_standard_files() -> None:
    """Opens the null device on each of the standard files that is closed.

    What is opened next would have its number else, and get what is meant for it: a socket our log, a child our pipes.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))
