"""RDF of another engine: what is whole goes on in every format, and nothing else does."""

import time
from collections import deque
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph import restating
from clustergraph.errors import FormatCannotHold
from clustergraph.formats import GRAPH_FORMATS, JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, TRIG, TURTLE, Format
from clustergraph.restating import GraphWriter
from clustergraph.sparql_cells import Broken

READ = {
    "turtle": ox.RdfFormat.TURTLE,
    "n-triples": ox.RdfFormat.N_TRIPLES,
    "json-ld": ox.RdfFormat.JSON_LD,
    "rdf-xml": ox.RdfFormat.RDF_XML,
    "trig": ox.RdfFormat.TRIG,
    "n-quads": ox.RdfFormat.N_QUADS,
}
TRIPLE = b"<urn:a> <urn:p> <urn:b> .\n"
TERMS = "\n".join(
    (
        "<urn:a> <http://a/#p> <urn:b> .",
        "_:0a-.b <http://a/#p>_:0a-.b.",
        "<urn:\\u00e9\\U0001F600%20'&> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:c> .",
        '<urn:a>\t<urn:p>\t"\\t\\n\\r\\"\\\\\\u00E9 <a>&amp;]]>\'" .',
        '<urn:a> <urn:\u00e9> "\u00e9\U0001f600\t"@en-gb .\r\n\n \t',
        '<urn:a> <x:p> ""^^<http://a/\u00e9?b=c&d> .',
    )
).encode()


def written(data: bytes, chosen: Format, size: int = 1 << 16) -> bytes:
    writer = GraphWriter(chosen)
    pieces = [writer.feed(data[start : start + size]) for start in range(0, len(data), size)]
    return b"".join([*pieces, writer.finish()])


def graph(data: bytes, chosen: Format) -> set[ox.Quad]:
    quads = ox.Dataset(ox.parse(data, format=READ[chosen.name]))
    quads.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return set(quads)


@pytest.mark.parametrize("chosen", GRAPH_FORMATS, ids=lambda one: one.name)
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_every_format_says_what_the_engine_said(chosen: Format, size: int) -> None:
    assert graph(written(TERMS, chosen, size), chosen) == graph(TERMS, N_TRIPLES)
    assert len(graph(TERMS, N_TRIPLES)) == 6


@pytest.mark.parametrize("chosen", [TURTLE, TRIG, N_TRIPLES, N_QUADS], ids=lambda one: one.name)
def test_lines_of_triples_go_on_as_they_are(chosen: Format) -> None:
    assert written(TRIPLE * 2, chosen) == TRIPLE * 2


@pytest.mark.parametrize("chosen", GRAPH_FORMATS, ids=lambda one: one.name)
@pytest.mark.parametrize("said", [b"", b"\n", b"# Empty NT\n"], ids=["nothing", "a line", "what Virtuoso says"])
def test_no_triples_are_a_document_without_any(chosen: Format, said: bytes) -> None:
    assert graph(written(said, chosen), chosen) == set()


NO_TRIPLES = [
    pytest.param(b"<http://a/> <http://b", id="half a line"),
    pytest.param(b"<urn:a> <urn:p> <urn:b>", id="all but the end of a line"),
    pytest.param(b"#EOM\nERROR: out of memory at /opt/x", id="words of the engine"),
    pytest.param(b"# ERROR: out of memory at /opt/x\n", id="words of the engine in a comment"),
    pytest.param(b"<urn:a> <urn:p> <urn:b> . # at /opt/x\n", id="a comment behind a triple"),
    pytest.param(b"<urn:a> <urn:p> <urn:b> . <urn:a> <urn:p> <urn:b> .\n", id="two on a line"),
    pytest.param(b"<urn:a> <urn:p> <urn:b> <urn:g> .\n", id="a quad"),
    pytest.param(b"<urn:a> a <urn:b> .\n", id="Turtle"),
    pytest.param(b"@prefix a: <urn:a> .\n", id="a directive"),
    pytest.param(b"{}\n", id="JSON"),
    pytest.param(b"<html>\n", id="a page"),
    pytest.param(b"<a> <urn:p> <urn:b> .\n", id="a relative IRI"),
    pytest.param(b"<urn:a> _:b <urn:b> .\n", id="a blank node as a predicate"),
    pytest.param(b'"a" <urn:p> <urn:b> .\n', id="a literal as a subject"),
    pytest.param(b'<urn:a> <urn:p> "a\rb" .\n', id="a line end in a string"),
    pytest.param(b'<urn:a> <urn:p> "\\x" .\n', id="an escape that is none"),
    pytest.param(b'<urn:a> <urn:p> "\\ud800" .\n', id="half of a pair"),
    pytest.param(b'<urn:a> <urn:p> "\\U00110000" .\n', id="no character"),
    pytest.param(b"<urn:\\u0020> <urn:p> <urn:b> .\n", id="a space in an IRI, escaped"),
    pytest.param(b"<urn:\\U0000003e> <urn:p> <urn:b> .\n", id="the end of an IRI, escaped"),
    pytest.param(b'<urn:a> <urn:p> "a"@1 .\n', id="a language that is none"),
    pytest.param(b'<urn:a> <urn:p> "a"^^<b> .\n', id="a relative datatype"),
    pytest.param("\ufeff".encode() + TRIPLE, id="a byte order mark"),
]


