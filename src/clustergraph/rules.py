"""House rules: what we ask of contributed files and SHACL cannot say. One function, one code each.

A rule takes the whole repository and yields findings. Knows nothing of HTTP; `docs/rules.md` has a row per code.
"""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.findings import VIOLATION, Finding
from clustergraph.oxterms import engine_term
from clustergraph.reading.parsed import OBJECT, PREDICATE, SUBJECT, TYPE, Literal, Place, Term
from clustergraph.repository import CURATED, MAPPING, ONTOLOGY, SHAPES, Document, Repository
from clustergraph.terms import (
    CG,
    CLAIM_KINDS,
    CLAIM_PROPERTIES,
    ID,
    OWL,
    RDF,
    RDFS,
    SH,
    compact,
    described_iri,
    kind_and_slug,
)

_IS_STATED_IN: Final = f"{CG}isStatedIn"
_BUILT_IN: Final = (RDF, RDFS, OWL, SH)  # languages, not vocabularies: the gates of the ontology check their terms
_TERM_TYPES: Final = {
    f"{OWL}{name}"
    for name in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "NamedIndividual", "Ontology")
}


@dataclass(frozen=True)
class Known:
    """What the repository as a whole defines, gathered once for all rules."""

    repository: Repository

    @cached_property
    def terms(self) -> frozenset[str]:
        """Every class and property that the ontology declares, ours or borrowed."""
        return frozenset(
            subject
            for document in (*self.repository.in_graph(ONTOLOGY), *self.repository.context)
            for subject, predicate, value in document.parsed.triples
            if predicate == TYPE and value in _TERM_TYPES and not _is_blank(subject)
        )

    @cached_property
    def things(self) -> frozenset[str]:
        """Every thing of ours that some file gives a type to."""
        return frozenset(
            subject
            for document in self.repository.dataset_documents
            for subject, predicate, _ in document.parsed.triples
            if predicate == TYPE and not _is_blank(subject)
        )


Rule: TypeAlias = Callable[[Document, Known], Iterator[Finding]]


def check_rules(document: Document, known: Known) -> Iterator[Finding]:
    """What every house rule has to say about one document, looked for as it is asked for."""
    return (finding for rule in RULES.values() for finding in rule(document, known))


def file_name_is_iri(document: Document, _known: Known) -> Iterator[Finding]:
    """A file describes the thing it is named for, and no other."""
    if document.graph not in (CURATED,) and not document.graph.startswith("source/"):
        return
    expected = described_iri(document.path)
    typed = {
        subject: number
        for number, (subject, predicate, _) in reversed([*enumerate(document.parsed.triples)])
        if predicate == TYPE and not _is_blank(subject)
    }
    if expected not in typed:
        number = min(typed.values(), default=None)
        yield _finding(
            document,
            "H001",
            None if number is None else document.parsed.place_of(number, SUBJECT),
            f"the file is named '{document.path.name}' but does not describe {compact(expected)}: "
            f"give {compact(expected)} a type here, or rename the file",
            f"il file si chiama '{document.path.name}' ma non descrive {compact(expected)}: "
            f"dare qui un tipo a {compact(expected)}, o rinominare il file",
        )
        return
    for iri, number in typed.items():
        if iri != expected and not _may_share_file(document, iri):
            yield _finding(
                document,
                "H001",
                document.parsed.place_of(number, SUBJECT),
                f"{compact(iri)} is described in the file of {compact(expected)}: give it a file of its own",
                f"{compact(iri)} è descritto nel file di {compact(expected)}: va messo in un file proprio",
            )


def _may_share_file(document: Document, iri: str) -> bool:
    match kind_and_slug(iri):
        case ("area", _):
            return document.path.parent.name == "scheme"
        case (kind, _) if kind in CLAIM_KINDS:
            return True  # H005 says in which file a claim belongs
    return False


