"""From an error to what the client is told: one table, one body, one page. Nothing of our insides gets out here."""

import logging
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from clustergraph import errors
from clustergraph.errors import ClusterGraphError, NotAcceptable
from clustergraph.formats import HTML, Format, negotiate
from clustergraph.terms import BASE
from clustergraph.web.rendering import page
from clustergraph.web.site import site_of

PROBLEM_JSON: Final = Format("problem", "application/problem+json", "json", ("application/json",))
ECHO_LIMIT: Final = 80  # characters of the client's own input that an answer repeats
DETAIL_LIMIT: Final = 600  # characters of a whole sentence of ours

_logger = logging.getLogger("clustergraph.web")


class Problem(NamedTuple):
    """One kind of trouble: its status, its name in `type`, and what it is called."""

    status: int
    name: str
    title: str


PROBLEMS: Final[Mapping[type[ClusterGraphError], Problem]] = {
    errors.QueryMalformed: Problem(400, "query-malformed", "This is not a query that can be read"),
    errors.QueryRefused: Problem(403, "query-refused", "This endpoint does not answer such queries"),
    errors.QueryTooLarge: Problem(413, "query-too-large", "The query is over a limit of size"),
    errors.QueryTimedOut: Problem(504, "query-timed-out", "The query took too long"),
    errors.QueryTooHungry: Problem(503, "query-too-hungry", "The query wanted too much"),
    errors.QueryAborted: Problem(503, "query-aborted", "The query was not evaluated to its end"),
    errors.QueryCancelled: Problem(409, "query-cancelled", "The query was cancelled"),
    errors.ValidationTimedOut: Problem(504, "validation-timed-out", "The validation took too long"),
    errors.ValidationAborted: Problem(503, "validation-aborted", "The validation wanted too much"),
    errors.OverBudget: Problem(429, "over-budget", "You have had your share for now"),
    errors.Busy: Problem(503, "busy", "The server is busy"),
    errors.NotAcceptable: Problem(406, "not-acceptable", "There is no such format here"),
    errors.FormatCannotHold: Problem(406, "format-cannot-hold", "This format cannot hold the answer"),
    errors.NotFound: Problem(404, "not-found", "There is nothing at this address"),
    errors.ParameterUnsuitable: Problem(422, "parameter-unsuitable", "A value does not fit"),
    errors.DatasetUnusable: Problem(503, "dataset-unusable", "The dataset cannot be read"),
    errors.UsageError: Problem(500, "our-fault", "Something went wrong on our side"),
    errors.QueryError: Problem(500, "our-fault", "Something went wrong on our side"),
    errors.ClusterGraphError: Problem(500, "our-fault", "Something went wrong on our side"),
}
"""Every error we raise on purpose. The nearest class in the tree counts."""

BY_STATUS: Final[Mapping[int, Problem]] = {
    one.status: one
    for one in (
        Problem(400, "bad-request", "This request cannot be read"),
        Problem(404, "not-found", "There is nothing at this address"),
        Problem(405, "method-not-allowed", "This address does not take that method"),
        Problem(408, "too-slow", "The request took too long to arrive"),
        Problem(413, "too-large", "The request is too large"),
        Problem(414, "address-too-long", "The address is too long"),
        Problem(415, "unsupported-media-type", "The request is in a form that is not read here"),
        Problem(422, "parameter-unsuitable", "A value does not fit"),
        Problem(431, "head-too-large", "The head of the request is too large"),
        Problem(500, "our-fault", "Something went wrong on our side"),
        Problem(505, "http-version", "This answer needs a newer version of HTTP"),
    )
}
"""Trouble with HTTP itself, before anything of ours is asked."""

_PREFLIGHT: Final = {
    "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match, X-Query-Id",
    "Access-Control-Max-Age": "86400",
}
"""What scripts of other sites may do here, beside the methods of the address.

Source: Fetch Standard, CORS protocol.
"""

_SERVER: Final = "*"
"""What stands for no address, but for the server as a whole.

Source: RFC 9110, section 9.3.7.
"""

_NO_DATASET: Final = "there is no dataset to answer from just now: try again in a minute"
_RETRY_AFTER_S: Final = {"query-too-hungry": 5, "query-aborted": 5, "validation-aborted": 5, "dataset-unusable": 60}


@dataclass(frozen=True)
class Trouble:
    """What the client is told.

    Shape: `place` holds `line`, `column`, `hint`, `offered` and `request` where they apply.
    """

    problem: Problem
    detail: str
    place: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The members of the problem document.

        Source: RFC 9457, section 3.
        """
        status, name, title = self.problem
        return {
            "type": f"{BASE}problems#{name}",
            "title": title,
            "status": status,
            "detail": self.detail,
            **self.place,
        }


def escaped(text: str) -> str:
    r"""The text with everything that does not print written as an escape.

    >>> escaped("a\r\nb")
    'a\\u000d\\u000ab'
    """
    return "".join(one if _prints(one) else f"\\u{ord(one):04x}" for one in text)


def _prints(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def shown(text: str) -> str:
    """The client's own input, fit to be repeated: printable and cut at ECHO_LIMIT."""
    return escaped(text if len(text) <= ECHO_LIMIT else f"{text[: ECHO_LIMIT - 1]}…")


