"""Rules about what stands where: names of files and things, claims in the files of their sources."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from clustergraph.findings import INFO, Finding
from clustergraph.reading.parsed import OBJECT, PREDICATE, SUBJECT, TYPE
from clustergraph.repository import CURATED, MAPPING, SHAPES, Document
from clustergraph.rules.known import Known, finding, is_blank
from clustergraph.terms import (
    CG,
    CLAIM_KINDS,
    CLAIM_PROPERTIES,
    ENTITY_KINDS,
    ID,
    KINDS,
    compact,
    described_iri,
    entity_iri,
    kind_and_slug,
)

_IS_STATED_IN: Final = f"{CG}isStatedIn"
_WORD_OF_SLUG: Final = "[a-z0-9]+(?:-[a-z0-9]+)*"
_SLUG: Final = re.compile(_WORD_OF_SLUG)
_SLUG_OF_PARTS: Final = re.compile(f"{_WORD_OF_SLUG}(?:--{_WORD_OF_SLUG})*")
_PARTED_KINDS: Final = (*CLAIM_KINDS, "area", "mapping", "membership")  # slug: <of what>--<what>


def file_name_is_iri(document: Document, _known: Known) -> Iterator[Finding]:
    """A file describes the thing it is named for, and no other."""
    if not _is_named_for_a_thing(document):
        return
    expected = described_iri(document.path)
    typed = {
        subject: number
        for number, (subject, predicate, _) in reversed([*enumerate(document.parsed.triples)])
        if predicate == TYPE and not is_blank(subject)
    }
    if expected not in typed:
        number = min(typed.values(), default=None)
        yield finding(
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
        if iri != expected and not _may_share_file(document, iri) and _plain(iri) is None:
            yield finding(
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


def no_blank_node(document: Document, _known: Known) -> Iterator[Finding]:
    """Everything in data/ has a name, so that it can be linked, corrected and compared between releases."""
    if document.path.parts[0] != "data":
        return
    triples = document.parsed.triples
    places: dict[tuple[str, str], tuple[int, int]] = {}
    for number, (subject, predicate, value) in enumerate(triples):
        if is_blank(value) and not is_blank(subject):
            places.setdefault((subject, predicate), (number, OBJECT))
    loose = [(number, SUBJECT) for number, (subject, _, _) in enumerate(triples) if is_blank(subject)]
    for number, part in places.values() or loose[:1]:
        yield finding(
            document,
            "H003",
            document.parsed.place_of(number, part),
            "a blank node, [ ], ( ) or _:x, stands here: give the thing an IRI of its own",
            "qui c'è un nodo anonimo, [ ], ( ) o _:x: dare alla cosa un proprio IRI",
        )


def claim_names_its_source(document: Document, known: Known) -> Iterator[Finding]:
    """A claim stands in the file of the source that makes it, under that source's slug, and says so."""
    source = described_iri(document.path) if document.graph.startswith("source/") else None
    for iri, numbers in document.about.items():
        found = kind_and_slug(iri)
        if found is None or found[0] not in CLAIM_KINDS:
            continue
        naming = [number for number in numbers if document.parsed.triples[number][1] == _IS_STATED_IN]
        if source is None or not found[1].startswith(f"{document.path.stem}--"):
            yield finding(
                document,
                "H005",
                document.parsed.place_of(numbers[0], SUBJECT),
                *_outside(document, found, known, is_source=source is not None),
            )
        elif not naming or document.parsed.triples[naming[-1]][2] != source:
            wrong = (naming[-1], OBJECT) if naming else (numbers[0], SUBJECT)
            yield finding(
                document,
                "H005",
                document.parsed.place_of(*wrong),
                f"the claim {compact(iri)} does not name its source: write 'cg:isStatedIn {compact(source)}'",
                f"l'affermazione {compact(iri)} non indica la sua fonte: scrivere 'cg:isStatedIn {compact(source)}'",
            )


