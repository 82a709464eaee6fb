"""What a file of each kind holds, as columns: for a first draft with places to fill in, and for the rows of a sheet.

Pure text: knows no files, no engine, no terminal.
"""

import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, NoReturn

from clustergraph.terms import PREFIXES, SLUG

DRAFT_SLUG: Final = "fill-in"
"""Stands where a name is to be filled in: nothing of ours is called so, so that a check points at it."""
SEPARATOR: Final = "|"
"""Stands between the values of one cell."""

_NAME: Final = re.compile(r"(?<![\w:/<\"-])([a-z]+(?:-[a-z]+)*):[A-Za-z0-9_]")
_DATES: Final = {4: "gYear", 7: "gYearMonth", 10: "date"}
_DATE: Final = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
_ADDRESS: Final = re.compile(r"https?://[^\x00-\x20<>\"{}|^`\\]+")


class Unsuitable(Exception):
    """What stands in a cell is nothing of the form of its column. Shape: `message` by language."""

    def __init__(self, english: str, italian: str) -> None:
        super().__init__(english)
        self.message: Mapping[str, str] = {"en": english, "it": italian}


def _refuse(english: str, italian: str) -> NoReturn:
    raise Unsuitable(english, italian)


class Column(NamedTuple):
    """One thing that can be said.

    Shape: `form` is a key of FORMS, with the kinds that its names have after a blank; `is_needed` where a check asks
           for it, `needed_of` where it does so of one class alone; `has_many` where a cell may have several values,
           with SEPARATOR between them.
    """

    name: str
    term: str
    form: str
    example: str
    is_needed: bool = False
    has_many: bool = False
    needed_of: str = ""

    def is_asked_of(self, class_name: str) -> bool:
        """Whether a check asks for it of a thing of some class."""
        return self.is_needed or self.needed_of == class_name


_LABELS: Final = (
    Column("label_en", "skos:prefLabel", "en", "Name in English", is_needed=True),
    Column("label_it", "skos:prefLabel", "it", "Nome in italiano", is_needed=True),
    Column("alt_label_en", "skos:altLabel", "en", "Other name", has_many=True),
    Column("alt_label_it", "skos:altLabel", "it", "Altro nome", has_many=True),
    Column("decision", "cg:decision", "en", "What we decided about its identity, and why."),
)
_PERIOD: Final = (
    Column("start_date", "cg:startDate", "date", "2021"),
    Column("end_date", "cg:endDate", "date", "2027"),
)
_TYPE: Final = "name organisation-type"
_REGION: Final = Column("region", "cg:isInRegion", "name territory", "lombardy")


def _typed(*classes: str) -> Column:
    return Column("type", "a", f"class {' '.join(classes)}", classes[0])


COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "agreement": (_typed("cg:ProgrammeAgreement"), *_LABELS, *_PERIOD),
    "call": (_typed("cg:Call"), *_LABELS, Column("on_date", "cg:onDate", "date", "2012-05-30", is_needed=True)),
    "cluster": (
        _typed("cg:RegionalCluster", "cg:NationalCluster", "cg:TechnologyCluster"),
        *_LABELS,
        Column("cluster_kind", "cg:hasClusterKind", "name cluster-kind", "lombard", is_needed=True, has_many=True),
        Column("level", "cg:hasTerritorialLevel", "name level", "regional", is_needed=True),
        _REGION._replace(needed_of="cg:RegionalCluster"),
    ),
    "initiative": (_typed("cg:Initiative"), *_LABELS, *_PERIOD),
    "organisation": (
        _typed("org:FormalOrganization", "org:Organization", "org:OrganizationalUnit", "cg:TechnologyDistrict"),
        *_LABELS,
        Column("classification", "org:classification", _TYPE, "university", is_needed=True, has_many=True),
        Column("homepage", "foaf:homepage", "address", "https://www.example.org/"),
        _REGION,
        Column("part_of", "org:subOrganizationOf", "name organisation", "miur"),
    ),
    "programme": (_typed("cg:FundingProgramme"), *_LABELS, *_PERIOD),
    "recognition": (
        _typed("cg:Recognition"),
        *_LABELS,
        Column("legal_basis", "cg:hasLegalBasis", "address", "https://www.example.org/act", has_many=True),
    ),
    "scheme": (
        _typed("skos:ConceptScheme"),
        *_LABELS,
        Column("definition_en", "skos:definition", "en", "What the list is of."),
        Column("definition_it", "skos:definition", "it", "Di che cosa è l'elenco."),
        Column("top_concepts", "skos:hasTopConcept", "name area", "aerospace", is_needed=True, has_many=True),
    ),
    "source": (
        _typed("cg:Source"),
        Column("label_en", "dcterms:title", "en", "Title in English", is_needed=True),
        Column("label_it", "dcterms:title", "it", "Titolo in italiano", is_needed=True),
        Column("address", "cg:isPublishedAt", "address", "https://www.example.org/page", is_needed=True),
        Column("publisher", "dcterms:publisher", "name organisation cluster", "miur", is_needed=True, has_many=True),
        Column("language", "dcterms:language", "language", "ITA", is_needed=True, has_many=True),
        Column("issued", "dcterms:issued", "date", "2024-04-26"),
        Column("modified", "dcterms:modified", "date", "2024-04-26"),
        Column("undated", "cg:isUndated", "true", "true"),
        Column("retrieved", "cg:retrieved", "date", "2026-11-22"),
        Column("file_name", "dcterms:identifier", "text", "page.txt"),
        Column("digest", "cg:contentDigest", "text", "0" * 64),
        Column("decision", "cg:decision", "en", "What we decided about its identity, and why."),
    ),
    "strategy": (_typed("cg:Strategy", "cg:SmartSpecialisationStrategy"), *_LABELS, *_PERIOD),
}
"""By kind of entity."""