def told(exc: ClusterGraphError) -> Trouble:
    """What the client is told of an error of ours."""
    problem = next(PROBLEMS[kind] for kind in type(exc).__mro__ if kind in PROBLEMS)
    if problem.status == 500:  # noqa: PLR2004
        return our_fault(exc)
    detail = _NO_DATASET if isinstance(exc, errors.DatasetUnusable) else exc.detail
    if isinstance(exc, NotAcceptable):  # its own sentence repeats the whole header
        detail = f"nothing that fits this request is in a format you accept: ask for one of {', '.join(exc.offered)}"
    members = {name: getattr(exc, name, None) for name in ("line", "column", "hint", "offered")}
    place = {name: _escaped_if_text(value) for name, value in members.items() if value is not None}
    wait_s = getattr(exc, "retry_after_s", _RETRY_AFTER_S.get(problem.name))
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    return Trouble(problem, escaped(detail)[:DETAIL_LIMIT], place, headers)


def _escaped_if_text(value: Any) -> Any:
    return escaped(value)[:DETAIL_LIMIT] if isinstance(value, str) else value


def our_fault(exc: Exception) -> Trouble:
    """What the client is told when we failed: a number to quote, and nothing of the cause, which goes to the log."""
    request_id = uuid.uuid4().hex
    _logger.error("request %s failed", request_id, exc_info=exc)
    detail = f"this is our fault: tell us the number {request_id} if it happens again"
    return Trouble(BY_STATUS[500], detail, {"request": request_id})


def told_of_http(exc: HTTPException, request: Request) -> Trouble:
    """What the client is told of trouble with HTTP itself."""
    problem = BY_STATUS.get(exc.status_code, Problem(exc.status_code, "http", str(exc.detail)))
    headers = dict(exc.headers or {})
    sentences = {
        404: f"'{shown(request.scope['path'])}' leads nowhere: start from / or from the saved queries at /queries",
        405: f"'{shown(request.scope['method'])}' is not for this address: use one of {_allowed(request)}",
    }
    detail = sentences.get(exc.status_code, str(exc.detail))
    if exc.status_code == 405:  # noqa: PLR2004
        headers["Allow"] = _allowed(request)
    return Trouble(problem, escaped(detail)[:DETAIL_LIMIT], headers=headers)


def _allowed(request: Request) -> str:
    """The methods of all routes to an address, with those that each has; the framework names those of the first."""
    found = [one for one in request.app.state.routed if one.matches(request.scope)[0] is not Match.NONE]
    routed = {method for one in found for method in one.methods} or {"GET"}
    return ", ".join(sorted(routed | {"OPTIONS"} | ({"HEAD"} if "GET" in routed else set())))


def accepted(request: Request) -> str | None:
    """The Accept header, all of its lines joined, or None."""
    return ", ".join(request.headers.getlist("accept")) or None


def prefers_page(request: Request) -> bool:
    """Whether the client is a browser, by its Accept header."""
    return is_of_browser(accepted(request))


@lru_cache(maxsize=256)
def is_of_browser(accept: str | None) -> bool:
    """Whether an Accept header asks for a page rather than a problem document, where there is trouble."""
    try:
        return negotiate(accept, (PROBLEM_JSON, HTML)) is HTML
    except NotAcceptable:
        return False


def problem_response(request: Request, trouble: Trouble) -> Response:
    """The trouble as a page for browsers and as a problem document for everybody else."""
    headers = {**trouble.headers, "Cache-Control": "no-store", "Vary": "Accept"}
    status = trouble.problem.status
    if prefers_page(request):
        return page(site_of(request), "problem.html", status=status, headers=headers, trouble=trouble)
    return JSONResponse(trouble.body, status, headers, media_type=PROBLEM_JSON.media_type)


def install(app: FastAPI) -> None:
    """Makes every error that a route raises travel through this table.

    OPTIONS comes the same way: no route takes it, so what the framework says of other methods is its answer.
    """

    async def ours(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, ClusterGraphError)  # noqa: S101  # registered for this class only
        return problem_response(request, told(exc))

    async def framework(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)  # noqa: S101
        if request.method == "OPTIONS" and (exc.status_code == 405 or request.scope["path"] == _SERVER):  # noqa: PLR2004
            allowed = _allowed(request)
            methods = ", ".join(one for one in allowed.split(", ") if one != "OPTIONS")
            return Response(
                status_code=204, headers={"Allow": allowed, "Access-Control-Allow-Methods": methods, **_PREFLIGHT}
            )
        return problem_response(request, told_of_http(exc, request))

    async def validation(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RequestValidationError)  # noqa: S101
        names = sorted({".".join(str(part) for part in error["loc"]) for error in exc.errors()})
        detail = f"these values do not fit: {', '.join(names)}"
        return problem_response(request, Trouble(BY_STATUS[422], escaped(detail)[:DETAIL_LIMIT]))

    app.add_exception_handler(ClusterGraphError, ours)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, validation)
