"""Rules about single values: literals, addresses, dates."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from clustergraph.findings import INFO, VIOLATION, WARNING, Finding, Related
from clustergraph.oxterms import engine_term
from clustergraph.reading.parsed import OBJECT, TYPE, Literal
from clustergraph.repository import SHAPES, Document
from clustergraph.rules.known import LABELS, Known, Stated, finding
from clustergraph.terms import CG, DCTERMS, FOAF, SKOS, SSSOM, compact

_HOMEPAGE: Final = f"{FOAF}homepage"
_PAST: Final[Mapping[str, str]] = {
    f"{DCTERMS}created": VIOLATION,
    f"{DCTERMS}issued": VIOLATION,
    f"{DCTERMS}modified": VIOLATION,
    f"{CG}retrieved": VIOLATION,
    f"{SSSOM}mapping_date": VIOLATION,
    f"{CG}onDate": WARNING,  # a source can announce what is to come, but most often a digit is wrong
    f"{CG}startDate": WARNING,
}
"""Properties whose dates have passed when we write them. An end, cg:endDate, can lie ahead."""
_TRACKING: Final = re.compile("[?&](?:utm_[a-z]+|fbclid|gclid|mc_cid|mc_eid)=")  # what campaigns add to addresses
_WORDS_OF_SENTENCE: Final = 6  # shorter ones are often names, which are the same in two languages
_NAMES: Final = frozenset({*LABELS, f"{SKOS}hiddenLabel", f"{FOAF}name", f"{CG}attestedName"})
_DAY: Final = re.compile(r"([0-9]{4,})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")
_YEAR_DIGITS: Final = 4  # a year that has more is later than today
_SHOWN_LIMIT: Final = 40  # characters of a date


def literal_is_canonical(document: Document, known: Known) -> Iterator[Finding]:
    """A literal stands in the form that the store keeps, so that what is published is what was curated."""
    if document.graph == SHAPES:
        return
    for number, (_, predicate, literal) in enumerate(document.parsed.triples):
        if not isinstance(literal, Literal):
            continue
        kept, tag = as_kept(literal), literal.language
        place = document.parsed.place_of(number, OBJECT)
        if (kept.value, kept.datatype.value) != (literal.lexical, literal.datatype):
            if wanted := other_datatype(predicate, literal, known):
                yield finding(document, "H002", place, *_of_other_datatype(literal, predicate, wanted))
                continue
            changed = "" if literal.datatype == kept.datatype.value else f" ({compact(kept.datatype.value)})"
            yield finding(
                document,
                "H002",
                place,
                f"'{literal.lexical}' would be published as '{kept.value}'{changed}: write that",
                f"'{literal.lexical}' sarebbe pubblicato come '{kept.value}'{changed}: scriverlo così",
            )
        elif tag != (kept.language or ""):
            yield finding(
                document,
                "H002",
                place._replace(line=place.end_line, column=place.end_column - len(tag)),
                f"the language tag '{tag}' would be published as '{kept.language}': write that",
                f"l'etichetta di lingua '{tag}' sarebbe pubblicata come '{kept.language}': scriverla così",
            )


def other_datatype(predicate: str, literal: Literal, known: Known) -> str:
    """The datatype that is asked for where a literal is not kept as it is, and would not be of that one either."""
    wanted = known.datatypes.get(predicate, "")
    return wanted if wanted and as_kept(literal).datatype.value != wanted else ""


def _of_other_datatype(literal: Literal, predicate: str, wanted: str) -> tuple[str, str]:
    """What is said of a literal of which one cannot tell what is meant."""
    stands, asked, asker = compact(literal.datatype), compact(wanted), compact(predicate)
    is_number = literal.lexical.replace(".", "").isdecimal()
    english, italian = (", without a sign for thousands", ", senza segno delle migliaia") if is_number else ("", "")
    return (
        f"'{literal.lexical}' is of {stands}, and {asker} asks for {asked}: write it so{english}",
        f"'{literal.lexical}' è di {stands}, e {asker} chiede {asked}: scriverlo così{italian}",
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


def homepage_is_plain(document: Document, known: Known) -> Iterator[Finding]:
    """A home page is an address with https, or http where there is no other, without fragment and tracking."""
    if document.graph == SHAPES:
        return
    pages = {
        (subject, value): number
        for number, (subject, predicate, value) in enumerate(document.parsed.triples)
        if predicate == _HOMEPAGE and isinstance(value, str)
    }
    for (subject, page), number in pages.items():
        scheme, _, rest = page.partition(":")
        secure = pages.get((subject, f"https:{rest}")) if scheme == "http" else None
        related: tuple[Related, ...] = ()
        if secure is not None:
            related = (Stated(document, secure, OBJECT).related("the same with https", "la stessa con https"),)
        for severity, english, italian in _faults_of_page(page, has_secure=secure is not None):
            place = document.parsed.place_of(number, OBJECT)
            yield finding(document, "H013", place, english, italian, severity=severity, related=related)


def _faults_of_page(page: str, *, has_secure: bool) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the address of a home page: severity, in English, in Italian."""
    if not page.startswith(("https://", "http://")):
        yield (
            VIOLATION,
            f"the home page {compact(page)} does not begin with 'https://': write the address as a browser shows it",
            f"la pagina iniziale {compact(page)} non inizia con 'https://': scriverla come la mostra un browser",
        )
    elif has_secure:
        yield (
            VIOLATION,
            f"the home page {compact(page)} stands here with https too: keep that one",
            f"la pagina iniziale {compact(page)} è qui anche con https: tenere quella",
        )
    elif page.startswith("http://"):
        yield (
            INFO,
            f"the home page {compact(page)} begins with 'http://': write 'https://' if the site answers to it",
            f"la pagina iniziale {compact(page)} inizia con 'http://': scrivere 'https://' se il sito risponde così",
        )
    if page.endswith("%20"):
        yield (
            VIOLATION,
            f"the home page {compact(page)} ends in a space: remove '%20'",
            f"la pagina iniziale {compact(page)} finisce con uno spazio: togliere '%20'",
        )
    if tracking := _TRACKING.search(page):
        yield (
            VIOLATION,
            f"the home page {compact(page)} tells where a visitor comes from: remove what begins with '{tracking[0]}'",
            f"la pagina iniziale {compact(page)} dice da dove si viene: togliere ciò che inizia con '{tracking[0]}'",
        )
    if "#" in page:
        yield (
            VIOLATION,
            f"the home page {compact(page)} is a place within a page: remove what begins with '#'",
            f"la pagina iniziale {compact(page)} è un punto di una pagina: togliere ciò che inizia con '#'",
        )


