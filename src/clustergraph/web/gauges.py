"""What the metrics tell of workers, queues, processes and the cache at the time they are read."""

from collections.abc import Callable, Mapping

from clustergraph.web.cache import AnswerCache
from clustergraph.web.metrics import Meter, Reading, resident_bytes
from clustergraph.web.versions import Served
from clustergraph.workers import WorkerPool


def register_gauges(meter: Meter, served: Served) -> None:
    """Has a meter ask the version that is served, and the workers behind it if they are ours."""

    def of_pool(read: Callable[[WorkerPool], Mapping[tuple[str, ...], float]]) -> Callable[[], Reading]:
        def reading() -> Mapping[tuple[str, ...], float]:
            runner = served.version.site.open_runner
            return read(runner) if isinstance(runner, WorkerPool) else {}

        return reading

    def answers() -> AnswerCache:
        return served.version.site.answers

    meter.register("workers", of_pool(_workers))
    meter.register("queue_length", of_pool(_waiting))
    meter.register("child_resident_bytes", of_pool(_resident))
    meter.register("cache_requests", lambda: {("hit",): answers().hits, ("miss",): answers().misses})
    meter.register("cache_entries", lambda: len(answers()))
    meter.register("cache_bytes", lambda: answers().size_bytes)
    meter.register("cache_evictions", lambda: answers().evictions)


def _workers(pool: WorkerPool) -> Mapping[tuple[str, ...], float]:
    told: dict[tuple[str, ...], float] = {}
    for lane in pool.lanes:
        idle, alive = len(lane.idle), pool.alive_in(lane)
        told |= {(lane.name, "idle"): float(idle), (lane.name, "busy"): float(alive - idle)}
    return told


def _waiting(pool: WorkerPool) -> Mapping[tuple[str, ...], float]:
    return {(lane.name,): float(len(lane.waiting)) for lane in pool.lanes}


def _resident(pool: WorkerPool) -> Mapping[tuple[str, ...], float]:
    loader, workers = pool.processes
    return {("loader",): float(resident_bytes(loader)), ("workers",): float(sum(map(resident_bytes, workers)))}
