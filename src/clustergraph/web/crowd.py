"""Who leaves when more connections come than are held: never one whose answer is being made."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Held(Protocol):
    """One connection, as far as its place is concerned."""

    @property
    def client_now(self) -> str | None:
        """The client whose connections are counted together; None if they are not."""

    @property
    def waits_since_s(self) -> float | None:
        """When it began to wait for the rest of a head or body; None if it does not wait, or is served meanwhile."""

    @property
    def reads_since_s(self) -> float | None:
        """When its client began to take what is held for it; None where nothing is."""


_Held = TypeVar("_Held", bound=Held)


def yielding(connections: Iterable[_Held], client: str | None) -> _Held | None:
    """The connection whose place one more of a client may have.

    Shape: among the clients that hold at least two more than this one, the one that holds most gives up the connection
           that has waited longest for a head or body; if none waits, the one that has taken longest over an answer.
           None if there is none; so no two clients push each other out in turn, and who has one connection keeps it.
           Connections that nobody counts stay.
    """
    counted = [(one, name) for one in connections if (name := one.client_now) is not None]
    held = Counter(name for _, name in counted)
    own = held[client] if client is not None else 0
    leaving = [
        (-held[name], is_read, since_s, number, one)
        for number, (one, name) in enumerate(counted)
        if held[name] >= own + 2
        for is_read, since_s in enumerate((one.waits_since_s, one.reads_since_s))
        if since_s is not None
    ]
    return min(leaving)[4] if leaving else None
