"""A queue in which clients take turns, so that one who sends much does not stand before those who send little.

Knows nothing of HTTP, workers or clocks.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_Item = TypeVar("_Item", bound=Hashable)


class FairQueue(Generic[_Item]):
    """Items by client: the clients in turn, and each client's items in the order in which they came.

    Shape: every operation takes the same time however many items and clients there are. An item stands in it once.

    >>> queue = FairQueue[str]()
    >>> for client, item in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1")]:
    ...     queue.put(client, item)
    >>> [queue.take() for _ in range(len(queue))]
    ['a1', 'b1', 'a2', 'a3']
    """

    def __init__(self) -> None:
        # Ordered dictionaries, not plain ones: to take the first entry of a plain one, its gaps are walked through.
        self._lines: OrderedDict[Hashable, OrderedDict[_Item, None]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def length_of(self, client: Hashable) -> int:
        """How many items of a client stand in it."""
        return len(self._lines.get(client, ()))

    def put(self, client: Hashable, item: _Item) -> None:
        """Adds an item at the end of its client's line."""
        line = self._lines.get(client)
        if line is None:
            line = self._lines[client] = OrderedDict()
        self._length += item not in line
        line[item] = None

    def take(self) -> _Item:
        """Removes the next item: the first of the client whose turn it is.

        Raises: IndexError if there is none.
        """
        if not self._lines:
            message = "nothing waits"
            raise IndexError(message)
        client, line = self._lines.popitem(last=False)
        item, _ = line.popitem(last=False)
        self._length -= 1
        if line:
            self._lines[client] = line
        return item

    def discard(self, client: Hashable, item: _Item) -> bool:
        """Removes an item that no longer wants its turn; whether it was there."""
        line = self._lines.get(client)
        if line is None or item not in line:
            return False
        del line[item]
        self._length -= 1
        if not line:
            del self._lines[client]
        return True
