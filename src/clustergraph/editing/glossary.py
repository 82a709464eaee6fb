"""What the words of a repository stand for: labels and definitions in both languages, and where they are written."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from clustergraph.reading.parsed import SUBJECT, TYPE, Literal, Place
from clustergraph.repository import SHAPES, Document
from clustergraph.terms import DCTERMS, OWL, RDFS, SKOS, compact

_LABELS: Final = (f"{SKOS}prefLabel", f"{RDFS}label", f"{DCTERMS}title")
_DEFINITIONS: Final = (f"{SKOS}definition", f"{RDFS}comment", f"{DCTERMS}description")
_PROPERTIES: Final = {f"{OWL}{name}" for name in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty")}

CLASS: Final = "class"
PROPERTY: Final = "property"
THING: Final = "thing"


class Entry(NamedTuple):
    """One thing or term that a file describes.

    Shape: `labels` and `definitions` by language; `types` as IRIs; `at` is where the file gives it a type.
    """

    iri: str
    path: PurePosixPath
    at: Place
    types: tuple[str, ...]
    labels: Mapping[str, str]
    definitions: Mapping[str, str]

    @property
    def sort(self) -> str:
        """Whether it is a class, a property or a thing."""
        if f"{OWL}Class" in self.types:
            return CLASS
        return PROPERTY if _PROPERTIES.intersection(self.types) else THING

    @property
    def label(self) -> str:
        """Its labels in the languages there are, the English one first."""
        return " · ".join(dict.fromkeys(self.labels[one] for one in sorted(self.labels)))


def entries(document: Document) -> dict[str, Entry]:
    """Everything that a file gives a type to, by IRI."""
    if document.graph == SHAPES:
        return {}
    return {iri: entry for iri in document.about if not iri.startswith("_:") and (entry := _entry(document, iri))}


def _entry(document: Document, iri: str) -> Entry | None:
    types: list[tuple[int, str]] = []
    labels: dict[str, str] = {}
    definitions: dict[str, str] = {}
    for number in document.about[iri]:
        _, predicate, value = document.parsed.triples[number]
        if predicate == TYPE and isinstance(value, str):
            types.append((number, value))
        elif isinstance(value, Literal) and predicate in _LABELS:
            labels.setdefault(value.language, value.lexical)
        elif isinstance(value, Literal) and predicate in _DEFINITIONS:
            definitions.setdefault(value.language, value.lexical)
    if not types:
        return None
    at = document.parsed.place_of(types[0][0], SUBJECT)
    return Entry(iri, document.path, at, tuple(one for _, one in types), labels, definitions)


def described(entry: Entry) -> list[str]:
    """An entry in lines: labels, name and types, and a definition in each language.

    Shape: the first line is what people call it.
    """
    types = ", ".join(compact(one) for one in entry.types)
    definitions = [entry.definitions[language] for language in sorted(entry.definitions)]
    return [entry.label or compact(entry.iri), f"{compact(entry.iri)} ({types})", *definitions]
