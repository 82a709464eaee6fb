"""T3 and T4: queries that are short and want all time or all memory there is."""

from collections.abc import Iterator
from typing import Final

from hostile.case import KILLED, Case, by_form, by_get, by_post, case

CROSS: Final = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . "
MORE: Final = f"{CROSS} ?m ?n ?o . ?q ?r ?s . "

ENDLESS: Final = {
    "count of a cross product": f"SELECT (COUNT(*) AS ?x) {{ {MORE} }}",
    "count of distinct rows": f"SELECT (COUNT(DISTINCT *) AS ?x) {{ {MORE} }}",
    "count of distinct values": f"SELECT (COUNT(DISTINCT ?s) AS ?x) {{ {MORE} }}",
    "sum": f"SELECT (SUM(?c) AS ?x) {{ {MORE} }}",
    "average": f"SELECT (AVG(?c) AS ?x) {{ {MORE} }}",
    "least": f"SELECT (MIN(?c) AS ?x) {{ {MORE} }}",
    "greatest": f"SELECT (MAX(?c) AS ?x) {{ {MORE} }}",
    "sample": f"SELECT (SAMPLE(?c) AS ?x) {{ {MORE} }}",
    "group": f"SELECT ?a ?d ?g (COUNT(*) AS ?x) {{ {MORE} }} GROUP BY ?a ?d ?g",
    "group of everything": f"SELECT ?a ?d ?g ?j {{ {MORE} }} GROUP BY ?a ?d ?g ?j",
    "group with having": f"SELECT ?a (COUNT(*) AS ?x) {{ {MORE} }} GROUP BY ?a HAVING(COUNT(*) < 0)",
    "group concatenation": f"SELECT (GROUP_CONCAT(?c) AS ?x) {{ {MORE} }}",
    "order": f"SELECT * {{ {CROSS} }} ORDER BY ?l ?i ?f ?c",
    "order backwards": f"SELECT * {{ {CROSS} }} ORDER BY DESC(?l) DESC(?c)",
    "order by an expression": f"SELECT * {{ {CROSS} }} ORDER BY (CONCAT(STR(?a), STR(?l)))",
    "order by chance": f"SELECT * {{ {CROSS} }} ORDER BY RAND()",
    "order with a small limit": f"SELECT * {{ {CROSS} }} ORDER BY ?l LIMIT 1",
    "a filter on all": f"ASK {{ {MORE} FILTER(CONTAINS(CONCAT(STR(?a), STR(?d), STR(?g), STR(?s)), 'pwned')) }}",
    "a comparison of all": f"ASK {{ {MORE} FILTER(STRLEN(STR(?a)) + STRLEN(STR(?d)) + STRLEN(STR(?s)) < 0) }}",
    "minus": f"ASK {{ {MORE} MINUS {{ ?a ?b ?c }} }}",
    "optional": f"SELECT (COUNT(*) AS ?x) {{ ?a ?b ?c OPTIONAL {{ {MORE} }} }}",
    "union": f"SELECT (COUNT(*) AS ?x) {{ {{ {MORE} }} UNION {{ {MORE} }} }}",
    "offset": f"SELECT * {{ {MORE} }} OFFSET 999999999999",
    "sub-selects": f"SELECT (COUNT(*) AS ?x) {{ {{ SELECT DISTINCT * {{ {CROSS} }} }} }}",
    "sub-select in order": f"SELECT (COUNT(*) AS ?x) {{ {{ SELECT * {{ {CROSS} }} ORDER BY ?l }} }}",
    "lateral values": f"SELECT (COUNT(*) AS ?x) {{ VALUES ?v {{ 1 2 3 4 5 }} {MORE} }}",
    "bind": f"SELECT (COUNT(?y) AS ?x) {{ {MORE} BIND(SHA512(STR(?a)) AS ?y) }}",
    "hashes": f"SELECT (MAX(SHA512(CONCAT(STR(?a), STR(?d)))) AS ?x) {{ {MORE} }}",
    "random numbers": f"SELECT (SUM(RAND()) AS ?x) {{ {MORE} }}",
    "new blank nodes": f"SELECT (COUNT(DISTINCT ?y) AS ?x) {{ {MORE} BIND(BNODE() AS ?y) }}",
    "new UUIDs": f"SELECT (COUNT(DISTINCT ?y) AS ?x) {{ {MORE} BIND(UUID() AS ?y) }}",
    "graphs crossed": "SELECT (COUNT(*) AS ?x) { GRAPH ?u { ?a ?b ?c } GRAPH ?v { ?d ?e ?f } GRAPH ?w { ?g ?h ?i } }",
    "the default graph asked for as many": f"SELECT (COUNT(*) AS ?x) {{ GRAPH ?g {{ {MORE} }} }}",
    "regular expressions": f"SELECT (COUNT(*) AS ?x) {{ {MORE} FILTER(REGEX(STR(?c), '(a|b|ab)*c')) }}",
    "a negated set of paths": f"SELECT (COUNT(*) AS ?x) {{ ?a !(cg:x|cg:y)* ?b . ?c !(cg:x)* ?d . {CROSS} }}",
    "closures of closures": "SELECT (COUNT(*) AS ?x) { ?a (!cg:x|^!cg:x)* ?b . ?b (!cg:x|^!cg:x)* ?c }",
    "a closure both ways": "SELECT (COUNT(*) AS ?x) { ?a (!cg:x|^!cg:x)+ ?b . ?c (!cg:x|^!cg:x)+ ?d }",
    "a path between all": "SELECT (COUNT(*) AS ?x) { ?a (!cg:x)/(!cg:x|^!cg:x)*/(!cg:x) ?b . ?b (!cg:y)* ?c }",
    "distinct in a group": f"SELECT ?a (COUNT(DISTINCT ?f) AS ?x) {{ {MORE} }} GROUP BY ?a ORDER BY ?x",
}

