"""The short way answers as the framework does, whatever the request and however it comes."""

import asyncio
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from clustergraph.web.connection import BoundedProtocol
from hostile_queries import seeded
from wire import Connection, Said, Taken, answers, exchange, served

NAMES = "SELECT ?x WHERE { ?s skos:prefLabel ?x } ORDER BY ?x"
TALL = "SELECT * { ?x ?b ?c . ?d ?e ?f }"
NOTHING = "SELECT ?x { ?x <http://nowhere.example/> 1 }"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Row(NamedTuple):
    """One request; `{}` stands for a name that is new each time. `is_direct`: whether the short way must take it."""

    raw: bytes
    is_direct: bool | None = None


def named(text: str) -> str:
    """The text with a variable of a name that occurs nowhere else."""
    return text.replace("?x", "?xxx").replace("%3Fx", "%3Fxxx")


def get(query: str, *lines: str, more: str = "", path: str = "/sparql", encode: object = quote) -> bytes:
    assert callable(encode)
    target = f"{path}?query={encode(named(query))}{more}"
    return message(f"GET {target} HTTP/1.1", "Host: localhost", *lines)


def message(*lines: str, body: bytes = b"") -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n" + body


def post(body: str, *lines: str, media: str = "application/sparql-query", length: object = None) -> bytes:
    sent = named(body).encode()
    length = len(sent) if length is None else length
    kind = (f"Content-Type: {media}",) if media else ()
    return message("POST /sparql HTTP/1.1", "Host: a", *kind, f"Content-Length: {length}", *lines, body=sent)


def form(*pairs: tuple[str, str]) -> str:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)


FORM = "application/x-www-form-urlencoded"
ACCEPTS = [
    *("application/sparql-results+json", "text/csv", "text/tab-separated-values", "application/sparql-results+xml"),
    *("*/*", "text/*", "text/*;q=0.3, application/xml", "application/json", "text/turtle", "text/csv;q=0", "image/png"),
    *(
        BROWSER,
        "text/csv, text/html;q=0.1",
        "text/html;q=0.1, text/csv",
        ", ,text/csv",
        "TEXT/CSV",
        "text/csv;q=2",
        ";",
    ),
    *("text/csv;header=present", 'text/csv;x=",";q=0.5, application/sparql-results+xml', "text", "a/b" + ",a/b" * 300),
]
CODINGS = [
    *("gzip", "br", "zstd", "gzip, deflate, br, zstd", "identity", "*", "*;q=0", "identity;q=0, gzip;q=0.1", "x-gzip"),
    *("gzip;q=0", "gzip;q=0.5, br;q=0.4", "GZIP", "deflate", "", "gzip;q=x", "br;q=0, *;q=0.1"),
]
TYPES = [
    *("application/sparql-query; charset=utf-8", "application/sparql-query;charset=UTF8", "Application/SPARQL-Query"),
    *(
        "application/sparql;charset=utf-8-query",
        "application/sparql-query; charset=latin-1",
        "application/sparql-query;",
    ),
    *('application/sparql-query; charset="utf-8"', "application/sparql-query; charset=utf-8; charset=latin-1"),
    *(
        "application/sparql-update",
        "text/plain",
        "",
        "application/sparql-query, text/plain",
        "application/sparql-query ;a=b",
    ),
]
QUERIES = {
    "ask": "ASK { ?x ?p ?o }",
    "construct": "CONSTRUCT { ?x ?p ?o } WHERE { ?x ?p ?o FILTER(ISIRI(?o)) }",
    "construct with new nodes": "CONSTRUCT { ?x ?p [] } WHERE { ?x ?p ?o FILTER(ISLITERAL(?o)) }",
    "describe": "DESCRIBE ?x { ?x a cg:NationalCluster }",
    "glued": "PREFIX : <http://a/> DESCRIBE:x",
    "random": "SELECT (0 * RAND() AS ?x) {}",
    "syntax": "SELECT * { ?x ?p }",
    "long syntax": "SELECT * { ?x ?p '" + "\u200b" * 119 + "' ",
    "service": "SELECT * { SERVICE <http://a/> { ?x ?p ?o } }",
    "update": "DROP ALL # ?x",
    "nothing": "",
    "nested": "SELECT ?x {" + "{" * 70 + "}" * 70 + "}",
    "non-ASCII": "SELECT ?x { ?x ?p 'città' }",
    "unknown prefix": "SELECT ?x { ?x nobody:p 1 }",
    "tall": TALL,
    "no rows": NOTHING,
    "newlines": "SELECT ?x\r\nWHERE {\r\n ?x ?p 12 }\r\n",
    "comment": "SELECT ?x { ?x ?p 12 } # the end",
    "NUL": "SELECT ?x { ?x ?p '\0' }",
}


