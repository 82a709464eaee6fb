"""T16: bytes that are not quite HTTP, and bytes in which two readers could see different requests."""

from collections.abc import Iterator
from typing import Final

from hostile.case import CLOSED, Case, case

LENIENT: Final = {
    b"GET " + b"/sparql?query=ASK%7B%7D": (200, "a line without a version is read as HTTP/0.9 was"),
    b"GET  /sparql?query=ASK%7B%7D HTTP/1.1": (200, "RFC 9112, 3: a reader may take several spaces for one"),
    b"GET /sparql?query=ASK%7B%7D HTTP/0.9": (200, "a version in numbers that exist is answered in our own"),
    b"GET /sparql?query=ASK%7B%7D HTTP/2.0": (200, "a version in numbers that exist is answered in our own"),
    b"GET /sparql?query=ASK%7B%7D RTSP/1.0": (505, "the parser knows this relative of HTTP, and no stream answers 1.0"),
    b"CONNECT /sparql?query=ASK%7B%7D HTTP/1.1": (405, "a method like any other"),
    b"GET * HTTP/1.1": (404, "a path like any other"),
}
"""What the parser lets pass beside what it should, and why that is no harm: one request, one answer."""

BROKEN: Final = (400, CLOSED)
BROKEN_WHY: Final = "RFC 9112, 2.2 and 3: refused, or the connection is closed"

_ASK: Final = b"/sparql?query=ASK%7B%7D"
_GET: Final = b"GET " + _ASK + b" HTTP/1.1\r\nHost: localhost\r\n"
_POST: Final = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\n"
_CLOSE: Final = b"Connection: close\r\n"
_SECOND: Final = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

FIRST_LINES: Final = (
    b"",
    b"GET",
    b"GET " + _ASK,
    b"GET  " + _ASK + b" HTTP/1.1",
    b" GET " + _ASK + b" HTTP/1.1",
    b"GET\t" + _ASK + b"\tHTTP/1.1",
    b"GET " + _ASK + b" HTTP/1.1 x",
    b"GET " + _ASK + b" http/1.1",
    b"GET " + _ASK + b" HTTP/1",
    b"GET " + _ASK + b" HTTP/1.",
    b"GET " + _ASK + b" HTTP/.1",
    b"GET " + _ASK + b" HTTP/11.1",
    b"GET " + _ASK + b" HTTP/-1.1",
    b"GET " + _ASK + b" HTTP/1,1",
    b"GET " + _ASK + b" HTTP/1.1\x00",
    b"GET " + _ASK + b" HTTQ/1.1",
    b"GET " + _ASK + b" ICY/1.1",
    b"GET " + _ASK + b" RTSP/1.0",
    b"GET " + _ASK + b" HTTP/0.9",
    b"GET " + _ASK + b" HTTP/1.9",
    b"GET " + _ASK + b" HTTP/2.0",
    b"GET " + _ASK + b" HTTP/3.0",
    b"PRI * HTTP/2.0",
    b"G\x00T " + _ASK + b" HTTP/1.1",
    b"G<T " + _ASK + b" HTTP/1.1",
    b"get " + _ASK + b" HTTP/1.1",
    b"\xff\xfe " + _ASK + b" HTTP/1.1",
    b"NONSENSE " + _ASK + b" HTTP/1.1",
    b"CONNECT e.example:443 HTTP/1.1",
    b"CONNECT " + _ASK + b" HTTP/1.1",
    b"GET \x00 HTTP/1.1",
    b"GET /\x01 HTTP/1.1",
    b"GET /\x7f HTTP/1.1",
    b"GET /a b HTTP/1.1",
    b"GET /\ta HTTP/1.1",
    b"GET a HTTP/1.1",
    b"GET ?query=ASK%7B%7D HTTP/1.1",
    b"GET http: HTTP/1.1",
    b"GET http:// HTTP/1.1",
    b"GET http://[ HTTP/1.1",
    b"GET http://localhost:x/ HTTP/1.1",
    b"GET ://localhost/ HTTP/1.1",
    b"GET * HTTP/1.1",
    b"GET \\ HTTP/1.1",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"SSH-2.0-x",
    b"EHLO localhost",
    b"*1\r\n$4\r\nPING",
    b"\x00" * 100,
    b"\r" * 100,
    b"\xff" * 100,
)
"""Each is followed by sound headers."""

