"""Triples as an answer: sorted where there are not too many, with the prefixes they need and no other."""

from collections.abc import Iterable
from itertools import chain, islice
from typing import IO, Final

import pyoxigraph as ox

from clustergraph.formats import Format
from clustergraph.holding import held
from clustergraph.terms import PREFIXES, RDF, XSD

_GRAPH_WRITERS: Final = {
    "turtle": ox.RdfFormat.TURTLE,
    "n-triples": ox.RdfFormat.N_TRIPLES,
    "json-ld": ox.RdfFormat.JSON_LD,
    "rdf-xml": ox.RdfFormat.RDF_XML,
    "trig": ox.RdfFormat.TRIG,
    "n-quads": ox.RdfFormat.N_QUADS,
}
_UNWRITTEN: Final = (f"{RDF}langString", f"{XSD}string")  # datatypes that no format spells out
_BY_NAMESPACE: Final = {namespace: prefix for prefix, namespace in PREFIXES.items()}
_SORTED: Final = 20_000  # answers up to this size are sorted and free of duplicates; larger ones stream


def write_triples(triples: Iterable[ox.Triple], stream: IO[bytes], chosen: Format) -> None:
    """Writes triples in a format; the same few triples are the same bytes, in whatever order they come.

    Raises: FormatCannotHold; before anything is written where they are few enough to be sorted.
    """
    iterator = iter(held(triples, chosen))
    head = list(islice(iterator, _SORTED + 1))
    whole = len(head) <= _SORTED
    # Sorting brings one subject together, which makes Turtle readable and the same answer the same bytes.
    ready = sorted(set(head), key=str) if whole else chain(head, iterator)
    prefixes = used_prefixes(ready) if isinstance(ready, list) else PREFIXES
    ox.serialize(ready, stream, _GRAPH_WRITERS[chosen.name], prefixes=prefixes)


def used_prefixes(triples: Iterable[ox.Triple]) -> dict[str, str]:
    """Those of our prefixes that some term of the triples begins with, in the order of their names."""
    iris = {
        one.value
        for triple in triples
        for one in (
            triple.subject,
            triple.predicate,
            triple.object.datatype if isinstance(triple.object, ox.Literal) else triple.object,
        )
        if isinstance(one, ox.NamedNode) and one.value not in _UNWRITTEN
    }
    # Our namespaces end in "/" or "#", and no name has a "/": so an IRI tells itself which two it may begin with.
    begun = {iri[: iri.rfind("/") + 1] for iri in iris}
    begun |= {iri[: iri.find("#", iri.rfind("/")) + 1] for iri in iris}
    return dict(sorted((_BY_NAMESPACE[namespace], namespace) for namespace in begun & _BY_NAMESPACE.keys()))