def literal_is_canonical(document: Document, _known: Known) -> Iterator[Finding]:
    """A literal stands in the form that the store keeps, so that what is published is what was curated."""
    if document.graph == SHAPES:
        return
    for number, (_, _, literal) in enumerate(document.parsed.triples):
        if not isinstance(literal, Literal):
            continue
        kept, tag = as_kept(literal), literal.language
        place = document.parsed.place_of(number, OBJECT)
        if (kept.value, kept.datatype.value) != (literal.lexical, literal.datatype):
            changed = "" if literal.datatype == kept.datatype.value else f" ({compact(kept.datatype.value)})"
            yield _finding(
                document,
                "H002",
                place,
                f"'{literal.lexical}' would be published as '{kept.value}'{changed}: write that",
                f"'{literal.lexical}' sarebbe pubblicato come '{kept.value}'{changed}: scriverlo così",
            )
        elif tag != (kept.language or ""):
            yield _finding(
                document,
                "H002",
                place._replace(line=place.end_line, column=place.end_column - len(tag)),
                f"the language tag '{tag}' would be published as '{kept.language}': write that",
                f"l'etichetta di lingua '{tag}' sarebbe pubblicata come '{kept.language}': scriverla così",
            )


@lru_cache(maxsize=100_000)
def as_kept(literal: Literal) -> ox.Literal:
    """The literal after a round trip through the store, which is the judge of what it keeps."""
    store, any_name = ox.Store(), ox.NamedNode(TYPE)
    written = engine_term(literal)
    store.add(ox.Quad(any_name, any_name, written))
    kept = next(iter(store)).object
    assert isinstance(kept, ox.Literal)  # noqa: S101  # nothing makes another kind of term of a literal
    return kept


def no_blank_node(document: Document, _known: Known) -> Iterator[Finding]:
    """Everything in data/ has a name, so that it can be linked, corrected and compared between releases."""
    if document.path.parts[0] != "data":
        return
    triples = document.parsed.triples
    places: dict[tuple[str, str], tuple[int, int]] = {}
    for number, (subject, predicate, value) in enumerate(triples):
        if _is_blank(value) and not _is_blank(subject):
            places.setdefault((subject, predicate), (number, OBJECT))
    loose = [(number, SUBJECT) for number, (subject, _, _) in enumerate(triples) if _is_blank(subject)]
    for number, part in places.values() or loose[:1]:
        yield _finding(
            document,
            "H003",
            document.parsed.place_of(number, part),
            "a blank node, [ ], ( ) or _:x, stands here: give the thing an IRI of its own",
            "qui c'è un nodo anonimo, [ ], ( ) o _:x: dare alla cosa un proprio IRI",
        )


def term_is_known(document: Document, known: Known) -> Iterator[Finding]:
    """Every class and property used is declared in the ontology."""
    for number, (_, predicate, value) in enumerate(document.parsed.triples):
        for part, iri in ((PREDICATE, predicate), (OBJECT, _class_or_own_term(predicate, value))):
            if iri and not iri.startswith(_BUILT_IN) and iri not in known.terms:
                guess = _nearest(iri, known.terms)
                yield _finding(
                    document,
                    "H004",
                    document.parsed.place_of(number, part),
                    f"no term {compact(iri)} is declared{guess and f': did you mean {guess}?'}"
                    f"{'' if guess else ': declare it in ontology/, or use a declared one'}",
                    f"il termine {compact(iri)} non è dichiarato{guess and f': forse {guess}?'}"
                    f"{'' if guess else ': dichiararlo in ontology/, o usarne uno dichiarato'}",
                )


def _class_or_own_term(predicate: str, value: Term) -> str | None:
    """The object where it must be a term: a class after `a`, or anything in our term namespace."""
    if not isinstance(value, str) or _is_blank(value):
        return None
    return value if predicate == TYPE or value.startswith(CG) else None


