"""Queries in processes that can be killed: what they answer, how they end, and that the others go on."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clustergraph import jobs, loaders, processes, workers
from clustergraph.errors import (
    Busy,
    DatasetUnusable,
    FormatCannotHold,
    QueryError,
    QueryMalformed,
    QueryTimedOut,
    QueryTooHungry,
)
from clustergraph.formats import CSV, JSON, N_TRIPLES, TURTLE, XML
from clustergraph.processes import ForkFailed, Loader
from clustergraph.runner import Limits, QueryRequest
from clustergraph.workers import WorkerPool

TRIPLES = 2_000
LIMITS = Limits(time_limit_s=1.0, memory_limit_bytes=256 << 20)
PATIENCE_S = 60.0  # ends a test that hangs; no test passes or fails by a shorter time

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f }"
ORDINARY = QueryRequest("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", result_format=CSV)
ORDINARY_ANSWER = f"n\r\n{TRIPLES}\r\n".encode()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workers") / "clustergraph.nq"
    path.write_text("".join(f'<x:{n}> <x:p> "{n}" .\n' for n in range(TRIPLES)), encoding="utf-8")
    return path


def run(dataset: Path, test: Callable[[WorkerPool], Coroutine[Any, Any, None]], **options: Any) -> None:
    """One pool, one test inside its event loop."""

    async def within() -> None:
        settings: dict[str, Any] = {"limits": LIMITS, "workers": 2} | options
        async with asyncio.timeout(PATIENCE_S), WorkerPool(dataset, "digest", **settings) as pool:
            await test(pool)

    asyncio.run(within())


async def body(pool: WorkerPool, request: QueryRequest) -> bytes:
    return await (await pool.answer(request)).body()


def test_an_answer_comes_back_in_the_format_asked_for(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        select = await pool.answer(QueryRequest("SELECT ?o { <x:7> ?p ?o }", result_format=JSON))
        construct = await pool.answer(QueryRequest("CONSTRUCT WHERE { <x:7> ?p ?o }", graph_format=N_TRIPLES))

        assert (select.format, await select.body()) == (
            JSON,
            b'{"head":{"vars":["o"]},"results":{"bindings":[{"o":{"type":"literal","value":"7"}}]}}',
        )
        assert (construct.format, await construct.body()) == (N_TRIPLES, b'<x:7> <x:p> "7" .\n')

    run(dataset, ask)


def test_values_are_bound_not_pasted(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        hostile = '"7\\" } INSERT DATA { <x:a> <x:b> <x:c> } #"'

        found = await body(pool, QueryRequest("SELECT ?s ?o { ?s ?p ?o }", result_format=CSV, bindings={"o": '"7"'}))
        nothing = await body(
            pool, QueryRequest("SELECT ?s ?o { ?s ?p ?o }", result_format=CSV, bindings={"o": hostile})
        )

        assert (found, nothing) == (b"s,o\r\nx:7,7\r\n", b"s,o\r\n")

    run(dataset, ask)


def test_a_syntax_error_names_its_place_and_leaves_the_worker_alive(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        before = {worker.pid for worker in pool._alive}
        with pytest.raises(QueryMalformed) as caught:
            await pool.answer(QueryRequest("SELECT * {\n ?s ?p }", result_format=JSON))

        assert (caught.value.line, caught.value.column) == (2, 8)
        assert {worker.pid for worker in pool._alive} == before

    run(dataset, ask)


def test_a_query_without_end_is_stopped_while_others_are_answered(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        endless = asyncio.ensure_future(pool.answer(QueryRequest(ENDLESS, result_format=CSV)))
        await asyncio.sleep(0)

        assert [await body(pool, ORDINARY) for _ in range(20)] == [ORDINARY_ANSWER] * 20
        assert not endless.done(), "the others waited for the endless one"
        with pytest.raises(QueryTimedOut, match=r"^stopped after 1 s: add a LIMIT"):
            await endless
        assert await body(pool, ORDINARY) == ORDINARY_ANSWER

    run(dataset, ask)


def test_the_process_of_a_query_without_end_is_gone_when_its_client_is_told(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        before = {worker.pid for worker in pool._alive}
        with pytest.raises(QueryTimedOut):
            await pool.answer(QueryRequest(ENDLESS, result_format=CSV, time_limit_s=0.2))

        (gone,) = before - {worker.pid for worker in pool._alive}
        while not _is_dying(gone):  # a process that lives on is ended by PATIENCE_S, and fails the test
            await asyncio.sleep(0.01)

    run(dataset, ask, limits=LIMITS._replace(cpu_limit_s=10 * int(PATIENCE_S)))


def test_a_query_may_lower_its_own_limit_but_not_raise_it(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        for asked, message in ((0.1, "stopped after 0.1 s"), (60.0, "stopped after 1 s")):
            with pytest.raises(QueryTimedOut, match=f"^{message}:"):
                await pool.answer(QueryRequest(ENDLESS, result_format=CSV, time_limit_s=asked))

    run(dataset, ask)


DOUBLING = 'BIND("aaaaaaaaaa" AS ?x0) ' + " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(40))
HUNGRY = {
    "doubling strings": f"SELECT (STRLEN(?x40) AS ?length) {{ {DOUBLING} }}",
    "sorted cross product": "SELECT * { ?a ?p ?b . ?c ?q ?d } ORDER BY ?d ?b",
    "distinct cross product": "SELECT DISTINCT ?b ?d { ?a ?p ?b . ?c ?q ?d }",
    "deep nesting": "SELECT * {" + "{" * 200_000 + "}" * 200_000 + "}",
}


@pytest.mark.parametrize("query", HUNGRY.values(), ids=HUNGRY)
def test_a_query_that_wants_too_much_dies_alone(dataset: Path, query: str) -> None:
    async def ask(pool: WorkerPool) -> None:
        with pytest.raises(QueryError):  # memory or time, whichever ends first on this machine
            await body(pool, QueryRequest(query, result_format=CSV))

        assert await body(pool, ORDINARY) == ORDINARY_ANSWER

    run(dataset, ask)


def test_memory_over_the_limit_is_said_with_the_limit(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        with pytest.raises(QueryTooHungry) as caught:
            await body(pool, QueryRequest(HUNGRY["doubling strings"], result_format=CSV))

        assert caught.value.detail == (
            "stopped: evaluation wanted more than the 256 MiB of memory that one query may have; ask for less"
        )

    run(dataset, ask, limits=LIMITS._replace(time_limit_s=PATIENCE_S))


def test_an_answer_over_the_output_limit_never_ends_as_if_complete(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        answer = await pool.answer(QueryRequest("SELECT * { ?a ?p ?b . ?c ?q ?d }", result_format=CSV))
        received = 0
        failure: QueryTooHungry | None = None
        try:
            async for frame in answer.frames:
                received += len(frame)
        except QueryTooHungry as exc:
            failure = exc

        assert 0 < received <= 1_000_000
        assert failure is not None
        assert failure.detail == (
            "the answer is longer than 1,000,000 bytes: add a LIMIT, or ask for less of each entity"
        )
        assert await body(pool, ORDINARY) == ORDINARY_ANSWER

    run(dataset, ask, limits=LIMITS._replace(output_limit_bytes=1_000_000, time_limit_s=PATIENCE_S))


def test_what_a_format_cannot_hold_is_said_before_the_answer_or_cuts_it(dataset: Path) -> None:
    late = f"SELECT ?x {{ VALUES ?x {{ '{'a' * 200_000}' '\\u0001' }} }}"
    said = (
        "the format application/sparql-results+xml cannot hold the character U+0001, which is in this answer: "
        "ask for one of application/sparql-results+json, text/csv, text/tab-separated-values"
    )

    async def ask(pool: WorkerPool) -> None:
        with pytest.raises(FormatCannotHold) as early:
            await pool.answer(QueryRequest("SELECT ('\\u0001' AS ?x) {}", result_format=XML))
        answer = await pool.answer(QueryRequest(late, result_format=XML))
        received = bytearray()
        cut = ""
        try:
            async for frame in answer.frames:
                received += frame
        except FormatCannotHold as exc:
            cut = exc.detail

        assert (early.value.detail, cut) == (said, said)
        assert early.value.offered == tuple(said.partition("one of ")[2].split(", "))
        assert received
        assert b"\x01" not in received
        assert b"</sparql>" not in received
        assert await body(pool, ORDINARY) == ORDINARY_ANSWER

    run(dataset, ask)


def test_workers_that_die_idle_are_replaced_and_no_query_notices(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        killed = list(pool._alive)
        for worker in killed:
            os.kill(worker.pid, signal.SIGKILL)
        while any(not _is_dying(worker.pid) for worker in killed):
            await asyncio.sleep(0.01)

        assert [await body(pool, ORDINARY) for _ in range(4)] == [ORDINARY_ANSWER] * 4

    run(dataset, ask)


def test_a_loader_that_dies_is_started_again(dataset: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def ask(pool: WorkerPool) -> None:
        orphans = list(pool._alive)
        os.kill(pool.processes[0], signal.SIGKILL)
        while any(not _is_dying(worker.pid) for worker in orphans):
            await asyncio.sleep(0.01)

        assert [await body(pool, ORDINARY) for _ in range(4)] == [ORDINARY_ANSWER] * 4

    run(dataset, ask, queue_wait_s=PATIENCE_S)

    assert [one.getMessage() for one in caplog.records] == ["the loader process has ended and is started again"]


def test_a_loader_that_does_nothing_any_more_is_replaced(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "FORK_LIMIT_S", 2.0)

    async def ask(pool: WorkerPool) -> None:
        stopped, workers_of_it = pool.processes
        os.kill(stopped, signal.SIGSTOP)
        for pid in workers_of_it:
            os.kill(pid, signal.SIGKILL)
        while any(not _is_dying(pid) for pid in workers_of_it):
            await asyncio.sleep(0.01)

        assert [await body(pool, ORDINARY) for _ in range(4)] == [ORDINARY_ANSWER] * 4
        assert pool.processes[0] != stopped

    run(dataset, ask, queue_wait_s=PATIENCE_S)


def test_a_pool_whose_loader_was_stopped_ends_without_waiting_for_it(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "FORK_LIMIT_S", 10 * PATIENCE_S)

    async def ask(pool: WorkerPool) -> None:
        stopped, workers_of_it = pool.processes
        os.kill(stopped, signal.SIGSTOP)
        os.kill(workers_of_it[0], signal.SIGKILL)
        while len(pool.processes[1]) == len(workers_of_it):  # until another one is wanted
            await asyncio.sleep(0.01)

    run(dataset, ask)


def test_however_many_workers_are_wanted_one_loader_is_tried_at_a_time_and_trouble_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tmp_path / "clustergraph.nq"
    dataset.write_text("<x:s> <x:p> <x:o> .\n", encoding="utf-8")
    monkeypatch.setattr(workers, "RETRY_S", 0.02)
    monkeypatch.setattr(loaders, "RETRY_S", 1.0)  # longer than a loader takes to fail, on a busy machine too

    async def ask(pool: WorkerPool) -> None:
        started: list[float] = []
        new = pool._loaders._new

        def noted() -> Loader:
            started.append(time.monotonic())
            return new()

        monkeypatch.setattr(pool._loaders, "_new", noted)
        dataset.write_text("damaged", encoding="utf-8")
        os.kill(pool.processes[0], signal.SIGKILL)
        while len(started) < 3:
            await asyncio.sleep(0.01)

        assert pool.trouble is not None
        while pool.processes[1]:
            await asyncio.sleep(0.01)
        with pytest.raises(DatasetUnusable, match="could not be loaded"):
            await pool.answer(ORDINARY)
        assert [after - before >= 1.0 for before, after in pairwise(started)] == [True, True]
        dataset.write_text("<x:s> <x:p> <x:o> .\n", encoding="utf-8")
        while pool.trouble is not None:
            await asyncio.sleep(0.01)
        assert await body(pool, ORDINARY) == b"n\r\n1\r\n"

    run(dataset, ask, queue_wait_s=PATIENCE_S)

    assert [one.getMessage() for one in caplog.records] == [
        "the loader process has ended and is started again",
        "no query can be answered until a build takes over: "
        "the dataset could not be loaded: run 'clustergraph build' to make it anew",
    ]


def test_a_worker_that_cannot_be_forked_now_is_forked_later(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "RETRY_S", 0.01)

    async def ask(pool: WorkerPool) -> None:
        failures = [ForkFailed("full"), OSError(24, "full")]
        fork = pool._loaders.fork

        def failing() -> tuple[int, int, socket.socket]:
            if failures:
                raise failures.pop()
            return fork()

        monkeypatch.setattr(pool._loaders, "fork", failing)
        killed = list(pool._alive)
        for worker in killed:
            os.kill(worker.pid, signal.SIGKILL)
        while any(not _is_dying(worker.pid) for worker in killed):
            await asyncio.sleep(0.01)

        assert [await body(pool, ORDINARY) for _ in range(4)] == [ORDINARY_ANSWER] * 4
        while len(pool._alive) < 3:  # a pool that stays short is ended by PATIENCE_S, and fails the test
            await asyncio.sleep(0.01)
        assert failures == []

    run(dataset, ask, queue_wait_s=PATIENCE_S)


def test_one_large_value_comes_in_small_pieces(dataset: Path) -> None:
    doubled = " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(18))
    query = f'SELECT ?x18 {{ BIND("aaaaaaaaaa" AS ?x0) {doubled} }}'

    async def ask(pool: WorkerPool) -> None:
        answer = await pool.answer(QueryRequest(query, result_format=CSV))
        sizes = [len(frame) async for frame in answer.frames]

        assert (sum(sizes), max(sizes)) == (len("x18\r\n") + 10 * 2**18 + len("\r\n"), 1 << 16)

    run(dataset, ask, limits=LIMITS._replace(time_limit_s=PATIENCE_S))


def test_an_answer_that_is_read_too_slowly_is_cut(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "STREAM_LIMIT_S", 0.3)

    async def ask(pool: WorkerPool) -> None:
        answer = await pool.answer(QueryRequest("SELECT * { ?a ?p ?b . ?c ?q ?d }", result_format=CSV))
        failure: QueryTimedOut | None = None
        try:
            async for _ in answer.frames:
                await asyncio.sleep(0.02)
        except QueryTimedOut as exc:
            failure = exc

        assert failure is not None
        assert failure.detail == "stopped: its reader took more than 0.3 s; read it faster, or ask for less"
        assert await body(pool, ORDINARY) == ORDINARY_ANSWER

    run(dataset, ask, limits=LIMITS._replace(time_limit_s=PATIENCE_S))


def test_a_reader_that_leaves_frees_its_worker(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        for _ in range(4):  # twice as many as there are workers
            answer = await pool.answer(QueryRequest("SELECT * { ?a ?p ?b . ?c ?q ?d }", result_format=CSV))
            await answer.frames.__anext__()
            await answer.close()

        assert await body(pool, ORDINARY) == ORDINARY_ANSWER

    run(dataset, ask, limits=LIMITS._replace(time_limit_s=PATIENCE_S))


def test_an_answer_that_nobody_reads_frees_its_worker(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        for _ in range(4):
            await (await pool.answer(ORDINARY)).close()

        assert await body(pool, ORDINARY) == ORDINARY_ANSWER

    run(dataset, ask)


def test_more_queries_than_may_wait_are_turned_away_at_once(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        asked = [asyncio.ensure_future(pool.answer(QueryRequest(ENDLESS, result_format=CSV))) for _ in range(5)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)

        assert sorted(type(one).__name__ for one in outcomes) == ["Busy", "Busy"] + ["QueryTimedOut"] * 3
        details = {one.detail for one in outcomes if isinstance(one, Busy)}
        assert details == {"all 1 workers are taken and 2 queries wait already: try again in a moment"}

    run(dataset, ask, workers=1, queue_per_worker=2, queue_wait_s=PATIENCE_S)


def test_a_query_that_waits_too_long_is_told_to_come_back(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        endless = asyncio.ensure_future(pool.answer(QueryRequest(ENDLESS, result_format=CSV)))
        await asyncio.sleep(0)
        with pytest.raises(Busy) as caught:
            await pool.answer(ORDINARY)

        assert (caught.value.detail, caught.value.retry_after_s) == (
            "no worker became free within 0.05 s: try again in a moment",
            1,
        )
        with pytest.raises(QueryTimedOut):
            await endless

    run(dataset, ask, workers=1, queue_wait_s=0.05)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("silent", ["", "SILENT "], ids=["loud", "silent"])
def test_a_worker_cannot_reach_the_network_even_past_the_guard(
    dataset: Path, listener: socket.socket, silent: str
) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/"

    async def ask(pool: WorkerPool) -> None:
        query = f"SELECT * {{ SERVICE {silent}<{address}> {{ ?s ?p ?o }} }}"
        said = ""
        try:
            await body(pool, QueryRequest(query, result_format=CSV))
        except QueryError as exc:
            said = exc.detail
        assert address not in said

    run(dataset, ask)

    with pytest.raises(BlockingIOError):
        listener.accept()


def test_workers_end_with_their_parent(dataset: Path) -> None:
    pids: list[int] = []

    async def ask(pool: WorkerPool) -> None:
        pids.extend(worker.pid for worker in pool._alive)

    run(dataset, ask)

    end = time.monotonic() + PATIENCE_S
    while any(not _is_dying(pid) for pid in pids):
        assert time.monotonic() < end, "a worker outlived its parent"


def _is_dying(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_dataset_that_cannot_be_loaded_is_said_at_the_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "clustergraph.nq"
    broken.write_text("<x:a> <x:b>", encoding="utf-8")

    async def nothing(_pool: WorkerPool) -> None:
        pytest.fail("the pool opened over a broken dataset")

    with pytest.raises(DatasetUnusable, match=r"^the dataset could not be loaded: run 'clustergraph build'"):
        run(broken, nothing)
    capfd.readouterr()


def test_several_default_graphs_are_merged_as_a_set(tmp_path: Path) -> None:
    path = tmp_path / "clustergraph.nq"
    star = ["<x:a> <x:p> <x:b>", "<x:a> <x:q> <x:c>", "<x:a> <x:r> <x:d>"]
    path.write_text("".join(f"{triple} <x:g{n}> .\n" for triple in star for n in (1, 2)), encoding="utf-8")
    query = "SELECT (COUNT(*) AS ?n) { ?s <x:p> ?a ; <x:q> ?b ; <x:r> ?c }"

    async def ask(pool: WorkerPool) -> None:
        merged = QueryRequest(query, result_format=CSV, graph_format=TURTLE, default_graphs=("x:g1", "x:g2"))
        assert await body(pool, merged) == b"n\r\n1\r\n"

    run(path, ask)
