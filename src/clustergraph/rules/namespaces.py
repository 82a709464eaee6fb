"""Prefixes that a file declares otherwise than all others do, and what is meant by names with them."""

from collections.abc import Iterable
from typing import Final

from clustergraph.reading.faults import NAMESPACES
from clustergraph.reading.parsed import TYPE, Declaration
from clustergraph.repository import Document
from clustergraph.terms import PREFIXES

_USUAL: Final = frozenset(NAMESPACES.values()) | {"https://schema.org/"}


def otherwise_declared(document: Document) -> list[Declaration]:
    """The declarations that give a prefix another namespace than it has elsewhere."""
    return [one for one in document.parsed.declarations if _is_other(one)]


def _is_other(one: Declaration) -> bool:
    usual = NAMESPACES.get(one.prefix, one.namespace)
    return one.namespace != usual and (one.prefix in PREFIXES or one.namespace not in _USUAL)


def meant_things(documents: Iterable[Document]) -> frozenset[str]:
    """What is described under a prefix that is declared otherwise, as it will be called once that is right."""
    return frozenset(
        NAMESPACES[one.prefix] + subject.removeprefix(one.namespace)
        for document in documents
        for one in otherwise_declared(document)
        for subject, predicate, _ in document.parsed.triples
        if predicate == TYPE and subject.startswith(one.namespace)
    )