def claim_names_its_source(document: Document, _known: Known) -> Iterator[Finding]:
    """A claim stands in the file of the source that makes it, under that source's slug, and says so."""
    source = described_iri(document.path) if document.graph.startswith("source/") else None
    for iri, numbers in document.about.items():
        found = kind_and_slug(iri)
        if found is None or found[0] not in CLAIM_KINDS:
            continue
        naming = [number for number in numbers if document.parsed.triples[number][1] == _IS_STATED_IN]
        if source is None or not found[1].startswith(f"{document.path.stem}--"):
            home = f"data/source/{found[1].partition('--')[0]}.ttl"
            yield _finding(
                document,
                "H005",
                document.parsed.place_of(numbers[0], SUBJECT),
                f"the claim {compact(iri)} stands outside the file of its source: "
                f"move it to {home}, or name it for this one",
                f"l'affermazione {compact(iri)} è fuori dal file della sua fonte: spostarla in {home}, o rinominarla",
            )
        elif not naming or document.parsed.triples[naming[-1]][2] != source:
            wrong = (naming[-1], OBJECT) if naming else (numbers[0], SUBJECT)
            yield _finding(
                document,
                "H005",
                document.parsed.place_of(*wrong),
                f"the claim {compact(iri)} does not name its source: write 'cg:isStatedIn {compact(source)}'",
                f"l'affermazione {compact(iri)} non indica la sua fonte: scrivere 'cg:isStatedIn {compact(source)}'",
            )


def entity_file_claims_nothing(document: Document, _known: Known) -> Iterator[Finding]:
    """An entity's own file says what it is; what somebody claims of it stands in the file of a source."""
    if document.graph != CURATED:
        return
    for number, (_, iri, _) in enumerate(document.parsed.triples):
        if iri in CLAIM_PROPERTIES:
            yield _finding(
                document,
                "H007",
                document.parsed.place_of(number, PREDICATE),
                f"{compact(iri)} is a claim, and nobody makes it here: move it to the file of the source that does, "
                "data/source/<source>.ttl",
                f"{compact(iri)} è un'affermazione, e qui nessuno la fa: va nel file della fonte che la fa, "
                "data/source/<fonte>.ttl",
            )


def thing_is_described(document: Document, known: Known) -> Iterator[Finding]:
    """Every thing of ours that a file speaks of is described in some file."""
    if document.graph == SHAPES:
        return
    told = set()
    for number, (subject, _, value) in enumerate(document.parsed.triples):
        if document.graph == MAPPING and subject.startswith(f"{ID}mapping/"):
            continue  # made from a row of a table, whose own two ends are looked at
        for part, iri in ((SUBJECT, subject), (OBJECT, value)):
            if not isinstance(iri, str) or not iri.startswith(ID) or iri in known.things or (subject, iri) in told:
                continue
            told.add((subject, iri))
            guess = _nearest(iri, known.things)
            yield _finding(
                document,
                "H006",
                document.parsed.place_of(number, part),
                f"nothing describes {compact(iri)}{guess and f': did you mean {guess}?'}"
                f"{'' if guess else ': write its file first, see CONTRIBUTING.md'}",
                f"nulla descrive {compact(iri)}{guess and f': forse {guess}?'}"
                f"{'' if guess else ': scriverne prima il file, vedi CONTRIBUTING.md'}",
            )


def _nearest(iri: str, known: frozenset[str]) -> str:
    """The known IRI most like this one, compact, or nothing. Only those of the same namespace and kind compete."""
    stem = iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]
    rivals = [compact(one) for one in sorted(known) if one.startswith(stem)]
    return next(iter(difflib.get_close_matches(compact(iri), rivals, n=1, cutoff=0.75)), "")


def _is_blank(term: Term) -> bool:
    return isinstance(term, str) and term.startswith("_:")


def _finding(document: Document, code: str, at: Place | None, english: str, italian: str) -> Finding:
    return Finding(str(document.path), code, VIOLATION, {"en": english, "it": italian}, at)


RULES: Final[dict[str, Rule]] = {
    "H001": file_name_is_iri,
    "H002": literal_is_canonical,
    "H003": no_blank_node,
    "H004": term_is_known,
    "H005": claim_names_its_source,
    "H006": thing_is_described,
    "H007": entity_file_claims_nothing,
}
"""Every house rule by its code."""

TITLES: Final[dict[str, str]] = {code: (rule.__doc__ or "").strip() for code, rule in RULES.items()}
"""What each house rule asks, in one sentence."""
