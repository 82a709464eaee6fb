"""/sparql: queries in, results out, in a format or in a page. Reads no request, evaluates no query itself."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from clustergraph.errors import Busy, ClusterGraphError, NotAcceptable, OverBudget, QueryMalformed
from clustergraph.formats import (
    ALL_FORMATS,
    GRAPH_FORMATS,
    HTML,
    JSON,
    N_TRIPLES,
    RESULT_FORMATS,
    TSV,
    Format,
    named,
    negotiate,
)
from clustergraph.results import Table, Term, n_triples, read_table, read_triples, read_truth
from clustergraph.runner import Limits, QueryRequest
from clustergraph.settings import Limit
from clustergraph.terms import XSD
from clustergraph.web.attended import attend
from clustergraph.web.choice import Choice, answer_key, choose, question, tag_of
from clustergraph.web.desk import desk_of
from clustergraph.web.line import line_of
from clustergraph.web.problems import Trouble, accepted, prefers_page, shown, told
from clustergraph.web.protocol import Asked, parameters, read_beside, read_request
from clustergraph.web.rendering import page, with_used_prefixes
from clustergraph.web.responses import (
    answer_while_connected,
    answered,
    data_headers,
    entity_tag,
    kept_answer,
    not_modified,
    query_address,
    repacked_answer,
)
from clustergraph.web.running import QUERY_ID, query_id_of
from clustergraph.web.site import Site, client_behind, site_of

PAGE_ROWS: Final = 1_000

router: Final = APIRouter()


@router.api_route("/sparql", methods=["GET", "POST", "QUERY"], summary="Query the dataset (SPARQL 1.1 Protocol)")
async def sparql(request: Request) -> Response:
    """The answer to one query; without one, a description of the service or the page to write one in."""
    site = site_of(request)
    asked = await _read(request, site)
    if isinstance(asked, Response):
        return asked
    if asked.query is None:
        return await _without_query(request, site, asked)
    attended = attend(request, asked.query)
    try:
        query_id = query_id_of(request.headers.get(QUERY_ID))
        judgement = await attended.judged(query_id)
        choice = choose(asked, accepted(request), judgement.form)
        key = answer_key(asked, choice, judgement)
        headers = data_headers(site, tag=tag_of(site, key), vary="Accept")
        known = not_modified(request, headers) or (None if choice.page else kept_answer(request, key))
        if known:
            return known
        await attended.turn(query_id)
        if not choice.page:
            repacked = await repacked_answer(request, key, headers)
            return repacked or await answered(request, question(asked, choice), headers, file_name="results")
        result = await _result(request, asked, judgement.form)
    except ClusterGraphError as exc:
        attended.failed(exc)
        if not _wants_page(request, asked):
            raise
        return _page(site, asked, trouble=told(exc))
    return await asyncio.to_thread(_page, site, asked, result=result, headers=headers)


async def _read(request: Request, site: Site) -> Asked | Response:
    """What is asked, or the page that says why it cannot be read.

    Raises: OverBudget before anything is read; Busy where too many long forms are; what cannot be read uses up what its
            client may send of that kind.
    """
    budgets, client = desk_of(request).budgets, client_behind(request)
    budgets.require_good(client, time.monotonic())
    try:
        return await read_request(request, site.settings, lambda form: _read_in_turn(request, client, form))
    except (OverBudget, Busy):
        raise
    except HTTPException:
        budgets.bad(client, time.monotonic())
        raise
    except ClusterGraphError as exc:
        budgets.bad(client, time.monotonic())
        if not prefers_page(request):
            raise
        return _page(site, Asked(_sent_text(request)), trouble=told(exc))


async def _read_in_turn(request: Request, client: str | None, form: bytes) -> list[tuple[str, str]]:
    """The parameters of a long form, read in the turn of its client and at its expense.

    Raises: OverBudget, Busy; ClientDisconnect where nobody waits for it any more; QueryMalformed.
    """
    desk = desk_of(request)
    desk.budgets.require_seconds(client, time.monotonic())
    async with desk.forms.turn(client):
        if line_of(request.scope).is_lost:
            raise ClientDisconnect
        desk.budgets.require_seconds(client, time.monotonic())  # those that it sent before have cost it some
        pairs, seconds = await read_beside(form)
        desk.budgets.charge(client, time.monotonic(), seconds)
        return pairs


def _sent_text(request: Request) -> str | None:
    """The query text as far as it came in the address, to be shown again beside what was wrong."""
    try:
        return dict(parameters(request.scope["query_string"])).get("query")
    except QueryMalformed:
        return None


def _wants_page(request: Request, asked: Asked) -> bool:
    return prefers_page(request) or asked.format_name == HTML.name


class Result(NamedTuple):
    """What a page shows of an answer.

    Shape: `truth` is set for ASK, `table` for everything else.
    """

    table: Table | None
    truth: bool | None
    is_graph: bool


async def _result(request: Request, asked: Asked, form: str | None) -> Result:
    answer = await answer_while_connected(request, question(asked, Choice(TSV, N_TRIPLES, page=True)))
    if form == "ASK":
        return Result(None, await read_truth(answer), is_graph=False)
    if answer.format == TSV:
        return Result(await read_table(answer, row_limit=PAGE_ROWS), None, is_graph=False)
    return Result(await read_triples(answer, row_limit=PAGE_ROWS), None, is_graph=True)


def _page(
    site: Site,
    asked: Asked,
    *,
    headers: Mapping[str, str] | None = None,
    result: Result | None = None,
    trouble: Trouble | None = None,
) -> Response:
    """The query page: the text, and what came of it."""
    headers = headers or data_headers(site, vary="Accept") | (dict(trouble.headers) if trouble else {})
    catalogue = site.published.catalogue.values()
    return page(
        site,
        "sparql.html",
        status=trouble.problem.status if trouble else 200,
        headers=headers,
        asked=asked,
        query=_STARTER if asked.query is None else asked.query,
        result=result,
        trouble=trouble,
        frame=_frame(asked.query, trouble),
        downloads=_downloads(asked, GRAPH_FORMATS if result and result.is_graph else RESULT_FORMATS),
        examples=[(one, *_example(one.text)) for one in catalogue if not one.parameters],
    )


def _downloads(asked: Asked, offered: Sequence[Format]) -> list[tuple[Format, str | None]]:
    """Each format with the address of the whole answer in it; None where the query is too long for an address."""
    if asked.query is None:
        return []
    return [(one, query_address(asked.query, asked.default_graphs, asked.named_graphs, one.name)) for one in offered]


@lru_cache(maxsize=256)
def _example(text: str) -> tuple[str, str | None]:
    """A saved query and the address of its answer: they never change, and take a millisecond to make."""
    query = with_used_prefixes(text)
    return query, query_address(query)


def _frame(query: str | None, trouble: Trouble | None) -> dict[str, Any] | None:
    """The line of the query in which an error stands, around its place.

    Shape: `marked` is the character at the place, and a space behind the end of the line.
    """
    line, column = (trouble.place.get("line"), trouble.place.get("column")) if trouble else (None, None)
    lines = (query or "").split("\n")
    if not line or not column or not 1 <= line <= len(lines):
        return None
    text, place = lines[line - 1], min(column - 1, len(lines[line - 1]))
    before, after = text[:place], text[place + 1 :]
    return {
        "number": line,
        "before": before if len(before) <= _FRAME_SIDE else f"…{before[-_FRAME_SIDE:]}",
        "marked": text[place : place + 1].strip() or " ",
        "after": after if len(after) <= _FRAME_SIDE else f"{after[:_FRAME_SIDE]}…",
    }


_FRAME_SIDE: Final = 80  # characters of a line shown on each side of an error
_NUMBERS: Final = {int: "integer", float: "decimal"}
_UNIT_CODES: Final = {"s": "SEC", "bytes": "AD"}  # UN/CEFACT recommendation 20
_COUNTED: Final = "C62"  # the same, of what has no unit
_STARTER: Final = with_used_prefixes("""\
SELECT ?cluster ?name
WHERE {
  ?cluster a cg:TechnologyCluster ;
    skos:prefLabel ?name .
  FILTER(LANG(?name) = "en")
}
ORDER BY ?name
""")


async def _without_query(request: Request, site: Site, asked: Asked) -> Response:
    """The page for browsers, the service description for those who ask for RDF, else what is missing.

    Source: SPARQL 1.1 Service Description, section 2.
    """
    try:
        # JSON stands first for those who name nothing in particular: they forgot the query.
        chosen = negotiate(accepted(request), (JSON, HTML, *GRAPH_FORMATS)) if request.method == "GET" else JSON
    except NotAcceptable:
        chosen = JSON
    if asked.format_name is not None:
        chosen = named(shown(asked.format_name), ALL_FORMATS)
    if chosen is HTML:
        return _page(site, asked)
    if chosen not in GRAPH_FORMATS:
        message = "there is no query: send it as the parameter 'query', or as the body of a POST"
        raise QueryMalformed(message)
    limits = [one for one in site.settings.limits_told if one.name in Limits._fields]
    headers = data_headers(site, tag=entity_tag(site, "service", chosen.name, repr(limits)), vary="Accept")
    unchanged = not_modified(request, headers)
    if unchanged:
        return unchanged
    names = {"endpoint": "", "service": "#service", "dataset": "#dataset", "default": "#default-graph"}
    names |= {f"node_{one.name}": f"#{one.name.replace('_', '-')}" for one in limits}
    bindings = {name: n_triples(Term("iri", f"{site.endpoint}{end}")) for name, end in names.items()}
    for one in limits:
        bindings |= _told_of(one)
    description = QueryRequest(site.texts["service-description"], graph_format=chosen, bindings=bindings, own=True)
    return await answered(request, description, headers)


def _told_of(limit: Limit) -> dict[str, str]:
    """What the service description says of a limit: its value, its words and the code of its unit."""
    told = {
        limit.name: Term("literal", str(limit.value), datatype=f"{XSD}{_NUMBERS[type(limit.value)]}"),
        f"text_{limit.name}": Term("literal", limit.text, language="en"),
        f"unit_{limit.name}": Term("literal", _UNIT_CODES.get(limit.unit, _COUNTED)),
    }
    return {name: n_triples(term) for name, term in told.items()}
