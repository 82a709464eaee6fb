"""Drills with clients that behave badly: slow, half gone, too many, or away before their answer."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from .asking import HOSTILE_HOST, Streams, open_connection, read_head, request
from .figures import Figure, percentile
from .questions import ENDLESS, RIGHT, STREAM, Questions, another, good_clients, outcome_of
from .serving import Server
from .system import held_connections, memory_mb, open_files, until, zombies

_PACE_S: Final = 0.5
_LIMIT_S: Final = 350.0  # ten times the target
_SPARE: Final = 4  # descriptors for connections that are about to be closed
_SETTLED_S: Final = 5.0  # for what was left to be gone
_BEGUN_TICKS: Final = 2
_CROWD_S: Final = 40.0  # ten times the time that a query waits and runs
_BEGUN_S: Final = 10.0
_BEGUN_BYTES: Final = 100_000

_HEAD: Final = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Filler: "
_POST: Final = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"

_Behaviour = Callable[[Streams], Awaitable[None]]


async def _slow_head(streams: Streams) -> None:
    streams[1].write(_HEAD)
    await _drip(streams, b"x")


async def _slow_body(streams: Streams) -> None:
    streams[1].write(_POST + b"Content-Length: 1000\r\n\r\n")
    await _drip(streams, b" ")


async def _one_byte_chunks(streams: Streams) -> None:
    streams[1].write(_POST + b"Transfer-Encoding: chunked\r\n\r\n")
    await _drip(streams, b"1\r\n \r\n")


async def _half_open(streams: Streams) -> None:
    streams[1].write(_HEAD)
    streams[1].write_eof()
    await streams[0].read()


async def _slow_read(streams: Streams) -> None:
    streams[0]._transport.pause_reading()  # type: ignore[attr-defined]  # what the kernel holds for us is all we take
    streams[1].write(request(another(STREAM)))
    await asyncio.Event().wait()


async def _drip(streams: Streams, piece: bytes) -> None:
    """A piece at a time, until the server has had enough of it."""
    reader, writer = streams
    answered = asyncio.create_task(reader.read())
    try:
        while not answered.done():
            writer.write(piece)
            await writer.drain()
            await asyncio.wait({answered}, timeout=_PACE_S)
    finally:
        answered.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await answered


BEHAVIOURS: Final[Mapping[str, _Behaviour]] = {
    "slow head": _slow_head,
    "slow body": _slow_body,
    "slow read": _slow_read,
    "half-open": _half_open,
    "one-byte chunks": _one_byte_chunks,
}


async def slow_clients(server: Server, questions: Questions, *, each: int, readers: int) -> list[Figure]:
    """All kinds of slow clients at once, until the server has let go of every one."""
    fault = "slow clients"
    files, memory = open_files(server.pid), memory_mb([server.pid])
    connections = {
        name: [
            await open_connection(server.port, source=HOSTILE_HOST)
            for _ in range(readers if name == "slow read" else each)
        ]
        for name in BEHAVIOURS
    }
    ports = {name: {writer.get_extra_info("sockname")[1] for _, writer in some} for name, some in connections.items()}
    tasks = [asyncio.create_task(_endured(BEHAVIOURS[name], one)) for name, some in connections.items() for one in some]
    began, grown, held_s = time.monotonic(), 0.0, dict.fromkeys(BEHAVIOURS, 0.0)
    async with good_clients(server.port, questions, pause_s=0.05) as good:
        while (now_s := time.monotonic() - began) < _LIMIT_S:
            held = held_connections(server.port)
            held_s |= {name: now_s for name, some in ports.items() if some & held}
            if held.isdisjoint(set().union(*ports.values())) and now_s > 1:
                break
            grown = max(grown, memory_mb([server.pid]) - memory)
            await asyncio.sleep(0.25)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
    back = await until(lambda: open_files(server.pid) <= files + _SPARE, 10.0)
    return [
        *good.figures(fault, least=20),
        *(Figure(fault, f"{len(ports[name])} x {name}: held for", 35, took_s, "s") for name, took_s in held_s.items()),
        Figure(fault, "their descriptors free, after", 1, back, "s"),
        Figure(fault, "memory of the server grew by", 50, grown, "MB"),
    ]


async def _endured(behave: _Behaviour, streams: Streams) -> None:
    """Behaves like that until cut off, or until nobody cares any more."""
    try:
        with suppress(OSError, asyncio.CancelledError):
            await behave(streams)
    finally:
        streams[1].transport.abort()


async def crowd(server: Server, questions: Questions, *, clients: int) -> list[Figure]:
    """Many clients at once, each with a query that takes all the time it is given."""
    fault = "crowd"
    connections = [await open_connection(server.port, source=HOSTILE_HOST) for _ in range(clients)]
    outcomes: Counter[str] = Counter()
    shed_ms: list[float] = []

    async def one(streams: Streams) -> None:
        began = time.monotonic()
        try:
            streams[1].write(request(another(ENDLESS)))
            async with asyncio.timeout(_CROWD_S):
                status, _ = await read_head(streams[0])
        except OSError as exc:
            outcomes[type(exc).__name__] += 1
            return
        outcomes[str(status)] += 1
        if status in (429, 503):
            shed_ms.append(1000 * (time.monotonic() - began))
        streams[1].close()

    await asyncio.gather(*(one(streams) for streams in connections))
    odd = {name: count for name, count in outcomes.items() if name not in ("429", "503", "504")}
    waiting = 4 * server.size  # have a place in the queue, and may wait their time there
    after = Counter([await outcome_of(server.port, questions) for _ in range(10)])
    return [
        Figure(fault, f"outcomes {dict(outcomes)} that are neither a deadline nor a refusal", 0, sum(odd.values())),
        Figure(fault, "queries that ran to their deadline", server.size, outcomes["504"], is_least=True),
        Figure(fault, f"right answers afterwards, of 10 {dict(after)}", 10, after[RIGHT], is_least=True),
        Figure(fault, "refused with no place in the queue, after at most", 100, _slowest(shed_ms, waiting), "ms"),
    ]


def _slowest(values: list[float], besides: int) -> float:
    """The slowest, not counting so many."""
    return sorted(values)[: max(1, len(values) - besides)][-1] if values else float("inf")


async def disconnects(server: Server, questions: Questions, *, count: int) -> list[Figure]:
    """Clients that leave in the middle of a query or of a stream, as many at a time as there are workers."""
    fault = "client gone"
    files, free_s, wrong, left = open_files(server.pid), [], 0, 0
    for turn in range(0, count, server.size):
        leave = _leave_a_stream if turn // server.size % 2 else _leave_a_query
        left += await leave(server)
        began = time.monotonic()
        wrong += await outcome_of(server.port, questions) != RIGHT
        free_s.append(time.monotonic() - began)
    leaked = await _leaked(server, files)
    return [
        Figure(fault, f"of {count:,}, left in the middle", 0.9 * count, left, is_least=True),
        Figure(fault, f"after {count:,}, wrong or no answers to the next client", 0, wrong),
        Figure(fault, "a worker free for the next, p99", 0.5, percentile(free_s, 0.99), "s"),
        Figure(fault, "a worker free for the next, slowest", 0.5, max(free_s), "s"),
        Figure(fault, "descriptors leaked", 0, leaked[0]),
        Figure(fault, "processes too many", 0, leaked[1]),
        Figure(fault, "zombies", 0, leaked[2]),
    ]


async def _leaked(server: Server, files: int) -> tuple[int, int, int]:
    """Descriptors, processes and zombies too many, all at one moment: what goes away by itself is no leak."""

    def now() -> tuple[int, int, int]:
        return open_files(server.pid) - files, len(server.tree()) - server.all - 1, zombies(server.pid)

    await server.whole()
    leaked = now()
    until_s = time.monotonic() + _SETTLED_S
    while max(leaked) > 0 and time.monotonic() < until_s:
        await asyncio.sleep(0.01)
        leaked = now()
    return leaked


async def _leave_a_query(server: Server) -> int:
    """Every worker computes for somebody, and all of those leave; how many did so in the middle."""
    before = {one.name: one.ticks for one in server.workers()}
    connections = [await open_connection(server.port, source=HOSTILE_HOST) for _ in range(server.size)]
    for _, writer in connections:
        writer.write(request(another(ENDLESS)))
    begun = await until(lambda: _have_begun(server, before), _BEGUN_S) < _BEGUN_S
    for _, writer in connections:
        writer.transport.abort()
    return server.size if begun else 0


def _have_begun(server: Server, before: Mapping[tuple[int, int], int]) -> bool:
    begun = [one.ticks - before.get(one.name, 0) >= _BEGUN_TICKS for one in server.workers()]
    return sum(begun) >= server.size


async def _leave_a_stream(server: Server) -> int:
    """Every worker streams to somebody, and all of those leave; how many did so in the middle."""
    connections = [await open_connection(server.port, source=HOSTILE_HOST) for _ in range(server.size)]
    for _, writer in connections:
        writer.write(request(another(STREAM)))
    read = await asyncio.gather(
        *(reader.readexactly(_BEGUN_BYTES) for reader, _ in connections), return_exceptions=True
    )
    for _, writer in connections:
        writer.transport.abort()
    return sum(isinstance(one, bytes) for one in read)
