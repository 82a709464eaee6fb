"""`clustergraph query`."""

import csv
import io
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clustergraph.errors import NotAcceptable, NotFound, ParameterUnsuitable, UsageError
from clustergraph.findings import printable
from clustergraph.formats import CSV, GRAPH_FORMATS, RESULT_FORMATS, TURTLE, named
from clustergraph.guard import admit, query_form
from clustergraph.published import Published, find_dist, open_published
from clustergraph.queries import SavedQuery, load_query, query_text, unknown_thing
from clustergraph.runner import Limits, QueryRequest, Storage
from clustergraph.settings import ENVIRONMENT_PREFIX
from clustergraph.terms import compact, sparql_prologue

if TYPE_CHECKING:
    from clustergraph.engine import Engine

TABLE: Final = "table"
_WIDTH_WITHOUT_TERMINAL: Final = 120
_NAMES: Final = ", ".join((TABLE, *(one.name for one in (*RESULT_FORMATS, *GRAPH_FORMATS))))


@click.command
@click.argument("name", required=False)
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Value of a parameter; repeatable.")
@click.option("--format", "format_name", default=TABLE, show_default=True, metavar="FORMAT", help=f"One of {_NAMES}.")
@click.option("--dist", type=click.Path(path_type=Path), default=None, help="Folder of the build; default: dist/.")
@click.option(
    "--memory-quads",
    type=click.IntRange(min=0),
    default=Storage().memory_quads,
    show_default=True,
    envvar=f"{ENVIRONMENT_PREFIX}MEMORY_QUADS",
    show_envvar=True,
    help="Largest dataset that is loaded into memory; larger ones are asked in the store on disk that `serve` uses.",
)
@click.option(
    "--store-dir",
    type=click.Path(path_type=Path),
    default=Storage().store_dir,
    show_default=True,
    envvar=f"{ENVIRONMENT_PREFIX}STORE_DIR",
    show_envvar=True,
    help="Folder of the stores on disk; a relative one stands beside the build.",
)
@click.option("--explain", is_flag=True, help="Print the question, parameters and text of a saved query; run nothing.")
def query(
    name: str | None,
    parameters: tuple[str, ...],
    format_name: str,
    dist: Path | None,
    memory_quads: int,
    store_dir: Path,
    explain: bool,
) -> None:
    """Answer a saved query, a query file, or standard input with -.

    Without a name it lists the catalogue. Your own queries have our prefixes at hand. Writes nothing,
    but the store of a dataset above --memory-quads where there is none yet, which takes minutes the first time.

    \b
    Example: clustergraph query clusters-of-member --param member=university-of-brescia --format csv
    """
    published = open_published(find_dist(dist))
    if name is None:
        _list(published)
        return
    saved = _find(published, name)
    if saved is None:
        _refuse_options(parameters, explain)
        text, bindings, things = _text(name), {}, {}
        admit(text, Limits())
    elif explain:
        _explain(saved)
        return
    else:
        values = dict(_pair(one) for one in parameters)
        text, bindings, things = saved.text, saved.bindings(values), saved.things(values)
    _run(published, Storage(memory_quads, store_dir), text, bindings, format_name, things)


def _find(published: Published, name: str) -> SavedQuery | None:
    if name in published.catalogue:
        return published.catalogue[name]
    path = Path(name)
    if name == "-" or _is_file(path):
        return load_query(path) if path.parent.name == "catalogue" else None
    message = f"there is no saved query and no file '{name[:80]}': 'clustergraph query' lists the catalogue"
    raise NotFound(message)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than names of files can be
        return False


def _refuse_options(parameters: tuple[str, ...], explain: bool) -> None:
    for option, given in (("--param", parameters), ("--explain", explain)):
        if given:
            message = f"{option} is for saved queries: 'clustergraph query' lists them"
            raise UsageError(message)


def _text(name: str) -> str:
    if name != "-":
        return query_text(Path(name))
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as exc:
        message = "standard input is not UTF-8 text: save it as UTF-8"
        raise UsageError(message) from exc


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        message = f"'{text}' is not a parameter: write it as NAME=VALUE"
        raise ParameterUnsuitable(message)
    return key, value


