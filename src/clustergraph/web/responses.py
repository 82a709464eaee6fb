"""What every good answer carries: validators, links, the dataset's digest; and streams that end when nobody reads."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from clustergraph.codings import IDENTITY, unpacked
from clustergraph.errors import ClusterGraphError
from clustergraph.formats import CSV, TSV, Format
from clustergraph.runner import Answer, QueryRequest
from clustergraph.web.attended import QUERY, Attended
from clustergraph.web.cache import KEPT, REPACKED, Stored, headers_in
from clustergraph.web.desk import AnswerCut
from clustergraph.web.settled import note_asked
from clustergraph.web.site import Site, questions_of, site_of

# In the scope of a request:
HEAD_FLAG: Final = "clustergraph.head"  # set where a HEAD request is handled as a GET without a body
CODING: Final = "clustergraph.coding"  # the content coding that the client likes best
KEYS: Final = "clustergraph.keys"  # under which the answer is kept in the cache
TARGET_LIMIT_BYTES: Final = 8_192  # of path and query string; the least that proxies are sure to pass
_Done = TypeVar("_Done")
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_OF_THE_FORMAT: Final = ("content-type", "content-disposition")
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


def coding_of(request: Request) -> str:
    """The content coding that the client likes best; set by the envelope around all routes."""
    return str(request.scope.get(CODING, IDENTITY))


def query_address(
    query: str, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = (), format_name: str | None = None
) -> str | None:
    """The address of the answer to a query; None where it would be too long, and the query is to be sent by POST."""
    if len(query) >= TARGET_LIMIT_BYTES:
        return None
    graphs = [("default-graph-uri", one) for one in default_graphs] + [("named-graph-uri", one) for one in named_graphs]
    chosen = [("format", format_name)] if format_name else []
    address = f"/sparql?{urlencode([('query', query), *graphs, *chosen])}"
    return address if len(address) <= TARGET_LIMIT_BYTES else None


def kept_answer(request: Request, key: tuple[str, ...] | None) -> Response | None:
    """The answer to the same question, if it is in the cache; if not, the answer to this request will be."""
    if key is None:
        return None
    key = (*key, coding_of(request))
    request.scope[KEYS].append(key)
    stored = site_of(request).answers.get(key, is_last=True)
    if stored is None:
        return None
    request.scope[KEPT] = stored
    _note_format(request, stored)
    return kept_response(stored, _known(request))


async def repacked_answer(request: Request, key: tuple[str, ...] | None, headers: Mapping[str, str]) -> Response | None:
    """The answer to the same question, if it is kept in another content coding; the envelope packs it anew."""
    answers = site_of(request).answers
    stored = answers.elsewhere(key, coding_of(request)) if key else None
    if stored is None:
        return None
    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers_in(stored.head)}
    coding = told.get("content-encoding", IDENTITY)
    body = await asyncio.to_thread(unpacked, stored.body, coding, answers.answer_limit_bytes)
    if body is None:
        return None
    request.scope[REPACKED] = True
    _note_format(request, stored)
    return Response(body, headers={**headers, **{name: told[name] for name in _OF_THE_FORMAT if name in told}})


def _note_format(request: Request, stored: Stored) -> None:
    if QUERY in request.scope:
        request.scope[QUERY].format_name = stored.format_name


def kept_response(stored: Stored, known: str) -> Response:
    """An answer from the cache, or 304 where its validator is among those that the client knows."""
    is_known = names(known, stored.tag.decode())
    response = Response(b"" if is_known else stored.body, 304 if is_known else 200)
    response.raw_headers = headers_in(stored.head_unchanged if is_known else stored.head)
    return response


def names(known: str, tag: str) -> bool:
    """Whether a value of If-None-Match names the validator of an answer that is there.

    Source: RFC 9110, section 13.1.2: weak comparison, `*` matches anything that there is.
    """
    return bool(tag) and (known.strip() == "*" or _names_exactly(known, tag))


def _names_exactly(known: str, tag: str) -> bool:
    return tag in [one.removeprefix("W/") if one.startswith('W/"') else one for one in map(str.strip, known.split(","))]


def _known(request: Request) -> str:
    return ",".join(request.headers.getlist("if-none-match")) if request.method == "GET" else ""


def not_modified(request: Request, headers: Mapping[str, str]) -> Response | None:
    """304 if the client has this very answer already, else None; what other methods than GET bring has no validator.

    Shape: `*` names no answer here, as nobody knows yet whether there is one; the envelope sees to it once there is.
    """
    tag = headers.get("ETag")
    if tag and _names_exactly(_known(request), tag):
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
    attended: Attended | None = request.scope.get(QUERY)
    if attended is None:
        working = asyncio.ensure_future(questions_of(request).runner.answer(question))
    else:
        note_asked(request.scope, site_of(request).runner)
        working = asyncio.ensure_future(site_of(request).runner.answer(attended.asking(question)))
    others = [asyncio.ensure_future(_disconnected(request))]
    if attended is not None:
        others.append(asyncio.ensure_future(attended.wished()))
    try:
        done, _ = await asyncio.wait({working, *others}, return_when=asyncio.FIRST_COMPLETED)
        answer = (working if working in done else next(iter(done))).result()
    finally:
        for task in (working, *others):
            task.cancel()
    if attended is not None:
        attended.answered(answer)
    return answer


async def until_disconnected(request: Request, working: Coroutine[Any, Any, _Done]) -> _Done:
    """What comes of some work, which is cancelled as soon as the client goes away.

    Raises: what the work raises; ClientDisconnect.
    """
    task, gone = asyncio.ensure_future(working), asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.wait({task, gone})


async def _disconnected(request: Request) -> Answer:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise ClientDisconnect


class _AnswerResponse(StreamingResponse):
    """A body that is given up when the client goes away, and cut, not ended, when the answer fails half-way."""

    def __init__(self, answer: Answer, first: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(self._frames(first, answer), headers=headers)
        self._answer = answer
        self._is_whole = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._answer.close()
        if not self._is_whole:  # the framework ends in silence where nobody takes the rest
            raise ClientDisconnect

    async def _frames(self, first: bytes, answer: Answer) -> AsyncIterator[bytes]:
        yield first
        try:
            async for frame in answer.frames:
                yield frame
        except ClusterGraphError as exc:
            raise AnswerCut(exc.detail) from exc
        self._is_whole = True


async def answered(
    request: Request, question: QueryRequest, headers: Mapping[str, str], *, file_name: str | None = None
) -> Response:
    """The answer to a query as it is made, in the coding that the client likes best, or its head alone.

    Raises: what the runner raises, and what the answer raises on its first frame, so that trouble still has a status.
    """
    answer = await answer_while_connected(request, replace(question, coding=coding_of(request)))
    headers = {**headers, **headers_of(answer.format, answer.coding, file_name)}
    if answer.whole is not None:
        return Response(answer.whole, headers=headers)
    first = await anext(answer.frames, b"")
    if request.scope.get(HEAD_FLAG):
        await _spend(answer)
        return StreamingResponse(_nothing(), headers=headers)
    return _AnswerResponse(answer, first, headers)


def headers_of(chosen: Format, coding: str, file_name: str | None = None) -> dict[str, str]:
    """The headers that follow from the form of an answer; with a name, a table is offered as a file."""
    coded = {} if coding == IDENTITY else {"Content-Encoding": coding}
    saved = attachment(file_name, chosen) if file_name else {}
    return {"Content-Type": content_type(chosen), **coded, **saved}


async def _spend(answer: Answer) -> None:
    """Reads the rest of a short answer, which is cheaper than a new worker, and gives up a long one."""
    left = _SPENT_BYTES
    async for frame in answer.frames:
        left -= len(frame)
        if left < 0:
            break
    await answer.close()


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield
