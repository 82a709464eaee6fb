"""What a worker and its parent say to each other: one byte of kind, four of length, then the payload."""

import json
import socket
import struct
from dataclasses import asdict
from typing import Any, Final

from clustergraph.formats import GRAPH_FORMATS, RESULT_FORMATS, Format
from clustergraph.runner import QueryRequest

ASK: Final = b"Q"  # a request, as JSON
ANSWER: Final = b"A"  # the status is certain; payload: name of the format
DATA: Final = b"D"  # a piece of the body
END: Final = b"Z"  # the body is complete
ERROR: Final = b"E"  # no answer, or no more of it; payload: the error, as JSON

FRAME_LIMIT_BYTES: Final = 1 << 20  # what one side may make the other hold at once

HEADER: Final = struct.Struct(">cI")

_BY_NAME: Final = {one.name: one for one in (*RESULT_FORMATS, *GRAPH_FORMATS)}


def format_named(name: str) -> Format:
    """The format of that name, of either family."""
    return _BY_NAME[name]


def request_to_json(request: QueryRequest) -> bytes:
    """A request as the payload of an ASK frame."""
    plain: dict[str, Any] = asdict(request)
    for key in ("result_format", "graph_format"):
        plain[key] = plain[key]["name"] if isinstance(plain[key], dict) else plain[key] and plain[key][0]
    return json.dumps(plain).encode()


def request_from_json(payload: bytes) -> QueryRequest:
    """The request of an ASK frame."""
    plain = json.loads(payload)
    for key in ("result_format", "graph_format"):
        plain[key] = plain[key] and format_named(plain[key])
    for key in ("default_graphs", "named_graphs"):
        plain[key] = tuple(plain[key])
    return QueryRequest(**plain)


def write_frame(sock: socket.socket, kind: bytes, payload: bytes) -> None:
    """Sends one frame; blocks until the other side has room for it."""
    sock.sendall(HEADER.pack(kind, len(payload)) + payload)


def read_frame(sock: socket.socket) -> tuple[bytes, bytes] | None:
    """The next frame, or None once the other side has closed."""
    header = _exactly(sock, HEADER.size)
    if header is None:
        return None
    kind, length = HEADER.unpack(header)
    payload = _exactly(sock, length)
    return None if payload is None else (kind, payload)


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            return None
        data += piece
    return bytes(data)
