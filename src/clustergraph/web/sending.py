"""One HTTP connection, as far as what is sent on it is concerned: who takes it, how fast, and how much is held."""

from typing import Any, Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from clustergraph.web.backlog import ANSWER, Backlog, Shared
from clustergraph.web.stalls import StallWatch

COPIED_BYTES: Final = 16_384  # of a body that is sent in one piece with its head


class SendingProtocol(HttpToolsProtocol):
    """Sends answers of our own beside the framework's, and closes a connection whose reader stalls.

    Shape: `backlog` counts what is held for it; None where nobody counts.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.backlog: Backlog | None = None
        self._is_last = False  # whether the connection ends with the answer that is under way
        self._at_work: RequestResponseCycle | None = None  # the one that was begun last
        self._shared: Shared | None = None  # what it is sent that others are sent as well
        self._stalls = StallWatch(self.loop)

    @property
    def client_now(self) -> str | None:
        """The client that this connection counts for; None if nobody's connections are counted with it."""
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops whatever is under way; what was sent ahead is not begun."""
        self._stalls.end()
        if self.backlog is not None:
            self.backlog.forget(self)
        self._tell_all()
        super().connection_lost(exc)

    @property
    def unread_bytes(self) -> int:
        """What is held for its client, which has not taken it yet."""
        return self.transport.get_write_buffer_size()

    @property
    def reads_since_s(self) -> float | None:
        """When its client began to take an answer, by the clock of the loop; None where nothing is held for it."""
        if not self.unread_bytes:
            return None
        return self.loop.time() if self._stalls.since_s is None else self._stalls.since_s

    @property
    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def pause_writing(self) -> None:
        """Watches whether the client takes what is held for it, and not just a little now and then."""
        super().pause_writing()
        self._stalls.begin(self.transport)
        if self.backlog is not None:
            self.backlog.hold(self, ANSWER, self.unread_bytes, shared=self._shared)

    def resume_writing(self) -> None:
        """Watches no more: it took nearly all of it."""
        self._stalls.end()
        if self.backlog is not None:
            self.backlog.release(self, ANSWER)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Ends a connection that nothing came by."""
        self._see_out()
        super().timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._at_work = cycle
        super()._start_asgi_task(cycle, app)

    def drop(self) -> None:
        """Ends the connection at once: what is held for it is not sent any more."""
        self._tell_all()
        self.transport.abort()

    def _tell_all(self) -> None:
        """Tells whatever is under way for the connection that it has ended, so that it writes nothing more."""
        # The server's own class tells the request that came last, which has not begun where others stand before it.
        for cycle in (self._at_work, self.cycle, *(one for one, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()

    def _send(self, status_line: bytes, head: bytes, body: bytes = b"", shared: Shared | None = None) -> None:
        if not self.transport.is_closing():
            beginning, self._shared = self._beginning(status_line, head), shared
            if len(body) <= COPIED_BYTES:
                self.transport.write(beginning + body)
            else:  # the one copy in the cache serves all who are being sent it
                self.transport.write(beginning)
                self.transport.write(body)
            self._arm()
            if self._is_last:
                self._close()

    def _close(self) -> None:
        """Ends the connection behind what is held for it."""
        self.transport.close()
        self._see_out()

    def _see_out(self) -> None:
        """Has what is still held for an ending connection not held for ever."""
        if self.unread_bytes:
            self._stalls.begin(self.transport)

    def _beginning(self, status_line: bytes, head: bytes) -> bytes:
        """The head of an answer, with what is true of all that are sent at this time on this connection."""
        lines = [b"%s: %s\r\n" % one for one in self.server_state.default_headers]
        return b"".join((status_line, *lines, b"connection: close\r\n" if self._is_last else b"", head))

    def _arm(self) -> None:
        """Starts the clock of the time between two requests."""
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
