"""A SPARQL 1.1 service of somebody else behind our own front: the same guard, limits and errors; a Runner.

Asks one configured address and follows nothing. Holds a few pieces of an answer at a time, however long it is.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Final, NamedTuple, Self

import httpx2

from clustergraph.errors import Busy, ClusterGraphError, DatasetUnusable, UsageError
from clustergraph.exchange import (
    accept,
    body,
    check_end,
    check_status,
    check_type,
    check_whole,
    chosen_format,
    deadline,
    pieces,
)
from clustergraph.jobs import DISCONNECT
from clustergraph.lanes import OWN_QUEUE, OWN_QUEUE_OF_CLIENT, Lane, Turn
from clustergraph.portable import Portable, portable
from clustergraph.remote_jobs import RemoteJob, RemoteLane
from clustergraph.runner import Answer, Limits, QueryRequest
from clustergraph.sparql_xml import Row, TableReader, Unreadable
from clustergraph.terms import DEFAULT_GRAPH, NO_GRAPH, PUBLISHED_GRAPH
from clustergraph.transport import Transport

_logger: Final = logging.getLogger("clustergraph.remote")

POLL_S: Final = 2.0  # between two looks at which dataset is published
RUNNING: Final = 16  # queries at once where nothing else is said
OWN_RUNNING: Final = 4  # queries of our pages at once: each takes a way over the network
_STATE_BYTES: Final = 1 << 20  # of what says which dataset is published
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_HUNG_UP: Final = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)
_UNREACHED: Final = "the engine cannot be reached: try again in a moment"
_NO_DATASET: Final = "the engine does not say which dataset it holds"
_STATE_COLUMNS: Final = ["digest", "graph"]
_STATE: Final = (
    "SELECT ?digest ?graph { ?dataset <http://purl.org/dc/terms/identifier> ?digest ;"
    " <http://www.w3.org/ns/sparql-service-description#namedGraph> ?graph }"
)


class State(NamedTuple):
    """What the engine holds: the digest of the dataset, and the names of its graphs."""

    digest: str
    graphs: frozenset[str]


def _state(columns: Sequence[str] | None, rows: Sequence[Row]) -> State:
    """What a whole answer to _STATE says.

    Raises: Unreadable for a table of another form; DatasetUnusable where it names no dataset, or several.
    """
    if columns != _STATE_COLUMNS or not all(all(row) for row in rows):
        message = "not the columns that were asked for, or a row in which one is empty"
        raise Unreadable(message)
    values = [[cell.value for cell in row if cell] for row in rows]
    digests = {digest for digest, _ in values}
    if len(digests) != 1 or not _DIGEST.fullmatch(digest := digests.pop()):
        message = "the engine holds no published dataset: run 'clustergraph publish'"
        raise DatasetUnusable(message)
    return State(digest, frozenset(graph for _, graph in values))


def checked_address(text: str) -> httpx2.URL:
    """The address of an engine.

    Raises: UsageError for what is no address of the web.
    """
    with suppress(httpx2.InvalidURL):
        address = httpx2.URL(text)
        if address.scheme in ("http", "https") and address.host:
            return address
    message = "--engine is no address of a SPARQL service: give one like http://127.0.0.1:3030/ds/query"
    raise UsageError(message)


def _taken(size: int) -> str:
    return f"all {size} places at the engine are taken"


class RemoteEngine:
    """Answers queries by asking another service. Use as an asynchronous context manager.

    Shape: `digest` is that of the dataset that the service was last seen to hold, looked up every POLL_S seconds; until
           it was seen for the first time, the digest given here. `changed` is called when it or the set of its
           graphs is another one.
           `open` takes the queries of strangers, `own` those from our own files; neither can take the other's places.
           `tell` is called with the cause for which a request is ended before its time.
    """

    def __init__(
        self,
        address: str,
        digest: str,
        *,
        limits: Limits,
        running: int = 0,
        own_running: int = OWN_RUNNING,
        queue_per_worker: int = 4,
        queue_wait_s: float = 2.0,
        poll_s: float = POLL_S,
        changed: Callable[[], None] = lambda: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._address = checked_address(address)
        self._digest = digest
        self._limits = limits
        size = running or RUNNING
        self.open: RemoteLane = Lane("open", size, queue_per_worker * size, queue_wait_s, taken=_taken(size))
        self.own: RemoteLane = Lane(
            "own",
            own_running,
            OWN_QUEUE,
            queue_wait_s,
            taken=_taken(own_running),
            client_limit=OWN_QUEUE_OF_CLIENT,
        )
        for lane in self.lanes:
            lane.idle.extend(range(lane.size))
        self._poll_s = poll_s
        self._changed = changed
        self._tell = tell
        self._closing: set[asyncio.Task[None]] = set()
        self._state: State | None = None
        self._trouble: Busy | DatasetUnusable | None = None

    @property
    def digest(self) -> str:
        """The digest of the published dataset, in lower-case hexadecimal."""
        return self._state.digest if self._state else self._digest

    @property
    def lanes(self) -> tuple[RemoteLane, RemoteLane]:
        """Both lanes."""
        return self.open, self.own

    @property
    def is_up(self) -> bool:
        """Whether the engine said which dataset it holds when it was last asked."""
        return self._state is not None and not self._trouble

    async def __aenter__(self) -> Self:
        # No proxy and no credentials from the environment, no redirect: the configured address alone is contacted.
        self._client = httpx2.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # the deadlines are ours
            transport=Transport(),  # the lanes bound its connections
            headers={"Accept-Encoding": "identity", "User-Agent": "clustergraph"},
        )
        await self._look()
        self._polling = asyncio.get_running_loop().create_task(self._poll())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._polling.cancel()
        await asyncio.gather(self._polling, *self._closing, return_exceptions=True)
        await self._client.aclose()

    async def answer(self, request: QueryRequest) -> Answer:
        """The answer to one query, once its status is certain.

        Raises: Busy where no place is free, or the engine cannot be reached or refuses us; DatasetUnusable where it
                holds no dataset; OverBudget; QueryTimedOut; QueryTooHungry; QueryAborted; QueryMalformed; QueryRefused;
                NotAcceptable.
        """
        asked = portable(request.query, request.bindings)
        chosen = chosen_format(request, asked.form)
        form = self._form(request, asked)
        limit_s = min(request.time_limit_s or self._limits.time_limit_s, self._limits.time_limit_s)
        lane = self.own if request.own else self.open
        came = time.monotonic()
        place = await Turn(request.client, lane).place()
        began = time.monotonic()
        job = RemoteJob(lane, place, limit_s, killed=partial(self._killed, request), closing=self._closing)
        if request.begun is not None:
            request.begun()
        async with job.counted():
            job.response = await self._sent(form, accept(asked.form))
            await check_status(job.response, request.query, lines_before=asked.lines_before)
            check_type(job.response, asked.form)
            check_whole(job.response)
            check_end(job.response, asked.form)
        limit_bytes = self._limits.output_limit_bytes
        frames = body(job.response, chosen, asked.form, columns=asked.columns, limit_bytes=limit_bytes)
        took_s = time.monotonic() - began
        release = partial(job.end, DISCONNECT)
        return Answer(chosen, job.frames(frames), release, queue_s=began - came, evaluate_s=took_s)

    def _killed(self, request: QueryRequest, cause: str) -> None:
        self._tell(cause)
        if request.killed is not None:
            request.killed()

    def _form(self, request: QueryRequest, asked: Portable) -> dict[str, str | list[str]]:
        """The form to send. It always names the graphs: what a query without any ranges over differs among engines."""
        if self._state is None:
            raise self._absence()
        default, named = list(request.default_graphs), list(request.named_graphs)
        if not default and not named:
            default, named = list(asked.default_graphs), list(asked.named_graphs)
        if not default and not named:
            default, named = [DEFAULT_GRAPH], sorted(self._state.graphs)
        else:  # other graphs of that engine are not ours to show
            default = [one for one in dict.fromkeys(default) if one in self._state.graphs]
            named = [one for one in dict.fromkeys(named) if one in self._state.graphs]
        return {
            "query": asked.text,
            "default-graph-uri": default or [NO_GRAPH],
            "named-graph-uri": named or [NO_GRAPH],
        }

    def _absence(self) -> ClusterGraphError:
        if isinstance(self._trouble, Busy):
            return Busy(self._trouble.detail, retry_after_s=5)
        return DatasetUnusable(self._trouble.detail if self._trouble else _NO_DATASET)

    async def _sent(self, form: dict[str, str | list[str]], accept: str) -> httpx2.Response:
        for hung_up in (_HUNG_UP, ()):  # an engine may hang up as it starts anew; to ask twice is safe
            try:
                request = self._client.build_request("POST", self._address, data=form, headers={"Accept": accept})
                return await self._client.send(request, stream=True)
            except hung_up:
                continue
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as exc:
                raise Busy(_UNREACHED, retry_after_s=5) from exc  # logged once, by who looks every few seconds
        raise AssertionError  # the second attempt answers or raises

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            await self._look()

    async def _look(self) -> None:
        """Looks up which dataset is published; what was seen last holds while the engine does not say."""
        try:
            async with deadline(self._limits.time_limit_s, self._limits.time_limit_s):
                state = await self._read_state()
            before, self._state = self._state or State(self._digest, state.graphs), state
            if state.digest != before.digest:
                _logger.info("the engine holds sha256:%s… from now on", state.digest[:12])
            elif self._trouble is not None:
                _logger.info("the engine answers again, and holds sha256:%s…", state.digest[:12])
            self._trouble = None
            if state != before:  # other graphs give other answers, whatever digest is told with them
                self._changed()
        except (ClusterGraphError, Unreadable) as exc:
            trouble = exc if isinstance(exc, Busy | DatasetUnusable) else DatasetUnusable(_NO_DATASET)
            if self._trouble is None or trouble.detail != self._trouble.detail:
                beneath = exc.__cause__ if exc is trouble else exc
                cause = "" if beneath is None else f" ({type(beneath).__name__}: {beneath})"
                _logger.warning("%s%s", trouble.detail, cause)
            self._trouble = trouble

    async def _read_state(self) -> State:
        form: dict[str, str | list[str]] = {
            "query": _STATE,
            "default-graph-uri": [PUBLISHED_GRAPH],
            "named-graph-uri": [NO_GRAPH],
        }
        response = await self._sent(form, accept("SELECT"))
        try:
            await check_status(response, _STATE, lines_before=0)
            check_type(response, "SELECT")
            reader = TableReader()
            rows = [row async for piece in pieces(response, _STATE_BYTES) for row in reader.feed(piece)]
            reader.finish()
        finally:
            await response.aclose()
        return _state(reader.columns, rows)
