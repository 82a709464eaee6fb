"""/validate: contributed files in, what is wrong with them out, as data or as a page. Reads none of them itself."""

import asyncio
import difflib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from clustergraph.errors import Busy, ClusterGraphError, OverBudget, ParameterUnsuitable
from clustergraph.formats import HTML, Format, named, negotiate
from clustergraph.judges import BODY_LIMIT_BYTES, Judged
from clustergraph.outputs.outcome import number
from clustergraph.submissions import TYPES
from clustergraph.web.desk import Desk, desk_of, outcome_of
from clustergraph.web.problems import DETAIL_LIMIT, Trouble, accepted, escaped, prefers_page, shown, told, told_of_http
from clustergraph.web.protocol import read_body, sent_type
from clustergraph.web.rendering import page
from clustergraph.web.responses import content_type, data_headers, entity_tag, not_modified, until_disconnected
from clustergraph.web.site import Site, client_behind, site_of
from clustergraph.web.submitted import DATA_FORMATS, OFFERED
from clustergraph.web.unread import TakenResponse
from clustergraph.web.words import DEFAULT_LANGUAGE, OTHER_TROUBLE, TROUBLE, WORDS

router: Final = APIRouter()
_PARAMETERS: Final = ("path", "language", "format")


@router.get("/validate", summary="The page to have files judged in")
async def validate_page(request: Request) -> Response:
    """The empty page, in the language that is asked for.

    Raises: ParameterUnsuitable for a language that is none of ours.
    """
    site = site_of(request)
    language = request.query_params.get("language") or DEFAULT_LANGUAGE
    if language not in WORDS:
        message = f"there is no language '{shown(language)}' here: use one of {', '.join(WORDS)}"
        raise ParameterUnsuitable(message)
    headers = data_headers(site, tag=entity_tag(site, "validate", language))
    return not_modified(request, headers) or _page(site, language, headers=headers)


@router.post("/validate", summary="Have contributed files judged beside the dataset's own")
async def validate(request: Request) -> Response:
    """The findings; 200 whatever is found.

    Raises: what is told of as a problem, where nothing could be judged.
    """
    site = site_of(request)
    try:
        chosen = _chosen(request)
        judged, end = await _judged(request, site, chosen)
    except (ClusterGraphError, HTTPException) as exc:
        if not prefers_page(request):
            raise
        language = _language(request)
        return _page(site, language, trouble=_trouble(exc, request, language))
    try:
        answer = await asyncio.to_thread(_told, site, judged)
    except BaseException:
        end()
        raise
    return TakenResponse(answer, end)


def _chosen(request: Request) -> Format:
    """The format to answer in.

    Raises: NotAcceptable; ParameterUnsuitable for a parameter that is none of ours, as who gives one counts on it.
    """
    if unknown := sorted(request.query_params.keys() - set(_PARAMETERS)):
        near = difflib.get_close_matches(unknown[0], _PARAMETERS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(_PARAMETERS)}"
        message = f"there is no parameter '{shown(unknown[0])}' here: {hint}"
        raise ParameterUnsuitable(message)
    asked = request.query_params.get("format")
    return named(shown(asked), OFFERED) if asked else negotiate(accepted(request), OFFERED)


def _trouble(exc: ClusterGraphError | HTTPException, request: Request, language: str) -> Trouble:
    """What the client is told, on a page in its language; in Italian by the kind of trouble where nothing is nearer."""
    trouble = told(exc) if isinstance(exc, ClusterGraphError) else told_of_http(exc, request)
    if language == DEFAULT_LANGUAGE:
        return trouble
    title, sentence = TROUBLE.get(trouble.problem.name, OTHER_TROUBLE)
    detail = escaped(exc.italian)[:DETAIL_LIMIT] if isinstance(exc, _Unfit) else sentence
    return replace(trouble, problem=trouble.problem._replace(title=title), detail=detail)


def _language(request: Request) -> str:
    asked = request.query_params.get("language") or DEFAULT_LANGUAGE
    return asked if asked in WORDS else DEFAULT_LANGUAGE


