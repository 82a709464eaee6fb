"""Whose long form is read next: one at a time, the clients in turn, and nobody waits for ever. Reads none itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from clustergraph.errors import OverBudget
from clustergraph.lanes import Lane, Turn
from clustergraph.settings import Settings

FORM_QUEUE: Final = 512  # long forms that may wait; as many as connections, where none was left by its client


class Forms:
    """The long forms of one server.

    Shape: a client may have one waiting on each of its connections, as whoever waits sends nothing else meanwhile.
           `refused` is called for one whose place went to a client with fewer.
    """

    def __init__(self, settings: Settings, refused: Callable[[], None]) -> None:
        self._refused = refused
        self._lane: Lane[None, Turn[None]] = Lane(
            "forms", 1, FORM_QUEUE, settings.queue_wait_s, taken="a long form is being read"
        )
        self._lane.hand_out(None)

    @asynccontextmanager
    async def turn(self, client: str | None) -> AsyncIterator[None]:
        """Lasts as long as no other form may be read.

        Raises: Busy where the others take too long; Busy and OverBudget where too many wait.
        """
        try:
            await Turn(client or "", self._lane).place()
        except OverBudget:
            self._refused()
            raise
        try:
            yield
        finally:
            self._lane.give_back(None)
