"""Triples as an answer: their order and their prefixes."""

import io
from itertools import permutations

import pyoxigraph as ox
import pytest

from clustergraph.formats import N_TRIPLES, TURTLE
from clustergraph.terms import PREFIXES
from clustergraph.triples import used_prefixes, write_triples


def about(*things: str) -> list[ox.Triple]:
    return [ox.Triple(ox.NamedNode(one), ox.NamedNode("x:p"), ox.NamedNode("x:o")) for one in things]


def test_prefixes_are_used_where_a_short_name_is_possible() -> None:
    def triple(subject: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
        return ox.Triple(ox.NamedNode(subject), ox.NamedNode("x:p"), value)

    prefixes = used_prefixes(
        [
            triple("https://w3id.org/clustergraph/id/cluster/a", ox.Literal(1)),
            triple("https://w3id.org/clustergraph/graph/source/a", ox.NamedNode("http://purl.org/dc/terms/a/b")),
        ]
    )

    assert list(prefixes) == ["cluster", "source-graph", "xsd"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_each_prefix_is_used_by_what_stands_right_in_its_namespace(prefix: str) -> None:
    namespace = PREFIXES[prefix]

    assert used_prefixes(about(f"{namespace}a")) == {prefix: namespace}
    assert prefix not in used_prefixes(about(f"{namespace}a/b"))
    assert prefix not in used_prefixes(about(namespace[:-1]))


def test_every_namespace_ends_where_a_name_begins() -> None:
    """The prefixes of an IRI are found by its last slash and its hash."""
    assert {namespace[-1] for namespace in PREFIXES.values()} == {"/", "#"}
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_one_term_may_use_two_prefixes() -> None:
    assert list(used_prefixes(about(f"{PREFIXES['dcterms']}a", f"{PREFIXES['skos']}a"))) == ["dcterms", "skos"]


def test_the_same_triples_are_the_same_bytes_in_whatever_order_they_come() -> None:
    written = set()
    for triples in permutations([*about("x:b", "x:a"), *about("x:a")]):
        stream = io.BytesIO()
        write_triples(triples, stream, N_TRIPLES)
        written.add(stream.getvalue())

    assert written == {b"<x:a> <x:p> <x:o> .\n<x:b> <x:p> <x:o> .\n"}


def test_turtle_declares_what_it_uses_and_nothing_else() -> None:
    stream = io.BytesIO()
    write_triples(about(f"{PREFIXES['skos']}a"), stream, TURTLE)

    assert stream.getvalue() == (b"@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\nskos:a <x:p> <x:o> .\n")
