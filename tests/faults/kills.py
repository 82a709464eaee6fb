"""Drills that kill processes of a server: workers, the loader, the server itself; and one that asks it to end."""

import asyncio
import itertools
import random
import subprocess
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Final

from .asking import Reply, ask, connected, read_head, request
from .asking import chunks as body_chunks
from .figures import Figure, percentile
from .questions import RIGHT, STREAM, Asked, Questions, another, good_clients, heavy, outcome_of
from .serving import Server, supervised, terminate
from .system import Process, living, open_files, until

_BUSY_TICKS: Final = 12  # of processor time: the pool takes an earlier death for that of an idle worker
_FOUND_S: Final = 5.0
_BACK_S: Final = 30.0
_NEVER: Final = float("inf")
_CLEAN: Final = ("503", "504", "cut", RIGHT)


async def kill_workers(server: Server, questions: Questions, *, kills: int) -> list[Figure]:
    """Kills workers: idle, in the middle of a query, in the middle of a stream."""
    fault, back_ms, victims = "worker killed", [], Counter[str]()
    chance = random.Random(kills)  # noqa: S311  # the same workers in every run
    files = open_files(server.pid)
    async with good_clients(server.port, questions) as good:
        for how in itertools.islice(itertools.cycle((_idle, _in_a_query, _in_a_stream)), kills):
            before = server.workers()
            victims[await how(server, before, chance)] += 1
            gone = await until(partial(_has_fewer, before), _BACK_S)
            back_ms.append(1000 * (gone + await server.whole(_BACK_S)))
            if back_ms[-1] == _NEVER:
                break
    unclean = {name: count for name, count in victims.items() if name.split(":")[1] not in _CLEAN}
    hit = sum(count for name, count in victims.items() if name in ("query:503", "query:right", "stream:cut"))
    return [
        *good.figures(fault, least=kills),
        Figure(fault, f"victims {dict(victims)} told anything unclean", 0, sum(unclean.values())),
        Figure(fault, "victims hit in the middle", kills // 3, hit, is_least=True),
        Figure(fault, "worker back, p99", 250, percentile(back_ms, 0.99), "ms"),
        Figure(fault, "descriptors leaked", 4, open_files(server.pid) - files),
    ]


def _has_fewer(before: list[Process]) -> bool:
    return len(living(before)) < len(before)


def _are_gone(before: list[Process]) -> bool:
    return not living(before)


def _has_answered(good: Asked, least: int) -> bool:
    return good.outcomes[RIGHT] >= least


def _is_another(server: Server, ended: subprocess.Popen[bytes]) -> bool:
    return server.process is not ended


async def _idle(_server: Server, workers: list[Process], chance: random.Random) -> str:
    _kill(chance.choice(workers))
    return f"idle:{RIGHT}"


async def _in_a_query(server: Server, workers: list[Process], _chance: random.Random) -> str:
    query, right = heavy()
    asking = asyncio.create_task(ask(server.port, query))
    _kill(await _busiest(server, workers))
    try:
        reply = await asking
    except OSError:
        return "query:cut"
    return f"query:{_judged(reply, right)}"


async def _in_a_stream(server: Server, workers: list[Process], _chance: random.Random) -> str:
    async with connected(server.port) as (reader, writer):
        writer.write(request(another(STREAM)))
        status, headers = await read_head(reader)
        if status != 200:
            return f"stream:{status}"
        assert headers.get("transfer-encoding") == "chunked"
        killing = asyncio.create_task(_busiest(server, workers))
        killing.add_done_callback(lambda done: _kill(done.result()))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            async for _ in body_chunks(reader):
                pass
            return "stream:whole"
        await killing
        return "stream:cut"


def _judged(reply: Reply, right: bytes) -> str:
    if reply.status != 200:
        return str(reply.status)
    if not reply.is_whole:
        return "cut"
    return RIGHT if reply.body == right else "wrong"


async def _busiest(server: Server, before: list[Process]) -> Process:
    """The worker that has computed most since, once it has done so for long enough to be in the middle of something."""
    ticks = {one.name: one.ticks for one in before}
    until_s = time.monotonic() + _FOUND_S
    while time.monotonic() < until_s:
        spent = [(one.ticks - ticks.get(one.name, one.ticks), one) for one in server.workers()]
        most, worker = max(spent, default=(0, None))
        if worker is not None and most >= _BUSY_TICKS:
            return worker
        await asyncio.sleep(0.01)
    return before[0]


def _kill(one: Process) -> None:
    with suppress(ProcessLookupError):
        one.kill()


async def kill_loaders(server: Server, questions: Questions, *, kills: int) -> list[Figure]:
    """Kills the process that workers are forked from, and with it the workers."""
    fault, back_s, left = "loader killed", [], 0
    async with good_clients(server.port, questions) as good:
        for _ in range(kills):
            before, answered = server.tree(), good.outcomes[RIGHT]
            for one in server.loaders():
                _kill(one)
            await until(partial(_are_gone, before), 1.0)
            left += len(living(before))
            back_s.append(await server.whole(_BACK_S))
            if back_s[-1] == _NEVER:
                break
            await until(partial(_has_answered, good, answered + 3), _BACK_S)
    return [
        Figure(fault, f"good answers that were neither right nor a clean refusal {good.others()}", 0, good.untold),
        Figure(fault, "good answers meanwhile", kills, good.outcomes[RIGHT], is_least=True),
        Figure(fault, "workers that outlived it by 1 s", 0, left),
        Figure(fault, "all workers back, p99", 2, percentile(back_s, 0.99), "s"),
    ]


async def kill_servers(server: Server, questions: Questions, *, kills: int) -> list[Figure]:
    """Kills the server itself under load; a supervisor starts it again."""
    fault, back_s, orphans = "server killed", [], 0
    async with supervised(server), good_clients(server.port, questions) as good:
        for _ in range(kills):
            load = [asyncio.create_task(_outcome(server.port)) for _ in range(2)]
            before, killed = server.tree(), server.process
            killed.kill()
            await until(partial(_is_another, server, killed), _BACK_S)
            back_s.append(await server.ready(_BACK_S))
            await asyncio.sleep(max(0.0, 1.0 - back_s[-1]))  # what is asked is what is left after this second
            orphans += len(living(before))
            await asyncio.gather(*load)
            await server.whole(_BACK_S)
    return [
        Figure(fault, f"wrong answers for good clients {good.others()}", 0, good.outcomes["wrong answer"]),
        Figure(fault, "good answers meanwhile", kills, good.outcomes[RIGHT], is_least=True),
        Figure(fault, "processes that outlived it by 1 s", 0, orphans),
        Figure(fault, "serving again, slowest", 2, max(back_s), "s"),
    ]


async def _outcome(port: int) -> str:
    query, right = heavy()
    try:
        return _judged(await ask(port, query), right)
    except OSError:
        return "cut"


async def ask_to_end(server: Server, questions: Questions, *, queries: int) -> list[Figure]:
    """Ends a server as a process manager does, while it answers."""
    fault = "server asked to end"
    assert await outcome_of(server.port, questions) == RIGHT
    before = server.workers()
    running = [asyncio.create_task(_outcome(server.port)) for _ in range(queries)]
    await _busiest(server, before)
    below = server.tree()
    began = time.monotonic()
    terminate(server)
    outcomes = Counter(await asyncio.gather(*running))
    status = await server.exit_status(_BACK_S)
    took_s = time.monotonic() - began
    await until(partial(_are_gone, below), 1.0)
    return [
        Figure(fault, f"running answers {dict(outcomes)} that did not end whole", 0, queries - outcomes[RIGHT]),
        Figure(fault, "exit status", 0, abs(status) if status is not None else 999),
        Figure(fault, "processes that outlived it by 1 s", 0, len(living(below))),
        Figure(fault, "ended after", 10, took_s, "s"),
    ]
