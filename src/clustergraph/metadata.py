"""What the dataset says about itself: which graph comes from which source, how large it is, under which licence."""

from collections.abc import Iterator
from typing import Final

import pyoxigraph as ox

from clustergraph.assembly import INFERRED, Assembly
from clustergraph.repository import Repository
from clustergraph.terms import BASE, CG, DCTERMS, PROV, RDF, RDFS, SD, VOID, XSD, described_iri, graph_iri

METADATA: Final = "metadata"
DATASET: Final = ox.NamedNode(f"{BASE}dataset")
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"

COUNTED: Final[dict[str, str]] = {
    "clusters": f"{CG}TechnologyCluster",
    "areas": f"{CG}TechnologyArea",
    "memberships": f"{CG}Membership",
    "claims": f"{CG}Claim",
    "sources": f"{CG}Source",
}
"""What the home page and the manifest count: a name and the class whose instances it counts."""

_TYPE: Final = ox.NamedNode(f"{RDF}type")


def counts(assembly: Assembly) -> dict[str, int]:
    """How many instances there are of each class of COUNTED, and how many triples in the default graph."""
    found = {
        name: len(
            {q.subject for q in assembly.store.quads_for_pattern(None, _TYPE, ox.NamedNode(iri), ox.DefaultGraph())}
        )
        for name, iri in COUNTED.items()
    }
    return {**found, "triples": sum(1 for _ in assembly.merge())}


def describe_dataset(repository: Repository, assembly: Assembly) -> list[ox.Triple]:
    """The triples of graph/metadata, for an assembly that does not have them yet; the sizes they give count them too.

    Source: VoID (sizes), SPARQL 1.1 Service Description (named graphs), PROV-O (which source a graph comes from).
    """
    metadata = ox.NamedNode(graph_iri(METADATA))
    said = list(_statements(repository, assembly))
    sizes = 2  # the statements below
    return [
        *said,
        ox.Triple(metadata, _iri(VOID, "triples"), _integer(len(said) + sizes)),
        ox.Triple(DATASET, _iri(VOID, "triples"), _integer(len({*assembly.merge(), *said}) + sizes)),
    ]


def _statements(repository: Repository, assembly: Assembly) -> Iterator[ox.Triple]:
    yield ox.Triple(DATASET, _TYPE, _iri(VOID, "Dataset"))
    yield ox.Triple(
        DATASET, _iri(DCTERMS, "title"), ox.Literal("Clustergraph: Italy's technology clusters", language="en")
    )
    yield ox.Triple(
        DATASET, _iri(DCTERMS, "title"), ox.Literal("Clustergraph: i cluster tecnologici italiani", language="it")
    )
    yield ox.Triple(DATASET, _iri(DCTERMS, "license"), ox.NamedNode(LICENCE))
    for name in sorted({document.graph for document in repository.dataset_documents} | {INFERRED, METADATA}):
        graph = ox.NamedNode(graph_iri(name))
        yield ox.Triple(DATASET, _iri(SD, "namedGraph"), graph)
        yield ox.Triple(graph, _TYPE, _iri(SD, "NamedGraph"))
        yield ox.Triple(graph, _iri(SD, "name"), graph)
        if name != METADATA:
            yield ox.Triple(graph, _iri(VOID, "triples"), _integer(sum(1 for _ in assembly.graph(name))))
        yield ox.Triple(graph, _iri(RDFS, "label"), ox.Literal(f"graph {name}", language="en"))
    for document in repository.sources:
        source = ox.NamedNode(described_iri(document.path))
        yield ox.Triple(ox.NamedNode(graph_iri(document.graph)), _iri(PROV, "wasDerivedFrom"), source)


def _iri(namespace: str, name: str) -> ox.NamedNode:
    return ox.NamedNode(f"{namespace}{name}")


def _integer(number: int) -> ox.Literal:
    return ox.Literal(str(number), datatype=_iri(XSD, "integer"))
