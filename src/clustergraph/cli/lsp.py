"""`clustergraph lsp`."""

import click

from clustergraph.errors import UsageError
from clustergraph.findings import LANGUAGES


@click.command
@click.option(
    "--lang", "language", type=click.Choice(LANGUAGES), default=None, help="Language; default: that of the editor."
)
@click.option("--stdio", is_flag=True, help="Speak over standard input and output, as is done anyway.")
def lsp(language: str | None, *, stdio: bool) -> None:  # editors pass it
    """Help an editor: findings as you type, what a word stands for, which words there are.

    Speaks the Language Server Protocol over standard input and output; an editor starts it, see
    docs/contributing-tools.md. Writes no file. Needs `pip install 'clustergraph[lsp]'`.

    \b
    Example: clustergraph lsp --lang it
    """
    _serve(language)


def _serve(language: str | None) -> None:
    try:
        from clustergraph.editing.server import server  # noqa: PLC0415  # optional extra
    except ModuleNotFoundError as exc:
        message = f"there is no module '{exc.name}': install it with `pip install 'clustergraph[lsp]'`"
        raise UsageError(message) from exc
    server(language).start_io()
