"""A build in real stores of others: loaded, replaced, interrupted, and asked through our front."""

import asyncio
import io
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx2
import pyoxigraph as ox
import pytest

from clustergraph.engine import Engine as OwnEngine
from clustergraph.engine import load_engine
from clustergraph.errors import ClusterGraphError, UsageError
from clustergraph.formats import GRAPH_FORMATS, JSON, TURTLE, Format
from clustergraph.layouts import Addresses, Store, detected
from clustergraph.published import Published, open_published
from clustergraph.publishing import STAGING, Publication, publish
from clustergraph.remote import RemoteEngine
from clustergraph.runner import Limits, QueryRequest
from clustergraph.settings import Settings
from clustergraph.terms import GRAPH
from engines import Engine, Reply, Write, answer, front, running
from servers import SERVERS, Absent, Server

_LIMITS: Final = Limits(time_limit_s=60)

READ: Final = {
    "turtle": ox.RdfFormat.TURTLE,
    "n-triples": ox.RdfFormat.N_TRIPLES,
    "json-ld": ox.RdfFormat.JSON_LD,
    "rdf-xml": ox.RdfFormat.RDF_XML,
    "trig": ox.RdfFormat.TRIG,
    "n-quads": ox.RdfFormat.N_QUADS,
}
DEVIATIONS: Final = {
    "virtuoso": {
        "clusters-without-member": "IF() of two IRIs gives a string, not an IRI",
        "disagreements": "its compiler fails on subqueries beside BIND (error SQ156)",
    },
}
"""What a server answers otherwise than our engine, by query, with the cause. All others are the same, as multisets."""


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        with SERVERS[request.param](tmp_path_factory.mktemp(request.param)) as running:
            yield running
    except Absent as exc:
        pytest.skip(str(exc))


@pytest.fixture(scope="module")
def real(real_dist: Path) -> Published:
    return open_published(real_dist)


@pytest.fixture(scope="module")
def small(built_sample: Path) -> Published:
    return open_published(built_sample)


@contextmanager
def store_of(server: Server, kind: type[Store] = Store) -> Iterator[Store]:
    user, _, password = server.user.partition(":")
    with kind(detected(server.address), user=user, password=password) as store:
        yield store


def published_to(server: Server, published: Published) -> Publication:
    with store_of(server) as store:
        return publish(published, store)


def graphs_of_ours(server: Server, *published: Published) -> set[str]:
    """Which graphs a store holds of all that publishing these builds may ever put there."""
    names = {graph.value.removeprefix(GRAPH) for one in published for graph in store_in_memory(one).named_graphs()}
    names |= {"default"}
    names |= {f"staging/{one.digest}/{name}" for one in published for name in names} | {"published", "staging"}
    values = " ".join(f"<{GRAPH}{name}>" for name in names)
    query = f"SELECT DISTINCT ?g {{ VALUES ?g {{ {values} }} GRAPH ?g {{ ?s ?p ?o }} }}"
    answer = httpx2.post(server.query, data={"query": query}, headers={"Accept": JSON.media_type}, timeout=60)
    return {row["g"]["value"].removeprefix(GRAPH) for row in answer.json()["results"]["bindings"]}


def store_in_memory(published: Published) -> ox.Store:
    store = ox.Store()
    store.bulk_load(path=published.dataset, format=ox.RdfFormat.N_QUADS)
    return store


def rows(body: bytes) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True) for row in json.loads(body)["results"]["bindings"])


def local(engine: OwnEngine, request: QueryRequest) -> bytes:
    stream = io.BytesIO()
    engine.evaluate(request).write(stream)
    return stream.getvalue()


def lower_case(triple: ox.Triple) -> str:
    """A triple with the language of its value in lower case, as some stores give it."""
    return re.sub(r"@[A-Za-z-]+$", lambda found: found[0].lower(), str(triple))


def catalogue_of(published: Published) -> dict[str, QueryRequest]:
    return {
        name: QueryRequest(saved.text, JSON, TURTLE, bindings=saved.bindings(saved.examples))
        for name, saved in published.catalogue.items()
    }


async def answers(server: Server, requests: dict[str, QueryRequest]) -> tuple[str, dict[str, Any]]:
    found: dict[str, Any] = {}
    async with RemoteEngine(server.query, "0" * 64, limits=_LIMITS) as engine:
        for name, request in requests.items():
            try:
                found[name] = rows(await (await engine.answer(request)).body())
            except ClusterGraphError as exc:
                found[name] = exc.detail
        return engine.digest, found