def quoted(text: str) -> str:
    r"""A text as a string of Turtle.

    >>> quoted('a "b"')
    '"a \\"b\\""'
    """
    body = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return '"' + "".join(one if one >= " " else f"\\u{ord(one):04X}" for one in body) + '"'


def slug_for(text: str) -> str:
    """The slug nearest to a text; empty where nothing of it can stand in one.

    >>> slug_for("Università di Pavia")
    'universita-di-pavia'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100].strip("-")


def suitable_slug(text: str) -> str:
    """The text, if it can be a slug.

    Raises: Unsuitable, with the nearest one that can.
    """
    if SLUG.fullmatch(text) and len(text) <= 100:  # noqa: PLR2004  # a file system's limit leaves room for the rest
        return text
    near = slug_for(text) or "example-university"
    english = f"'{_shown(text)}' cannot be a slug: use lower-case letters, digits and hyphens, e.g. '{near}'"
    italian = f"«{_shown(text)}» non può essere uno slug: usare minuscole, cifre e trattini, ad es. '{near}'"
    raise Unsuitable(english, italian)


def _name(text: str, kinds: str) -> str:
    prefix, colon, local = text.rpartition(":")
    allowed = kinds.split()
    kind = prefix if colon else allowed[0]
    if kind not in allowed:
        near = f"{allowed[0]}:{slug_for(local) or 'miur'}"
        english = f"'{_shown(text)}' names no {allowed[0]}: write '{near}'"
        raise Unsuitable(english, f"«{_shown(text)}» non è del tipo {allowed[0]}: scrivere '{near}'")
    return f"{kind}:{suitable_slug(local)}"


def _class(text: str, classes: str) -> str:
    allowed = classes.split()
    found = [one for one in allowed if text in (one, one.partition(":")[2])]
    if found:
        return found[0]
    near = difflib.get_close_matches(text, allowed, n=1, cutoff=0.6)
    english, italian = (one.format(*near) if near else "" for one in ("; did you mean '{}'?", "; forse '{}'?"))
    listed = ", ".join(allowed)
    _refuse(
        f"'{_shown(text)}' is no type of this kind: use one of {listed}{english}",
        f"«{_shown(text)}» non è una classe di questo tipo: usare una fra {listed}{italian}",
    )


def _shown(text: str) -> str:
    return json.dumps(text[:80], ensure_ascii=False)[1:-1]


def _date(text: str, _: str) -> str:
    if _DATE.fullmatch(text):
        return f'"{text}"^^xsd:{_DATES[len(text)]}'
    _refuse(
        f"'{_shown(text)}' is not a date: write a year, a month or a day, e.g. 2026, 2026-11 or 2026-11-22",
        f"«{_shown(text)}» non è una data: scrivere un anno, un mese o un giorno, ad es. 2026, 2026-11 o 2026-11-22",
    )


def _address(text: str, _: str) -> str:
    if _ADDRESS.fullmatch(text):
        return f"<{text}>"
    _refuse(
        f"'{_shown(text)}' is not a web address: write it in full, e.g. https://www.example.org/",
        f"«{_shown(text)}» non è un indirizzo web: scriverlo per intero, ad es. https://www.example.org/",
    )


def _language(text: str, _: str) -> str:
    code = text.removeprefix("lang:").upper()
    if re.fullmatch(r"[A-Z]{3}", code):
        return f"lang:{code}"
    _refuse(
        f"'{_shown(text)}' is not a code of a language: write three letters, e.g. ITA or ENG",
        f"«{_shown(text)}» non è un codice di lingua: scrivere tre lettere, ad es. ITA o ENG",
    )


def _true(text: str, _: str) -> str:
    if text.lower() in ("true", "1", "yes", "vero", "sì", "si"):
        return "true"
    _refuse(
        f"'{_shown(text)}' is not 'true': write that, or leave the cell empty",
        f"«{_shown(text)}» non è «true»: scriverlo, o lasciare vuota la cella",
    )


FORMS: Final[dict[str, Callable[[str, str], str]]] = {
    "en": lambda text, _: f"{quoted(text)}@en",
    "it": lambda text, _: f"{quoted(text)}@it",
    "text": lambda text, _: quoted(text),
    "name": _name,
    "class": _class,
    "date": _date,
    "address": _address,
    "language": _language,
    "true": _true,
}
"""What makes a word of Turtle of a value, by the form of its column."""
_GAPS: Final = {
    "en": '""@en',
    "it": '""@it',
    "name": "{kind}:" + DRAFT_SLUG,
    "date": f'"{DRAFT_SLUG}"^^xsd:date',
    "language": "lang:FILL",
}
"""What stands in a draft where something is to be filled in: each breaks a rule, so that a check points at it."""
_OPTIONAL: Final = {
    "en": "# What is known of these, without the '#' and with its own values:",
    "it": "# Ciò che se ne sa, senza il «#» e con i propri valori:",
}


def word(column: Column, value: str) -> str:
    """The word of Turtle for a value.

    Raises: Unsuitable.
    """
    form, _, rest = column.form.partition(" ")
    return FORMS[form](value, rest)


def entity_text(kind: str, slug: str, words: Iterable[tuple[Column, str]], notes: Iterable[str] = ()) -> str:
    """The file of one thing, with comments after its type. Shape: types come first among the words."""
    values: dict[str, list[str]] = {}
    for column, one in words:
        values.setdefault(column.term, []).append(one)
    types = " , ".join(sorted(values.pop("a")))
    comments = "".join(f"    {note}\n" for note in notes)
    lines = ["    " + term + " " + " ,\n        ".join(values[term]) for term in sorted(values)]
    body = f"{kind}:{slug} a {types} ;\n{comments}" + " ;\n".join(lines) + " .\n"
    used = sorted({match[1] for match in _NAME.finditer(_without_strings(body))} & PREFIXES.keys())
    return "".join(f"@prefix {prefix}: <{PREFIXES[prefix]}> .\n" for prefix in used) + "\n" + body


def _without_strings(text: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"|<[^>]*>', '""', text)


def draft(kind: str, slug: str, given: Mapping[str, str], language: str) -> str:
    """A file of a kind to begin with: what is given, places to fill in, and what else can be said as comments.

    Shape:  `given` are values by the names of columns.
    Raises: Unsuitable for a value or a slug that cannot stand in it.
    """
    suitable_slug(slug)
    words: list[tuple[Column, str]] = []
    notes: list[str] = []
    for column in COLUMNS[kind]:
        form, _, rest = column.form.partition(" ")
        if column.name in given:
            words.append((column, word(column, given[column.name])))
        elif form == "class":
            words.append((column, rest.split()[0]))
        elif column.is_asked_of(words[0][1] if words else "") and form in _GAPS:
            words.append((column, _GAPS[form].format(kind=rest.partition(" ")[0])))
        else:
            notes.append(f"# {column.term} {word(column, column.example)} ;")
    return entity_text(kind, slug, words, [_OPTIONAL[language], *notes] if notes else [])
