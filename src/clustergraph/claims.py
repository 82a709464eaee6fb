"""Claims read back from rows: the words each rests on, how certain it is, where it was read. Knows nothing of HTTP."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from clustergraph.results import Row, Term
from clustergraph.terms import CG, ORG, RDF, SKOS, compact

ROW_LIMIT: Final = 2_000  # LIMIT of queries/internal/claims.rq

_TYPE: Final = f"{RDF}type"
_LABEL: Final = f"{SKOS}prefLabel"
_COMMON: Final = (_TYPE, _LABEL, *(f"{CG}{name}" for name in ("text", "evidence", "hasCertainty", "isStatedIn")))
_REASON: Final = f"{CG}decision"  # the longest; it comes last
_NAMED_BY: Final = (
    (f"{ORG}member", f"{ORG}organization"),
    (f"{CG}hasAlignmentSubject", f"{CG}hasAlignmentTarget"),
    (f"{CG}isCountOf", f"{CG}value", f"{CG}ofWhat"),
)
"""What a claim without words of its own is called by: the labels of these, in this order."""

_GENERAL: Final = (f"{CG}Claim", f"{CG}Aim")  # superclasses that say nothing beside the class itself
_NUMBER: Final = re.compile(r"([0-9]{1,15})")


class Label(NamedTuple):
    """What people read in place of an IRI; empty where a language is missing."""

    en: str = ""
    it: str = ""

    @property
    def best(self) -> str:
        """The English text, else the Italian one, else nothing."""
        return self.en or self.it


class Detail(NamedTuple):
    """One statement of a claim, beyond what every claim says."""

    property: str
    property_label: str
    value: Term
    label: str


class ClaimMade(NamedTuple):
    """A claim that mentions the entity: the words it rests on, how certain, and where it was read."""

    iri: str
    name: Label
    type: str
    evidence: str
    certainty: str
    source: Term
    source_label: str
    details: tuple[Detail, ...]


def text_of(term: Term | None) -> str:
    """The text of a term, empty for an unbound cell."""
    return term.value if term else ""


def natural_order(text: str) -> list[tuple[int, str]]:
    """A key that sorts task 10 after task 9."""
    return [(int(part), "") if _NUMBER.fullmatch(part) else (0, part) for part in _NUMBER.split(text)]


def read_claims(rows: Sequence[Row]) -> tuple[ClaimMade, ...]:
    """The claims in the rows of queries/internal/claims.rq, by the name of their source."""
    by_claim: dict[str, dict[tuple[str, Term], Detail]] = {}
    for _, claim, property_, value, property_label, label in rows:
        if value:
            detail = Detail(text_of(property_), text_of(property_label), value, text_of(label))
            by_claim.setdefault(text_of(claim), {}).setdefault((detail.property, value), detail)
    if len(rows) == ROW_LIMIT:
        by_claim.popitem()  # the last one may have lost statements to the limit
    made = [_claim(iri, list(details.values())) for iri, details in by_claim.items()]
    return tuple(sorted(made, key=lambda one: (one.source_label, natural_order(one.iri))))


def _claim(iri: str, details: list[Detail]) -> ClaimMade:
    said = defaultdict(list)
    for one in details:
        said[one.property].append(one)
    source = said[f"{CG}isStatedIn"][0]
    others = (one for one in details if one.property not in _COMMON)
    return ClaimMade(
        iri=iri,
        name=_claim_name(said),
        type=" ".join(one.label for one in said[_TYPE] if _is_telling(one.value.value)),
        evidence=" … ".join(one.value.value for one in said[f"{CG}evidence"]),
        certainty=" ".join(one.label or compact(one.value.value) for one in said[f"{CG}hasCertainty"]),
        source=source.value,
        source_label=source.label or compact(source.value.value),
        details=tuple(sorted(others, key=lambda one: one.property == _REASON)),
    )


def _claim_name(said: Mapping[str, list[Detail]]) -> Label:
    """The words of a claim; of one without any, what it is about."""
    texts = {one.value.language: one.value.value for key in (_LABEL, f"{CG}text") for one in said.get(key, ())}
    if texts:
        return Label(texts.get("en", ""), texts.get("it", ""))
    for properties in _NAMED_BY:
        if said.keys() >= set(properties[:2]):
            parts = (one.label or _compact_or_text(one.value) for key in properties for one in said.get(key, ()))
            return Label(" – ".join(parts))
    return Label()


def _compact_or_text(term: Term) -> str:
    """A short text for a term that has no label."""
    return compact(term.value) if term.kind == "iri" else term.value


def _is_telling(class_: str) -> bool:
    return class_.startswith(CG) and class_ not in _GENERAL
