"""Shapes and data made by chance: we find what pySHACL and pyshacl-turbo find, result by result.

`CLUSTERGRAPH_EXAMPLES` has how many are made of each kind. What the others do otherwise than the standard is not made,
and the reason stands where it would be.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clustergraph.reading import read
from clustergraph.reading.parsed import Literal, Parsed
from clustergraph.repository import SHAPES, read_repository
from conftest import REPOSITORY, SAMPLE
from pyshacl_peer import by_ours, by_pyshacl, by_turbo

EXAMPLES = int(os.environ.get("CLUSTERGRAPH_EXAMPLES", "60"))
PROLOGUE = """\
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix x: <http://example.org/> .
"""
by_chance = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

THINGS = ("x:a", "x:b", "x:c", "x:d")
CLASSES = ("x:C", "x:D", "x:E")
PROPERTIES = ("x:p", "x:q", "x:r")
CANONICAL = (
    *('"a"', '"ab"', '"é"', '"a"@en', '"b"@en-gb', '"a"@it', "1", "2", "-1", "1.5", "2.5"),
    *("true", "false", '"2020-01-01"^^xsd:date', '"2021-06-30"^^xsd:date', '"2020-01-01T10:00:00Z"^^xsd:dateTime'),
    *('"x"^^x:dt', '""'),
)
ODD = (
    *(
        "01",
        "+1",
        "1.50",
        "1e0",
        '"NaN"^^xsd:double',
        '"one"^^xsd:integer',
        '"2020-02-30"^^xsd:date',
        '"1"^^xsd:boolean',
    ),
    *('"maybe"^^xsd:boolean', '"A"@EN', '"300"^^xsd:byte', '"5"^^xsd:byte', '"2020"^^xsd:gYear', '"5"^^xsd:string'),
    *('"2020-01-01T10:00:00"^^xsd:dateTime', '"2020-01-01T24:00:00Z"^^xsd:dateTime', '"2020-01-01Z"^^xsd:date'),
)
DATATYPES = ("integer", "decimal", "double", "date", "dateTime", "boolean", "string", "byte", "gYear")
NODE_KINDS = ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")
SEVERITIES = ("", "sh:severity sh:Warning ;", "sh:severity sh:Info ;", "sh:severity x:Urgent ;")


class Pool(NamedTuple):
    """What is made of. Shape: `bounds` are what values are compared with as less or greater; not at all if empty."""

    literals: Sequence[str]
    bounds: Sequence[str] = ()
    nodes: Sequence[str] = (*THINGS, "_:n", "_:m")


NUMBERS = ("1", "2", "-1", "1.5", "01", "1e0", "1.50")
UNORDERED = Pool((*CANONICAL, *ODD))
ORDERED = Pool((*CANONICAL, *ODD), (*NUMBERS, '"2020-06-30"^^xsd:date', '"2020-01-01T10:00:00Z"^^xsd:dateTime', '"a"'))
OF_NUMBERS = Pool(NUMBERS, NUMBERS, THINGS)  # pySHACL compares what cannot be compared, and refuses blank nodes
ASKED = Pool(CANONICAL)  # the engine of queries rewrites other literals
one_of = st.sampled_from
counts = st.integers(0, 3)


def parsed(text: str) -> Parsed:
    found = read(PROLOGUE + text)
    assert found.faults == [], text
    return found


def data(pool: Pool) -> st.SearchStrategy[str]:
    nodes = one_of(pool.nodes)
    stated = st.tuples(nodes, one_of(PROPERTIES), st.one_of(nodes, one_of(pool.literals)))
    typed = st.tuples(nodes, st.just("a"), one_of(CLASSES))
    above = st.tuples(one_of(CLASSES), st.just("rdfs:subClassOf"), one_of(CLASSES))
    triples = st.lists(st.one_of(stated, stated, stated, typed, above), min_size=1, max_size=12)
    return triples.map(lambda found: "\n".join(f"{' '.join(one)} ." for one in found))


def paths() -> st.SearchStrategy[str]:
    def longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        several = st.lists(inner, min_size=2, max_size=3).map(" ".join)
        return st.one_of(
            several.map("( {} )".format),
            several.map("[ sh:alternativePath ( {} ) ]".format),
            st.tuples(one_of(["inverse", "zeroOrMore", "oneOrMore", "zeroOrOne"]), inner).map(
                lambda found: f"[ sh:{found[0]}Path {found[1]} ]"
            ),
        )

    return st.recursive(one_of(PROPERTIES), longer, max_leaves=3)


def of_values(pool: Pool) -> st.SearchStrategy[str]:
    """Constraints that any shape may have."""
    terms = st.one_of(one_of(THINGS), one_of(pool.literals))
    lists = st.lists(terms, max_size=3).map(" ".join)
    return st.one_of(
        one_of(CLASSES).map("sh:class {} ;".format),
        one_of(DATATYPES).map("sh:datatype xsd:{} ;".format),
        one_of(NODE_KINDS).map("sh:nodeKind sh:{} ;".format),
        *(
            st.tuples(one_of(["min", "max"]), one_of(["Exclusive", "Inclusive"]), one_of(pool.bounds)).map(
                lambda found: f"sh:{found[0]}{found[1]} {found[2]} ;"
            )
            for _ in pool.bounds[:2]
        ),
        st.tuples(one_of(["min", "max"]), counts).map(lambda found: f"sh:{found[0]}Length {found[1]} ;"),
        one_of(['"a"', '"^[a-z]+$"', '"[0-9]{2}"', '"B" ; sh:flags "i"']).map("sh:pattern {} ;".format),
        one_of(['"en"', '"en" "it"', '"en-GB"']).map("sh:languageIn ( {} ) ;".format),
        lists.map("sh:in ( {} ) ;".format),
        terms.map("sh:hasValue {} ;".format),
        st.tuples(one_of(["equals", "disjoint"]), one_of(PROPERTIES)).map(lambda found: f"sh:{found[0]} {found[1]} ;"),
    )


def of_properties(pool: Pool) -> st.SearchStrategy[str]:
    """Constraints that only property shapes may have."""
    return st.one_of(
        of_values(pool),
        of_values(pool),
        st.tuples(one_of(["min", "max"]), counts).map(lambda found: f"sh:{found[0]}Count {found[1]} ;"),
        one_of(["true", "false"]).map("sh:uniqueLang {} ;".format),
        *(
            st.tuples(one_of(["lessThan", "lessThanOrEquals"]), one_of(PROPERTIES)).map(
                lambda found: f"sh:{found[0]} {found[1]} ;"
            )
            for _ in pool.bounds[:2]
        ),
    )


def once(constraints: Sequence[str]) -> str:
    """Constraints, each parameter once: most may stand only once, and sh:flags belong to one sh:pattern."""
    return " ".join({one.split()[0]: one for one in constraints}.values())


def property_shapes(pool: Pool, inner: st.SearchStrategy[str] | None) -> st.SearchStrategy[str]:
    own = st.lists(of_properties(pool), min_size=1, max_size=2).map(once)
    more = st.just("") if inner is None else st.one_of(st.just(""), logic(inner), qualified(inner))
    return st.tuples(paths(), own, more, one_of(SEVERITIES)).map(
        lambda found: f"[ sh:path {found[0]} ; {' '.join(found[1:])} ]"
    )


def qualified(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(inner, one_of(["Min", "Max"]), counts, one_of(["true", "false"])).map(
        lambda found: (
            f"sh:qualifiedValueShape {found[0]} ; sh:qualified{found[1]}Count {found[2]} ; "
            f"sh:qualifiedValueShapesDisjoint {found[3]} ;"
        )
    )


def logic(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=3).map(" ".join)
    # pySHACL refuses a property shape in sh:node, of which the standard says that it is a node shape (4.7.1).
    of_nodes = inner.filter(lambda shape: shape.startswith("[ a sh:NodeShape"))
    return st.one_of(
        inner.map("sh:not {} ;".format),
        of_nodes.map("sh:node {} ;".format),
        st.tuples(one_of(["and", "or", "xone"]), several).map(lambda found: f"sh:{found[0]} ( {found[1]} ) ;"),
    )


def inner_shapes(pool: Pool) -> st.SearchStrategy[str]:
    """Shapes without names, in one another."""
    plain = st.lists(of_values(pool), min_size=1, max_size=2).map(once)
    simple = st.one_of(plain.map("[ a sh:NodeShape ; {} ]".format), property_shapes(pool, None))

    def longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            logic(inner).map("[ a sh:NodeShape ; {} ]".format),
            property_shapes(pool, inner).map("[ a sh:NodeShape ; sh:property {} ]".format),
            property_shapes(pool, inner),
        )

    return st.recursive(simple, longer, max_leaves=3)


TARGETS = st.lists(
    st.one_of(
        one_of(THINGS).map("sh:targetNode {} ;".format),
        one_of(['"a"', "1"]).map("sh:targetNode {} ;".format),
        one_of(CLASSES).map("sh:targetClass {} ;".format),
        one_of(PROPERTIES).map("sh:targetSubjectsOf {} ;".format),
        one_of(PROPERTIES).map("sh:targetObjectsOf {} ;".format),
    ),
    min_size=1,
    max_size=3,
).map(" ".join)
CLOSED = one_of(["", "", "sh:closed true ;", "sh:closed true ; sh:ignoredProperties ( x:q ) ;"])


def shapes(pool: Pool, extra: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inner = inner_shapes(pool)
    plain = st.lists(of_values(pool), max_size=2).map(once)
    properties = st.lists(property_shapes(pool, inner), max_size=2).map(
        lambda found: "".join(f"sh:property {one} ;" for one in found)
    )
    body = st.tuples(
        TARGETS, one_of(SEVERITIES), CLOSED, plain, properties, st.one_of(st.just(""), logic(inner)), extra
    )
    return st.lists(body.map(" ".join), min_size=1, max_size=2).map(
        lambda found: "\n".join(f"x:S{number} a sh:NodeShape ; {one} ." for number, one in enumerate(found))
    )


def require_agreement(shape: str, stated: str) -> None:
    """All three find the same."""
    rules, graph = parsed(shape), parsed(stated)

    ours = by_ours(rules, graph)

    assert ours == by_pyshacl(rules, graph)
    assert ours == by_turbo(rules, graph)


@by_chance
@given(shapes(UNORDERED, st.just("")), data(UNORDERED))
def test_both_others_find_the_same_in_shapes_made_by_chance(shape: str, stated: str) -> None:
    require_agreement(shape, stated)


@by_chance
@given(shapes(OF_NUMBERS, st.just("")), data(OF_NUMBERS))
def test_both_others_find_the_same_where_numbers_are_compared(shape: str, stated: str) -> None:
    require_agreement(shape, stated)


@by_chance
@given(shapes(ORDERED, st.just("")), data(ORDERED))
def test_pyshacl_turbo_finds_the_same_where_anything_is_compared_with_anything(shape: str, stated: str) -> None:
    """Not pySHACL: to it a number is greater than a time. By SHACL, 4.3, what cannot be compared breaks the bound."""
    rules, graph = parsed(shape), parsed(stated)

    assert by_ours(rules, graph) == by_turbo(rules, graph)


QUERIES = one_of(
    [
        "SELECT $this ?value WHERE { $this x:p ?value . FILTER (ISLITERAL(?value)) }",
        "SELECT DISTINCT $this ?value WHERE { $this x:p ?value . $this x:q ?other . FILTER (?value != ?other) }",
        "SELECT $this WHERE { FILTER NOT EXISTS { $this x:q ?any } }",
        "SELECT $this ?value WHERE { ?value x:p $this . FILTER EXISTS { $this a ?class } }",
        "SELECT $this ?value WHERE { { $this x:p ?value } UNION { $this x:q ?value } }",
        "SELECT $this WHERE { $this x:p ?one ; x:p ?other . FILTER (?one < ?other) }",
        "SELECT $this ?value WHERE { $this x:p ?value . OPTIONAL { ?value x:q ?other } FILTER (!BOUND(?other)) }",
    ]
)
ON_PATHS = one_of(
    [
        "SELECT $this ?value WHERE { $this $PATH ?value . FILTER (!ISIRI(?value)) }",
        "SELECT $this ?value WHERE { $this $PATH ?value . FILTER NOT EXISTS { ?value a x:C } }",
        "SELECT $this ?value WHERE { $this $PATH ?one . ?one x:p ?value . }",
    ]
)
PREFIXES = 'x:O sh:declare [ sh:prefix "x" ; sh:namespace "http://example.org/"^^xsd:anyURI ] .'


def asked(query: str) -> str:
    return f'sh:sparql [ sh:prefixes x:O ; sh:select """{query}""" ] ;'


OF_QUERIES = st.one_of(
    QUERIES.map(asked),
    st.tuples(one_of(PROPERTIES), ON_PATHS).map(
        lambda found: f"sh:property [ sh:path {found[0]} ; {asked(found[1])} ] ;"
    ),
)


@by_chance
@given(shapes(ASKED, OF_QUERIES), data(ASKED))
def test_both_others_find_the_same_where_shapes_hold_queries(shape: str, stated: str) -> None:
    rules, graph = parsed(f"{PREFIXES}\n{shape}"), parsed(stated)

    ours = by_ours(rules, graph)

    assert ours == by_pyshacl(rules, graph)
    assert ours == by_turbo(rules, graph)


def real(root: Path) -> tuple[Parsed, Parsed]:
    """The shapes and the data of a repository that are looked at together; blank nodes get labels that are apart."""
    repository = read_repository(root)
    assert repository.findings == ()
    rules, graph = Parsed(""), Parsed("")
    for number, one in enumerate(repository.documents):
        is_rule = one.graph == SHAPES
        if is_rule and (one.path.parent.name == "source" or one.path.stem == "ontology"):
            continue
        text = rules if is_rule else graph
        for s, p, o in one.parsed.triples:
            text.triples.append((_apart(s, number), p, o if isinstance(o, Literal) else _apart(o, number)))
    return rules, graph


def _apart(node: str, text: int) -> str:
    return f"_:t{text}x{''.join(filter(str.isalnum, node))}" if node.startswith("_:") else node


@pytest.mark.parametrize("root", [REPOSITORY, SAMPLE], ids=["real", "sample"])
def test_both_others_find_the_same_in_the_repository(root: Path) -> None:
    rules, graph = real(root)

    ours = by_ours(rules, graph)

    assert ours == by_pyshacl(rules, graph)
    assert ours == by_turbo(rules, graph)
