"""What a format cannot hold, found before it is written: who asked is told so, and never sent what no parser reads."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import IO, Final
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.errors import FormatCannotHold
from clustergraph.formats import GRAPH_FORMATS, JSON_LD, RDF_XML, RESULT_FORMATS, XML, Format
from clustergraph.terms import RDF

_XMLNS: Final = "http://www.w3.org/2000/xmlns/"
_TYPE: Final = ox.NamedNode(f"{RDF}type")
_RECENT: Final = 4_096  # IRIs of which it is remembered whether XML has a name for them
_START: Final = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME_BACKWARDS: Final = re.compile(rf"[-.0-9\u00b7\u0300-\u036f\u203f-\u2040{_START}]*[{_START}]")
"""The end of an IRI that can name an element. Read from the end, as a search would try each place of a long IRI.

Source: Namespaces in XML 1.0, section 3 (NCName).
"""
_LATER_AND_OLD: Final = ("aboutEach", "aboutEachPrefix", "annotation", "annotationNodeID", "bagID", "version")
_OWN: Final = ("Description", "ID", "RDF", "about", "datatype", "li", "nodeID", "parseType", "resource")
_NO_CLASS: Final = frozenset(f"{RDF}{name}" for name in _LATER_AND_OLD)
_NO_PREDICATE: Final = _NO_CLASS | {f"{RDF}{name}" for name in _OWN}
"""What RDF/XML keeps for its own syntax. A class of one of its own names is written as a value, which holds it.

Source: RDF 1.1 XML Syntax, section 5.1; RDF 1.2 XML Syntax, section 5.1.
"""
_CONTROLS: Final = bytes({*range(0x20)} - {*b"\t\n\r"})
_BEGINS_NONCHARACTER: Final = b"\xef"
_NO_XML: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


def cannot_hold(chosen: Format, what: str) -> FormatCannotHold:
    """The error of an answer with something in it for which its format has no place; it names formats that do."""
    family = RESULT_FORMATS if chosen in RESULT_FORMATS else GRAPH_FORMATS
    offered = [one.media_type for one in family if one not in (XML, RDF_XML, JSON_LD)]
    problem = f"the format {chosen.media_type} cannot hold {what}, which is in this answer"
    return FormatCannotHold(f"{problem}: ask for one of {', '.join(offered)}", offered)


class XmlStream:
    """A stream that passes on what it is given, as long as XML can hold its characters.

    The engine writes no carriage return but those of values, and each as it is: a parser would read a line feed.
    Source: Extensible Markup Language (XML) 1.0, sections 2.2 and 2.11.
    """

    def __init__(self, stream: IO[bytes], chosen: Format) -> None:
        self._stream = stream
        self._format = chosen
        self._end = b""  # what is written may end inside a character

    def write(self, data: bytes) -> int:
        """Raises: FormatCannotHold; nothing of the data is passed on then."""
        seen = self._end + data
        # Both look at 17 MB in 10 ms, for which the expression alone takes 90 (measured).
        if len(seen.translate(None, _CONTROLS)) < len(seen) or _BEGINS_NONCHARACTER in seen:
            self._refuse_no_xml(seen)
        self._end = seen[-2:]
        self._stream.write(data.replace(b"\r", b"&#13;") if b"\r" in data else data)
        return len(data)

    def _refuse_no_xml(self, seen: bytes) -> None:
        if found := _NO_XML.search(seen):
            raise cannot_hold(self._format, f"the character U+{ord(found[0].decode()):04X}")

    def flush(self) -> None:
        """Passed on."""
        self._stream.flush()


def held(triples: Iterable[ox.Triple], chosen: Format) -> Iterable[ox.Triple]:
    """The triples as they are, each looked at before it is given on where the format cannot hold every one.

    Raises: FormatCannotHold, while they are taken.
    """
    look = _LOOKS.get(chosen)
    return triples if look is None else look(triples)


def _held_in_json_ld(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    for triple in triples:
        if isinstance(triple.object, ox.Triple):
            raise cannot_hold(JSON_LD, "a triple as a term")
        yield triple


def _held_in_rdf_xml(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    usual: set[ox.NamedNode] = set()  # predicates of which there is nothing more to ask
    for triple in triples:
        inner: object = triple
        while isinstance(inner, ox.Triple):
            if inner.predicate not in usual:
                _look_at_names(inner)
                if inner.predicate != _TYPE and len(usual) < _RECENT:
                    usual.add(inner.predicate)
            inner = inner.object
        yield triple


def _look_at_names(triple: ox.Triple) -> None:
    """Raises: FormatCannotHold for a predicate or a class that the engine would write as an element without a name."""
    if not _names_property(triple.predicate):
        raise cannot_hold(RDF_XML, f"the predicate {_shown(triple.predicate)}")
    if triple.predicate == _TYPE and isinstance(triple.object, ox.NamedNode) and not _names_class(triple.object):
        raise cannot_hold(RDF_XML, f"the class {_shown(triple.object)}")


@lru_cache(_RECENT)
def _names_property(iri: ox.NamedNode) -> bool:
    return iri.value not in _NO_PREDICATE and _names_element(iri.value)


@lru_cache(_RECENT)
def _names_class(iri: ox.NamedNode) -> bool:
    return iri.value not in _NO_CLASS and _names_element(iri.value)


def _names_element(iri: str) -> bool:
    """Whether an IRI can be divided into a namespace that may be declared and the name of an element."""
    backwards = _NAME_BACKWARDS.match(iri[::-1])
    if backwards is None or iri[: -backwards.end()] == _XMLNS:
        return False
    try:
        # The engine takes names of the fifth edition of XML; common parsers, this one too, know those of the fourth.
        expat.ParserCreate().Parse(f"<{backwards[0][::-1]}/>", True)
    except expat.ExpatError:
        return False
    return True


def _shown(iri: ox.NamedNode) -> str:
    return f"<{iri.value}>" if len(iri.value) <= 80 else f"<{iri.value[:80]}…"  # noqa: PLR2004


_LOOKS: Final[Mapping[Format, Callable[[Iterable[ox.Triple]], Iterator[ox.Triple]]]] = {
    JSON_LD: _held_in_json_ld,
    RDF_XML: _held_in_rdf_xml,
}
