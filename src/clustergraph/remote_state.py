"""Which dataset another engine holds: asked every few seconds, and once more before an answer is said to be of it."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from clustergraph.errors import Busy, ClusterGraphError, DatasetUnusable
from clustergraph.sparql_cells import Row, Unreadable

_logger: Final = logging.getLogger("clustergraph.remote")

CONFIRM_LIMIT_S: Final = 2.0  # that an answer waits to be said to be of a dataset
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UNKNOWN: Final = "the engine does not say which dataset it holds"
_STATE_COLUMNS: Final = ["digest", "graph"]


class State(NamedTuple):
    """What the engine holds: the digest of the dataset, and the names of its graphs."""

    digest: str
    graphs: frozenset[str]


class NoDataset(DatasetUnusable):
    """The engine itself says that it holds no dataset, or several; not that it says nothing."""


def state_in(columns: Sequence[str] | None, rows: Sequence[Row]) -> State:
    """What a whole answer to the question for the state says.

    Raises: Unreadable for a table of another form; NoDataset where it names no dataset, or several.
    """
    if columns != _STATE_COLUMNS or not all(all(row) for row in rows):
        message = "not the columns that were asked for, or a row in which one is empty"
        raise Unreadable(message)
    values = [[cell.value for cell in row if cell] for row in rows]
    digests = {digest for digest, _ in values}
    if len(digests) != 1 or not _DIGEST.fullmatch(digest := digests.pop()):
        message = "the engine holds no published dataset: run 'clustergraph publish'"
        raise NoDataset(message)
    return State(digest, frozenset(graph for _, graph in values))


class StateWatch:
    """What the engine was last seen to hold.

    Shape: `read` asks it; `changed` is called when it holds another dataset or other graphs, `doubted` when answers
           made before are no longer sure to be of what it holds: where it says that it holds none, and where it answers
           again. `digest` is the one last seen, until then the one given here. `state` is None as long as it has not
           been seen, and from when the engine says that there is none.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[State]],
        digest: str,
        *,
        changed: Callable[[], None],
        doubted: Callable[[], None],
    ) -> None:
        self._read = read
        self._changed = changed
        self._doubted = doubted
        self.digest = digest
        self.state: State | None = None
        self.trouble: Busy | DatasetUnusable | None = None
        self._graphs: frozenset[str] | None = None
        self._begun = self._ended = 0  # looks, by number: the last that began, the newest that has ended
        self._seen_last: State | None = None  # what that one saw
        self._looking: asyncio.Task[State | None] | None = None
        self._next: asyncio.Task[State | None] | None = None

    @property
    def absence(self) -> ClusterGraphError | None:
        """Why nothing can be asked, None where something can."""
        if self.state is not None:
            return None
        if isinstance(self.trouble, Busy):
            return Busy(self.trouble.detail, retry_after_s=5)
        return DatasetUnusable(self.trouble.detail if self.trouble else _UNKNOWN)

    def required(self) -> State:
        """What it holds.

        Raises: Busy, DatasetUnusable where that has not been seen, or is nothing.
        """
        if self.absence is not None:
            raise self.absence
        assert self.state is not None  # noqa: S101  # else it is absent
        return self.state

    async def look(self) -> State | None:
        """Asks once. What was seen last holds while the engine does not say; not where it says that there is none.

        Shape:  what this look saw, or one that began later and ended before it, which knows better; None if that saw
                nothing.
        Raises: nothing, whatever the engine says: who looks every few seconds would otherwise look no more.
        """
        self._begun += 1
        number = self._begun
        try:
            state = await self._read()
        except Exception as exc:  # what nobody thought of says nothing either
            if self._is_newest(number, None):
                self._miss(exc)
            return self._seen_last
        if self._is_newest(number, state):
            self._see(state)
        return self._seen_last

    def _is_newest(self, number: int, seen: State | None) -> bool:
        if number < self._ended:
            return False
        self._ended, self._seen_last = number, seen
        return True

    def _see(self, state: State) -> None:
        is_other = (state.digest, state.graphs) != (self.digest, self._graphs or state.graphs)
        had_trouble, self.trouble = self.trouble is not None, None
        if state.digest != self.digest:
            _logger.info("the engine holds sha256:%s… from now on", state.digest[:12])
        elif had_trouble:
            _logger.info("the engine answers again, and holds sha256:%s…", state.digest[:12])
        self.state, self.digest, self._graphs = state, state.digest, state.graphs
        if is_other:  # other graphs give other answers, whatever digest is told with them
            self._changed()
        elif had_trouble:  # nobody knows what it held meanwhile
            self._doubted()

    def _miss(self, exc: Exception) -> None:
        trouble = exc if isinstance(exc, Busy | DatasetUnusable) else DatasetUnusable(_UNKNOWN)
        if self.trouble is None or trouble.detail != self.trouble.detail:
            beneath = exc.__cause__ if exc is trouble else exc
            cause = "" if beneath is None else f" ({type(beneath).__name__}: {beneath})"
            _logger.warning("%s%s", trouble.detail, cause)
        self.trouble = trouble.with_traceback(None)  # it is kept, and its frames hold what was read
        if isinstance(exc, NoDataset) and self.state is not None:
            self.state = None
            self._doubted()

    async def confirmed(self, since: State | None) -> bool:
        """Whether the engine holds what it held, by a look that begins now; who asks meanwhile shares the next."""
        if self._next is None:
            self._next = asyncio.create_task(self._look_next())
        try:
            async with asyncio.timeout(CONFIRM_LIMIT_S):
                seen = await asyncio.shield(self._next)
        except TimeoutError:
            return False
        return seen is not None and seen == since == self.state

    async def _look_next(self) -> State | None:
        if self._looking is not None:
            await self._looking
        self._looking, self._next = self._next, None
        return await self.look()

    async def close(self) -> None:
        """Ends what is under way."""
        tasks = [one for one in (self._looking, self._next) if one is not None]
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
