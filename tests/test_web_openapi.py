"""/openapi.json: what it says of each address is what the server does there."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from clustergraph import errors
from clustergraph.runner import Runner
from clustergraph.settings import Settings
from clustergraph.web import catalogue, entities, operations, pages, sparql, validation, vocabulary
from clustergraph.web.described import TOLD
from clustergraph.web.direct import DirectProtocol
from clustergraph.web.problems import BY_STATUS, PROBLEMS
from web_runner import FailingRunner, LocalRunner, TestClient, client_for, exchange
from wire import PATIENCE_S, Connection, Said, answers

OF_FRAMES = {"content-length", "content-type", "connection", "date"}
QUERY_ID = {"x-query-id": "0b5d5ad4-6a0c-4f0b-9d0e"}
UPDATE = {"content-type": "application/sparql-update"}
SPARQL = {"content-type": "application/sparql-query"}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_for(tmp_path)


def described(client: TestClient) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").json()
    return document


def resolved(document: Mapping[str, Any], one: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object, or the one that it refers to."""
    if "$ref" not in one:
        return one
    found: Any = document
    for part in one["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(document, found)


def references(part: Any) -> Iterator[Mapping[str, Any]]:
    """Every object with a reference in it."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part
        for one in part.values():
            yield from references(one)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def operations_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_route_is_described_with_each_of_its_methods(client: TestClient) -> None:
    routed = {
        (route.path_format.replace("{extension}", "rq"), method)
        for module in (sparql, entities, vocabulary, catalogue, pages, validation, operations)
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    paths = described(client)["paths"]

    assert {*routed, ("/openapi.json", "GET")} - {("/sparql", "QUERY")} == set(TOLD)
    assert {(path, method) for path, method in TOLD if method.lower() not in paths[path]} == set()


def test_the_document_holds_together_as_openapi(client: TestClient) -> None:
    document = described(client)
    found = list(operations_of(document))

    assert (document["openapi"], set(document["info"]) >= {"title", "version"}) == ("3.1.0", True)
    assert all(resolved(document, one) for one in references(document))
    assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for kind in document["components"].values() for name in kind)
    names = [operation["operationId"] for *_, operation in found]
    assert sorted(set(names)) == sorted(names)
    for path, method, operation in found:
        parameters = [resolved(document, one) for one in operation["parameters"]]
        places = [(one["in"], one["name"]) for one in parameters]
        assert method in ("get", "post", "delete")
        assert len(set(places)) == len(places)
        assert {name for place, name in places if place == "path"} == set(re.findall(r"{(\w+)}", path))
        assert all(one["schema"] for one in parameters)
        assert all(one["required"] for one in parameters if one["in"] == "path")
        assert all(re.fullmatch(r"[1-5][0-9]{2}", status) for status in operation["responses"])
        assert all(resolved(document, one)["description"] for one in operation["responses"].values())


def test_each_problem_of_an_answer_is_one_of_the_tables(client: TestClient) -> None:
    document = described(client)
    known = {f"`{one.name}`: {one.title}" for one in (*PROBLEMS.values(), *BY_STATUS.values())}

    told = {
        part
        for *_, operation in operations_of(document)
        for status, one in operation["responses"].items()
        if int(status) >= 400
        for part in resolved(document, one)["description"].split("; ")
    }

    assert told - known == set()
    assert {one.split("`")[1] for one in known - told} == {"method-not-allowed"}, "of no operation"


def require_described(
    document: Mapping[str, Any], path: str, method: str, status: int, headers: Mapping[str, str]
) -> None:
    """Nothing, if an answer is as it is described."""
    answer = resolved(document, document["paths"][path][method]["responses"][str(status)])
    media_type = headers.get("content-type", "").split(";")[0]
    assert not media_type or media_type in answer.get("content", {}), (path, status, media_type)
    names = {name.lower() for name in answer["headers"]} | OF_FRAMES
    assert {name.lower() for name in headers} - names == set(), (path, status)


GOOD = {
    "/": ["/"],
    "/browse/{kind}": ["/browse/cluster"],
    "/problems": ["/problems"],
    "/sparql": ["/sparql?query=ASK+{}", "/sparql?query=ASK+{}&format=csv", "/sparql?query=DESCRIBE+<urn:a>"],
    "/id/{kind}/{slug}": ["/id/cluster/alpha"],
    "/doc/{kind}/{name}": [f"/doc/cluster/alpha.{one}" for one in ("html", "ttl", "nt", "jsonld", "rdf")],
    "/ns": ["/ns", "/ns?format=turtle"],
    "/graph": ["/graph"],
    "/graph/{name}": ["/graph/curated", "/graph/curated?format=turtle"],
    "/queries": ["/queries"],
    "/queries/{name}": ["/queries/members-of?cluster=alpha", "/queries/with-text?name=a"],
    "/queries/{name}.rq": ["/queries/clusters.rq"],
    "/queries/members-of.csv": ["/queries/members-of.csv?cluster=alpha"],
    "/queries/with-text.json": ["/queries/with-text.json?name=a"],
    "/health/live": ["/health/live"],
    "/health/ready": ["/health/ready"],
    "/robots.txt": ["/robots.txt"],
    "/.well-known/void": ["/.well-known/void"],
    "/openapi.json": ["/openapi.json"],
    "/metrics": ["/metrics"],
    "/limits": ["/limits"],
    "/validate": ["/validate", "/validate?language=it"],
    "/running": ["/running"],
}
BROWSER = {"accept": "text/html"}


def test_every_good_answer_is_as_it_is_described(client: TestClient) -> None:
    document = described(client)
    for path, addresses in GOOD.items():
        for address in addresses:
            for headers in ({}, BROWSER, {"accept-encoding": "gzip"}):
                answer = client.get(address, headers=headers)
                status = {"/id/{kind}/{slug}": 303, "/.well-known/void": 302}.get(path, 200)
                assert answer.status_code == status, (address, answer.text)
                require_described(document, path, "get", status, answer.headers)
                tag = answer.headers.get("etag")
                assert (
                    not tag
                    or "ETag" in resolved(document, document["paths"][path]["get"]["responses"]["200"])["headers"]
                )
                if tag:
                    again = client.get(address, headers={**headers, "if-none-match": tag})
                    assert again.status_code == 304
                    require_described(document, path, "get", 304, again.headers)


BAD: list[tuple[str, str, str, int, dict[str, str], bytes]] = [
    ("/sparql", "get", "/sparql", 400, {}, b""),
    ("/sparql", "get", "/sparql?query=ASK", 400, {}, b""),
    ("/sparql", "get", "/sparql?query=ASK", 400, BROWSER, b""),
    ("/sparql", "get", "/sparql?query=ASK+{}&format=pdf", 422, {}, b""),
    ("/sparql", "get", "/sparql?query=ASK+{}&timeout=0", 422, {}, b""),
    ("/sparql", "get", "/sparql?query=ASK+{}", 422, {"x-query-id": "short"}, b""),
    ("/sparql", "get", "/sparql?query=ASK+{}", 406, {"accept": "image/png"}, b""),
    ("/sparql", "get", "/sparql?query=ASK+{SERVICE+<urn:a>+{}}", 403, {}, b""),
    ("/sparql", "get", "/sparql?query=ASK+{" + "+{" * 70 + "}" * 71, 413, {}, b""),
    ("/sparql", "get", "/sparql?query=" + "a" * 9_000, 414, {}, b""),
    ("/sparql", "post", "/sparql", 200, SPARQL | QUERY_ID, b"ASK {}"),
    ("/sparql", "post", "/sparql", 400, SPARQL, b"ASK"),
    ("/sparql", "post", "/sparql", 403, UPDATE, b"CLEAR ALL"),
    ("/sparql", "post", "/sparql", 413, SPARQL, b"#" * 200_000),
    ("/sparql", "post", "/sparql", 415, {"content-type": "text/plain"}, b"ASK {}"),
    ("/id/{kind}/{slug}", "get", "/id/cluster/none", 404, {}, b""),
    ("/id/{kind}/{slug}", "get", "/id/cluster/none", 404, BROWSER, b""),
    ("/id/{kind}/{slug}", "get", "/id/cluster/alpha", 406, {"accept": "image/png"}, b""),
    ("/doc/{kind}/{name}", "get", "/doc/cluster/none.ttl", 404, {}, b""),
    ("/ns", "get", "/ns", 406, {"accept": "image/png"}, b""),
    ("/ns", "get", "/ns?format=pdf", 422, {}, b""),
    ("/ns/{version}", "get", "/ns/9.9.9", 404, {}, b""),
    ("/graph/{name}", "get", "/graph/none", 404, {}, b""),
    ("/graph/{name}", "get", "/graph/curated", 406, {"accept": "image/png"}, b""),
    ("/graph/{name}", "get", "/graph/curated?format=pdf", 422, {}, b""),
    ("/browse/{kind}", "get", "/browse/none", 404, {}, b""),
    ("/queries/{name}", "get", "/queries/none", 404, {}, b""),
    ("/queries/{name}", "get", "/queries/members-of?cluster=none", 422, {}, b""),
    ("/queries/{name}", "get", "/queries/members-of?cluster=none", 422, BROWSER, b""),
    ("/queries/{name}", "get", "/queries/members-of?cluster=a&cluster=b", 400, {}, b""),
    ("/queries/{name}.rq", "get", "/queries/none.rq", 404, {}, b""),
    ("/queries/members-of.csv", "get", "/queries/members-of.csv", 422, {}, b""),
    ("/queries/members-of.csv", "get", "/queries/members-of.csv?cluster=a&cluster=b", 400, {}, b""),
    ("/queries/with-text.json", "get", "/queries/with-text.json?name=a", 422, {"x-query-id": "short"}, b""),
    ("/limits", "get", "/limits", 406, {"accept": "image/png"}, b""),
    ("/validate", "get", "/validate?language=de", 422, {}, b""),
    ("/validate", "post", "/validate", 406, {"content-type": "text/turtle", "accept": "image/png"}, b"x"),
    ("/validate", "post", "/validate", 413, {"content-type": "text/turtle"}, b"x" * 2_000_001),
    ("/validate", "post", "/validate", 415, {"content-type": "text/plain"}, b"x"),
    ("/validate", "post", "/validate", 415, {"content-type": "text/plain"} | BROWSER, b"x"),
    ("/validate", "post", "/validate?format=pdf", 422, {"content-type": "text/turtle"}, b"x"),
    ("/validate", "post", "/validate", 503, {"content-type": "text/turtle"}, b"x"),  # this build has no repository
    ("/running/{query_id}", "get", "/running/none", 404, {}, b""),
    ("/running/{query_id}", "delete", "/running/none", 404, {}, b""),
    *((path, "get", addresses[0], 400, {"accept": "*/*".ljust(4_097)}, b"") for path, addresses in GOOD.items()),
    *((path, "get", addresses[0], 415, {"content-type": "a/b".ljust(257)}, b"") for path, addresses in GOOD.items()),
]


@pytest.mark.parametrize(("path", "method", "address", "status", "headers", "body"), BAD)
def test_every_refusal_is_as_it_is_described(
    client: TestClient, path: str, method: str, address: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    answer = client.request(method.upper(), address, headers=headers, content=body or None)

    assert answer.status_code == status, answer.text
    require_described(described(client), path, method, status, answer.headers)


FAILURES = [
    errors.QueryTimedOut("x"),
    errors.QueryTooHungry("x"),
    errors.QueryAborted("x"),
    errors.QueryCancelled("x"),
    errors.Busy("x", retry_after_s=1),
    errors.OverBudget("x", retry_after_s=1),
    errors.DatasetUnusable("x"),
    RuntimeError("x"),
]
OF_STRANGERS = ("/sparql", "/queries/{name}", "/queries/with-text.json")


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["program", "browser"])
def test_what_comes_of_a_failure_is_as_it_is_described(
    tmp_path: Path, failure: Exception, headers: dict[str, str]
) -> None:
    runner: Runner = FailingRunner(lambda: failure)
    client = client_for(tmp_path, runner)
    document = described(client)
    for path, addresses in GOOD.items():
        if isinstance(failure, errors.QueryCancelled) and path not in OF_STRANGERS:
            continue  # nobody can cancel it there
        address = addresses[-1]
        answer = client.get(address, headers=headers)
        require_described(document, path, "get", answer.status_code, answer.headers)


def test_http_1_0_is_told_what_is_described(tmp_path: Path) -> None:
    client = client_for(tmp_path)
    document = described(client)

    async def old(scope: Any, receive: Any, send: Any) -> None:
        await client.app({**scope, "http_version": "1.0"}, receive, send)

    for path, address in (("/sparql", "/sparql"), ("/doc/{kind}/{name}", "/doc/cluster/alpha.ttl"), ("/ns", "/ns")):
        query = "ASK {}" if path == "/sparql" else ""
        start, *_ = exchange(old, "GET", address, query=query, headers=[(b"accept", b"*/*;q=0.1, text/turtle")])
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        assert start["status"] == 505
        require_described(document, path, "get", 505, headers)


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"x: " + b"y" * 25_000 + b"\r\n", 431), (b"x: y\r\n" * 101, 431), (b"x y: z\r\n", 400)],
    ids=["long", "many", "unreadable"],
)
def test_what_is_answered_before_any_route_is_as_it_is_described(tmp_path: Path, sent: bytes, status: int) -> None:
    client = client_for(tmp_path, LocalRunner(), Settings())

    async def ask() -> Said:
        async with asyncio.timeout(PATIENCE_S):
            connection = Connection(client.app, DirectProtocol)  # type: ignore[arg-type]
            await connection.send(b"GET /limits HTTP/1.1\r\nHost: a\r\n" + sent + b"\r\n")
            (answer,) = answers(connection.wire.written)
            return answer

    answer = asyncio.run(ask())

    assert int(answer.status.split()[1]) == status
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    require_described(described(client), "/limits", "get", status, headers)