def _outside(document: Document, claim: tuple[str, str], known: Known, *, is_source: bool) -> tuple[str, str]:
    """What is said of a claim that is named for another source than the one in whose file it stands."""
    name, (source, _, what) = compact(entity_iri(*claim)), claim[1].partition("--")
    named = entity_iri("source", source)
    if is_source and named not in known.things:
        meant = compact(entity_iri(claim[0], f"{document.path.stem}--{what or source}"))
        return (
            f"the claim {name} is named for {compact(named)}, which nothing describes: did you mean {meant}?",
            f"l'affermazione {name} porta il nome di {compact(named)}, che nulla descrive: forse {meant}?",
        )
    home = f"data/source/{source}.ttl"
    return (
        f"the claim {name} stands outside the file of its source: move it to {home}, or name it for this one",
        f"l'affermazione {name} è fuori dal file della sua fonte: spostarla in {home}, o rinominarla",
    )


def entity_file_claims_nothing(document: Document, _known: Known) -> Iterator[Finding]:
    """An entity's own file says what it is; what somebody claims of it stands in the file of a source."""
    if document.graph != CURATED:
        return
    for number, (_, iri, _) in enumerate(document.parsed.triples):
        if iri in CLAIM_PROPERTIES:
            yield finding(
                document,
                "H007",
                document.parsed.place_of(number, PREDICATE),
                f"{compact(iri)} is a claim, and nobody makes it here: move it to the file of the source that does, "
                "data/source/<source>.ttl",
                f"{compact(iri)} è un'affermazione, e qui nessuno la fa: va nel file della fonte che la fa, "
                "data/source/<fonte>.ttl",
            )


def slug_is_plain(document: Document, _known: Known) -> Iterator[Finding]:
    """A slug has lower-case ASCII letters, digits and single hyphens."""
    if document.graph in (MAPPING, SHAPES):
        return
    for iri, numbers in document.about.items():
        typing = [number for number in numbers if document.parsed.triples[number][1] == TYPE]
        plain = _plain(iri)
        if plain is None or not typing:
            continue
        kind, slug = plain
        own = kind in ENTITY_KINDS and iri == described_iri(document.path)
        there, qui = (f", and name the file '{slug}.ttl'", f", e chiamare il file '{slug}.ttl'") if own else ("", "")
        written = iri.removeprefix(f"{ID}{kind}/")
        yield finding(
            document,
            "H015",
            document.parsed.place_of(typing[0], SUBJECT),
            f"'{written}' cannot be a slug, which has lower-case letters from a to z, digits and single hyphens: "
            f"write {compact(entity_iri(kind, slug))}{there}",
            f"'{written}' non può essere uno slug, che ha lettere minuscole dalla a alla z, cifre e trattini singoli: "
            f"scrivere {compact(entity_iri(kind, slug))}{qui}",
        )


def file_begins_with_its_thing(document: Document, _known: Known) -> Iterator[Finding]:
    """A file begins with the thing it is named for."""
    expected = described_iri(document.path)
    if not _is_named_for_a_thing(document) or expected not in document.about:
        return
    first = next(iter(document.about))
    if first == expected or is_blank(first):
        return
    number = document.about[expected][0]
    yield finding(
        document,
        "H016",
        document.parsed.place_of(number, SUBJECT),
        f"{compact(expected)}, for which the file is named, comes after {compact(first)}: put it first",
        f"{compact(expected)}, che dà il nome al file, viene dopo {compact(first)}: metterla per prima",
        severity=INFO,
    )


def _is_named_for_a_thing(document: Document) -> bool:
    return document.graph == CURATED or document.graph.startswith("source/")


def _plain(iri: str) -> tuple[str, str] | None:
    """The kind and the plain slug of a thing of ours whose slug is not plain; None where nothing is to be mended."""
    kind, _, slug = iri.removeprefix(ID).partition("/")
    if not iri.startswith(ID) or kind not in KINDS:
        return None
    parted = kind in _PARTED_KINDS
    if (_SLUG_OF_PARTS if parted else _SLUG).fullmatch(slug):
        return None
    parts = re.split("-{2,}", slug) if parted else [slug]
    return kind, "--".join(one for one in map(_slug, parts) if one) or "x"


def _slug(text: str) -> str:
    """The slug most like a text."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", unquote(text))
    letters = (one for one in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(one))
    return "-".join(re.findall("[a-z0-9]+", "".join(letters).casefold()))
