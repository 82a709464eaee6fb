"""The short way answers as the framework does, whatever the request and however it comes."""

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

import pytest
import uvicorn
from fastapi import FastAPI

from clustergraph.errors import Busy, ClusterGraphError, NotFound, OverBudget
from clustergraph.jobs import Job
from clustergraph.processes import Worker
from clustergraph.web import connection, stalls
from clustergraph.web.connection import BoundedProtocol
from clustergraph.workers import WorkerPool
from hostile_queries import seeded
from wire import (
    PATIENCE_S,
    Connection,
    Said,
    Taken,
    Unfinished,
    answers,
    built,
    exchange,
    served,
    site_of,
    with_answers,
)

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
    for connection_lines in (["Connection: close"], ["connection:CLOSE"]):
        for query in (NAMES, TALL, NOTHING):
            yield f"{connection_lines} {query}", Row(get(query, *connection_lines), True)
            yield f"POST {connection_lines} {query}", Row(post(query, *connection_lines), True)
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
        "absolute, of no host": message("GET http://[ HTTP/1.1", "Host: a"),
        "absolute, of no port": message("GET http://localhost:x/ HTTP/1.1", "Host: a"),
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
        "close and keep": get(NAMES, "Connection: close", "Connection: keep-alive"),
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
        "OPTIONS of the server": message("OPTIONS * HTTP/1.1", "Host: a"),
        "GET of the server": message("GET * HTTP/1.1", "Host: a"),
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
    except Unfinished:
        return written, is_closed
    return [(one.status, *_without_names(one)) for one in said], is_closed


def _without_names(said: Said) -> tuple[object, bytes]:
    body = re.sub(rb"_:(?:\xe2\x80\xa6)?[0-9a-f]+", b"_:", said.body)  # a page shortens them
    return [one for one in said.headers if body == said.body or one[0] != b"content-length"], body


def counted(app: FastAPI) -> list[bytes]:
    """What the server has counted of requests and of queries."""
    names = (b"clustergraph_http_requests_total{", b"clustergraph_queries_total{")
    return [line for line in app.state.desk.meter.text().splitlines() if line.startswith(names)]


def test_every_request_is_answered_and_counted_as_by_the_framework(tmp_path: Path) -> None:
    numbers = itertools.count()
    differing: dict[str, object] = {}
    direct: dict[str, list[int]] = {}
    counts: list[list[bytes]] = []

    async def compare(name: str, raw: bytes, apps: list[FastAPI]) -> None:
        short, long = apps
        before = Taken.taken
        taken = []
        for how in ("cold", "warm", "hot"):
            ours = seen(*await exchange(short, Taken, [raw]))
            theirs = seen(*await exchange(long, BoundedProtocol, [raw]))
            taken.append(Taken.taken - before)
            if ours != theirs:
                differing[f"{name}, {how}"] = ours, theirs
        direct[name] = taken

    async def within() -> None:
        async with served(tmp_path, 2) as (apps, _):
            for name, row in ROWS.items():
                await compare(name, renamed(row.raw, next(numbers)), apps)
        counts.extend(counted(app) for app in apps)

    asyncio.run(within())

    assert len(ROWS) > 300
    assert counts[0] == counts[1]
    assert differing == {}
    assert [name for name, row in ROWS.items() if row.is_direct is True and direct[name] != [1, 2, 3]] == []
    assert [name for name, row in ROWS.items() if row.is_direct is False and direct[name][0] != 0] == []
    assert sum(taken[0] for taken in direct.values()) > 100


# However it comes

SEVERAL = {
    "kept": get(NAMES),
    "kept in a coding": get(TALL, "Accept-Encoding: gzip"),
    "new each time": get("SELECT (RAND() * 0 AS ?x) {}"),
    "tall and new each time": get(TALL + " # ?x BNODE()"),
    "body like a request": post("SELECT * { ?x ?p 'GET /sparql?query=ASK%20{} HTTP/1.1' }"),
    "form": post(form(("query", NAMES)), media=FORM),
    "form like a request": post("query=a&b=\r\n\r\nGET / HTTP/1.1\r\n\r\n", media=FORM),
    "elsewhere": message("GET /nowhere HTTP/1.1", "Host: a"),
    "without length": message("POST /sparql HTTP/1.1", "Host: a"),
    "chunks": message("POST /sparql HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", body=b"1\r\na\r\n0\r\n\r\n"),
    "syntax": get("SELECT * { ?x ?p }"),
    "leading line": b"\r\n" + get(NAMES),
}


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(places), len(raw)]
    return [raw[start:end] for start, end in itertools.pairwise(ends) if start < end]


