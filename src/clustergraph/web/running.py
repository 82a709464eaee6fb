"""The queries under way, and how whoever sent one ends it. Knows no query text.

An id means something for the client alone that sent it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from clustergraph.errors import NotFound, ParameterUnsuitable

QUERY_ID: Final = "X-Query-Id"
ID: Final = re.compile(r"[A-Za-z0-9._-]{16,64}")

QUEUED: Final = "queued"
EVALUATING: Final = "evaluating"
STREAMING: Final = "streaming"
STATES: Final = (QUEUED, EVALUATING, STREAMING)


Name = tuple[str | None, str]
"""The client that sent a query, None where it has no budget, and the id that it gave it."""


class Entry:
    """One query under way.

    Shape: `name` is None where it has no id; `state` is one of STATES, `form` such as SELECT.
           `cancelled` tells who runs it that it was not a failure.
    """

    __slots__ = ("_cancel", "began_s", "cancelled", "form", "name", "state")

    def __init__(self, name: Name | None, form: str | None, cancel: Callable[[], object], began_s: float) -> None:
        self.name = name
        self.form = form
        self.began_s = began_s
        self.state = QUEUED
        self.cancelled = False
        self._cancel = cancel

    def cancel(self) -> None:
        """Ends the query; a second call does nothing."""
        if not self.cancelled:
            self.cancelled = True
            self._cancel()

    def forget(self) -> None:
        """Lets go of who runs it, who holds this in turn: nothing waits for a collection then."""
        self._cancel = _nothing


def _nothing() -> None:
    """What there is to end of a query that has ended."""


class Running:
    """The queries under way, by the ids that their senders chose.

    Units: `now_s` is the reading of a monotonic clock, in seconds.
    """

    def __init__(self) -> None:
        self._entries: dict[Entry, None] = {}
        self._by_name: dict[Name, dict[Entry, None]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def begin(
        self,
        query_id: str | None,
        form: str | None,
        cancel: Callable[[], object],
        now_s: float,
        client: str | None = None,
    ) -> Entry:
        """Adds a query. `cancel` is called at most once, on the event loop, and must not raise."""
        entry = Entry(None if query_id is None else (client, query_id), form, cancel, now_s)
        self._entries[entry] = None
        if entry.name is not None:
            self._by_name.setdefault(entry.name, {})[entry] = None
        return entry

    def end(self, entry: Entry) -> None:
        """Removes a query, however it ended. A second call does nothing."""
        entry.forget()
        self._entries.pop(entry, None)
        namesakes = self._by_name.get(entry.name) if entry.name else None
        if entry.name and namesakes is not None:
            namesakes.pop(entry, None)
            if not namesakes:
                del self._by_name[entry.name]

    def told(self, now_s: float, query_id: str | None = None, client: str | None = None) -> dict[str, Any]:
        """What /running says of all queries, or of those that a client gave an id.

        Shape: {"count": n, "queries": [{"seconds", "state", "form"}]}, the oldest first; never an id.
        Raises: NotFound if no query of this client has the id.
        """
        entries = self._entries if query_id is None else self._of(query_id, client)
        told = [
            {"seconds": round(now_s - one.began_s, 3), "state": one.state, "form": one.form or None} for one in entries
        ]
        return {"count": len(told), "queries": told}

    def cancel(self, query_id: str, client: str | None = None) -> int:
        """How many queries were ended: all that this client gave the id.

        Raises: NotFound if it gave it to none.
        """
        entries = list(self._of(query_id, client))
        for entry in entries:
            entry.cancel()
        return len(entries)

    def by_state(self) -> Mapping[tuple[str, ...], float]:
        """How many queries are in each state."""
        counts = dict.fromkeys(STATES, 0.0)
        for entry in self._entries:
            counts[entry.state] += 1
        return {(state,): number for state, number in counts.items()}

    def _of(self, query_id: str, client: str | None) -> Mapping[Entry, None]:
        entries = self._by_name.get((client, query_id))
        if entries is None:
            # The id is not repeated: whoever asks knows it, and nobody else should read it in an answer.
            message = f"no query under way has this id: it may have ended; ids are sent as {QUERY_ID} with the query"
            raise NotFound(message)
        return entries


def query_id_of(value: str | None) -> str | None:
    """The id in a header of a request, None where there is none.

    Raises: ParameterUnsuitable for one that is too short to be unguessable, or of other characters.

    >>> query_id_of("3f0c9d52-6b1e-4a57")
    '3f0c9d52-6b1e-4a57'
    """
    if value is None or ID.fullmatch(value):
        return value
    message = f"{QUERY_ID} must be 16 to 64 letters, digits, dots, hyphens or underscores: take a random one, as a UUID"
    raise ParameterUnsuitable(message)
