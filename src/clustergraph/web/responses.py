"""What every good answer carries: validators, links, the dataset's digest; and streams that end when nobody reads."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from clustergraph.errors import ClusterGraphError
from clustergraph.formats import CSV, TSV, Format
from clustergraph.runner import Answer, QueryRequest
from clustergraph.web.site import Site, site_of

HEAD_FLAG: Final = "clustergraph.head"  # set in the scope where a HEAD request is handled as a GET without a body
TARGET_LIMIT_BYTES: Final = 8_192  # of path and query string; the least that proxies are sure to pass
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_SPENT_BYTES: Final = 1 << 18  # read to the end of an answer that nobody wants
CACHE_CONTROL: Final = "public, max-age=300, must-revalidate"  # five minutes after a new dataset nobody sees the old


def content_type(chosen: Format) -> str:
    """The Content-Type for a format; all text is UTF-8."""
    return f"{chosen.media_type}; charset=utf-8" if chosen.media_type.startswith("text/") else chosen.media_type


def entity_tag(site: Site, *parts: str) -> str:
    """A strong validator: the same dataset, templates and question give the same bytes.

    Source: RFC 9110, section 8.8.3.
    """
    whole = "\n".join((site.digest, site.templates_digest, *(part.replace("\n", "\n ") for part in parts)))
    return f'"{hashlib.sha256(whole.encode()).hexdigest()[:32]}"'


def data_headers(site: Site, *, tag: str | None = None, vary: str | None = None) -> dict[str, str]:
    """The headers of every data answer; without a tag it must not be stored."""
    headers = {
        "X-Clustergraph-Dataset": site.digest,
        "Cache-Control": CACHE_CONTROL if tag else "no-store",
        "ETag": tag,
        "Vary": vary,
    }
    return {name: value for name, value in headers.items() if value}


def not_modified(request: Request, headers: Mapping[str, str]) -> Response | None:
    """304 if the client has this very answer already, else None.

    Source: RFC 9110, section 13.1.2: weak comparison, `*` matches anything.
    """
    known = [one.strip().removeprefix("W/") for one in ",".join(request.headers.getlist("if-none-match")).split(",")]
    if headers.get("ETag") in known or known == ["*"]:
        return Response(status_code=304, headers=dict(headers))
    return None


def attachment(name: str, chosen: Format) -> dict[str, str]:
    """Tables are saved, not shown: a spreadsheet that opens them in place may run what a cell says (OWASP)."""
    if chosen not in (CSV, TSV):
        return {}
    return {"Content-Disposition": f'attachment; filename="{name}.{chosen.extension}"'}


async def answer_while_connected(request: Request, question: QueryRequest) -> Answer:
    """The answer to a query, given up as soon as the client goes away, so that nobody's query takes a worker.

    Raises: what the runner raises; ClientDisconnect.
    """
    working = asyncio.ensure_future(site_of(request).runner.answer(question))
    leaving = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class AnswerCut(Exception):
    """An answer failed after its status was sent: the connection must end, so that it never looks whole."""


class _AnswerResponse(StreamingResponse):
    """A body that is given up when the client goes away, and cut, not ended, when the answer fails half-way."""

    def __init__(self, answer: Answer, first: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(_frames(first, answer), headers=dict(headers), media_type=content_type(answer.format))
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._answer.close()


async def streamed(request: Request, answer: Answer, headers: Mapping[str, str]) -> Response:
    """The answer as it is made, or its head alone.

    Raises: what the answer raises on its first frame, so that trouble there still has a status.
    """
    first = await anext(answer.frames, b"")
    if request.scope.get(HEAD_FLAG):
        await _spend(answer)
        return StreamingResponse(_nothing(), headers=dict(headers), media_type=content_type(answer.format))
    return _AnswerResponse(answer, first, headers)


async def _spend(answer: Answer) -> None:
    """Reads the rest of a short answer, which is cheaper than a new worker, and gives up a long one."""
    left = _SPENT_BYTES
    async for frame in answer.frames:
        left -= len(frame)
        if left < 0:
            break
    await answer.close()


async def _frames(first: bytes, answer: Answer) -> AsyncIterator[bytes]:
    yield first
    try:
        async for frame in answer.frames:
            yield frame
    except ClusterGraphError as exc:
        raise AnswerCut(exc.detail) from exc


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield
