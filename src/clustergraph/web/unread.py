"""Answers that are held for one client alone until it has taken them: so many bytes of all of them together."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from clustergraph.lanes import first_to_go
from clustergraph.web.line import Line, line_of

HELD_LIMIT_BYTES: Final = 32 << 20


@dataclass(eq=False)
class _Held:
    """One answer that is not yet taken."""

    client: str
    size: int
    line: Line
    began: float = field(default_factory=time.monotonic)


class Unread:
    """The answers of one server that wait to be read."""

    def __init__(self) -> None:
        self._held: list[_Held] = []

    @property
    def held_bytes(self) -> int:
        """How many bytes they have together."""
        return sum(one.size for one in self._held)

    async def taken(self, client: str, size: int, line: Line) -> None:
        """Returns when a client has taken its answer, or lost it: where too much is held, who holds most loses one."""
        one = _Held(client, size, line)
        self._held.append(one)
        try:
            while self.held_bytes > HELD_LIMIT_BYTES:
                leaving = first_to_go(self._held)
                self._held.remove(leaving)
                leaving.line.drop()
            await line.taken()
        finally:
            if one in self._held:
                self._held.remove(one)


class HeldResponse(Response):
    """An answer that is counted as held, and what it took is given back, once its client has taken it or is gone."""

    def __init__(self, answer: Response, client: str, unread: Unread, give_back: Callable[[], None]) -> None:
        self._answer = answer
        self._client = client
        self._unread = unread
        self._give_back = give_back
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, and waits."""
        try:
            size = len(self._answer.body)
            await self._answer(scope, receive, send)
            self._answer.body = b""  # the connection has its own
            await self._unread.taken(self._client, size, line_of(scope))
        finally:
            self._give_back()
