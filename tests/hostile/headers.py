"""T14, T19, T20 and T23: headers that want to be repeated, to poison a cache, or to split an answer."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from hostile.case import BROWSER, FORM, Case, by_get, by_post, case, get, message, sparql

RANGES: Final = (
    "bytes=0-0",
    "bytes=0-,1-,2-,3-",
    "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 2_000, 2)),
    "bytes=" + ",".join(["0-"] * 1_500),
    "bytes=-1",
    "bytes=99999999-",
    "bytes=5-2",
    "bytes=" + "-" * 3_000,
    "bytes=0-" + "9" * 3_000,
    "bytes",
    "lines=0-1",
)
SPLITS: Final = (
    "x\r\nSet-Cookie: pwned=1",
    "x\r\n\r\n<script>pwned()</script>",
    "x\nSet-Cookie: pwned=1",
    "x\rSet-Cookie: pwned=1",
    "x\u560d\u560aSet-Cookie: pwned=1",
    "x\u010d\u010aSet-Cookie: pwned=1",
    "x%0d%0aSet-Cookie: pwned=1",
    "x%250d%250aSet-Cookie: pwned=1",
    "x\u2028Set-Cookie: pwned=1",
    "x\x85Set-Cookie: pwned=1",
    "x\x0bSet-Cookie: pwned=1",
    'x"; filename="pwned.exe',
    "x; charset=utf-7",
    ">; rel=stylesheet",
    "x\x00",
)
SPLIT_PLACES: Final = {
    "/id/cluster/{}": 404,
    "/doc/cluster/{}.ttl": 404,
    "/doc/cluster/lombardy-energy.{}": 404,
    "/queries/{}.csv": 404,
    "/queries/clusters.{}": 404,
    "/queries/members-of-cluster.csv?cluster={}": 422,
    "/queries/areas-with-words.csv?words={}": 200,
    "/ns/{}": 404,
    "/ns?format={}": 422,
    "/graph/{}": 404,
    "/sparql?query=ASK%7B%7D&format={}": 422,
    "/sparql?query=ASK%7B%7D&default-graph-uri={}": 400,
}
VARIANTS: Final = {
    "/sparql?query=ASK%7B%7D": "application/sparql-results+json",
    "/ns": "text/html; charset=utf-8",
}
UNKEYED: Final = (
    ("X-Forwarded-Host", "e.example"),
    ("X-Forwarded-For", "e.example"),
    ("X-Forwarded-Proto", "e.example"),
    ("X-Forwarded-Port", "1337"),
    ("X-Forwarded-Prefix", "/e.example"),
    ("X-Host", "e.example"),
    ("X-Original-URL", "/e.example"),
    ("X-Rewrite-URL", "/e.example"),
    ("X-HTTP-Host-Override", "e.example"),
    ("Forwarded", "host=e.example;proto=e.example"),
    ("X-Accel-Redirect", "/etc/passwd"),
    ("X-Sendfile", "/etc/passwd"),
    ("Origin", "https://e.example"),
    ("Referer", "https://e.example"),
    ("User-Agent", "e.example <script>"),
    ("Cookie", "session=e.example"),
    ("Authorization", "Basic e.example"),
    ("Accept-Language", "e.example"),
    ("Via", "1.1 e.example"),
    ("X-Request-ID", "e.example"),
)
ACCEPTS: Final = (
    "",
    ",",
    ";",
    "/",
    "*",
    "text",
    "*/html",
    "text/html;q=2",
    "text/html;q=-1",
    "text/html;q=nan",
    "text/html;q=1e9",
    "text/html;" * 200,
    ",".join(["a/b"] * 800),
    '"' * 2_000,
    'text/html;x="' + "\\" * 2_000,
    "text/turtle\t;q=1",
    "application/json;q=0, */*;q=0",
    "text/html;level=1;q=0.0001",
    "a/b;q=1;q=0",
    "*/*;q=0.001" + ",*/*" * 500,
    "text/ht\u00e9ml",
    ";q=1",
    "application/*;q=1.0000",
    "text/csv, " * 300,
)


def cases() -> Iterator[Case]:
    """Headers in and headers out."""
    for number, value in enumerate(RANGES):
        for target in (
            "/static/style.css",
            "/sparql?query=ASK%7B%7D",
            "/doc/cluster/lombardy-energy.ttl",
            "/queries/clusters.csv",
        ):
            yield case("T14", f"Range {number} of {target}", get(target, ("Range", value)), 200)
    for number, text in enumerate(SPLITS):
        for target, status in SPLIT_PLACES.items():
            raw = get(target.format(quote(text, safe="")))
            yield case("T19", f"split {number} in {target}", raw, status)
        raw = message("POST", sparql(("query", "ASK {}"), ("format", text)), [("Content-Type", FORM)], b"")
        yield case("T19", f"split {number} in a format", raw, 422, problem="parameter-unsuitable")
    yield from _caches()
    yield from _origins()
    yield from _negotiation()


def _caches() -> Iterator[Case]:
    for name, value in UNKEYED:
        for target, kind in VARIANTS.items():
            raw = get(target, (name, value))
            yield case(
                "T20", f"{name} to {target}", raw, 200, headers={"content-type": kind}, lacks=("e.example", "1337")
            )
    for target in ("/sparql?query=ASK%7B%7D", "/ns", "/id/cluster/lombardy-energy", "/graph/curated", "/nowhere"):
        for accept in ("text/html;q=1", "text/turtle;q=1", "application/json", "*/*"):
            statuses = (404,) if target == "/nowhere" else (303,) if target.startswith("/id") else (200, 406)
            raw = get(target, ("Accept", accept))
            why = "" if len(statuses) == 1 else "not every address offers every form"
            headers = {"vary": "Accept, Accept-Encoding"}
            yield case("T20", f"{accept} of {target} is not the same for all", raw, *statuses, why=why, headers=headers)
    for name in ("format", "FORMAT", "_", "cb", "utm_source", "__proto__"):
        yield case("T20", f"an unkeyed parameter {name}", get(f"/browse/cluster?{name}=pwned"), 200, lacks=("pwned",))


def _origins() -> Iterator[Case]:
    origins = (
        "https://e.example",
        "null",
        "http://localhost",
        "https://e.example, https://f.example",
        "file://",
        "x" * 2_000,
        "*",
        "",
    )
    for origin in origins:
        headers = {"access-control-allow-origin": "*"}
        for target, status in {
            "/sparql?query=ASK%7B%7D": 200,
            "/ns": 200,
            "/nowhere": 404,
            "/health/ready": 200,
        }.items():
            raw = get(target, ("Origin", origin), ("Cookie", "a=b"))
            yield case("T23", f"Origin {origin[:40]!r} to {target}", raw, status, headers=headers)
        for method in ("GET", "POST", "PUT", "DELETE", "QUERY", "PWNED"):
            asked = [
                ("Origin", origin),
                ("Access-Control-Request-Method", method),
                ("Access-Control-Request-Headers", "Authorization, X-Pwned"),
            ]
            raw = message("OPTIONS", "/sparql", asked)
            yield case(
                "T23",
                f"preflight of {method} from {origin[:40]!r}",
                raw,
                204,
                headers={
                    "access-control-allow-methods": "GET, HEAD, POST, QUERY",
                    "access-control-allow-headers": "Accept, Content-Type, If-None-Match, X-Query-Id",
                },
            )
    for name in ("Access-Control-Request-Private-Network", "Access-Control-Request-Credentials"):
        raw = message(
            "OPTIONS",
            "/sparql",
            [("Origin", "https://e.example"), (name, "true"), ("Access-Control-Request-Method", "POST")],
        )
        yield case("T23", name, raw, 204)


def _negotiation() -> Iterator[Case]:
    for number, accept in enumerate(ACCEPTS):
        for target in ("/sparql?query=ASK%7B%7D", "/id/cluster/lombardy-energy", "/ns", "/nowhere"):
            raw = get(target, ("Accept", accept))
            if target == "/nowhere":
                yield case("T20", f"Accept {number} of {target}", raw, 404)
                continue
            yield case(
                "T20",
                f"Accept {number} of {target}",
                raw,
                303 if target.startswith("/id") else 200,
                406,
                why="a range that cannot be read counts as absent; then nothing may fit",
            )
    yield case(
        "T20", "an Accept header over the limit", get("/ns", ("Accept", "a/b," * 2_000)), 400, problem="bad-request"
    )
    lines = [("Accept", "a/b," * 400)] * 5
    yield case(
        "T20", "Accept headers over the limit together", message("GET", "/ns", lines), 400, problem="bad-request"
    )
    for tag in ("*", '"' * 3_000, ",".join(['"x"'] * 800), "W/*", '"\u00e9"', "x" * 3_000):
        raw = by_get("ASK {}", headers=[("If-None-Match", tag)])
        yield case(
            "T20",
            f"If-None-Match: {tag[:20]}",
            raw,
            *((304,) if tag == "*" else (200, 304) if tag == "W/*" else (200,)),
            why="no list of tags: read as any tag, or as none" if tag == "W/*" else "",
        )
    for name, value in {
        "If-Match": '"x"',
        "If-Modified-Since": "x" * 2_000,
        "If-Range": "x",
        "TE": "trailers",
        "Max-Forwards": "-1",
    }.items():
        yield case("T20", f"{name} to a query", by_get("ASK {}", headers=[(name, value)]), 200)
    for charset in ("utf-7", "utf-16", "iso-8859-1", "x" * 2_000, "utf-8;x", "\u0000", "idna", "zlib_codec"):
        kind = f"application/sparql-query; charset={charset}".replace("\u0000", "")
        statuses = (200,) if charset in ("utf-8;x", "\u0000") else (415,)
        yield case(
            "T20",
            f"charset {charset[:20]!r}",
            message("POST", "/sparql", [("Content-Type", kind), BROWSER], b"ASK {}"),
            *(statuses if charset != "\u0000" else (415,)),
        )
    yield case(
        "T20",
        "two media types",
        by_post("ASK {}", headers=[("Content-Type", "text/plain")]),
        200,
        400,
        415,
        why="RFC 9110, 5.3: a header that may stand once; whichever is read, it is no form",
    )
