"""What an application can know and end of the connection that its answer goes to, which the framework does not say."""

from typing import Final

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

LINE: Final = "clustergraph.line"  # where the connection puts it into the scope of a request


class Line:
    """The connection of one request. Of another server's nothing is known, and it ends what is left open itself."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle | None) -> None:
        self._cycle = cycle

    @property
    def is_lost(self) -> bool:
        """Whether what is sent now goes nowhere."""
        return self._cycle is not None and self._cycle.disconnected

    def cut(self) -> None:
        """Ends the connection behind what was sent, so that the answer has no end."""
        if self._cycle is not None:
            self._cycle.disconnected = True  # else the server would say in its log what we say better
            self._cycle.transport.close()


_UNKNOWN: Final = Line(None)


def line_of(scope: Scope) -> Line:
    """The connection that a request came by."""
    line: Line = scope.get(LINE, _UNKNOWN)
    return line
