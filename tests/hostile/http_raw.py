"""T16: bytes that are not quite HTTP, and bytes in which two readers could see different requests."""

from collections.abc import Iterator
from typing import Final

from hostile.case import CLOSED, Case, case

LENIENT: Final = {
    b"GET " + b"/sparql?query=ASK%7B%7D": (200, "a line without a version is read as HTTP/0.9 was"),
    b"GET  /sparql?query=ASK%7B%7D HTTP/1.1": (200, "RFC 9112, 3: a reader may take several spaces for one"),
    b"GET /sparql?query=ASK%7B%7D HTTP/0.9": (200, "a version in numbers that exist is answered in our own"),
    b"GET /sparql?query=ASK%7B%7D HTTP/2.0": (200, "a version in numbers that exist is answered in our own"),
    b"GET /sparql?query=ASK%7B%7D RTSP/1.0": (200, "the parser knows this relative of HTTP"),
    b"CONNECT /sparql?query=ASK%7B%7D HTTP/1.1": (405, "a method like any other"),
    b"GET * HTTP/1.1": (404, "a path like any other"),
}
"""What the parser lets pass beside what it should, and why that is no harm: one request, one answer."""

BROKEN: Final = (400, CLOSED)
BROKEN_WHY: Final = "RFC 9112, 2.2 and 3: refused, or the connection is closed"

_ASK: Final = b"/sparql?query=ASK%7B%7D"
_GET: Final = b"GET " + _ASK + b" HTTP/1.1\r\nHost: localhost\r\n"
POST: Final = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\n"
CLOSE: Final = b"Connection: close\r\n"
SECOND: Final = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

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

SIZES: Final = (1_000, 8_000, 20_000, 70_000, 300_000)


def cases() -> Iterator[Case]:
    """Everything that can be broken about a request, one thing at a time."""
    for line in FIRST_LINES:
        status, why = LENIENT.get(line, (400, ""))
        old = (505,) if line.endswith(b"RTSP/1.0") else ()  # as HTTP/1.0: no answer whose length is not known
        raw = line + b"\r\nHost: localhost\r\n" + CLOSE + b"\r\n"
        yield case(
            "T16", f"first line {line[:60]!r}", raw, *BROKEN, status, *old, why=f"{BROKEN_WHY}; {why}", is_bare=True
        )
        yield loose(f"first line {line[:60]!r} by line feeds", line + b"\nHost: localhost\nConnection: close\n\n")
    for header in HEADERS:
        yield loose(f"header {header!r}", _GET + header + CLOSE + b"\r\n")
        yield loose(f"header {header!r} in a POST", POST + header + CLOSE + b"Content-Length: 6\r\n\r\nASK {}")
    yield from _sizes()
    yield from _hosts()
    yield from _others()


def loose(name: str, raw: bytes, *others: int) -> Case:
    """A case that is refused, or whose connection is closed."""
    return case("T16", name, raw, *BROKEN, *others, why=BROKEN_WHY, is_bare=True)


def _sizes() -> Iterator[Case]:
    rest = b" HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n"
    for lines, status in ((98, 200), (99, 431)):  # with Host and Connection
        raw = _GET + b"a:b\r\n" * lines + CLOSE + b"\r\n"
        why = "" if status == 200 else "refused before anything reads it"
        yield case("T16", f"{lines} headers more", raw, status, why=why, is_bare=status != 200)
    for size in SIZES:
        for name, raw, status in (
            ("path", b"GET /" + b"a" * size + rest, 404),
            ("query string", b"GET " + _ASK + b"&x=" + b"a" * size + rest, 200),
        ):
            yield _sized(
                name, size, raw, *((status,) if size <= 8_000 else (414,) if size <= 20_000 else (400, 414, 431))
            )
        for name, raw in {
            "header": _GET + b"X: " + b"a" * size + b"\r\n" + CLOSE + b"\r\n",
            "header name": _GET + b"X" * size + b": y\r\n" + CLOSE + b"\r\n",
            "cookie": _GET + b"Cookie: a=" + b"b" * size + b"\r\n" + CLOSE + b"\r\n",
        }.items():
            yield _sized(name, size, raw, 200 if size <= 20_000 else 431)
        many = _GET + b"X: y\r\n" * (size // 6) + CLOSE + b"\r\n"
        yield loose(f"many headers of {size} bytes", many, 431)
        yield loose(
            f"method of {size} bytes", b"A" * size + b" / HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n", 431
        )


def _sized(name: str, size: int, raw: bytes, *statuses: int) -> Case:
    if size <= 20_000:
        return case("T16", f"{name} of {size} bytes", raw, *statuses)
    why = "too long for the address (414) or for a head (431), or closed with bytes unread"
    return case("T16", f"{name} of {size} bytes", raw, *statuses, CLOSED, why=why, is_bare=True)


def _hosts() -> Iterator[Case]:
    sound = (b"e.example", b"localhost:99999", b"", b"[::1]", b"[::1]:8000", b"x" * 3_000, b"%65.example")
    unsound = (
        b"a b",
        b"<script>",
        b"localhost/x",
        b"u:p@localhost",
        b"localhost:x",
        b"\xff",
        b"[::1",
        b"a,b",
        b"a?b",
        b"a#b",
    )
    for value in sound:
        yield _hosted(b"Host: " + value + b"\r\n", 200)
    for value in unsound:
        yield _hosted(b"Host: " + value + b"\r\n", 400)
    for lines in (b"", b"Host: localhost\r\nHost: e.example\r\n", b"Host: e.example\r\nhost: e.example\r\n"):
        yield _hosted(lines, 400)


def _hosted(lines: bytes, status: int) -> Case:
    raw = b"GET " + _ASK + b" HTTP/1.1\r\n" + lines + CLOSE + b"\r\n"
    problem = "bad-request" if status == 400 else ""
    return case("T16", f"host {lines[:60]!r}", raw, status, problem=problem, lacks=("e.example", "<script>"))


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
        raw = POST + b"Expect: " + value + b"\r\n" + CLOSE + b"Content-Length: 6\r\n\r\nASK {}"
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
        "a body shorter than said": POST + b"Content-Length: 60\r\n\r\nASK {}",
        "a head without an end": _GET,
        "half a first line": b"GET /spa",
        "chunks without an end": POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\nASK {}\r\n",
    }.items():
        yield case("T15", f"{name}, then nothing more", raw, CLOSED, 400, why=BROKEN_WHY, is_bare=True, ends=True)
    for header in (b"Transfer_Encoding: chunked", b"Content_Length: 0", b"X-Transfer-Encoding: chunked"):
        raw = POST + header + b"\r\n" + CLOSE + b"Content-Length: 6\r\n\r\nASK {}" + SECOND
        yield case("T16", f"{header!r}, which says nothing", raw, 200)
    yield case("T16", "a GET with a body", _GET + CLOSE + b"Content-Length: 6\r\n\r\nDROP A", 200)
    yield case(
        "T16",
        "empty lines first",
        b"\r\n\r\n" + _GET + CLOSE + b"\r\n",
        200,
        400,
        is_bare=True,
        why="RFC 9112, 2.2: at least one should be ignored",
    )
