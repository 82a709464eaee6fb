"""What is refused before any route, and before anything that takes time reads it."""

from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from clustergraph.formats import CONTENT_TYPE_LIMIT
from clustergraph.web.plain import HOST
from clustergraph.web.problems import problem_response, told_of_http
from clustergraph.web.responses import TARGET_LIMIT_BYTES


class HeaderLimit(NamedTuple):
    """How long one header may be: characters of all of its lines together."""

    name: str
    characters: int
    status: int
    advice: str


HEADER_LIMITS: Final = {
    one.name.lower().encode(): one
    for one in (
        HeaderLimit("Accept", 4_096, 400, "name fewer formats"),
        # No shorter than what a plain request may have: both ways give the same answer.
        HeaderLimit("Accept-Encoding", 2_048, 400, "name fewer codings"),
        HeaderLimit("If-None-Match", 4_096, 400, "name fewer validators"),
        HeaderLimit("Content-Type", CONTENT_TYPE_LIMIT, 415, "name the media type and its charset alone"),
    )
}
"""Every header whose value is taken apart, by its name as ASGI has it."""


def refusal(scope: Scope) -> Response | None:
    """The answer to a request that no route shall see, if it is one."""
    return _refusal_of_host(scope) or _refusal_of_long_header(scope) or _refusal_of_long_address(scope)


def _refusal_of_host(scope: Scope) -> Response | None:
    """The answer to HTTP/1.1 without one sound Host header, where a proxy before us may have read another one.

    Source: RFC 9112, section 3.2.
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if scope.get("http_version") == "1.1" and not (len(hosts) == 1 and HOST.fullmatch(hosts[0])):
        request = Request(_bearable(scope))
        detail = "HTTP/1.1 needs one Host header that names a host and perhaps a port: send one"
        return problem_response(request, told_of_http(HTTPException(400, detail), request))
    return None


def _lengths(scope: Scope) -> dict[bytes, int]:
    lengths: dict[bytes, int] = {}
    for name, value in scope["headers"]:
        if name in HEADER_LIMITS:
            lengths[name] = lengths.get(name, 0) + len(value)
    return lengths


def _bearable(scope: Scope) -> Scope:
    """The scope without the headers that are too long: a refusal must not read what it refuses to read."""
    long = {name for name, length in _lengths(scope).items() if length > HEADER_LIMITS[name].characters}
    return {**scope, "headers": [one for one in scope["headers"] if one[0] not in long]}


def _refusal_of_long_header(scope: Scope) -> Response | None:
    for name, length in _lengths(scope).items():
        limit = HEADER_LIMITS[name]
        if length > limit.characters:
            detail = (
                f"the {limit.name} header has {length:,} characters, the limit is {limit.characters:,}: {limit.advice}"
            )
            request = Request(_bearable(scope))
            return problem_response(request, told_of_http(HTTPException(limit.status, detail), request))
    return None


def _refusal_of_long_address(scope: Scope) -> Response | None:
    length = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    if length > TARGET_LIMIT_BYTES:
        detail = f"the address has {length:,} bytes, the limit is {TARGET_LIMIT_BYTES:,}: send the query by POST"
        request = Request(scope)
        return problem_response(request, told_of_http(HTTPException(414, detail), request))
    return None
