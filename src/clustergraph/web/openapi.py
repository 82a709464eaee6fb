"""The description of the API: the routes that there are, with what the tables say of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from clustergraph.formats import CSV, HTML, JSON, TSV, Format
from clustergraph.queries import SavedQuery
from clustergraph.terms import KINDS
from clustergraph.web.described import (
    ANYWHERE,
    EACH,
    HEADERS,
    KNOWN,
    TEXT,
    TOLD,
    WAIT,
    Parameter,
    Told,
    of_table,
    parameter,
)
from clustergraph.web.problems import PROBLEM_JSON, Problem
from clustergraph.web.site import Site

_SCHEMAS: Final[Mapping[str, Mapping[str, str]]] = {
    "date": {"type": "string", "format": "date"},
    "year": {"type": "string", "pattern": "^[0-9]{4}$"},
    "integer": {"type": "integer"},
    "text": {"type": "string"},
}
_SLUG: Final = {"type": "string", "pattern": "^[a-z0-9-]+$"}
_TEXTS: Final = "/queries/{name}.rq"
_TABLES: Final = "/queries/{name}.{extension}"  # the route whose addresses are described one by one
_INDESCRIBABLE: Final = frozenset({"QUERY"})  # OpenAPI 3.1 has a fixed list of methods
_DESCRIPTION: Final = (
    "Every address also answers HEAD, as GET without the body, and OPTIONS, with 204 and `Allow`; a method that it "
    "does not have gets 405 and `Allow`. `/sparql` takes the method QUERY too, exactly as POST, which OpenAPI 3.1 "
    "cannot say. Trouble comes as a problem document (RFC 9457), or as a page for browsers; 503 of a server that has "
    "too many connections is neither."
)
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong and what to do"},
        "line": {"type": "integer", "description": "of the query, from 1"},
        "column": {"type": "integer", "description": "in characters, from 1"},
        "hint": {"type": "string", "description": "what to do, alone"},
        "offered": {"type": "array", "items": {"type": "string"}, "description": "what there is to choose from"},
        "request": {"type": "string", "description": "the number of a fault of ours"},
    },
}


def describe_api(app: FastAPI, routes: Sequence[APIRoute], site: Site) -> dict[str, Any]:
    """The OpenAPI document of the application over one site.

    Raises: KeyError for a route that TOLD does not have.
    """
    paths: dict[str, dict[str, Any]] = {}
    answers = _Answers()
    for path, method, about, told in _operations(routes, site):
        paths.setdefault(path, {})[method.lower()] = about | _operation(told, answers)
    about = {"title": app.title, "summary": app.summary, "description": _DESCRIPTION, "version": site.published.version}
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()}
    return {
        "openapi": "3.1.0",
        "info": about,
        "servers": [{"url": site.origin}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM},
            "headers": headers,
            "parameters": {KNOWN["name"]: KNOWN},
            "responses": answers.told,
        },
    }


def _operations(routes: Sequence[APIRoute], site: Site) -> Iterator[tuple[str, str, dict[str, Any], Told]]:
    """Path, method, summary and description, and what is told of everything that is routed."""
    for route in routes:
        about = {"summary": route.summary, "description": (route.endpoint.__doc__ or "").split("\n", 1)[0]}
        if route.path_format == _TABLES:
            yield _TEXTS, "GET", about, TOLD[_TEXTS, "GET"]
            yield from _tables(site)
            continue
        for method in sorted((route.methods or set()) - _INDESCRIBABLE):
            yield route.path_format, method, about, TOLD[route.path_format, method]


def _tables(site: Site) -> Iterator[tuple[str, str, dict[str, Any], Told]]:
    for saved in site.published.catalogue.values():
        about = {"summary": saved.title, "description": saved.asks["en"]}
        for chosen in (JSON, CSV, TSV):
            yield f"/queries/{saved.name}.{chosen.name}", "GET", about, _table(saved, chosen)


def _table(saved: SavedQuery, chosen: Format) -> Told:
    parameters: list[Parameter] = []
    for one in saved.parameters:
        schema = _SLUG if one.type in KINDS else _SCHEMAS[one.type]
        parameters.append({**parameter("query", one.name, one.text, schema, required=True), "example": one.example})
    name = f"{saved.name}.{chosen.name}"
    return of_table(name, chosen.media_type, tuple(parameters), of_strangers=saved.takes_text)


class _Answers:
    """The answers that addresses refer to, each made once, however many give it."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self._names: dict[tuple[object, ...], str] = {}

    def fine(self, told: Told) -> dict[str, Any]:
        """Where nothing is wrong, by status."""
        shape = (told.status, told.media_types, told.headers)
        found = {str(told.status): self._refer(shape, partial(_answer, "The answer", told.headers, told.media_types))}
        if "ETag" in told.headers:
            found["304"] = self._refer((304, told.headers), partial(_answer, "You have this already", told.headers))
        return found

    def trouble(self, told: Told) -> dict[str, Any]:
        """Where something is, by status."""
        by_status: dict[int, tuple[Problem, ...]] = {}
        for one in sorted({*ANYWHERE, *told.problems}):
            by_status[one.status] = (*by_status.get(one.status, ()), one)
        return {
            str(status): self._refer(
                (status, found, told.of_problems), partial(_trouble, status, found, told.of_problems)
            )
            for status, found in by_status.items()
        }

    def _refer(self, key: tuple[Any, ...], make: Callable[[], dict[str, Any]]) -> dict[str, str]:
        if key not in self._names:
            name = self._names[key] = f"{key[0]}.{len(self._names) + 1}"
            self.told[name] = make()
        return _reference("responses", self._names[key])


def _operation(told: Told, answers: _Answers) -> dict[str, Any]:
    """One method of one address."""
    known = [_reference("parameters", KNOWN["name"])] if "ETag" in told.headers else []
    return {
        "tags": [told.tag],
        "operationId": told.name,
        "parameters": [*told.parameters, *known],
        **({"requestBody": told.body} if told.body else {}),
        "responses": dict(sorted((answers.fine(told) | answers.trouble(told)).items())),
    }


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _answer(text: str, headers: Iterable[str], media_types: Iterable[str] = ()) -> dict[str, Any]:
    content: dict[str, Any] = {one: {} for one in media_types}
    told = {name: _reference("headers", name) for name in (*headers, *EACH)}
    return {"description": text, "headers": told, **({"content": content} if content else {})}


def _trouble(status: int, found: Iterable[Problem], headers: Iterable[str]) -> dict[str, Any]:
    waits = (WAIT,) if status in (429, 503) else ()
    others = (HTML.media_type, TEXT) if status == 503 else (HTML.media_type,)  # noqa: PLR2004
    answer = _answer("; ".join(f"`{one.name}`: {one.title}" for one in found), (*headers, *waits), others)
    answer["content"] |= {PROBLEM_JSON.media_type: {"schema": _reference("schemas", "Problem")}}
    return answer
