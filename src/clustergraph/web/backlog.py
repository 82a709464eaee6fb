"""How much a server holds for its connections: bodies not yet answered, answers not yet taken. Knows no protocol."""

import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final, Protocol

HELD_LIMIT_BYTES: Final = 64 << 20
SHARE: Final = 0.25  # of it, above which a client makes room before those who hold little, whatever moves
REST_S: Final = 1.0  # after which what does not move is held for nothing
BODY: Final = "body"
ANSWER: Final = "answer"


class Holder(Protocol):
    """A connection that something is held for."""

    @property
    def client_now(self) -> str | None:
        """The client that it counts for; None for all whom nobody counts together."""

    @property
    def unread_bytes(self) -> int:
        """What its client has not taken yet."""

    def drop(self) -> None:
        """Ends at once: what is held for it is needed no more."""


class Shared(Protocol):
    """A body that several connections are sent without a copy for each, and that a cache may have."""

    body: bytes

    @property
    def is_kept(self) -> bool:
        """Whether the cache has it, so that nothing is gained where a connection loses it."""


@dataclass(eq=False)
class _Part:
    """Shape: `moved_s` is when some of it last came or went, by a monotonic clock; infinite where none is to."""

    size: int
    shared: Shared | None
    moved_s: float


class Backlog:
    """The bytes that are held for all connections of a server.

    Shape: `held_bytes` is never less than they are: what a client has taken meanwhile, and what the cache has, is only
           looked at where the bound is reached. What several connections share counts once.
    """

    def __init__(self) -> None:
        self.held_bytes = 0
        self._parts: dict[tuple[Holder, str], _Part] = {}
        self._sharing: Counter[Shared] = Counter()  # how many parts have it

    def hold(
        self, holder: Holder, what: str, size: int, *, shared: Shared | None = None, is_whole: bool = False
    ) -> None:
        """Notes what is held for a connection now; where that is too much for all, others lose what they hold.

        Shape: `is_whole` where nobody waits for more of it to come or go.
        """
        before = self._parts.get((holder, what))
        if before is not None and before.shared is shared is None:  # in its old place: it is held since then
            self.held_bytes += size - before.size
            before.size, before.moved_s = size, math.inf if is_whole else time.monotonic()
        else:
            self.release(holder, what)
            self._parts[holder, what] = _Part(size, shared, math.inf if is_whole else time.monotonic())
            self.held_bytes += size if shared is None else 0 if self._sharing[shared] else len(shared.body)
            if shared is not None:
                self._sharing[shared] += 1
        if self.held_bytes > HELD_LIMIT_BYTES:
            self._make_room()

    def release(self, holder: Holder, what: str) -> None:
        """Notes that a connection has no more of something."""
        part = self._parts.pop((holder, what), None)
        if part is None:
            return
        if part.shared is None:
            self.held_bytes -= part.size
            return
        self._sharing[part.shared] -= 1
        if not self._sharing[part.shared]:
            del self._sharing[part.shared]
            self.held_bytes -= len(part.shared.body)

    def forget(self, holder: Holder) -> None:
        """Notes that a connection has ended."""
        self.release(holder, BODY)
        self.release(holder, ANSWER)

    def _make_room(self) -> None:
        """Looks at what is held by now, and ends connections until it is little enough."""
        self._look()
        kept = sum(len(one.body) for one in self._sharing if one.is_kept)
        while self.held_bytes - kept > HELD_LIMIT_BYTES:
            leaving = self._first_to_go()
            self.forget(leaving)
            leaving.drop()

    def _look(self) -> None:
        now_s = time.monotonic()
        for (holder, what), part in self._parts.items():
            if what == ANSWER and part.shared is None and holder.unread_bytes < part.size:
                self.held_bytes -= part.size - holder.unread_bytes
                part.size, part.moved_s = holder.unread_bytes, now_s

    def _first_to_go(self) -> Holder:
        """The connection for which something is held longest, of who holds most.

        Shape: first of who holds more than SHARE of what all may, or half of that where nothing moves for it; of them,
               and then of all others, those for whom nothing moves go before.
        """
        at_rest_s, held, leaving = time.monotonic() - REST_S, Counter[str | None](), []
        for (holder, _), part in self._parts.items():
            if part.shared is None or not part.shared.is_kept:
                size = part.size if part.shared is None else len(part.shared.body) // self._sharing[part.shared]
                held[holder.client_now] += size
                leaving.append((part.moved_s > at_rest_s, holder))
        share = SHARE * HELD_LIMIT_BYTES

        def place(one: tuple[bool, Holder]) -> tuple[bool, bool, int]:
            is_moving, client = one[0], one[1].client_now
            is_above = client is not None and held[client] > (share if is_moving else share / 2)
            return not is_above, is_moving, -held[client]

        return min(leaving, key=place)[1]