HEADERS: Final = (
    b"X : y\r\n",
    b" X: y\r\n",
    b"\tX: y\r\n",
    b"X\r\n",
    b"X y\r\n",
    b": y\r\n",
    b"\x00: y\r\n",
    b"X\x00: y\r\n",
    b"X: \x00\r\n",
    b"X: a\rb\r\n",
    b"X: a\nb\r\n",
    b"X: a\x01b\r\n",
    b"X: a\x7fb\r\n",
    b"X(y): z\r\n",
    b"X\x80: z\r\n",
    b'"X": z\r\n',
    b"X,Y: z\r\n",
    b"X: a\r\n b\r\n",
    b"X: a\r\n\tb\r\n",
    b"X: a\r\n\r b\r\n",
    b"X[]: z\r\n",
    b"{X}: z\r\n",
    b"X@Y: z\r\n",
)
"""Each stands between sound headers."""

LENGTHS: Final = (
    b"Content-Length: -1\r\n",
    b"Content-Length: +6\r\n",
    b"Content-Length: 6 \x00\r\n",
    b"Content-Length: 0x6\r\n",
    b"Content-Length: 6, 6\r\n",
    b"Content-Length: 6, 7\r\n",
    b"Content-Length: 6\r\nContent-Length: 6\r\n",
    b"Content-Length: 6\r\nContent-Length: 7\r\n",
    b"Content-Length: 0\r\nContent-Length: 6\r\n",
    b"Content-Length: \r\n",
    b"Content-Length: x\r\n",
    b"Content-Length: 6x\r\n",
    b"Content-Length: 6 6\r\n",
    b"Content-Length: 1e1\r\n",
    b"Content-Length: 6.0\r\n",
    b"Content-Length: \xb2\r\n",
    b"Content-Length: \xd9\xa6\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: " + b"9" * 400 + b"\r\n",
    b"Content-Length : 6\r\n",
    b"Content-Length\r\n: 6\r\n",
    b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: xchunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunkedx\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: identity\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: identity, chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked, identity\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: gzip\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding : chunked\r\nContent-Length: 6\r\n",
    b" Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked;q=1\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: 'chunked'\r\nContent-Length: 6\r\n",
    b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n",
)
"""Each is followed by a body of six bytes and a second request: whoever reads another length sees another body."""

CHUNKS: Final = (
    b"x\r\nASK {}\r\n0\r\n\r\n",
    b"-6\r\nASK {}\r\n0\r\n\r\n",
    b"+6\r\nASK {}\r\n0\r\n\r\n",
    b"0x6\r\nASK {}\r\n0\r\n\r\n",
    b" 6\r\nASK {}\r\n0\r\n\r\n",
    b"6 \r\nASK {}\r\n0\r\n\r\n",
    b"6\nASK {}\n0\n\n",
    b"6\r\nASK {}0\r\n\r\n",
    b"6\r\nASK {}xx0\r\n\r\n",
    b"6\rASK {}\r0\r\r",
    b"fffffffffffffffff\r\nASK {}\r\n0\r\n\r\n",
    b"10000000000000006\r\nASK {}\r\n0\r\n\r\n",
    b"\r\nASK {}\r\n0\r\n\r\n",
    b"6;\x00\r\nASK {}\r\n0\r\n\r\n",
    b"6;x\ny\r\nASK {}\r\n0\r\n\r\n",
    b"6\r\n\r\nASK {}\r\n0\r\n\r\n",
    b"5\r\nASK {}\r\n0\r\n\r\n",
    b"7\r\nASK {}\r\n0\r\n\r\n",
    b"6\r\nASK {}\r\n\r\n",
    b"6\r\nASK {}\r\n0\r\nX\x00: y\r\n\r\n",
    b"6\r\nASK {}\r\n0\r\nX y\r\n\r\n",
    b"g\r\n",
    b"6\r\nASK {}\r\n0\r\nContent-Length: 99\r\n\r\n",
    b"6\r\nASK {}\r\n0\r\nTransfer-Encoding: x\r\n\r\n",
    b"\xd9\xa6\r\nASK {}\r\n0\r\n\r\n",
)
SOUND_CHUNKS: Final = (
    b"6\r\nASK {}\r\n0\r\n\r\n",
    b"06\r\nASK {}\r\n0\r\n\r\n",
    b"000000006\r\nASK {}\r\n00\r\n\r\n",
    b"6;x=y\r\nASK {}\r\n0;z\r\n\r\n",
    b'6;x="y z"\r\nASK {}\r\n0\r\n\r\n',
    b"1\r\nA\r\n1\r\nS\r\n1\r\nK\r\n1\r\n \r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    b"6\r\nASK {}\r\n0\r\nX: y\r\n\r\n",
)

