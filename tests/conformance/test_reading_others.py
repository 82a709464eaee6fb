"""Texts made by chance: the engine's own parser reads the same; at each place stands what we read there."""

import os

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suite_reading import quads

from clustergraph.oxterms import engine_triples
from clustergraph.reading import read
from clustergraph.reading.parsed import OBJECT, Literal, Parsed, Term

EXAMPLES = int(os.environ.get("CLUSTERGRAPH_EXAMPLES", "200"))
PROLOGUE = "@prefix x: <http://example.org/> .\nPREFIX : <http://example.org/#>\n@base <http://example.org/b/> .\n"
FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "nquads": ox.RdfFormat.N_QUADS,
}
by_chance = settings(max_examples=EXAMPLES)

gaps = st.sampled_from([" ", "  ", "\n", "\t", ' # a ; b . "\n', "\r\n"])
names = st.sampled_from(
    ["x:a", "x:b", ":", ":c", "x:a.b", "x:%20", r"x:\~a", "<r>", "<#f>", "<http://e.org/é>", r"<http://e.org/\u00e9>"]
)
blanks = st.sampled_from(["_:a", "_:b.c", "_:1", "[]"])
strings = st.sampled_from(
    ['"a"', "'a'", '"""a"b\n"""', "'''a''b'''", r'"\t\u00e9\"\\"', '""', '"a # b"', '"é\U0001f600"', "'\"'"]
)
tags = st.sampled_from(["", "@en", "@en-GB", "^^x:d", "^^<http://e.org/d>"])
numbers = st.sampled_from(["1", "-01", "+1.50", "1e0", ".5", "1.E3", "true", "false", "-.5e-7"])
literals = st.one_of(numbers, st.tuples(strings, tags).map("".join))
plain = st.one_of(names, blanks, literals)


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(names, inner).map(" ".join), min_size=1, max_size=2).map(" ; ".join)
    return st.one_of(pairs.map("[ {} ]".format), st.lists(inner, max_size=3).map(" ".join).map("( {} )".format))


values = st.recursive(plain, _nested, max_leaves=5)
verbs = st.one_of(names, st.just("a"))


@st.composite
def statements(draw: st.DrawFn) -> str:
    subject = draw(st.one_of(names, blanks, _nested(plain)))
    parts = [subject]
    for number in range(draw(st.integers(1, 3))):
        parts += [";"] * (number > 0) + [draw(verbs), draw(values)]
        for _ in range(draw(st.integers(0, 2))):
            parts += [",", draw(values)]
    parts += [";"] * draw(st.integers(0, 1)) + ["."]
    return "".join(f"{part}{draw(gaps)}" for part in parts)


texts = st.lists(statements(), min_size=1, max_size=4).map("".join)
graphs = st.tuples(st.sampled_from(["", "x:g ", "GRAPH <g> ", "_:a "]), texts).map(
    lambda found: f"{found[0]}{{ {found[1]} }}\n"
)
datasets = st.lists(st.one_of(graphs, texts), min_size=1, max_size=3).map("".join)

full_names = st.sampled_from(["<http://e.org/a>", r"<http://e.org/\u00e9>", "<urn:x>", "_:a", "_:b.c"])
full_literals = st.tuples(
    st.sampled_from(['"a"', r'"\t\u00e9\"\\"', '""', '"é"']), st.sampled_from(["", "@en", "^^<http://e.org/d>"])
).map("".join)
lines = st.tuples(
    full_names, st.sampled_from(["<http://e.org/p>", "<urn:q>"]), st.one_of(full_names, full_literals)
).map(" ".join)
triples = st.lists(st.one_of(lines.map("{} .\n".format), st.just("# a\n")), max_size=5).map("".join)
quads_lines = st.lists(st.tuples(lines, st.sampled_from(["", " <urn:g>", " _:g"])).map("".join), max_size=5).map(
    lambda found: "".join(f"{one} .\n" for one in found)
)
signs = st.sampled_from([*".;,[](){}<>\"'@^:_#\\ \n\t\ra1-", "_:", "<<", "^^", "@prefix", "é", "\x00", "\u202e"])


def by_engine(text: str, syntax: str) -> list[ox.Quad] | None:
    """What the engine reads; None if it refuses."""
    try:
        return list(ox.parse(text, format=FORMATS[syntax]))
    except SyntaxError:
        return None


def same(one: list[ox.Quad], other: list[ox.Quad]) -> bool:
    sets = [ox.Dataset(one), ox.Dataset(other)]
    for dataset in sets:
        dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return sets[0] == sets[1]


def read_again(parsed: Parsed, number: int) -> Term:
    """The term that stands at the place of an object, read alone."""
    prefixes = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in parsed.prefixes.items())
    start, end = parsed.span(number, OBJECT)
    again = read(f"{prefixes}<urn:s> <urn:p> {parsed.text[start:end]} .", base="http://example.org/b/")
    assert again.faults == [], parsed.text[start:end]
    return again.triples[-1][2]


def require_same(text: str, syntax: str) -> None:
    expected, parsed = by_engine(text, syntax), read(text, syntax)

    # What an IRI is, the engine says: our reader lets it look at each.
    assert (expected is None) == bool(parsed.faults + engine_triples(parsed)[1]), parsed.faults
    if expected is not None:
        assert same(expected, quads(parsed))


@by_chance
@given(texts)
def test_turtle_is_read_as_the_engine_reads_it(text: str) -> None:
    require_same(PROLOGUE + text, "turtle")


@by_chance
@given(datasets)
def test_trig_is_read_as_the_engine_reads_it(text: str) -> None:
    require_same(PROLOGUE + text, "trig")


@by_chance
@given(triples)
def test_n_triples_are_read_as_the_engine_reads_them(text: str) -> None:
    require_same(text, "ntriples")


@by_chance
@given(quads_lines)
def test_n_quads_are_read_as_the_engine_reads_them(text: str) -> None:
    require_same(text, "nquads")


@by_chance
@given(texts)
def test_what_stands_at_the_place_of_a_value_is_that_value(text: str) -> None:
    parsed = read(PROLOGUE + text)

    for number, (_, _, value) in enumerate(parsed.triples):
        if isinstance(value, Literal) or not value.startswith("_:"):
            start, end = parsed.span(number, OBJECT)
            if parsed.text[start:end] not in ("", "()") and parsed.text[start] not in "()[":
                assert read_again(parsed, number) == value


@pytest.mark.parametrize("syntax", FORMATS)
@by_chance
@given(data=st.data())
def test_a_spoilt_text_is_refused_by_both_or_read_alike(syntax: str, data: st.DataObject) -> None:
    made = {"turtle": texts.map(PROLOGUE.__add__), "trig": datasets.map(PROLOGUE.__add__), "ntriples": triples}
    text = data.draw(made.get(syntax, quads_lines))
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 2))

    require_same(text[:at] + data.draw(st.one_of(st.just(""), signs)) + text[at + cut :], syntax)
