"""The gates of the shapes: every class has one, every constraint has a fixture that needs it, every message helps.

A fixture is a small Turtle file. It is read together with the context of its scope, `tests/shapes/context/`:
well-formed things that it may refer to; a thing that the fixture gives a type replaces the one of the context. The
first lines of an invalid fixture say what pySHACL must report: `# expect: <source shape> <component> [<severity>]`.
Reads shapes, fixtures and the ontology with RDFLib; knows nothing of our own engine or the build.
"""

import functools
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyshacl
import pytest
from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS
from pyshacl.errors import ConstraintLoadError, ReportableRuntimeError, ShapeLoadError
from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.namespace import ORG, OWL, PROV, RDF, RDFS, SH, SKOS, DefinedNamespace
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result as QueryResult
from rdflib.term import Node

ROOT: Final = Path(__file__).parents[1]
SHAPES: Final = ROOT / "shapes"
FIXTURES: Final = Path(__file__).parent / "shapes"
CGSH: Final = Namespace("https://w3id.org/clustergraph/shapes#")
CG: Final = "https://w3id.org/clustergraph/ns#"
HEADER: Final = URIRef("https://w3id.org/clustergraph/shapes")
LANGUAGES: Final = ["en", "it"]

SHARED_FILES: Final = ("header.ttl", "values.ttl")
"""What the shapes for one source graph need beside `shapes/source/`."""

TARGETS: Final = (SH.targetClass, SH.targetSubjectsOf)
CONSTRAINTS: Final = {*ALL_CONSTRAINT_PARAMETERS, SH.qualifiedMinCount, SH.qualifiedMaxCount} - {SH.path}
OPEN_NAMESPACES: Final[tuple[type[DefinedNamespace], ...]] = (OWL, ORG, PROV, RDF, RDFS, SKOS)

Triple = tuple[Node, Node, Node]


class Result(NamedTuple):
    """One validation result, as far as fixtures speak of it."""

    shape: Node
    component: Node
    severity: Node


class Found(NamedTuple):
    """One validation result and where it was found."""

    result: Result
    focus: Node | None
    value: Node | None


class Fixture(NamedTuple):
    """One file of examples. `shape` is the node shape with targets that it belongs to."""

    path: Path
    shape: URIRef
    expected: tuple[Result, ...]

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"


class Mutation(NamedTuple):
    """One way to weaken the shapes: a triple less, or one member less of the list that is its object."""

    triple: Triple
    member: Node | None

    @property
    def name(self) -> str:
        subject, predicate, value = self.triple
        what = local_name(value) if self.member is None else f"without {local_name(self.member)}"
        return f"{local_name(subject)} {local_name(predicate)} {what}"


class DataGraph(Graph):
    """A plain graph, except that it parses each query text once: that took half the time of all these tests."""

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> QueryResult:
        query = prepared(query_object) if isinstance(query_object, str) else query_object
        return super().query(query, *args, **kwargs)


@functools.cache
def prepared(text: str) -> Query:
    return prepareQuery(text)


def local_name(node: Node) -> str:
    return "a list" if isinstance(node, BNode) else re.split(r"[#/]", str(node))[-1][:40]


# What is read, once


def merged(files: Iterable[Path]) -> Graph:
    graph = Graph()
    for file in files:
        graph.parse(file, format="turtle")
    return graph


@functools.cache
def dataset_shapes() -> Graph:
    """The shapes for the merged dataset. pySHACL adds two triples on `rdfs:Class` to any shapes graph it is given."""
    return merged(sorted(SHAPES.glob("*.ttl")))


@functools.cache
def source_shapes() -> Graph:
    """The shapes for the file of one source, read alone."""
    return merged([*(SHAPES / name for name in SHARED_FILES), *sorted(SHAPES.glob("source/*.ttl"))])


@functools.cache
def all_shapes() -> Graph:
    return merged(sorted(SHAPES.rglob("*.ttl")))