SIZES: Final = (1_000, 8_000, 20_000, 70_000, 300_000)


def cases() -> Iterator[Case]:
    """Everything that can be broken about a request, one thing at a time."""
    for line in FIRST_LINES:
        status, why = LENIENT.get(line, (400, ""))
        raw = line + b"\r\nHost: localhost\r\n" + _CLOSE + b"\r\n"
        yield case("T16", f"first line {line[:60]!r}", raw, *BROKEN, status, why=f"{BROKEN_WHY}; {why}", is_bare=True)
        yield _loose(f"first line {line[:60]!r} by line feeds", line + b"\nHost: localhost\nConnection: close\n\n")
    for header in HEADERS:
        yield _loose(f"header {header!r}", _GET + header + _CLOSE + b"\r\n")
        yield _loose(f"header {header!r} in a POST", _POST + header + _CLOSE + b"Content-Length: 6\r\n\r\nASK {}")
    for length in LENGTHS:
        yield _loose(f"length {length[:70]!r}", _POST + length + _CLOSE + b"\r\nASK {}" + _SECOND)
        yield _loose(f"length {length[:70]!r} kept alive", _POST + length + b"\r\n6\r\nASK {}\r\n0\r\n\r\n" + _SECOND)
    chunked = _POST + b"Transfer-Encoding: chunked\r\n" + _CLOSE + b"\r\n"
    for body in CHUNKS:
        yield _loose(f"chunks {body!r}", chunked + body)
    for body in SOUND_CHUNKS:
        yield case("T16", f"sound chunks {body!r}", chunked + body, 200)
    yield from _sizes()
    yield from _hosts()
    yield from _others()


def _loose(name: str, raw: bytes) -> Case:
    return case("T16", name, raw, *BROKEN, why=BROKEN_WHY, is_bare=True)