def _list(published: Published) -> None:
    for saved in published.catalogue.values():
        click.echo(f"{saved.name:40} {saved.asks['en']}")


def _explain(saved: SavedQuery) -> None:
    click.echo(f"{saved.title}\n{saved.asks['en']}\n{saved.asks['it']}\n")
    for parameter in saved.parameters:
        click.echo(f"--param {parameter.name}={parameter.example}   {parameter.text} ({parameter.type})")
    click.echo(f"\n{saved.text.removeprefix(sparql_prologue())}")


def _engine(published: Published, storage: Storage) -> "Engine":
    """The dataset in memory, or the store on disk where it is too large for that.

    Raises: UsageError if there is no such store and none can be made.
    """
    # `serve` shares this program and must load no engine.
    from clustergraph.engine import load_engine, open_engine  # noqa: PLC0415
    from clustergraph.stores import has_more_quads, open_stored  # noqa: PLC0415

    if not has_more_quads(published.dataset, storage.memory_quads):
        return load_engine(published.dataset)
    folder = published.folder.absolute().parent / storage.store_dir
    try:
        return open_engine(open_stored(published.dataset, published.digest, folder, expected=published.digest).folder)
    except OSError as exc:
        advice = "name another folder with --store-dir, or raise --memory-quads"
        message = (
            f"the dataset has more than {storage.memory_quads:,} quads, and its store cannot be had: {exc}; {advice}"
        )
        raise UsageError(message) from exc


def _run(
    published: Published,
    storage: Storage,
    text: str,
    bindings: dict[str, str],
    format_name: str,
    things: dict[str, str],
) -> None:
    form = query_form(text)
    family = RESULT_FORMATS if form in ("SELECT", "ASK") else GRAPH_FORMATS
    as_table = format_name == TABLE
    chosen = (CSV if family is RESULT_FORMATS else TURTLE) if as_table else named(format_name, family)
    request = QueryRequest(text, chosen, chosen, bindings=bindings)
    output = io.BytesIO()
    try:
        engine = _engine(published, storage)
        for parameter, iri in things.items():
            if not engine.knows(iri):
                raise unknown_thing(parameter, iri)
        engine.evaluate(request).write(output)
    except NotAcceptable as exc:
        raise ParameterUnsuitable(exc.detail) from exc
    if as_table and form == "ASK":
        click.echo(output.getvalue())
    elif as_table and form == "SELECT":
        _print_table(output.getvalue().decode())
    else:
        sys.stdout.buffer.write(output.getvalue())
        sys.stdout.buffer.flush()


def _print_table(text: str) -> None:
    rows = list(csv.reader(io.StringIO(text)))
    header, answers = rows[0], [[_shown(cell) for cell in row] for row in rows[1:]]
    width = shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 0)).columns
    widths = [max(map(len, column)) + 1 for column in zip(header, *answers, strict=True)]
    if sum(widths) <= width:
        _print_columns(header, answers, width)
    else:
        _print_records(header, answers, width)
    click.echo(f"{len(answers)} row{'' if len(answers) == 1 else 's'}", err=True)


def _print_columns(header: list[str], answers: list[list[str]], width: int) -> None:
    table = Table(*header, box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for row in answers:
        table.add_row(*(Text(cell) for cell in row))
    Console(width=width).print(table)


def _print_records(header: list[str], answers: list[list[str]], width: int) -> None:
    """A row as a block of lines, for answers too wide for columns side by side."""
    label = max(map(len, header))
    for number, row in enumerate(answers, start=1):
        click.echo(f"{'' if number == 1 else chr(10)}{number}")
        for name, cell in zip(header, row, strict=True):
            wrapped = textwrap.wrap(cell, max(width - label - 4, 20)) or ["–"]
            click.echo(f"  {name:{label}}  {wrapped[0]}")
            for line in wrapped[1:]:
                click.echo(f"  {'':{label}}  {line}")


def _shown(cell: str) -> str:
    short = compact(cell) if cell.startswith(("http://", "https://")) else cell
    return printable(cell if short.startswith("<") else short)
