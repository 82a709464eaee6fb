"""How much a server holds for its connections: bodies not yet answered, answers not yet taken. Knows no protocol."""

from collections import Counter
from typing import Final, NamedTuple, Protocol

HELD_LIMIT_BYTES: Final = 64 << 20
BODY: Final = "body"
ANSWER: Final = "answer"


class Holder(Protocol):
    """A connection that something is held for."""

    @property
    def client_now(self) -> str | None:
        """The client that it counts for; None for all whom nobody counts together."""

    def drop(self) -> None:
        """Ends at once: what is held for it is needed no more."""


class _Part(NamedTuple):
    size: int
    shared: object  # what several connections may be sent, without a copy for each; None for what is its own


class Backlog:
    """The bytes that are held for all connections of a server.

    Shape: `held_bytes` counts once what several connections share.
    """

    def __init__(self) -> None:
        self.held_bytes = 0
        self._parts: dict[tuple[Holder, str], _Part] = {}
        self._sharing: Counter[int] = Counter()  # how many parts have the object of an id, which they keep alive

    def hold(self, holder: Holder, what: str, size: int, shared: object = None) -> None:
        """Notes what is held for a connection now; where it is too much for all, who has most loses what came first."""
        self.release(holder, what)
        if shared is not None:
            self._sharing[id(shared)] += 1
        if shared is None or self._sharing[id(shared)] == 1:
            self.held_bytes += size
        self._parts[holder, what] = _Part(size, shared)
        while self.held_bytes > HELD_LIMIT_BYTES:
            leaving = self._first_to_go()
            self.forget(leaving)
            leaving.drop()

    def release(self, holder: Holder, what: str) -> None:
        """Notes that a connection has no more of something."""
        part = self._parts.pop((holder, what), None)
        if part is None:
            return
        if part.shared is not None:
            self._sharing[id(part.shared)] -= 1
        if part.shared is None or not self._sharing[id(part.shared)]:
            self.held_bytes -= part.size
            del self._sharing[id(part.shared)]

    def forget(self, holder: Holder) -> None:
        """Notes that a connection has ended."""
        self.release(holder, BODY)
        self.release(holder, ANSWER)

    def _first_to_go(self) -> Holder:
        """The connection for which something is held longest, of the client for whom most is held."""
        held: Counter[str | None] = Counter()
        oldest: dict[str | None, Holder] = {}
        for (holder, _), part in self._parts.items():
            client = holder.client_now
            held[client] += part.size
            oldest.setdefault(client, holder)
        return oldest[held.most_common(1)[0][0]]
