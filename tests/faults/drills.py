"""The drills that need a running server, as one table: how long each is in `make test`, and how long in `make soak`."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, NamedTuple

from .clients import crowd, disconnects, slow_clients
from .endurance import among_hostile, endure
from .figures import Figure
from .hostility import Canary, call_away
from .kills import ask_to_end, kill_loaders, kill_servers, kill_workers
from .launch import as_a_user, few_files
from .questions import Questions
from .serving import Server, serving
from .starvation import starve_of_files, starve_of_processes

_PATIENT: Final = ("--queue-wait-s", "20")  # so that on a busy machine nobody is refused for its slowness alone

_Run = Callable[[Server, Questions, Canary, int], Awaitable[list[Figure]]]


class Drill(NamedTuple):
    """One way of doing harm to a server.

    Shape: `short` and `long` are what `run` is given last; `prefix` gives a command to start the server by, or None
           where this user cannot have it.
    """

    name: str
    run: _Run
    short: int
    long: int
    workers: int = 2
    options: tuple[str, ...] = ()
    prefix: Callable[[], tuple[str, ...] | None] = tuple

    def count(self, share: float) -> int:
        """How many in a soak, or in a share of it, which is never less than in a test."""
        return max(self.short, int(self.long * min(1.0, share)))


DRILLS: Final = (
    Drill(
        "workers are killed",
        lambda server, asked, _, n: kill_workers(server, asked, kills=n),
        21,
        1_000,
        options=_PATIENT,
    ),
    Drill("the loader is killed", lambda server, asked, _, n: kill_loaders(server, asked, kills=n), 3, 50),
    Drill("the server is killed", lambda server, asked, _, n: kill_servers(server, asked, kills=n), 3, 50),
    Drill(
        "clients leave",
        lambda server, asked, _, n: disconnects(server, asked, count=n),
        80,
        10_000,
        workers=4,
        options=_PATIENT,
    ),
    Drill("the server is asked to end", lambda server, asked, _, n: ask_to_end(server, asked, queries=n), 2, 2),
    Drill(
        "a crowd comes",
        lambda server, asked, _, n: crowd(server, asked, clients=n),
        64,
        256,
        options=("--time-limit-s", "2"),
    ),
    Drill(
        "clients are slow",
        lambda server, asked, _, n: slow_clients(server, asked, each=n, readers=3),
        20,
        80,
        workers=4,
        options=_PATIENT,
    ),
    Drill(
        "descriptors run out",
        lambda server, asked, _, n: starve_of_files(server, asked, connections=n),
        100,
        100,
        prefix=lambda: few_files(64),
    ),
    Drill(
        "processes run out",
        lambda server, asked, _, _n: starve_of_processes(server, asked, prefix=as_a_user() or ()),
        1,
        1,
        prefix=as_a_user,
    ),
    Drill(
        "one request in twenty is hostile",
        lambda server, asked, _, n: among_hostile(server, asked, rate=20, seconds=n),
        3,
        60,
        workers=4,
        options=("--time-limit-s", "1"),
    ),
    Drill(
        "one request in a hundred is hostile for a while",
        lambda server, asked, canary, n: endure(server, asked, canary, seconds=n),
        4,
        60,
        workers=4,
        options=(*_PATIENT, "--time-limit-s", "2", "--cache-bytes", "100000"),  # answers that are kept are no leak
    ),
)


async def drilled(
    drill: Drill, count: int, questions: Questions, canary: Canary, *, dist: Path, folder: Path
) -> list[Figure]:
    """What a drill measures on a server of its own, with a canary listening.

    Shape: the dataset must lie where everybody may read it, as one drill runs as another user.
    """
    prefix = drill.prefix()
    assert prefix is not None, "this user cannot have it"
    async with serving(dist, folder, workers=drill.workers, options=drill.options, prefix=prefix) as server:
        await call_away(server.port, canary)
        figures = await drill.run(server, questions, canary, count)
    return [*figures, Figure(figures[0].fault, "calls to the canary", 0, canary.calls)]