def text_is_translated(document: Document, _known: Known) -> Iterator[Finding]:
    """A sentence that stands in two languages differs in them."""
    if document.graph == SHAPES:
        return
    first: dict[tuple[str, str, str], int] = {}
    for number, (subject, predicate, value) in enumerate(document.parsed.triples):
        if predicate in _NAMES or not isinstance(value, Literal) or not value.language:
            continue
        if len(value.lexical.split()) < _WORDS_OF_SENTENCE:
            continue
        other = first.setdefault((subject, predicate, value.lexical), number)
        said = document.parsed.triples[other][2]
        if isinstance(said, Literal) and _main(said.language) != _main(value.language):
            yield finding(
                document,
                "H019",
                document.parsed.place_of(number, OBJECT),
                f"the same words stand as @{said.language} and as @{value.language}: translate one of the two",
                f"le stesse parole stanno come @{said.language} e come @{value.language}: tradurre una delle due",
                severity=WARNING,
                related=(Stated(document, other, OBJECT).related("the same words", "le stesse parole"),),
            )


def _main(tag: str) -> str:
    """The language of a tag, whatever region or script it names: British and American English are one."""
    return tag.partition("-")[0].lower()


def date_is_not_in_the_future(document: Document, known: Known) -> Iterator[Finding]:
    """What has happened or was read has a date that has come."""
    if document.graph == SHAPES:
        return
    day = known.day
    for number, (_, predicate, value) in enumerate(document.parsed.triples):
        severity = _PAST.get(predicate)
        written = _DAY.match(value.lexical) if severity and isinstance(value, Literal) else None
        if not severity or not written:
            continue
        if _date_of(written) > (day.year, day.month, day.day):
            said = written[0] if len(written[0]) <= _SHOWN_LIMIT else f"{written[0][:_SHOWN_LIMIT]}…"
            yield finding(
                document,
                "H014",
                document.parsed.place_of(number, OBJECT),
                f"{said} is later than {day.isoformat()}, the day of this check: correct the date",
                f"{said} è successivo al {day.isoformat()}, il giorno di questo controllo: correggere la data",
                severity=severity,
            )


def _date_of(written: re.Match[str]) -> tuple[int, int, int]:
    """Year, month and day; of a year beyond all calendars, as many digits as say that it is late."""
    year = written[1].lstrip("0")[: _YEAR_DIGITS + 1]
    return int(year or 0), int(written[2] or 1), int(written[3] or 1)
