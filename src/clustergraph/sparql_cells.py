"""One value of a SPARQL result, as another engine says it in XML."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from clustergraph.terms import RDF

_LANGUAGE: Final = "http://www.w3.org/XML/1998/namespace lang"
_IRI: Final = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*+:[^\x00-\x20<>"{}|^`\\]*+')
"""With its scheme: a relative one means another thing wherever it is read."""

_LABEL: Final = re.compile(r"\w(?:[\w.\u00b7-]*[\w\u00b7-])?")
_LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--[a-z]+)?")
_VALUES: Final = {"uri": _IRI, "bnode": _LABEL}
_TAGGED: Final = (f"{RDF}langString", f"{RDF}dirLangString")
_VIRTUOSO_LABEL: Final = "nodeID://"  # in front of each label that Virtuoso 7 gives, where it cannot stand


class Unreadable(Exception):
    """What arrived is not, or no longer, a SPARQL result in XML."""


class Broken(Unreadable):
    """What arrived is not cut but wrong, or more than any answer needs; says in our words what."""


class Cell(NamedTuple):
    """One bound value: `kind` is uri, bnode or literal."""

    kind: str
    value: str
    language: str = ""
    datatype: str = ""


Row: TypeAlias = Sequence[Cell | None]


def cell_of(kind: str, text: str, attributes: Mapping[str, str]) -> Cell:
    """A value as it stands in the answer.

    Raises: Broken for what is no term: its parts would pass for other terms, or other rows, where it is written anew.
    """
    value = text.removeprefix(_VIRTUOSO_LABEL) if kind == "bnode" else text
    cell = Cell(kind, value, attributes.get(_LANGUAGE, ""), attributes.get("datatype", ""))
    if cell.datatype in _TAGGED and not cell.language:
        message = "a text with a language that is not named"
        raise Broken(message)
    for what, pattern, found in (
        (f"a {kind} that is none", _VALUES.get(kind), value),
        ("a datatype that is no IRI", _IRI, cell.datatype or "urn:any"),
        ("a language tag that is none", _LANGUAGE_TAG, cell.language or "en"),
    ):
        if pattern and not pattern.fullmatch(found):
            raise Broken(what)
    return cell
