"""Real SPARQL 1.1 servers, each started empty on a port that the system chooses, and stopped at the end of a test.

Where one is not installed `Absent` says what to install; `.ci/run` installs them all.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
FUSEKI_JARS: Final = REPOSITORY / "tests/.servers"
START_LIMIT_S: Final = 120.0
_STOP_LIMIT_S: Final = 30.0
_PAUSE_S: Final = 0.05


class Absent(Exception):
    """A server that is not installed; the text says what to install."""


@dataclass(frozen=True)
class Server:
    """One running server.

    Shape: `address` is what `publish --to` takes; `query` is what `serve --engine` takes; `user` is NAME:PASSWORD.
    """

    name: str
    address: str
    query: str
    user: str = ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # a server of ours on this machine
            return True
    except urllib.error.HTTPError as exc:
        return exc.code < 500
    except OSError:
        return False


@contextmanager
def _running(command: Sequence[str | Path], folder: Path, url: str) -> Iterator[None]:
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder)
    try:
        until = time.monotonic() + START_LIMIT_S
        while not _is_up(url):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "log.txt").read_text("utf-8", "replace")[-2000:])
            time.sleep(_PAUSE_S)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def oxigraph(folder: Path) -> Iterator[Server]:
    """The server of Oxigraph, of the wheel of that name."""
    program = shutil.which("oxigraph", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if program is None:
        message = "needs the server of Oxigraph: pip install oxigraph"
        raise Absent(message)
    port = _free_port()
    command: list[str | Path] = [program, "serve", "--location", folder / "db", "--bind", f"127.0.0.1:{port}"]
    address = f"http://127.0.0.1:{port}"
    with _running(command, folder, f"{address}/query?query=ASK%7B%7D"):
        yield Server("oxigraph", f"{address}/", f"{address}/query")


@contextmanager
def fuseki(folder: Path) -> Iterator[Server]:
    """Apache Jena Fuseki over a TDB2 store."""
    jars = sorted(FUSEKI_JARS.glob("jena-fuseki-server-*.jar"))
    if not jars or shutil.which("java") is None:
        message = "needs Java and Fuseki: tests/install-servers"
        raise Absent(message)
    port = _free_port()
    (folder / "db").mkdir()
    place: list[str | Path] = ["--tdb2", "--update", "--loc", folder / "db", "--localhost", "--port", str(port), "/ds"]
    address = f"http://127.0.0.1:{port}/ds"
    with _running(["java", "-Xmx1g", "-jar", jars[-1], *place], folder, f"{address}/query?query=ASK%7B%7D"):
        yield Server("fuseki", address, f"{address}/query")


_VIRTUOSO_INI: Final = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
TransactionFile = {folder}/virtuoso.trx
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
xa_persistent_file = {folder}/virtuoso.pxa
MaxCheckpointRemap = 2000
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql_port}
ServerThreads = 60
NumberOfBuffers = 10000
MaxDirtyBuffers = 6000
DirsAllowed = {folder}
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerRoot = {folder}
ServerThreads = 50
MaxKeepAlives = 50
KeepAliveTimeout = 10
EnabledGzipContent = 0
[SPARQL]
ResultSetMaxRows = 2000000
MaxQueryCostEstimationTime = 100000
"""


@contextmanager
def virtuoso(folder: Path) -> Iterator[Server]:
    """Virtuoso 7, as Debian packages it."""
    if shutil.which("virtuoso-t") is None:
        message = "needs Virtuoso: apt-get install virtuoso-opensource-7-bin"
        raise Absent(message)
    port, sql_port = _free_port(), _free_port()
    ini = _VIRTUOSO_INI.format(folder=folder, port=port, sql_port=sql_port)
    (folder / "virtuoso.ini").write_text(ini, encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    with _running(
        ["virtuoso-t", "-f", "+configfile", folder / "virtuoso.ini"], folder, f"{address}/sparql?query=ASK%7B%7D"
    ):
        yield Server("virtuoso", f"{address}/", f"{address}/sparql", "dba:dba")


SERVERS: Final[dict[str, Callable[[Path], AbstractContextManager[Server]]]] = {
    "oxigraph": oxigraph,
    "fuseki": fuseki,
    "virtuoso": virtuoso,
}
"""Every server that publishing and serving are tested with."""
