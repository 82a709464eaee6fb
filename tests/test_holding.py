"""What a format cannot hold: an error that says so and names others, and never what no parser reads."""

import io
from contextlib import suppress
from xml.etree import ElementTree as ET

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.engine import Engine, Evaluated
from clustergraph.errors import FormatCannotHold
from clustergraph.formats import GRAPH_FORMATS, JSON_LD, RDF_XML, RESULT_FORMATS, TURTLE, XML, Format
from clustergraph.holding import XmlStream
from clustergraph.runner import QueryRequest
from clustergraph.terms import PREFIXES, RDF

RDF_OFFERED = "text/turtle, application/n-triples, application/trig, application/n-quads"
RESULTS_OFFERED = "application/sparql-results+json, text/csv, text/tab-separated-values"
OWN_NAMES = (
    *("Description", "ID", "RDF", "about", "datatype", "li", "nodeID", "parseType", "resource"),
    *("aboutEach", "aboutEachPrefix", "annotation", "annotationNodeID", "bagID", "version"),
)
READERS = {
    "turtle": ox.RdfFormat.TURTLE,
    "n-triples": ox.RdfFormat.N_TRIPLES,
    "trig": ox.RdfFormat.TRIG,
    "n-quads": ox.RdfFormat.N_QUADS,
    "rdf-xml": ox.RdfFormat.RDF_XML,
}
P = ox.NamedNode("x:p")


def answer(query: str, chosen: Format) -> bytes:
    stream = io.BytesIO()
    result = chosen if chosen in RESULT_FORMATS else None
    graph = chosen if chosen in GRAPH_FORMATS else None
    Engine(ox.Store()).evaluate(QueryRequest(query, result, graph)).write(stream)
    return stream.getvalue()


def written(triples: list[ox.Triple], chosen: Format) -> bytes:
    stream = io.BytesIO()
    Evaluated(triples, chosen).write(stream)
    return stream.getvalue()


def of(predicate: str, value: str = "x:o") -> ox.Triple:
    return ox.Triple(ox.NamedNode("x:s"), ox.NamedNode(predicate), ox.NamedNode(value))


@pytest.mark.parametrize(
    ("query", "chosen", "what"),
    [
        pytest.param("SELECT ('\\u0000' AS ?x) {}", XML, "the character U+0000", id="nothing"),
        pytest.param("SELECT ('a\\u0001' AS ?x) {}", XML, "the character U+0001", id="a control character"),
        pytest.param("SELECT ('\\u001F' AS ?x) {}", XML, "the character U+001F", id="the last one"),
        pytest.param("SELECT ('\\uFFFE' AS ?x) {}", XML, "the character U+FFFE", id="a noncharacter"),
        pytest.param("SELECT ('\\uFFFF' AS ?x) {}", XML, "the character U+FFFF", id="the other"),
        pytest.param(
            "SELECT (<<( <x:a> <x:b> '\\u0001' )>> AS ?x) {}", XML, "the character U+0001", id="inside a triple"
        ),
        pytest.param("CONSTRUCT { <x:s> <x:p> '\\u0001' } {}", RDF_XML, "the character U+0001", id="in RDF"),
        pytest.param("CONSTRUCT { <x:s> <x:p> ' a\\uFFFE' } {}", RDF_XML, "the character U+FFFE", id="the same"),
        pytest.param("CONSTRUCT { <x:s> <http://a/b/> 1 } {}", RDF_XML, "the predicate <http://a/b/>", id="slash"),
        pytest.param("CONSTRUCT { <x:s> <http://a/b#> 1 } {}", RDF_XML, "the predicate <http://a/b#>", id="hash"),
        pytest.param("CONSTRUCT { <x:s> <x:1> 1 } {}", RDF_XML, "the predicate <x:1>", id="a number"),
        pytest.param("CONSTRUCT { <x:s> <x:\U00010000> 1 } {}", RDF_XML, "the predicate <x:\U00010000>", id="new name"),
        pytest.param("CONSTRUCT { <x:s> a <x:1> } {}", RDF_XML, "the class <x:1>", id="a class"),
        pytest.param(
            "CONSTRUCT { <x:s> <x:p> <<( <x:a> <x:1> 1 )>> } {}", RDF_XML, "the predicate <x:1>", id="of a triple"
        ),
        pytest.param(
            "CONSTRUCT { <x:s> <http://www.w3.org/2000/xmlns/a> 1 } {}",
            RDF_XML,
            "the predicate <http://www.w3.org/2000/xmlns/a>",
            id="a namespace that nobody may declare",
        ),
        pytest.param("CONSTRUCT { <x:s> rdf:li 1 } {}", RDF_XML, f"the predicate <{RDF}li>", id="a word of RDF/XML"),
        pytest.param(
            f"CONSTRUCT {{ <x:s> <x:{'/' * 100}> 1 }} {{}}", RDF_XML, f"the predicate <x:{'/' * 78}…", id="a long one"
        ),
        pytest.param("CONSTRUCT { <x:s> <x:p> <<( <x:a> <x:b> 1 )>> } {}", JSON_LD, "a triple as a term", id="JSON-LD"),
    ],
)
def test_what_a_format_cannot_hold_is_named_with_the_formats_that_can(query: str, chosen: Format, what: str) -> None:
    offered = RESULTS_OFFERED if chosen is XML else RDF_OFFERED

    with pytest.raises(FormatCannotHold) as caught:
        answer(query, chosen)

    assert caught.value.detail == (
        f"the format {chosen.media_type} cannot hold {what}, which is in this answer: ask for one of {offered}"
    )
    assert caught.value.offered == tuple(offered.split(", "))
    for one in (*RESULT_FORMATS, *GRAPH_FORMATS):
        if one.media_type in caught.value.offered:
            assert answer(query, one)


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_well_formed_or_refused(text: str) -> None:
    triple = ox.Triple(P, P, ox.Literal(text))
    try:
        body = written([triple], RDF_XML)
    except FormatCannotHold:
        assert any(one < " " or one in "\ufffe\uffff" for one in text)
        return
    ET.fromstring(body)  # noqa: S314  # our own

    assert [quad.triple for quad in ox.parse(body, format=ox.RdfFormat.RDF_XML)] == [triple]


