"""What the web tier knows of an engine: a request, an answer, and who turns one into the other.

No engine is imported here, so that the process that speaks HTTP never loads one.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from clustergraph.formats import Format

STACK_BYTES: Final = 512 << 20  # of who evaluates: 50,000 nested groups pass the engine's parser; 8 MiB ends at 2,000


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

    memory_quads: int = 5_000_000  # about 2.3 GB, shared by all workers
    store_dir: Path = Path(".dist.stores")


@dataclass(slots=True)  # not frozen, which would cost as much as asking
class QueryRequest:
    """One query as the Protocol gives it.

    Shape: `result_format` serves SELECT and ASK, `graph_format` CONSTRUCT and DESCRIBE; None means that the client
           accepts none of that family. `bindings` maps a variable name to a term in N-Triples syntax. `coding` names
           the content coding that the client likes best; a short answer comes without one. `own` is true of a text
           from our own files, which is answered by workers that strangers' queries cannot take. `begun` is called when
           a worker has it, `killed` when that worker had to be ended for it. `client` is who asks, as far as turns
           go.
    """

    query: str
    result_format: Format | None = None
    graph_format: Format | None = None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    bindings: Mapping[str, str] = field(default_factory=dict)
    time_limit_s: float | None = None
    coding: str = "identity"
    own: bool = False
    begun: Callable[[], object] | None = None
    killed: Callable[[], object] | None = None
    client: str = ""


@dataclass(slots=True)
class Answer:
    """The beginning of an answer whose status is certain.

    Shape: `frames` yields the body; an answer that fails after its first frame raises out of the iterator, so that
           the connection is cut and never ends as if it were complete. Whoever does not read it to its end closes it.
           `whole` is the body where it is there already; `coding` names the content coding it is in.
    Units: `queue_s` and `evaluate_s` in seconds: waiting for a worker, and until its first frame.
    """

    format: Format
    frames: AsyncGenerator[bytes, None]
    release: Callable[[], None] = lambda: None
    whole: bytes | None = None
    coding: str = "identity"
    queue_s: float = 0.0
    evaluate_s: float = 0.0

    async def body(self) -> bytes:
        """The whole body at once, for answers known to be small."""
        if self.whole is not None:
            return self.whole
        return b"".join([frame async for frame in self.frames])

    async def close(self) -> None:
        """Gives up what has not been read, and with it the worker that was writing it."""
        await self.frames.aclose()
        self.release()  # a generator that was never begun runs no `finally`


async def in_one_frame(body: bytes) -> AsyncGenerator[bytes, None]:
    """The frames of a body that is there already."""
    yield body


class Runner(Protocol):
    """Anything that answers queries over one immutable dataset: a pool of workers, or a remote service."""

    @property
    def digest(self) -> str:
        """The SHA-256 of the dataset, in lower-case hexadecimal: the same digest means the same answers."""

    async def answer(self, request: QueryRequest) -> Answer:
        """The answer to one query.

        Raises: QueryError, NotAcceptable, Busy.
        """