@functools.cache
def ontology() -> Graph:
    return merged([ROOT / "ontology" / "clustergraph.ttl"])


@functools.cache
def vocabularies() -> Graph:
    return merged(sorted((ROOT / "ontology" / "vocabularies").glob("*.ttl")))


@functools.cache
def context(scope: str) -> Graph:
    return merged([FIXTURES / "context" / f"{scope}.ttl"])


def scope_of(shape: URIRef) -> str:
    return "source" if str(shape).startswith(str(CGSH["source-"])) else "dataset"


def shapes_of_scope(scope: str) -> Graph:
    return source_shapes() if scope == "source" else dataset_shapes()


def targeted_shapes() -> list[URIRef]:
    return sorted({s for p in TARGETS for s in all_shapes().subjects(p, None) if isinstance(s, URIRef)})


def shapes_with_results() -> list[Node]:
    """Every shape, and every SPARQL constraint, that has a message to give."""
    graph = all_shapes()
    property_shapes = set(graph.subjects(RDF.type, SH.PropertyShape))
    node_shapes = {s for s, p in graph.subject_predicates() if p in CONSTRAINTS - {SH.property, SH.sparql}}
    return sorted(property_shapes | node_shapes | set(graph.subjects(RDF.type, SH.SPARQLConstraint)), key=str)


# Fixtures


def expected_results(path: Path) -> Iterator[Result]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# expect: "):
            return
        shape, component, *severity = line.removeprefix("# expect: ").split()
        yield Result(
            CGSH[shape.removeprefix("cgsh:")],
            SH[component.removeprefix("sh:")],
            SH[severity[0].removeprefix("sh:")] if severity else SH.Violation,
        )


def shape_of_fixture(path: Path) -> URIRef:
    """The node shape that a file is named for: all before `--`, or the longest name that fits, before a variant."""
    stem, names = path.stem.partition("--")[0], {str(s).removeprefix(str(CGSH)): s for s in targeted_shapes()}
    fitting = [name for name in names if stem == name or (stem == path.stem and stem.startswith(f"{name}-"))]
    return names[max(fitting, key=len)]


@functools.cache
def fixtures() -> tuple[Fixture, ...]:
    paths = [path for folder in ("valid", "invalid") for path in sorted((FIXTURES / folder).glob("*.ttl"))]
    return tuple(Fixture(path, shape_of_fixture(path), tuple(expected_results(path))) for path in paths)


@functools.cache
def data_of(fixture: Fixture) -> Graph:
    """The fixture, what it refers to in its context, directly or not, and the class hierarchy."""
    graph, around = DataGraph().parse(fixture.path), context(scope_of(fixture.shape))
    seen = set(graph.subjects(RDF.type, None))
    waiting = deque(node for node in graph.all_nodes() if node not in seen)
    while waiting:
        node = waiting.popleft()
        if node in seen:
            continue
        seen.add(node)
        for triple in around.triples((node, None, None)):
            graph.add(triple)
            waiting.append(triple[2])
    for triple in ontology().triples((None, RDFS.subClassOf, None)):
        graph.add(triple)
    return graph


# Validation


def findings(data: Graph, shapes: Graph) -> Counter[Found]:
    _, report, _ = pyshacl.validate(
        data,
        shacl_graph=shapes,
        advanced=False,
        js=False,
        do_owl_imports=False,
        inference="none",
        meta_shacl=False,
    )
    assert isinstance(report, Graph)
    return Counter(found for node in report.objects(None, SH.result) for found in as_found(report, node))


def as_found(report: Graph, node: Node) -> Iterator[Found]:
    shape, component, severity, focus, value = (
        report.value(node, p)
        for p in (SH.sourceShape, SH.sourceConstraintComponent, SH.resultSeverity, SH.focusNode, SH.value)
    )
    assert shape is not None
    assert component is not None
    assert severity is not None
    yield Found(Result(shape, component, severity), focus, value)


def results(data: Graph, shapes: Graph) -> Counter[Result]:
    return Counter(found.result for found in findings(data, shapes).elements())


