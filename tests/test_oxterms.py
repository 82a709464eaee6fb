"""From terms as they were read to terms of the engine, and what the engine does not take."""

import pyoxigraph as ox
import pytest

from clustergraph.oxterms import engine_triples
from clustergraph.reading import read
from conftest import triples_of


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param("01", '"01"^^<http://www.w3.org/2001/XMLSchema#integer>', id="leading-zero"),
        pytest.param("1.50", '"1.50"^^<http://www.w3.org/2001/XMLSchema#decimal>', id="trailing-zero"),
        pytest.param("1E5", '"1E5"^^<http://www.w3.org/2001/XMLSchema#double>', id="double"),
        pytest.param('"città"@it-IT', '"città"@it-it', id="language"),
        pytest.param('"a"', '"a"', id="plain"),
        pytest.param("<x:é>", "<x:é>", id="iri"),
    ],
)
def test_a_term_is_handed_on_as_it_was_written(written: str, kept: str) -> None:
    (triple,) = triples_of(f"<x:s> <x:p> {written} .")

    assert str(triple.object) == kept


def test_the_same_label_is_the_same_node_in_one_text_and_another_one_in_the_next() -> None:
    text = "_:a <x:p> _:a , _:b , [] ."

    first, second = triples_of(text), triples_of(text)

    names = [[triple.subject.value, triple.object.value] for triple in first]  # type: ignore[union-attr]
    assert [[one == names[0][0] for one in pair] for pair in names] == [[True, True], [True, False], [True, False]]
    assert {node for triple in first for node in (triple.subject, triple.object)}.isdisjoint(
        node for triple in second for node in (triple.subject, triple.object)
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("<x:s> <x:p> <x:%zz> .", ("T011", "<x:%zz>", "x:%zz"), id="percent"),
        pytest.param("<http://[> <x:p> 1 .", ("T011", "<http://[>", "http://["), id="host"),
        pytest.param("<x:s> <http://a:b/> 1 .", ("T011", "<http://a:b/>", "http://a:b/"), id="port"),
        pytest.param('<x:s> <x:p> "a"^^<x:[> .', ("T011", '"a"^^<x:[>', "x:["), id="datatype"),
        pytest.param('<x:s> <x:p> "a"@abcdefghi .', ("T013", "abcdefghi", "abcdefghi"), id="language"),
        pytest.param('<x:s> <x:p> """a\n"""@en-a .', ("T013", "en-a", "en-a"), id="language-of-several-lines"),
    ],
)
def test_what_the_engine_does_not_take_is_a_fault_at_its_place(text: str, fault: tuple[str, str, str]) -> None:
    triples, (found,) = engine_triples(read(text))

    assert (found.code, text[found.start : found.end], *found.values) == fault
    assert triples == []


def test_a_term_that_stands_often_is_told_once() -> None:
    _, faults = engine_triples(read("<x:%z> <x:%z> <x:%z> , <x:%y> . <x:%z> <x:p> 1 ."))

    assert [one.values for one in faults] == [("x:%z",), ("x:%y",)]


def test_every_triple_has_its_number() -> None:
    parsed = read("<x:s> <x:p> 1 , 1 , 2 .")

    assert [str(one.object)[1] for one in engine_triples(parsed)[0]] == ["1", "1", "2"]
    assert isinstance(engine_triples(parsed)[0][0], ox.Triple)
