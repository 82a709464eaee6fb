"""Files beside a repository, read so that what they describe is known. They are not judged, and not published."""

import os
from array import array
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from clustergraph.assembly import has_too_many_alike
from clustergraph.errors import UsageError
from clustergraph.files import read_text
from clustergraph.findings import Finding
from clustergraph.oxterms import engine_triples
from clustergraph.reading import read
from clustergraph.reading.faults import said
from clustergraph.reading.parsed import TYPE, Parsed
from clustergraph.repository import SHAPES, Document, Repository

CONTEXT: Final = "context"
"""The name of the graph that the triples of such files stand in."""
FILES_LIMIT: Final = 10_000  # that are read
PATHS_LIMIT: Final = 100_000  # that are looked at for them in one folder
_SYNTAXES: Final = {".ttl": "turtle", ".trig": "trig", ".nt": "ntriples", ".nq": "nquads"}


def with_context(repository: Repository, paths: Sequence[Path]) -> Repository:
    """The repository with the files named, and those in the folders named, to look things up in.

    Raises: UsageError for what is not there or cannot be read, and for more files than the limits.
    """
    files = [*islice((file for path in paths for file in _files(path)), FILES_LIMIT + 1)]
    if len(files) > FILES_LIMIT:
        message = f"more than {FILES_LIMIT:,} files cannot be context: name a smaller folder"
        raise UsageError(message)
    return replace(repository, context=tuple(_document(number, file) for number, file in enumerate(files)))


def _files(path: Path) -> Iterator[Path]:
    if os.path.isdir(path):  # noqa: PTH112  # the method raises where a folder above may not be entered
        yield from sorted(one for one in _below(path) if one.suffix in _SYNTAXES and os.path.isfile(one))  # noqa: PTH113
    elif path.suffix in _SYNTAXES and os.path.isfile(path):  # noqa: PTH113
        yield path
    else:
        message = f"'{path}' cannot be context: name a folder, or a file that ends in {', '.join(_SYNTAXES)}"
        endings = ", ".join(_SYNTAXES)
        italian = f"'{path}' non può essere contesto: indicare una cartella, o un file che finisca in {endings}"
        raise UsageError(message, italian)


def _below(folder: Path) -> Iterator[Path]:
    """The paths below a folder; folders that go meanwhile, or may not be read, are passed over."""
    looked_at = 0
    for parent, folders, names in os.walk(folder):
        looked_at += len(folders) + len(names)
        if looked_at > PATHS_LIMIT:
            message = f"'{folder}' cannot be context: it has more than {PATHS_LIMIT:,} paths; name a smaller folder"
            raise UsageError(message)
        yield from (Path(parent, name) for name in names)


def _text(file: Path) -> str | Finding:
    try:
        return read_text(file.parent, PurePosixPath(file.name))
    except OSError as exc:
        message = f"'{file}' cannot be context: {exc.strerror}"
        raise UsageError(message) from exc


def _document(number: int, file: Path) -> Document:
    text = _text(file)
    if isinstance(text, Finding):
        message = f"'{file}' cannot be context: {text.message['en']}"
        raise UsageError(message, f"'{file}' non può essere contesto: {text.message['it']}")
    parsed = read(text, _SYNTAXES[file.suffix])
    triples, faults = engine_triples(parsed)
    for fault in (*parsed.faults, *faults):
        line, column = parsed.place(fault.start)
        why = said(fault, parsed.prefixes)
        message = f"'{file}', line {line}, column {column}, cannot be context: {why['en']}"
        raise UsageError(message, f"'{file}', riga {line}, colonna {column}, non può essere contesto: {why['it']}")
    document = Document(PurePosixPath(CONTEXT, str(number), file.name), CONTEXT, parsed, tuple(triples))
    if has_too_many_alike(document):
        message = f"'{file}' cannot be context: too many of its blank nodes are alike"
        italian = f"'{file}' non può essere contesto: troppi suoi nodi anonimi si somigliano"
        raise UsageError(message, italian)
    return document


def beside(repository: Repository, context: Sequence[Document]) -> Repository:
    """A repository with context, of which nothing counts that is said of a thing that the repository itself describes.

    What is judged has to be right as it stands: nobody who is given it is given the context too.
    """
    own = {
        subject
        for document in repository.documents
        if document.graph != SHAPES
        for subject, predicate, _ in document.parsed.triples
        if predicate == TYPE and not subject.startswith("_:")
    }
    return replace(repository, context=tuple(_without(own, one) for one in context))


def _without(things: Set[str], document: Document) -> Document:
    """A document without what it says of some things; itself, if it says nothing of them."""
    old = document.parsed
    kept = [number for number, (subject, _, _) in enumerate(old.triples) if subject not in things]
    if len(kept) == len(old.triples):
        return document
    places = array("I", (place for number in kept for place in old.places[4 * number : 4 * number + 4]))
    parsed = Parsed(old.text, [old.triples[number] for number in kept], places, prefixes=old.prefixes)
    return replace(document, parsed=parsed, triples=tuple(engine_triples(parsed)[0]))
