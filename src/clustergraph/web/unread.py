"""An answer whose request is not over before its client has taken it."""

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from clustergraph.web.line import line_of


class TakenResponse(Response):
    """An answer that gives back what it took once its client has taken it or is gone."""

    def __init__(self, answer: Response, give_back: Callable[[], None]) -> None:
        self._answer = answer
        self._give_back = give_back
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, and waits."""
        try:
            await self._answer(scope, receive, send)
            self._answer.body = b""  # the connection has its own
            await line_of(scope).taken()
        finally:
            self._give_back()
