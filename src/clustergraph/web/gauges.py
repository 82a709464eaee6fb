"""What the metrics tell of workers, queues, processes and the cache at the time they are read."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from clustergraph.judges import Judges
from clustergraph.remote import RemoteEngine
from clustergraph.runner import Runner
from clustergraph.web.cache import AnswerCache
from clustergraph.web.metrics import Meter, Reading, resident_bytes
from clustergraph.web.versions import Served
from clustergraph.workers import WorkerPool


class _Taken(NamedTuple):
    """How many places of a lane there are, how many of them are idle, how many more are made, how many queries wait."""

    lane: str
    places: int
    idle: int
    starting: int
    waiting: int


def register_gauges(meter: Meter, served: Served, judges: Judges) -> None:
    """Has a meter ask the version that is served, the workers or the engine behind it, and who judges submissions."""

    def of_runner(read: Callable[[Runner | None], Mapping[tuple[str, ...], float]]) -> Callable[[], Reading]:
        return lambda: read(served.version.site.open_runner)

    def answers() -> AnswerCache:
        return served.version.site.answers

    def dataset() -> Reading:
        site = served.version.site
        return {(site.digest, site.published.version): 1.0}

    meter.register("dataset_info", dataset)
    meter.register("workers", of_runner(_workers))
    meter.register("queue_length", of_runner(_waiting))
    meter.register("engine_up", of_runner(_is_up))
    meter.register("child_resident_bytes", lambda: _resident(served.version.site.open_runner, judges.process))
    meter.register("cache_requests", lambda: {("hit",): answers().use.hits, ("miss",): answers().use.misses})
    meter.register("cache_entries", lambda: len(answers()))
    meter.register("cache_bytes", lambda: answers().size_bytes)
    meter.register("cache_evictions", lambda: answers().use.evictions)


def _lanes(runner: Runner | None) -> Iterator[_Taken]:
    if isinstance(runner, WorkerPool):
        for lane in runner.lanes:
            yield _Taken(lane.name, runner.alive_in(lane), len(lane.idle), lane.coming, len(lane.waiting))
    elif isinstance(runner, RemoteEngine):
        for one in runner.lanes:
            yield _Taken(one.name, one.size, len(one.idle), 0, len(one.waiting))


def _workers(runner: Runner | None) -> Mapping[tuple[str, ...], float]:
    told: dict[tuple[str, ...], float] = {}
    for one in _lanes(runner):
        states = {"idle": one.idle, "busy": one.places - one.idle, "starting": one.starting}
        told |= {(one.lane, state): float(number) for state, number in states.items()}
    return told


def _waiting(runner: Runner | None) -> Mapping[tuple[str, ...], float]:
    return {(one.lane,): float(one.waiting) for one in _lanes(runner)}


def _is_up(runner: Runner | None) -> Mapping[tuple[str, ...], float]:
    return {(): float(runner.is_up)} if isinstance(runner, RemoteEngine) else {}


def _resident(runner: Runner | None, judge: int | None) -> Mapping[tuple[str, ...], float]:
    processes = {} if judge is None else {"judge": [judge]}
    if isinstance(runner, WorkerPool):
        loader, workers = runner.processes
        processes |= {"loader": [loader], "workers": workers}
    return {(name,): float(sum(map(resident_bytes, pids))) for name, pids in processes.items()}