def copy_of(graph: Graph, without: Triple | None = None) -> Graph:
    copy = Graph()
    for triple in graph:
        if triple != without:
            copy.add(triple)
    return copy


# Mutations


@functools.cache
def shape_alone(shape: URIRef) -> Graph:
    """The shape, what it refers to, and the prefixes that its queries use."""
    whole, graph = shapes_of_scope(scope_of(shape)), Graph()
    waiting, seen = deque[Node]([shape, HEADER]), set[Node]()
    while waiting:
        node = waiting.popleft()
        if node in seen:
            continue
        seen.add(node)
        for triple in whole.triples((node, None, None)):
            graph.add(triple)
            waiting.append(triple[2])
    return graph


@functools.cache
def mutations() -> tuple[Mutation, ...]:
    graph = all_shapes()
    dropped = [Mutation(triple, None) for triple in graph if triple[1] in CONSTRAINTS or triple[1] in TARGETS]
    shortened = [
        Mutation(m.triple, member)
        for m in dropped
        if (m.triple[2], RDF.first, None) in graph
        for member in Collection(graph, m.triple[2])
    ]
    return tuple(sorted([*dropped, *shortened], key=lambda mutation: mutation.name))


def list_cell_of(graph: Graph, mutation: Mutation) -> Node:
    """The cell of the list that holds the member. Lists are found by what they hang on: blank nodes have no names."""
    subject, predicate, _ = mutation.triple
    head = next(o for o in graph.objects(subject, predicate) if (o, RDF.first, None) in graph)
    cell: Node | None = head
    while cell is not None and (cell, RDF.first, mutation.member) not in graph:
        cell = graph.value(cell, RDF.rest)
    assert cell is not None
    return cell


def weakened(graph: Graph, mutation: Mutation) -> Graph:
    subject, predicate, value = mutation.triple
    if mutation.member is None:
        if isinstance(value, BNode):
            value = next(graph.objects(subject, predicate))
        return copy_of(graph, without=(subject, predicate, value))
    copy = copy_of(graph)
    cell = list_cell_of(copy, mutation)
    rest = copy.value(cell, RDF.rest)
    before = copy.value(None, RDF.rest, cell)
    assert rest is not None
    if before is None:
        copy.remove((subject, predicate, cell))
        copy.add((subject, predicate, rest))
    else:
        copy.set((before, RDF.rest, rest))
    copy.remove((cell, None, None))
    return copy


@functools.cache
def outcome(fixture: Fixture) -> Counter[Found]:
    return findings(data_of(fixture), shape_alone(fixture.shape))


@functools.cache
def terms_of(fixture: Fixture) -> frozenset[Node]:
    """What a fixture speaks of: the terms it uses and the shapes it expects to fail."""
    terms = {term for triple in merged([fixture.path]) for term in triple}
    return frozenset(terms | {result.shape for result in fixture.expected})


def shapes_above(node: Node) -> dict[Node, int]:
    """The shapes that refer to the node, and by how many steps."""
    graph, distances, waiting = all_shapes(), {node: 0}, deque([node])
    while waiting:
        lower = waiting.popleft()
        for upper in graph.subjects(None, lower):
            if upper not in distances:
                distances[upper] = distances[lower] + 1
                waiting.append(upper)
    return distances


def fixtures_that_may_notice(mutation: Mutation) -> list[Fixture]:
    """Fixtures of every shape that the mutation reaches, likeliest first: the order saves time, nothing else."""
    subject, _, value = mutation.triple
    distances = shapes_above(subject)

    def unlikelihood(fixture: Fixture) -> tuple[bool, bool, int]:
        is_valid = not fixture.expected
        near = min((distances.get(result.shape, 99) for result in fixture.expected), default=0)
        return is_valid == (mutation.member is None), value not in terms_of(fixture), near

    return sorted((f for f in fixtures() if subject in shape_nodes(f.shape)), key=unlikelihood)


