"""The body of an answer as it arrives, in no more pieces than whoever takes them can bear. Knows nothing of HTTP."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

HELD_BYTES: Final = 1 << 16  # that nobody has taken; above it the sender waits
TURN_S: Final = 0.005  # of one read: then all others have their turn


async def gathered(source: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same bytes, those that came meanwhile as one piece.

    Shape: a source that always has something never waits, so reading it lets nobody else run: neither who is served
           beside it nor the deadline. It is read in a task of its own, which gives way.
    """
    reading = _Reading(source)
    task = asyncio.create_task(reading.run())
    try:
        while piece := await reading.taken():
            yield piece
        await task  # raises what broke it
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _Reading:
    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self._source = source
        self._held = bytearray()
        self._is_over = False
        self._arrived, self._room = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Reads to the end, no faster than it is taken."""
        try:
            since = time.monotonic()
            async for piece in self._source:
                self._held += piece
                self._arrived.set()
                if len(self._held) > HELD_BYTES:
                    self._room.clear()
                    await self._room.wait()
                if time.monotonic() - since > TURN_S:
                    await asyncio.sleep(0)
                    since = time.monotonic()
        finally:
            self._is_over = True
            self._arrived.set()

    async def taken(self) -> bytes:
        """What has arrived, once something has; nothing at the end."""
        while not self._held and not self._is_over:
            self._arrived.clear()
            await self._arrived.wait()
        piece = bytes(self._held)
        self._held.clear()
        self._room.set()
        return piece
