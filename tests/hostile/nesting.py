"""T1: brackets, signs and clauses inside one another, until a recursive parser has no stack left."""

from collections.abc import Iterator
from typing import Final

from hostile.case import Case, by_post, case

DEPTHS: Final = (10, 100, 1_000, 20_000, 1_000_000)
"""The first is allowed; the others are over a limit of nesting, of tokens or of bytes."""

_S: Final = "ASK { ?s ?p ?o FILTER("

SHAPES: Final[dict[str, tuple[str, str, str, str, str]]] = {
    # beginning, opened each time, the middle, closed each time, end
    "groups": ("ASK ", "{", "", "}", ""),
    "groups with a pattern": ("ASK {", "{ ?s ?p ?o . ", "", "}", "}"),
    "optional": ("ASK {", "OPTIONAL { ?s ?p ?o ", "", "}", "}"),
    "minus": ("ASK { ?s ?p ?o ", "MINUS { ?s ?p ?o ", "", "}", "}"),
    "union": ("ASK {", "{ ?s ?p ?o } UNION {", "", "}", "}"),
    "graph": ("ASK {", "GRAPH ?g {", "", "}", "}"),
    "graph of an IRI": ("ASK {", "GRAPH <https://e.example/> {", "", "}", "}"),
    "exists": ("ASK {", "FILTER EXISTS {", "", "}", "}"),
    "not exists": ("ASK {", "FILTER NOT EXISTS {", "", "}", "}"),
    "exists and not": ("ASK {", "FILTER(!EXISTS {", "", "})", "}"),
    "sub-select": ("ASK {", "{ SELECT * {", "", "}}", "}"),
    "sub-select of distinct rows": ("ASK {", "{ SELECT DISTINCT * {", "", "}}", "}"),
    "sub-select with having": ("ASK {", "{ SELECT (COUNT(*) AS ?n) {", "", "} HAVING(COUNT(*) > 0)}", "}"),
    "parentheses": (_S, "(", "1", ")", ") }"),
    "not in parentheses": (_S, "!(", "1", ")", ") }"),
    "minus in parentheses": (_S, "-(", "1", ")", ") }"),
    "sum": (_S, "1+(", "1", ")", ") }"),
    "product": (_S, "1*(", "1", ")", ") }"),
    "comparison": (_S, "1=(", "1", ")", ") }"),
    "and": (_S, "true&&(", "true", ")", ") }"),
    "or": (_S, "false||(", "true", ")", ") }"),
    "in": (_S, "1 IN (", "1", ")", ") }"),
    "not in": (_S, "1 NOT IN (", "1", ")", ") }"),
    "IF": (_S, "IF(true,", "1", ",1)", ") }"),
    "COALESCE": (_S, "COALESCE(", "1", ")", ") }"),
    "STR": (_S, "STR(", "1", ")", ") }"),
    "CONCAT": (_S, "CONCAT('a',", "'b'", ")", ") }"),
    "casts": (_S, "xsd:integer(", "1", ")", ") }"),
    "ABS": (_S, "ABS(", "1", ")", ") }"),
    "BIND": ("ASK { BIND(", "(", "1", ")", " AS ?x) }"),
    "projection": ("SELECT (", "(", "1", ")", " AS ?x) {}"),
    "having": ("SELECT (1 AS ?x) {} HAVING(", "(", "1", ")", ")"),
    "order": ("SELECT * { ?s ?p ?o } ORDER BY (", "(", "1", ")", ") LIMIT 1"),
    "group": ("SELECT (1 AS ?x) {} GROUP BY (", "(", "1", ")", " AS ?y)"),
    "collections": ("ASK { ?s ?p ", "(", "1", ")", " }"),
    "blank nodes": ("ASK { ?s ?p ", "[ ?p ", "1", "]", " }"),
    "collections of blank nodes": ("ASK { ?s ?p ", "([ ?p ", "1", "])", " }"),
    "path": ("ASK { ?s ", "(", "cg:a", ")", " ?o }"),
    "path with stars": ("ASK { ?s ", "(", "cg:a", ")*", " ?o }"),
    "path with pluses": ("ASK { ?s ", "(", "cg:a", ")+", " ?o }"),
    "path with options": ("ASK { ?s ", "(", "cg:a", ")?", " ?o }"),
    "inverse path": ("ASK { ?s ", "^(", "cg:a", ")", " ?o }"),
    "alternatives": ("ASK { ?s ", "(cg:b|", "cg:a", ")", " ?o }"),
    "sequence": ("ASK { ?s ", "(cg:b/", "cg:a", ")", " ?o }"),
    "aggregates": ("SELECT (SUM(", "(", "?o", ")", ") AS ?x) { ?s ?p ?o }"),
    "construct": ("CONSTRUCT { ?s ?p ", "[ ?p ", "1", "]", " } WHERE { ?s ?p ?o } LIMIT 1"),
    "describe": ("DESCRIBE ?s { ?s ?p ?o ", "{ ?s ?p ?o }{", "", "}", "} LIMIT 1"),
    "triple terms": ("ASK { ?s ?p ", "<<( ?s ?p ", "1", ")>>", " }"),
    "reified triples": ("ASK { ", "<< ", "?s ?p 1", " >> ?p 1 . ?s ?p 1", " }"),
}

WITHOUT_END: Final = ("{", "(", "[", "<<", "ASK{", "OPTIONAL{", "FILTER(", "!", "-", "+", "^", "!^(", "(|(", "<<(")
"""What is opened and never closed."""


def cases() -> Iterator[Case]:
    """Every shape at every depth, and brackets without an end."""
    for name, (beginning, opening, middle, closing, end) in SHAPES.items():
        for depth in DEPTHS:
            if name == "reified triples" and depth == DEPTHS[0]:
                continue  # no query at all: only ever sent to break
            query = f"{beginning}{opening * depth}{middle}{closing * depth}{end}"
            size = len(query.encode())
            if depth == DEPTHS[0]:
                yield case("T1", f"{name}, {depth} deep", by_post(query), 200)
            elif size <= 4_000_000:  # more is only more of the same
                yield case("T1", f"{name}, {depth} deep", by_post(query), 413, problem="query-too-large")
    for text in WITHOUT_END:
        for depth in (100, 30_000):
            yield case(
                "T1",
                f"{depth} times {text} without end",
                by_post(f"ASK {{ ?s ?p ?o FILTER({text * depth}"),
                413,
                400,
                why="over a limit (413), or a bracket that cannot stand there is found first (400)",
            )