@functools.cache
def shape_nodes(shape: URIRef) -> frozenset[Node]:
    return frozenset(shape_alone(shape).subjects())


def is_noticed_by(fixture: Fixture, mutation: Mutation) -> bool:
    try:
        return findings(data_of(fixture), weakened(shape_alone(fixture.shape), mutation)) != outcome(fixture)
    except (ConstraintLoadError, ShapeLoadError):
        # What is left is no shape at all: loading it fails, before any data are looked at.
        return True


# The tests: classes and fixtures


def own_classes() -> list[URIRef]:
    return sorted(
        c for c in ontology().subjects(RDF.type, OWL.Class) if isinstance(c, URIRef) and str(c).startswith(CG)
    )


@pytest.mark.parametrize("cls", own_classes(), ids=local_name)
def test_every_class_of_the_ontology_is_the_target_of_a_shape(cls: URIRef) -> None:
    targets = set(all_shapes().objects(None, SH.targetClass))

    targeted = targets.intersection(ontology().transitive_objects(cls, RDFS.subClassOf))

    assert targeted


@pytest.mark.parametrize("shape", targeted_shapes(), ids=local_name)
def test_every_shape_with_a_target_has_a_valid_and_an_invalid_fixture(shape: URIRef) -> None:
    folders = {fixture.path.parent.name for fixture in fixtures() if fixture.shape == shape}

    assert folders == {"valid", "invalid"}


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture.name)
def test_a_fixture_gives_exactly_the_results_it_expects(fixture: Fixture) -> None:
    found = results(data_of(fixture), shapes_of_scope(scope_of(fixture.shape)))

    assert found == Counter(fixture.expected)


def test_every_invalid_fixture_expects_something_and_no_valid_one_does() -> None:
    folders = {(bool(fixture.expected), fixture.path.parent.name) for fixture in fixtures()}

    assert folders == {(False, "valid"), (True, "invalid")}


@pytest.mark.parametrize("mutation", mutations(), ids=lambda mutation: mutation.name)
def test_dropping_any_constraint_target_or_list_member_changes_the_outcome_of_a_fixture(mutation: Mutation) -> None:
    noticed = any(is_noticed_by(fixture, mutation) for fixture in fixtures_that_may_notice(mutation))

    assert noticed


# The tests: what shapes say


@pytest.mark.parametrize("shape", shapes_with_results(), ids=local_name)
def test_every_constraint_has_one_message_per_language_and_they_differ(shape: URIRef) -> None:
    messages = [m for m in all_shapes().objects(shape, SH.message) if isinstance(m, Literal)]

    assert sorted(str(m.language) for m in messages) == LANGUAGES
    assert len({str(m) for m in messages}) == len(LANGUAGES)


def shapes_of_type(kind: URIRef) -> list[Node]:
    return sorted(all_shapes().subjects(RDF.type, kind), key=str)


@pytest.mark.parametrize("shape", [*shapes_of_type(SH.NodeShape), *shapes_of_type(SH.PropertyShape)], ids=local_name)
def test_every_shape_has_one_severity_and_one_name_per_language(shape: URIRef) -> None:
    names = [n for n in all_shapes().objects(shape, SH.name) if isinstance(n, Literal)]
    severities = list(all_shapes().objects(shape, SH.severity))

    assert sorted(str(n.language) for n in names) == LANGUAGES
    assert len(severities) == 1
    assert severities[0] in {SH.Violation, SH.Warning}


@pytest.mark.parametrize("file", sorted(SHAPES.rglob("*.ttl")), ids=lambda file: str(file.relative_to(SHAPES)))
def test_property_shapes_of_one_file_are_numbered_from_one(file: Path) -> None:
    graph = merged([file])

    orders = sorted(int(str(order)) for order in graph.objects(None, SH.order))

    assert orders == list(range(1, len(set(graph.subjects(RDF.type, SH.PropertyShape))) + 1))


