"""House rules one by one; `test_check.py` has a wrong file for each of them and more."""

from pathlib import PurePosixPath

import pyoxigraph as ox
import pytest

from clustergraph.check import house_findings
from clustergraph.reading import read
from clustergraph.reading.parsed import Place
from clustergraph.repository import Document, Repository, read_repository
from clustergraph.rules import RULES, TITLES, Known
from clustergraph.terms import PREFIXES
from conftest import SAMPLE, triples_of

PROLOGUE = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in PREFIXES.items())
ONTOLOGY = """
org:Organization a owl:Class .
skos:Concept a owl:Class .
skos:ConceptScheme a owl:Class .
cg:Source a owl:Class .
cg:TechnologyArea a owl:Class .
cg:hasFocusArea a owl:ObjectProperty .
cg:hasRegion a owl:ObjectProperty .
role:member a skos:Concept .
"""


def document(path: str, graph: str, text: str) -> Document:
    return Document(PurePosixPath(path), graph, read(PROLOGUE + text), tuple(triples_of(PROLOGUE + text)))


def codes(path: str, graph: str, text: str) -> list[str]:
    """The codes of what is found in one document beside a small ontology."""
    documents = (document("ontology/a.ttl", "ontology", ONTOLOGY), document(path, graph, text))
    return [one.code for one in house_findings(Repository(SAMPLE, documents, ()))]


def test_every_rule_has_a_code_and_a_sentence() -> None:
    assert list(TITLES) == list(RULES) == [f"H{number:03}" for number in range(1, 16)]
    assert [title for title in TITLES.values() if not title.endswith(".") or "\n" in title] == []


def test_a_repository_in_order_breaks_no_rule() -> None:
    assert list(house_findings(read_repository(SAMPLE))) == []


@pytest.mark.parametrize(
    ("path", "graph", "text"),
    [
        pytest.param(
            "data/scheme/a.ttl",
            "curated",
            "scheme:a a skos:ConceptScheme . area:a--b a cg:TechnologyArea .",
            id="H001-areas",
        ),
        pytest.param("ontology/b.ttl", "ontology", "topic:x a skos:Concept .", id="H001-ontology"),
        pytest.param(
            "data/organisation/a.ttl", "curated", "organisation:a a org:Organization, skos:Concept .", id="H001-types"
        ),
        pytest.param(
            "data/organisation/a.ttl",
            "curated",
            'organisation:a a org:Organization ; rdfs:label "01"@en , "1.50" , "x @IT" .',
            id="H002-text",
        ),
        pytest.param("shapes/a.ttl", "shapes", "cgsh:a a sh:NodeShape ; sh:order 01 .", id="H002-shapes"),
        pytest.param(
            "ontology/b.ttl", "ontology", "cg:A a owl:Class ; rdfs:subClassOf [ a owl:Restriction ] .", id="H003"
        ),
        pytest.param(
            "shapes/a.ttl", "shapes", "cgsh:a a sh:NodeShape ; sh:property [ sh:path rdf:value ] .", id="H003-shapes"
        ),
        pytest.param(
            "data/organisation/a.ttl",
            "curated",
            "organisation:a a org:Organization ; rdf:value sh:Violation .",
            id="H004",
        ),
        pytest.param(
            "shapes/a.ttl", "shapes", "cgsh:a a sh:NodeShape ; sh:hasValue organisation:nobody .", id="H006-shapes"
        ),
        pytest.param(
            "data/organisation/a.ttl",
            "curated",
            "organisation:a a org:Organization ; cg:hasRegion <x:y> .",
            id="H006-others",
        ),
    ],
)
def test_what_a_rule_allows_gives_no_finding(path: str, graph: str, text: str) -> None:
    assert codes(path, graph, text) == []


