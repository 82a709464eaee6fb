"""What a format cannot hold, found before it is written: who asked is told so, and never sent what no parser reads."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import IO, Final

import pyoxigraph as ox

from clustergraph.formats import JSON_LD, RDF_XML, Format
from clustergraph.terms import RDF
from clustergraph.xml_names import NO_CLASS, NO_PREDICATE, cannot_hold, divided, shown

_TYPE: Final = ox.NamedNode(f"{RDF}type")
_RECENT: Final = 4_096  # IRIs of which it is remembered whether XML has a name for them
_CONTROLS: Final = bytes({*range(0x20)} - {*b"\t\n\r"})
_BEGINS_NONCHARACTER: Final = b"\xef"
_NO_XML: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


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
        raise cannot_hold(RDF_XML, f"the predicate {shown(triple.predicate.value)}")
    if triple.predicate == _TYPE and isinstance(triple.object, ox.NamedNode) and not _names_class(triple.object):
        raise cannot_hold(RDF_XML, f"the class {shown(triple.object.value)}")


@lru_cache(_RECENT)
def _names_property(iri: ox.NamedNode) -> bool:
    return iri.value not in NO_PREDICATE and divided(iri.value) is not None


@lru_cache(_RECENT)
def _names_class(iri: ox.NamedNode) -> bool:
    return iri.value not in NO_CLASS and divided(iri.value) is not None


_LOOKS: Final[Mapping[Format, Callable[[Iterable[ox.Triple]], Iterator[ox.Triple]]]] = {
    JSON_LD: _held_in_json_ld,
    RDF_XML: _held_in_rdf_xml,
}
