"""One HTTP connection, with limits on its head and its pace that the server's own protocol class does not have."""

import asyncio
import re
from collections import deque
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from clustergraph.web.backlog import BODY
from clustergraph.web.crowd import yielding
from clustergraph.web.line import LINE, Line
from clustergraph.web.sending import COPIED_BYTES, SendingProtocol

HEAD_LIMIT_BYTES: Final = 24_576  # of request line and headers together: an address has a third of that at the most
HEAD_LINES: Final = 100  # of headers in one head; each is handled by itself
HEAD_TIME_LIMIT_S: Final = (
    10.0  # for a whole head to arrive, from the moment its connection is made or its first byte comes
)

PIPELINE_LIMIT: Final = 64  # requests sent ahead that wait for the answer to one before them
AHEAD_BYTES: Final = 4_608  # that one of them takes, as measured, before anything of its own is counted
LINE_BYTES: Final = 112  # that a header line takes beside its text
AHEAD_LIMIT_BYTES: Final = 65_536  # sent ahead while a worker has the request before
BODY_LIMIT_BYTES: Final = 4 << 20  # of a body as it is sent, chunk sizes and trailers included
# An upgrade is offered, never demanded: we go on in HTTP/1.1, as those who sent it expect (RFC 9110, section 7.8).
_UPGRADE: Final = re.compile(rb"(?<=\r\n)upgrade:[^\r\n]*\r\n", re.IGNORECASE)
_VERSIONS: Final = ("1.0", "1.1")
_END: Final = b"\r\n\r\n"  # of a head

_HEAD_LINE: Final = re.compile(rb"(?:\A|\n)HEAD ")  # the parser calls HEADS the same
_NOTHING: Final = b"content-length: 0\r\n\r\n"
_TOO_MANY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class _Refused(Exception):
    """What a client sends is more than we take; the parser ends with it."""


