"""What more than one test module starts from."""

from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from clustergraph.terms import graph_iri

REPOSITORY = Path(__file__).resolve().parents[1]


def _graph_name(file: Path) -> str:
    folder = file.relative_to(REPOSITORY).parts[:2]
    if folder == ("data", "source"):
        return f"source/{file.stem}"
    return "ontology" if folder[0] == "ontology" else "curated"


@pytest.fixture(scope="session")
def curated_store() -> Store:
    """Ontology and data as written by hand: each triple in the graph of its file and once in the default graph."""
    store = Store()
    for folder in ("ontology", "data"):
        for file in sorted((REPOSITORY / folder).rglob("*.ttl")):
            graph = NamedNode(graph_iri(_graph_name(file)))
            for quad in parse(path=file, format=RdfFormat.TURTLE):
                store.add(Quad(quad.subject, quad.predicate, quad.object, graph))
                store.add(Quad(quad.subject, quad.predicate, quad.object))
    return store
