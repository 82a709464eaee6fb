"""One HTTP connection, with limits on its head and its pace that the server's own protocol class does not have."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from clustergraph.jobs import STALL_LIMIT_S

HEAD_LIMIT_BYTES: Final = 65_536  # of request line and headers together
HEAD_TIME_LIMIT_S: Final = (
    10.0  # for a whole head to arrive, from the moment its connection is made or its first byte comes
)

_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_TOO_MANY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose head is too large or too slow, whose body outlives its answer, or whose reader stalls.

    Source: RFC 9110, section 15.5.22 and RFC 6585, section 5 (431).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._in_message = False
        self._is_last = False  # whether the connection ends with the answer that is under way
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the clock of the first head, or turns the client away where too many are there, idle or not."""
        super().connection_made(transport)
        self._start_clock()
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            transport.write(_TOO_MANY)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks."""
        self._stop_clock()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of a head before anything parses them."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._start_clock()
            end = data.find(b"\r\n\r\n")
            if self._head_bytes - (len(data) - end - 4 if end >= 0 else 0) > HEAD_LIMIT_BYTES:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Notes that the first byte of a request has come."""
        super().on_message_begin()
        self._in_message = True

    def on_headers_complete(self) -> None:
        """Ends the head."""
        self._in_head = False
        self._head_bytes = 0
        self._stop_clock()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What follows is the next head; its clock starts with its first byte."""
        super().on_message_complete()
        self._in_head = True
        self._in_message = False
        self._stop_clock()

    def on_response_complete(self) -> None:
        """Gives the rest of a body that was not waited for as long as a head; nobody else watches over it."""
        super().on_response_complete()
        if not self._in_head and self._head_timer is None:
            self._start_clock()

    def pause_writing(self) -> None:
        """Watches whether the client takes what is held for it."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Watches no more: it took it."""
        self._stop_watching()
        super().resume_writing()

    def _watch(self, held_bytes: int) -> None:
        self._stall_timer = self.loop.call_later(STALL_LIMIT_S, self._judge, held_bytes)

    def _judge(self, before_bytes: int) -> None:
        held_bytes = self.transport.get_write_buffer_size()
        if held_bytes < before_bytes:
            self._watch(held_bytes)
        else:
            self._stall_timer = None
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _start_clock(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_TIME_LIMIT_S, self._give_up)

    def _stop_clock(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.abort()

    def _send(self, status_line: bytes, head: bytes, body: bytes = b"") -> None:
        if not self.transport.is_closing():
            last = b"connection: close\r\n" if self._is_last else b""
            self.transport.write(b"".join((status_line, self._date(), last, head, body)))
            self._arm()

    def _date(self) -> bytes:
        return b"".join(b"%s: %s\r\n" % one for one in self.server_state.default_headers)

    def _arm(self) -> None:
        """Starts the clock of the time between two requests."""
        self.server_state.total_requests += 1
        self._stop_clock()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