def test_requests_cut_anywhere_and_sent_ahead_are_answered_in_their_order(tmp_path: Path) -> None:
    chosen = seeded(8)
    differing: dict[bytes, object] = {}
    before = Taken.taken

    async def within() -> None:
        async with served(tmp_path, 2) as (apps, _):
            for _ in range(2):  # the second time what can be kept is kept
                for raw in SEVERAL.values():
                    await exchange(apps[0], BoundedProtocol, [raw])
            kept = site_of(apps[0]).answers
            with_answers(apps[1], kept)
            alone = {
                name: answers((await exchange(apps[1], BoundedProtocol, [raw]))[0]) for name, raw in SEVERAL.items()
            }
            assert len(kept) > 3
            for _ in range(800):
                names = [chosen.choice(list(SEVERAL)) for _ in range(chosen.randint(1, 4))]
                raw = b"".join(SEVERAL[name] for name in names)
                ends = list(itertools.accumulate(len(SEVERAL[name]) for name in names))
                near = [end + chosen.randint(-3, 3) for end in ends if chosen.random() < 0.3]
                places = [*near, *(end for end in ends if chosen.random() < 0.6)]
                places += [chosen.randrange(len(raw)) for _ in range(chosen.randint(0, 2))]
                written, _ = await exchange(apps[0], Taken, cut(raw, [min(max(one, 0), len(raw)) for one in places]))
                expected = [said for name in names for said in alone[name]]
                if answers(written) != expected:
                    differing[raw] = [one.status for one in answers(written)], [one.status for one in expected]

    asyncio.run(within())

    assert differing == {}
    assert Taken.taken - before > 100


def test_a_request_cut_at_each_byte_is_answered_as_a_whole_one(tmp_path: Path) -> None:
    differing: list[tuple[str, int]] = []

    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            for name in ("kept", "form", "body like a request"):
                raw = SEVERAL[name]
                whole = await exchange(apps[0], BoundedProtocol, [raw])
                differing.extend(
                    [
                        (name, place)
                        for place in range(1, len(raw))
                        if seen(*await exchange(apps[0], Taken, [raw[:place], raw[place:]])) != seen(*whole)
                    ]
                )

    asyncio.run(within())

    assert differing == []


SPOILING = [
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b"\x80", b"\xff", b"\x7f", b"\x0b", b"#", b"?"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: -1\r\n", b"content-length:0\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: \x0bchunked\r\n"),
    *(b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"GET / HTTP/1.1\r\n", b" folded\r\n"),
    *(b"HTTP/1.0", b"HTTP/1.1\r\nHost: a\r\n\r\n", b"0\r\n\r\n", b"Expect: 100-continue\r\n", b"X: \r\n"),
]


def spoilt(raw: bytes, places: list[int], pieces: list[bytes]) -> bytes:
    for place, piece in zip(places, pieces, strict=True):
        raw = raw[:place] + piece + raw[place:]
    return raw


def test_no_request_is_read_in_two_ways(tmp_path: Path) -> None:
    chosen = seeded(9)
    differing: dict[bytes, object] = {}
    requests = [raw for name, raw in SEVERAL.items() if "tall" not in name]
    following = message("GET /health/live HTTP/1.1", "Host: a")

    def next_spoilt() -> bytes:
        raw = chosen.choice(requests)
        line_ends = [found.end() for found in re.finditer(rb"\r\n", raw)]
        places = [
            chosen.choice(line_ends) if chosen.random() < 0.6 else chosen.randrange(len(raw) + 1)
            for _ in range(chosen.randint(1, 2))
        ]
        return spoilt(raw, places, [chosen.choice(SPOILING) for _ in places])

    async def both(apps: list[FastAPI], segments: list[bytes]) -> None:
        said = []
        for app, kind in zip(apps, (Taken, BoundedProtocol), strict=True):
            one = Connection(app, kind)
            for segment in segments:
                await one.send(segment)
            said.append(seen(bytes(one.wire.written), one.wire.is_closed))
            one.lose()
        if said[0] != said[1]:
            differing[b"|".join(segments)] = said

    async def within() -> None:
        async with served(tmp_path, 2) as (apps, _):
            for _ in range(1_200):
                raw = next_spoilt()
                await both(
                    apps, [*cut(raw, [chosen.randrange(len(raw))] * (chosen.random() < 0.2)), following, following]
                )

    asyncio.run(within())

    assert differing == {}


