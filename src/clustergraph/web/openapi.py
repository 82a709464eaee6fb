"""The description of the API: the routes that FastAPI sees, and what only we know of queries and their parameters."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from clustergraph.formats import CSV, GRAPH_FORMATS, JSON, RESULT_FORMATS, TSV, Format
from clustergraph.queries import SavedQuery
from clustergraph.terms import KINDS
from clustergraph.web.problems import PROBLEM_JSON
from clustergraph.web.protocol import FORM, SPARQL_QUERY
from clustergraph.web.site import Site

_PARAMETERS: Final = (
    ("query", False, "string", "the query; without it, RDF describes the service and HTML is the page to write one in"),
    ("default-graph-uri", True, "string", "a graph of the default graph; several are merged as a set"),
    ("named-graph-uri", True, "string", "a graph that GRAPH may name"),
    ("format", False, "string", "name of a format; overrides Accept"),
    ("timeout", False, "number", "seconds; lowers the limit of the server, never raises it"),
)
_SCHEMAS: Final[Mapping[str, Mapping[str, str]]] = {
    "date": {"type": "string", "format": "date"},
    "year": {"type": "string", "pattern": "^[0-9]{4}$"},
    "integer": {"type": "integer"},
    "text": {"type": "string"},
}
_SLUG: Final = {"type": "string", "pattern": "^[a-z0-9-]+$"}


def describe_api(app: FastAPI, site: Site) -> dict[str, Any]:
    """The OpenAPI document of the application over one site."""
    document = get_openapi(
        title=app.title,
        version=site.published.version,
        summary=app.summary,
        routes=app.routes,
        servers=[{"url": site.origin}],
    )
    document["paths"]["/sparql"] = {"get": _by_get(), "post": _by_post()}
    document["paths"]["/running/{query_id}"] = {"get": _running("get"), "delete": _running("delete")}
    for saved in site.published.catalogue.values():
        for chosen in (JSON, CSV, TSV):
            document["paths"][f"/queries/{saved.name}.{chosen.name}"] = {"get": _saved_query(saved, chosen)}
    return document


def _answers(formats: Iterable[Format], statuses: Mapping[int, str]) -> dict[str, Any]:
    problem = {PROBLEM_JSON.media_type: {"schema": {"type": "object"}}}
    fine = {"description": "The answer", "content": {one.media_type: {} for one in formats}}
    return {"200": fine} | {str(status): {"description": text, "content": problem} for status, text in statuses.items()}


_TROUBLE: Final = {
    400: "Not one SPARQL query",
    403: "SERVICE, or an update",
    406: "No format fits",
    409: "Ended by a DELETE of /running/{query_id}",
    413: "Over a limit of size",
    429: "Over the budget of one client",
    503: "No worker free, or out of memory",
    504: "Stopped at the deadline",
}


def _by_get() -> dict[str, Any]:
    return {
        "tags": ["SPARQL"],
        "operationId": "query-by-get",
        "summary": "Query the dataset (SPARQL 1.1 Protocol)",
        "parameters": [
            {"name": name, "in": "query", "description": text, "schema": _listed(type_name, repeated=repeated)}
            for name, repeated, type_name, text in _PARAMETERS
        ],
        "responses": _answers((*RESULT_FORMATS, *GRAPH_FORMATS), _TROUBLE),
    }


def _by_post() -> dict[str, Any]:
    fields = {name: _listed(type_name, repeated=repeated) for name, repeated, type_name, _ in _PARAMETERS}
    form = {"type": "object", "required": ["query"], "properties": fields}
    return {
        "tags": ["SPARQL"],
        "operationId": "query-by-post",
        "summary": "Query the dataset with a text too long for an address",
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": form}, SPARQL_QUERY: {"schema": {"type": "string"}}},
        },
        "responses": _answers((*RESULT_FORMATS, *GRAPH_FORMATS), _TROUBLE | {415: "Not a form of query that is read"}),
    }


def _running(method: str) -> dict[str, Any]:
    problem = {PROBLEM_JSON.media_type: {"schema": {"type": "object"}}}
    fine: dict[str, dict[str, Any]] = {
        "get": {"200": {"description": "How far they are", "content": {"application/json": {}}}},
        "delete": {"204": {"description": "They end"}},
    }
    schema = {"type": "string", "pattern": "^[A-Za-z0-9._-]{16,64}$"}
    return {
        "tags": ["operations"],
        "operationId": f"{method}-running",
        "summary": {"get": "The queries that were sent with an id", "delete": "End them"}[method],
        "parameters": [{"name": "query_id", "in": "path", "required": True, "schema": schema}],
        "responses": fine[method] | {"404": {"description": "No query under way has this id", "content": problem}},
    }


def _listed(type_name: str, *, repeated: bool) -> dict[str, Any]:
    return {"type": "array", "items": {"type": type_name}} if repeated else {"type": type_name}


def _saved_query(saved: SavedQuery, chosen: Format) -> dict[str, Any]:
    return {
        "tags": ["saved queries"],
        "operationId": f"{saved.name}.{chosen.name}",
        "summary": saved.title,
        "description": saved.asks["en"],
        "parameters": [
            {
                "name": one.name,
                "in": "query",
                "required": True,
                "description": one.text,
                "schema": _SLUG if one.type in KINDS else _SCHEMAS[one.type],
                "example": one.example,
            }
            for one in saved.parameters
        ],
        "responses": _answers((chosen,), {422: "A parameter is missing, unknown or does not fit"}),
    }
