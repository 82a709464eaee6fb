"""HTTP/1.1 to an engine that may say anything: a connection for each exchange, and none is ever used again.

So nothing that stands behind one answer can become the beginning of the next. Beside the body it sees what a client
commonly passes over: bytes behind its end, headers behind its end, answers before the answer.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import h11
import httpx2

_READ_BYTES: Final = 1 << 16
_TAKEN_BYTES: Final = 1 << 12  # of what was read: no more fields are parsed at once than these hold
_HEAD_LIMIT_BYTES: Final = 100 << 10
FIELD_LIMIT: Final = 100  # header fields of an answer; as many again behind its chunks
INFORMATIONAL_LIMIT: Final = 16  # answers that say that the answer is to come
_BEHIND_S: Final = 0.005  # for what may stand behind the end of an answer that tells its length, rightly or wrongly
_NOTHING: Final = (b"", b"\r\n")  # some write an empty line behind all (RFC 9112, section 2.2), which answers nothing
_ACTED_ON: Final = (b"location", b"set-cookie")
"""What a client acts on unasked: it reads the address of a redirect that it does not follow, and keeps cookies."""


class Surplus(httpx2.RemoteProtocolError):
    """Behind the end of the answer stands more: either its length is wrong, or it is the answer to something else."""


class Transport(httpx2.AsyncBaseTransport):
    """What sends a request of the client on a connection of its own, and reads its answer.

    Shape: trailers of an answer are in its `extensions` as a list under "trailers" once its body has been read.
    Raises: httpx2.TransportError of the kind that the client's own transport raises; Surplus.
    """

    def __init__(self) -> None:
        self._ssl = httpx2.create_ssl_context()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, as far as its head."""
        url = request.url
        is_tls = url.scheme == "https"
        try:
            reader, writer = await asyncio.open_connection(
                url.host,
                url.port or (443 if is_tls else 80),
                ssl=self._ssl if is_tls else None,
                limit=_READ_BYTES,
            )
        except ssl.SSLError as exc:  # an OSError whose number is none of the system's
            raise httpx2.ConnectError(getattr(exc, "verify_message", "") or exc.reason or "no TLS") from exc
        except (OSError, ValueError) as exc:  # the latter for a name that cannot be looked up
            number = getattr(exc, "errno", None)
            raise httpx2.ConnectError(os.strerror(number) if number and number > 0 else str(exc)) from exc
        exchange = _Exchange(reader, writer)
        try:
            return await exchange.begun(request)
        except BaseException:
            await exchange.aclose()
            raise


class _Exchange(httpx2.AsyncByteStream):
    """One connection, and the body of the one answer on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT_BYTES)
        self._trailers: list[tuple[bytes, bytes]] = []
        self._tells_length = False

    async def begun(self, request: httpx2.Request) -> httpx2.Response:
        """The head of the answer to a request."""
        headers = [one for one in request.headers.raw if one[0].lower() != b"connection"]
        # Not asked to hang up: Fuseki would send RDF without a length or chunks then, whose end nobody can tell.
        head = h11.Request(method=request.method, target=request.url.raw_path, headers=headers)
        sent = [self._state.send(head), self._state.send(h11.Data(data=request.content)), self._sent_end()]
        with suppress(ConnectionError):  # it may have answered before it has read all
            self._writer.write(b"".join(one for one in sent if one))
            await self._writer.drain()
        for _ in range(INFORMATIONAL_LIMIT + 1):
            event = await self._event()
            if isinstance(event, h11.Response):
                self._tells_length = any(name == b"content-length" for name, _ in event.headers)
                headers = [one for one in event.headers if one[0] not in _ACTED_ON]
                extensions = {"trailers": self._trailers}
                return httpx2.Response(event.status_code, headers=headers, stream=self, extensions=extensions)
        message = f"more than {INFORMATIONAL_LIMIT} answers before the answer"
        raise httpx2.RemoteProtocolError(message)

    def _sent_end(self) -> bytes | None:
        return self._state.send(h11.EndOfMessage())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                message = "no part of a body"
                raise httpx2.RemoteProtocolError(message)
            yield bytes(event.data)
        self._trailers += event.headers
        left = self._state.trailing_data[0]
        if left not in _NOTHING or await self._is_more(_BEHIND_S if self._tells_length else 0):
            message = "more bytes than its answer has"
            raise Surplus(message)

    async def aclose(self) -> None:
        """Hangs up, whatever is still to come."""
        self._writer.transport.abort()
        self._reader.feed_eof()
        with suppress(
            OSError
        ):  # the reader and its connection hold each other: nothing of the body is to stay with them
            while await self._reader.read(_READ_BYTES):
                pass

    async def _is_more(self, wait_s: float) -> bool:
        try:
            async with asyncio.timeout(wait_s):
                return bool(await self._reader.read(1))
        except (TimeoutError, OSError):
            return False

    def _check_fields(self, event: object) -> None:
        lines = self._state.trailing_data[0].count(b"\n") if event is h11.NEED_DATA else 0  # of a head in the making
        if lines > FIELD_LIMIT + 1 or len(getattr(event, "headers", ())) > FIELD_LIMIT:  # one line tells the status
            message = f"more than {FIELD_LIMIT} header fields"
            raise httpx2.RemoteProtocolError(message)

    async def _event(self) -> object:
        """What the engine says next."""
        while True:
            try:
                event = self._state.next_event()
            except h11.RemoteProtocolError as exc:
                raise httpx2.RemoteProtocolError(str(exc)) from exc
            self._check_fields(event)
            if event is not h11.NEED_DATA:
                return event
            try:
                data = await self._reader.read(_TAKEN_BYTES)
            except OSError as exc:
                raise httpx2.ReadError(str(exc)) from exc
            if not data and self._state.their_state is h11.SEND_RESPONSE:
                message = "it hung up without an answer"
                raise httpx2.RemoteProtocolError(message)
            self._state.receive_data(data)
