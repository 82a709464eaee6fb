"""One hostile request, as the bytes on the wire, and what must come back. Knows nothing of sockets.

Where the canary listens is not known when a case is made, so its port is written as PORT, which has as many digits as
any port that the system gives away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode
from zlib import crc32

PORT: Final = "48879"
CLOSED: Final = 0
"""The status of no answer: the connection is ended, which HTTP allows for what is no HTTP."""

BROWSER: Final = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
FORM: Final = "application/x-www-form-urlencoded"
SPARQL_QUERY: Final = "application/sparql-query"
SPARQL_UPDATE: Final = "application/sparql-update"

KILLED: Final = "whichever limit comes first: time (504) or memory (503)"
"""The usual reason for two outcomes."""

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """One request and its outcome.

    Shape: `threat` is a class of threats, T1 to T35; `statuses` has more than one member only where `why` says why;
           `problem` is the name in the `type` of the problem document; `headers` are those that must be there, in lower
           case, with their whole values; `has` and `lacks` are parts of the body; `replies` counts the answers on this
           connection, to the last of which `statuses` belongs; `is_bare` says that the answer may come from below the
           application, without its headers; `ends` says that the client sends no more once all of `raw` is sent.
    """

    threat: str
    name: str
    raw: bytes
    statuses: frozenset[int]
    problem: str = ""
    why: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    replies: int = 1
    is_bare: bool = False
    ends: bool = False

    def __post_init__(self) -> None:
        assert self.statuses, self
        assert len(self.statuses) == 1 or self.why, self


def case(threat: str, name: str, raw: bytes, *statuses: int, **facts: object) -> Case:
    """A case, its statuses said one after the other."""
    return Case(threat, name, raw, frozenset(statuses), **facts)  # type: ignore[arg-type]


def message(method: str, target: str, headers: Headers = (), body: bytes | None = None) -> bytes:
    """A request that is well-formed as far as its parts are."""
    length = [] if body is None else [("Content-Length", str(len(body)))]
    # Most connections are kept, for what is plain then takes the short way past the framework; some are not.
    ending = [("Connection", "close")] if crc32(f"{target}{body!r}".encode("utf-8", "replace")) % 4 == 0 else []
    fields = [("Host", "localhost"), *ending, *headers, *length]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + (body or b"")


def get(target: str, *headers: tuple[str, str]) -> bytes:
    """A GET of an address."""
    return message("GET", target, headers)


def sparql(*pairs: tuple[str, str]) -> str:
    """The address of the endpoint with parameters."""
    return f"/sparql?{urlencode(pairs)}"


def by_get(query: str, *pairs: tuple[str, str], headers: Headers = ()) -> bytes:
    """A query in an address."""
    return message("GET", sparql(("query", query), *pairs), headers)


def by_form(query: str, *pairs: tuple[str, str], headers: Headers = ()) -> bytes:
    """A query in a form."""
    body = urlencode([("query", query), *pairs]).encode()
    return message("POST", "/sparql", [("Content-Type", FORM), *headers], body)


def by_post(query: str | bytes, *pairs: tuple[str, str], headers: Headers = ()) -> bytes:
    """A query as the body of a POST."""
    return _direct("POST", query, pairs, headers)


def by_method_query(query: str | bytes, *pairs: tuple[str, str], headers: Headers = ()) -> bytes:
    """A query as the body of a QUERY."""
    return _direct("QUERY", query, pairs, headers)


def _direct(method: str, query: str | bytes, pairs: Iterable[tuple[str, str]], headers: Headers) -> bytes:
    body = query.encode("utf-8", "surrogatepass") if isinstance(query, str) else query
    target = f"/sparql?{urlencode(list(pairs))}" if pairs else "/sparql"
    return message(method, target, [("Content-Type", SPARQL_QUERY), *headers], body)


ENCODINGS: Final = {"GET": by_get, "form": by_form, "POST": by_post, "QUERY": by_method_query}
"""Every way in which the Protocol lets a query travel."""