def head(path: str, *lines: str) -> bytes:
    return message(f"POST {path} HTTP/1.1", "Host: a", *lines)


LENGTH = f"Content-Length: {len(get(NAMES))}"
HIDDEN = {
    "in a header line": [b"GET /nowhere HTTP/1.1\r\nHost: a\r\nX: ", get(NAMES)],
    "behind a header line without its end": [b"GET /nowhere HTTP/1.1\r\nHost: a\r", b"\nX: ", get(NAMES)],
    "in the address": [b"GET /nowhere?", get(NAMES)],
    "in a method": [b"G", get(NAMES)],
    "in a body": [head("/sparql", "Content-Type: application/sparql-query", LENGTH), get(NAMES)],
    "in a body that was answered before it came": [head("/nowhere", LENGTH), get(NAMES)],
    "in the rest of such a body": [head("/nowhere", f"Content-Length: {len(get(NAMES)) + 5}") + b"abcde", get(NAMES)],
    "in a form that was answered before it came": [head("/sparql", "Content-Type: text/plain", LENGTH), get(NAMES)],
    "in a chunk": [
        head("/nowhere", "Transfer-Encoding: chunked") + b"%x\r\n" % len(get(NAMES)),
        get(NAMES),
        b"\r\n0\r\n\r\n",
    ],
    "in trailers": [head("/nowhere", "Transfer-Encoding: chunked") + b"0\r\nX: ", get(NAMES)],
    "behind a connection to be closed": [head("/nowhere", "Connection: close"), get(NAMES)],
    "behind what no parser reads": [b"\x16\x03\x01", get(NAMES)],
}


@pytest.mark.parametrize("segments", HIDDEN.values(), ids=HIDDEN)
def test_what_looks_like_a_request_inside_of_another_is_none(tmp_path: Path, segments: list[bytes]) -> None:
    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            await exchange(apps[0], Taken, [get(NAMES)])  # so that it is kept
            before = Taken.taken
            said = []
            for kind in (Taken, BoundedProtocol):
                one = Connection(apps[0], kind)
                for segment in segments:
                    await one.send(segment)
                said.append(seen(bytes(one.wire.written), one.wire.is_closed))
                one.lose()

            assert said[0] == said[1]
            assert Taken.taken == before

    asyncio.run(within())


# From the first byte to the last

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?o ?q }"
BEFORE_SILENCE = "SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f }"
THEN_SILENT = f"SELECT ?a ?d {{ {{ {BEFORE_SILENCE} }} UNION {{ {ENDLESS} }} }}"
VAST = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
LONG_S = 50.0


async def until_replaced(pool: WorkerPool, gone: set[Worker]) -> None:
    """Waits until none of these workers is there any more; a test that waits in vain is ended by its patience."""
    while gone & set(pool._alive):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("query", [ENDLESS, THEN_SILENT, VAST], ids=["before an answer", "in a silence", "in a flood"])
