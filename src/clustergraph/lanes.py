"""Places where queries are answered, so many at once, and the queries that wait for one of them, client by client.

Knows nothing of what a place is: a worker process, or a request that another engine is sent.
"""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from clustergraph.errors import Busy, ClusterGraphError, OverBudget
from clustergraph.fairqueue import FairQueue

OWN_QUEUE: Final = 64  # queries from our own files that may wait: each is short, and a page asks several
OWN_QUEUE_OF_CLIENT: Final = OWN_QUEUE // 4  # of them, asked for one client: a browser has six connections

PlaceT = TypeVar("PlaceT")  # of a lane
CALM_S: Final = 10.0  # after a query of a client was long, until it may have a place that is kept for short ones

_PlaceT = TypeVar("_PlaceT")
_PlaceT_contra = TypeVar("_PlaceT_contra", contravariant=True)
_JobT_contra = TypeVar("_JobT_contra", contravariant=True)
LongJobT = TypeVar("LongJobT", bound="LongJob")
_HeldT = TypeVar("_HeldT", bound="Held")


class Waiter(Protocol[_PlaceT_contra]):
    """A query that wants a place. Told once that it has one, or why it has none."""

    def __hash__(self) -> int:
        """What tells it from others in a queue."""

    @property
    def client(self) -> str:
        """Who asks, as far as turns go."""

    def start(self, place: _PlaceT_contra, /) -> None:
        """Takes a place."""

    def wait(self, limit_s: float, /) -> None:
        """Waits for a place, but no longer than that."""

    def fail(self, exc: ClusterGraphError, /) -> None:
        """Goes away without one."""


class Workplace(Protocol[_PlaceT_contra, _JobT_contra]):
    """Where jobs get their places from, and give them back."""

    def give_back(self, place: _PlaceT_contra, /) -> None:
        """Takes a place that is fit for more."""

    @property
    def replace(self) -> Callable[[_PlaceT_contra, str], None]:
        """What ends a place for a cause, and has another one made."""

    @property
    def ask_why(self) -> Callable[[_PlaceT_contra, Callable[[int | None], None]], None]:
        """What has it told how a place ended: as a wait status, None where that cannot be known."""

    def again(self, job: _JobT_contra, /) -> None:
        """Has a job done in another place, before those that wait."""

    def leave(self, job: _JobT_contra, /) -> None:
        """Takes a job that waits from the queue."""

    def took_long(self, job: _JobT_contra, /) -> None:
        """Notes that a job has had its place for long: it may have to make way."""

    @property
    def is_short(self) -> bool:
        """Whether more jobs wait than places are about to come."""


class Held(Protocol):
    """What a client has, of which there is only so much for all, and since when."""

    client: str
    began: float


class LongJob(Held, Protocol):
    """A job that has had its place for long."""

    is_over: bool

    @property
    def is_long(self) -> bool:
        """Whether it has had its place for long, and has it still."""