LONG: Final = ("count of a cross product", "sum", "average", "least", "greatest", "random numbers")
"""These hold next to nothing, so that only the clock can end them."""

LATE: Final = {
    "rows without end": f"SELECT * {{ {CROSS} }}",
    "triples without end": f"CONSTRUCT {{ ?a ?e ?l }} WHERE {{ {CROSS} }}",
    "distinct rows without end": f"SELECT DISTINCT * {{ {CROSS} }}",
    "reduced rows without end": f"SELECT REDUCED * {{ {CROSS} }}",
    "rows of everything joined by values": f"SELECT * {{ VALUES ?z {{ {'1 ' * 4_000} }} {CROSS} }}",
    "new blank nodes without end": f"CONSTRUCT {{ [] ?e [] }} WHERE {{ {CROSS} }}",
}
"""Their first rows come at once, so that the status is 200 and the answer is cut at the deadline."""


def doubled(step: str, start: str, times: int) -> str:
    """A chain of BINDs, each of which has twice the text of the one before."""
    chain = f"BIND({start} AS ?a0) " + "".join(
        f"BIND({step.format(f'?a{place}')} AS ?a{place + 1}) " for place in range(times)
    )
    return f"SELECT (STRLEN(STR(?a{times})) AS ?n) {{ {chain} }}"


