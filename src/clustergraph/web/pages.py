"""The pages that are not documents: home, lists, what errors mean; and what operators ask: health, robots."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from clustergraph.errors import Busy, ClusterGraphError, NotFound
from clustergraph.results import Term, select
from clustergraph.terms import KINDS, entity_iri
from clustergraph.web.desk import desk_of
from clustergraph.web.problems import BY_STATUS, PROBLEMS, problem_response, shown, told
from clustergraph.web.rendering import page
from clustergraph.web.responses import CACHE_CONTROL, data_headers, entity_tag, not_modified
from clustergraph.web.site import questions_of, site_of

router: Final = APIRouter()

LIST_ROWS: Final = 1_000
EXAMPLES: Final = ("clusters-of-member", "areas-without-national-cluster", "disagreements")

_BROWSED: Final = {
    "cluster": "Clusters",
    "organisation": "Organisations",
    "area": "Technology areas",
    "source": "Sources",
    "membership": "Memberships",
    "aim": "Aims",
    "strategy": "Strategies",
    "initiative": "Initiatives",
    "scheme": "Lists of areas and vocabularies",
}
"""The lists that the home page links to, with what they are called there."""

_NO_STORE: Final = {"Cache-Control": "no-store"}


@router.get("/", summary="What this is, and where to start")
async def home(request: Request) -> Response:
    """What this is, how much there is of it, and where to start."""
    site = site_of(request)
    headers = data_headers(site, tag=entity_tag(site, "home"))
    saved = site.published.catalogue
    examples = [saved[name] for name in EXAMPLES if name in saved] or list(saved.values())[: len(EXAMPLES)]
    return not_modified(request, headers) or page(
        site, "home.html", headers=headers, counts=site.published.counts, examples=examples, browsed=_BROWSED
    )


@router.get("/browse/{kind}", summary="All things of a kind")
async def browse(request: Request, kind: str) -> Response:
    """All things of one kind.

    Raises: NotFound for a kind that is none of ours.
    """
    if kind not in KINDS:
        message = f"there is no kind '{shown(kind)}': the kinds are {', '.join(KINDS)}"
        raise NotFound(message)
    site = site_of(request)
    headers = data_headers(site, tag=entity_tag(site, "browse", kind))
    unchanged = not_modified(request, headers)
    if unchanged:
        return unchanged
    prefix = Term("literal", entity_iri(kind, ""))
    questions = questions_of(request)
    listed = await select(questions.runner, questions.texts["browse"], {"prefix": prefix}, row_limit=LIST_ROWS)
    rows = [row[1:] for row in listed.rows]
    title = _BROWSED.get(kind, kind.replace("-", " ").capitalize())
    return page(
        site,
        "browse.html",
        headers=headers,
        kind=kind,
        title=title,
        rows=rows,
        complete=listed.complete,
        grouped=any(group for *_, group in rows),
        row_limit=LIST_ROWS,
    )


@router.get("/problems", summary="What errors mean")
async def problems(request: Request) -> Response:
    """What the `type` of a problem document means."""
    site = site_of(request)
    listed = sorted({*PROBLEMS.values(), *BY_STATUS.values()})
    headers = data_headers(site, tag=entity_tag(site, "problems"))
    return not_modified(request, headers) or page(site, "problems.html", headers=headers, problems=listed)


@router.get("/health/live", summary="Whether the server answers at all")
async def live(request: Request) -> Response:
    """200 as soon as the process takes requests."""
    return JSONResponse({"status": "live", "version": site_of(request).published.version}, headers=_NO_STORE)


@router.get("/health/ready", summary="Whether queries are answered")
async def ready(request: Request) -> Response:
    """200 as long as workers answer queries, else 503."""
    site = site_of(request)
    why: ClusterGraphError | None
    try:
        why = await desk_of(request).readiness.trouble(site.runner)
    except Busy as exc:  # the server starts or stops
        why = exc
    if why is not None:
        trouble = told(why)
        unready = {"Retry-After": "2", **trouble.headers}
        busy = trouble.problem._replace(status=503)
        return problem_response(request, type(trouble)(busy, trouble.detail, trouble.place, unready))
    return JSONResponse({"status": "ready", "dataset": site.digest}, headers=_NO_STORE)


@router.get("/.well-known/void", status_code=302, summary="Where the dataset is described for harvesters")
async def void() -> Response:
    """302 to the graph that describes the dataset.

    Source: Describing Linked Datasets with the VoID Vocabulary, section 7.2.
    """
    return RedirectResponse("/graph/metadata", 302, {"Cache-Control": CACHE_CONTROL})


@router.get("/robots.txt", summary="What crawlers are asked")
async def robots() -> Response:
    """Crawlers are welcome to the documents; queries are for people and their programs."""
    lines = ("User-agent: *", "Disallow: /sparql", "Disallow: /queries/*?", "")
    return PlainTextResponse("\n".join(lines), headers={"Cache-Control": "public, max-age=86400"})
