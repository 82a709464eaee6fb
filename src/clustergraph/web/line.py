"""What an application can know and end of the connection that its answer goes to, which the framework does not say."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

LINE: Final = "clustergraph.line"  # where the connection puts it into the scope of a request


class Line:
    """The connection of one request. Of another server's nothing is known, and it ends what is left open itself."""

    __slots__ = ("_close", "_cycle", "awaits_body")

    def __init__(self, cycle: RequestResponseCycle | None, close: Callable[[], None] = lambda: None) -> None:
        self._cycle = cycle
        self._close = close
        self.awaits_body = False  # whether nothing is done for the request before its body is there

    @contextmanager
    def awaiting_body(self) -> Iterator[None]:
        """Tells the connection that it is worth no more than an idle one as long as this lasts."""
        self.awaits_body = True
        try:
            yield
        finally:
            self.awaits_body = False

    @property
    def is_lost(self) -> bool:
        """Whether what is sent now goes nowhere."""
        return self._cycle is not None and self._cycle.disconnected

    async def taken(self) -> None:
        """Returns when the client has taken what was sent, but for what fits the buffers of the system, or is gone."""
        if self._cycle is not None:
            await self._cycle.flow.drain()

    def drop(self) -> None:
        """Ends the connection at once if its answer has begun: what the client has not read is not sent any more."""
        if self._cycle is not None and self._cycle.response_started:
            self._cycle.transport.abort()

    def cut(self) -> None:
        """Ends the connection behind what was sent, so that the answer has no end."""
        if self._cycle is not None:
            self._cycle.disconnected = True  # else the server would say in its log what we say better
            self._close()


def line_of(scope: Scope) -> Line:
    """The connection that a request came by."""
    line: Line | None = scope.get(LINE)
    return line or Line(None)