GROWING: Final = {
    "CONCAT": doubled("CONCAT({0}, {0})", "'xxxxxxxxxxxxxxxx'", 40),
    "CONCAT of four": doubled("CONCAT({0}, {0}, {0}, {0})", "'xxxxxxxxxxxxxxxx'", 20),
    "CONCAT with a language": doubled("CONCAT({0}, {0})", "'xxxxxxxxxxxxxxxx'@en", 40),
    "REPLACE": doubled("REPLACE({0}, 'x', 'xxxxxxxx')", "'xxxxxxxxxxxxxxxx'", 14),
    "REPLACE by groups": doubled("REPLACE({0}, '(x)', '$1$1$1$1')", "'xxxxxxxxxxxxxxxx'", 20),
    "REPLACE of nothing": doubled("REPLACE({0}, '$', {0})", "'xxxxxxxxxxxxxxxx'", 40),
    "ENCODE_FOR_URI": doubled("ENCODE_FOR_URI(CONCAT({0}, {0}))", "'%%%%%%%%%%%%%%%%'", 30),
    "IRI": doubled("STR(IRI(CONCAT({0}, STR({0}))))", "'https://e.example/xxxxxxxxxxxxx'", 40),
    "STRDT": doubled("STR(STRDT(CONCAT({0}, {0}), xsd:string))", "'xxxxxxxxxxxxxxxx'", 40),
    "UCASE": doubled("UCASE(CONCAT({0}, {0}))", "'ßßßßßßßßßßßßßßßß'", 40),
    "GROUP_CONCAT": f"SELECT (STRLEN(GROUP_CONCAT(?t; SEPARATOR='{'x' * 20_000}')) AS ?n) {{ ?s ?p ?o . ?q ?r ?t }}",
    "GROUP_CONCAT of all": f"SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?d), STR(?g))) AS ?n) {{ {MORE} }}",
}

_VALUES: Final = " ".join(f"({n} {n} {n})" for n in range(5_000))


def cases() -> Iterator[Case]:
    """Each query once at the limit of the server or, mostly, at a shorter one of its own."""
    ways = (by_post, by_form)
    for place, (name, query) in enumerate(ENDLESS.items()):
        pairs = () if place % 8 == 0 else (("timeout", "0.25"),)
        raw = ways[place % 2](query, *pairs)
        if name in LONG:
            yield case("T3", name, raw, 504, problem="query-timed-out")
        else:
            yield case("T3", name, raw, 503, 504, why=KILLED)
    for name, query in LATE.items():
        yield case(
            "T3",
            name,
            by_post(query, ("timeout", "0.25")),
            200,
            503,
            504,
            why="cut after its beginning, or stopped before it",
        )
        yield case(
            "T3",
            f"{name}, as a page",
            by_get(query, ("format", "html"), ("timeout", "0.25"))
            if len(query) < 2_000
            else by_post(query, ("format", "html"), ("timeout", "0.25")),
            200,
            503,
            504,
            why=KILLED,
        )
    for name, query in GROWING.items():
        yield case(
            "T4", name, by_post(query), 200, 503, 504, why=f"{KILLED}; an error in an expression is an empty cell"
        )
    yield from _values()


def _values() -> Iterator[Case]:
    join = f"VALUES (?a ?b ?c) {{ {_VALUES} }}"
    yield case("T3", "large VALUES", by_post(f"SELECT (COUNT(*) AS ?n) {{ {join} }}"), 200)
    apart = " ".join(f"VALUES ?v{place} {{ {' '.join(map(str, range(600)))} }}" for place in range(8))
    query = f"SELECT (COUNT(*) AS ?n) {{ {apart} }}"
    yield case("T3", "VALUES crossed", by_post(query, ("timeout", "0.25")), 503, 504, why=KILLED)
    wide = " ".join(f"?v{place}" for place in range(2_000))
    query = f"SELECT * {{ VALUES ({wide}) {{ ({'1 ' * 2_000}) }} }}"
    yield case("T3", "a wide row", by_post(query), 200)
    for number in (0, 1, 10**9, 10**18, 2**63, 2**64, 10**30):
        query = f"SELECT * {{ ?s ?p ?o }} LIMIT 1 OFFSET {number}"
        yield case("T3", f"OFFSET {number}", by_post(query), *((400,) if number >= 2**64 else (200,)))
        query = f"ASK {{ {{ SELECT * {{ ?s ?p ?o }} LIMIT {number} }} }}"
        yield case("T3", f"LIMIT {number}", by_post(query), *((400,) if number >= 2**64 else (200,)))