def test_a_client_that_leaves_takes_its_worker_with_it_and_the_others_go_on(tmp_path: Path, query: str) -> None:
    async def within() -> None:
        async with served(tmp_path, time_limit_s=LONG_S, cpu_limit_s=600) as (apps, pool):
            (whole,) = answers((await exchange(apps[0], Taken, [get(BEFORE_SILENCE)]))[0])
            # The end of the document, and what it shares a piece with, come only after the silence.
            expected = {ENDLESS: 0, THEN_SILENT: (len(whole.body) - 100) // 65_536 * 65_536, VAST: 65_536}[query]
            worker = {one for one, lane in pool._alive.items() if lane is pool.open}
            before = Taken.taken
            one = Connection(apps[0], Taken, room=65_536 if query == VAST else 1 << 30)
            one.protocol.data_received(get(query))
            while len(one.wire.written) < expected:
                assert bytes(one.wire.written[:15]) in (b"", b"HTTP/1.1 200 OK"), bytes(one.wire.written)
                await asyncio.sleep(0.001)

            one.lose()
            await until_replaced(pool, worker)
            written, _ = await exchange(apps[0], Taken, [get(NAMES)])

            assert (Taken.taken - before, answers(written)[0].status) == (2, b"HTTP/1.1 200 OK")

    asyncio.run(within())


def test_a_client_that_leaves_pays_for_the_worker_that_had_to_be_ended(tmp_path: Path) -> None:
    async def within() -> None:
        async with served(tmp_path, time_limit_s=LONG_S, cpu_limit_s=600, budget_loopback=True) as (apps, pool):
            paid: list[str | None] = []
            budgets = apps[0].state.desk.budgets
            budgets.killed = lambda client, now_s: paid.append(client)
            for kind in (Taken, BoundedProtocol):
                await exchange(apps[0], kind, [get(NAMES)])
                while not pool.open.idle:
                    await asyncio.sleep(0.001)
                worker = {one for one, lane in pool._alive.items() if lane is pool.open}
                one = Connection(apps[0], kind)
                one.protocol.data_received(get(ENDLESS))
                while pool.open.idle:
                    await asyncio.sleep(0.001)
                one.lose()
                await until_replaced(pool, worker)

            assert paid == ["local", "local"]

    asyncio.run(within())


def test_an_answer_waits_for_a_client_that_reads_slowly_and_arrives_whole(tmp_path: Path) -> None:
    async def within() -> None:
        async with served(tmp_path, 2, time_limit_s=LONG_S) as (apps, pool):
            (whole,) = answers((await exchange(apps[1], Taken, [get(TALL)]))[0])
            (worker,) = [one for one, lane in pool._alive.items() if lane is pool.open]
            one = Connection(apps[0], Taken, room=65_536)
            one.protocol.data_received(get(TALL))
            while worker._transport.is_reading():
                await asyncio.sleep(0.001)

            assert one.wire.held < 1 << 18
            while not one.is_idle:
                one.wire.take()
                await asyncio.sleep(0)
            assert answers(one.wire.written) == [whole]
            assert worker in pool._alive
            assert worker._transport.is_reading()

    asyncio.run(within())


def test_a_client_that_takes_nothing_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "STALL_LIMIT_S", 0.05)

    async def within() -> None:
        async with served(tmp_path, time_limit_s=LONG_S, cpu_limit_s=600) as (apps, pool):
            for kind in (Taken, BoundedProtocol):
                while len(pool._alive) < 2:
                    await asyncio.sleep(0.001)
                worker = {one for one, lane in pool._alive.items() if lane is pool.open}
                one = Connection(apps[0], kind, room=65_536)
                one.protocol.data_received(get(VAST))
                while not one.wire.is_closed:
                    await asyncio.sleep(0.001)
                one.lose()
                with pytest.raises(Unfinished):
                    answers(one.wire.written)
                await until_replaced(pool, worker)

    asyncio.run(within())


def test_a_query_that_is_cancelled_while_nobody_reads_its_answer_is_over_at_once(tmp_path: Path) -> None:
    async def within() -> None:
        async with served(tmp_path, time_limit_s=LONG_S, cpu_limit_s=600) as (apps, pool):
            desk, query_id = apps[0].state.desk, "3f0c9d52-6b1e-4a57"
            (worker,) = [one for one, lane in pool._alive.items() if lane is pool.open]
            one = Connection(apps[0], BoundedProtocol, room=65_536)
            one.protocol.data_received(get(VAST, f"X-Query-Id: {query_id}"))
            while worker not in pool._alive or worker._transport.is_reading() or not one.wire.held:
                await asyncio.sleep(0.001)

            assert desk.running.cancel(query_id) == 1
            assert one.wire.is_lost
            one.lose()
            while len(desk.running):
                await asyncio.sleep(0.001)
            with pytest.raises(Unfinished):
                answers(one.wire.written)
            with pytest.raises(NotFound):
                desk.running.cancel(query_id)

    asyncio.run(within())


def test_a_client_that_reads_nothing_and_asks_on_has_no_more_than_a_few_answers_held_for_it(tmp_path: Path) -> None:
    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            (whole,) = answers((await exchange(apps[0], Taken, [get(TALL)]))[0])
            one = Connection(apps[0], Taken, room=65_536)
            for _ in range(200):
                one.protocol.data_received(get(TALL))
                await asyncio.sleep(0)

            assert 0 < one.wire.held < 3 * len(whole.body)
            one.lose()

    asyncio.run(within())


