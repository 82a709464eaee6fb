"""The real repository: clean, built twice to the same bytes, and published as it was curated."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.build import Built, build
from clustergraph.findings import WARNING
from clustergraph.published import DATASET
from clustergraph.repository import Repository, read_repository
from clustergraph.terms import CG, ID, RDF, compact, graph_iri
from conftest import REPOSITORY

LOOK_AGAIN = ("C004", "C021")  # what no source says yet: a legal basis, the period of a plan
MERGE = ""

Graphs = Mapping[str, set[ox.Triple]]


@pytest.fixture(scope="module")
def repository() -> Repository:
    return read_repository(REPOSITORY)


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Path]:
    """A second build, and its folder."""
    dist = tmp_path_factory.mktemp("again") / "dist"
    return build(REPOSITORY, dist), dist


@pytest.fixture(scope="module")
def published(real_dist: Path) -> Graphs:
    """The triples of each published graph, by its IRI; the default graph has none."""
    graphs = defaultdict(set)
    for quad in ox.parse(path=real_dist / DATASET, format=ox.RdfFormat.N_QUADS):
        graphs[getattr(quad.graph_name, "value", MERGE)].add(quad.triple)
    return graphs


def contents(folder: Path) -> dict[str, bytes]:
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def has_blank_node(triple: ox.Triple) -> bool:
    return isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode)


def test_the_repository_has_no_violation_and_is_warned_of_what_no_source_says(again: tuple[Built, Path]) -> None:
    others = [one for one in again[0].findings if one.severity != WARNING or one.code not in LOOK_AGAIN]

    assert others == []


def test_two_builds_have_the_same_bytes(real_dist: Path, again: tuple[Built, Path]) -> None:
    assert contents(again[1]) == contents(real_dist)


def test_every_triple_is_published_as_it_was_curated(repository: Repository, published: Graphs) -> None:
    """In the graph of its file and in the default graph, with the literal as it was written."""
    lost = [
        f"{document.path}: {triple}"
        for document in repository.dataset_documents
        for triple in document.triples
        if not has_blank_node(triple)
        and not (triple in published[MERGE] and triple in published[graph_iri(document.graph)])
    ]

    assert lost == []


def test_nothing_is_published_in_a_graph_that_stands_in_no_file_of_it(
    repository: Repository, published: Graphs
) -> None:
    curated: dict[str, set[ox.Triple]] = defaultdict(set)
    for document in repository.dataset_documents:
        curated[graph_iri(document.graph)].update(document.triples)
    made = {MERGE, graph_iri("inferred"), graph_iri("metadata")}

    added = {
        iri: [str(one) for one in triples - curated[iri] if not has_blank_node(one)]
        for iri, triples in published.items()
        if iri not in made
    }

    assert added == {iri: [] for iri in curated}


def test_the_default_graph_holds_what_the_named_graphs_hold(published: Graphs) -> None:
    assert published[MERGE] == set().union(*(triples for iri, triples in published.items() if iri != MERGE))


def test_only_the_ontology_has_nameless_nodes(published: Graphs) -> None:
    nameless = {iri for iri, triples in published.items() if any(map(has_blank_node, triples))}

    assert nameless <= {MERGE, graph_iri("ontology")}


def mentioned(triples: set[ox.Triple], namespace: str) -> set[str]:
    terms = {term for one in triples for term in (one.subject, one.predicate, one.object)}
    return {one.value for one in terms if isinstance(one, ox.NamedNode) and one.value.startswith(namespace)}


@pytest.mark.parametrize("namespace", [ID, CG], ids=["things", "terms"])
def test_every_iri_of_ours_that_is_mentioned_has_a_type(published: Graphs, namespace: str) -> None:
    typed = {str(one.subject)[1:-1] for one in published[MERGE] if one.predicate.value == f"{RDF}type"}
    there = mentioned(published[MERGE], namespace)

    assert sorted(map(compact, there - typed)) == []
    assert len(there) > 10, "the test has lost its subject"
