"""Under which address an answer is kept: what no route reads makes no other answer, and no other work."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from starlette.datastructures import QueryParams

ANY_ACCEPT: Final = b"\n"  # in the key of an answer that is the same whatever is accepted; no header has a line end
_PATH: Final = "/:@!$&'()*+,;=~"  # what stands in a path as it is (RFC 3986, section 3.3)
_READ: Final = (
    ("/sparql", None),
    ("/queries/", None),
    ("/ns", "format"),
    ("/graph/", "format"),
    ("/validate", "language"),
)
"""Which parameters the routes below a path read: None means that each counts, or is refused. The others read none."""


def kept_target(path: str, query_string: bytes) -> bytes:
    """A path and a query string as the route reads them: one text for all that get the same answer.

    Shape: an address that holds no escapes and nothing unread stays as it is.

    >>> kept_target("/browse/area", b"x=1"), kept_target("/ns", b"x=1&format=turtle")
    (b'/browse/area?', b'/ns?format=turtle')
    """
    target = quote(path, safe=_PATH, errors="surrogatepass").encode() + b"?"
    for start, name in _READ:
        if path.startswith(start):
            return target + (query_string if name is None else _parameter(name, query_string))
    return target


def _parameter(name: str, query_string: bytes) -> bytes:
    value = QueryParams(query_string).get(name)
    return f"{name}={quote(value)}".encode() if value else b""


def varies_by_accept(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether an answer says that the Accept header has chosen it.

    Source: RFC 9110, section 12.5.5.
    """
    named = b",".join(value for name, value in headers if name == b"vary").lower().split(b",")
    return any(one.strip() in (b"accept", b"*") for one in named)
