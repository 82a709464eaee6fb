"""Bytes to a server and back over a socket, and what HTTP they are. Never waits beyond its deadline."""

import selectors
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

HOST: Final = "127.0.0.1"
_PIECE: Final = 1 << 16
GRACE_S: Final = 0.3
_LONG: Final = 200_000


class Reply(NamedTuple):
    """One HTTP answer.

    Shape: the names of `headers` are in lower case, in the order in which they came; `is_whole` says whether the body
           ended as its head promised.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_whole: bool

    def header(self, name: str) -> str:
        """The value of a header, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def fields(self) -> Mapping[str, str]:
        """The headers by name."""
        return dict(self.headers)


@dataclass(frozen=True)
class Exchange:
    """All that one connection gave back.

    Shape: `hung` says that the server had not ended it at the deadline.
    """

    replies: tuple[Reply, ...]
    rest: bytes
    hung: bool
    duration_s: float


def exchange(port: int, raw: bytes, *, replies: int = 1, ends: bool = False, limit_s: float = 20.0) -> Exchange:
    """What comes back for some bytes.

    Shape: once as many answers are there as are waited for, we say that we send no more, and read what else comes; with
           `ends`, also once everything is sent and nothing comes for a while.
    """
    began = time.monotonic()
    is_head = raw.startswith(b"HEAD ")
    with socket.create_connection((HOST, port), timeout=limit_s) as sock:
        sock.setblocking(False)
        received, hung = _talk(sock, raw, began + limit_s, ends, lambda data: _holds(data, replies, is_head))
    found, rest = _parsed(received, is_head)
    return Exchange(tuple(found), rest, hung, time.monotonic() - began)


def _talk(
    sock: socket.socket, raw: bytes, deadline: float, ends: bool, is_enough: Callable[[bytearray], bool]
) -> tuple[bytes, bool]:
    """Everything received, and whether the deadline came first."""
    received, left, ended = bytearray(), memoryview(raw), False
    with selectors.DefaultSelector() as waiting:
        waiting.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while (remaining_s := deadline - time.monotonic()) > 0:
            is_quiet_end = ends and not left and not ended
            ready = sum(
                events for _, events in waiting.select(min(remaining_s, GRACE_S) if is_quiet_end else remaining_s)
            )
            if ready & selectors.EVENT_WRITE:
                left = _sent(sock, left)
                waiting.modify(sock, selectors.EVENT_READ | (selectors.EVENT_WRITE if left else 0))
            if ready & selectors.EVENT_READ:
                piece = _received(sock)
                if not piece:
                    return bytes(received), False
                received += piece
            if not ended and ((is_quiet_end and not ready) or is_enough(received)):
                ended = True
                _end(sock)
    return bytes(received), True


def _holds(received: bytearray, replies: int, is_head: bool) -> bool:
    # A long answer is looked at again only where it may have ended: reading it anew for each piece would take for ever.
    if len(received) > _LONG and not received.endswith(b"0\r\n\r\n"):
        return False
    return len([one for one in _parsed(bytes(received), is_head)[0] if one.is_whole]) >= replies


def _sent(sock: socket.socket, left: memoryview) -> memoryview:
    try:
        return left[sock.send(left[:_PIECE]) :]
    except BlockingIOError:
        return left
    except OSError:  # the server has said what it has to say and reads no more
        return left[len(left) :]


def _received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(_PIECE)
    except OSError:  # a reset: the server closed with bytes of ours unread
        return b""


def _end(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _parsed(data: bytes, is_head: bool) -> tuple[list[Reply], bytes]:
    """The answers, and what is none."""
    found: list[Reply] = []
    while data.startswith(b"HTTP/1.") and b"\r\n\r\n" in data:
        head, _, after = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = tuple(
            (name.strip().lower(), value.strip()) for name, _, value in (one.partition(":") for one in lines)
        )
        fields = dict(headers)
        status = int(first.split(" ")[1])
        if status == 100:  # an interim answer, before the one that counts
            data = after
            continue
        # What is so broken that it is no HTTP is answered with a body, HEAD or not.
        is_bare = status == 400 and "content-security-policy" not in fields
        if (is_head and not is_bare) or status in (204, 304):
            body, is_whole, data = b"", True, after
        elif fields.get("transfer-encoding", "").lower() == "chunked":
            body, is_whole, data = _unchunked(after)
        else:
            length = int(fields.get("content-length", len(after)))
            body, is_whole, data = after[:length], len(after) >= length, after[length:]
        found.append(Reply(status, headers, body, is_whole))
        is_head = False
    return found, data


def _unchunked(data: bytes) -> tuple[bytes, bool, bytes]:
    body = bytearray()
    while True:
        size, line_end, after = data.partition(b"\r\n")
        if not line_end:
            return bytes(body), False, b""
        length = int(size.split(b";")[0], 16)
        if length == 0:
            return bytes(body), after.startswith(b"\r\n"), after[2:]
        if len(after) < length + 2:
            return bytes(body) + after[:length], False, b""
        body += after[:length]
        data = after[length + 2 :]
