"""Rules about entities as a whole: somebody speaks of each, and each is described once."""

from collections.abc import Iterator
from typing import Final

from clustergraph.findings import WARNING, Finding
from clustergraph.reading.parsed import OBJECT, SUBJECT, Literal
from clustergraph.repository import CURATED, Document
from clustergraph.rules.known import Known, finding, names
from clustergraph.terms import compact, described_iri

_HAVE_OTHERS_WITHIN: Final = "scheme"  # the areas in its file speak of it


def entity_is_spoken_of(document: Document, known: Known) -> Iterator[Finding]:
    """Of every entity that is described, another file says something."""
    entity = described_iri(document.path)
    if document.graph != CURATED or document.path.parent.name == _HAVE_OTHERS_WITHIN:
        return
    if entity in document.about and entity not in known.spoken_of:
        yield finding(
            document,
            "H011",
            document.parsed.place_of(document.about[entity][0], SUBJECT),
            f"nothing speaks of {compact(entity)}: write what a source says of it into the source's file, or remove it",
            f"nulla parla di {compact(entity)}: scrivere nel file di una fonte ciò che questa ne dice, o toglierla",
            severity=WARNING,
        )


def organisation_has_one_file(document: Document, known: Known) -> Iterator[Finding]:
    """No two organisations have names that differ only in spelling, language, legal form or order of words."""
    entity = described_iri(document.path)
    told = set()
    for number, name in names(document):
        # Linear: one is passed over only where a curator has decided, or for another label. What is known may be older
        # than the document, in an editor.
        for other, stated in known.namesakes.get(name, {}).items():
            if other == entity:
                break
            if other in told or frozenset((entity, other)) in known.apart:
                continue
            told.add(other)
            label, known_label = (
                one.lexical if isinstance(one, Literal) else one
                for one in (document.parsed.triples[number][2], stated.document.parsed.triples[stated.number][2])
            )
            yield finding(
                document,
                "H012",
                document.parsed.place_of(number, OBJECT),
                f"'{label}' may be {compact(other)}, '{known_label}': keep one of the two, or say here "
                f"'owl:differentFrom {compact(other)}', and why, with cg:decision",
                f"'{label}' potrebbe essere {compact(other)}, '{known_label}': tenere una delle due, o dire qui "
                f"'owl:differentFrom {compact(other)}', e perché, con cg:decision",
                severity=WARNING,
                related=(stated.related(f"the name of {compact(other)}", f"il nome di {compact(other)}"),),
            )
            break
