"""A curators' repository read into memory: which file holds what, and in which named graph it will stand.

The only door through which contributed text enters. It is parsed here by pyoxigraph's Turtle parser and handed on as
terms, never as text or path. Knows the layout of folders; knows nothing of SHACL or HTTP.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import UsageError
from clustergraph.files import contributed, query_findings, read_text, unreadable
from clustergraph.findings import Finding
from clustergraph.mappings import read_mappings
from clustergraph.terms import ENTITY_KINDS, FOLDERS, compact
from clustergraph.turtle import parse

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
        blocks = self._blocks.get(compact(subject), []) + self._blocks.get(f"<{subject}>", [])
        blocks.sort()
        for one in filter(None, written):
            for line, start, end in blocks or [(1, 0, len(self.text))]:
                if (place := _place(self.text, one, start, end)) is not None:
                    return line + self.text.count("\n", start, place)
        return blocks[0][0] if blocks else None

    @cached_property
    def _blocks(self) -> dict[str, list[tuple[int, int, int]]]:
        """By the word that a line begins with: that line, and the places from it to the next line with a subject."""
        found: dict[str, list[tuple[int, int, int]]] = {}
        offset, word, first = 0, "", (1, 0)
        # Not splitlines(), which also splits at characters that no editor counts as the end of a line.
        for number, line in enumerate(self.text.split("\n"), start=1):
            if line[:1].strip() and line[0] not in "#@":
                found.setdefault(word, []).append((*first, offset))
                word, first = line.split(maxsplit=1)[0], (number, offset)
            offset += len(line) + 1
        found.setdefault(word, []).append((*first, offset))
        return found


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


def _place(text: str, written: str, start: int, end: int) -> int | None:
    """The first place of a term between two others, as a word of its own."""
    found = [_word(text, form, start, end) for form in {written, compact(written), f"<{written}>"}]
    return min((one for one in found if one >= 0), default=None)


def _word(text: str, form: str, start: int, end: int) -> int:
    place = text.find(form, start, end)
    while place >= 0 and (
        _goes_on(text[max(place - 1, 0) : place], ":-")
        or _goes_on(text[place + len(form) : place + len(form) + 1], "-")
    ):
        place = text.find(form, place + 1, end)
    return place


def _goes_on(character: str, signs: str) -> bool:
    return character != "" and (character.isalnum() or character in f"_{signs}")


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
    read = [read_document(root, path) for path in sorted(contributed(root))]
    documents = tuple(one for one in read if isinstance(one, Document))
    findings = (*(one for one in read if isinstance(one, Finding)), *query_findings(root))
    return Repository(root, documents, findings)


def read_document(root: Path, path: PurePosixPath) -> Document | Finding:
    """One contributed file, or the finding that says why it could not be read."""
    graph = _graph(path)
    if graph is None:
        where = "data/<kind>/<slug>.ttl, data/mapping/<name>.sssom.tsv, ontology/ or shapes/"
        dove = "data/<tipo>/<slug>.ttl, data/mapping/<nome>.sssom.tsv, ontology/ o shapes/"
        return unreadable(
            path, "T003", f"no kind of file belongs here: move it to {where}", f"qui non va alcun file: va in {dove}"
        )
    text = read_text(root, path)
    if isinstance(text, Finding):
        return text
    try:
        triples = read_mappings(text) if path.suffix == ".tsv" else parse(text)
    except SyntaxError as exc:
        english = f"{exc.msg.rstrip('.')}: correct the text here, or just before"
        return unreadable(
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


def triples_of(documents: Sequence[Document]) -> set[ox.Triple]:
    """The triples of several documents, as a set."""
    return {triple for document in documents for triple in document.triples}
