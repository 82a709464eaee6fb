"""Rules about what a source file claims: its evidence, its memberships, that there is something in it at all."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from clustergraph.findings import WARNING, Finding
from clustergraph.reading.parsed import OBJECT, SUBJECT, TYPE, Literal, Place, Term
from clustergraph.repository import Document
from clustergraph.rules.known import Known, Stated, finding
from clustergraph.terms import CG, ORG, compact, described_iri

WORDS_OF_EVIDENCE: Final = 12
_EVIDENCE: Final = f"{CG}evidence"
_MEMBERSHIP_CLAIM: Final = f"{CG}MembershipClaim"
_START, _END, _ON = (f"{CG}{name}" for name in ("startDate", "endDate", "onDate"))
_MEMBER, _CLUSTER, _ROLE = (f"{ORG}{name}" for name in ("member", "organization", "role"))
_ON_BEHALF_OF: Final = f"{CG}onBehalfOf"


def evidence_is_short(document: Document, _known: Known) -> Iterator[Finding]:
    """Evidence quotes twelve words of its source at most."""
    for number, (_, predicate, value) in enumerate(document.parsed.triples):
        if predicate != _EVIDENCE or not isinstance(value, Literal):
            continue
        words = value.lexical.split()
        if len(words) > WORDS_OF_EVIDENCE:
            last = words[WORDS_OF_EVIDENCE - 1]
            yield finding(
                document,
                "H008",
                _beyond(document, number),
                f"the evidence has {len(words)} words, twelve at most may be quoted: end it after '{last}' or sooner",
                f"il riscontro ha {len(words)} parole, se ne possono citare dodici: finirlo dopo '{last}' o prima",
            )


def _beyond(document: Document, number: int) -> Place:
    """The words after the twelfth; the whole literal where it is not written as it reads."""
    start, end = document.parsed.span(number, OBJECT)
    written = document.parsed.text[start:end]
    words = [] if "\\" in written else written.strip("\"'").split()
    at = start
    for word in words[:WORDS_OF_EVIDENCE]:
        at = document.parsed.text.index(word, at) + len(word)
    within = words[WORDS_OF_EVIDENCE:]
    if not within:
        return document.parsed.place_of(number, OBJECT)
    at = document.parsed.text.index(within[0], at)
    return document.parsed.between(at, end - (len(written) - len(written.rstrip("\"' \n"))))


class _Membership(NamedTuple):
    """A claim of membership. Shape: dates as ISO 8601 days; an end that nobody states is after all days."""

    start: str
    number: int
    end: str
    claim: str


def membership_is_stated_once(document: Document, _known: Known) -> Iterator[Finding]:
    """A source states a membership once for one period and role."""
    alike: defaultdict[tuple[Term, ...], list[_Membership]] = defaultdict(list)
    for claim, numbers in document.about.items():
        said: defaultdict[str, list[Term]] = defaultdict(list)
        for number in numbers:
            said[document.parsed.triples[number][1]].append(document.parsed.triples[number][2])
        if _MEMBERSHIP_CLAIM not in said[TYPE] or not said[_MEMBER] or not said[_CLUSTER]:
            continue
        again = [number for number in numbers if document.parsed.triples[number][1:] == (TYPE, _MEMBERSHIP_CLAIM)]
        yield from _stated_again(document, claim, again)
        start = _first(said[_START] or said[_ON]).ljust(4, "0")
        one = _Membership(_day(start, "-01-01"), numbers[0], _day(_first(said[_END] or said[_ON]), "-12-31"), claim)
        for role in {*said[_ROLE]} or {""}:
            alike[said[_MEMBER][0], said[_CLUSTER][0], role, _first(said[_ON_BEHALF_OF])].append(one)
    for group in alike.values():
        yield from _overlapping(document, sorted(group))


def _stated_again(document: Document, claim: str, numbers: list[int]) -> Iterator[Finding]:
    """What there is to say of a claim that is given its type several times, in blocks of their own."""
    first, *others = {document.parsed.span(number, SUBJECT): number for number in numbers}.values()
    for number in others:
        yield finding(
            document,
            "H009",
            document.parsed.place_of(number, SUBJECT),
            f"{compact(claim)} is stated twice: keep one of the two, or give this one an IRI of its own",
            f"{compact(claim)} è affermata due volte: tenerne una sola, o dare a questa un proprio IRI",
            related=(Stated(document, first).related("stated here already", "già affermata qui"),),
        )


def _overlapping(document: Document, claims: list[_Membership]) -> Iterator[Finding]:
    """What overlaps with an earlier claim, of claims in order of their start."""
    longest = claims[0]
    for one in claims[1:]:
        if one.start <= longest.end:
            first, second = sorted((one, longest), key=lambda claim: claim.number)
            yield finding(
                document,
                "H009",
                document.parsed.place_of(second.number, SUBJECT),
                f"{compact(second.claim)} states the same membership as {compact(first.claim)}: keep one of the two, "
                "or give each its period",
                f"{compact(second.claim)} afferma la stessa appartenenza di {compact(first.claim)}: tenerne una sola, "
                "o dare a ciascuna il suo periodo",
                related=(Stated(document, first.number).related("the other claim", "l'altra affermazione"),),
            )
        longest = max(longest, one, key=lambda claim: claim.end)


def _first(values: list[Term]) -> str:
    value = values[0] if values else ""
    return value.lexical if isinstance(value, Literal) else value


def _day(date: str, rest_of_year: str) -> str:
    """A year, month or day as a day, the first or the last one; no date is later than all."""
    return date[:10] + rest_of_year[len(date[:10]) - len("2012") :] if date else "~"


def source_is_used(document: Document, _known: Known) -> Iterator[Finding]:
    """From every source some claim was read."""
    source = described_iri(document.path)
    if not document.graph.startswith("source/") or document.about.keys() != {source}:
        return
    yield finding(
        document,
        "H010",
        document.parsed.place_of(document.about[source][0], SUBJECT),
        f"no claim was read in {compact(source)}: write what it says, or remove the file",
        f"in {compact(source)} non è stata letta alcuna affermazione: scrivere ciò che dice, o togliere il file",
        severity=WARNING,
    )