def rows() -> Iterator[tuple[str, Row]]:
    yield "plain", Row(get(NAMES), True)
    for name, query in QUERIES.items():
        yield f"get {name}", Row(get(query))
        yield f"post {name}", Row(post(query))
        yield f"form {name}", Row(post(form(("query", query)), media=FORM))
        yield f"page {name}", Row(get(query, f"Accept: {BROWSER}"), False)
        yield f"half a page {name}", Row(get(query, "Accept: text/csv, text/html;q=0.5"))
        yield f"half a graph {name}", Row(get(query, "Accept: text/turtle, text/html;q=0.5"))
    for accept in ACCEPTS:
        yield f"Accept {accept[:60]}", Row(get(NAMES, f"Accept: {accept}"))
        yield f"Accept of a graph {accept[:60]}", Row(get(QUERIES["construct"], f"Accept: {accept}"))
        yield f"Accept of no query {accept[:60]}", Row(get("SELECT * { ?x", f"Accept: {accept}", "Accept-Encoding: br"))
    for coding in CODINGS:
        for query in (NAMES, TALL, NOTHING, "SELECT * { ?x"):
            yield f"Accept-Encoding {coding} {query[:20]}", Row(get(query, f"Accept-Encoding: {coding}"))
        yield f"POST Accept-Encoding {coding}", Row(post(TALL, f"Accept-Encoding: {coding}"), True)
    for media in TYPES:
        yield f"Content-Type {media}", Row(post(NAMES, media=media))
        yield (
            f"form Content-Type {media}",
            Row(post(form(("query", NAMES)), media=media.replace("sparql-query", FORM[12:]))),
        )
    yield from odd_rows()


