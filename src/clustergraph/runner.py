"""What the web tier knows of an engine: a request, an answer, and who turns one into the other.

No engine is imported here, so that the process that speaks HTTP never loads one.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from clustergraph.formats import Format


class Limits(NamedTuple):
    """What one query may cost. A reached limit ends the query, never the server."""

    time_limit_s: float = 10.0  # wall clock, measured in the parent process
    cpu_limit_s: int = 12  # of one worker for one query, counted by the kernel
    memory_limit_bytes: int = 1 << 30  # address space of one worker above what the loaded dataset takes
    output_limit_bytes: int = 500_000_000  # of one answer, uncompressed
    query_limit_bytes: int = 100_000  # of the query text, UTF-8
    nesting_limit: int = 60  # brackets of any kind
    token_limit: int = 10_000  # outside VALUES blocks
    pattern_limit: int = 200  # triple patterns
    unary_limit: int = 60  # consecutive `!`, `+`, `-`


class Storage(NamedTuple):
    """Where a dataset is served from: memory up to a size, a store on disk above it.

    Shape: `store_dir` is absolute, or relative to the folder that holds the build.
    """

    memory_quads: int = 5_000_000  # about 1.6 GB, shared by all workers; 2.8 GB while loading
    store_dir: Path = Path(".dist.stores")


@dataclass(frozen=True)
class QueryRequest:
    """One query as the Protocol gives it.

    Shape: `result_format` serves SELECT and ASK, `graph_format` CONSTRUCT and DESCRIBE; None means that the client
           accepts none of that family. `bindings` maps a variable name to a term in N-Triples syntax.
    """

    query: str
    result_format: Format | None = None
    graph_format: Format | None = None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    bindings: Mapping[str, str] = field(default_factory=dict)
    time_limit_s: float | None = None


@dataclass(frozen=True)
class Answer:
    """The beginning of an answer whose status is certain.

    Shape: `frames` yields the body; an answer that fails after its first frame raises out of the iterator, so that
           the connection is cut and never ends as if it were complete. Whoever does not read it to its end closes it.
    """

    format: Format
    frames: AsyncGenerator[bytes, None]
    release: Callable[[], None] = lambda: None

    async def body(self) -> bytes:
        """The whole body at once, for answers known to be small."""
        return b"".join([frame async for frame in self.frames])

    async def close(self) -> None:
        """Gives up what has not been read, and with it the worker that was writing it."""
        await self.frames.aclose()
        self.release()  # a generator that was never begun runs no `finally`


class Runner(Protocol):
    """Anything that answers queries over one immutable dataset: a pool of workers, or a remote service."""

    @property
    def digest(self) -> str:
        """The SHA-256 of the dataset, in lower-case hexadecimal: the same digest means the same answers."""

    async def answer(self, request: QueryRequest) -> Answer:
        """The answer to one query.

        Raises: QueryError, NotAcceptable, Busy.
        """