@pytest.mark.parametrize("file", sorted(SHAPES.rglob("*.ttl")), ids=lambda file: str(file.relative_to(SHAPES)))
def test_a_file_holds_the_shapes_that_its_name_announces(file: Path) -> None:
    prefix = "-".join(file.relative_to(SHAPES).with_suffix("").parts)
    names = {local_name(s) for s in merged([file]).subjects(RDF.type, SH.NodeShape)}

    strangers = {name for name in names if name != prefix and not name.startswith(f"{prefix}-")}

    assert not strangers or file.name in SHARED_FILES


def mentions() -> dict[str, set[str]]:
    """What messages and queries speak of: terms of ours, and files of the vocabularies."""
    texts = [str(o) for p in (SH.message, SH.select) for o in all_shapes().objects(None, p)]
    return {
        "terms": {term for text in texts for term in re.findall(r"\bcg:(\w+)", text)},
        "vocabularies": {kind for text in texts for kind in re.findall(r"ontology/vocabularies/([\w-]+)\.ttl", text)},
    }


def test_messages_and_queries_speak_only_of_terms_and_vocabularies_that_exist() -> None:
    declared = {local_name(s) for s in ontology().subjects(RDF.type, None) if str(s).startswith(CG)}
    kinds = {file.stem for file in (ROOT / "ontology" / "vocabularies").glob("*.ttl")}

    assert mentions()["terms"] - declared == set()
    assert mentions()["vocabularies"] - kinds == set()


# The tests: what shapes are


@pytest.mark.parametrize("scope", ["dataset", "source"])
def test_the_shapes_are_shapes_by_the_shapes_of_shacl(scope: str) -> None:
    conforms, _, text = pyshacl.validate(
        Graph(), shacl_graph=copy_of(shapes_of_scope(scope)), meta_shacl=True, do_owl_imports=False, inference="none"
    )

    assert conforms, text


def test_a_shape_that_is_none_is_refused_by_the_shapes_of_shacl() -> None:
    broken = copy_of(dataset_shapes())
    broken.add((CGSH["Call-onDate"], SH.maxCount, Literal("one")))

    with pytest.raises(ReportableRuntimeError, match=r"does not validate against the SHACL Shapes SHACL"):
        pyshacl.validate(Graph(), shacl_graph=broken, meta_shacl=True, do_owl_imports=False, inference="none")


def test_only_terms_of_shacl_1_0_are_used() -> None:
    used = {str(node) for triple in all_shapes() for node in triple if str(node).startswith(str(SH))}

    assert {term for term in used if term not in SH} == set()


def test_blank_nodes_are_list_cells_only() -> None:
    cells = set(all_shapes().subjects(RDF.first, None))

    assert {s for s in all_shapes().subjects() if isinstance(s, BNode)} <= cells


def terms_mentioned() -> set[Node]:
    graph, terms = all_shapes(), set[Node]()
    for predicate in (SH.path, SH["class"], SH.disjoint, *TARGETS):
        for value in graph.objects(None, predicate):
            terms.update(Collection(graph, value) if (value, RDF.first, None) in graph else [value])
    return terms


@pytest.mark.parametrize("term", sorted(terms_mentioned(), key=str), ids=local_name)
def test_every_path_and_class_is_declared_in_the_ontology_or_its_own_vocabulary(term: URIRef) -> None:
    is_declared = (term, RDF.type, None) in ontology()

    assert is_declared or any(term in namespace for namespace in OPEN_NAMESPACES)


def values_required() -> set[Node]:
    graph = all_shapes()
    listed = {member for head in graph.objects(None, SH["in"]) for member in Collection(graph, head)}
    return {v for v in listed | set(graph.objects(None, SH.hasValue)) if isinstance(v, URIRef)}


@pytest.mark.parametrize("value", sorted(values_required(), key=str), ids=local_name)
def test_every_value_that_a_shape_asks_for_exists(value: URIRef) -> None:
    assert (value, RDF.type, None) in vocabularies() or (value, RDF.type, OWL.Ontology) in ontology()