def odd_rows() -> Iterator[tuple[str, Row]]:
    graphs = "&default-graph-uri=" + quote("https://w3id.org/clustergraph/graph/curated", safe="")
    one_line = get(NAMES)[:-2]
    odd = {
        "plus": get(NAMES, encode=quote_plus),
        "everything encoded": get("".join(f"%{ord(one):02X}" for one in "ASK { ?s ?p ") + "?x }", encode=str),
        "lower-case hex": get(NAMES, encode=lambda text: quote(text).lower()),
        "broken percent": get("ASK%2%zz{?x?p?o}", encode=str),
        "not UTF-8": get("ASK%FF{?x}", encode=str),
        "quotes raw": get('SELECT?x{?x?p"a"}', encode=str),
        "braces raw": get("ASK{?x?p?o}", encode=str),
        "8-bit in the address": get("ASK\xe9{?x}", encode=str),
        "fragment": get("ASK{?x?p?o}#a", encode=str),
        "space in the address": get("ASK {?x?p?o}", encode=str),
        "no query": message("GET /sparql HTTP/1.1", "Host: a"),
        "no query, question mark": message("GET /sparql? HTTP/1.1", "Host: a"),
        "empty query": message("GET /sparql?query= HTTP/1.1", "Host: a"),
        "two queries": get(NAMES, more="&query=ASK{}"),
        "update beside": get(NAMES, more="&update=a"),
        "unknown parameter": get(NAMES, more="&a=b&c"),
        "semicolons": get(NAMES, more=";format=csv"),
        "format csv": get(NAMES, more="&format=csv"),
        "format CSV": get(NAMES, more="&format=CSV"),
        "format html": get(NAMES, more="&format=html"),
        "format unknown": get(NAMES, more="&format=nothing"),
        "format empty": get(NAMES, more="&format="),
        "format of a graph": get(NAMES, more="&format=turtle"),
        "format over Accept": get(NAMES, "Accept: image/png", more="&format=csv"),
        "timeout": get(NAMES, more="&timeout=5"),
        "timeout nought": get(NAMES, more="&timeout=0"),
        "timeout empty": get(NAMES, more="&timeout="),
        "timeouts": get(NAMES, more="&timeout=5&timeout=5"),
        "graph": get(NAMES, more=graphs),
        "graphs": get(NAMES, more=graphs + graphs.replace("curated", "inferred")),
        "named graph": get("SELECT ?x { GRAPH ?x {} }", more=graphs.replace("default", "named")),
        "graph that is none": get(NAMES, more="&default-graph-uri=a"),
        "many parameters": get(NAMES, more="&a" * 201),
        "long address": get(NAMES + "#" + "a" * 9_000),
        "address at the limit": get("ASK{?x?p?o}#".replace("#", "%23") + "a" * (8_192 - 31), encode=str),
        "slashes": message("GET //sparql?query=ASK%20{} HTTP/1.1", "Host: a"),
        "encoded path": message("GET /%73parql?query=ASK%20{} HTTP/1.1", "Host: a"),
        "upper-case path": message("GET /SPARQL?query=ASK%20{} HTTP/1.1", "Host: a"),
        "path below": message("GET /sparql/?query=ASK%20{} HTTP/1.1", "Host: a"),
        "absolute": message("GET http://a/sparql?query=ASK%20{} HTTP/1.1", "Host: a"),
        "other page": message("GET /ns HTTP/1.1", "Host: a", "Accept: text/turtle", "Accept-Encoding: gzip"),
        "home": message("GET / HTTP/1.1", "Host: a"),
        "nowhere": message("GET /nowhere?x HTTP/1.1", "Host: a"),
        "health": message("GET /health/live HTTP/1.1", "Host: a"),
        "entity": message("GET /doc/cluster/alpha.ttl HTTP/1.1", "Host: a", "Accept-Encoding: br"),
        "catalogue": message("GET /queries/clusters.csv HTTP/1.1", "Host: a"),
        "POST to a page": message("POST / HTTP/1.1", "Host: a"),
        "lower-case names": get(NAMES, "accept: text/csv"),
        "odd case": get(NAMES, "aCCEPT: text/csv"),
        "no space": get(NAMES, "Accept:text/csv"),
        "tabs": get(NAMES, "Accept:\t text/csv \t"),
        "empty Accept": get(NAMES, "Accept:"),
        "two Accepts": get(NAMES, "Accept: image/png", "Accept: text/csv"),
        "two Accepts, one empty": get(NAMES, "Accept:", "Accept: text/csv"),
        "two Accept-Encodings": get(TALL, "Accept-Encoding: gzip", "Accept-Encoding: br"),
        "two Accept-Encodings, one refused": get(TALL, "Accept-Encoding: gzip;q=0", "Accept-Encoding: br;q=0"),
        "two hosts": get(NAMES, "Host: b"),
        "no host": message(f"GET /sparql?query={quote(NAMES)} HTTP/1.1", "A: b"),
        "no header": message(f"GET /sparql?query={quote(NAMES)} HTTP/1.1"),
        "keep-alive": get(NAMES, "Connection: Keep-Alive"),
        "close": get(NAMES, "Connection: close"),
        "connection of two": get(NAMES, "Connection: keep-alive, foo"),
        "upgrade": get(NAMES, "Connection: upgrade", "Upgrade: h2c"),
        "expect": get(NAMES, "Expect: 100-continue"),
        "unknown expectation": get(NAMES, "Expect: a"),
        "trailers": get(NAMES, "TE: trailers"),
        "range": get(NAMES, "Range: bytes=0-1"),
        "origin": get(NAMES, "Origin: https://a.example"),
        "odd name": get(NAMES, "!#$%&'*+-.^_`|~0: a"),
        "name with a space": get(NAMES, "Accept : text/csv"),
        "folded": get(NAMES, "A: b", " c"),
        "8-bit value": get(NAMES, "A: \xff"),
        "8-bit Accept": get(NAMES, "Accept: text/csv;a=\xff"),
        "control character": get(NAMES, "A: \x01"),
        "delete character": get(NAMES, "A: \x7f"),
        "NUL": get(NAMES, "A: b\0c"),
        "bare CR": one_line + b"A: b\rc\r\n\r\n",
        "bare LF": one_line + b"A: b\nC: d\r\n\r\n",
        "only LF": get(NAMES).replace(b"\r\n", b"\n"),
        "leading line": b"\r\n" + get(NAMES),
        "many leading lines": b"\r\n" * 5 + get(NAMES),
        "two spaces": get(NAMES).replace(b" HTTP", b"  HTTP"),
        "tab": get(NAMES).replace(b" HTTP", b"\tHTTP"),
        "lower-case method": get(NAMES).replace(b"GET", b"get"),
        "unknown method": get(NAMES).replace(b"GET", b"FETCH"),
        "PUT": get(NAMES).replace(b"GET", b"PUT"),
        "OPTIONS": get(NAMES).replace(b"GET", b"OPTIONS"),
        "HTTP/1.0": get(NAMES).replace(b"HTTP/1.1", b"HTTP/1.0"),
        "HTTP/1.0 tall": get(TALL).replace(b"HTTP/1.1", b"HTTP/1.0"),
        "HTTP/1.0 keep-alive": get(NAMES, "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
        "HTTP/2": get(NAMES).replace(b"HTTP/1.1", b"HTTP/2.0"),
        "HTTP/1.2": get(NAMES).replace(b"HTTP/1.1", b"HTTP/1.2"),
        "version of letters": get(NAMES).replace(b"HTTP/1.1", b"HTTP/a.b"),
        "GET with a body": message("GET /sparql?query=ASK%20{} HTTP/1.1", "Host: a", "Content-Length: 3", body=b"abc"),
        "GET with a form": message(
            "GET /sparql?query=ASK%20{} HTTP/1.1", "Host: a", f"Content-Type: {FORM}", "Content-Length: 3", body=b"a=b"
        ),
        "GET with the type of a query": get(NAMES, "Content-Type: application/sparql-query"),
        "POST of nothing": message(f"POST /sparql?query={quote(NAMES)} HTTP/1.1", "Host: a", "Content-Length: 0"),
        "POST without length": message(f"POST /sparql?query={quote(NAMES)} HTTP/1.1", "Host: a"),
        "POST of an empty form": message(
            f"POST /sparql?query={quote(NAMES)} HTTP/1.1", "Host: a", f"Content-Type: {FORM}", "Content-Length: 0"
        ),
        "POST of both": post(form(("query", NAMES)), media=FORM).replace(b"/sparql", b"/sparql?query=ASK"),
        "POST with parameters beside": post(NAMES).replace(b"/sparql ", b"/sparql?format=csv "),
        "POST compressed": post(NAMES, "Content-Encoding: gzip"),
        "POST with Expect": post(NAMES, "Expect: 100-continue"),
        "POST to the home page": post(NAMES).replace(b"/sparql ", b"/ "),
        "form with format": post(form(("query", NAMES), ("format", "csv")), media=FORM),
        "form with a graph": post(form(("query", NAMES), ("named-graph-uri", "urn:a")), media=FORM),
        "form twice": post(form(("query", NAMES), ("query", NAMES)), media=FORM),
        "form with update": post(form(("update", "DROP ALL")), media=FORM),
        "form not UTF-8": post("query=%FF", media=FORM),
        "POST known": post(NAMES, "If-None-Match: *"),
        "length of leading noughts": post(NAMES, length=f"000{len(NAMES)}"),
        "length with a sign": post(NAMES, length=f"+{len(NAMES)}"),
        "negative length": post(NAMES, length="-1"),
        "huge length": post(NAMES, length="9" * 30),
        "length in hex": post(NAMES, length="0x10"),
        "length with a comma": post(NAMES, length=f"{len(NAMES)}, {len(NAMES)}"),
        "two lengths": post(NAMES, f"Content-Length: {len(NAMES)}"),
        "two other lengths": post(NAMES, "Content-Length: 3"),
        "empty length": post(NAMES, length=""),
        "length and chunks": post(NAMES, "Transfer-Encoding: chunked"),
        "chunks": message(
            "POST /sparql HTTP/1.1",
            "Host: a",
            "Content-Type: application/sparql-query",
            "Transfer-Encoding: chunked",
            body=b"6\r\nASK {}\r\n0\r\n\r\n",
        ),
        "known to all": get(NAMES, "If-None-Match: *"),
        "known otherwise": get(NAMES, 'If-None-Match: "a", W/"b"'),
        "nothing": b"",
        "only a line": b"\r\n\r\n",
        "no HTTP": b"hello\r\n\r\n",
        "TLS": bytes.fromhex("16030100c8010000c40303"),
        "HTTP/0.9": b"GET /sparql\r\n\r\n",
        "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    }
    for name, raw in odd.items():
        yield name, Row(raw)


ROWS = dict(rows())


def renamed(raw: bytes, number: int) -> bytes:
    """The request with another variable, so that no cache knows it."""
    letters = "".join(chr(97 + number // 26**place % 26) for place in range(3))
    return raw.replace(b"xxx", letters.encode())


def seen(written: bytes, is_closed: bool) -> object:
    """What came back, with the nodes that have other names each time under one name."""
    try:
        said = answers(written)
    except ValueError:
        return written, is_closed
    return [(one.status, *_without_names(one)) for one in said], is_closed


def _without_names(said: Said) -> tuple[object, bytes]:
    body = re.sub(rb"_:[0-9a-f]+", b"_:", said.body)
    return [one for one in said.headers if body == said.body or one[0] != b"content-length"], body


def slow_way(raw: bytes) -> bytes:
    """The same request with a header line that only the framework reads."""
    return raw.replace(b" HTTP/1.1\r\n", b" HTTP/1.1\r\nTE: trailers\r\n", 1)


def test_every_request_is_answered_as_the_framework_answers_it(tmp_path: Path) -> None:
    numbers = itertools.count()
    differing: dict[str, object] = {}
    direct: dict[str, list[int]] = {}

    async def compare(name: str, raw: bytes, apps: list) -> None:  # type: ignore[type-arg]
        short, long = apps
        before = Taken.taken
        counts = []
        for how in ("cold", "warm", "hot"):
            ours = seen(*await exchange(short, Taken, [raw]))
            theirs = seen(*await exchange(long, BoundedProtocol, [raw]))
            counts.append(Taken.taken - before)
            if ours != theirs:
                differing[f"{name}, {how}"] = ours, theirs
        direct[name] = counts

    async def within() -> None:
        async with served(tmp_path, 2) as (apps, _):
            for name, row in ROWS.items():
                await compare(name, renamed(row.raw, next(numbers)), apps)

    asyncio.run(within())

    assert len(ROWS) > 300
    assert differing == {}
    assert [name for name, row in ROWS.items() if row.is_direct is True and direct[name] != [1, 2, 3]] == []
    assert [name for name, row in ROWS.items() if row.is_direct is False and direct[name][0] != 0] == []
    assert sum(counts[0] for counts in direct.values()) > 100
