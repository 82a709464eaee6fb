"""A curators' repository read into memory: which file holds what, and in which named graph it will stand.

The only door through which contributed text enters. It is parsed here by pyoxigraph's Turtle parser and handed on as
terms, never as text or path. Knows the layout of folders; knows nothing of SHACL or HTTP.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, takewhile
from pathlib import Path, PurePosixPath
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import UsageError
from clustergraph.findings import VIOLATION, Finding
from clustergraph.mappings import read_mappings
from clustergraph.terms import ENTITY_KINDS, FOLDERS, compact
from clustergraph.turtle import parse

SIZE_LIMIT_BYTES: Final = 10_000_000  # one contributed file

CURATED: Final = "curated"
MAPPING: Final = "mapping"
ONTOLOGY: Final = "ontology"
_ALIGNMENTS: Final = PurePosixPath("ontology/alignments.ttl")  # what others call our terms: no axiom for our rules
SHAPES: Final = "shapes"  # read, but not part of the dataset


@dataclass(frozen=True)
class Document:
    """One contributed file.

    Shape: `path` is relative to the repository; `graph` is the name of the graph its triples belong to.
    """

    path: PurePosixPath
    graph: str
    text: str
    triples: tuple[ox.Triple, ...]

    def line_of(self, subject: str, *written: str) -> int | None:
        """The line, from 1, on which a term stands in the statements about a subject.

        Shape: IRIs as strings; of `written` the first that is found in one of the subject's blocks counts, else the
               line where the first block begins. Of a subject that is not written here, such as the node of a mapping,
               the first of `written` that stands anywhere; None if none does.
        """
        forms = ([compact(subject)], [f"<{subject}>"])
        starts = [number for number, line in self._lines if line[:1].strip() and line.split(maxsplit=1)[:1] in forms]
        blocks = [self._block(start) for start in starts] or [self._lines]
        for one in filter(None, written):
            for number, line in chain.from_iterable(blocks):
                if _mentions(line, one):
                    return number
        return starts[0] if starts else None

    @cached_property
    def _lines(self) -> list[tuple[int, str]]:
        # Not splitlines(), which also splits at characters that no editor counts as the end of a line.
        return list(enumerate(self.text.split("\n"), start=1))

    def _block(self, start: int) -> list[tuple[int, str]]:
        """The lines from one that begins with a subject to the next that does."""
        after = takewhile(lambda one: not one[1][:1].strip() or one[1][0] in "#@", self._lines[start:])
        return [self._lines[start - 1], *after]


@dataclass(frozen=True)
class Repository:
    """All documents of a repository, in path order, and what was wrong with those that could not be read."""

    root: Path
    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]

    def in_graph(self, graph: str) -> list[Document]:
        """The documents of one graph."""
        return [document for document in self.documents if document.graph == graph]

    @property
    def sources(self) -> list[Document]:
        """The documents under data/source, one named graph each."""
        return [document for document in self.documents if document.graph.startswith("source/")]

    @property
    def dataset_documents(self) -> list[Document]:
        """The documents whose triples are published as data."""
        return [document for document in self.documents if document.graph != SHAPES]


def _mentions(line: str, written: str) -> bool:
    for form in {written, compact(written), f"<{written}>"}:
        if re.search(rf"(?<![\w:-]){re.escape(form)}(?![\w-])", line):
            return True
    return False


def read_repository(root: Path) -> Repository:
    """Every contributed file below a repository's folders.

    Raises: UsageError naming the folder that is missing. A file that cannot be read becomes a finding.
    """
    for folder in FOLDERS:
        if not (root / folder).is_dir():
            message = (
                f"there is no folder '{folder}/' in '{root}': run this in a clustergraph repository, or name its path"
            )
            raise UsageError(message)
    read = [read_document(root, path) for path in sorted(_contributed(root))]
    documents = tuple(one for one in read if isinstance(one, Document))
    return Repository(root, documents, tuple(one for one in read if isinstance(one, Finding)))


def _contributed(root: Path) -> Iterator[PurePosixPath]:
    for folder in FOLDERS[:3]:
        for path in (root / folder).rglob("*"):
            # A link to a folder is not followed, so it is handed on to be refused rather than passed over.
            if (path.is_file() or path.is_symlink()) and not path.name.startswith("."):
                yield PurePosixPath(path.relative_to(root).as_posix())


def read_document(root: Path, path: PurePosixPath) -> Document | Finding:
    """One contributed file, or the finding that says why it could not be read."""
    graph = _graph(path)
    if graph is None:
        where = "data/<kind>/<slug>.ttl, data/mapping/<name>.sssom.tsv, ontology/ or shapes/"
        dove = "data/<tipo>/<slug>.ttl, data/mapping/<nome>.sssom.tsv, ontology/ o shapes/"
        return _unreadable(
            path, "T003", f"no kind of file belongs here: move it to {where}", f"qui non va alcun file: va in {dove}"
        )
    text = _text(root, path)
    if isinstance(text, Finding):
        return text
    try:
        triples = read_mappings(text) if path.suffix == ".tsv" else parse(text)
    except SyntaxError as exc:
        english = f"{exc.msg.rstrip('.')}: correct the text here, or just before"
        return _unreadable(
            path,
            "T001",
            english,
            f"qui il testo non si legge («{exc.msg.rstrip('.')}»): correggerlo qui, o subito prima",
            line=exc.lineno,
            column=exc.offset,
        )
    return Document(path, graph, text, tuple(triples))


def _graph(path: PurePosixPath) -> str | None:
    """The name of the graph that a file belongs to, by its place alone; None where no file belongs."""
    folders, turtle = path.parts[:-1], path.suffix == ".ttl"
    if path == _ALIGNMENTS:
        return MAPPING
    if folders[0] in ("ontology", "shapes") and turtle:
        return folders[0]
    if folders == ("data", "mapping") and path.name.endswith(".sssom.tsv"):
        return MAPPING
    if len(folders) == 2 and folders[1] in ENTITY_KINDS and turtle:  # noqa: PLR2004
        return f"source/{path.stem}" if folders[1] == "source" else CURATED
    return None


def _text(root: Path, path: PurePosixPath) -> str | Finding:
    file = root / path
    if not file.resolve().is_relative_to(root.resolve()):
        return _unreadable(
            path,
            "T003",
            "this link leads out of the repository: put the file itself here",
            "questo collegamento esce dal repository: mettere qui il file stesso",
        )
    if not file.is_file():
        return _unreadable(
            path,
            "T003",
            "this link leads to no file: put the file itself here",
            "questo collegamento non porta a un file: mettere qui il file stesso",
        )
    if file.stat().st_size > SIZE_LIMIT_BYTES:
        limit = f"{SIZE_LIMIT_BYTES:,}"
        return _unreadable(
            path, "T002", f"the file is longer than {limit} bytes: split it", f"il file supera {limit} byte: va diviso"
        )
    data = file.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        return _unreadable(
            path, "T002", "this is not UTF-8 text: save it as UTF-8", "il testo non è UTF-8: salvarlo così", line=line
        )
    if (place := text.find("\0")) >= 0 or text.startswith("\ufeff"):
        line = text.count("\n", 0, max(place, 0)) + 1
        return _unreadable(
            path,
            "T002",
            "the text has a NUL character or a byte-order mark: remove it",
            "il testo contiene un carattere NUL o un BOM: rimuoverlo",
            line=line,
        )
    return text


def _unreadable(
    path: PurePosixPath, code: str, english: str, italian: str, *, line: int | None = None, column: int | None = None
) -> Finding:
    return Finding(str(path), line, column, code, VIOLATION, {"en": english, "it": italian})


def triples_of(documents: Sequence[Document]) -> set[ox.Triple]:
    """The triples of several documents, as a set."""
    return {triple for document in documents for triple in document.triples}
