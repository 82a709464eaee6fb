"""The table of media types, and the choice among them. Knows nothing of HTTP frameworks or engines."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from clustergraph.errors import NotAcceptable, ParameterUnsuitable


class Format(NamedTuple):
    """One way to write results or RDF.

    Shape: `name` is what `format=` and `--format` take; `media_type` is what we send; `also` are others we accept;
           `within` are names that mean it where nothing of the other family can be meant.
    """

    name: str
    media_type: str
    extension: str
    also: tuple[str, ...] = ()
    within: tuple[str, ...] = ()


ELEMENTS: Final = 64  # of a field that are read
CONTENT_TYPE_LIMIT: Final = 256  # characters; the longest that is read here has a fifth of that

JSON: Final = Format("json", "application/sparql-results+json", "srj", ("application/json",))
XML: Final = Format("xml", "application/sparql-results+xml", "srx", ("application/xml", "text/xml"))
CSV: Final = Format("csv", "text/csv", "csv")
TSV: Final = Format("tsv", "text/tab-separated-values", "tsv")

TURTLE: Final = Format("turtle", "text/turtle", "ttl", ("application/turtle", "application/x-turtle", "text/n3"))
N_TRIPLES: Final = Format("n-triples", "application/n-triples", "nt", ("text/plain",))
JSON_LD: Final = Format("json-ld", "application/ld+json", "jsonld", ("application/json",), ("json",))
RDF_XML: Final = Format("rdf-xml", "application/rdf+xml", "rdf", ("application/xml", "text/xml"), ("xml",))
TRIG: Final = Format("trig", "application/trig", "trig")
N_QUADS: Final = Format("n-quads", "application/n-quads", "nq")

HTML: Final = Format("html", "text/html", "html", ("application/xhtml+xml",))

RESULT_FORMATS: Final = (JSON, XML, CSV, TSV)
"""For SELECT and ASK, in our order of preference."""

GRAPH_FORMATS: Final = (TURTLE, N_TRIPLES, JSON_LD, RDF_XML, TRIG, N_QUADS)
"""For CONSTRUCT and DESCRIBE, in our order of preference."""

ALL_FORMATS: Final = (*RESULT_FORMATS, *GRAPH_FORMATS, HTML)

DOCUMENT_FORMATS: Final = (HTML, TURTLE, N_TRIPLES, JSON_LD, RDF_XML)
"""For the description of one entity, in our order of preference."""

ALIASES: Final[dict[str, str]] = {
    "ttl": "turtle",
    "nt": "n-triples",
    "ntriples": "n-triples",
    "jsonld": "json-ld",
    "rdf": "rdf-xml",
    "rdfxml": "rdf-xml",
    "rdf+xml": "rdf-xml",
    "n3": "turtle",
    "nq": "n-quads",
    "nquads": "n-quads",
}
"""Short names that people type after `format=`, and clients send."""

_RDF_TYPES: Final = frozenset(one.media_type for one in GRAPH_FORMATS) | {"text/n3"}
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s]*)')
_QVALUE = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


class _Range(NamedTuple):
    type: str
    subtype: str
    quality: float


def _ranges(accept: str) -> list[_Range]:
    """The media ranges of an Accept header; a range that cannot be read counts as absent (RFC 9110, 12.5.1)."""
    found = []
    for element in _split_outside_quotes(accept):
        name, _, _ = element.partition(";")
        main, slash, sub = name.strip().lower().partition("/")
        if not (main and slash and sub):
            continue
        quality = {key.lower(): value for key, value in _PARAMETER.findall(element)}.get("q", "1")
        if _QVALUE.fullmatch(quality):
            found.append(_Range(main, sub, float(quality)))
    return found


def weights(field: str) -> dict[str, float]:
    """The elements of a field such as Accept-Encoding with their weights; one that cannot be read counts as absent.

    Shape:  of a field with more than ELEMENTS elements the others count as absent too.
    Source: RFC 9110, section 12.4.2.

    >>> weights("gzip;q=0.5, BR")
    {'gzip': 0.5, 'br': 1.0}
    """
    found = {}
    for element in field.split(",", ELEMENTS)[:ELEMENTS]:
        name, _, rest = element.partition(";")
        quality = {key.lower(): value for key, value in _PARAMETER.findall(f";{rest}")}.get("q", "1")
        if name.strip() and _QVALUE.fullmatch(quality):
            found[name.strip().lower()] = float(quality)
    return found


def _split_outside_quotes(text: str) -> list[str]:
    parts, start, quoted = [], 0, False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def type_and_charset(content_type: str) -> tuple[str, str]:
    """The media type and the charset that a Content-Type names, in lower case; UTF-8 where it names none.

    Shape: one over CONTENT_TYPE_LIMIT is not read: it comes back as it is, and of no charset.

    >>> type_and_charset('Text/CSV; header=present; charset="UTF-8"')
    ('text/csv', 'utf-8')
    """
    if len(content_type) > CONTENT_TYPE_LIMIT:
        return content_type, ""
    # No parser of mail: it reads an open quote again at every semicolon, and fails at some names of RFC 2231.
    media_type, *rest = (part.strip().lower() for part in content_type.split(";"))
    pairs = (one.partition("=") for one in rest)
    named = (value.strip().strip('"') for name, _, value in pairs if name.partition("*")[0].strip() == "charset")
    return media_type, next(named, "utf-8").rpartition("'")[2]  # RFC 8187: charset*=UTF-8''utf-8


def _quality(media_type: str, ranges: Sequence[_Range]) -> float:
    """What the most specific matching range says of a media type; 0 if none matches."""
    main, _, sub = media_type.partition("/")
    matches = [
        (2 if one.subtype == sub else 1 if one.type == main else 0, one.quality)
        for one in ranges
        if (one.type in (main, "*")) and (one.subtype in (sub, "*")) and not (one.type == "*" and one.subtype != "*")
    ]
    return max(matches)[1] if matches else 0.0


def negotiate(accept: str | None, offered: Sequence[Format]) -> Format:
    """The offered format the client likes best.

    Shape:  `offered` is in our order of preference; the first wins a tie and a missing or empty header. To a client
            that names a format of RDF, but not HTML, a page is what it likes least of all that it takes equally.
    Raises: NotAcceptable if every offer is excluded (`q=0` counts as excluded).
    Source: RFC 9110, section 12.5.1.

    >>> negotiate("text/*;q=0.5, application/ld+json", [TURTLE, JSON_LD]).name
    'json-ld'
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = _ranges(accept)
    is_page_last = _is_of_harvester(ranges)
    ranked = [
        (_best_quality(one, ranges), not (is_page_last and one is HTML), -place) for place, one in enumerate(offered)
    ]
    quality, _, place = max(ranked)
    if quality == 0:
        raise NotAcceptable(accept, [one.media_type for one in offered])
    return offered[-place]