def test_a_store_answers_the_whole_catalogue_as_our_engine_does(server: Server, real: Published) -> None:
    engine = load_engine(real.dataset)
    requests = catalogue_of(real)
    expected = {name: rows(local(engine, request)) for name, request in requests.items()}

    done = published_to(server, real)
    digest, found = asyncio.run(answers(server, requests))

    assert (done.digest, done.changed, digest) == (real.digest, True, real.digest)
    assert {name for name in expected if expected[name] != found[name]} == set(DEVIATIONS.get(server.name, {}))
    assert len(expected) > 20, "the test has lost its subject"


def test_a_second_publication_of_the_same_dataset_changes_nothing(
    server: Server, real: Published, small: Published
) -> None:
    published_to(server, real)
    before = graphs_of_ours(server, real, small)

    again = published_to(server, real)

    assert (again.changed, graphs_of_ours(server, real, small)) == (False, before)


def test_another_dataset_takes_the_place_of_the_first_and_nothing_of_it_is_left(
    server: Server, real: Published, small: Published
) -> None:
    published_to(server, real)
    published_to(server, small)

    named = {graph.value.removeprefix(GRAPH) for graph in store_in_memory(small).named_graphs()}
    assert graphs_of_ours(server, real, small) == {*named, "default", "published"}


class Interrupted(Exception):
    pass


class DyingStore(Store):
    """A store whose publisher dies when it would flip."""

    def update(self, text: str) -> None:
        if "DROP SILENT" in text and STAGING in text and "INSERT DATA" in text:
            raise Interrupted
        super().update(text)


def test_an_interrupted_publication_leaves_the_old_version_and_the_next_removes_what_is_left(
    server: Server, real: Published, small: Published
) -> None:
    published_to(server, small)
    before = graphs_of_ours(server, real, small)
    with store_of(server, DyingStore) as store, pytest.raises(Interrupted):
        publish(real, store)
    left = graphs_of_ours(server, real, small) - before
    digest, _ = asyncio.run(answers(server, {}))

    again = published_to(server, small)

    assert (digest, again.changed, graphs_of_ours(server, real, small)) == (small.digest, False, before)
    assert {name.partition("/")[0] for name in left} == {"staging"}


PAGES = [
    "/",
    "/doc/cluster/lombardy-energy.html",
    "/doc/cluster/lombardy-energy.nt",
    "/browse/cluster",
    "/graph",
    "/ns",
    "/graph/curated?format=html",
    "/queries/members-of-cluster",
    "/queries/clusters.csv",
    "/health/ready",
]


def test_the_pages_are_there_as_with_our_own_workers(server: Server, real: Published) -> None:
    published_to(server, real)
    with front(replace(real, digest="0" * 64), Settings(engine=server.query, time_limit_s=60)) as one:
        replies = {path: one.get(path) for path in PAGES}

    assert {path: reply.status for path, reply in replies.items()} == dict.fromkeys(PAGES, 200)
    assert "Lombard energy cluster" in replies[PAGES[1]].body.decode()
    assert replies["/queries/clusters.csv"].headers["x-clustergraph-dataset"] == real.digest


