"""The choice among formats: by Accept header as RFC 9110 has it, and by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.errors import NotAcceptable, ParameterUnsuitable
from clustergraph.formats import (
    CONTENT_TYPE_LIMIT,
    DOCUMENT_FORMATS,
    GRAPH_FORMATS,
    HTML,
    JSON_LD,
    N_TRIPLES,
    RDF_XML,
    RESULT_FORMATS,
    TURTLE,
    Format,
    named,
    negotiate,
    type_and_charset,
)

LONG = "a/b;" + ";" * (CONTENT_TYPE_LIMIT - 3)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
BOTH = (TURTLE, JSON_LD)


@pytest.mark.parametrize(
    ("accept", "offered", "chosen"),
    [
        pytest.param(None, BOTH, "turtle", id="no-header"),
        pytest.param("", BOTH, "turtle", id="empty-header"),
        pytest.param("  ", BOTH, "turtle", id="blank-header"),
        pytest.param("*/*", BOTH, "turtle", id="anything"),
        pytest.param("application/ld+json", BOTH, "json-ld", id="named"),
        pytest.param("APPLICATION/LD+JSON", BOTH, "json-ld", id="case-of-type"),
        pytest.param("text/turtle;q=0.5, application/ld+json", BOTH, "json-ld", id="quality"),
        pytest.param("application/ld+json;q=0.3, text/turtle;q=0.30", BOTH, "turtle", id="tie-goes-to-our-order"),
        pytest.param("application/ld+json;q=0.001, text/turtle;q=0", BOTH, "json-ld", id="q-0-excludes"),
        pytest.param("text/turtle;Q=0, */*;q=0.1", BOTH, "json-ld", id="case-of-q"),
        pytest.param("text/turtle ; q=0.2 , application/ld+json ; q=0.4", BOTH, "json-ld", id="white-space"),
        pytest.param("*/*;q=0, application/ld+json;q=0.1", BOTH, "json-ld", id="named-over-excluded-rest"),
        pytest.param("text/*;q=0.9, text/turtle;q=0.1, */*;q=0.5", BOTH, "json-ld", id="most-specific-counts"),
        pytest.param("*/*;q=0.9, application/*;q=0.1", BOTH, "turtle", id="type-over-anything"),
        pytest.param("application/*", BOTH, "json-ld", id="type-range"),
        pytest.param("text/turtle;charset=utf-8;q=0.2, application/ld+json;q=0.4", BOTH, "json-ld", id="parameter"),
        pytest.param('text/turtle;a=", application/ld+json";q=0.2, */*;q=0.1', BOTH, "turtle", id="quoted-comma"),
        pytest.param("image/png, application/ld+json;q=0.1", BOTH, "json-ld", id="others-do-not-matter"),
        pytest.param("text/turtle;q=nine, application/ld+json;q=0.1", BOTH, "json-ld", id="quality-not-a-number"),
        pytest.param("text/turtle;q=1.5, application/ld+json;q=0.1", BOTH, "json-ld", id="quality-above-one"),
        pytest.param("text/turtle;q=0.1234, application/ld+json;q=0.1", BOTH, "json-ld", id="four-digits"),
        pytest.param("*/turtle, application/ld+json;q=0.1", BOTH, "json-ld", id="wild-type-with-subtype"),
        pytest.param("turtle, ,;;, /x, application/ld+json;q=0.1", BOTH, "json-ld", id="garbage-between"),
        pytest.param("application/json", GRAPH_FORMATS, "json-ld", id="alias"),
        pytest.param("application/json", RESULT_FORMATS, "json", id="alias-of-results"),
        pytest.param("text/xml", RESULT_FORMATS, "xml", id="alias-of-xml"),
        pytest.param("text/plain", GRAPH_FORMATS, "n-triples", id="plain-text"),
        pytest.param(BROWSER, DOCUMENT_FORMATS, "html", id="browser"),
        pytest.param("application/xml;q=0.9, */*;q=0.8", (HTML, RDF_XML), "rdf-xml", id="alias-the-client-names"),
        pytest.param("application/trig, */*;q=0.1", DOCUMENT_FORMATS, "turtle", id="harvester-gets-no-page"),
        pytest.param("application/n-quads, */*", DOCUMENT_FORMATS, "turtle", id="harvester-whatever-the-quality"),
        pytest.param("text/n3, */*;q=0.1", DOCUMENT_FORMATS, "turtle", id="notation-3"),
        pytest.param("application/trig, text/*;q=0.5", DOCUMENT_FORMATS, "turtle", id="harvester-by-type-range"),
        pytest.param("application/trig, text/html;q=0.1", DOCUMENT_FORMATS, "html", id="page-that-is-named"),
        pytest.param("application/trig, application/xhtml+xml", DOCUMENT_FORMATS, "html", id="page-by-its-alias"),
        pytest.param("application/trig;q=0, */*", DOCUMENT_FORMATS, "html", id="no-harvester-excludes-rdf"),
        pytest.param("image/png, */*;q=0.1", DOCUMENT_FORMATS, "html", id="no-harvester-names-no-rdf"),
        pytest.param("application/trig, */*;q=0.1", (HTML,), "html", id="page-where-there-is-nothing-else"),
        pytest.param("application/json;q=0, */*", (N_TRIPLES, JSON_LD), "n-triples", id="alias-never-by-wildcard"),
    ],
)
def test_the_client_gets_what_it_likes_best(accept: str | None, offered: tuple[Format, ...], chosen: str) -> None:
    assert negotiate(accept, offered).name == chosen


@pytest.mark.parametrize(
    "accept",
    [
        pytest.param("image/png", id="other-type"),
        pytest.param("text/turtle;q=0, application/ld+json;q=0.000", id="all-excluded"),
        pytest.param("*/*;q=0", id="everything-excluded"),
        pytest.param("text/turtlex", id="longer-subtype"),
        pytest.param("garbage", id="garbage"),
        pytest.param(",", id="comma"),
    ],
)
def test_a_client_that_likes_nothing_is_told_what_there_is(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiate(accept, BOTH)

    assert caught.value.detail == (
        f"nothing we offer here fits 'Accept: {accept}': ask for one of text/turtle, application/ld+json"
    )
    assert caught.value.offered == ("text/turtle", "application/ld+json")


@given(st.text(st.sampled_from('*/;,=q"\\0.5 textturtle'), max_size=40))
def test_no_header_does_more_harm_than_being_refused(accept: str) -> None:
    try:
        chosen = negotiate(accept, BOTH)
    except NotAcceptable:
        return
    assert chosen in BOTH


@pytest.mark.parametrize(
    ("name", "offered", "chosen"),
    [
        pytest.param("turtle", GRAPH_FORMATS, "turtle", id="name"),
        pytest.param("ttl", GRAPH_FORMATS, "turtle", id="extension"),
        pytest.param("TTL", GRAPH_FORMATS, "turtle", id="case"),
        pytest.param("text/turtle", GRAPH_FORMATS, "turtle", id="media-type"),
        pytest.param("nt", GRAPH_FORMATS, "n-triples", id="nt"),
        pytest.param("ntriples", GRAPH_FORMATS, "n-triples", id="ntriples"),
        pytest.param("jsonld", GRAPH_FORMATS, "json-ld", id="jsonld"),
        pytest.param("rdf", GRAPH_FORMATS, "rdf-xml", id="rdf"),
        pytest.param("rdfxml", GRAPH_FORMATS, "rdf-xml", id="rdfxml"),
        pytest.param("nq", GRAPH_FORMATS, "n-quads", id="nq"),
        pytest.param("nquads", GRAPH_FORMATS, "n-quads", id="nquads"),
        pytest.param("json", RESULT_FORMATS, "json", id="json"),
        pytest.param("srx", RESULT_FORMATS, "xml", id="srx"),
    ],
)
def test_a_format_goes_by_its_names(name: str, offered: tuple[Format, ...], chosen: str) -> None:
    assert named(name, offered).name == chosen


def test_a_name_of_the_other_family_is_answered_with_the_choices() -> None:
    with pytest.raises(ParameterUnsuitable) as caught:
        named("turtle", RESULT_FORMATS)

    assert caught.value.detail == "there is no format 'turtle' here: use one of json, xml, csv, tsv"


@pytest.mark.parametrize("key", ["name", "media_type", "extension"])
@pytest.mark.parametrize(
    "family", [RESULT_FORMATS, GRAPH_FORMATS, DOCUMENT_FORMATS], ids=["result", "graph", "document"]
)
def test_no_two_formats_of_a_family_share_a_name(family: tuple[Format, ...], key: str) -> None:
    names = [getattr(one, key) for one in family]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        pytest.param("", ("", "utf-8"), id="none"),
        pytest.param("text/csv", ("text/csv", "utf-8"), id="no charset"),
        pytest.param(" Text/CSV ; Charset = UTF-16 ", ("text/csv", "utf-16"), id="space and capitals"),
        pytest.param('text/csv;a=b;charset="utf8"', ("text/csv", "utf8"), id="in quotes, behind another"),
        pytest.param('text/csv;a="charset=b";charset=c', ("text/csv", "c"), id="a value that looks like it"),
        pytest.param("text/csv; charset*=a; charset*0=b", ("text/csv", "a"), id="as in mail, twice"),
        pytest.param("text/csv; charset*=a%00b''x", ("text/csv", "x"), id="as in mail, encoded"),
        pytest.param("text/csv; charset*=UTF-8'en'UTF-8", ("text/csv", "utf-8"), id="with its own charset"),
        pytest.param("text/csv; charsets=a; charset", ("text/csv", ""), id="without a value"),
        pytest.param('text/csv; charset=""', ("text/csv", ""), id="empty, in quotes"),
        pytest.param("a/b;" + ";" * (CONTENT_TYPE_LIMIT - 4), ("a/b", "utf-8"), id="as long as is read"),
        pytest.param(LONG, (LONG, ""), id="longer than is read"),
    ],
)
def test_a_content_type_names_a_type_and_a_charset(content_type: str, expected: tuple[str, str]) -> None:
    assert type_and_charset(content_type) == expected
