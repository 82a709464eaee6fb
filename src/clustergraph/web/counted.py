"""One HTTP connection, counted with the others of its client."""

import asyncio
from typing import Any

from clustergraph.web.clients import client_of, connected_client
from clustergraph.web.connection import BoundedProtocol
from clustergraph.web.desk import Desk
from clustergraph.web.plain import forwarding_in


class CountedProtocol(BoundedProtocol):
    """A connection that knows whose it is.

    Shape: `_plain` is the request that was taken last, if the framework was not asked.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counted: str | None = None  # the client of this connection, if its connections are counted
        self._plain = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Notes who is there, and turns away a client that has too many connections."""
        super().connection_made(transport)
        self._peer: str | None = self.client[0] if self.client else None
        if (app := self.app_state.get("app")) is not None and not self.transport.is_closing():
            self._desk: Desk = app.state.desk
            self.backlog = self._desk.backlog
            if self._desk.budgets.connect(client := self._client()):
                self._counted = client
            else:
                self._turn_away()

    def connection_lost(self, exc: Exception | None) -> None:
        """Counts it no more."""
        if self._counted is not None:
            self._desk.budgets.disconnect(self._counted)
        super().connection_lost(exc)

    def _client(self) -> str | None:
        peer, app = self.client[0] if self.client else None, self.app_state.get("app")
        return connected_client(peer, app.state.served.version.site.settings) if app else None

    @property
    def client_now(self) -> str | None:
        """The client of this connection; of one from the trusted proxy, the client of its last request."""
        app = self.app_state.get("app")
        if self._counted is not None or app is None:
            return self._counted
        headers = forwarding_in(self._plain) if self._plain else self.scope["headers"] if self.scope else ()
        return client_of(self._peer, headers, app.state.served.version.site.settings)
