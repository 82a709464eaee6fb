"""The W3C suites of Turtle, TriG, N-Triples and N-Quads, given to our own reader."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    NamedNode,
    Quad,
    RdfFormat,
    parse,
)
from pyoxigraph import Literal as RdfLiteral
from suite_manifests import SUITES

from clustergraph.reading import read
from clustergraph.reading.parsed import Literal, Parsed, Term

RDF: Final = SUITES / "rdf/rdf11"
PUBLISHED_AT: Final = "https://w3c.github.io/rdf-tests/rdf/rdf11/"
MF: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

FOLDERS: Final[dict[str, tuple[str, int]]] = {
    "rdf-turtle": ("turtle", 313),
    "rdf-trig": ("trig", 356),
    "rdf-n-triples": ("ntriples", 70),
    "rdf-n-quads": ("nquads", 87),
}
"""The syntax of each folder, and how many tests it has."""


class Test(NamedTuple):
    """One test. Shape: `result` is the name of the file with the triples that are to come out, if that is compared."""

    name: str
    is_negative: bool
    action: str
    result: str


def read_tests(folder: str) -> Iterator[Test]:
    """The tests of a folder, its manifest read by the reader that is tested."""
    base = f"{PUBLISHED_AT}{folder}/"
    manifest = read((RDF / folder / "manifest.ttl").read_text(encoding="utf-8"), "turtle", f"{base}manifest.ttl")
    assert manifest.faults == []
    facts: dict[str, dict[str, str]] = {}
    for subject, predicate, value in manifest.triples:
        facts.setdefault(subject, {})[predicate] = value if isinstance(value, str) else value.lexical
    for iri, fact in facts.items():
        kind = fact.get(TYPE, "")
        if f"{MF}action" in fact:
            result = fact.get(f"{MF}result", "").removeprefix(base)
            yield Test(iri.rpartition("#")[2], "Negative" in kind, fact[f"{MF}action"].removeprefix(base), result)


def outcome(folder: str, test: Test) -> str:
    """What is wrong with what the reader made of a test; nothing if it is as it must be."""
    text = (RDF / folder / test.action).read_bytes().decode()
    parsed = read(text, FOLDERS[folder][0], f"{PUBLISHED_AT}{folder}/{test.action}")
    if test.is_negative:
        return "" if parsed.faults else "was read"
    if parsed.faults:
        return f"was not read: {parsed.faults}"
    if not test.result:
        return ""
    expected = (RDF / folder / test.result).read_bytes()
    syntax = RdfFormat.N_QUADS if test.result.endswith(".nq") else RdfFormat.N_TRIPLES
    return "" if _same(quads(parsed), list(parse(expected, format=syntax))) else "other triples"


def quads(parsed: Parsed) -> list[Quad]:
    """The triples of a text with their graphs, as terms of the engine."""
    bounds = [(0, ""), *parsed.graphs, (len(parsed.triples), "")]
    return [
        Quad(_node(s), NamedNode(p), _term(o), _node(graph) if graph else DefaultGraph())
        for (first, graph), (last, _) in pairwise(bounds)
        for s, p, o in parsed.triples[first:last]
    ]


def _node(term: str) -> NamedNode | BlankNode:
    return BlankNode(term[2:].encode().hex()) if term.startswith("_:") else NamedNode(term)


def _term(term: Term) -> NamedNode | BlankNode | RdfLiteral:
    if not isinstance(term, Literal):
        return _node(term)
    if term.language:
        return RdfLiteral(term.lexical, language=term.language)
    return RdfLiteral(term.lexical, datatype=NamedNode(term.datatype))


def _same(one: list[Quad], other: list[Quad]) -> bool:
    datasets = [Dataset(one), Dataset(other)]
    for dataset in datasets:
        dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return datasets[0] == datasets[1]
