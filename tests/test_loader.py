"""What a worker may take of the machine, and that no process of ours outlives the one it serves."""

import asyncio
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import IO, Any

import pytest

from clustergraph import loader, sandbox
from clustergraph.codings import PIECE_BYTES
from clustergraph.errors import QueryTooHungry
from clustergraph.formats import CSV
from clustergraph.frames import ERROR, HEADER
from clustergraph.processes import start_limit_s
from clustergraph.runner import STACK_BYTES, Limits, QueryRequest, Storage
from clustergraph.workers import WorkerPool

PATIENCE_S = 60.0
LIMITS = Limits(time_limit_s=PATIENCE_S, memory_limit_bytes=256 << 20)
DIGEST = "0" * 64
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f . ?g ?s ?h }"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
COUNTED = b"n\r\n2000\r\n"
KINDS = pytest.mark.parametrize("memory_quads", [5_000_000, 0], ids=["memory", "disk"])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loader") / "dist/clustergraph.nq"
    path.parent.mkdir()
    path.write_text("".join(f'<x:{n}> <x:p> "{n}" .\n' for n in range(2_000)), encoding="utf-8")
    return path


def run(
    dataset: Path,
    memory_quads: int,
    test: Callable[[WorkerPool], Coroutine[Any, Any, None]],
    limits: Limits = LIMITS,
) -> None:
    async def within() -> None:
        storage = Storage(memory_quads=memory_quads)
        async with (
            asyncio.timeout(PATIENCE_S),
            WorkerPool(dataset, DIGEST, limits=limits, workers=1, storage=storage, queue_wait_s=PATIENCE_S) as pool,
        ):
            await test(pool)

    asyncio.run(within())


async def body(pool: WorkerPool, query: str) -> bytes:
    return await (await pool.answer(QueryRequest(query, result_format=CSV))).body()


def only(pool: WorkerPool) -> int:
    """The process id of the only worker."""
    (worker,) = (one for one, lane in pool._alive.items() if lane is pool.open)
    return worker.pid


def status(pid: int, *names: str) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    table = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return [table[name].strip() for name in names]


def limit(pid: int, name: str) -> tuple[str, str]:
    """The soft and the hard limit, as the kernel writes them."""
    text = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    found = re.search(rf"^{name} +(\S+) +(\S+)", text, re.MULTILINE)
    assert found is not None
    return found[1], found[2]


