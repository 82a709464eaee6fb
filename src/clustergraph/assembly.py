"""A repository into one dataset: a graph per source, curated, mapping, ontology, what the rules infer, and their merge.

The default graph is the RDF merge of all named graphs as a set. Knows nothing of checking, files out or HTTP.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox

from clustergraph.repository import Document, Repository
from clustergraph.terms import graph_iri, sparql_prologue

INFERRED = "inferred"


class Assembly(NamedTuple):
    """An assembled dataset.

    Shape: `store` holds the named graphs and, as the default graph, their merge; `inferred_by` counts the new triples
           of each rule, by rule name.
    """

    store: ox.Store
    inferred_by: Mapping[str, int]

    def graph(self, name: str) -> Iterator[ox.Triple]:
        """The triples of one named graph."""
        return (quad.triple for quad in self.store.quads_for_pattern(None, None, None, ox.NamedNode(graph_iri(name))))

    def merge(self) -> Iterator[ox.Triple]:
        """The triples of the default graph."""
        return (quad.triple for quad in self.store.quads_for_pattern(None, None, None, ox.DefaultGraph()))

    def add(self, name: str, triples: Iterable[ox.Triple]) -> None:
        """Adds triples to a named graph and to the merge."""
        graph = ox.NamedNode(graph_iri(name))
        for triple in triples:
            self.store.add(ox.Quad(*triple, graph))
            self.store.add(ox.Quad(*triple))


def assemble(repository: Repository) -> Assembly:
    """The dataset of a repository, with everything its rules infer; metadata is added by the build."""
    assembly = Assembly(ox.Store(), {})
    for document in repository.dataset_documents:
        assembly.add(document.graph, _with_stable_blank_nodes(document))
    counts = {path.stem: _apply(assembly, path) for path in sorted((repository.root / "queries/rules").glob("*.rq"))}
    return Assembly(assembly.store, counts)


def _apply(assembly: Assembly, rule: Path) -> int:
    """One rule over all that is there already; rules run in name order, so a later one sees what an earlier one made."""
    result = assembly.store.query(sparql_prologue() + rule.read_text(encoding="utf-8"))
    if not isinstance(result, ox.QueryTriples):
        message = f"{rule}: a rule is a CONSTRUCT query"
        raise TypeError(message)
    known = set(assembly.merge())
    new = {triple for triple in result if triple not in known}
    assembly.add(INFERRED, new)
    return len(new)


def _with_stable_blank_nodes(document: Document) -> Iterable[ox.Triple]:
    """The triples with blank nodes named by content, so that two builds give the same bytes.

    Source: RDF Dataset Canonicalization 1.0; the names carry the file, as they are only unique within one.
    """
    if not any(isinstance(t.subject, ox.BlankNode) or isinstance(t.object, ox.BlankNode) for t in document.triples):
        return document.triples
    dataset = ox.Dataset(ox.Quad(*triple) for triple in document.triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    mark = document.path.stem.replace("-", "")
    return [
        ox.Triple(*(ox.BlankNode(f"{mark}{one.value}") if isinstance(one, ox.BlankNode) else one for one in quad.triple))
        for quad in dataset
    ]
