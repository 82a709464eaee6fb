"""`clustergraph new`."""

from pathlib import Path

import click

from clustergraph.drafts import Unsuitable, draft
from clustergraph.errors import UsageError
from clustergraph.files import repository_of
from clustergraph.findings import LANGUAGES
from clustergraph.terms import ENTITY_KINDS, FOLDERS

_WRITTEN = {
    "en": "Wrote {path}. Fill in what is empty or says 'fill-in', then run: clustergraph check {path}",
    "it": "Scritto {path}. Riempire ciò che è vuoto o dice «fill-in», poi eseguire: clustergraph check {path}",
}
_STANDS = {
    "en": "{path} is there already: edit that, or choose another slug",
    "it": "{path} esiste già: modificarlo, o scegliere un altro slug",
}
_NOWHERE = {
    "en": "there is no repository in '{path}': run this where data/ and ontology/ are",
    "it": "non c'è un repository in «{path}»: eseguire il comando dove stanno data/ e ontology/",
}


@click.command
@click.argument("kind", type=click.Choice(ENTITY_KINDS))
@click.argument("slug")
@click.option("--label-en", default=None, help="Its name in English; of a source, the title.")
@click.option("--label-it", default=None, help="Its name in Italian; of a source, the title.")
@click.option("--type", "class_name", default=None, help="Its class, where a kind has several, e.g. NationalCluster.")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language.")
def new(
    *, kind: str, slug: str, label_en: str | None, label_it: str | None, class_name: str | None, language: str
) -> None:
    """Begin the file of a new thing.

    Writes data/KIND/SLUG.ttl in the repository you stand in, with places to fill in that a check will name. Never
    writes over a file.

    \b
    Example: clustergraph new organisation university-of-pavia --label-en "University of Pavia"
    """
    given = {"label_en": label_en, "label_it": label_it, "type": class_name}
    path = _written(kind, slug, {name: value for name, value in given.items() if value is not None}, language)
    click.echo(_WRITTEN[language].format(path=path))


def _written(kind: str, slug: str, given: dict[str, str], language: str) -> Path:
    """Writes the draft of a thing; its path below the repository.

    Raises: UsageError for a slug or a value that cannot stand, outside of a repository, and where a file is already.
    """
    try:
        text = draft(kind, slug, given, language)
    except Unsuitable as exc:
        raise UsageError(exc.message[language]) from exc
    root = repository_of(Path.cwd())
    if not all((root / folder).is_dir() for folder in FOLDERS):
        raise UsageError(_NOWHERE[language].format(path=root))
    path = root / "data" / kind / f"{slug}.ttl"
    path.parent.mkdir(exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as exc:
        raise UsageError(_STANDS[language].format(path=path.relative_to(root))) from exc
    return path.relative_to(root)
