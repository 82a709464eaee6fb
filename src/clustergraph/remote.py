"""A SPARQL 1.1 service of somebody else behind our own front: the same guard, limits and errors; a Runner.

Asks one configured address and follows nothing. Holds a few pieces of an answer at a time, however long it is.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Final, Self

import httpx2

from clustergraph.errors import Busy, ClusterGraphError, UsageError
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
from clustergraph.remote_state import State, StateWatch, state_in
from clustergraph.runner import Answer, Limits, QueryRequest
from clustergraph.sparql_xml import TableReader
from clustergraph.terms import DEFAULT_GRAPH, NO_GRAPH, PUBLISHED_GRAPH
from clustergraph.transport import Transport

POLL_S: Final = 2.0  # between two looks at which dataset is published
RUNNING: Final = 16  # queries at once where nothing else is said
OWN_RUNNING: Final = 4  # queries of our pages at once: each takes a way over the network
_STATE_BYTES: Final = 1 << 20  # of what says which dataset is published
_HUNG_UP: Final = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)
_UNREACHED: Final = "the engine cannot be reached: try again in a moment"
_STATE: Final = (
    "SELECT ?digest ?graph { ?dataset <http://purl.org/dc/terms/identifier> ?digest ;"
    " <http://www.w3.org/ns/sparql-service-description#namedGraph> ?graph }"
)
_STATE_FORM: Final[dict[str, str | list[str]]] = {
    "query": _STATE,
    "default-graph-uri": [PUBLISHED_GRAPH],
    "named-graph-uri": [NO_GRAPH],
}


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
        doubted: Callable[[], None] = lambda: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._address = checked_address(address)
        self._watch = StateWatch(self._read_state, digest, changed=changed, doubted=doubted)
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
        self._tell = tell
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def digest(self) -> str:
        """The digest of the published dataset, in lower-case hexadecimal."""
        return self._watch.digest

    @property
    def lanes(self) -> tuple[RemoteLane, RemoteLane]:
        """Both lanes."""
        return self.open, self.own

    @property
    def is_up(self) -> bool:
        """Whether the engine said which dataset it holds when it was last asked."""
        return self._watch.state is not None and not self._watch.trouble

    @property
    def trouble(self) -> ClusterGraphError | None:
        """Why there is nothing to ask, for as long as that is so."""
        return self._watch.absence

    @property
    def state(self) -> State | None:
        """What the engine was last seen to hold."""
        return self._watch.state

    async def confirmed(self, since: State | None) -> bool:
        """Whether the engine still holds what it held, asked now: an answer that is read whole is of that, then."""
        return await self._watch.confirmed(since)

    async def __aenter__(self) -> Self:
        # No proxy and no credentials from the environment, no redirect: the configured address alone is contacted.
        self._client = httpx2.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # the deadlines are ours
            transport=Transport(),  # the lanes bound its connections
            headers={"Accept-Encoding": "identity", "User-Agent": "clustergraph"},
        )
        await self._watch.look()
        self._polling = asyncio.get_running_loop().create_task(self._poll())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._polling.cancel()
        await asyncio.gather(self._polling, *self._closing, return_exceptions=True)
        await self._watch.close()
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
        whole, rest = await job.begun(frames)
        took_s = time.monotonic() - began
        release = partial(job.end, DISCONNECT)
        return Answer(chosen, rest, release, whole, queue_s=began - came, evaluate_s=took_s)

    def _killed(self, request: QueryRequest, cause: str) -> None:
        self._tell(cause)
        if request.killed is not None:
            request.killed()

    def _form(self, request: QueryRequest, asked: Portable) -> dict[str, str | list[str]]:
        """The form to send. It always names the graphs: what a query without any ranges over differs among engines."""
        state = self._watch.required()
        default, named = list(request.default_graphs), list(request.named_graphs)
        if not default and not named:
            default, named = list(asked.default_graphs), list(asked.named_graphs)
        if not default and not named:
            default, named = [DEFAULT_GRAPH], sorted(state.graphs)
        else:  # other graphs of that engine are not ours to show
            default = [one for one in dict.fromkeys(default) if one in state.graphs]
            named = [one for one in dict.fromkeys(named) if one in state.graphs]
        return {
            "query": asked.text,
            "default-graph-uri": default or [NO_GRAPH],
            "named-graph-uri": named or [NO_GRAPH],
        }

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
            await self._watch.look()

    async def _read_state(self) -> State:
        async with deadline(self._limits.time_limit_s, self._limits.time_limit_s):
            response = await self._sent(_STATE_FORM, accept("SELECT"))
            try:
                await check_status(response, _STATE, lines_before=0)
                check_type(response, "SELECT")
                reader = TableReader()
                rows = [row async for piece in pieces(response, _STATE_BYTES) for row in reader.feed(piece)]
                reader.finish()
            finally:
                await response.aclose()
            return state_in(reader.columns, rows)
