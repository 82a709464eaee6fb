"""What is true of every answer, whatever the route: safety headers, HEAD, length of addresses, our own faults.

Plain ASGI, so that streams pass through untouched.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clustergraph.codings import IDENTITY, WORTHWHILE_BYTES, compressed, preferred
from clustergraph.web.attended import QUERY
from clustergraph.web.cache import FAILED, KEPT, OF_THE_BODY, REPACKED, AnswerCache, Stored, head_of, variant_tag
from clustergraph.web.desk import AnswerCut, Unmeasured, count_answer, route_of
from clustergraph.web.line import line_of
from clustergraph.web.metrics import server_timing
from clustergraph.web.problems import BY_STATUS, Trouble, our_fault, problem_response
from clustergraph.web.refusals import refusal
from clustergraph.web.responses import CODING, HEAD_FLAG, KEYS, kept_response
from clustergraph.web.running import QUERY_ID
from clustergraph.web.settled import settle
from clustergraph.web.site import SITE
from clustergraph.web.targets import ANY_ACCEPT, kept_target, varies_by_accept

_logger = logging.getLogger("clustergraph.web")

QUERIES: Final = "/sparql"  # the path of queries
THREAD_BYTES: Final = 65_536  # of a body; a longer one is compressed while others are served
_OLD_VERSION: Final = Trouble(
    BY_STATUS[505],
    "the length of this answer is not known when it begins, which HTTP/1.0 cannot tell: ask with HTTP/1.1",
)

SAFETY: Final[Mapping[str, str]] = {
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
        asked = Headers(scope=scope)
        refused = refusal(scope)
        coding = IDENTITY if refused else preferred(", ".join(asked.getlist("accept-encoding")))
        known = "" if refused else ", ".join(asked.getlist("if-none-match"))
        scope = {**scope, CODING: coding, KEYS: [], "headers": _without_coding(scope["headers"], coding)}
        if headless:
            scope |= {"method": "GET", HEAD_FLAG: True}
        sender = _Sender(send, scope, known)
        app = refused or _kept(scope, known) or self._app
        try:
            await app(scope, receive, sender)
        except ClientDisconnect as exc:
            sender.failed(exc)
        except Unmeasured as exc:
            sender.failed(exc)
            await problem_response(Request(scope), _OLD_VERSION)(scope, receive, sender)
        except AnswerCut as cut:
            sender.failed(cut)
            _logger.warning("an answer was cut: %s", cut)
            line_of(scope).cut()
        except Exception as exc:  # the one place at the top of the server where everything is caught
            sender.failed(exc)
            if sender.started:
                raise  # the connection is cut, so that half an answer never looks whole
            await problem_response(Request(scope), our_fault(exc))(scope, receive, sender)
        finally:
            sender.end()


def _without_coding(headers: list[tuple[bytes, bytes]], coding: str) -> list[tuple[bytes, bytes]]:
    """The headers with the validators that the routes know: those of the same answer without content coding."""
    if coding == IDENTITY or not any(name == b"if-none-match" for name, _ in headers):
        return headers
    end = f'-{coding}"'.encode()
    return [(name, value.replace(end, b'"') if name == b"if-none-match" else value) for name, value in headers]


def _kept(scope: Scope, known: str) -> Response | None:
    """The answer to the same request, if it is in the cache."""
    is_query = scope["path"] == QUERIES
    # The route of queries writes a line of the log, and judges an id.
    is_for_route = is_query and (scope["app"].state.desk.query_log.is_on or QUERY_ID in Headers(scope=scope))
    if scope["method"] != "GET" or is_for_route or FAILED in scope:
        return None
    answers: AnswerCache = scope[SITE].answers
    stored = answers.get(request_key(scope, negotiates=False)) or answers.get(request_key(scope))
    if stored is None:
        return None
    scope[KEPT] = stored
    response = kept_response(stored, known)
    if is_query:
        outcome = "cached" if response.status_code == 200 else "not_modified"  # noqa: PLR2004
        scope["app"].state.desk.meter.count("queries", outcome)
    return response


class _Sender:
    """Sends messages on: with our headers added, compressed, kept for the next who asks; for HEAD, without a body."""

    def __init__(self, send: Send, scope: Scope, known: str) -> None:
        self._send = send
        self._known = known
        self._scope = scope
        self._headless = HEAD_FLAG in scope
        self._bodiless = self._headless  # what is made is kept, but not sent
        self._measured = scope.get("http_version") == "1.0" and not self._headless
        self._start: Message | None = None
        self._kept: bytearray | None = None
        self._status = 0
        self._sent_bytes = 0
        self.started = False

    def failed(self, exc: BaseException) -> None:
        """Notes why the query of this request, if it is one, has no answer or no more of it."""
        if QUERY in self._scope:
            self._scope[QUERY].failed(exc)

    def end(self) -> None:
        """Ends the query of this request, if it is one."""
        if QUERY in self._scope:
            self._scope[QUERY].end(
                self._status, self._sent_bytes, cached=KEPT in self._scope or REPACKED in self._scope
            )

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            # Held back until its body is seen: a whole one is compressed, and then has another length.
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            await self._begin(start, message)
        elif message["type"] == "http.response.body":
            await self._go_on(message)
        else:
            await self._send(message)

    async def _begin(self, start: Message, message: Message) -> None:
        headers = MutableHeaders(raw=start["headers"])
        is_whole = not message.get("more_body", False)
        if self._measured and start["status"] not in (204, 304) and "content-length" not in headers:
            raise Unmeasured
        self.started = True
        if KEPT not in self._scope:
            await settle(self._scope, headers, is_whole=is_whole)
            self._add_headers(headers)
            message = await self._compressed(headers, message) if is_whole else message
        has_body = not self._headless or "content-length" in headers  # of a longer answer HEAD made the head alone
        if start["status"] == 200 and _is_for_all(headers) and has_body:  # noqa: PLR2004
            self._kept = bytearray()
            self._kept_headers = list(headers.raw)
        if self._scope["method"] not in ("GET", "HEAD"):
            _make_private(headers)
        self._leave_out_if_known(start, headers)
        self._status = start["status"]
        count_answer(self._scope, "HEAD" if self._headless else self._scope["method"], self._status)
        if QUERY in self._scope and self._scope[QUERY].phases:
            headers["Server-Timing"] = server_timing(self._scope[QUERY].phases)
        await self._send(start)
        await self._go_on(message)

    def _leave_out_if_known(self, start: Message, headers: MutableHeaders) -> None:
        """Makes a 304 of an answer to `*`, which names any that there is; of one not kept nobody knew that before.

        Source: RFC 9110, section 13.1.2.
        """
        if start["status"] == 200 and self._known.strip() == "*" and "etag" in headers:  # noqa: PLR2004
            start["status"] = 304
            self._bodiless = True
            for name in OF_THE_BODY:
                del headers[name.decode()]

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in SAFETY.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-cache")
        headers.add_vary_header("Accept-Encoding")
        if "etag" in headers:
            headers["ETag"] = self._variant(headers)

    def _variant(self, headers: MutableHeaders) -> str:
        if "content-encoding" in headers:
            return variant_tag(headers["etag"], headers["content-encoding"])
        variant = variant_tag(headers["etag"], self._scope[CODING])
        # Of an answer that is not sent we name the variant that the client named.
        return variant if variant in self._known else headers["etag"]

    async def _compressed(self, headers: MutableHeaders, message: Message) -> Message:
        body, coding = message.get("body", b""), self._scope[CODING]
        if coding == IDENTITY or "content-encoding" in headers or len(body) < WORTHWHILE_BYTES:
            return message
        body = (
            compressed(body, coding) if len(body) < THREAD_BYTES else await asyncio.to_thread(compressed, body, coding)
        )
        headers["Content-Encoding"] = coding
        headers["Content-Length"] = str(len(body))
        if "etag" in headers:
            headers["ETag"] = variant_tag(headers["etag"], coding)
        return {**message, "body": body}

    async def _go_on(self, message: Message) -> None:
        if self._kept is not None:
            self._keep(message)
        await self._send({**message, "body": b""} if self._bodiless else message)
        if line_of(self._scope).is_lost:  # the server takes what goes nowhere in silence, and as fast as it is made
            raise ClientDisconnect
        if not self._bodiless:
            self._sent_bytes += len(message.get("body", b""))

    def _keep(self, message: Message) -> None:
        assert self._kept is not None  # noqa: S101  # its caller looked
        answers: AnswerCache = self._scope[SITE].answers
        self._kept += message.get("body", b"")
        if len(self._kept) > answers.answer_limit_bytes:
            self._kept = None
        elif not message.get("more_body", False):
            keep(answers, self._scope, self._kept_headers, bytes(self._kept))


def keep(answers: AnswerCache, scope: Scope, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Keeps a whole answer under the keys of its request."""
    stored = scope.get(KEPT)
    if stored is None:
        length = (b"content-length", b"%d" % len(body))
        others = [one for one in headers if one[0] not in (b"content-length", b"transfer-encoding")]
        name = scope[QUERY].format_name if QUERY in scope else None
        stored = Stored(head_of([*others, length]), body, dict(headers)[b"etag"], route_of(scope), name)
    for key in scope[KEYS]:
        answers.put(key, stored)
    if scope["method"] == "GET":
        answers.put(request_key(scope, negotiates=varies_by_accept(headers)), stored)


def request_key(scope: Scope, *, negotiates: bool = True) -> tuple[bytes, bytes, bytes]:
    """What an answer to a GET depends on, beside the dataset: what is read of the target, and what is accepted."""
    accept = b", ".join(value for name, value in scope["headers"] if name == b"accept") if negotiates else ANY_ACCEPT
    return kept_target(scope["path"], scope["query_string"]), accept, scope[CODING].encode()


def _is_for_all(headers: MutableHeaders) -> bool:
    return "etag" in headers and headers["cache-control"].startswith("public")


def _make_private(headers: MutableHeaders) -> None:
    """What came by another method than GET is nothing that a cache on the way may keep."""
    del headers["ETag"]
    headers["Cache-Control"] = "no-store"
