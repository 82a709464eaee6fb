"""Every knob of the server, with its unit and its reason. Built at the edge (CLI, tests), never at import."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from clustergraph.runner import Limits

ENVIRONMENT_PREFIX = "CLUSTERGRAPH_"


def _knob(default: Any, text: str) -> Any:
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True)
class Settings:
    """How one server runs. Each field is an option of `clustergraph serve` and an environment variable.

    Units: the suffix of each name; `_s` seconds, `_bytes` bytes.
    """

    dist: Path = _knob(Path("dist"), "folder that `clustergraph build` made")
    host: str = _knob("127.0.0.1", "address to listen on")
    port: int = _knob(8000, "port to listen on")
    engine: str = _knob("", "address of a SPARQL 1.1 service that answers the queries; empty means our own workers")
    workers: int = _knob(
        0, "query workers; 0 means one per core, at least two; with an engine, queries it is asked at once, 0 means 16"
    )
    queue_wait_s: float = _knob(2.0, "longest wait for a free worker before 503")
    queue_per_worker: int = _knob(4, "queries that may wait, for each worker")
    time_limit_s: float = _knob(Limits().time_limit_s, "wall clock of one query")
    cpu_limit_s: int = _knob(Limits().cpu_limit_s, "processor time of one query")
    memory_limit_bytes: int = _knob(Limits().memory_limit_bytes, "memory of one worker above the loaded dataset")
    output_limit_bytes: int = _knob(Limits().output_limit_bytes, "longest answer")
    query_limit_bytes: int = _knob(Limits().query_limit_bytes, "longest query text")
    nesting_limit: int = _knob(Limits().nesting_limit, "brackets inside one another in a query")
    token_limit: int = _knob(Limits().token_limit, "tokens of a query outside VALUES")
    pattern_limit: int = _knob(Limits().pattern_limit, "triple patterns of a query")
    unary_limit: int = _knob(Limits().unary_limit, "consecutive unary operators of a query")

    @property
    def limits(self) -> Limits:
        """The part that the guard and the workers enforce."""
        return Limits(**{name: getattr(self, name) for name in Limits._fields})


def described() -> list[tuple[str, type, object, str]]:
    """Every knob as (name, type, default, what it does), in order: the CLI and the docs derive from this."""
    return [(one.name, type(one.default), one.default, one.metadata["text"]) for one in fields(Settings)]
