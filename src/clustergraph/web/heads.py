"""The head of an answer as bytes: of the lines that are the same each time, made once."""

import json
from typing import Final

from clustergraph.formats import Format
from clustergraph.runner import Answer
from clustergraph.web.cache import head_of
from clustergraph.web.envelope import SAFETY
from clustergraph.web.problems import BY_STATUS, PROBLEM_JSON, Trouble
from clustergraph.web.responses import data_headers, headers_of
from clustergraph.web.site import Site

_HEADS: Final = 256  # that are remembered
_heads: Final[dict[tuple[str, Format, str, bool], bytes]] = {}


def head(site: Site, answer: Answer, tag: str | None, length: int | None) -> bytes:
    """The head of an answer; without a length it comes in chunks."""
    about = (site.digest, answer.format, answer.coding, tag is None)
    lines = _heads.get(about)
    if lines is None:
        if len(_heads) >= _HEADS:
            _heads.clear()
        headers = {
            **SAFETY,
            **data_headers(site, tag=tag, vary="Accept, Accept-Encoding"),
            **headers_of(answer.format, answer.coding, "results"),
        }
        headers.pop("ETag", None)
        lines = _heads[about] = head_of((name.lower().encode(), value.encode()) for name, value in headers.items())
    measured = b"transfer-encoding: chunked\r\n" if length is None else b"content-length: %d\r\n" % length
    return (b"etag: %s\r\n" % tag.encode() if tag else b"") + measured + lines


_DETAILS: Final = {
    400: (
        "this is not HTTP/1.1: check the first line and the names of headers, "
        "tell the length of the body once, by Content-Length or by Transfer-Encoding, and the size of each chunk"
    ),
    431: "the head of the request is over one of the limits head_size and head_lines, see /limits: send fewer headers",
}


def _unreadable(status: int, detail: str) -> tuple[bytes, bytes]:
    body = json.dumps(Trouble(BY_STATUS[status], detail).body, separators=(",", ":")).encode()
    headers = {
        "Content-Type": PROBLEM_JSON.media_type,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        **SAFETY,
    }
    return head_of((name.lower().encode(), value.encode()) for name, value in headers.items()), body


UNREADABLE: Final = {status: _unreadable(status, detail) for status, detail in _DETAILS.items()}
"""Header lines and body, by status, of the answer to what is not read as HTTP: nobody knows what it would accept."""