def is_dying(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_gone(*pids: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while any(not is_dying(pid) for pid in pids):
        assert time.monotonic() < end, "a process outlived the one it serves"
        time.sleep(0.01)


@KINDS
def test_a_worker_may_have_no_file_no_core_and_a_stack_of_its_own_size(dataset: Path, memory_quads: int) -> None:
    async def ask(pool: WorkerPool) -> None:
        pid = only(pool)
        await body(pool, COUNT)
        store = dataset.parent.parent / f".dist.stores/{DIGEST}/store"
        files = "0" if memory_quads else str(len(list(store.iterdir())) + loader.OTHER_FILES)

        assert limit(pid, "Max file size") == ("0", "0")
        assert limit(pid, "Max core file size") == ("0", "0")
        assert limit(pid, "Max open files") == (files, files)
        assert limit(pid, "Max stack size")[0] == str(STACK_BYTES)

    run(dataset, memory_quads, ask)


@KINDS
def test_a_worker_may_have_what_it_began_with_and_so_much_memory_more(dataset: Path, memory_quads: int) -> None:
    async def ask(pool: WorkerPool) -> None:
        pid = only(pool)
        await body(pool, COUNT)
        soft, hard = limit(pid, "Max address space")
        (size,) = status(pid, "VmSize")
        more = int(soft) - (int(size.split()[0]) << 10)

        assert soft == hard
        assert abs(more - LIMITS.memory_limit_bytes) < 16 << 20, "the rest is what the worker took since it was forked"

    run(dataset, memory_quads, ask)


@KINDS
def test_a_worker_is_confined_and_the_first_to_go_when_memory_ends(dataset: Path, memory_quads: int) -> None:
    async def ask(pool: WorkerPool) -> None:
        pid = only(pool)
        await body(pool, COUNT)
        filtered = "0" if sandbox.missing() else "2"

        assert status(pid, "NoNewPrivs", "Seccomp") == ["0" if sandbox.missing() else "1", filtered]
        assert Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii") == "800\n"
        for thread in Path(f"/proc/{pid}/task").iterdir():
            assert f"Seccomp:\t{filtered}\n" in (thread / "status").read_text(encoding="ascii")

    run(dataset, memory_quads, ask)


@KINDS
def test_processor_time_ends_a_query_and_no_other(dataset: Path, memory_quads: int) -> None:
    async def ask(pool: WorkerPool) -> None:
        before = only(pool)
        with pytest.raises(QueryTooHungry):
            await body(pool, ENDLESS)

        assert await body(pool, COUNT) == COUNTED
        assert only(pool) != before
        wait_until_gone(before)

    run(dataset, memory_quads, ask, LIMITS._replace(cpu_limit_s=0))


def test_each_query_has_its_own_processor_time(dataset: Path) -> None:
    async def ask(pool: WorkerPool) -> None:
        await body(pool, COUNT)

        soft, hard = limit(only(pool), "Max cpu time")

        assert (soft in ("8", "9"), hard) == (True, "unlimited"), "7 s, one for rounding, and what was used before"

    run(dataset, 5_000_000, ask, LIMITS._replace(cpu_limit_s=7))


@KINDS
def test_a_query_that_wants_all_memory_ends_its_worker_alone(dataset: Path, memory_quads: int) -> None:
    doubling = " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(40))

    async def ask(pool: WorkerPool) -> None:
        with pytest.raises(QueryTooHungry, match="256 MiB of memory"):
            await body(pool, f'SELECT (STRLEN(?x40) AS ?n) {{ BIND("aaaaaaaaaa" AS ?x0) {doubling} }}')

        assert await body(pool, COUNT) == COUNTED

    run(dataset, memory_quads, ask)


@KINDS
def test_fifty_thousand_groups_inside_one_another_fit_the_stack(dataset: Path, memory_quads: int) -> None:
    async def ask(pool: WorkerPool) -> None:
        before = only(pool)

        assert await body(pool, "SELECT * " + "{" * 50_000 + "}" * 50_000) == b"\r\n\r\n"
        assert only(pool) == before

    run(dataset, memory_quads, ask, LIMITS._replace(memory_limit_bytes=1 << 30))


@KINDS
def test_a_loader_that_is_killed_takes_its_workers_along(dataset: Path, memory_quads: int) -> None:
    async def ask(pool: WorkerPool) -> None:
        worker, ours = only(pool), pool.processes[0]
        os.kill(ours, signal.SIGKILL)

        await asyncio.to_thread(wait_until_gone, worker)
        assert await body(pool, COUNT) == COUNTED

    run(dataset, memory_quads, ask)


SERVER = """
import asyncio, sys
from pathlib import Path
from clustergraph.runner import Limits, Storage
from clustergraph.workers import WorkerPool

async def serve():
    storage = Storage(memory_quads=int(sys.argv[3]))
    async with WorkerPool(Path(sys.argv[1]), sys.argv[2], limits=Limits(), workers=2, storage=storage) as pool:
        print(pool.processes[0], *(worker.pid for worker in pool._alive), flush=True)
        await asyncio.sleep(600)

asyncio.run(serve())
"""


@KINDS
def test_a_server_that_is_killed_takes_its_loader_and_its_workers_along(dataset: Path, memory_quads: int) -> None:
    command = [sys.executable, "-c", SERVER, str(dataset), DIGEST, str(memory_quads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            pids = [int(one) for one in server.stdout.readline().split()]
            assert len(pids) == 4
            assert [pid for pid in pids if is_dying(pid)] == []
        finally:
            server.kill()

    wait_until_gone(*pids)


def test_a_machine_without_a_filter_is_told_once_and_served(dataset: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The loader is the only one to look, so that each of its workers does not say it again."""
    before = capfd.readouterr()

    source = loader._source(dataset, {"memory_quads": 5_000_000, "digest": ""})

    assert (before.err, capfd.readouterr().err, source.confined) == ("", "", sandbox.missing() is None)


def test_what_the_machine_lacks_is_said(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sandbox, "missing", lambda: "this kernel offers no seccomp filter")

    source = loader._source(dataset, {"memory_quads": 5_000_000, "digest": ""})

    assert capfd.readouterr().err == (
        "query workers run without a filter of system calls: this kernel offers no seccomp filter\n"
    )
    assert (source.confined, source.quads, source.files) == (False, 2_000, 0)


def test_a_store_on_disk_whose_workers_may_read_other_files_is_served_and_that_is_said(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = "a filter around this process refuses landlock_restrict_self"
    monkeypatch.setattr(sandbox, "missing", lambda: None)
    monkeypatch.setattr(sandbox, "missing_for_files", lambda: refused)
    monkeypatch.setattr(sandbox, "keep_files", lambda _: pytest.fail("what is refused was asked for"))
    told = {"memory_quads": 0, "name": DIGEST, "digest": "", "store_dir": str(tmp_path / "stores")}

    source = loader._source(dataset, told)

    assert capfd.readouterr().err == f"query workers may read files beside their store: {refused}\n"
    assert len(source.open()) == 2_000


def test_a_dataset_may_take_the_longer_to_load_the_larger_it_is(tmp_path: Path) -> None:
    large = tmp_path / "clustergraph.nq"
    with large.open("wb") as stream:
        stream.truncate(2 << 30)  # ten million quads; no block of it is written

    assert (start_limit_s(tmp_path / "none"), start_limit_s(large)) == (120.0, 120.0 + 2048.0)


class Loose:
    """An engine whose answers fail as a test tells them to, after so many bytes."""

    def __init__(self, trouble: Exception, begins: bytes = b"") -> None:
        self._trouble = trouble
        self._begins = begins

    def evaluate(self, _: QueryRequest) -> "Loose":
        return self

    format = CSV

    def write(self, stream: IO[bytes]) -> None:
        stream.write(self._begins)
        raise self._trouble


def said_of(engine: Loose) -> list[tuple[bytes, bytes]]:
    """The frames of a worker over an engine, which ends with its answer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        loader._answer(engine, theirs, QueryRequest("ASK {}"), 1 << 20)  # type: ignore[arg-type]
        theirs.shutdown(socket.SHUT_WR)
        data, frames = b"".join(iter(lambda: ours.recv(1 << 16), b"")), []
    while data:
        kind, _, _, length = HEADER.unpack_from(data)
        frames.append((kind, data[HEADER.size : HEADER.size + length]))
        data = data[HEADER.size + length :]
    return frames


def test_nothing_of_an_answer_goes_out_before_its_status_is_certain() -> None:
    failing = Loose(QueryTooHungry("no more"), b"a" * (PIECE_BYTES - 1))

    ((kind, told),) = said_of(failing)

    assert (kind, json.loads(told)["detail"]) == (ERROR, "no more")


def test_what_the_engine_says_of_its_own_trouble_stays_inside(capfd: pytest.CaptureFixture[str]) -> None:
    ((kind, told),) = said_of(Loose(OSError("/srv/secret/store: no space")))

    assert (kind, json.loads(told)["detail"]) == (
        ERROR,
        "the engine gave up on this query: ask for less, or in smaller steps",
    )
    assert capfd.readouterr().err == "worker: OSError: /srv/secret/store: no space\n"


OVER_A_STORE = """
import sys
from pathlib import Path
from clustergraph import loader
told = {"memory_quads": 0, "name": "0" * 64, "digest": "", "store_dir": sys.argv[2]}
source = loader._source(Path(sys.argv[1]), told)
engine = source.open()
try:
    Path(sys.argv[1]).read_bytes()
    print(len(engine), "reads on")
except PermissionError:
    print(len(engine), "may not")
"""


def test_a_worker_over_a_store_on_disk_is_left_its_files_alone(dataset: Path, tmp_path: Path) -> None:
    if ctypes.CDLL(None).syscall(444, 0, 0, 1) < 0:
        pytest.skip("this kernel has no Landlock")

    done = subprocess.run(
        [sys.executable, "-c", OVER_A_STORE, str(dataset), str(tmp_path / "stores")],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert (done.stdout, done.stderr) == ("2000 may not\n", "")
