"""/queries: the saved queries as pages with a form, as tables to download, and as text.

Values are bound to variables, never pasted into the text.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from clustergraph.errors import ClusterGraphError, NotFound, QueryMalformed
from clustergraph.formats import CSV, JSON, TSV, Format
from clustergraph.guard import query_form
from clustergraph.queries import SavedQuery, find_query, unknown_thing
from clustergraph.results import Term, ask, read_table
from clustergraph.runner import QueryRequest
from clustergraph.web.attended import attend
from clustergraph.web.desk import desk_of
from clustergraph.web.problems import prefers_page, shown, told
from clustergraph.web.protocol import parameters
from clustergraph.web.rendering import page, with_used_prefixes
from clustergraph.web.responses import (
    answer_while_connected,
    answered,
    data_headers,
    entity_tag,
    not_modified,
    query_address,
)
from clustergraph.web.running import QUERY_ID, query_id_of
from clustergraph.web.site import Site, questions_of, site_of

PAGE_ROWS: Final = 1_000

router: Final = APIRouter()

_TABLES: Final[Mapping[str, Format]] = {"json": JSON, "csv": CSV, "tsv": TSV}
_TEXT_TYPE: Final = "application/sparql-query"


@router.get("/queries", summary="The saved queries")
async def catalogue(request: Request) -> Response:
    """The list of saved queries, with the question each answers in both languages."""
    site = site_of(request)
    headers = data_headers(site, tag=entity_tag(site, "queries"))
    saved = list(site.published.catalogue.values())
    return not_modified(request, headers) or page(site, "queries.html", headers=headers, queries=saved)


@router.get("/queries/{name}.{extension}", summary="A saved query as a file")
async def table(request: Request, name: str, extension: str) -> Response:
    """The answer to a saved query as a file, or its text.

    Raises: NotFound if there is no such query or form; ParameterUnsuitable; QueryMalformed.
    """
    site = site_of(request)
    saved = _saved(site, name)
    if extension == "rq":
        headers = data_headers(site, tag=entity_tag(site, "query", name))
        text = with_used_prefixes(saved.text)
        return not_modified(request, headers) or Response(text, headers=headers, media_type=_TEXT_TYPE)
    if extension not in _TABLES:
        choices = ", ".join(f".{one}" for one in (*_TABLES, "rq"))
        message = f"there is no '.{shown(extension)}' of a saved query: use one of {choices}"
        raise NotFound(message)
    chosen = _TABLES[extension]
    values = _values(request)
    bindings = saved.bindings(values)
    headers = data_headers(site, tag=_tag(site, saved, bindings, extension))
    unchanged = not_modified(request, headers)
    if unchanged:
        return unchanged
    await _require_things(request, saved, values)
    question = QueryRequest(saved.text, result_format=chosen, bindings=bindings)
    async with _turn(request, saved):
        return await answered(request, question, headers, file_name=saved.name)


@router.get("/queries/{name}", summary="A saved query as a page")
async def query(request: Request, name: str) -> Response:
    """A page with a form for the parameters and the result; without parameters, the result for the examples."""
    site = site_of(request)
    saved = _saved(site, name)
    values: Mapping[str, str] = {}
    try:
        values = _values(request) or saved.examples
        bindings = saved.bindings(values)
        headers = data_headers(site, tag=_tag(site, saved, bindings, "html"))
        unchanged = not_modified(request, headers)
        if unchanged:
            return unchanged
        await _require_things(request, saved, values)
        question = QueryRequest(saved.text, result_format=TSV, bindings=bindings)
        async with _turn(request, saved):
            shown_table = await read_table(await answer_while_connected(request, question), row_limit=PAGE_ROWS)
    except ClusterGraphError as exc:
        if not prefers_page(request):
            raise
        trouble = told(exc)
        bad = {**data_headers(site), **trouble.headers}
        return _page(site, saved, values, status=trouble.problem.status, headers=bad, trouble=trouble)
    return await asyncio.to_thread(_page, site, saved, values, headers=headers, table=shown_table)


def _saved(site: Site, name: str) -> SavedQuery:
    try:
        return find_query(site.published.catalogue, name)
    except NotFound as exc:
        message = f"there is no saved query '{shown(name)}': the list is at /queries"
        raise NotFound(message) from exc


async def _require_things(request: Request, saved: SavedQuery, values: Mapping[str, str]) -> None:
    """Nothing, if the dataset says something of each thing among the values: a misspelt slug is not an empty answer.

    Raises: ParameterUnsuitable otherwise.
    """
    questions = questions_of(request)
    for name, iri in saved.things(values).items():
        if not await ask(questions.runner, questions.texts["exists"], {"this": Term("iri", iri)}):
            raise unknown_thing(name, iri)


@asynccontextmanager
async def _turn(request: Request, saved: SavedQuery) -> AsyncIterator[None]:
    """Has a query with a text of its sender asked as any query of strangers is: of their workers, on their budget.

    Raises: OverBudget; ParameterUnsuitable for an id of a query that is none.
    """
    if not saved.takes_text:
        yield
        return
    attended = attend(request, saved.text)
    try:
        desk_of(request).budgets.require_good(attended.client, time.monotonic())
        attended.form = query_form(saved.text)
        await attended.turn(query_id_of(request.headers.get(QUERY_ID)))
        yield
    except ClusterGraphError as exc:
        attended.failed(exc)
        raise


def _values(request: Request) -> dict[str, str]:
    """The parameters in the address.

    Raises: QueryMalformed if one is there twice.
    """
    pairs = parameters(request.scope["query_string"])
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"there are {names.count(twice)} parameters '{shown(twice)}': send one"
        raise QueryMalformed(message)
    return values


def _tag(site: Site, saved: SavedQuery, bindings: Mapping[str, str], extension: str) -> str:
    pairs = (f"{name}={term}" for name, term in sorted(bindings.items()))
    return entity_tag(site, "query", saved.name, extension, *pairs)


def _page(
    site: Site,
    saved: SavedQuery,
    values: Mapping[str, str],
    *,
    status: int = 200,
    headers: Mapping[str, str],
    **shown_values: Any,
) -> Response:
    text = with_used_prefixes(saved.text)
    return page(
        site,
        "query.html",
        status=status,
        headers=headers,
        query=saved,
        values={one.name: values.get(one.name, "") for one in saved.parameters},
        text=text,
        address=query_address(text),
        extensions=[*_TABLES],
        row_limit=PAGE_ROWS,
        **{"trouble": None, "table": None, **shown_values},
    )
