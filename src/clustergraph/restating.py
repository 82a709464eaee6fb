"""RDF that another engine gave in N-Triples, looked at line by line, and written in the format that was asked for.

Each line must be one triple, and nothing else goes on: neither half a line nor words of the engine. Holds one piece.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from clustergraph.formats import JSON_LD, RDF_XML, Format
from clustergraph.reading.terms import unescaped
from clustergraph.reading.tokens import BLANK, LANGUAGE
from clustergraph.sparql_cells import Broken
from clustergraph.terms import RDF
from clustergraph.xml_names import NO_PREDICATE, cannot_hold, divided, shown

LINE_LIMIT_BYTES: Final = 1 << 24  # of one triple
HELD_BYTES: Final = 1 << 16  # of the beginning: what breaks within them is told instead of sent
_RECENT: Final = 4_096  # predicates of which it is remembered how XML names them

_HEX: Final = "[0-9A-Fa-f]"
_CODE_POINT: Final = (
    rf"\\u(?![Dd][89A-Fa-f]){_HEX}{{4}}|\\U(?!0000[Dd][89A-Fa-f])00(?:0{_HEX}|10){_HEX}{{4}}"  # no half of a pair
)
_NOT_IN_IRI: Final = rf"(?:00[01]{_HEX}|002[02]|003[CEce]|005[CEce]|0060|007[B-Db-d])"
_IRI: Final = (
    r"<[A-Za-z][A-Za-z0-9+.\-]*+:"
    rf'(?:[^\x00-\x20<>"{{}}|^`\\]++|(?!\\u{_NOT_IN_IRI}|\\U0000{_NOT_IN_IRI})(?:{_CODE_POINT}))*+>'
)
"""An IRI with its scheme: where the base of a reader is another, a relative one means another thing."""
_STRING: Final = rf'"(?:[^"\\\n\r]++|\\[tbnrf"\'\\]|{_CODE_POINT})*+"'
_GAP: Final = r"[ \t]*+"
_TAGGED: Final = rf"<{re.escape(RDF)}(?:l|dirL)angString>"  # what has one has a tag instead


def _statement(opening: str) -> str:
    node, value = rf"{_IRI}|{BLANK}", rf"{_STRING}(?:{LANGUAGE}|\^\^(?!{_TAGGED}){_IRI})?+"
    return rf"{opening}{node}){_GAP}{opening}{_IRI}){_GAP}{opening}{node}|{value}){_GAP}\."


_LINES: Final = re.compile(rf"(?:{_GAP}(?:{_statement('(?:')}{_GAP})?+\r?\n)*+")
_TRIPLE: Final = re.compile(_statement("("))
_VALUE: Final = re.compile(r'"(?P<text>.*)"(?:@(?P<language>[^"]*)|\^\^<(?P<datatype>[^"]*)>)?', re.DOTALL)
_EMPTY: Final = "# Empty NT"  # what Virtuoso 7 says where there is no triple
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class _Term(NamedTuple):
    """A term without its escapes: `kind` is uri, bnode or literal."""

    kind: str
    value: str
    language: str = ""
    datatype: str = ""


def _term(word: str) -> _Term:
    if word[0] == "<":
        return _Term("uri", unescaped(word[1:-1]))
    if word[0] == "_":
        return _Term("bnode", word)
    match = _VALUE.fullmatch(word)
    assert match is not None  # noqa: S101  # a triple was recognised by the same words
    return _Term("literal", unescaped(match["text"]), match["language"] or "", unescaped(match["datatype"] or ""))


def _json_triple(subject: _Term, predicate: _Term, value: _Term) -> str:
    said: dict[str, str] = {"@id": value.value}
    if value.kind == "literal":
        tail = {"@language": value.language, "@type": value.datatype}
        said = {"@value": value.value, **{key: one for key, one in tail.items() if one}}
    return json.dumps({"@id": subject.value, predicate.value: [said]}, ensure_ascii=False, separators=(",", ":"))


def _xml_triple(subject: _Term, predicate: _Term, value: _Term) -> str:
    name = _element(predicate.value)
    if name is None:
        raise cannot_hold(RDF_XML, f"the predicate {shown(predicate.value)}")
    begin = f"<p:{name[1]} xmlns:p={quoteattr(name[0])}"
    if value.kind == "literal":
        more = f" xml:lang={quoteattr(value.language)}" if value.language else ""
        more = f" rdf:datatype={quoteattr(value.datatype)}" if value.datatype else more
        inner = f"{begin}{more}>{escape(value.value, {chr(13): '&#13;'})}</p:{name[1]}>"
    else:
        inner = f"{begin} {_xml_node('resource', value)}/>"
    said = f"<rdf:Description {_xml_node('about', subject)}>{inner}</rdf:Description>\n"
    if found := _NO_XML.search(said):
        raise cannot_hold(RDF_XML, f"the character U+{ord(found[0]):04X}")
    return said


def _xml_node(attribute: str, term: _Term) -> str:
    if term.kind == "uri":
        return f"rdf:{attribute}={quoteattr(term.value)}"
    return f'rdf:nodeID="b{term.value[2:]}"'  # a label may begin with a digit, the name of a node in XML may not


@lru_cache(_RECENT)
def _element(predicate: str) -> tuple[str, str] | None:
    return None if predicate in NO_PREDICATE else divided(predicate)


class _Writing(NamedTuple):
    """A format that is no lines of triples: what stands before, a triple, what stands between two, what ends."""

    head: str
    triple: Callable[[_Term, _Term, _Term], str]
    between: str
    end: str


_WRITERS: Final[dict[Format, _Writing]] = {
    JSON_LD: _Writing("[", _json_triple, ",\n", "]\n"),
    RDF_XML: _Writing(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdf="{RDF}">\n', _xml_triple, "", "</rdf:RDF>\n"
    ),
}
"""The others, Turtle, TriG and N-Quads, take lines of N-Triples as they are."""


class GraphWriter:
    """An answer in another format, piece by piece as it is read.

    Source: RDF 1.1 N-Triples; JSON-LD 1.1, section 9 (expanded documents); RDF 1.1 XML Syntax.
    """

    def __init__(self, chosen: Format) -> None:
        self._writing = _WRITERS.get(chosen)
        self._line = bytearray()  # what has begun and not ended
        self._held = [self._writing.head.encode() if self._writing else b""]
        self._is_begun = self._has_triples = False

    def feed(self, data: bytes) -> bytes:
        """What these bytes add to the answer.

        Raises: Broken for a line that is no triple; FormatCannotHold.
        """
        end = data.rfind(b"\n") + 1
        if end:
            self._held.append(self._written(bytes(self._line) + data[:end]))
            self._line = bytearray(data[end:])
        else:
            self._line += data
        if len(self._line) > LINE_LIMIT_BYTES:
            message = "a triple without an end"
            raise Broken(message)
        if not self._is_begun and sum(map(len, self._held)) < HELD_BYTES:
            return b""
        self._is_begun = True
        written, self._held = b"".join(self._held), []
        return written

    def finish(self) -> bytes:
        """The end of the answer.

        Raises: Broken if the last line is no triple; FormatCannotHold.
        """
        last = self._written(bytes(self._line) + b"\n") if self._line else b""
        return b"".join([*self._held, last, self._writing.end.encode() if self._writing else b""])

    def _written(self, lines: bytes) -> bytes:
        try:
            text = lines.decode()
        except UnicodeDecodeError as exc:
            message = "bytes that are no UTF-8"
            raise Broken(message) from exc
        if text.strip() == _EMPTY:
            return b""
        if not _LINES.fullmatch(text):
            message = "a line that is no triple"
            raise Broken(message)
        if self._writing is None:
            return lines
        return self._rewritten(text, self._writing).encode()

    def _rewritten(self, text: str, writing: _Writing) -> str:
        triples = [writing.triple(*map(_term, match.groups())) for match in _TRIPLE.finditer(text)]
        begins = writing.between if self._has_triples and triples else ""
        self._has_triples = self._has_triples or bool(triples)
        return begins + writing.between.join(triples)
