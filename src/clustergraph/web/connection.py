"""One HTTP connection, with limits on its head and its pace that the server's own protocol class does not have."""

import asyncio
import re
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from clustergraph.jobs import STALL_LIMIT_S
from clustergraph.web.line import LINE, Line

HEAD_LIMIT_BYTES: Final = 65_536  # of request line and headers together
HEAD_TIME_LIMIT_S: Final = (
    10.0  # for a whole head to arrive, from the moment its connection is made or its first byte comes
)

COPIED_BYTES: Final = 16_384  # of a body that is sent in one piece with its head
PIPELINE_LIMIT: Final = 64  # requests sent ahead that wait for the answer to one before them
BODY_LIMIT_BYTES: Final = 4 << 20  # of a body as it is sent, chunk sizes and trailers included
# An upgrade is offered, never demanded: we go on in HTTP/1.1, as those who sent it expect (RFC 9110, section 7.8).
_UPGRADE: Final = re.compile(rb"(?<=\r\n)upgrade:[^\r\n]*\r\n", re.IGNORECASE)
_VERSIONS: Final = ("1.0", "1.1")

_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_TOO_MANY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class _Refused(Exception):
    """What a client sends is more than we take; the parser ends with it."""


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
        self._body_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the clock of the first head, or turns the client away where too many are there, idle or not."""
        super().connection_made(transport)
        self._start_clock()
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            self._turn_away()

    def _turn_away(self) -> None:
        self.transport.write(_TOO_MANY)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks."""
        self._stop_clock()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of a request before anything parses them."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._start_clock()
            end = data.find(b"\r\n\r\n")
            if self._head_bytes - (len(data) - end - 4 if end >= 0 else 0) > HEAD_LIMIT_BYTES:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
            if not self._in_message and end >= 0:
                data = _UPGRADE.sub(b"", data[: end + 2]) + data[end + 2 :]
        else:
            self._body_bytes += len(data)
            if self._body_bytes > BODY_LIMIT_BYTES:
                self._abort()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Notes that the first byte of a request has come."""
        super().on_message_begin()
        self._in_message = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header line; a trailer, which comes behind the body, changes nothing that was decided before it.

        Source: RFC 9110, section 6.5.1.
        """
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Ends the head.

        Raises: _Refused for another version of HTTP, for more requests than are held while one is answered, and for an
                upgrade that was not seen before: the parser would take what follows for something else.
        """
        self._in_head = False
        self._head_bytes = self._body_bytes = 0
        self._stop_clock()
        is_other = self.parser.get_http_version() not in _VERSIONS or self.parser.should_upgrade()
        if is_other or len(self.pipeline) >= PIPELINE_LIMIT:
            raise _Refused
        super().on_headers_complete()
        self.scope[LINE] = Line(self.cycle)  # type: ignore[typeddict-unknown-key]

    def send_400_response(self, msg: str) -> None:
        """Tells that a request cannot be read, where no answer to another one is under way."""
        if self.cycle is None or self.cycle.response_complete:
            super().send_400_response(msg)
        else:
            self._abort()

    def _abort(self) -> None:
        """Ends the connection at once; what is under way for it is told first, so that it writes nothing more."""
        for cycle in (self.cycle, *(one for one, _ in self.pipeline)):
            if cycle is not None:
                cycle.disconnected = True
        self.pipeline.clear()
        self.transport.abort()

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
            beginning = b"".join((status_line, self._date(), last, head))
            if len(body) <= COPIED_BYTES:
                self.transport.write(beginning + body)
            else:  # the one copy in the cache serves all who are being sent it
                self.transport.write(beginning)
                self.transport.write(body)
            self._arm()

    def _date(self) -> bytes:
        return b"".join(b"%s: %s\r\n" % one for one in self.server_state.default_headers)

    def _arm(self) -> None:
        """Starts the clock of the time between two requests."""
        self.server_state.total_requests += 1
        self._stop_clock()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
