"""Plain requests: those that can be read without a parser of all of HTTP. Everything else is left to such a parser."""

import re
from typing import Any, Final, NamedTuple

from starlette.types import Message, Scope

from clustergraph.codings import preferred
from clustergraph.formats import CONTENT_TYPE_LIMIT
from clustergraph.settings import Settings
from clustergraph.web.connection import HEAD_LINES
from clustergraph.web.protocol import FORM, SPARQL_QUERY, Asked, asked_with, parameters

_BLOCK_LIMIT_BYTES: Final = 2_048  # of header lines
_BLOCKS: Final = 1_024  # of header lines that are remembered: a client sends the same ones each time

REQUEST: Final = re.compile(rb"(GET|POST) (/[\x21\x22\x24-\x7e]*) HTTP/1\.1\r\n((?:[^\r\n]+\r\n)+)\r\n")
HOST: Final = re.compile(rb"(?:[\w.~!$&'()*+;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")  # RFC 3986, 3.2.2; no comma
_LINE: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x21-\x7e][\t\x20-\x7e]*)?")
_CHARSET: Final = re.compile(r";[ \t]*charset=utf-?8$")
_NOT_PLAIN: Final = frozenset(
    (b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"trailer", b"te", b"x-query-id")
)
_ONCE: Final = frozenset((b"host", b"content-length", b"content-type", b"connection"))


class Plain(NamedTuple):
    """What the header lines of a plain request say, as far as an answer depends on it.

    Shape: `known` is the value of If-None-Match; `media_type` and `length` are those of the body, "" and 0 without one;
           `forwarded` is the value of X-Forwarded-For; `is_last` where the client sends nothing more.
    """

    accept: bytes
    coding: str
    known: str
    media_type: str
    length: int
    forwarded: bytes
    is_last: bool

    @property
    def forwarding(self) -> list[tuple[bytes, bytes]]:
        """The header lines that tell for whom the request is made."""
        return [(b"x-forwarded-for", self.forwarded)] if self.forwarded else []

    def scope(self, app: Any, method: str) -> Scope:
        """What the framework would have been told of the request, as far as the answer to trouble depends on it."""
        accept = [(b"accept", self.accept)] if self.accept else []
        return {
            "type": "http",
            "app": app,
            "method": method,
            "path": "/sparql",
            "raw_path": b"/sparql",
            "query_string": b"",
            "headers": [(b"accept-encoding", self.coding.encode()), *accept],
        }


async def nothing_more() -> Message:
    """What comes after a request that is there already."""
    return {"type": "http.disconnect"}


def read_block(block: bytes) -> Plain | None:
    r"""What the header lines of a request say; None if they are not plain.

    >>> read_block(b"Host: a\r\nAccept: text/csv\r\n").accept
    b'text/csv'
    """
    values: dict[bytes, bytes] = {}
    lines = block.split(b"\r\n")[:-1]
    if len(lines) > HEAD_LINES:
        return None
    for line in lines:
        read = _LINE.fullmatch(line)
        name = read[1].lower() if read else b""
        if read is None or name in _NOT_PLAIN or (name in _ONCE and name in values):
            return None
        value = (read[2] or b"").rstrip()
        values[name] = values[name] + b", " + value if name in values else value
    length = values.get(b"content-length", b"0")
    if not HOST.fullmatch(values.get(b"host", b" ")):
        return None
    connection = values.get(b"connection", b"keep-alive").lower()
    if connection not in (b"keep-alive", b"close"):
        return None
    if not re.fullmatch(rb"[0-9]{1,5}", length) or len(values.get(b"content-type", b"")) > CONTENT_TYPE_LIMIT:
        return None
    return Plain(
        values.get(b"accept", b""),
        preferred(values.get(b"accept-encoding", b"").decode("ascii")),
        values.get(b"if-none-match", b"").decode("ascii"),
        _CHARSET.sub("", values.get(b"content-type", b"").decode("ascii").lower()),
        int(length),
        values.get(b"x-forwarded-for", b""),
        connection == b"close",
    )


class Blocks:
    """Header lines that were read before."""

    def __init__(self) -> None:
        self._read: dict[bytes, Plain | None] = {}

    def read(self, block: bytes) -> Plain | None:
        """What the lines say; None if they are not plain."""
        if len(block) > _BLOCK_LIMIT_BYTES:
            return None
        if block in self._read:
            return self._read[block]
        if len(self._read) >= _BLOCKS:
            self._read.clear()
        plain = self._read[block] = read_block(block)
        return plain


BLOCKS: Final = Blocks()
"""Those of this process."""


def forwarding_in(request: bytes) -> list[tuple[bytes, bytes]]:
    """The header lines of a plain request that tell for whom it is made; none of anything else."""
    read = REQUEST.match(request)
    plain = BLOCKS.read(read[3]) if read else None
    return plain.forwarding if plain else []


def asked_by(query_string: bytes, body: bytes | None, plain: Plain, settings: Settings) -> Asked | None:
    """What a plain request to the endpoint asks; None where there is no query, or a body of another kind.

    Shape: `body` is None for GET, which has none that counts.

    Raises: ClusterGraphError for parameters that do not fit.
    """
    pairs = parameters(query_string)
    if body is None:
        pass
    elif plain.media_type == FORM:
        pairs += parameters(body)
    elif plain.media_type == SPARQL_QUERY and body.isascii():
        pairs.append(("query", body.decode("ascii")))
    else:
        return None
    asked = asked_with(pairs, settings)
    return asked if asked.query is not None else None