@pytest.mark.parametrize("query", [NAMES, TALL], ids=["whole", "stream"])
def test_a_server_that_stops_finishes_the_answer_under_way_and_closes(tmp_path: Path, query: str) -> None:
    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            one, idle = Connection(apps[0], Taken), Connection(apps[0], Taken)
            one.protocol.data_received(get(query))
            one.protocol.shutdown()
            idle.protocol.shutdown()
            assert (one.wire.is_closed, idle.wire.is_closed) == (False, True)
            await one.settle()

            assert (len(answers(one.wire.written)), one.wire.is_closed) == (1, True)

    asyncio.run(within())


@pytest.mark.parametrize("query", [NAMES, TALL, "SELECT * {"], ids=["whole", "stream", "error"])
def test_a_connection_that_asks_no_more_is_closed_after_a_direct_answer(tmp_path: Path, query: str) -> None:
    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            one = Connection(apps[0], Taken)
            one.protocol.timeout_keep_alive = 0.02  # type: ignore[assignment]  # whole seconds are too long for a test
            await one.send(get(query))
            while not one.wire.is_closed:
                await asyncio.sleep(0.001)

            assert len(answers(one.wire.written)) == 1

    asyncio.run(within())


@pytest.mark.parametrize("query", [NAMES, TALL, "SELECT * {"], ids=["whole", "stream", "error"])
@pytest.mark.parametrize("method", [get, post])
def test_nothing_is_answered_behind_a_request_that_was_to_be_the_last(
    tmp_path: Path, query: str, method: Callable[..., bytes]
) -> None:
    async def within() -> None:
        async with served(tmp_path, 2) as (apps, _):
            said = []
            for app, kind in zip(apps, (Taken, BoundedProtocol), strict=True):
                for _ in ("cold", "warm"):
                    one = Connection(app, kind)
                    await one.send(method(query, "Connection: close"))
                    await one.send(get(NAMES))
                    said.append(seen(bytes(one.wire.written), one.wire.is_closed))
                    assert len(answers(one.wire.written)) == 1
                    assert one.wire.is_closed

            assert said[:2] == said[2:]

    asyncio.run(within())


def test_options_of_the_server_as_a_whole_is_answered(tmp_path: Path) -> None:
    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            (said,) = answers((await exchange(apps[0], Taken, [message("OPTIONS * HTTP/1.1", "Host: a")]))[0])

            assert (said.status, said.header("allow")) == (b"HTTP/1.1 204 No Content", "GET, HEAD, OPTIONS")

    asyncio.run(within())


def test_the_clock_of_a_head_stops_with_a_direct_answer_and_starts_with_the_next_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME_LIMIT_S", 0.05)

    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            await exchange(apps[0], Taken, [get(NAMES)])
            one = Connection(apps[0], Taken)
            for query in (NAMES, TALL, NAMES):
                await one.send(get(query))
                assert one.protocol._head_timer is None
            one.protocol.data_received(b"GET /spar")
            while not one.wire.is_closed:
                await asyncio.sleep(0.001)

            assert len(answers(one.wire.written)) == 3

    asyncio.run(within())


@pytest.mark.parametrize("refused", [Busy("all are taken", retry_after_s=3), OverBudget("enough", retry_after_s=7)])
@pytest.mark.parametrize("accept", ["text/csv", "*/*", "image/png"])
def test_what_the_pool_refuses_is_told_the_short_way_in_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: ClusterGraphError, accept: str
) -> None:
    def submit(*_: object) -> Job:
        raise refused

    monkeypatch.setattr(WorkerPool, "submit", submit)

    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            before, raw = Taken.taken, get("ASK { ?s ?p ?o }", f"Accept: {accept}")
            ours = seen(*await exchange(apps[0], Taken, [raw]))
            taken = Taken.taken - before
            theirs = seen(*await exchange(apps[0], BoundedProtocol, [raw]))

            assert ours == theirs
            assert (taken, len(apps[0].state.desk.running)) == (int(accept != "image/png"), 0)

    asyncio.run(within())