@pytest.mark.parametrize("form", GRAPH_FORMATS, ids=lambda one: one.name)
def test_a_store_answers_in_rdf_of_every_format_as_our_engine_does(
    server: Server, real: Published, form: Format
) -> None:
    query = "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o FILTER(isIRI(?s) && (isIRI(?o) || LANG(?o) != '')) }"
    request = QueryRequest(query, graph_format=form)
    expected = {
        lower_case(one.triple) for one in ox.parse(local(load_engine(real.dataset), request), format=READ[form.name])
    }

    async def answered() -> bytes:
        async with RemoteEngine(server.query, "0" * 64, limits=_LIMITS) as engine:
            return await (await engine.answer(request)).body()

    published_to(server, real)
    found = {lower_case(one.triple) for one in ox.parse(asyncio.run(answered()), format=READ[form.name])}

    assert found == expected
    assert len(expected) > 100, "the test has lost its subject"


ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.mark.parametrize("server", ["oxigraph"], indirect=True)  # others may refuse such a query, or count quickly
def test_pages_are_there_while_strangers_hold_every_place_at_the_store(server: Server, real: Published) -> None:
    published_to(server, real)
    strange: list[Reply] = []
    knobs = {"workers": 1, "queue_per_worker": 1, "queue_wait_s": 60.0, "time_limit_s": 10.0}
    with front(real, Settings(engine=server.query, **knobs)) as one:  # type: ignore[arg-type]
        stranger = Thread(target=lambda: strange.append(one.get("/sparql", query=ENDLESS)))
        stranger.start()
        while stranger.is_alive() and b'"evaluating"' not in one.get("/running").body:
            time.sleep(0.01)
        pages = [one.get(path).status for path in ("/doc/cluster/lombardy-energy.nt", "/health/ready")]
        running = one.get("/running").body
        stranger.join()
        kills = one.get("/metrics").body.decode()

    assert (pages, running.count(b'"evaluating"'), strange[0].status) == ([200, 200], 1, 504)
    assert 'clustergraph_worker_kills_total{cause="deadline"} 1.0' in kills.splitlines()


def test_a_store_that_loses_triples_is_not_left_to_be_served(server: Server, real: Published, small: Published) -> None:
    class LosingStore(Store):
        def update(self, text: str) -> None:
            super().update(text)
            if STAGING in text and "INSERT DATA" in text and "DROP" in text and "WHERE" in text:
                super().update(f"DROP SILENT GRAPH <{GRAPH}curated>")

    published_to(server, real)

    with store_of(server, LosingStore) as store, pytest.raises(ClusterGraphError, match="the store counts 0 of the"):
        publish(small, store)

    with store_of(server) as store:
        assert publish(small, store).changed


@pytest.mark.parametrize("server", ["virtuoso"], indirect=True)  # the others are started without users
def test_a_wrong_password_is_told_before_anything_is_changed(server: Server, real: Published, small: Published) -> None:
    published_to(server, real)
    before = graphs_of_ours(server, real, small)

    with (
        Store(detected(server.address), user="dba", password=server.name) as store,
        pytest.raises(UsageError, match="401"),
    ):
        store.update("DROP ALL")

    assert graphs_of_ours(server, real, small) == before


@pytest.mark.parametrize("address", ["127.0.0.1:3030/ds", "ftp://127.0.0.1/ds", "http://", "http://[::1/ds", "ds"])
def test_what_is_no_address_of_a_store_is_told(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        detected(address)

    assert caught.value.detail == f"'{address}' is no address of a store: give one like http://127.0.0.1:3030/ds"


def test_an_address_where_nobody_listens_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        detected("http://127.0.0.1:1/x")

    assert caught.value.detail == (
        "'http://127.0.0.1:1/x' cannot be reached (Connection refused): is the store running, the address right?"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"220 mail.example.org ready\r\n", "does not speak HTTP: is this the address of the store?"),
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "is not laid out as Oxigraph, Fuseki, Virtuoso, RDF4J and GraphDB: name --query-address, --update-address "
            "and --graphs-address",
        ),
    ],
    ids=["another protocol", "another server"],
)
def test_an_address_without_a_store_is_told(said: bytes, told: str) -> None:
    async def other(_: dict[str, list[str]], write: Write) -> None:
        await write(said)

    with running(Engine(other)) as one, pytest.raises(UsageError) as caught:
        detected(one.address)

    assert caught.value.detail == f"'{one.address}' {told}"


def test_no_redirect_is_followed_with_a_password() -> None:
    async def redirecting(_: dict[str, list[str]], write: Write) -> None:
        await write(answer(b"", "text/plain", "307 Elsewhere", f"Location: {other.address}\r\n"))

    async def welcoming(_: dict[str, list[str]], write: Write) -> None:
        await write(answer(b'{"results":{"bindings":[]}}', "application/sparql-results+json"))

    with running(Engine(welcoming)) as other, running(Engine(redirecting)) as one:
        addresses = Addresses(one.address, one.address, one.address)
        with (
            Store(addresses, user="curator", password="hunter2") as store,  # noqa: S106
            pytest.raises(ClusterGraphError, match="with status 307"),
        ):
            store.rows("SELECT * { ?s ?p ?o }", default_graph=STAGING)

    assert (len(one.asked), other.asked) == (1, [])
