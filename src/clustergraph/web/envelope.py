"""What is true of every answer, whatever the route: safety headers, HEAD, length of addresses, our own faults.

Plain ASGI, so that streams pass through untouched.
"""

import logging
import re
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clustergraph.web.problems import BY_STATUS, Trouble, our_fault, problem_response, told_of_http
from clustergraph.web.responses import HEAD_FLAG, TARGET_LIMIT_BYTES, AnswerCut

_logger = logging.getLogger("clustergraph.web")

ACCEPT_LIMIT: Final = 4_096  # characters of the Accept header, all of its lines together; reading it takes time
_HOST: Final = re.compile(rb"(?:[\w.~!$&'()*+;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")  # RFC 3986, 3.2.2; no comma
_OLD_VERSION: Final = Trouble(
    BY_STATUS[505],
    "the length of this answer is not known when it begins, which HTTP/1.0 cannot tell: ask with HTTP/1.1",
)

_SAFETY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Access-Control-Allow-Origin": "*",  # never with credentials: there are none
    "Access-Control-Expose-Headers": "ETag, Link, Retry-After, X-Clustergraph-Dataset",
}


class Envelope:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request.

        Raises: what a route raises once its answer has begun.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headless = scope["method"] == "HEAD"
        sender = _Sender(send, headless=headless, measured=scope.get("http_version") == "1.0" and not headless)
        if headless:
            scope = {**scope, "method": "GET", HEAD_FLAG: True}
        app = _refusal(scope) or self._app
        try:
            await app(scope, receive, sender)
        except ClientDisconnect:
            return
        except _Unmeasured:
            await problem_response(Request(scope), _OLD_VERSION)(scope, receive, sender)
        except AnswerCut as cut:
            _logger.warning("an answer was cut: %s", cut)  # the server ends the connection that we leave open
        except Exception as exc:  # the one place at the top of the server where everything is caught
            if sender.started:
                raise  # the connection is cut, so that half an answer never looks whole
            await problem_response(Request(scope), our_fault(exc))(scope, receive, sender)


class _Unmeasured(Exception):
    """An answer to HTTP/1.0 would begin without its length: the server would send it in chunks, unknown there."""


class _Sender:
    """Sends messages on, with our headers added and, for HEAD, without a body.

    Shape: with `measured`, an answer without a Content-Length is not begun.
    """

    def __init__(self, send: Send, *, headless: bool, measured: bool) -> None:
        self._send = send
        self._headless = headless
        self._measured = measured
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._measured and _is_unmeasured(message):
                raise _Unmeasured
            self.started = True
            _add_headers(message)
        elif self._headless and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _add_headers(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(raw=message["headers"])
    for name, value in _SAFETY.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-cache")


def _is_unmeasured(message: Message) -> bool:
    return message["status"] not in (204, 304) and "content-length" not in MutableHeaders(raw=message["headers"])


def _refusal(scope: Scope) -> Response | None:
    return _refusal_of_host(scope) or _refusal_of_long_accept(scope) or _refusal_of_long_address(scope)


def _refusal_of_host(scope: Scope) -> Response | None:
    """The answer to HTTP/1.1 without one sound Host header, where a proxy before us may have read another one.

    Source: RFC 9112, section 3.2.
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if scope.get("http_version") == "1.1" and not (len(hosts) == 1 and _HOST.fullmatch(hosts[0])):
        request = Request(scope)
        detail = "HTTP/1.1 needs one Host header that names a host and perhaps a port: send one"
        return problem_response(request, told_of_http(HTTPException(400, detail), request))
    return None


def _refusal_of_long_accept(scope: Scope) -> Response | None:
    length = sum(len(value) for name, value in scope["headers"] if name == b"accept")
    if length > ACCEPT_LIMIT:
        detail = f"the Accept header has {length:,} characters, the limit is {ACCEPT_LIMIT:,}: name fewer formats"
        # The refusal must not read what it refuses to read.
        request = Request({**scope, "headers": [one for one in scope["headers"] if one[0] != b"accept"]})
        return problem_response(request, told_of_http(HTTPException(400, detail), request))
    return None


def _refusal_of_long_address(scope: Scope) -> Response | None:
    length = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    if length > TARGET_LIMIT_BYTES:
        detail = f"the address has {length:,} bytes, the limit is {TARGET_LIMIT_BYTES:,}: send the query by POST"
        request = Request(scope)
        return problem_response(request, told_of_http(HTTPException(414, detail), request))
    return None
