"""What is true of every answer, whatever the route: safety headers, HEAD, length of addresses, our own faults.

Plain ASGI, so that streams pass through untouched.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clustergraph.web.problems import our_fault, problem_response, told_of_http
from clustergraph.web.responses import HEAD_FLAG, TARGET_LIMIT_BYTES, AnswerCut

_logger = logging.getLogger("clustergraph.web")

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
        sender = _Sender(send, headless=scope["method"] == "HEAD")
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", HEAD_FLAG: True}
        too_long = _refusal_of_long_address(scope)
        if too_long is not None:
            await too_long(scope, receive, sender)
            return
        try:
            await self._app(scope, receive, sender)
        except ClientDisconnect:
            return
        except AnswerCut as cut:
            _logger.warning("an answer was cut: %s", cut)  # the server ends the connection that we leave open
        except Exception as exc:  # the one place at the top of the server where everything is caught
            if sender.started:
                raise  # the connection is cut, so that half an answer never looks whole
            await problem_response(Request(scope), our_fault(exc))(scope, receive, sender)


class _Sender:
    """Sends messages on, with our headers added and, for HEAD, without a body."""

    def __init__(self, send: Send, *, headless: bool) -> None:
        self._send = send
        self._headless = headless
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
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


def _refusal_of_long_address(scope: Scope) -> Response | None:
    length = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    if length > TARGET_LIMIT_BYTES:
        detail = f"the address has {length:,} bytes, the limit is {TARGET_LIMIT_BYTES:,}: send the query by POST"
        request = Request(scope)
        return problem_response(request, told_of_http(HTTPException(414, detail), request))
    return None
