"""Hostile queries, and a listener that nobody may ever call."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote

from .asking import HOST, HOSTILE_HOST, ask
from .questions import ENDLESS, STREAM, another

_DOUBLING: Final = (
    'SELECT (STRLEN(?x40) AS ?n) (TURN AS ?turn) { BIND("aaaaaaaaaa" AS ?x0) '
    + " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(40))
    + " }"
)
_SORTED: Final = "SELECT DISTINCT ?b ?d (TURN AS ?turn) { ?a ?p ?b . ?c ?q ?d } ORDER BY ?d ?b"
_NESTED: Final = "SELECT (TURN AS ?turn) {" + "{" * 900 + "}" * 900 + "}"
_CALLING: Final = (
    "SELECT * { SERVICE <CANARY> { ?s ?p ?o } }",
    "SELECT * { SERVICE SILENT <CANARY> { ?s ?p ?o } }",
    "SELECT * { BIND(<CANARY> AS ?there) SERVICE ?there { ?s ?p ?o } }",
    "SELECT * FROM <CANARY> { ?s ?p ?o }",
    "SELECT * FROM NAMED <CANARY> { GRAPH ?g { ?s ?p ?o } }",
    "LOAD <CANARY>",
    "LOAD <CANARY> INTO GRAPH <CANARY>",
    "DESCRIBE <CANARY>",
)
_BY_PARAMETER: Final = "/sparql?query=ASK%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D&default-graph-uri=CANARY"


class Canary:
    """A listener on this machine; whoever calls it did so because a query told it to.

    Shape: `calls` counts the connections.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.port = 0

    async def heard(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection too many."""
        self.calls += 1
        writer.close()

    @property
    def address(self) -> str:
        """What hostile queries name."""
        return f"http://{HOST}:{self.port}/canary.ttl"

    def requests(self) -> list[bytes]:
        """One request for each way of making a server call somebody."""
        targets = [f"/sparql?query={quote(one.replace('CANARY', self.address), safe='')}" for one in _CALLING]
        targets.append(_BY_PARAMETER.replace("CANARY", quote(self.address, safe="")))
        return [f"GET {one} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode() for one in targets]


@asynccontextmanager
async def listening() -> AsyncIterator[Canary]:
    """A canary that listens, and hears one call of ours first, so that its silence means something."""
    canary = Canary()
    async with await asyncio.start_server(canary.heard, HOST, 0) as server:
        canary.port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection(HOST, canary.port)
        writer.close()
        while not canary.calls:
            await asyncio.sleep(0.001)
        canary.calls = 0
        yield canary


class Attack:
    """Hostile requests, one after the other of each kind.

    Shape: `outcomes` counts what each was told.
    """

    def __init__(self, port: int, canary: Canary) -> None:
        self.outcomes: Counter[str] = Counter()
        self._port = port
        self._running: set[asyncio.Task[None]] = set()
        queries = (ENDLESS, _DOUBLING, _SORTED, _NESTED, STREAM)
        calls = itertools.cycle(canary.requests())
        kinds: list[str | bytes] = []
        for query in queries * 9:  # so that every call comes once in a round
            kinds += (query, next(calls))
        self._next = itertools.cycle(kinds)

    def strike(self) -> None:
        """Sends the next one and does not wait for what it brings."""
        task = asyncio.create_task(self._send(next(self._next)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def end(self) -> None:
        """Waits for those that are still under way."""
        await asyncio.gather(*self._running)

    async def _send(self, what: str | bytes) -> None:
        query, sent = (another(what), None) if isinstance(what, str) else ("", what)
        try:
            reply = await ask(self._port, query, source=HOSTILE_HOST, sent=sent)
        except OSError as exc:
            self.outcomes[type(exc).__name__] += 1
        else:
            self.outcomes[str(reply.status) if reply.is_whole else f"cut after {reply.status}"] += 1


async def call_away(port: int, canary: Canary) -> None:
    """Every way of making a server call somebody, once."""
    for sent in canary.requests():
        await ask(port, "", sent=sent, source=HOSTILE_HOST)
