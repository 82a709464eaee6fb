"""Sends a whole corpus to a server that lives, several requests at a time, and says what was wrong with the answers."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from hostile.case import PORT, Case, by_get, get
from hostile.live import TIME_LIMIT_S, WORKERS, Server
from hostile.verdict import faults
from hostile.wire import Exchange, exchange

LIMIT_S: Final = 10 * TIME_LIMIT_S
"""Nothing takes longer. Ten times what is promised, so that a busy machine turns nothing red."""

EVERY: Final = 10
"""So many attacks follow one another on a thread before somebody asks something sensible."""

GOOD: Final = (
    by_get("SELECT (COUNT(*) AS ?n) { ?cluster a cg:TechnologyCluster }", ("format", "csv")),
    by_get("ASK { cluster:lombardy-energy a cg:TechnologyCluster }"),
    get("/queries/clusters.csv"),
    get("/doc/cluster/lombardy-energy.ttl"),
    get("/browse/cluster"),
)


@dataclass
class Run:
    """What came of a corpus.

    Shape: `wrong` maps the name of a case to its faults; `spoilt` says what became of good requests in between.
    """

    wrong: dict[str, list[str]] = field(default_factory=dict)
    spoilt: list[str] = field(default_factory=list)
    outgoing: set[str] = field(default_factory=set)
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    good: int = 0
    duration_s: float = 0.0


def run(server: Server, cases: Sequence[Case], canary_port: int) -> Run:
    """Sends every case once, in an order that mixes the threats and is always the same."""
    began, result = time.monotonic(), Run()
    expected = [exchanged(server, raw) for raw in GOOD]
    assert {status for status, _ in expected} == {200}, expected
    mixed = list(cases)
    random.Random(1).shuffle(mixed)  # noqa: S311  # an order, no secret

    def send(batch: Iterable[Case]) -> None:
        for place, case in enumerate(batch):
            _try(server, case, canary_port, result)
            if place % EVERY == 0:
                chosen = (place // EVERY) % len(GOOD)
                found = exchanged(server, GOOD[chosen])
                result.good += 1
                if found != expected[chosen]:
                    result.spoilt.append(f"after {case.name}: {found[0]} {found[1][:200]!r}")

    with _watching(server, result), ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(send, [mixed[start::WORKERS] for start in range(WORKERS)]))
    result.duration_s = time.monotonic() - began
    return result


def exchanged(server: Server, raw: bytes) -> tuple[int, bytes]:
    """The status and the body that come back for a request."""
    replies = exchange(server.port, raw, limit_s=LIMIT_S).replies
    return (replies[0].status, replies[0].body) if replies else (0, b"")


def _try(server: Server, case: Case, canary_port: int, result: Run) -> None:
    raw = case.raw.replace(PORT.encode(), str(canary_port).encode())
    try:
        found = exchange(server.port, raw, replies=case.replies, ends=case.ends, limit_s=LIMIT_S)
        wrong = list(faults(case, found, LIMIT_S))
        result.exchanges[f"{case.threat} {case.name}"] = found
    except OSError as exc:
        wrong = [f"{type(exc).__name__}: {exc}"]
    if wrong:
        result.wrong[f"{case.threat} {case.name}"] = wrong


class _watching:  # noqa: N801  # reads as what happens meanwhile
    """Looks again and again whether the server's processes hold a socket that leads elsewhere."""

    def __init__(self, server: Server, result: Run) -> None:
        self._server, self._result = server, result
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        look: Callable[[], set[str]] = self._server.outgoing
        while not self._stop.wait(0.2):
            self._result.outgoing |= look()
