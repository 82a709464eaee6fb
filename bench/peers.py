"""The servers: installed, loaded, started and stopped the same way. Knows nothing of what they are asked.

Each runs as its own documentation starts it, with memory for the whole dataset and without limits on time or rows. A
peer that cannot be installed here is left out, with the reason.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench.client import Endpoint, ready
from bench.machine import free_port, memory_bytes, processor_s, shared_bytes, size_of, tree_of
from clustergraph.published import DATASET

HERE: Final = Path(__file__).resolve().parent
TOOLS: Final = HERE / ".work" / "tools"
VENV: Final = HERE / ".venv"
FUSEKI: Final = "5.6.0"  # the last that runs on Java 17
LOAD_LIMIT_S: Final = 3600.0
START_LIMIT_S: Final = 900.0


class Unavailable(Exception):
    """A peer that cannot take part; the text says why."""


class Cost(NamedTuple):
    """What a server needs before it answers.

    Shape: `load_s` is the time from N-Quads to a store on disk, None where there is no such step; `start_s` from the
           start of the process to its first answer; memory is the proportional share of all its processes (PSS).
    """

    load_s: float | None
    start_s: float
    disk_bytes: int
    memory_bytes: int
    processes: int


class Peer(ABC):
    """One server over one dataset. Start it once; stop it in the end."""

    name: str
    address = "/sparql?query="
    quads_limit: int | None = None  # above it the peer is left out: loading would take hours

    def __init__(self, dist: Path, work: Path) -> None:
        self.dataset = dist / DATASET
        self.dist = dist
        self.work = work
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = work / "log.txt"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port, self.address)

    @classmethod
    @abstractmethod
    def install(cls) -> str:
        """The version, once it is there.

        Raises: Unavailable.
        """

    def load(self) -> bool:
        """Fills a store on disk; False where the server reads the N-Quads itself."""
        return False

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """What starts the server."""

    async def prepare(self) -> Cost:
        """Loads the data, starts the server, waits for its first answer.

        Raises: Unavailable where loading or starting fails.
        """
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        before = time.perf_counter()
        loaded = self.load()
        load_s = time.perf_counter() - before if loaded else None
        start_s = await self.start()
        disk = size_of(self.work) if loaded else self.dataset.stat().st_size
        processes = tree_of(self.pid)
        return Cost(load_s, start_s, disk, sum(map(shared_bytes, processes)), len(processes))

    async def start(self) -> float:
        """Seconds until the first answer."""
        before = time.perf_counter()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.work, start_new_session=True
            )
        waiting = asyncio.ensure_future(ready(self.endpoint, limit_s=START_LIMIT_S))
        while not waiting.done() and self._process.poll() is None:
            await asyncio.wait({waiting}, timeout=0.2)
        if not waiting.done() or waiting.exception():
            waiting.cancel()
            self.stop()
            message = f"gave no answer: {self.last_words()}"
            raise Unavailable(message)
        return time.perf_counter() - before

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def memory_bytes(self) -> int:
        """The memory of all its processes."""
        return sum(map(shared_bytes, tree_of(self.pid)))

    def processor_s(self) -> dict[int, float]:
        """The processor time that each of its processes has used so far."""
        return processor_s(tree_of(self.pid))

    def stop(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def run(self, command: Sequence[str | Path]) -> None:
        """Runs a loader to its end.

        Raises: Unavailable with its last words.
        """
        with self._log.open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, cwd=self.work, timeout=LOAD_LIMIT_S, check=False)
        if done.returncode:
            message = f"loading failed: {self.last_words()}"
            raise Unavailable(message)

    def last_words(self) -> str:
        """The end of what it wrote about itself."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " ".join(lines[-1:])[:200]


MEMORY_QUADS: Final = memory_bytes() // 1000  # at some 460 bytes a quad, less than half of the memory


class Ours(Peer):
    """clustergraph, as `clustergraph serve` starts it, told how much of this machine's memory its dataset may take."""

    name = "clustergraph"
    options: tuple[str, ...] = ("--memory-quads", str(MEMORY_QUADS))

    @classmethod
    def install(cls) -> str:
        commit = _said(["git", "-C", HERE, "rev-parse", "--short", "HEAD"])
        changed = _said(["git", "-C", HERE, "status", "--porcelain", "--", "../src"])
        return f"{commit}{' with changes' if changed else ''}"

    def command(self) -> Sequence[str | Path]:
        return [
            Path(sys.executable).with_name("clustergraph"),
            "serve",
            self.dist,
            "--port",
            str(self.port),
            *self.options,
        ]


class OursWithBudgets(Ours):
    """The same, with the budgets for clients of the loopback interface that all others have."""

    options = (*Ours.options, "--budget-loopback")


class Oxigraph(Peer):
    """The server of Oxigraph, over its RocksDB store."""

    name = "oxigraph"
    address = "/query?query="

    @classmethod
    def install(cls) -> str:
        _in_venv("oxigraph")
        return _said([VENV / "bin/oxigraph", "--version"]).split()[-1]

    def load(self) -> bool:
        self.run([VENV / "bin/oxigraph", "load", "--location", self.work / "db", "--file", self.dataset])
        return True

    def command(self) -> Sequence[str | Path]:
        bind = f"127.0.0.1:{self.port}"
        return [VENV / "bin/oxigraph", "serve-read-only", "--location", self.work / "db", "--bind", bind]


