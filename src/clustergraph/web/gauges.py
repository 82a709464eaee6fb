"""What the metrics tell of workers, queues, processes and the cache at the time they are read."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

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


def register_gauges(meter: Meter, served: Served) -> None:
    """Has a meter ask the version that is served, and the workers or the engine behind it."""

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
    meter.register("child_resident_bytes", of_runner(_resident))
    meter.register("cache_requests", lambda: {("hit",): answers().hits, ("miss",): answers().misses})
    meter.register("cache_entries", lambda: len(answers()))
    meter.register("cache_bytes", lambda: answers().size_bytes)
    meter.register("cache_evictions", lambda: answers().evictions)


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


def _resident(runner: Runner | None) -> Mapping[tuple[str, ...], float]:
    if not isinstance(runner, WorkerPool):
        return {}
    loader, workers = runner.processes
    return {("loader",): float(resident_bytes(loader)), ("workers",): float(sum(map(resident_bytes, workers)))}