async def _judged(request: Request, site: Site, chosen: Format) -> tuple[Judged, Callable[[], None]]:
    """What a judge says of the body of a request, at the expense of its client, and what ends its turn.

    Shape:  a client's turn lasts until its answer is taken, which costs it no query time.
    Raises: OverBudget before anything is read; Busy; HTTPException 408, 413, 415; ValidationTimedOut,
            ValidationAborted.
    """
    desk, client = desk_of(request), client_behind(request)
    async with _counted(desk, client):
        desk.budgets.require_good(client, time.monotonic())
        media_type = _media_type(request)
        body = await read_body(request, BODY_LIMIT_BYTES, _too_large)
        head = {
            "type": media_type,
            "content_type": request.headers["content-type"],
            "path": request.query_params.get("path"),
            "language": request.query_params.get("language"),
            "render": chosen.name,
        }
        place = desk.budgets.begin(client, time.monotonic())
        if place is not None:
            await desk.budgets.turn(client, place)
        began_s = time.monotonic()
        try:
            judging = desk.judges.judged(site.published, client, head, body)
            judged = _read(await until_disconnected(request, judging))
        except BaseException:
            now_s = time.monotonic()
            desk.budgets.end(client, now_s, now_s - began_s)
            raise
        took_s = time.monotonic() - began_s
        return judged, lambda: desk.budgets.end(client, time.monotonic(), took_s)


class _Unfit(HTTPException):
    """Trouble with a submission, told in Italian, too."""

    def __init__(self, status: int, detail: str, italian: str) -> None:
        super().__init__(status, detail)
        self.italian = italian


def _read(judged: Judged) -> Judged:
    """A verdict.

    Raises: HTTPException where there is none, as the submission cannot be read.
    """
    if judged.head["status"] != 200:  # noqa: PLR2004
        raise _Unfit(judged.head["status"], judged.head["detail"], judged.head["italian"])
    return judged


@asynccontextmanager
async def _counted(desk: Desk, client: str | None) -> AsyncIterator[None]:
    """Counts a submission by how it ends; one that cannot be read counts against its client."""
    outcome = "answered"
    try:
        yield
    except (OverBudget, Busy) as exc:
        outcome = outcome_of(exc)
        raise
    except HTTPException:
        outcome = "refused"
        desk.budgets.bad(client, time.monotonic())
        raise
    except (ClientDisconnect, asyncio.CancelledError):
        outcome = "cancelled"
        raise
    except Exception as exc:
        outcome = outcome_of(exc)
        raise
    finally:
        desk.meter.count("validations", outcome)


def _too_large(limit_bytes: int) -> HTTPException:
    return _Unfit(
        413,
        f"the body has more than {limit_bytes:,} bytes, which is the limit here: send it in parts",
        f"il corpo ha più di {number(limit_bytes, 'it')} byte, che qui è il limite: inviarlo in più parti",
    )


def _media_type(request: Request) -> str:
    """The media type of the body, once it is sure that it is one that is judged here.

    Raises: HTTPException 400, 415.
    """
    if (count := len(request.headers.getlist("content-type"))) > 1:
        raise HTTPException(400, f"there are {count} Content-Type headers: send one")
    unread = "is no form of submission that is read here"
    return sent_type(request, TYPES, unread, ", ".join(TYPES), "the files as they are")


def _told(site: Site, judged: Judged) -> Response:
    """A verdict as it is sent: never kept, as it is about nobody's text but the sender's."""
    headers = data_headers(site, vary="Accept")
    name, language = judged.head["render"], judged.head["language"]
    if name == HTML.name:
        return _page(site, language, headers=headers, verdict=json.loads(judged.body))
    chosen = named(name, DATA_FORMATS)
    saved = {"Content-Disposition": f'attachment; filename="findings.{chosen.extension}"'}
    return Response(judged.body, headers={**headers, **saved, "Content-Type": content_type(chosen)})


def _page(
    site: Site,
    language: str,
    *,
    headers: Mapping[str, str] | None = None,
    verdict: Mapping[str, Any] | None = None,
    trouble: Trouble | None = None,
) -> Response:
    """The page: what was sent, and beside it what was found."""
    headers = headers or data_headers(site, vary="Accept") | (dict(trouble.headers) if trouble else {})
    return page(
        site,
        "validate.html",
        status=trouble.problem.status if trouble else 200,
        headers=headers,
        around_language=language,
        language=language,
        languages=[(code, words["this_language"]) for code, words in WORDS.items()],
        w=WORDS[language],
        verdict=verdict,
        files=verdict["files"] if verdict else [{"path": "", "text": "", "is_cut": False, "marks": ""}],
        trouble=trouble,
        formats=[one.name for one in DATA_FORMATS],
    )