@pytest.mark.parametrize(
    ("path", "graph", "text", "code"),
    [
        pytest.param("data/organisation/a.ttl", "curated", "", "H001", id="empty-file"),
        pytest.param("data/source/a.ttl", "source/a", "source:b a cg:Source .", "H001", id="source-named-otherwise"),
        pytest.param(
            "data/organisation/a.ttl",
            "curated",
            "organisation:a a org:Organization . area:a--b a cg:TechnologyArea .",
            "H001",
            id="area-outside-a-scheme",
        ),
        pytest.param(
            "ontology/b.ttl", "ontology", "cg:A a owl:Class ; rdfs:label 'a'@EN .", "H002", id="tag-in-the-ontology"
        ),
        pytest.param("shapes/a.ttl", "shapes", "cgsh:a sh:path cg:hasFocus .", "H004", id="path-of-a-shape"),
        pytest.param(
            "ontology/b.ttl", "ontology", "cg:A a owl:Class ; rdfs:subClassOf cg:B .", "H004", id="superclass"
        ),
        pytest.param("ontology/b.ttl", "ontology", "claim:a--b a cg:Source .", "H005", id="claim-in-the-ontology"),
        pytest.param("ontology/b.ttl", "ontology", "topic:x cg:hasRegion <x:y> .", "H006", id="subject-without-type"),
        pytest.param("ontology/b.ttl", "ontology", "cg:A a owl:Class ; rdf:value role:chair .", "H006", id="value"),
    ],
)
def test_what_a_rule_forbids_gives_one_finding(path: str, graph: str, text: str, code: str) -> None:
    assert codes(path, graph, text) == [code]


def test_each_property_with_a_nameless_value_is_found_where_it_stands() -> None:
    text = "organisation:a a org:Organization ;\n    rdf:value [ rdf:value [] ] ,\n    [] ;\n    rdfs:seeAlso ( 1 2 ) ."
    documents = (document("ontology/a.ttl", "ontology", ONTOLOGY), document("data/organisation/a.ttl", "curated", text))

    findings = list(house_findings(Repository(SAMPLE, documents, ())))

    line = PROLOGUE.count("\n") + 1
    assert [(one.code, one.at) for one in findings] == [
        ("H003", Place(line + 1, 15, line + 1, 31)),
        ("H003", Place(line + 3, 18, line + 3, 25)),
    ]


@pytest.mark.parametrize(
    ("literal", "kept"),
    [
        pytest.param('"1.0E0"^^xsd:double', "1", id="double"),
        pytest.param('"1"^^xsd:boolean', "true", id="boolean"),
        pytest.param('"+5"^^xsd:integer', "5", id="sign"),
        pytest.param('"5"^^xsd:nonNegativeInteger', "5", id="subtype"),
        pytest.param('"2024-01-01T00:00:00.0"^^xsd:dateTime', "2024-01-01T00:00:00", id="fraction"),
    ],
)
def test_the_store_is_the_judge_of_what_is_canonical(literal: str, kept: str) -> None:
    text = f"organisation:a a org:Organization ; rdf:value {literal} ."
    documents = (document("ontology/a.ttl", "ontology", ONTOLOGY), document("data/organisation/a.ttl", "curated", text))
    store = ox.Store()
    store.extend(ox.Quad(triple.subject, triple.predicate, triple.object) for triple in documents[1].triples)
    (value,) = [quad.object.value for quad in store if isinstance(quad.object, ox.Literal)]

    (finding,) = house_findings(Repository(SAMPLE, documents, ()))

    assert (finding.code, value) == ("H002", kept)
    assert f"would be published as '{kept}'" in finding.message["en"]


def test_what_is_known_comes_from_the_ontology_and_the_dataset_alone() -> None:
    shapes = document("shapes/a.ttl", "shapes", "organisation:b a cg:Shape . cg:Shape a owl:Class .")
    curated = document("data/organisation/a.ttl", "curated", "organisation:a a cg:Curated . cg:Curated a owl:Class .")
    known = Known(Repository(SAMPLE, (shapes, curated), ()))

    assert set(known.terms) == set()
    assert {one.rpartition("/")[2] for one in known.things} == {"a", "ns#Curated"}
