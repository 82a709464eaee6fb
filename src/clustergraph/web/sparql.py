"""/sparql: queries in, results out, in a format or in a page. Reads no request, evaluates no query itself."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from clustergraph.errors import ClusterGraphError, NotAcceptable, QueryMalformed
from clustergraph.formats import GRAPH_FORMATS, HTML, JSON, N_TRIPLES, RESULT_FORMATS, TSV, Format, named, negotiate
from clustergraph.guard import Form, Scanner, admit, query_form
from clustergraph.results import Table, Term, n_triples, read_table, read_triples, read_truth
from clustergraph.runner import Limits, QueryRequest
from clustergraph.web.problems import Trouble, accepted, prefers_page, shown, told
from clustergraph.web.protocol import Asked, parameters, read_request
from clustergraph.web.rendering import page, with_used_prefixes
from clustergraph.web.responses import (
    TARGET_LIMIT_BYTES,
    answer_while_connected,
    attachment,
    data_headers,
    entity_tag,
    not_modified,
    streamed,
)
from clustergraph.web.site import Site, site_of

PAGE_ROWS: Final = 1_000
THREAD_BYTES: Final = 8_192  # of a query; the guard reads a longer one while others are served

router: Final = APIRouter()

_CHANGING: Final = re.compile("NOW|RAND|UUID|BNODE", re.IGNORECASE)  # also STRUUID, and FILTERRAND, which is two words
_FORMS_OF_RESULTS: Final = ("SELECT", "ASK")


class Choice(NamedTuple):
    """What a request can be answered in; None for a family of which it accepts nothing."""

    result: Format | None
    graph: Format | None
    page: bool


@router.api_route("/sparql", methods=["GET", "POST", "QUERY"], include_in_schema=False)
async def sparql(request: Request) -> Response:
    """The answer to one query; without one, a description of the service or the page to write one in."""
    site = site_of(request)
    asked = await _read(request, site)
    if isinstance(asked, Response):
        return asked
    if asked.query is None:
        return await _without_query(request, site, asked)
    try:
        form = await _admitted(asked.query, site.settings.limits)
        choice = _choice(asked, accepted(request), form)
        headers = data_headers(site, tag=_tag(request, site, asked, choice), vary="Accept")
        unchanged = not_modified(request, headers)
        if unchanged:
            return unchanged
        if not choice.page:
            answer = await answer_while_connected(request, _question(asked, choice))
            return await streamed(request, answer, {**headers, **attachment("results", answer.format)})
        result = await _result(request, asked, form)
    except ClusterGraphError as exc:
        if not _wants_page(request, asked):
            raise
        return _page(site, asked, trouble=told(exc))
    return await asyncio.to_thread(_page, site, asked, result=result, headers=headers)


async def _admitted(query: str, limits: Limits) -> Form | None:
    """The form of a query that may be given to an engine.

    Raises: what the guard raises.
    """

    def judged() -> Form | None:
        admit(query, limits=limits)
        return query_form(query)

    return judged() if len(query) <= THREAD_BYTES else await asyncio.to_thread(judged)


async def _read(request: Request, site: Site) -> Asked | Response:
    """What is asked, or the page that says why it cannot be read."""
    try:
        return await read_request(request, site.settings)
    except ClusterGraphError as exc:
        if not prefers_page(request):
            raise
        return _page(site, Asked(_sent_text(request)), trouble=told(exc))


def _sent_text(request: Request) -> str | None:
    """The query text as far as it came in the address, to be shown again beside what was wrong."""
    try:
        return dict(parameters(request.scope["query_string"])).get("query")
    except QueryMalformed:
        return None


def _family(accept: str | None, name: str | None, offered: Sequence[Format]) -> Format | None:
    """The format of a family, or HTML, that `format=` or Accept asks for; None if it asks for neither."""
    if name is not None:
        return next((one for one in (*offered, HTML) if one == named(shown(name), _ALL)), None)
    try:
        return negotiate(accept, (*offered, HTML))
    except NotAcceptable:
        return None


_ALL: Final = (*RESULT_FORMATS, *GRAPH_FORMATS, HTML)


def _choice(asked: Asked, accept: str | None, form: str | None) -> Choice:
    """What to answer in, for the family that the form of the query belongs to; for both where the form is unknown.

    Raises: NotAcceptable with the offer; ParameterUnsuitable for an unknown `format=`.
    """
    result = _family(accept, asked.format_name, RESULT_FORMATS)
    graph = _family(accept, asked.format_name, GRAPH_FORMATS)
    fitting = {"SELECT": (result,), "ASK": (result,), "CONSTRUCT": (graph,), "DESCRIBE": (graph,)}
    wanted = fitting.get(form or "", (result, graph))
    if not any(wanted):
        family = (RESULT_FORMATS if form in _FORMS_OF_RESULTS else GRAPH_FORMATS) if form else _ALL[:-1]
        raise NotAcceptable(shown(asked.format_name or accept or ""), [one.media_type for one in family])
    return Choice(None if result is HTML else result, None if graph is HTML else graph, HTML in wanted)


def _wants_page(request: Request, asked: Asked) -> bool:
    return prefers_page(request) or asked.format_name == HTML.name


def _question(asked: Asked, choice: Choice) -> QueryRequest:
    return QueryRequest(
        asked.query or "",
        result_format=choice.result,
        graph_format=choice.graph,
        default_graphs=asked.default_graphs,
        named_graphs=asked.named_graphs,
        time_limit_s=asked.time_limit_s,
    )


def _tag(request: Request, site: Site, asked: Asked, choice: Choice) -> str | None:
    """The validator of an answer; None for a POST, and for a query whose answer changes each time."""
    if request.method != "GET" or _changes_each_time(asked.query or ""):
        return None
    names = (one.name if one else "" for one in (choice.result, choice.graph))
    return entity_tag(site, asked.query or "", *names, *asked.default_graphs, "named", *asked.named_graphs)


def _changes_each_time(query: str) -> bool:
    """Whether a function is called that gives another value each time; of names, which hold such words, calls only."""
    return any(
        (token.kind == "word" or (token.kind == "name" and following.text == "(")) and _CHANGING.search(token.text)
        for token, following in pairwise(Scanner(query))
    )


class Result(NamedTuple):
    """What a page shows of an answer.

    Shape: `truth` is set for ASK, `table` for everything else.
    """

    table: Table | None
    truth: bool | None
    is_graph: bool


async def _result(request: Request, asked: Asked, form: str | None) -> Result:
    answer = await answer_while_connected(request, _question(asked, Choice(TSV, N_TRIPLES, page=True)))
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
        examples=[(one, _address(with_used_prefixes(one.text))) for one in catalogue if not one.parameters],
    )


def _downloads(asked: Asked, offered: Sequence[Format]) -> list[tuple[Format, str | None]]:
    """Each format with the address of the whole answer in it; None where the query is too long for an address."""
    if asked.query is None:
        return []
    addresses = [(one, _address(asked.query, asked.default_graphs, asked.named_graphs, one.name)) for one in offered]
    return [(one, address if len(address) < TARGET_LIMIT_BYTES else None) for one, address in addresses]


def _address(
    query: str, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = (), format_name: str | None = None
) -> str:
    graphs = [("default-graph-uri", one) for one in default_graphs] + [("named-graph-uri", one) for one in named_graphs]
    chosen = [("format", format_name)] if format_name else []
    return f"/sparql?{urlencode([('query', query), *graphs, *chosen])}"


def _frame(query: str | None, trouble: Trouble | None) -> dict[str, Any] | None:
    """The line of the query in which an error stands, and the number of characters before it."""
    line, column = (trouble.place.get("line"), trouble.place.get("column")) if trouble else (None, None)
    lines = (query or "").split("\n")
    if not line or not column or not 1 <= line <= len(lines):
        return None
    return {"number": line, "text": lines[line - 1][:200], "before": " " * min(column - 1, 200)}


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
        chosen = named(shown(asked.format_name), _ALL)
    if chosen is HTML:
        return _page(site, asked)
    if chosen not in GRAPH_FORMATS:
        message = "there is no query: send it as the parameter 'query', or as the body of a POST"
        raise QueryMalformed(message)
    headers = data_headers(site, tag=entity_tag(site, "service", chosen.name), vary="Accept")
    unchanged = not_modified(request, headers)
    if unchanged:
        return unchanged
    names = {"endpoint": "", "service": "#service", "dataset": "#dataset", "default": "#default-graph"}
    bindings = {name: n_triples(Term("iri", f"{site.endpoint}{end}")) for name, end in names.items()}
    question = QueryRequest(site.texts["service-description"], graph_format=chosen, bindings=bindings)
    return await streamed(request, await answer_while_connected(request, question), headers)