class RdflibEndpoint(Peer):
    """rdflib-endpoint, as its own command starts it."""

    name = "rdflib-endpoint"
    address = "/?query="
    quads_limit = 2_000_000

    @classmethod
    def install(cls) -> str:
        _in_venv("rdflib-endpoint[cli]")
        script = "from importlib.metadata import version as v; print(v('rdflib-endpoint'), 'on rdflib', v('rdflib'))"
        return _said([VENV / "bin/python", "-c", script])

    def command(self) -> Sequence[str | Path]:
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        return [VENV / "bin/rdflib-endpoint", "serve", self.dataset, *address]


_VIRTUOSO_INI: Final = """\
[Database]
DatabaseFile = {work}/virtuoso.db
TransactionFile = {work}/virtuoso.trx
ErrorLogFile = {work}/virtuoso.log
LockFile = {work}/virtuoso.lck
xa_persistent_file = {work}/virtuoso.pxa
MaxCheckpointRemap = 2000
[TempDatabase]
DatabaseFile = {work}/virtuoso-temp.db
TransactionFile = {work}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql_port}
ServerThreads = 20
NumberOfBuffers = 340000
MaxDirtyBuffers = 250000
DirsAllowed = {work}, {data}
CheckpointInterval = 0
SchedulerInterval = 10
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerRoot = {work}
ServerThreads = 20
MaxKeepAlives = 20
KeepAliveTimeout = 60
MaintenancePage = atomic.html
EnabledGzipContent = 0
[SPARQL]
ResultSetMaxRows = 2000000
MaxQueryCostEstimationTime = 100000
"""


class Virtuoso(Peer):
    """Virtuoso 7 of Debian.

    It has no default graph but the bag of all graphs, so what is the default graph elsewhere has a name here, and each
    request gives that name in the way of the SPARQL Protocol.
    """

    name = "virtuoso"
    address = "/sparql?default-graph-uri=urn%3Aclustergraph%3Amerge&query="

    def __init__(self, dist: Path, work: Path) -> None:
        super().__init__(dist, work)
        self._sql_port = free_port()

    @classmethod
    def install(cls) -> str:
        if shutil.which("virtuoso-t") is None:
            _with_apt("virtuoso-opensource-7-bin")
        said = subprocess.run(["virtuoso-t", "-?"], capture_output=True, text=True, check=False)
        return next((word for word in (said.stdout + said.stderr).split() if word.startswith("7.")), "7")

    def load(self) -> bool:
        ini = _VIRTUOSO_INI.format(work=self.work, data=self.dataset.parent, sql_port=self._sql_port, port=self.port)
        (self.work / "virtuoso.ini").write_text(ini, encoding="utf-8")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True)
        try:
            self._wait_for_sql()
            # 512: the text is N-Quads; what has no graph there goes to the third argument
            source = f"file_open('{self.dataset}')"
            self._sql(f"log_enable(2); DB.DBA.TTLP_MT({source}, '', 'urn:clustergraph:merge', 512); checkpoint;")
        finally:
            self.stop()
        return True

    def command(self) -> Sequence[str | Path]:
        return ["virtuoso-t", "-f", "+configfile", self.work / "virtuoso.ini"]

    def _sql(self, statements: str) -> None:
        self.run(["isql-vt", f"127.0.0.1:{self._sql_port}", "dba", "dba", "ERRORS=STDOUT", f"EXEC={statements}"])

    def _wait_for_sql(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(Unavailable):
                self._sql("status();")
                return
            time.sleep(0.2)
        message = "did not start within 60 s"
        raise Unavailable(message)


class Fuseki(Peer):
    """Apache Jena Fuseki over a TDB2 store."""

    name = "fuseki"
    address = "/ds/query?query="

    @classmethod
    def install(cls) -> str:
        if shutil.which("java") is None:
            message = "there is no Java here"
            raise Unavailable(message)
        if not cls._jar().is_file():
            if shutil.which("mvn") is None:
                message = "there is no Maven here"
                raise Unavailable(message)
            artifact = f"-Dartifact=org.apache.jena:jena-fuseki-server:{FUSEKI}"
            _installing(["mvn", "-q", "-B", "dependency:copy", artifact, f"-DoutputDirectory={TOOLS}"])
        return FUSEKI

    @staticmethod
    def _jar() -> Path:
        return TOOLS / f"jena-fuseki-server-{FUSEKI}.jar"

    def load(self) -> bool:
        database = self.work / "db"
        loader: list[str | Path] = ["tdb2.tdbloader", "--loader=parallel", "--loc", database, self.dataset]
        self.run(["java", "-Xmx4g", "-cp", self._jar(), *loader])
        return True

    def command(self) -> Sequence[str | Path]:
        place: list[str | Path] = ["--loc", self.work / "db", "--localhost", "--port", str(self.port), "/ds"]
        return ["java", "-Xmx4g", "-jar", self._jar(), *place]


PEERS: Final[tuple[type[Peer], ...]] = (Ours, Oxigraph, Virtuoso, Fuseki, RdflibEndpoint)
"""Every server, ours first."""


def _said(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _installing(command: Sequence[str | Path]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    except (OSError, subprocess.TimeoutExpired) as exc:
        message = f"could not be installed: {exc}"
        raise Unavailable(message) from exc
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        message = f"could not be installed: {' '.join(last)[:200]}"
        raise Unavailable(message)


def _in_venv(requirement: str) -> None:
    if not (VENV / "bin/python").exists():
        _installing([sys.executable, "-m", "venv", VENV])
    _installing([VENV / "bin/python", "-m", "pip", "install", "--quiet", requirement])


def _with_apt(package: str) -> None:
    if os.geteuid():
        message = f"needs the Debian package {package}"
        raise Unavailable(message)
    _installing(["apt-get", "install", "--yes", "--no-install-recommends", package])