@pytest.mark.parametrize("chosen", [TURTLE, JSON_LD, RDF_XML], ids=lambda one: one.name)
@pytest.mark.parametrize("said", NO_TRIPLES)
def test_what_is_no_line_of_a_triple_goes_on_in_no_format(said: bytes, chosen: Format) -> None:
    with pytest.raises(Broken, match=r"^a line that is no triple$"):
        written(TRIPLE + said, chosen)


@given(st.integers(1, len(TERMS) - 1))
def test_half_of_an_answer_is_refused_unless_it_ends_where_a_triple_does(end: int) -> None:
    try:
        said = written(TERMS[:end], TURTLE)
    except Broken:
        with pytest.raises((SyntaxError, ValueError)):
            graph(TERMS[:end].rstrip(b"\r"), N_TRIPLES)
    else:
        assert graph(said, TURTLE) == graph(TERMS[:end], N_TRIPLES)


@pytest.mark.parametrize("last", [b'<urn:a> <urn:p> "\xff" .\n', "<urn:\u00e9".encode()[:-1]], ids=["wrong", "half"])
def test_bytes_that_are_no_utf_8_are_no_rdf(last: bytes) -> None:
    with pytest.raises(Broken, match=r"^bytes that are no UTF-8$"):
        written(TRIPLE + last, TURTLE)


def test_a_triple_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restating, "LINE_LIMIT_BYTES", 10_000)
    writer = GraphWriter(TURTLE)
    writer.feed(TRIPLE + b'<urn:a> <urn:p> "')

    with pytest.raises(Broken, match=r"^a triple without an end$"):
        deque((writer.feed(b"x" * 1_000) for _ in range(11)), maxlen=0)


def test_the_beginning_is_held_until_there_is_much_of_it_and_then_nothing_is() -> None:
    writer = GraphWriter(N_TRIPLES)

    assert (writer.feed(TRIPLE), writer.feed(TRIPLE * 5_000), writer.feed(TRIPLE)) == (b"", TRIPLE * 5_001, TRIPLE)


def test_a_line_end_in_a_value_is_the_same_to_whoever_reads_xml() -> None:
    document = ElementTree.fromstring(written(b'<urn:a> <urn:p> "a\\r\\n\\rb" .\n', RDF_XML))  # noqa: S314  # what we wrote

    assert [value.text for value in document.iter("{urn:}p")] == ["a\r\n\rb"]


CANNOT_HOLD = [
    pytest.param(b"<urn:a> <http://a/> <urn:b> .\n", "the predicate <http://a/>", id="a predicate without a name"),
    pytest.param(
        b"<urn:a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#li> <urn:b> .\n",
        "the predicate <http://www.w3.org/1999/02/22-rdf-syntax-ns#li>",
        id="a word of RDF/XML",
    ),
    pytest.param(b'<urn:a> <urn:p> "\\u0001" .\n', "the character U+0001", id="a control character"),
    pytest.param(b"<urn:\\uFFFE> <urn:p> <urn:b> .\n", "the character U+FFFE", id="a character that is none"),
]


@pytest.mark.parametrize(("said", "what"), CANNOT_HOLD)
def test_what_rdf_in_xml_cannot_hold_is_named(said: bytes, what: str) -> None:
    with pytest.raises(FormatCannotHold) as caught:
        written(said, RDF_XML)

    assert caught.value.detail.startswith(
        f"the format application/rdf+xml cannot hold {what}, which is in this answer:"
    )


HOSTILE = [
    pytest.param(b'<urn:a> <urn:p> "' + b"\\u00e9" * 1_000_000, id="escapes"),
    pytest.param(b"<urn:a> <urn:p> _:" + b"a." * 1_000_000, id="dots"),
    pytest.param(b'<urn:a> <urn:p> "a"@a' + b"-a" * 1_000_000, id="a language"),
    pytest.param(b" \t" * 1_000_000, id="gaps"),
    pytest.param(TRIPLE * 100_000 + b"x", id="a fault behind many triples"),
]


@pytest.mark.parametrize("said", HOSTILE)
def test_no_text_takes_more_time_than_its_length(said: bytes) -> None:
    began = time.monotonic()

    with pytest.raises(Broken, match=r"^a line that is no triple$"):
        written(said + b"!\n", TURTLE)

    assert time.monotonic() - began < 10
