"""The body of an answer as it arrives, in no more pieces than whoever takes them can bear. Knows nothing of HTTP."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

HELD_BYTES: Final = 1 << 16  # that nobody has taken; above it the sender waits
TURN_S: Final = 0.005  # of one read: then all others have their turn


async def begun(frames: AsyncGenerator[bytes, None]) -> tuple[bytes | None, AsyncGenerator[bytes, None]]:
    """A short body as a whole; of a longer one None, and all of it as it comes.

    Shape: the second is there in both cases, and is closed by whoever does not read it to its end.
    Raises: what breaks the first HELD_BYTES.
    """
    held: list[bytes] = []
    size = 0
    try:
        async for frame in frames:
            held.append(frame)
            size += len(frame)
            if size > HELD_BYTES:
                return None, _rest(held, frames)
    except BaseException:
        await frames.aclose()
        raise
    return b"".join(held), _rest(held, frames)


async def _rest(held: list[bytes], frames: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        while held:
            yield held.pop(0)
        async for frame in frames:
            yield frame
    finally:
        await frames.aclose()


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