class BoundedProtocol(SendingProtocol):
    """Closes a connection whose head is too large or too slow, whose body outlives its answer, or whose reader stalls.

    Source: RFC 9110, section 15.5.22 and RFC 6585, section 5 (431).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The server's own class would also refuse requests of those who are there, each with a line in the log, where
        # many cycles end at once: one that has ended and the next of its connection are two to it.
        self._connection_limit, self.limit_concurrency = self.limit_concurrency, None
        self._in_head = True
        self._in_message = False
        self._is_too_large = False  # whether the head that is being read is
        self._head_bytes = 0
        self._tail = b""  # of the part of a head that was read before, as far as it may be in the sign that ends one
        self._line_bytes = 0  # of the header lines of one head; what was sent with the head before it is not in them
        self._lines = 0
        self._body_bytes = 0
        self._held = deque[int]()  # bytes for each request that is not answered, in their order
        self._body_since_s = 0.0  # the end of the head before it
        self._wants_body = True
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the clock of the first head, or turns a client away where too many are there, idle or not."""
        super().connection_made(transport)
        self._start_clock()
        if self._connection_limit is not None and len(self.connections) > self._connection_limit:
            others = (one for one in self.connections if isinstance(one, BoundedProtocol) and one is not self)
            leaving = yielding(others, self._client())
            self.connections.discard(leaving or self)  # it is counted no more, whenever its end is told
            (leaving or self)._turn_away()  # of the same class

    def _client(self) -> str | None:
        """The client whose connections this one would be counted with."""
        return None

    def _turn_away(self) -> None:
        if self.unread_bytes:  # else its end would wait until the client has taken that
            self.drop()
            return
        is_answered = self.timeout_keep_alive_task is not None or (not self._in_head and self._is_answered)
        if not is_answered:  # else it would take this for the answer to its next request
            self.transport.write(_TOO_MANY)
        self._tell_all()
        self._close()

    @property
    def waits_since_s(self) -> float | None:
        """When this connection began to wait for the rest of a head or body, by the clock of the loop.

        Shape: None if it does not wait, or something is done for it meanwhile: a query of its is under way, or an
               answer is not yet taken.
        """
        if self.transport.is_closing() or self.unread_bytes:
            return None
        if not self._in_head:
            return self._body_since_s if self._is_answered or self._awaits_body() else None
        if not self._is_answered:
            return None
        if self._head_timer is not None:
            return self._head_timer.when() - HEAD_TIME_LIMIT_S
        idle = self.timeout_keep_alive_task
        return None if idle is None else idle.when() - self.timeout_keep_alive

    def _awaits_body(self) -> bool:
        """Whether the request whose body is coming is the one that has its turn, and waits for nothing else."""
        line: Line = self.scope[LINE]  # type: ignore[typeddict-item]
        return line.awaits_body and not self.pipeline and not self.cycle.response_started

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks, and whatever is under way; what was sent ahead is not begun."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of a request before anything parses them."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_timer is None and self._is_answered:  # else an answer is under way, which has its own limits
                self._start_clock()
            end = self._end_of_head(data)
            if self._head_bytes - (len(data) - end if end else 0) > HEAD_LIMIT_BYTES:
                self._is_too_large = True
                method = self.parser.get_method() if self._in_message else data[:4]
                self._wants_body = method != b"HEAD"
                self.send_400_response("")
                return
            if not self._in_message and end:
                data = _UPGRADE.sub(b"", data[:end]) + data[end:]
        else:
            self._body_bytes += len(data)
            if self._body_bytes > BODY_LIMIT_BYTES:
                self.drop()
                return
        self._unset_keepalive_if_required()
        self._parse(data)
        self._tail = (self._tail + data[-3:])[-3:] if self._in_head and self._in_message else b""
        self._watch()

    def _end_of_head(self, data: bytes) -> int:
        """Where the first head in what was read ends; 0 if it does not."""
        across = (self._tail + data[:3]).find(_END) if self._tail else -1
        if across >= 0:
            return across + len(_END) - len(self._tail)
        end = data.find(_END)
        return end + len(_END) if end >= 0 else 0

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as exc:  # offered, and passed over: what follows is the next request
                data = data[exc.args[0] :]
                self.parser = HttpRequestParser(self)
            except HttpParserError:  # the server's own class logs each, and strangers send many
                is_head = self.parser.get_method() == b"HEAD" and _HEAD_LINE.search(data)
                self._wants_body = self._wants_body and not is_head
                self.send_400_response("")
                return
            else:
                return

    def _should_upgrade(self) -> bool:
        return False

    def on_message_begin(self) -> None:
        """Notes that the first byte of a request has come."""
        super().on_message_begin()
        self._in_message = True
        self._lines = self._line_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header line; a trailer, which comes behind the body, changes nothing that was decided before it.

        Raises: _Refused for a head with too many lines, one behind another head that is too large, and a transfer
                coding that we do not undo.
        Source: RFC 9110, section 6.5.1.
        """
        if self._in_head:
            self._lines += 1
            self._line_bytes += len(name) + len(value)
            if self._lines > HEAD_LINES or self._line_bytes > HEAD_LIMIT_BYTES:
                self._is_too_large = True
                self._wants_body = self.parser.get_method() != b"HEAD"
                raise _Refused
            if name.lower() == b"transfer-encoding" and value.strip().lower() != b"chunked":
                raise _Refused
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Ends the head.

        Raises: _Refused for another version of HTTP, for more requests than are held while one is answered, and for an
                upgrade that was not seen before and has a body: the parser would take that for something else.
        """
        is_hidden = self.parser.should_upgrade() and self._has_body()
        is_other = self.parser.get_http_version() not in _VERSIONS or is_hidden
        if is_other or len(self.pipeline) >= PIPELINE_LIMIT:
            raise _Refused
        self._in_head = False
        self._head_bytes = self._body_bytes = 0
        self._body_since_s = self.loop.time()
        self._shared = None
        self._stop_clock()
        super().on_headers_complete()
        self._held.append(self._ahead_bytes() if self.pipeline else 0)
        self._hold()
        self.scope[LINE] = Line(self.cycle, self._close)  # type: ignore[typeddict-unknown-key]

    def _has_body(self) -> bool:
        """Whether something follows the head; of a tunnel that is asked for nobody knows."""
        lengths = [value for name, value in self.headers if name in {b"content-length", b"transfer-encoding"}]
        return any(value.strip() != b"0" for value in lengths) or self.parser.get_method() == b"CONNECT"

    def _ahead_bytes(self) -> int:
        """What a request takes that waits for the answer to another, but for its body."""
        return AHEAD_BYTES + self._line_bytes + self._lines * LINE_BYTES + 2 * len(self.url)  # parsed, and as it came

    def on_body(self, body: bytes) -> None:
        """Counts what is held of a body until it is answered; what comes of it afterwards is not held."""
        super().on_body(body)
        if not self.cycle.response_complete:
            self._held[-1] += len(body)
            self._hold()

    def _hold(self) -> None:
        """Tells what is held now: the body of the request that is at work, and all of those that were sent ahead."""
        if self.backlog is None:
            return
        if (held_bytes := sum(self._held)) > COPIED_BYTES:
            self.backlog.hold(self, BODY, held_bytes, is_whole=self._in_head)
        else:
            self.backlog.release(self, BODY)

    def send_400_response(self, msg: str) -> None:
        """Tells that a request cannot be read or is too large, where no answer is under way; its own has not begun."""
        cycle = None if self._in_head else self.cycle
        is_its_body = cycle is not None and cycle is self._at_work and not cycle.response_started
        if not is_its_body and not self._is_answered:
            self.drop()
            return
        self._tell_all()  # whoever still waits for the rest of a body that cannot be read
        self._is_last = True
        status, app = 431 if self._is_too_large else 400, self.app_state.get("app")
        head, body = app.state.unreadable[status] if app else (_NOTHING, b"")
        self._send(STATUS_LINE[status], head, body if self._wants_body else b"")

    def on_message_complete(self) -> None:
        """What follows is the next head; its clock starts with its first byte."""
        super().on_message_complete()
        self._in_head = True
        self._in_message = False
        self._stop_clock()
        self._hold()

    def on_response_complete(self) -> None:
        """Gives the rest of a body that was not waited for as long as a head; nobody else watches over it."""
        if self._at_work is not None:
            self._at_work.body = bytearray()  # nobody reads the rest of it, and its connection may stay
        super().on_response_complete()
        if self.transport.is_closing():
            self._see_out()
        self._held.popleft()
        self._hold()
        if not self._in_head and self._head_timer is None and self.cycle.response_complete:  # else it is another's
            self._start_clock()

    def _watch(self) -> None:
        """Starts a clock where none runs and nothing is under way: a body has ended behind its answer."""
        is_at_rest = self._in_head and self._is_answered and not self.transport.is_closing()
        if is_at_rest and self._head_timer is self.timeout_keep_alive_task is None:
            if self._in_message:  # the next head came with it, in part
                self._start_clock()
            else:
                idle_s = self.timeout_keep_alive
                self.timeout_keep_alive_task = self.loop.call_later(idle_s, self.timeout_keep_alive_handler)

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

    def _arm(self) -> None:
        """Stops the clock of a head: the next one begins with its first byte."""
        self._stop_clock()
        super()._arm()
