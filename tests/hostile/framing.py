"""T16: where a request ends. Two readers that see different ends see different requests."""

from collections.abc import Iterator
from typing import Final

from hostile.case import Case, case
from hostile.http_raw import CLOSE, POST, SECOND, loose

LENGTHS: Final = (
    b"Content-Length: -1\r\n",
    b"Content-Length: +6\r\n",
    b"Content-Length: 6 \x00\r\n",
    b"Content-Length: 0x6\r\n",
    b"Content-Length: 6, 6\r\n",
    b"Content-Length: 6, 7\r\n",
    b"Content-Length: 6\r\nContent-Length: 6\r\n",
    b"Content-Length: 6\r\nContent-Length: 7\r\n",
    b"Content-Length: 0\r\nContent-Length: 6\r\n",
    b"Content-Length: \r\n",
    b"Content-Length: x\r\n",
    b"Content-Length: 6x\r\n",
    b"Content-Length: 6 6\r\n",
    b"Content-Length: 1e1\r\n",
    b"Content-Length: 6.0\r\n",
    b"Content-Length: \xb2\r\n",
    b"Content-Length: \xd9\xa6\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: " + b"9" * 400 + b"\r\n",
    b"Content-Length : 6\r\n",
    b"Content-Length\r\n: 6\r\n",
    b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: xchunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunkedx\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: identity\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: identity, chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked, identity\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: gzip\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding : chunked\r\nContent-Length: 6\r\n",
    b" Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked;q=1\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: 'chunked'\r\nContent-Length: 6\r\n",
    b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n",
)
"""Each is followed by a body of six bytes and a second request: whoever reads another length sees another body."""

CHUNKS: Final = (
    b"x\r\nASK {}\r\n0\r\n\r\n",
    b"-6\r\nASK {}\r\n0\r\n\r\n",
    b"+6\r\nASK {}\r\n0\r\n\r\n",
    b"0x6\r\nASK {}\r\n0\r\n\r\n",
    b" 6\r\nASK {}\r\n0\r\n\r\n",
    b"6 \r\nASK {}\r\n0\r\n\r\n",
    b"6\nASK {}\n0\n\n",
    b"6\r\nASK {}0\r\n\r\n",
    b"6\r\nASK {}xx0\r\n\r\n",
    b"6\rASK {}\r0\r\r",
    b"fffffffffffffffff\r\nASK {}\r\n0\r\n\r\n",
    b"10000000000000006\r\nASK {}\r\n0\r\n\r\n",
    b"\r\nASK {}\r\n0\r\n\r\n",
    b"6;\x00\r\nASK {}\r\n0\r\n\r\n",
    b"6;x\ny\r\nASK {}\r\n0\r\n\r\n",
    b"6\r\n\r\nASK {}\r\n0\r\n\r\n",
    b"5\r\nASK {}\r\n0\r\n\r\n",
    b"7\r\nASK {}\r\n0\r\n\r\n",
    b"6\r\nASK {}\r\n\r\n",
    b"6\r\nASK {}\r\n0\r\nX\x00: y\r\n\r\n",
    b"6\r\nASK {}\r\n0\r\nX y\r\n\r\n",
    b"g\r\n",
    b"6\r\nASK {}\r\n0\r\nContent-Length: 99\r\n\r\n",
    b"6\r\nASK {}\r\n0\r\nTransfer-Encoding: x\r\n\r\n",
    b"\xd9\xa6\r\nASK {}\r\n0\r\n\r\n",
)
SOUND_CHUNKS: Final = (
    b"6\r\nASK {}\r\n0\r\n\r\n",
    b"06\r\nASK {}\r\n0\r\n\r\n",
    b"000000006\r\nASK {}\r\n00\r\n\r\n",
    b"6;x=y\r\nASK {}\r\n0;z\r\n\r\n",
    b'6;x="y z"\r\nASK {}\r\n0\r\n\r\n',
    b"1\r\nA\r\n1\r\nS\r\n1\r\nK\r\n1\r\n \r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    b"6\r\nASK {}\r\n0\r\nX: y\r\n\r\n",
)


def cases() -> Iterator[Case]:
    """Each length and each way to cut a body into chunks."""
    for length in LENGTHS:
        yield loose(f"length {length[:70]!r}", POST + length + CLOSE + b"\r\nASK {}" + SECOND)
        yield loose(f"length {length[:70]!r} kept alive", POST + length + b"\r\n6\r\nASK {}\r\n0\r\n\r\n" + SECOND)
    chunked = POST + b"Transfer-Encoding: chunked\r\n" + CLOSE + b"\r\n"
    for body in CHUNKS:
        yield loose(f"chunks {body!r}", chunked + body)
    for body in SOUND_CHUNKS:
        yield case("T16", f"sound chunks {body!r}", chunked + body, 200)