def _sizes() -> Iterator[Case]:
    too_large = (414, 431, 400, CLOSED)
    why = "too long for the address (414) or for a head (431), or closed with bytes unread"
    for size in SIZES:
        ok = size <= SIZES[0]
        parts = {
            "path": b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: localhost\r\n" + _CLOSE + b"\r\n",
            "query string": b"GET "
            + _ASK
            + b"&x="
            + b"a" * size
            + b" HTTP/1.1\r\nHost: localhost\r\n"
            + _CLOSE
            + b"\r\n",
        }
        for name, raw in parts.items():
            statuses = ((404 if name == "path" else 200,) if ok else (200, 404)) if size <= 8_000 else too_large
            reason = "" if len(statuses) == 1 else why
            yield case("T16", f"{name} of {size} bytes", raw, *statuses, why=reason, is_bare=size > 60_000)
        for name, raw in {
            "header": _GET + b"X: " + b"a" * size + b"\r\n" + _CLOSE + b"\r\n",
            "header name": _GET + b"X" * size + b": y\r\n" + _CLOSE + b"\r\n",
            "many headers": _GET + b"X: y\r\n" * (size // 6) + _CLOSE + b"\r\n",
            "cookie": _GET + b"Cookie: a=" + b"b" * size + b"\r\n" + _CLOSE + b"\r\n",
        }.items():
            statuses = (200,) if size <= 20_000 else (431, CLOSED)
            # The end of a head may come with the piece in which it goes over the limit.
            statuses += (200,) if size == 70_000 else ()
            yield case(
                "T16",
                f"{name} of {size} bytes",
                raw,
                *statuses,
                why="" if size <= 20_000 else why,
                is_bare=size > 20_000,
            )
        raw = b"A" * size + b" / HTTP/1.1\r\nHost: localhost\r\n" + _CLOSE + b"\r\n"
        yield case("T16", f"method of {size} bytes", raw, *BROKEN, 405, 404, 431, why=BROKEN_WHY, is_bare=True)


def _hosts() -> Iterator[Case]:
    for host in (
        b"Host: e.example",
        b"Host: localhost:99999",
        b"Host: a b",
        b"Host: <script>",
        b"Host: " + b"x" * 3_000,
        b"Host: localhost\r\nHost: e.example",
        b"Host: e.example\r\nHost: e.example",
        b"Host:",
        b"X: y",
        b"Host: \xff",
        b"Host: localhost/x",
        b"Host: u:p@localhost",
    ):
        raw = b"GET " + _ASK + b" HTTP/1.1\r\n" + host + b"\r\n" + _CLOSE + b"\r\n"
        yield case(
            "T16",
            f"{host[:60]!r}",
            raw,
            200,
            400,
            lacks=("e.example", "<script>"),
            is_bare=True,
            why="RFC 9112, 3.2 asks for 400; the value is never used here, so answering as if it were sound is harmless",
        )


def _others() -> Iterator[Case]:
    old = {"1.0": b"GET / HTTP/1.0\r\n\r\n", "1.0 with a host": b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"}
    for name, raw in old.items():
        yield case("T16", f"HTTP/{name}", raw, 200)
    yield case(
        "T16",
        "HTTP/1.0 and an answer of no known length",
        b"GET " + _ASK + b" HTTP/1.0\r\n\r\n",
        200,
        505,
        why="answered whole if its length is known when it begins, else refused",
    )
    for value in (b"100-continue", b"100-CONTINUE", b"200-ok", b"x"):
        raw = _POST + b"Expect: " + value + b"\r\n" + _CLOSE + b"Content-Length: 6\r\n\r\nASK {}"
        yield case(
            "T16", f"Expect: {value!r}", raw, 200, 417, why="RFC 9110, 10.1.1: 417 is allowed for what is unknown"
        )
    for value in (b"websocket", b"h2c", b"TLS/1.0", b"x, y"):
        raw = _GET + b"Upgrade: " + value + b"\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
        raw += b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        yield case(
            "T16",
            f"Upgrade: {value!r}",
            raw,
            200,
            400,
            403,
            is_bare=True,
            why="RFC 9110, 7.8: an upgrade may be ignored; a WebSocket is refused",
        )
    for value in (b"TE, close", b"close, close", b"x" * 2_000 + b", close", b"keep-alive, close"):
        raw = _GET + b"Connection: " + value + b"\r\n\r\n"
        yield case("T16", f"Connection: {value[:30]!r}", raw, 200)
    for name, raw in {
        "a body shorter than said": _POST + b"Content-Length: 60\r\n\r\nASK {}",
        "a head without an end": _GET,
        "half a first line": b"GET /spa",
        "chunks without an end": _POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\nASK {}\r\n",
    }.items():
        yield case("T15", f"{name}, then nothing more", raw, CLOSED, 400, why=BROKEN_WHY, is_bare=True, ends=True)
    for header in (b"Transfer_Encoding: chunked", b"Content_Length: 0", b"X-Transfer-Encoding: chunked"):
        raw = _POST + header + b"\r\n" + _CLOSE + b"Content-Length: 6\r\n\r\nASK {}" + _SECOND
        yield case("T16", f"{header!r}, which says nothing", raw, 200)
    yield case("T16", "a GET with a body", _GET + _CLOSE + b"Content-Length: 6\r\n\r\nDROP A", 200)
    yield case(
        "T16",
        "empty lines first",
        b"\r\n\r\n" + _GET + _CLOSE + b"\r\n",
        200,
        400,
        is_bare=True,
        why="RFC 9112, 2.2: at least one should be ignored",
    )
