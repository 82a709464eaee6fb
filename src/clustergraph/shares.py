"""Lanes of which some places are kept from clients whose jobs take long; where others wait, such a job makes way.

Knows nothing of what a place is, nor of when a job is long: that is told.
"""

from collections.abc import Hashable
from typing import Protocol, TypeVar

from clustergraph.errors import ClusterGraphError
from clustergraph.lanes import Lane, LongJob, PlaceT, Share


class SharingJob(LongJob, Protocol[PlaceT]):  # type: ignore[misc]
    """A job that waits for a place, and leaves it to others when it has had it for long; a Waiter."""

    def __hash__(self) -> int:
        """What tells it from others in a queue."""

    def start(self, place: PlaceT, /) -> None:
        """Takes a place."""

    def wait(self, limit_s: float, /) -> None:
        """Waits for a place, but no longer than that."""

    def fail(self, exc: ClusterGraphError, /) -> None:
        """Goes away without one."""

    def make_way(self) -> None:
        """Is over at once, with a word to whoever sent it; `coming` counts its place until that is given back."""


JobT = TypeVar("JobT", bound=SharingJob)  # type: ignore[type-arg]


class SharedLane(Lane[PlaceT, JobT]):
    """A lane that keeps a share of its places for clients with short jobs.

    Shape: `coming` is how many places are about to come, as those who had them have ended or made way.
    """

    def __init__(
        self, name: str, size: int, queue_limit: int, queue_wait_s: float, *, taken: str, client_limit: int = 0
    ) -> None:
        super().__init__(name, size, queue_limit, queue_wait_s, taken=taken, client_limit=client_limit)
        self.coming = 0
        self._share: Share[JobT] = Share(size)

    def add(self, job: JobT) -> None:
        """Has a job begun as soon as there is a place, for which a long one may have to make way.

        Raises: Busy; OverBudget.
        """
        super().add(job)
        self._make_room()

    def took_long(self, job: JobT) -> None:
        """Notes that a job has had its place for long: it may have to make way."""
        self._share.took_long(job)
        self._make_room()

    @property
    def wanted(self) -> int:
        """How many jobs wait that may have any place."""
        return self.waiting.count(self._share.is_light)

    def _make_room(self) -> None:
        """Ends long jobs until enough places are about to come for light clients, or few enough are held.

        Asked whenever one more waits or one more is long: at no other time can there be too many.
        """
        while self.wanted > self.coming:
            job = self._share.to_go()
            if job is None:
                break
            job.make_way()

    def may_start(self, client: Hashable) -> bool:
        """Whether a client may have one of the places that are free: some are kept for those with short jobs."""
        return self._share.may_start(client)

    def start(self, job: JobT) -> None:
        """Gives a job one of the places that are free."""
        self._share.begin(job)
        super().start(job)
