"""Every knob of the server, with its unit and its reason. Built at the edge (CLI, tests), never at import."""

import re
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from clustergraph.errors import UsageError
from clustergraph.runner import Limits, Storage

ENVIRONMENT_PREFIX = "CLUSTERGRAPH_"

# Narrower than RFC 3986 on purpose: it is written into answers, and our pages link to paths from the root.
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PORT: Final = r"6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3}"
_ORIGIN: Final = re.compile(
    rf"https?://(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]{{2,45}}\])(?::(?:{_PORT}))?/?", re.IGNORECASE | re.ASCII
)

_MAY_BE_NONE: Final = frozenset(
    (
        "budget_bad_requests",
        "budget_loopback",
        "budget_queued",
        "budget_running",
        "budget_seconds",
        "cache_bytes",
        "memory_quads",
        "port",
        "query_log_text",
        "queue_per_worker",
        "queue_wait_s",
        "watch_s",
        "workers",
    )
)


class Limit(NamedTuple):
    """A limit that clients meet: its value here, and what happens at it."""

    name: str
    value: float
    unit: str
    text: str
    then: str


def _knob(default: Any, text: str) -> Any:
    return field(default=default, metadata={"text": text})


def _limit(default: Any, text: str, unit: str, then: str, *, of_workers: bool = False) -> Any:
    return field(default=default, metadata={"text": text, "unit": unit, "then": then, "of_workers": of_workers})


_TOO_LARGE = "413 `query-too-large`"
_TIMED_OUT = "504 `query-timed-out`"
_TOO_HUNGRY = "503 `query-too-hungry`"
_OVER_BUDGET = "429 `over-budget`"
_OR_CUT = ", or the answer is cut once it has begun"


@dataclass(frozen=True)
class Settings:
    """How one server runs. Each field is an option of `clustergraph serve` and an environment variable.

    Units: the suffix of each name; `_s` seconds, `_bytes` bytes.
    Raises: UsageError for a public address that is none, and a time to watch that is none.
    """

    dist: Path = _knob(Path("dist"), "folder that `clustergraph build` made")
    host: str = _knob("127.0.0.1", "address to listen on")
    port: int = _knob(8000, "port to listen on")
    public_url: str = _knob("", "address that readers use, e.g. https://example.org; empty means where it listens")
    watch_s: float = _knob(2.0, "time between two looks for a new build; 0 means only on SIGHUP")
    engine: str = _knob("", "address of a SPARQL 1.1 service that answers the queries; empty means our own workers")
    workers: int = _knob(
        0, "query workers; 0 means four per core; with an engine, queries it is asked at once, 0 means 16"
    )
    own_workers: int = _knob(
        1, "workers for pages and saved queries, which no query of a stranger can take; with an engine, 4 at least"
    )
    queue_wait_s: float = _limit(2.0, "longest wait for a free worker before 503", "s", "503 `busy`")
    queue_per_worker: int = _limit(4, "queries that may wait, for each worker", "queries", "503 `busy`")
    cache_bytes: int = _knob(128 << 20, "memory for answers that were given before")
    time_limit_s: float = _limit(Limits().time_limit_s, "wall clock of one query", "s", f"{_TIMED_OUT}{_OR_CUT}")
    cpu_limit_s: int = _limit(Limits().cpu_limit_s, "processor time of one query", "s", _TOO_HUNGRY, of_workers=True)
    memory_limit_bytes: int = _limit(
        Limits().memory_limit_bytes,
        "memory of one worker above the loaded dataset",
        "bytes",
        _TOO_HUNGRY,
        of_workers=True,
    )
    memory_quads: int = _knob(Storage().memory_quads, "largest dataset that is held in memory; larger ones on disk")
    store_dir: Path = _knob(Storage().store_dir, "folder of the stores on disk; a relative one stands beside the build")
    output_limit_bytes: int = _limit(
        Limits().output_limit_bytes,
        "longest answer, uncompressed",
        "bytes",
        f"{_TOO_HUNGRY}{_OR_CUT}",
    )
    query_limit_bytes: int = _limit(Limits().query_limit_bytes, "longest query text", "bytes", _TOO_LARGE)
    nesting_limit: int = _limit(Limits().nesting_limit, "brackets inside one another in a query", "levels", _TOO_LARGE)
    token_limit: int = _limit(Limits().token_limit, "words and signs of a query outside VALUES", "tokens", _TOO_LARGE)
    pattern_limit: int = _limit(Limits().pattern_limit, "triple patterns of a query", "patterns", _TOO_LARGE)
    unary_limit: int = _limit(Limits().unary_limit, "consecutive unary operators of a query", "operators", _TOO_LARGE)
    budget_running: int = _limit(2, "queries of one client that run at once", "queries", "further ones wait")
    budget_queued: int = _limit(4, "queries of one client that wait", "queries", _OVER_BUDGET)
    budget_seconds: float = _limit(60.0, "query time of one client in a minute", "s", _OVER_BUDGET)
    budget_bad_requests: int = _limit(
        60, "requests of one client in a minute that cannot be answered", "requests", _OVER_BUDGET
    )
    budget_loopback: bool = _knob(default=False, text="clients on this machine have a budget too")
    trusted_proxy: str = _knob("", "address or network of the proxy whose X-Forwarded-For is believed")
    query_log: str = _knob("", "file to which each query adds a line; - is standard error")
    query_log_text: bool = _knob(default=False, text="the query log holds the text of queries")

    def __post_init__(self) -> None:
        if self.public_url and not _ORIGIN.fullmatch(self.public_url):
            message = (
                f"'{self.public_url[:200]}' cannot be the public address: give scheme and host, with a port if "
                "need be, e.g. https://example.org, and no user name, path or query"
            )
            raise UsageError(message)

        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, int | float) and not (value > 0 or (value == 0 and one.name in _MAY_BE_NONE)):
                least = "0 or more" if one.name in _MAY_BE_NONE else "more than 0"
                message = f"--{one.name.replace('_', '-')} cannot be {value:g}: give {least}"
                raise UsageError(message)

    @cached_property
    def limits(self) -> Limits:
        """The part that the guard and the workers enforce."""
        return Limits(**{name: getattr(self, name) for name in Limits._fields})

    @property
    def limits_told(self) -> list[Limit]:
        """Every knob that clients can run into, in order: with an engine, without those that hold a worker of ours."""
        return [
            Limit(one.name, getattr(self, one.name), one.metadata["unit"], one.metadata["text"], one.metadata["then"])
            for one in fields(self)
            if "then" in one.metadata and not (self.engine and one.metadata["of_workers"])
        ]

    @property
    def storage(self) -> Storage:
        """Where the dataset is served from."""
        return Storage(self.memory_quads, self.dist.absolute().parent / self.store_dir)


def origin(host: str, port: int) -> str:
    """An address that somebody listens on, as a URL without a path.

    Source: RFC 3986, section 3.2.2.

    >>> origin("::1", 8000)
    'http://[::1]:8000'
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def described() -> list[tuple[str, type, object, str]]:
    """Every knob as (name, type, default, what it does), in order: the CLI and the docs derive from this."""
    return [(one.name, type(one.default), one.default, one.metadata["text"]) for one in fields(Settings)]
