"""What the dataset says about itself is true of it."""

import pyoxigraph as ox
import pytest

from clustergraph.assembly import Assembly, assemble
from clustergraph.metadata import METADATA, counts, describe_dataset
from clustergraph.repository import read_repository
from clustergraph.terms import BASE, CG, GRAPH, PROV, RDF, SD, VOID, entity_iri
from conftest import SAMPLE

GRAPHS = ["curated", "inferred", "mapping", "metadata", "ontology", "source/clock-almanac"]


@pytest.fixture
def described() -> Assembly:
    """The sample with its metadata."""
    repository = read_repository(SAMPLE)
    assembly = assemble(repository)
    assembly.add(METADATA, describe_dataset(repository, assembly))
    return assembly


def objects(assembly: Assembly, subject: str, predicate: str) -> list[str]:
    """What graph/metadata says of a thing."""
    return sorted(
        getattr(one.object, "value", "")
        for one in assembly.graph(METADATA)
        if (one.subject, one.predicate) == (ox.NamedNode(subject), ox.NamedNode(predicate))
    )


@pytest.mark.parametrize("name", GRAPHS)
def test_the_size_of_each_graph_is_its_size(described: Assembly, name: str) -> None:
    size = sum(1 for _ in described.graph(name))

    assert objects(described, GRAPH + name, f"{VOID}triples") == [str(size)]


def test_the_size_of_the_dataset_is_that_of_the_merge(described: Assembly) -> None:
    size = sum(1 for _ in described.merge())

    assert objects(described, f"{BASE}dataset", f"{VOID}triples") == [str(size)]


def test_every_named_graph_is_listed(described: Assembly) -> None:
    there = sorted(str(one)[1:-1] for one in described.store.named_graphs())

    assert objects(described, f"{BASE}dataset", f"{SD}namedGraph") == there == [GRAPH + name for name in GRAPHS]


def test_a_graph_of_a_source_says_which_source_it_comes_from(described: Assembly) -> None:
    derived = [str(one) for one in described.graph(METADATA) if one.predicate.value == f"{PROV}wasDerivedFrom"]

    assert derived == [
        f"<{GRAPH}source/clock-almanac> <{PROV}wasDerivedFrom> <{entity_iri('source', 'clock-almanac')}>"
    ]


def test_title_and_licence_are_said(described: Assembly) -> None:
    dataset = f"{BASE}dataset"

    assert objects(described, dataset, f"{RDF}type") == [f"{VOID}Dataset"]
    assert objects(described, dataset, "http://purl.org/dc/terms/license") == [
        "https://creativecommons.org/licenses/by/4.0/"
    ]
    assert objects(described, dataset, "http://purl.org/dc/terms/title") == [
        "Clustergraph: Italy's technology clusters",
        "Clustergraph: i cluster tecnologici italiani",
    ]


def test_a_thing_is_counted_once_however_many_graphs_give_it_the_type() -> None:
    assembly = assemble(read_repository(SAMPLE))
    area = ox.Triple(ox.NamedNode("x:area"), ox.NamedNode(f"{RDF}type"), ox.NamedNode(f"{CG}TechnologyArea"))
    assembly.add("source/a", [area])
    assembly.add("source/b", [area])

    assert counts(assembly) == {
        "clusters": 0,
        "areas": 3,
        "memberships": 0,
        "claims": 0,
        "sources": 1,
        "triples": sum(1 for _ in assembly.merge()),
    }
