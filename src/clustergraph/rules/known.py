"""What all house rules start from: what the repository as a whole defines, and how a rule says what it found."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from clustergraph.errors import UsageError
from clustergraph.findings import VIOLATION, Finding, Related
from clustergraph.reading.parsed import SUBJECT, TYPE, Literal, Place, Term
from clustergraph.repository import ONTOLOGY, SHAPES, Document, Repository
from clustergraph.rules.names import same_for
from clustergraph.rules.namespaces import meant_things
from clustergraph.rules.nearest import Nearest
from clustergraph.terms import ID, OWL, SH, SKOS, described_iri, kind_and_slug

APART: Final = f"{OWL}differentFrom"
"""With this a curator decides that two organisations with like names are two."""
LABELS: Final = (f"{SKOS}prefLabel", f"{SKOS}altLabel")
NAMED_KINDS: Final = ("cluster", "organisation")

_AHEAD_OF_UTC: Final = timedelta(hours=14)  # where a day begins first
_PATH, _DATATYPE = f"{SH}path", f"{SH}datatype"
_TERM_TYPES: Final = {
    f"{OWL}{name}"
    for name in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "NamedIndividual", "Ontology")
}


class Stated(NamedTuple):
    """A part of a triple of a document."""

    document: Document
    number: int
    part: int = SUBJECT

    def related(self, english: str, italian: str) -> Related:
        """The place, as one that helps to see why."""
        place = self.document.parsed.place_of(self.number, self.part)
        return Related(str(self.document.path), place, {"en": english, "it": italian})


def day_of_the_build() -> date:
    """The day that dates are compared with: SOURCE_DATE_EPOCH where it is set, else today, wherever it is latest.

    Raises: UsageError if SOURCE_DATE_EPOCH is no number of seconds.
    Source: reproducible-builds.org, the specification of SOURCE_DATE_EPOCH.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
        return (moment + _AHEAD_OF_UTC).date()
    except (ValueError, OverflowError, OSError) as exc:
        message = f"SOURCE_DATE_EPOCH is '{epoch[:40]}': give the seconds since 1970, or unset it"
        italian = f"SOURCE_DATE_EPOCH è '{epoch[:40]}': dare i secondi dal 1970, o toglierla"
        raise UsageError(message, italian) from exc


@dataclass(frozen=True)
class Known:
    """What the repository as a whole defines, gathered once for all rules."""

    repository: Repository
    day: date = field(default_factory=day_of_the_build)

    @cached_property
    def terms(self) -> Mapping[str, Stated]:
        """Where the ontology declares each class and property, ours or borrowed."""
        return {
            subject: Stated(document, number)
            for document in (*self.repository.in_graph(ONTOLOGY), *self.repository.context)
            for number, (subject, predicate, value) in enumerate(document.parsed.triples)
            if predicate == TYPE and value in _TERM_TYPES and not is_blank(subject)
        }

    @cached_property
    def things(self) -> Mapping[str, Stated]:
        """Where each thing of ours is given a type."""
        return {
            subject: Stated(document, number)
            for document in self.repository.dataset_documents
            for number, (subject, predicate, _) in enumerate(document.parsed.triples)
            if predicate == TYPE and not is_blank(subject)
        }

    @cached_property
    def meant_things(self) -> frozenset[str]:
        """Things of ours that are described with a wrong namespace, by the right one: H017 says what to mend."""
        return meant_things(self.repository.dataset_documents)

    @cached_property
    def datatypes(self) -> Mapping[str, str]:
        """The datatype of the values of each property for which all shapes ask for one and the same."""
        asked: dict[str, set[str]] = {}
        for document in (*self.repository.in_graph(SHAPES), *self.repository.context):
            triples = document.parsed.triples
            paths = {subject: value for subject, predicate, value in triples if predicate == _PATH}
            for subject, predicate, value in triples:
                if predicate == _DATATYPE and isinstance(value, str) and isinstance(path := paths.get(subject), str):
                    asked.setdefault(path, set()).add(value)
        return {path: next(iter(types)) for path, types in asked.items() if len(types) == 1}

    @cached_property
    def vocabularies(self) -> Mapping[str, Sequence[str]]:
        """The things of each kind that the ontology itself describes, as they are a closed list, in order."""
        found: dict[str, list[str]] = {}
        for iri, stated in sorted(self.things.items()):
            if stated.document.graph == ONTOLOGY and (parts := kind_and_slug(iri)):
                found.setdefault(parts[0], []).append(iri)
        return found

    @cached_property
    def nearest_term(self) -> Nearest:
        """What a misspelt term may be meant for."""
        return Nearest(self.terms)

    @cached_property
    def nearest_thing(self) -> Nearest:
        """What a misspelt thing may be meant for."""
        return Nearest(self.things)

    @cached_property
    def spoken_of(self) -> frozenset[str]:
        """The things of ours that a file other than their own says something of."""
        return frozenset(
            iri
            for document in self.repository.dataset_documents
            for own in (described_iri(document.path),)
            for subject, predicate, value in document.parsed.triples
            if predicate != APART
            for iri in (subject, value)
            if isinstance(iri, str) and iri != own and iri.startswith(ID)
        )

    @cached_property
    def namesakes(self) -> Mapping[str, Mapping[str, Stated]]:
        """The organisations of each name, spelling and legal form aside, with the first label that has it."""
        found: dict[str, dict[str, Stated]] = {}
        for document in self.repository.dataset_documents:
            for number, name in names(document):
                found.setdefault(name, {}).setdefault(described_iri(document.path), Stated(document, number, 2))
        return found

    @cached_property
    def apart(self) -> frozenset[frozenset[str]]:
        """The pairs that curators decided to be two."""
        return frozenset(
            frozenset((subject, value))
            for document in self.repository.dataset_documents
            for subject, predicate, value in document.parsed.triples
            if predicate == APART and isinstance(value, str)
        )


Rule: TypeAlias = Callable[[Document, Known], Iterator[Finding]]


def names(document: Document) -> Iterator[tuple[int, str]]:
    """The labels of the organisation that a file describes: number of the triple, and the name without its spelling."""
    if document.path.parts[0] != "data" or document.path.parent.name not in NAMED_KINDS:
        return
    for number in document.about.get(described_iri(document.path), ()):
        _, predicate, label = document.parsed.triples[number]
        if predicate in LABELS and isinstance(label, Literal) and (name := same_for(label.lexical)):
            yield number, name


def is_blank(term: Term) -> bool:
    """Whether a term is a blank node."""
    return isinstance(term, str) and term.startswith("_:")


def finding(
    document: Document,
    code: str,
    at: Place | None,
    english: str,
    italian: str,
    *,
    severity: str = VIOLATION,
    related: tuple[Related, ...] = (),
) -> Finding:
    """A finding about a document."""
    return Finding(str(document.path), code, severity, {"en": english, "it": italian}, at, related=related)
