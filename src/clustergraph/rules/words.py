"""Rules about the words that are used: a term is declared, a thing is described."""

from collections.abc import Iterator, Mapping
from typing import Final

from clustergraph.drafts import DRAFT_SLUG
from clustergraph.findings import Finding, Related
from clustergraph.reading.parsed import OBJECT, PREDICATE, SUBJECT, TYPE, Term
from clustergraph.repository import MAPPING, SHAPES, Document
from clustergraph.rules.known import Known, Stated, finding, is_blank
from clustergraph.terms import CG, CLAIM_KINDS, ID, OWL, RDF, RDFS, SH, compact, kind_and_slug

_IS_STATED_IN: Final = f"{CG}isStatedIn"
_LISTED: Final = 8  # values of a vocabulary
_BUILT_IN: Final = (RDF, RDFS, OWL, SH)  # languages, not vocabularies: the gates of the ontology check their terms


def term_is_known(document: Document, known: Known) -> Iterator[Finding]:
    """Every class and property used is declared in the ontology."""
    for number, (_, predicate, value) in enumerate(document.parsed.triples):
        for part, iri in ((PREDICATE, predicate), (OBJECT, _class_or_own_term(predicate, value))):
            if iri and not iri.startswith(_BUILT_IN) and iri not in known.terms:
                guess, related = _meant(known.nearest_term.to(iri), known.terms)
                yield finding(
                    document,
                    "H004",
                    document.parsed.place_of(number, part),
                    f"no term {compact(iri)} is declared{guess and f': did you mean {guess}?'}"
                    f"{'' if guess else ': declare it in ontology/, or use a declared one'}",
                    f"il termine {compact(iri)} non è dichiarato{guess and f': forse {guess}?'}"
                    f"{'' if guess else ': dichiararlo in ontology/, o usarne uno dichiarato'}",
                    related=related,
                )


def _class_or_own_term(predicate: str, value: Term) -> str | None:
    """The object where it must be a term: a class after `a`, or anything in our term namespace."""
    if not isinstance(value, str) or is_blank(value):
        return None
    return value if predicate == TYPE or value.startswith(CG) else None


def thing_is_described(document: Document, known: Known) -> Iterator[Finding]:
    """Every thing of ours that a file speaks of is described in some file."""
    if document.graph == SHAPES:
        return
    told = set()
    for number, (subject, predicate, value) in enumerate(document.parsed.triples):
        if document.graph == MAPPING and subject.startswith(f"{ID}mapping/"):
            continue  # made from a row of a table, whose own two ends are looked at
        is_source = predicate == _IS_STATED_IN and _is_claim(subject)  # H005 says which one it must be
        for part, iri in ((SUBJECT, subject),) if is_source else ((SUBJECT, subject), (OBJECT, value)):
            if not isinstance(iri, str) or not iri.startswith(ID) or iri in known.things or (subject, iri) in told:
                continue
            if iri in known.meant_things:
                continue
            told.add((subject, iri))
            guess, related = _meant(known.nearest_thing.to(iri), known.things)
            yield finding(
                document,
                "H006",
                document.parsed.place_of(number, part),
                *_undescribed(iri, guess, known),
                related=related,
            )


def _undescribed(iri: str, guess: str, known: Known) -> tuple[str, str]:
    """What is said of a thing that nothing describes, in English and in Italian, with what to write in its place."""
    kind, _, slug = iri.removeprefix(ID).partition("/")
    english, italian = f"nothing describes {compact(iri)}", f"nulla descrive {compact(iri)}"
    if slug == DRAFT_SLUG:
        english, italian, guess = f"{compact(iri)} is to be filled in", f"{compact(iri)} è da riempire", ""
    if guess:
        return f"{english}: did you mean {guess}?", f"{italian}: forse {guess}?"
    values = known.vocabularies.get(kind, [])
    if values:
        rest = [f"… ({known.things[values[0]].document.path})"] if len(values) > _LISTED else []
        listed = ", ".join([*map(compact, values[:_LISTED]), *rest])
        return f"{english}: write one of {listed}", f"{italian}: scrivere uno fra {listed}"
    if slug == DRAFT_SLUG:
        return f"{english}: write one that data/{kind}/ has", f"{italian}: scriverne uno che sia in data/{kind}/"
    return (
        f"{english}: write its file first, see CONTRIBUTING.md",
        f"{italian}: scriverne prima il file, vedi CONTRIBUTING.md",
    )


def _is_claim(iri: str) -> bool:
    found = kind_and_slug(iri)
    return found is not None and found[0] in CLAIM_KINDS


def _meant(iri: str, defined: Mapping[str, Stated]) -> tuple[str, tuple[Related, ...]]:
    """A guess, compact, and where it is defined; nothing of nothing."""
    if not iri:
        return "", ()
    return compact(iri), (defined[iri].related(f"{compact(iri)} stands here", f"{compact(iri)} è qui"),)
