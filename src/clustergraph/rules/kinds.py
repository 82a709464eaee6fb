"""The rule that ties the kind in the IRI of a thing to its class."""

from collections.abc import Iterator, Mapping
from typing import Final

from clustergraph.findings import Finding
from clustergraph.reading.parsed import OBJECT, SUBJECT, TYPE
from clustergraph.repository import MAPPING, SHAPES, Document
from clustergraph.rules.known import Known, Stated, finding
from clustergraph.terms import CG, ID, compact, kind_and_slug

_KINDS: Final[Mapping[str, str]] = {
    f"{CG}{name}": kind
    for kind, names in (
        ("agreement", "ProgrammeAgreement"),
        ("aim", "Activity Aim MissionAim Objective StrategicTarget Task"),
        ("alignment", "Alignment"),
        ("area", "TechnologyArea"),
        ("call", "Call"),
        ("characterisation", "Characterisation"),
        ("claim", "MembershipClaim"),
        ("cluster", "NationalCluster RegionalCluster"),
        ("count", "Count"),
        ("initiative", "Initiative"),
        ("programme", "FundingProgramme"),
        ("recognition", "Recognition"),
        ("source", "Source"),
        ("strategy", "SmartSpecialisationStrategy Strategy"),
    )
    for name in names.split()
}
"""By class of ours the kind of its things."""


def iri_has_the_kind_of_its_class(document: Document, _known: Known) -> Iterator[Finding]:
    """The kind in the IRI of a thing is that of its class."""
    if document.graph in (MAPPING, SHAPES):
        return
    told = set()
    for number, (subject, predicate, value) in enumerate(document.parsed.triples):
        kind = _KINDS.get(value) if predicate == TYPE and isinstance(value, str) else None
        found = kind_and_slug(subject)
        if kind is None or found is None or found[0] == kind or subject in told:
            continue
        told.add(subject)
        meant = compact(f"{ID}{kind}/{found[1]}")
        yield finding(
            document,
            "H018",
            document.parsed.place_of(number, SUBJECT),
            f"{compact(subject)} is a {compact(str(value))}, and these are named '{kind}:…': write {meant}, "
            "or another class",
            f"{compact(subject)} è un {compact(str(value))}, e questi si chiamano «{kind}:…»: scrivere {meant}, "
            "o un'altra classe",
            related=(Stated(document, number, OBJECT).related("its class", "la sua classe"),),
        )
