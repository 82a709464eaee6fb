"""The validator behind its door: terms as they are written, results with their words, a code for each component."""

from pathlib import Path

import pyoxigraph as ox
import pytest
from pyshacl.constraints import ALL_CONSTRAINT_COMPONENTS
from rdflib import BNode, Literal, URIRef
from rdflib.namespace import XSD

from clustergraph.shacl import COMPONENTS, Result, to_rdflib, validate
from conftest import triples_of

PROLOGUE = """\
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
BEYOND_1_0 = {"JSConstraintComponent", "ExpressionConstraintComponent", "CustomConstraintComponent"}
SILENT = {"PropertyConstraintComponent"}  # gives the results of the property shape, none of its own


def triple(term: ox.NamedNode | ox.BlankNode | ox.Literal) -> ox.Triple:
    return ox.Triple(ox.NamedNode("x:s"), ox.NamedNode("x:p"), term)


def results(shapes: str, data: str) -> list[Result]:
    return list(validate(to_rdflib(triples_of(PROLOGUE + data)), to_rdflib(triples_of(PROLOGUE + shapes))))


@pytest.mark.parametrize(
    ("term", "node"),
    [
        pytest.param(ox.NamedNode("x:o"), URIRef("x:o"), id="iri"),
        pytest.param(ox.BlankNode("b1"), BNode("b1"), id="blank-node"),
        pytest.param(ox.Literal("a"), Literal("a"), id="plain"),
        pytest.param(ox.Literal("a", language="en"), Literal("a", lang="en"), id="language"),
        pytest.param(
            ox.Literal("01", datatype=ox.NamedNode(str(XSD.integer))),
            Literal("01", datatype=XSD.integer, normalize=False),
            id="leading-zero",
        ),
    ],
)
def test_a_term_is_handed_over_as_it_was_written(term: ox.NamedNode | ox.Literal, node: URIRef | Literal) -> None:
    (found,) = to_rdflib([triple(term)]).objects()

    assert (found, str(found)) == (node, str(node))


def test_every_component_of_shacl_1_0_has_a_code_of_its_own() -> None:
    iris = [getattr(component, "shacl_constraint_component", None) for component in ALL_CONSTRAINT_COMPONENTS]
    known = {iri.fragment for iri in iris if isinstance(iri, URIRef)}
    codes = [code for code, _, _ in COMPONENTS.values()]

    assert codes == [f"C{number:03}" for number in range(1, len(codes) + 1)]
    assert sorted(known - set(COMPONENTS) - BEYOND_1_0 - SILENT) == []


SHAPE = "<x:S> a sh:NodeShape ; sh:targetNode <x:s> ; sh:property <x:P> . <x:P> sh:path <x:p> ; "


@pytest.mark.parametrize(
    ("shape", "result"),
    [
        pytest.param(
            'sh:datatype xsd:integer ; sh:severity sh:Info ; sh:message "a number"@en , "un numero"@it .',
            Result(
                "x:s", "x:p", "one", "DatatypeConstraintComponent", "x:P", "info", {"en": "a number", "it": "un numero"}
            ),
            id="words-in-both-languages",
        ),
        pytest.param(
            'sh:datatype xsd:integer ; sh:severity sh:Warning ; sh:message "a number"@en .',
            Result(
                "x:s",
                "x:p",
                "one",
                "DatatypeConstraintComponent",
                "x:P",
                "warning",
                {"en": "a number", "it": "un valore ha un altro tipo di dato"},
            ),
            id="words-in-one-language",
        ),
        pytest.param(
            "sh:minCount 2 .",
            Result(
                "x:s",
                "x:p",
                "",
                "MinCountConstraintComponent",
                "x:P",
                "violation",
                {"en": "too few values", "it": "troppo pochi valori"},
            ),
            id="no-words",
        ),
        pytest.param(
            'sh:sparql [ sh:select "SELECT $this ?value { $this $PATH ?value }" ; '
            'sh:message "take {?value} away"@en , "togli {?value}"@it ] .',
            Result(
                "x:s",
                "x:p",
                "one",
                "SPARQLConstraintComponent",
                "x:P",
                "violation",
                {"en": "take one away", "it": "togli one"},
            ),
            id="words-with-a-variable",
        ),
    ],
)
def test_a_result_says_what_is_wrong_in_the_words_of_the_shape(shape: str, result: Result) -> None:
    assert results(SHAPE + shape, '<x:s> <x:p> "one" .') == [result]


def test_data_in_order_give_no_results() -> None:
    assert results(f"{SHAPE} sh:minCount 1 .", '<x:s> <x:p> "one" .') == []


def test_shapes_among_the_data_are_data() -> None:
    among = "<x:D> a sh:NodeShape ; sh:targetNode <x:s> ; sh:property <x:Q> . <x:Q> sh:path <x:q> ; sh:minCount 1 ."

    assert results(f"{SHAPE} sh:minCount 1 .", f'{among} <x:s> <x:p> "one" .') == []


def test_nothing_is_imported(tmp_path: Path) -> None:
    other = tmp_path / "other.ttl"
    other.write_text(f"{PROLOGUE}{SHAPE} sh:minCount 1 .", encoding="utf-8")
    owl = "http://www.w3.org/2002/07/owl#"
    imports = f"<x:o> a <{owl}Ontology> ; <{owl}imports> <{other.as_uri()}> ."

    assert results(imports, '<x:s> <x:q> "one" .') == []
    assert results(f"{SHAPE} sh:minCount 0 . {imports}", imports) == []


def test_a_term_beyond_rdf_1_1_is_a_mistake_of_ours() -> None:
    inner = triple(ox.Literal("a"))

    with pytest.raises(TypeError, match=r"^<x:s> <x:p> \"a\" is no term of RDF 1\.1$"):
        to_rdflib([ox.Triple(ox.NamedNode("x:s"), ox.NamedNode("x:p"), inner)])
