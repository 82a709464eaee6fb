"""A curators' repository read into memory: which file holds what, and in which named graph it will stand.

The only door through which contributed text enters. It is read here and handed on as terms with their places, never as
path. Knows the layout of folders; knows nothing of SHACL or HTTP.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import UsageError
from clustergraph.files import admitted, contributed, query_findings, read_text, unreadable
from clustergraph.findings import VIOLATION, Finding, Related
from clustergraph.mappings import read_mappings
from clustergraph.oxterms import engine_triples
from clustergraph.reading import read
from clustergraph.reading.faults import said
from clustergraph.reading.parsed import Fault, Parsed
from clustergraph.terms import ENTITY_KINDS, FOLDERS

CURATED: Final = "curated"
MAPPING: Final = "mapping"
ONTOLOGY: Final = "ontology"
_ALIGNMENTS: Final = PurePosixPath("ontology/alignments.ttl")  # what others call our terms: no axiom for our rules
_MISSING_HERE: Final = {"en": "it is missing here", "it": "manca qui"}
SHAPES: Final = "shapes"  # read, but not part of the dataset
DATA: Final = "data"
_NO_DRAFTS: Final[Mapping[PurePosixPath, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Document:
    """One contributed file.

    Shape: `path` is relative to the repository; `graph` is the name of the graph its triples belong to; `triples` are
           those of `parsed`, for the engine.
    """

    path: PurePosixPath
    graph: str
    parsed: Parsed
    triples: tuple[ox.Triple, ...]

    @cached_property
    def about(self) -> Mapping[str, Sequence[int]]:
        """The numbers of the triples about each subject."""
        found: dict[str, list[int]] = {}
        for number, (subject, _, _) in enumerate(self.parsed.triples):
            found.setdefault(subject, []).append(number)
        return found


@dataclass(frozen=True)
class Repository:
    """All documents of a repository, in path order, and what was wrong with those that could not be read.

    Shape: `context` are documents that are looked at where others speak of what they describe, and not judged;
           `drafts` are the texts that were read in the place of files; `data` is the folder that holds `data/` where
           that is another than `root`.
    """

    root: Path
    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]
    context: tuple[Document, ...] = ()
    drafts: Mapping[PurePosixPath, str] = field(default_factory=dict)
    data: Path | None = None

    def home(self, path: PurePosixPath) -> Path:
        """The folder that a path is relative to."""
        return self.data if self.data and path.parts[:1] == (DATA,) else self.root

    def text(self, path: PurePosixPath) -> str | None:
        """The text of a file, whether or not it could be read as RDF; None if it cannot be had."""
        if path in self.drafts:
            return self.drafts[path]
        read = next((one.parsed.text for one in self.documents if one.path == path), None)
        found = read_text(self.home(path), path) if read is None else read
        return found if isinstance(found, str) else None

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
        return [document for document in (*self.documents, *self.context) if document.graph != SHAPES]


def read_repository(
    root: Path, *, data: Path | None = None, drafts: Mapping[PurePosixPath, str] = _NO_DRAFTS
) -> Repository:
    """Every contributed file below a repository's folders.

    Shape:  `data` is a repository of which only the folder `data/` is read, in the place of that of `root`; `drafts`
            are texts in the place of files, or of files that are yet to be.
    Raises: UsageError naming the folder that is missing. A file that cannot be read becomes a finding.
    """
    homes = {folder: data if data and folder == DATA else root for folder in FOLDERS}
    for folder, home in homes.items():
        if not (home / folder).is_dir():
            message = (
                f"there is no folder '{folder}/' in '{home}': run this in a clustergraph repository, or name its path"
            )
            italian = (
                f"non c'è una cartella '{folder}/' in '{home}': eseguire il comando in un repository di clustergraph, "
                "o indicarne il percorso"
            )
            raise UsageError(message, italian)
    paths = {path: home for folder, home in homes.items() for path in contributed(home, (folder,))}
    paths |= {path: homes[path.parts[0]] for path in drafts}
    read = [read_document(paths[path], path, drafts.get(path)) for path in sorted(paths)]
    documents = tuple(one for one in read if isinstance(one, Document))
    findings = [finding for one in read if not isinstance(one, Document) for finding in one]
    return Repository(root, documents, (*findings, *query_findings(root)), drafts=drafts, data=data)


def read_document(root: Path, path: PurePosixPath, draft: str | None = None) -> Document | list[Finding]:
    """One contributed file, or the text that stands in its place; or the findings that say why it could not be read."""
    if draft is None:
        return document_of(path, lambda: read_text(root, path))
    return document_of(path, lambda: admitted(path, draft.encode("utf-8", "surrogatepass")))


def document_of(path: PurePosixPath, load: Callable[[], str | Finding]) -> Document | list[Finding]:
    """A contributed file of this path with the text that is loaded if a file may stand there, or what is wrong."""
    graph = _graph(path)
    if graph is None:
        where = "data/<kind>/<slug>.ttl, data/mapping/<name>.sssom.tsv, ontology/ or shapes/"
        dove = "data/<tipo>/<slug>.ttl, data/mapping/<nome>.sssom.tsv, ontology/ o shapes/"
        return [
            unreadable(
                path,
                "T003",
                f"no kind of file belongs here: move it to {where}",
                f"qui non va alcun file: va in {dove}",
            )
        ]
    text = load()
    if isinstance(text, Finding):
        return [text]
    parsed, triples, findings = read_as(path, text)
    return findings or Document(path, graph, parsed, triples)


def read_as(path: PurePosixPath, text: str) -> tuple[Parsed, tuple[ox.Triple, ...], list[Finding]]:
    """What the text of a file of this name says, wherever it lies, and what in it cannot be read."""
    parsed = read_mappings(text) if path.suffix == ".tsv" else read(text)
    triples, faults = engine_triples(parsed)
    said_of = {fault.start for fault in parsed.faults}  # what cannot be read is no term of the engine's either
    faults = [*parsed.faults, *(fault for fault in faults if fault.start not in said_of)]
    return parsed, tuple(triples), [_unreadable(path, parsed, fault) for fault in faults]


def _unreadable(path: PurePosixPath, parsed: Parsed, fault: Fault) -> Finding:
    message = said(fault, parsed.prefixes)
    at = parsed.between(fault.start, fault.end)
    also = () if fault.also is None else (Related(str(path), parsed.between(fault.also, fault.also), _MISSING_HERE),)
    return Finding(str(path), fault.code, VIOLATION, message, at, related=also)


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
