"""What good clients notice while one request in twenty is hostile. Ours only: the peers have no defence to measure.

Requests arrive at a fixed rate whatever the server does, and a wait counts from the moment a request was due, so a
server that stands still cannot hide it. Good ones come from twenty addresses of the loopback interface and hostile ones
from two others; the server counts each as a client of its own, as it does with addresses of the world.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterator
from itertools import count, cycle
from typing import Final, NamedTuple
from urllib.parse import quote

from bench.client import Client, Endpoint, percentile
from bench.mix import RESULTS

HOSTILE_SHARE: Final = 20  # one request in so many
GOOD_ADDRESSES: Final = 20  # from which good requests come in turn
ATTACKERS: Final = 2  # addresses from which hostile ones come in turn
GOOD_LIMIT_S: Final = 30.0

_HOSTILE: Final = {
    "endless": "SELECT (COUNT(*) AS ?nZNZ) { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f }",
    "memory": "SELECT DISTINCT ?bZNZ ?d { ?a ?p ?bZNZ . ?c ?q ?d } ORDER BY ?bZNZ",
    "doubling": 'SELECT (STRLEN(?x40) AS ?nZNZ) { BIND("aaaaaaaaaa" AS ?x0) '
    + " ".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(40))
    + " }",
    "paths": "SELECT * { ?aZNZ (!<x:x>|!^<x:y>)* ?b }",
    "nesting": "SELECT (1 AS ?nZNZ) {" + "{" * 900 + "}" * 900 + "}",
}


class Outcome(NamedTuple):
    """What one stretch of time brought.

    Shape: `good` and `hostile` count answers by status or by what happened instead.
    """

    p50_ms: float
    p99_ms: float
    good: dict[str, int]
    hostile: dict[str, int]


class _Stretch:
    def __init__(self, endpoint: Endpoint, requests: Iterator[tuple[bytes, str]]) -> None:
        self._endpoint = endpoint
        self._requests = requests
        self._addresses = cycle(f"127.0.1.{number}" for number in range(1, GOOD_ADDRESSES + 1))
        self._idle = deque(self._client() for _ in range(GOOD_ADDRESSES))
        self.latencies_ms: list[float] = []
        self.good: Counter[str] = Counter()
        self.hostile: Counter[str] = Counter()

    async def ask(self, due: float) -> None:
        client = self._idle.popleft() if self._idle else self._client()
        target, accept = next(self._requests)
        outcome = await _outcome(client, target, accept, GOOD_LIMIT_S)
        self.good[outcome] += 1
        self.latencies_ms.append((time.perf_counter() - due) * 1000)
        self._idle.append(client)

    def _client(self) -> Client:
        return Client(self._endpoint, source=next(self._addresses))

    async def attack(self, name: str, number: int) -> None:
        client = Client(self._endpoint, source=f"127.0.2.{1 + number % ATTACKERS}")
        text = quote(_HOSTILE[name].replace("ZNZ", str(number)), safe="").encode()
        self.hostile[f"{name}: {await _outcome(client, text, RESULTS, GOOD_LIMIT_S)}"] += 1
        client.close()

    def close(self) -> None:
        for client in self._idle:
            client.close()


async def _outcome(client: Client, target: bytes, accept: str, limit_s: float) -> str:
    try:
        return str((await client.get(target, accept, limit_s=limit_s)).status)
    except (ConnectionError, TimeoutError) as exc:
        return type(exc).__name__


async def endure(
    endpoint: Endpoint, requests: Iterator[tuple[bytes, str]], *, rate: int, seconds: float, is_attacked: bool
) -> Outcome:
    """What good clients get at a rate of requests per second, with hostile ones among them or without."""
    stretch = _Stretch(endpoint, requests)
    tasks: list[asyncio.Task[None]] = []
    attacks: list[asyncio.Task[None]] = []
    names = list(_HOSTILE)
    numbers = count()
    began = time.perf_counter()
    for turn in range(int(rate * seconds)):
        due = began + turn / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if is_attacked and turn % HOSTILE_SHARE == HOSTILE_SHARE - 1:
            number = next(numbers)
            attacks.append(asyncio.create_task(stretch.attack(names[number % len(names)], number)))
        else:
            tasks.append(asyncio.create_task(stretch.ask(due)))
    await asyncio.gather(*tasks)
    await asyncio.gather(*attacks)
    stretch.close()
    ordered = sorted(stretch.latencies_ms)
    return Outcome(
        percentile(ordered, 0.5), percentile(ordered, 0.99), dict(stretch.good), dict(sorted(stretch.hostile.items()))
    )
