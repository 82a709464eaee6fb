"""What operators and careful clients ask: metrics, limits, the queries under way."""

import time
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clustergraph.formats import HTML, Format, negotiate
from clustergraph.web.desk import desk_of
from clustergraph.web.limits import limits_told
from clustergraph.web.metrics import CONTENT_TYPE
from clustergraph.web.problems import accepted
from clustergraph.web.rendering import page
from clustergraph.web.responses import data_headers, entity_tag, not_modified
from clustergraph.web.site import client_behind, site_of

router: Final = APIRouter()

_PLAIN_JSON: Final = Format("json", "application/json", "json")
_NO_STORE: Final = {"Cache-Control": "no-store"}


@router.get("/metrics", summary="What the server counts of itself, for Prometheus")
async def metrics(request: Request) -> Response:
    """The text format of Prometheus, version 0.0.4; nothing in it is about anybody."""
    return Response(desk_of(request).meter.text(), headers={**_NO_STORE, "Content-Type": CONTENT_TYPE})


@router.get("/limits", summary="Every limit, its value here, and what happens at it")
async def limits(request: Request) -> Response:
    """JSON, or a page for browsers.

    Raises: NotAcceptable for a client that takes neither.
    """
    site = site_of(request)
    chosen = negotiate(accepted(request), (_PLAIN_JSON, HTML))
    told = limits_told(site.settings)
    headers = data_headers(site, tag=entity_tag(site, "limits", chosen.name, repr(told)), vary="Accept")
    unchanged = not_modified(request, headers)
    if unchanged:
        return unchanged
    if chosen is HTML:
        return page(site, "limits.html", headers=headers, limits=told)
    return JSONResponse({"limits": [one._asdict() for one in told]}, headers=headers)


@router.get("/running", summary="How many queries are under way, and how far they are")
async def running(request: Request) -> Response:
    """Count, and for each query its seconds, state and form; no id, no text, no client."""
    return JSONResponse(desk_of(request).running.told(time.monotonic()), headers=_NO_STORE)


@router.api_route(
    "/running/{query_id}", methods=["GET", "DELETE"], summary="The queries that you sent with an id; end them"
)
async def running_of(request: Request, query_id: str) -> Response:
    """The queries that this client sent with the id; DELETE ends them.

    Raises: NotFound if none is under way.
    """
    registry, client = desk_of(request).running, client_behind(request)
    if request.method == "DELETE":
        registry.cancel(query_id, client)
        return Response(status_code=204, headers=_NO_STORE)
    return JSONResponse(registry.told(time.monotonic(), query_id, client), headers=_NO_STORE)
