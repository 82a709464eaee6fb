"""Long drills: good clients among hostile ones, with new data now and then, and what that costs in the long run."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import linear_regression
from typing import Final
from urllib.parse import quote

from .asking import CSV
from .builds import Source, finish, start
from .figures import Figure
from .hostility import Attack, Canary
from .questions import RIGHT, SHED, Asked, Questions, good_clients, outcome_of
from .serving import Server
from .system import memory_mb, open_files, until, zombies

HOSTILE_IN: Final = 100  # one request of so many
_SAMPLE_S: Final = 1.0
_TELLING_S: Final = 20.0  # a slowest one in a hundred is one request before that
_TELLING_H: Final = 0.05
_WARM: Final = 0.3  # share of the time in which memory may still grow into its place
_NOTICED_S: Final = 30.0


class _Samples:
    """What was seen of a server once a second."""

    def __init__(self) -> None:
        self.hours: list[float] = []
        self.memory_mb: list[float] = []

    def add(self, server: Server) -> None:
        """One more look."""
        self.hours.append(time.monotonic() / 3600)
        self.memory_mb.append(memory_mb([server.pid]))

    def figures(self, fault: str) -> list[Figure]:
        """How much it grew after the first part; for each hour only where there was time enough to tell."""
        start_at = int(len(self.hours) * _WARM)
        hours, memory = self.hours[start_at:], self.memory_mb[start_at:]
        slope = float(linear_regression(hours, memory).slope)
        grown = Figure(fault, "memory of the server grew by", 5, slope * (hours[-1] - hours[0]), "MB")
        if hours[-1] - hours[0] < _TELLING_H:
            return [grown]
        return [grown, Figure(fault, "memory of the server grows by", 1, slope, "MB/h")]


async def endure(
    server: Server, questions: Questions, canary: Canary, *, seconds: float, swap: Callable[[int], str] | None = None
) -> list[Figure]:
    """Good clients with one hostile request in a hundred; new data each minute if the server takes them."""
    fault, samples = "endurance", _Samples()
    attack, files = Attack(server.port, canary), open_files(server.pid)
    async with good_clients(server.port, questions) as good:
        swaps = asyncio.create_task(_swaps(swap, good, seconds)) if swap else None
        attacking = asyncio.create_task(_attack(attack, good))
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            samples.add(server)
            await asyncio.sleep(_SAMPLE_S)
        attacking.cancel()
        swapped, noticed = await swaps if swaps else (0, 0)
    await attack.end()
    await server.whole()
    await until(lambda: open_files(server.pid) <= files, 5.0)
    return [
        Figure(fault, f"availability for good clients {good.others()}", 99.95, good.availability, "%", is_least=True),
        Figure(fault, "good answers", seconds, good.outcomes[RIGHT], is_least=True),
        Figure(fault, "wrong answers", 0, good.outcomes["wrong answer"]),
        Figure(
            fault, f"hostile requests {dict(attack.outcomes)}", seconds / 100, attack.outcomes.total(), is_least=True
        ),
        Figure(fault, f"new data not served, of {swapped}", 0, swapped - noticed),
        *samples.figures(fault),
        Figure(fault, "descriptors more than before", 2, open_files(server.pid) - files),
        Figure(fault, "zombies", 0, zombies(server.pid)),
    ]


async def _attack(attack: Attack, good: Asked) -> None:
    struck = 0
    while True:
        if good.outcomes.total() > struck * HOSTILE_IN:
            struck += 1
            attack.strike()
        await asyncio.sleep(0.05)


def _is_served(good: Asked, digest: str) -> bool:
    return good.dataset == digest


async def _swaps(swap: Callable[[int], str], good: Asked, seconds: float, *, each_s: float = 60.0) -> tuple[int, int]:
    """How many times there were new data, and how many times they were served."""
    times, noticed = max(1, int(seconds / each_s)), 0
    for turn in range(times):
        digest = await asyncio.to_thread(swap, turn + 1)
        noticed += await until(partial(_is_served, good, digest), _NOTICED_S) < _NOTICED_S
        await asyncio.sleep(max(0.0, min(each_s, seconds / times) - _NOTICED_S))
    return times, noticed


def swapping(source: Source, out: Path) -> Callable[[int], str]:
    """A function that builds the other version of a repository over a folder; it gives the digest."""

    def swap(turn: int) -> str:
        source.turn(turn)
        status, said = finish(start(source, out))
        assert status == 0, said
        return Questions.digest(out)

    return swap


async def reload(server: Server, questions: Questions, later: Path) -> list[Figure]:
    """Kills the loader after a later build took the place of its own: what comes next must be what its digest says."""
    server.dist.rename(server.dist.with_name("earlier"))
    later.rename(server.dist)
    for one in server.loaders():
        one.kill()
    await until(server.is_whole, _NOTICED_S)
    outcomes = Counter([await outcome_of(server.port, questions) for _ in range(30)])
    fault = "loader killed after a new build"
    return [
        Figure(fault, "right answers", 1, outcomes[RIGHT], is_least=True),
        Figure(fault, f"answers from another dataset than they name {dict(outcomes)}", 0, outcomes["wrong answer"]),
    ]


async def among_hostile(server: Server, questions: Questions, *, rate: int, seconds: float) -> list[Figure]:
    """How much longer good clients wait while one request in twenty is hostile, by the bench's own measure."""
    from bench.client import Endpoint  # noqa: PLC0415  # the bench is there in a checkout only
    from bench.hostile import endure as wait  # noqa: PLC0415

    fault = "one in twenty hostile"
    endpoint, requests = Endpoint("127.0.0.1", server.port, "/sparql?query="), _requests(questions)
    calm = await wait(endpoint, requests, rate=rate, seconds=seconds, is_attacked=False)
    attacked = await wait(endpoint, requests, rate=rate, seconds=seconds, is_attacked=True)
    others = {name: count for name, count in attacked.good.items() if name != "200"}
    odd = sum(count for name, count in others.items() if name not in (*SHED, "504"))
    waits = [Figure(fault, "half of the good answers took longer by", 2, attacked.p50_ms / calm.p50_ms, "x")]
    if seconds > _TELLING_S:
        ratio = attacked.p99_ms / calm.p99_ms
        waits.append(Figure(fault, f"p99, calm {calm.p99_ms:.1f} ms, became longer by", 2, ratio, "x"))
    return [
        Figure(fault, "good answers while calm", rate * seconds * 0.9, calm.good.get("200", 0), is_least=True),
        Figure(fault, "right answers while attacked", 1, attacked.good.get("200", 0), is_least=True),
        Figure(fault, f"neither answers nor clean refusals, of {others or 'none'}", 0, odd),
        *waits,
    ]


def _requests(questions: Questions) -> Iterator[tuple[bytes, str]]:
    turn = 10**9
    while True:
        turn += 1
        yield quote(questions.draw(turn)[0], safe="").encode(), CSV
