"""One HTTP connection, with limits on its head that the server's own protocol class does not have."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT_BYTES: Final = 65_536  # of request line and headers together
HEAD_TIME_LIMIT_S: Final = (
    10.0  # for a whole head to arrive, from the moment its connection is made or its first byte comes
)

_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request head is too large or too slow.

    Source: RFC 9110, section 15.5.22 and RFC 6585, section 5 (431).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._in_message = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the clock of the first head."""
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of a head before anything parses them."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._start_clock()
            if self._head_bytes > HEAD_LIMIT_BYTES and b"\r\n\r\n" not in data[:HEAD_LIMIT_BYTES]:
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
