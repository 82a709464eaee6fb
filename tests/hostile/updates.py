"""T24: everything that would change the data, were there a way. There is none."""

from collections.abc import Iterator
from typing import Final

from hostile.case import ENCODINGS, FORM, SPARQL_UPDATE, Case, by_get, case, message, sparql

UPDATES: Final = {
    "INSERT DATA": "INSERT DATA { <a:a> <a:b> <a:c> }",
    "DELETE DATA": "DELETE DATA { <a:a> <a:b> <a:c> }",
    "DELETE WHERE": "DELETE WHERE { ?s ?p ?o }",
    "DELETE INSERT": "DELETE { ?s ?p ?o } INSERT { ?s ?p 1 } WHERE { ?s ?p ?o }",
    "WITH": "WITH <a:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    "CLEAR": "CLEAR ALL",
    "CLEAR SILENT": "CLEAR SILENT DEFAULT",
    "DROP": "DROP ALL",
    "CREATE": "CREATE GRAPH <a:g>",
    "ADD": "ADD DEFAULT TO <a:g>",
    "MOVE": "MOVE <a:g> TO DEFAULT",
    "COPY": "COPY DEFAULT TO <a:g>",
    "lower case": "insert data { <a:a> <a:b> <a:c> }",
    "after a comment": "# SELECT * {}\nDROP ALL",
    "after PREFIX": "PREFIX a: <a:> DROP ALL",
    "after BASE": "BASE <https://e.example/> DROP ALL",
    "two": "CLEAR ALL ; INSERT DATA { <a:a> <a:b> <a:c> }",
    "without spaces": "DELETE{?s?p?o}WHERE{?s?p?o}",
}
METHODS: Final = ("PUT", "DELETE", "PATCH", "POST")
PATHS: Final = (
    "/",
    "/ns",
    "/graph",
    "/graph/curated",
    "/graph/source/none",
    "/id/cluster/lombardy-energy",
    "/doc/cluster/lombardy-energy.ttl",
    "/queries",
    "/queries/clusters",
    "/queries/clusters.csv",
    "/browse/cluster",
    "/health/live",
    "/openapi.json",
    "/static/style.css",
)
_TURTLE: Final = b"<a:a> <a:b> <a:c> ."


def cases() -> Iterator[Case]:
    """Updates where queries go, updates where updates would go, and writing methods everywhere."""
    for name, text in UPDATES.items():
        for way, send in ENCODINGS.items():
            yield case("T24", f"{name} as a query by {way}", send(text), 403, problem="query-refused")
        raw = message("POST", "/sparql", [("Content-Type", SPARQL_UPDATE)], text.encode())
        yield case("T24", f"{name} as an update", raw, 403, problem="query-refused")
    yield from _as_parameter()
    for path in PATHS:
        for method in METHODS:
            raw = message(method, path, [("Content-Type", "text/turtle")], _TURTLE)
            yield case("T24", f"{method} {path}", raw, 405, problem="method-not-allowed")
    for method in ("PUT", "DELETE", "PATCH"):
        raw = message(method, "/sparql?default", [("Content-Type", "text/turtle")], _TURTLE)
        yield case("T24", f"{method} /sparql", raw, 405, problem="method-not-allowed")
    for path in ("/update", "/sparql/update", "/sparql/statements", "/data", "/upload", "/admin", "/rdf-graph-store"):
        raw = message("POST", path, [("Content-Type", SPARQL_UPDATE)], b"DROP ALL")
        yield case("T24", f"POST {path}", raw, 404, problem="not-found")


def _as_parameter() -> Iterator[Case]:
    drop = "DROP ALL"
    yield case("T24", "update in an address", message("GET", sparql(("update", drop))), 403, problem="query-refused")
    raw = message("POST", "/sparql", [("Content-Type", FORM)], b"update=DROP+ALL")
    yield case("T24", "update in a form", raw, 403, problem="query-refused")
    yield case("T24", "update beside a query", by_get("ASK {}", ("update", drop)), 403, problem="query-refused")
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        raw = message("POST", "/queries/clusters", [(header, "GET"), ("Content-Type", FORM)], b"")
        yield case("T24", f"a method hidden in {header}", raw, 405, problem="method-not-allowed")
        raw = message("GET", "/graph/curated", [(header, "DELETE"), ("Accept", "text/turtle")])
        yield case("T24", f"a deletion hidden in {header}", raw, 200)
    raw = message("POST", "/queries/clusters?_method=DELETE", [("Content-Type", FORM)], b"_method=DELETE")
    yield case("T24", "a method hidden in a form", raw, 405, problem="method-not-allowed")
    for name in ("using-graph-uri", "using-named-graph-uri"):
        pairs = (("update", "DELETE WHERE { ?s ?p ?o }"), (name, "https://w3id.org/clustergraph/graph/curated"))
        yield case("T24", f"update with {name}", message("GET", sparql(*pairs)), 403, problem="query-refused")
