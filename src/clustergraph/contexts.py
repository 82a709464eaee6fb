"""Files beside a repository, read so that what they describe is known. They are not judged, and not published."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from clustergraph.assembly import has_too_many_alike
from clustergraph.errors import UsageError
from clustergraph.files import read_text
from clustergraph.findings import Finding
from clustergraph.oxterms import engine_triples
from clustergraph.reading import read
from clustergraph.reading.faults import said
from clustergraph.repository import Document, Repository

CONTEXT: Final = "context"
"""The name of the graph that the triples of such files stand in."""
_SYNTAXES: Final = {".ttl": "turtle", ".trig": "trig", ".nt": "ntriples", ".nq": "nquads"}


def with_context(repository: Repository, paths: Sequence[Path]) -> Repository:
    """The repository with the files named, and those in the folders named, to look things up in.

    Raises: UsageError for what is not there or cannot be read.
    """
    files = [file for path in paths for file in _files(path)]
    return replace(repository, context=tuple(_document(number, file) for number, file in enumerate(files)))


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (one for one in sorted(path.rglob("*")) if one.suffix in _SYNTAXES and one.is_file())
    elif path.suffix in _SYNTAXES and path.is_file():
        yield path
    else:
        message = f"'{path}' cannot be context: name a folder, or a file that ends in {', '.join(_SYNTAXES)}"
        endings = ", ".join(_SYNTAXES)
        italian = f"'{path}' non può essere contesto: indicare una cartella, o un file che finisca in {endings}"
        raise UsageError(message, italian)


def _document(number: int, file: Path) -> Document:
    text = read_text(file.parent, PurePosixPath(file.name))
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
