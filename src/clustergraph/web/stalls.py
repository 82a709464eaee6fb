"""Whether a client takes what is held for it, and not just a little now and then."""

import asyncio
from typing import Final

from clustergraph.jobs import STALL_LIMIT_S

SLOWEST_BYTES_S: Final = 8_192  # that a reader takes of what is held for it, looked at every STALL_LIMIT_S


class StallWatch:
    """Ends a connection whose client stalls.

    Shape: `since_s` is when it began to watch, by the clock of the loop; None while it does not.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.since_s: float | None = None
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """Watches from now on, if it does not yet."""
        if self._timer is None:
            self.since_s = self._loop.time()
            self._look_later(transport)

    def end(self) -> None:
        """Watches no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.since_s = None

    def _look_later(self, transport: asyncio.Transport) -> None:
        held_bytes = transport.get_write_buffer_size()
        self._timer = self._loop.call_later(STALL_LIMIT_S, self._look, transport, held_bytes)

    def _look(self, transport: asyncio.Transport, before_bytes: int) -> None:
        if before_bytes - transport.get_write_buffer_size() >= STALL_LIMIT_S * SLOWEST_BYTES_S:
            self._look_later(transport)
        else:
            self.end()
            transport.abort()