def _is_of_harvester(ranges: Sequence[_Range]) -> bool:
    """Whether a client names a format of RDF, and none of pages: it reads data, whatever else it says it takes."""
    wanted = {f"{one.type}/{one.subtype}" for one in ranges if one.quality > 0}
    return wanted.isdisjoint((HTML.media_type, *HTML.also)) and not wanted.isdisjoint(_RDF_TYPES)


def _best_quality(one: Format, ranges: Sequence[_Range]) -> float:
    # An alias such as application/json counts only where the client names it, so that */* never picks by alias
    # and `application/xml` of a browser's header does not outrank the media type that it names itself.
    own = _quality(one.media_type, ranges)
    named = [r for r in ranges if f"{r.type}/{r.subtype}" in one.also]
    return max([own, *(r.quality for r in named)])


def named(name: str, offered: Sequence[Format]) -> Format:
    """The offered format of that name, extension or alias, as `format=` takes them.

    Raises: ParameterUnsuitable naming the choices.

    >>> named("ttl", GRAPH_FORMATS).name, named("json", GRAPH_FORMATS).name
    ('turtle', 'json-ld')
    """
    wanted = ALIASES.get(name.lower(), name.lower())
    for one in offered:
        if wanted in (one.name, one.extension, one.media_type, *one.within):
            return one
    choices = ", ".join(one.name for one in offered)
    message = f"there is no format '{name}' here: use one of {choices}"
    raise ParameterUnsuitable(message)