def most_long(size: int) -> int:
    """How many of so many places long jobs may have while others wait: a quarter is kept, but never the only one.

    >>> [most_long(size) for size in (1, 2, 4, 8)]
    [1, 1, 3, 6]
    """
    return max(1, size - max(1, size // 4))


def first_to_go(jobs: Sequence[_HeldT]) -> _HeldT:
    """The one that was begun first, of the client who has most of them."""
    held = Counter(job.client for job in jobs)
    return max(jobs, key=lambda job: (held[job.client], -job.began))


class Share(Generic[LongJobT]):
    """Who may have the places that are kept for short queries, and who makes way where long ones have them.

    Shape: a client is light unless it has a long query, or had one that became long less than CALM_S ago. One without a
           name is always light.
    """

    def __init__(self, size: int) -> None:
        self._most = most_long(size)
        self._held: list[LongJobT] = []  # long ones, and those of heavy clients; some are over
        self._heavy: dict[str, float] = {}  # when a query of theirs last became long

    def is_light(self, client: Hashable) -> bool:
        """Whether a client has had no long query of late: it may have any place."""
        since = self._heavy.get(str(client))
        if since is None or time.monotonic() - since < CALM_S:
            return since is None
        return all(job.client != client for job in self._now_held())

    def may_start(self, client: Hashable) -> bool:
        """Whether a client may have one of the places that are free."""
        return self.is_light(client) or len(self._now_held()) < self._most

    def begin(self, job: LongJobT) -> None:
        """Notes that a job has a place."""
        if not self.is_light(job.client) and job not in self._held:
            self._held.append(job)

    def took_long(self, job: LongJobT) -> None:
        """Notes that a job has had its place for long."""
        if job not in self._held:
            self._held.append(job)
        if job.client:
            now, holding = time.monotonic(), {one.client for one in self._now_held()}
            kept = ((one, since) for one, since in self._heavy.items() if now - since < CALM_S or one in holding)
            self._heavy = dict(kept)
            self._heavy[job.client] = now

    def to_go(self) -> LongJobT | None:
        """The long job that makes way for a light client; None where few enough places are held."""
        held = self._now_held()
        long = [job for job in held if job.is_long]
        return first_to_go(long) if long and len(held) > self._most else None

    def _now_held(self) -> list[LongJobT]:
        self._held = [job for job in self._held if not job.is_over]
        return self._held


WaiterT = TypeVar("WaiterT", bound=Waiter)  # type: ignore[type-arg]


class Lane(Generic[PlaceT, WaiterT]):
    """The places of one kind of query, and the queries that wait for one of them.

    Shape: `taken` says in a message that no place is free, such as "all 4 workers are taken"; `client_limit` is how
           many queries of one client may wait, 0 for as many as there is room for.
    """

    def __init__(
        self, name: str, size: int, queue_limit: int, queue_wait_s: float, *, taken: str, client_limit: int = 0
    ) -> None:
        self.name = name
        self.size = size
        self.idle: deque[PlaceT] = deque()
        self.waiting: FairQueue[WaiterT] = FairQueue()
        self.answered_s = -math.inf  # when a place was last given back in good order
        self._queue_limit = queue_limit
        self._client_limit = client_limit
        self._queue_wait_s = queue_wait_s
        self._taken = taken

    def add(self, job: WaiterT) -> None:
        """Has a job begun as soon as there is a place; where too many wait, one of whoever has most waiting goes.

        Raises: Busy; OverBudget for a client with a name that has too many waiting.
        """
        if self.idle and self.may_start(job.client):
            self.start(job)
            return
        if job.client and 0 < self._client_limit <= self.waiting.length_of(job.client):
            message = f"{self._client_limit} of your requests wait already: send the next one when one has ended"
            raise OverBudget(message, retry_after_s=1)
        evicted = None
        if len(self.waiting) >= self._queue_limit:
            evicted = self.waiting.make_room(job.client)
            if evicted is None:
                message = f"{self._taken} and {len(self.waiting)} queries wait already: try again in a moment"
                raise Busy(message, retry_after_s=1)
        self.waiting.put(job.client, job)
        job.wait(self._queue_wait_s)
        if evicted is not None:
            message = (
                f"{self._taken}, and this query's place in the queue went to somebody who has fewer there than you: "
                "send the next one when one has ended"
            )
            evicted.fail(OverBudget(message, retry_after_s=1))

    def leave(self, job: WaiterT) -> None:
        """Takes a job that waits from the queue."""
        self.waiting.discard(job.client, job)

    def give_back(self, place: PlaceT) -> None:
        """Takes a place of which a job was done."""
        self.answered_s = asyncio.get_running_loop().time()
        self.hand_out(place)

    def hand_out(self, place: PlaceT) -> None:
        """Gives a place to the client whose turn it is, of those that may have one."""
        self.idle.append(place)
        while self.idle and self.waiting.count(self.may_start):
            self.start(self.waiting.take(self.may_start))

    def start(self, job: WaiterT) -> None:
        """Gives a job one of the places that are free."""
        job.start(self.idle.pop())  # the one used last: what it needs is in the processor's caches

    def may_start(self, _: Hashable) -> bool:
        """Whether a client may have one of the places that are free; here, any may."""
        return True


class Turn(Generic[_PlaceT]):
    """One that waits for its place as a coroutine; a Waiter."""

    def __init__(self, client: str, lane: "Lane[_PlaceT, Any]") -> None:
        self.client = client
        self.is_over = False  # whether it has no place any more, or never gets one
        self._lane = lane
        self._given: asyncio.Future[_PlaceT] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None

    async def place(self) -> _PlaceT:
        """The place, once there is one.

        Raises: Busy where all are taken for too long; Busy and OverBudget where too many wait.
        """
        self._lane.add(self)
        try:
            return await self._given
        except asyncio.CancelledError:
            self.is_over = True
            self._lane.leave(self)
            if self._given.done() and not self._given.cancelled() and self._given.exception() is None:
                self._lane.hand_out(self._given.result())  # it came in this very moment
            raise
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def start(self, place: _PlaceT) -> None:
        """Takes the place, or hands it on where it is no longer wanted."""
        if self._given.done():
            self.is_over = True
            self._lane.hand_out(place)
        else:
            self._given.set_result(place)

    def wait(self, limit_s: float) -> None:
        """Waits, but not for ever."""
        message = f"none of {self._lane.size} places became free within {limit_s:g} s: try again in a moment"
        self._timer = asyncio.get_running_loop().call_later(limit_s, self.fail, Busy(message, retry_after_s=1))

    def fail(self, exc: ClusterGraphError) -> None:
        """Goes away without a place."""
        self.is_over = True
        self._lane.leave(self)
        if not self._given.done():
            self._given.set_exception(exc)
