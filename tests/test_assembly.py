"""A repository as one dataset: a graph per source, what the rules infer, and the merge of all as a set."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.assembly import Assembly, assemble
from clustergraph.errors import UsageError
from clustergraph.repository import read_repository
from clustergraph.terms import expand, graph_iri
from conftest import SAMPLE

GRAPHS = ("curated", "inferred", "mapping", "ontology", "source/clock-almanac")
BLANK = "{subject} a owl:Class ;\n    rdfs:subClassOf [\n        a owl:Restriction\n    ] .\n"
PREFIXES = (
    "@prefix cg: <https://w3id.org/clustergraph/ns#> .\n"
    "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
    "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
)


def triple(subject: str, predicate: str, object_: str) -> ox.Triple:
    return ox.Triple(*(ox.NamedNode(expand(one)) for one in (subject, predicate, object_)))


def assembled(root: Path) -> Assembly:
    return assemble(read_repository(root))


def test_each_triple_stands_in_the_graph_of_its_file() -> None:
    assembly = assembled(SAMPLE)
    focus = triple("cluster:north-clocks", "cg:hasFocusArea", "area:clock-areas--bells")
    claim = triple("claim:clock-almanac--dial-makers-in-north-clocks", "org:member", "organisation:dial-makers")
    match = triple("area:clock-areas--chimes", "skos:closeMatch", "area:clock-areas--bells")

    assert [name for name in GRAPHS if focus in set(assembly.graph(name))] == ["source/clock-almanac"]
    assert [name for name in GRAPHS if claim in set(assembly.graph(name))] == ["source/clock-almanac"]
    assert [name for name in GRAPHS if match in set(assembly.graph(name))] == ["mapping"]


def test_the_default_graph_is_the_merge_of_all_graphs_as_a_set() -> None:
    assembly = assembled(SAMPLE)
    merge = list(assembly.merge())

    assert len(merge) == len(set(merge))
    assert set(merge) == {one for name in GRAPHS for one in assembly.graph(name)}


def test_what_two_graphs_state_stands_once_in_the_merge() -> None:
    assembly = assembled(SAMPLE)
    focus = triple("cluster:north-clocks", "cg:hasFocusArea", "area:clock-areas--bells")

    assembly.add("source/another-almanac", [focus])

    assert list(assembly.merge()).count(focus) == 1


def test_there_are_no_other_graphs() -> None:
    assert {str(one) for one in assembled(SAMPLE).store.named_graphs()} == {f"<{graph_iri(name)}>" for name in GRAPHS}


def test_shapes_are_not_published() -> None:
    predicates = {str(one.predicate) for one in assembled(SAMPLE).merge()}

    assert [one for one in predicates if "shacl" in one] == []


def test_what_a_rule_infers_stands_apart_and_is_counted() -> None:
    assembly = assembled(SAMPLE)

    assert set(assembly.graph("inferred")) == {
        triple("organisation:bell-foundry", "org:memberOf", "cluster:north-clocks"),
        triple("organisation:dial-makers", "org:memberOf", "cluster:north-clocks"),
    }
    assert assembly.inferred_by == {"10-member-of": 2}


def test_rules_run_in_the_order_of_their_names_and_see_what_was_made_before(sample: Path) -> None:
    rules = sample / "queries/rules"
    (rules / "05-early.rq").write_text("CONSTRUCT { ?m cg:value 1 } WHERE { ?m org:memberOf ?c }", encoding="utf-8")
    (rules / "20-later.rq").write_text("CONSTRUCT { ?m cg:value 2 } WHERE { ?m org:memberOf ?c }", encoding="utf-8")

    assert list(assembled(sample).inferred_by.items()) == [("05-early", 0), ("10-member-of", 2), ("20-later", 2)]


def test_what_is_stated_already_is_not_inferred_again(sample: Path) -> None:
    path = sample / "data/organisation/bell-foundry.ttl"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text + "organisation:bell-foundry org:memberOf <https://w3id.org/clustergraph/id/cluster/north-clocks> .\n",
        encoding="utf-8",
    )

    assembly = assembled(sample)

    assert set(assembly.graph("inferred")) == {
        triple("organisation:dial-makers", "org:memberOf", "cluster:north-clocks")
    }
    assert assembly.inferred_by == {"10-member-of": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("SELECT * WHERE { ?s ?p ?o }", "infers nothing: a rule is a CONSTRUCT query", id="select"),
        pytest.param(
            "CONSTRUCT { ?s ?p ?o\nWHERE", 'is not a SPARQL query: error at 2:1: expected one of ","', id="not-sparql"
        ),
        pytest.param(
            "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <x:y> { ?s ?p ?o } }",
            "cannot be a rule: line 1, column 32: SERVICE is not answered",
            id="calls-another-server",
        ),
        pytest.param("é".encode("latin-1"), "is not a SPARQL query: 'utf-8' codec can't decode byte", id="not-utf-8"),
    ],
)
def test_a_rule_that_is_none_is_named(sample: Path, text: str | bytes, message: str) -> None:
    path = sample / "queries/rules/20-wrong.rq"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(UsageError) as caught:
        assembled(sample)

    assert caught.value.detail.startswith(f"'{path}' {message}")


def blank_nodes(assembly: Assembly) -> set[str]:
    return {str(one.subject) for one in assembly.merge() if isinstance(one.subject, ox.BlankNode)}


def test_a_nameless_node_has_the_same_name_in_every_build(sample: Path) -> None:
    """Its name comes from its content, so neither another build nor a change of another statement moves it."""
    before = blank_nodes(assembled(sample))
    path = sample / "ontology/sample.ttl"
    path.write_text(path.read_text(encoding="utf-8").replace('"claim"@en', '"a claim"@en'), encoding="utf-8")

    assert (len(before), blank_nodes(assembled(sample))) == (1, before)


def test_nameless_nodes_of_two_files_stay_two(sample: Path) -> None:
    """Files of one name in two folders too, whose nodes have the same content."""
    for folder, subject in (("ontology", "cg:A"), ("ontology/vocabularies", "cg:B")):
        (sample / folder / "same.ttl").write_text(PREFIXES + BLANK.format(subject=subject), encoding="utf-8")

    assert len(blank_nodes(assembled(sample))) == 3


def test_documents_without_nameless_nodes_are_published_as_they_are_written() -> None:
    repository = read_repository(SAMPLE)
    (north, *_) = repository.documents

    assert set(north.triples) <= set(assemble(repository).graph("curated"))


def test_blank_nodes_that_are_too_much_alike_are_refused_before_they_are_named(sample: Path) -> None:
    names = [f"_:b{number}" for number in range(10)]
    text = "".join(f"{one} <x:p> {other} .\n" for one in names for other in names if one != other)
    (sample / "ontology/clique.ttl").write_text(text, encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        assembled(sample)

    assert caught.value.detail == "'ontology/clique.ttl' has more than 6 blank nodes that are alike: give them IRIs"
