"""What a worker and its parent say to each other: a header of seven bytes, then the payload.

The header holds the kind, the numbers of the format and of the coding of an answer, and the length of the payload.
"""

import json
import socket
import struct
from typing import Final

from clustergraph.codings import NAMES
from clustergraph.formats import GRAPH_FORMATS, RESULT_FORMATS, Format
from clustergraph.runner import QueryRequest

ASK: Final = b"Q"  # a request
WHOLE: Final = b"W"  # a complete answer: its status is certain, and its body is the payload
ANSWER: Final = b"A"  # the status of a longer answer is certain; no payload
DATA: Final = b"D"  # a piece of its body
END: Final = b"Z"  # its body is complete
ERROR: Final = b"E"  # no answer, or no more of it; payload: the error, as JSON

ASK_WORKER: Final = b"w"  # on the control socket of the loader
ASK_ENDING: Final = b"e"  # the same, and the process id of a worker in four bytes; the answer is its wait status, or -1

TROUBLE: Final = b"\xff" * 8  # in the place of the number of quads: the rest says why there are none

FRAME_LIMIT_BYTES: Final = 1 << 20  # what one side may make the other hold at once

HEADER: Final = struct.Struct(">cBBI")
FORMATS: Final = (*RESULT_FORMATS, *GRAPH_FORMATS)

_FORMAT_NUMBERS: Final = {one: number for number, one in enumerate(FORMATS)}
_CODING_NUMBERS: Final = {name: number for number, name in enumerate(NAMES)}
_BY_NAME: Final[dict[str, Format | None]] = {"": None, **{one.name: one for one in FORMATS}}
_FIELD: Final = "\0"  # in no name, no IRI and no JSON; the query stands last and may hold anything


def header(kind: bytes, length: int, chosen: Format | None = None, coding: str = NAMES[0]) -> bytes:
    """The header of a frame; format and coding matter in the frames that begin an answer."""
    return HEADER.pack(kind, _FORMAT_NUMBERS[chosen] if chosen else 0, _CODING_NUMBERS[coding], length)


def request_to_bytes(request: QueryRequest) -> bytes:
    """A request as the payload of an ASK frame."""
    return _FIELD.join(
        (
            request.result_format.name if request.result_format else "",
            request.graph_format.name if request.graph_format else "",
            request.coding,
            " ".join(request.default_graphs),
            " ".join(request.named_graphs),
            json.dumps(dict(request.bindings)) if request.bindings else "",
            request.query,
        )
    ).encode()


def request_from_bytes(payload: bytes) -> QueryRequest:
    """The request of an ASK frame, as far as a worker needs it."""
    result, graph, coding, default, named, bindings, query = payload.decode().split(_FIELD, 6)
    return QueryRequest(
        query,
        result_format=_BY_NAME[result],
        graph_format=_BY_NAME[graph],
        default_graphs=tuple(default.split()),
        named_graphs=tuple(named.split()),
        bindings=json.loads(bindings) if bindings else {},
        coding=coding,
    )


def write_frame(sock: socket.socket, kind: bytes, payload: bytes = b"") -> None:
    """Sends one frame; blocks until the other side has room for it."""
    sock.sendall(header(kind, len(payload)) + payload)


def read_frame(sock: socket.socket) -> tuple[bytes, bytes] | None:
    """The next frame's kind and payload, or None once the other side has closed."""
    # One call takes header and payload of an ordinary request; its sender waits for the answer before it sends more.
    data = sock.recv(1 << 16)
    while 0 < len(data) < HEADER.size:
        data = _more(sock, data)
    if not data:
        return None
    kind, _, _, length = HEADER.unpack_from(data)
    while data and len(data) < HEADER.size + length:
        data = _more(sock, data)
    return (kind, data[HEADER.size :]) if data else None


def _more(sock: socket.socket, data: bytes) -> bytes:
    """The data with what comes next, or nothing once the other side has closed."""
    piece = sock.recv(1 << 16)
    return data + piece if piece else b""