NAMESPACES = st.sampled_from(["x:", "http://a/", "http://www.w3.org/2000/xmlns/", RDF, *PREFIXES.values()])
NAMES = st.text(st.sampled_from("a1-._·/#:é\u0300\u203f\U00010000%4"), max_size=5) | st.sampled_from(OWN_NAMES)


@given(namespace=NAMESPACES, name=NAMES, is_class=st.booleans(), is_inner=st.booleans())
def test_any_name_is_well_formed_and_read_as_it_was_or_refused(
    namespace: str, name: str, is_class: bool, is_inner: bool
) -> None:
    iri = namespace + name
    with suppress(ValueError):  # what is no IRI
        triple = of(f"{RDF}type", iri) if is_class else of(iri)
        triple = ox.Triple(P, P, triple) if is_inner else triple
        with suppress(FormatCannotHold):
            body = written([triple], RDF_XML)
            ET.fromstring(body)  # noqa: S314  # our own

            assert [quad.triple for quad in ox.parse(body, format=ox.RdfFormat.RDF_XML)] == [triple]
        assert written([triple], TURTLE)


@pytest.mark.parametrize("name", ["a", "_", "1a", "a.b", "a/é", "a/b-1", "a\u0300"])
@pytest.mark.parametrize("namespace", ["x:", "http://a/", f"{RDF}_", PREFIXES["skos"]])
def test_no_name_is_refused_that_xml_has(namespace: str, name: str) -> None:
    for triple in (of(namespace + name), of(f"{RDF}type", namespace + name)):
        assert ET.fromstring(written([triple], RDF_XML)).tag == f"{{{RDF}}}RDF"  # noqa: S314


@pytest.mark.parametrize("chosen", [RDF_XML, TURTLE], ids=lambda one: str(one.name))
def test_the_words_of_rdf_xml_are_predicates_of_other_formats_alone(chosen: Format) -> None:
    """And the engine writes a class of such a name with a predicate, which holds it."""
    held = []
    for name in OWN_NAMES:
        for role, triple in (("predicate", of(f"{RDF}{name}")), ("class", of(f"{RDF}type", f"{RDF}{name}"))):
            with suppress(FormatCannotHold):
                assert [quad.triple for quad in ox.parse(written([triple], chosen), READERS[chosen.name])] == [triple]
                held.append((role, name))

    everywhere = [("class", name) for name in OWN_NAMES[:9]]
    assert held == (everywhere if chosen is RDF_XML else [(r, n) for n in OWN_NAMES for r in ("predicate", "class")])


@pytest.mark.parametrize("last", [of("x:1"), of(f"{RDF}type", "x:1")], ids=["predicate", "class"])
def test_a_name_is_found_behind_a_thousand_usual_ones_before_anything_is_written(last: ox.Triple) -> None:
    stream = io.BytesIO()
    triples = [of(predicate, f"x:a{number}") for predicate in ("x:p", f"{RDF}type") for number in range(500)] + [last]

    with pytest.raises(FormatCannotHold):
        Evaluated(triples, RDF_XML).write(stream)

    assert stream.getvalue() == b""


@pytest.mark.parametrize("character", ["\ufffe", "\uffff"])
@pytest.mark.parametrize("place", [1, 2])
def test_a_character_is_found_whose_bytes_come_in_two_pieces(character: str, place: int) -> None:
    stream = io.BytesIO()
    checked = XmlStream(stream, XML)
    data = character.encode()
    checked.write(b"<a>" + data[:place])

    with pytest.raises(FormatCannotHold):
        checked.write(data[place:] + b"</a>")

    assert stream.getvalue() == b"<a>" + data[:place]


def test_characters_that_begin_like_those_without_a_place_pass() -> None:
    stream = io.BytesIO()
    checked = XmlStream(stream, XML)
    pieces = ["\t\n \ufffd\uff21", "\U0001fffe\x7f\x85", "ﬀ"]

    for one in pieces:
        assert checked.write(one.encode()) == len(one.encode())
    checked.flush()

    assert stream.getvalue().decode() == "".join(pieces)


@pytest.mark.parametrize("chosen", [XML, RDF_XML], ids=lambda one: one.name)
def test_a_carriage_return_comes_out_of_a_parser_as_it_went_in(chosen: Format) -> None:
    store, stream = ox.Store(), io.BytesIO()
    text = "a\rb\r\nc\nd"
    store.add(ox.Quad(ox.NamedNode("x:s"), ox.NamedNode("x:p"), ox.Literal(text)))
    query = "SELECT ?o { ?s ?p ?o }" if chosen is XML else "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }"
    asked = QueryRequest(query, result_format=XML, graph_format=RDF_XML)

    Engine(store).evaluate(asked).write(stream)

    assert [one.text for one in ET.fromstring(stream.getvalue()).iter() if "a" in (one.text or "")] == [text]  # noqa: S314
