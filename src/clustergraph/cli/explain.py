"""`clustergraph explain`."""

import textwrap
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NoReturn

import click

from clustergraph.errors import UsageError
from clustergraph.files import repository_of
from clustergraph.findings import LANGUAGES, Finding, printable

_WIDTH = 100
_WORDS = {
    "en": {
        "to_do": "What to do:",
        "shape": "If a shape asks:",
        "path": "In {path}:",
        "wrong": "Wrong:",
        "right": "Right:",
        "suppress": "To let one pass, at the end of its line and with a reason:",
        "comment": "# clustergraph: ignore {code} -- reason",
        "used": "Shapes that ask for it:",
        "unknown": "there is no code '{code}'",
        "near": "did you mean {codes}?",
        "see": "a finding shows its code after its place, as in 'data/a.ttl:7:5  H001'",
    },
    "it": {
        "to_do": "Che cosa fare:",
        "shape": "Se una forma chiede:",
        "path": "In {path}:",
        "wrong": "Sbagliato:",
        "right": "Giusto:",
        "suppress": "Per lasciarne passare uno, alla fine della sua riga e con un motivo:",
        "comment": "# clustergraph: ignore {code} -- motivo",
        "used": "Forme che lo chiedono:",
        "unknown": "non c'è un codice «{code}»",
        "near": "forse {codes}?",
        "see": "un rilievo mostra il codice dopo il punto, come in «data/a.ttl:7:5  H001»",
    },
}


@click.command
@click.argument("code")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language.")
def explain(*, code: str, language: str) -> None:
    """Say what the code of a finding means, and how to mend it.

    Shows an example before and after; for a C code, the places in shapes/ that ask for it, if you stand in a
    repository. Writes nothing.

    \b
    Example: clustergraph explain C004 --lang it
    """
    from clustergraph.explaining import explanation, nearest  # noqa: PLC0415  # reads every table of sentences

    words = _WORDS[language]
    known = explanation(code.upper())
    if known is None:
        _refuse(code, nearest(code), words)
    click.echo("\n".join(textwrap.wrap(f"{known.code}: {known.meaning[language]}", _WIDTH)))
    if known.to_do[language]:
        click.echo("\n" + "\n".join(textwrap.wrap(f"{words['to_do']} {known.to_do[language]}", _WIDTH)))
    if known.path:
        click.echo(f"\n{words['path'].format(path=known.path)}")
    for name, text in (("shape", known.shape), ("wrong", known.wrong), ("right", known.right)):
        if text:
            shown = "\n".join(textwrap.shorten(line, 500) if len(line) > 500 else line for line in text.split("\n"))  # noqa: PLR2004
            click.echo(f"\n{words[name]}\n{textwrap.indent(shown, '    ')}")
    if known.may_be_suppressed:
        click.echo(f"\n{words['suppress']}\n    {words['comment'].format(code=known.code)}")
    if used := list(_used(known.code)):
        click.echo(f"\n{words['used']}")
        click.echo("".join(f"    {place}\n" for place in used), nl=False)


def _refuse(code: str, near: list[str], words: dict[str, str]) -> NoReturn:
    """Says that there is no such code.

    Raises: UsageError.
    """
    hint = words["near"].format(codes=", ".join(near)) if near else words["see"]
    message = f"{words['unknown'].format(code=printable(code[:40]))}: {hint}"
    raise UsageError(message)


def _used(code: str) -> Iterator[str]:
    from clustergraph.explaining import shapes_using  # noqa: PLC0415
    from clustergraph.files import read_text  # noqa: PLC0415
    from clustergraph.reading import read  # noqa: PLC0415

    root = repository_of(Path.cwd())
    paths = sorted((root / "shapes").rglob("*.ttl")) if code.startswith("C") else []
    for path in paths:
        relative = PurePosixPath(path.relative_to(root).as_posix())
        text = read_text(root, relative)
        if not isinstance(text, Finding):
            yield from shapes_using(code, [(str(relative), read(text))])
