"""What RDF/XML has a name for, and the error of a format that cannot hold an answer. Knows no engine."""

import re
from typing import Final
from xml.parsers import expat

from clustergraph.characters import LATER, base_and
from clustergraph.errors import FormatCannotHold
from clustergraph.formats import GRAPH_FORMATS, JSON_LD, RDF_XML, RESULT_FORMATS, XML, Format
from clustergraph.terms import RDF

_XMLNS: Final = "http://www.w3.org/2000/xmlns/"
_NAME_BACKWARDS: Final = re.compile(rf"{base_and('_.' + LATER)}*{base_and('_')}")
"""The end of an IRI that can name an element. Read from the end, as a search would try each place of a long IRI.

Source: Namespaces in XML 1.0, section 3 (NCName).
"""
_LATER_AND_OLD: Final = ("aboutEach", "aboutEachPrefix", "annotation", "annotationNodeID", "bagID", "version")
_OWN: Final = ("Description", "ID", "RDF", "about", "datatype", "li", "nodeID", "parseType", "resource")
NO_CLASS: Final = frozenset(f"{RDF}{name}" for name in _LATER_AND_OLD)
NO_PREDICATE: Final = NO_CLASS | {f"{RDF}{name}" for name in _OWN}
"""What RDF/XML keeps for its own syntax. A class of one of its own names is written as a value, which holds it.

Source: RDF 1.1 XML Syntax, section 5.1; RDF 1.2 XML Syntax, section 5.1.
"""


def cannot_hold(chosen: Format, what: str) -> FormatCannotHold:
    """The error of an answer with something in it for which its format has no place; it names formats that do."""
    family = RESULT_FORMATS if chosen in RESULT_FORMATS else GRAPH_FORMATS
    offered = [one.media_type for one in family if one not in (XML, RDF_XML, JSON_LD)]
    problem = f"the format {chosen.media_type} cannot hold {what}, which is in this answer"
    return FormatCannotHold(f"{problem}: ask for one of {', '.join(offered)}", offered)


def divided(iri: str) -> tuple[str, str] | None:
    """An IRI as a namespace that may be declared and the name of an element; None if it cannot be divided so."""
    backwards = _NAME_BACKWARDS.match(iri[::-1])
    if backwards is None or iri[: -backwards.end()] == _XMLNS:
        return None
    name = backwards[0][::-1]
    try:
        # The engine takes names of the fifth edition of XML; common parsers, this one too, know those of the fourth.
        expat.ParserCreate().Parse(f"<{name}/>", True)
    except expat.ExpatError:
        return None
    return iri[: -len(name)], name


def shown(iri: str) -> str:
    """An IRI as a message names it, however long it is."""
    return f"<{iri}>" if len(iri) <= 80 else f"<{iri[:80]}…"  # noqa: PLR2004