@pytest.mark.parametrize("query", [NAMES, TALL, "SELECT * {", NOTHING])
def test_head_is_get_without_a_body(tmp_path: Path, query: str) -> None:
    async def within() -> None:
        async with served(tmp_path) as (apps, _):
            raw = get(query)
            cold, _ = await exchange(apps[0], Taken, [raw.replace(b"GET", b"HEAD")])
            whole, _ = await exchange(apps[0], Taken, [raw])
            warm, _ = await exchange(apps[0], Taken, [raw.replace(b"GET", b"HEAD")])

            (first,), (full,), (second,) = answers(cold, headless=True), answers(whole), answers(warm, headless=True)
            framed = (b"content-length", b"transfer-encoding")
            for one in (first, second):
                assert (one.status, one.body) == (full.status, b"")
                assert [h for h in one.headers if h[0] not in framed] == [h for h in full.headers if h[0] not in framed]

    asyncio.run(within())


@pytest.mark.parametrize(
    ("query", "evaluations"),
    [pytest.param(NAMES, [1, 1, 1, 1], id="whole"), pytest.param(TALL, [1, 2, 3, 3], id="longer than one frame")],
)
def test_what_head_had_evaluated_whole_is_not_evaluated_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, evaluations: list[int]
) -> None:
    asked: list[object] = []
    submit = WorkerPool.submit

    def counted(pool: WorkerPool, *question: Any) -> Job:
        asked.append(question)
        return submit(pool, *question)

    monkeypatch.setattr(WorkerPool, "submit", counted)

    async def within() -> None:
        async with served(tmp_path, count=2) as (apps, _):
            raw = get(query)
            plain, _ = await exchange(apps[1], BoundedProtocol, [raw])
            asked.clear()
            counts, said = [], []
            for method in (b"HEAD", b"HEAD", b"GET", b"HEAD"):
                written, _ = await exchange(apps[0], Taken, [raw.replace(b"GET", method, 1)])
                said += answers(written, headless=method == b"HEAD")
                counts.append(len(asked))

            (whole,) = answers(plain)
            assert counts == evaluations
            assert [one.body for one in said] == [b"", b"", whole.body, b""]
            assert {one.header("etag") for one in said} == {whole.header("etag")}
            assert said[3].header("content-length") == str(len(whole.body))

    asyncio.run(within())


def test_a_query_that_fails_is_never_answered_with_what_the_address_gives_without_a_query(tmp_path: Path) -> None:
    accept = "Accept: text/turtle, */*;q=0.1"

    async def within() -> None:
        async with served(tmp_path, count=2, time_limit_s=0.2) as (apps, _):
            said = []
            for app, kind in zip(apps, (Taken, BoundedProtocol), strict=True):
                described, _ = await exchange(app, kind, [message("GET /sparql HTTP/1.1", "Host: a", accept)])
                failed, _ = await exchange(app, kind, [get(ENDLESS, accept)])
                said.append(answers(described) + answers(failed))

            assert said[0] == said[1]
            assert [one.status for one in said[0]] == [b"HTTP/1.1 200 OK", b"HTTP/1.1 504 Gateway Timeout"]

    asyncio.run(within())


# Over the network


def test_a_server_takes_plain_requests_directly_and_outlives_clients_that_reset(tmp_path: Path) -> None:
    async def within() -> None:
        async with asyncio.timeout(PATIENCE_S):
            app = built(tmp_path, time_limit_s=LONG_S, cpu_limit_s=600)
            server = uvicorn.Server(uvicorn.Config(app, port=0, http=Taken, log_level="error"))
            serving = asyncio.ensure_future(server.serve())
            while not server.started:
                await asyncio.sleep(0.001)
            port = server.servers[0].sockets[0].getsockname()[1]
            before, pool = Taken.taken, site_of(app).open_runner
            assert isinstance(pool, WorkerPool)
            worker = {one for one, lane in pool._alive.items() if lane is pool.open}

            _, leaving = await asyncio.open_connection("127.0.0.1", port)
            leaving.write(get(ENDLESS))
            while Taken.taken == before:
                await asyncio.sleep(0.001)
            leaving.transport.abort()
            await until_replaced(pool, worker)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get(TALL) + get(NAMES) + get(NAMES))
            while Taken.taken == before + 1:
                writer.write(get(NAMES, "X: 1"))
                await asyncio.sleep(0.01)
            server.should_exit = True
            written = await reader.read()
            writer.close()
            leaving.close()
            await serving

            said = answers(written)
            assert len(said) > 3
            assert {one.status for one in said} == {b"HTTP/1.1 200 OK"}

    asyncio.run(within())
