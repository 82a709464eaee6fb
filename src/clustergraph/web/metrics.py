"""What the server counts of itself, and how Prometheus reads it. Holds no address, no query and no id of anybody."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

PREFIX: Final = "clustergraph_"
CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
OTHER: Final = "other"  # the label of what is none of ours, so that strangers cannot make labels
METHODS: Final = frozenset({"GET", "HEAD", "POST", "QUERY", "OPTIONS", "DELETE"})

PHASES: Final = ("guard", "queue", "evaluate", "stream")
OUTCOMES: Final = (
    "answered",
    "cached",
    "not_modified",
    "refused",
    "malformed",
    "timed_out",
    "too_hungry",
    "aborted",
    "busy",
    "over_budget",
    "cancelled",
    "cut",
    "failed",
)
CAUSES: Final = ("deadline", "disconnect", "stall", "died", "lowered", "share")
BOUNDS_S: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Upper ends of the buckets of a duration: the guard takes microseconds, a stream up to a minute."""

Reading = float | Mapping[tuple[str, ...], float]
"""A number, or one for each combination of label values."""


class Metric(NamedTuple):
    """One family of numbers.

    Shape: `values` lists what the only label can be, for what is counted here; empty where a source gives the numbers.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The name that Prometheus shows."""
        return f"{PREFIX}{self.name}{'_total' if self.kind == 'counter' else ''}"


METRICS: Final = (
    Metric("http_requests", "counter", "requests, by the answer that was begun", ("route", "method", "status")),
    Metric("queries", "counter", "queries, by how they ended", ("outcome",), OUTCOMES),
    Metric("validations", "counter", "submissions to be judged, by how they ended", ("outcome",), OUTCOMES),
    Metric("query_seconds", "histogram", "time that queries spent, by phase", ("phase",), PHASES),
    Metric(
        "worker_kills",
        "counter",
        "workers, or requests to another engine, that ended before their time, by cause",
        ("cause",),
        CAUSES,
    ),
    Metric(
        "workers",
        "gauge",
        "query workers, or requests that another engine may be sent: idle, busy or starting",
        ("lane", "state"),
    ),
    Metric("queue_length", "gauge", "queries that wait for a worker", ("lane",)),
    Metric("engine_up", "gauge", "whether another engine said which dataset it holds when it was last asked"),
    Metric("running_queries", "gauge", "queries under way", ("state",)),
    Metric("cache_requests", "counter", "questions to the cache of answers", ("result",)),
    Metric("cache_evictions", "counter", "answers that left the cache to make room"),
    Metric("cache_bytes", "gauge", "size of the answers in the cache"),
    Metric("cache_entries", "gauge", "answers in the cache"),
    Metric("dataset_info", "gauge", "the dataset that is served; always 1", ("digest", "version")),
    Metric("swaps", "counter", "changes to another dataset while running", ("outcome",), ("done", "failed")),
    Metric("budget_refusals", "counter", "requests over the budget of their client", ("budget",)),
    Metric("budget_clients", "gauge", "clients whose use is remembered"),
    Metric("query_log_lines", "counter", "lines for the query log", ("outcome",)),
    Metric(
        "child_resident_bytes",
        "gauge",
        "memory of the processes below this one: `loader`, `workers`, `judge` once something was sent to `/validate`",
        ("process",),
    ),
)
"""Every family of ours, in the order of /metrics. docs/operations.md has the same rows."""

_COUNTED: Final = {one.name: one.values for one in METRICS if one.kind == "counter" and one.values}
_SOURCED: Final = {one.name for one in METRICS if not one.values} - {"http_requests"}


class _Histogram:
    """Durations in buckets with fixed bounds."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def buckets(self) -> list[tuple[str, float]]:
        """(upper end, number of durations up to it), the last one without an end."""
        running = 0
        told = []
        for end, count in zip((*map(str, BOUNDS_S), "+Inf"), self.counts, strict=True):
            running += count
            told.append((end, float(running)))
        return told


class Meter(Collector):
    """The counts of one server. Counting costs less than a microsecond; the text is made when somebody asks for it.

    Shape: `routes` are all that the label `route` can be.
    """

    def __init__(self, routes: Iterable[str] = ()) -> None:
        self._routes = frozenset(routes)
        self._requests: dict[tuple[str, str, int], int] = {}
        self._counts = {name: dict.fromkeys(values, 0) for name, values in _COUNTED.items()}
        self._durations = {phase: _Histogram() for phase in PHASES}
        self._sources: dict[str, Callable[[], Reading]] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def request(self, route: str | None, method: str, status: int) -> None:
        """Counts one answer that was begun; a route or method that is none of ours counts as `other`."""
        known = route if route in self._routes else OTHER
        key = (known or OTHER, method if method in METHODS else OTHER, status)
        self._requests[key] = self._requests.get(key, 0) + 1

    def count(self, name: str, label: str) -> None:
        """Counts one event of a family in METRICS that lists its label values."""
        self._counts[name][label] += 1

    def observe(self, phase: str, seconds: float) -> None:
        """Adds the duration of one phase of a query."""
        durations = self._durations[phase]
        durations.counts[bisect_left(BOUNDS_S, seconds)] += 1
        durations.total_s += seconds

    def register(self, name: str, source: Callable[[], Reading]) -> None:
        """Names who knows the numbers of a family that is not counted here.

        Shape: the source gives a number, or one for each tuple of label values in the order of METRICS.
        """
        if name not in _SOURCED:
            message = f"'{name}' is not a family that takes a source: see METRICS"
            raise TypeError(message)
        self._sources[name] = source

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus, version 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Family]:
        """The families that have numbers, as the library wants them."""
        for metric in METRICS:
            if metric.kind == "histogram":
                yield self._histogram(metric)
            elif (reading := self._reading(metric.name)) is not None:
                yield _family(metric, reading)

    def _reading(self, name: str) -> Mapping[tuple[str, ...], float] | None:
        if name == "http_requests":
            return {(route, method, str(status)): n for (route, method, status), n in self._requests.items()}
        if name in self._counts:
            return {(label,): number for label, number in self._counts[name].items()}
        if name not in self._sources:
            return None
        reading = self._sources[name]()
        return reading if isinstance(reading, Mapping) else {(): reading}

    def _histogram(self, metric: Metric) -> Family:
        family = HistogramMetricFamily(f"{PREFIX}{metric.name}", metric.text, labels=metric.labels)
        for phase, durations in self._durations.items():
            family.add_metric([phase], durations.buckets(), durations.total_s)
        return family


def _family(metric: Metric, reading: Mapping[tuple[str, ...], float]) -> Family:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(f"{PREFIX}{metric.name}", metric.text, labels=metric.labels)
    for labels, number in sorted(reading.items()):
        family.add_metric(labels, number)
    return family


def resident_bytes(pid: int) -> int:
    """The memory that a process holds, shared pages included; 0 once it is gone.

    Source: proc_pid_status(5), VmRSS.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def server_timing(phases: Mapping[str, float]) -> str:
    """The value of a Server-Timing header.

    Units: durations come in seconds and go out in milliseconds.
    Source: Server Timing (W3C), section 3.

    >>> server_timing({"guard": 0.00021, "evaluate": 1.5})
    'guard;dur=0.210, evaluate;dur=1500.000'
    """
    return ", ".join([f"{name};dur={seconds * 1000:.3f}" for name, seconds in phases.items()])
