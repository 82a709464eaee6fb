"""Sends requests that chance made to a server that lives: `make fuzz`, or `python -m hostile.fuzz SECONDS SEED`.

Says what came back, how often, and how fast; writes down each request after which something was wrong.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hostile.case import CLOSED, Case
from hostile.driver import GOOD, LIMIT_S, exchanged
from hostile.live import WORKERS, Server, Snapshot, serving
from hostile.mutation import REPOSITORY, mutations
from hostile.verdict import faults
from hostile.wire import exchange

ANY: Final = frozenset(
    (CLOSED, 200, 204, 206, 301, 303, 304, 400, 403, 404, 405, 406, 408, 413, 414, 415, 417, 422, 431, 503, 504, 505)
)
"""What may come back for something of which nobody knows what it is. Never 500."""

EVERY: Final = 50
_OPEN: Final = ("answers: ",)  # a mutation may hold two requests


@dataclass
class Figures:
    """What came of a run.

    Shape: `statuses` counts by kind of mutation and status; `wrong` has each request after which something was wrong,
           with what that was.
    Units: `durations_s` in seconds, one for each request.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[tuple[bytes, list[str]]] = field(default_factory=list)
    durations_s: list[float] = field(default_factory=list)
    spoilt: int = 0

    def lines(self) -> Iterator[str]:
        """The figures as text."""
        ordered = sorted(self.durations_s) or [0.0]
        yield f"{len(self.durations_s):,} requests, {len(self.wrong)} wrong, {self.spoilt} good ones spoilt"
        yield f"median {ordered[len(ordered) // 2]:.4f} s, longest {ordered[-1]:.2f} s"
        for (kind, status), number in sorted(self.statuses.items()):
            yield f"{kind:8}{status or 'closed':>8}{number:>10,}"
        for raw, said in self.wrong[:50]:
            yield f"{said}\n    {raw[:3_000]!r}"


def fuzz(server: Server, requests: Iterable[tuple[str, bytes]], *, limit_s: float = float("inf")) -> Figures:
    """Sends the requests, on as many threads as there are workers, until there are no more or the time is over."""
    figures, lock, deadline = Figures(), threading.Lock(), time.monotonic() + limit_s
    source = iter(requests)
    expected = [exchanged(server, raw) for raw in GOOD]

    def send() -> None:
        number = 0
        while time.monotonic() < deadline:
            with lock:
                following = next(source, None)
            if following is None:
                return
            _try(server, *following, figures)
            number += 1
            if number % EVERY == 0:
                chosen = (number // EVERY) % len(GOOD)
                figures.spoilt += exchanged(server, GOOD[chosen]) != expected[chosen]

    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(send) for _ in range(WORKERS)]:
            done.result()
    return figures


def _try(server: Server, kind: str, raw: bytes, figures: Figures) -> None:
    case = Case("fuzz", kind, raw, ANY, why="whatever chance made of it", is_bare=True)
    try:
        found = exchange(server.port, raw, ends=kind == "http", limit_s=LIMIT_S)
    except (OSError, ValueError) as exc:
        figures.wrong.append((raw, [repr(exc)]))
        return
    figures.durations_s.append(found.duration_s)
    figures.statuses[kind, found.replies[-1].status if found.replies else CLOSED] += 1
    wrong = [one for one in faults(case, found, LIMIT_S) if not any(part in one for part in _OPEN)]
    if wrong:
        figures.wrong.append((raw, wrong))


def first(number: int, seed: int) -> list[tuple[str, bytes]]:
    """So many mutations, always the same for a seed."""
    return list(islice(mutations(seed), number))


def leftovers(server: Server, before: Snapshot) -> list[str]:
    """What is wrong with a server after a run, in words."""
    after = server.settled(before)
    wrong = [] if server.is_running() else ["the server has ended"]
    wrong += [] if after[:3] == before[:3] else [f"held {before}, holds {after}"]
    return wrong


def main(arguments: list[str]) -> int:
    """Runs for some seconds over the dataset in dist/, and says what came of it."""
    seconds, seed = float(arguments[0] if arguments else 600), int(arguments[1] if len(arguments) > 1 else time.time())
    with TemporaryDirectory() as folder, serving(REPOSITORY / "dist", Path(folder)) as server:
        before = server.snapshot()
        figures = fuzz(server, mutations(seed), limit_s=seconds)
        after = leftovers(server, before)
        memory = server.snapshot().memory_bytes
    report = [f"seed {seed}, {seconds:g} s", *figures.lines(), *after]
    report.append(f"resident memory {before.memory_bytes >> 20} MiB before, {memory >> 20} MiB after")
    sys.stdout.write("\n".join(report) + "\n")
    return 1 if figures.wrong or figures.spoilt or after else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
