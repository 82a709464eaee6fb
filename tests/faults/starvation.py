"""Drills that leave a server without descriptors or without processes, for a while."""

import asyncio
import resource
from collections.abc import Sequence

from .asking import HOSTILE_HOST, Streams, open_connection
from .figures import Figure
from .launch import limit_processes
from .questions import RIGHT, SHED, Questions, good_clients, outcome_of
from .serving import Server
from .system import living, open_files, until

_BACK_S = 30.0


async def starve_of_files(server: Server, questions: Questions, *, connections: int) -> list[Figure]:
    """Idle connections until no descriptor is left; a worker dies meanwhile; then the connections go."""
    fault = "no descriptors"
    files = open_files(server.pid)
    idle: list[Streams] = [await open_connection(server.port, source=HOSTILE_HOST) for _ in range(connections)]
    limit = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)[0]
    full = await until(lambda: open_files(server.pid) > 0.7 * limit, 5.0)
    killed = server.workers()[0]
    killed.kill()
    during = [await outcome_of(server.port, questions, limit_s=1.0) for _ in range(3)]
    for _, writer in idle:
        writer.transport.abort()
    recovered, whole = await _recovered(server, questions)
    await until(lambda: open_files(server.pid) <= files, 5.0)
    odd = [one for one in during if one not in (RIGHT, *SHED, "TimeoutError", "ConnectionResetError")]
    return [
        Figure(fault, "descriptors taken, after", 5, full, "s"),
        Figure(fault, f"meanwhile {during}: anything but an answer, a refusal or silence", 0, len(odd)),
        Figure(fault, "right answers again, after", 2, recovered, "s"),
        Figure(fault, "all workers back, after", 2, whole, "s"),
        Figure(fault, "the server ended", 0, server.process.poll() is not None),
        Figure(fault, "descriptors leaked", 0, max(0, open_files(server.pid) - files)),
    ]


async def starve_of_processes(server: Server, questions: Questions, *, prefix: Sequence[str]) -> list[Figure]:
    """No process may be started while all workers are killed; then it may again."""
    fault = "no processes"
    starved = [server.pid, *(one.pid for one in server.loaders())]
    limit_processes(starved, 1, prefix=prefix)
    before = server.workers()
    for one in before:
        one.kill()
    await until(lambda: not living(before), 5.0)
    during = [await outcome_of(server.port, questions, limit_s=10.0) for _ in range(2)]
    limit_processes(starved, resource.getrlimit(resource.RLIMIT_NPROC)[0], prefix=prefix)
    recovered, whole = await _recovered(server, questions)
    odd = [one for one in during if one not in SHED]
    return [
        Figure(fault, f"meanwhile {during}: anything but a clean refusal", 0, len(odd)),
        Figure(fault, "right answers again, after", 2, recovered, "s"),
        Figure(fault, "all workers back, after", 2, whole, "s"),
        Figure(fault, "the server ended", 0, server.process.poll() is not None),
    ]


async def _recovered(server: Server, questions: Questions) -> tuple[float, float]:
    """The seconds until a good client gets the right answer, and until all workers are there again."""
    clock = asyncio.get_running_loop().time
    began = clock()
    async with good_clients(server.port, questions) as good:
        await until(lambda: good.outcomes[RIGHT], _BACK_S)
        right_s = clock() - began
        await server.whole(_BACK_S)
        return right_s, clock() - began
