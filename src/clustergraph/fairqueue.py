"""A queue in which clients take turns, so that one who sends much does not stand before those who send little.

Knows nothing of HTTP, workers or clocks.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Item = TypeVar("_Item", bound=Hashable)


def anybody(_: Hashable) -> bool:
    """Every client may have a turn."""
    return True


class FairQueue(Generic[_Item]):
    """Items by client: the clients in turn, and each client's items in the order in which they came.

    Shape: every operation takes the same time however many items and clients there are, but for those that are told
           which clients count: they look at one after the other. An item stands in it once.

    >>> queue = FairQueue[str]()
    >>> for client, item in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1")]:
    ...     queue.put(client, item)
    >>> [queue.take() for _ in range(len(queue))]
    ['a1', 'b1', 'a2', 'a3']
    """

    def __init__(self) -> None:
        # Ordered dictionaries, not plain ones: to take the first entry of a plain one, its gaps are walked through.
        self._lines: OrderedDict[Hashable, OrderedDict[_Item, None]] = OrderedDict()
        self._clients: dict[int, OrderedDict[Hashable, None]] = {}  # by the length of their lines
        self._longest = 0
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def length_of(self, client: Hashable) -> int:
        """How many items of a client stand in it."""
        return len(self._lines.get(client, ()))

    def count(self, may: Callable[[Hashable], bool]) -> int:
        """How many items stand in it of clients that may have a turn."""
        return sum(len(line) for client, line in self._lines.items() if may(client))

    def put(self, client: Hashable, item: _Item) -> None:
        """Adds an item at the end of its client's line."""
        line = self._lines.get(client)
        if line is None:
            line = self._lines[client] = OrderedDict()
        if item not in line:
            line[item] = None
            self._grew(client, len(line), 1)

    def take(self, may: Callable[[Hashable], bool] = anybody) -> _Item:
        """Removes the next item: the first of the client whose turn it is, of those that may have one.

        Raises: IndexError if there is none.
        """
        for client in self._lines:
            if may(client):
                break
        else:
            message = "nothing waits"
            raise IndexError(message)
        line = self._lines.pop(client)
        item, _ = line.popitem(last=False)
        self._grew(client, len(line), -1)
        if line:
            self._lines[client] = line
        return item

    def make_room(self, client: Hashable) -> _Item | None:
        """Removes the last item of the longest line, which one more of a client may have the place of.

        Shape: None, and nothing is removed, unless that line is the longer one even then: so no two clients push each
               other out in turn, and whoever has one item in it keeps that.
        """
        if self._longest < self.length_of(client) + 2:
            return None
        longest = next(iter(self._clients[self._longest]))  # of several, the one whose line changed longest ago
        item = next(reversed(self._lines[longest]))
        self.discard(longest, item)
        return item

    def discard(self, client: Hashable, item: _Item) -> bool:
        """Removes an item that no longer wants its turn; whether it was there."""
        line = self._lines.get(client)
        if line is None or item not in line:
            return False
        del line[item]
        self._grew(client, len(line), -1)
        if not line:
            del self._lines[client]
        return True

    def _grew(self, client: Hashable, length: int, by: int) -> None:
        """Notes that a line is so long now, one item more or fewer than before."""
        self._length += by
        before = self._clients.get(length - by)
        if before is not None:
            before.pop(client, None)
            if not before:
                del self._clients[length - by]
        if length:
            self._clients.setdefault(length, OrderedDict())[client] = None
        # By one more or fewer, the longest line is another one by no more than that.
        self._longest = max(self._longest, length) if by > 0 else self._longest - (self._longest not in self._clients)
