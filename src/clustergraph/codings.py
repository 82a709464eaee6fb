"""The table of content codings: how an answer may be compressed on its way. Knows nothing of frameworks or engines."""

import zlib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

import brotli
import zstandard

from clustergraph.formats import weights

IDENTITY: Final = "identity"
PIECE_BYTES: Final = 65_536  # compressed at a time, as some compressors make other bytes of other pieces
WORTHWHILE_BYTES: Final = 1_024  # a shorter body fits into one packet anyway


class Compressor(Protocol):
    """What turns a stream of bytes into a shorter one."""

    def compress(self, data: bytes, /) -> bytes:
        """What can be said of the data already."""

    def flush(self) -> bytes:
        """The rest."""


class _Brotli:
    """Brotli under the two names that the others have."""

    def __init__(self) -> None:
        self._compressor = brotli.Compressor(quality=4)

    def compress(self, data: bytes, /) -> bytes:
        return bytes(self._compressor.process(data))

    def flush(self) -> bytes:
        return bytes(self._compressor.finish())


class Coding(NamedTuple):
    """One content coding: its name in HTTP, and how to begin a stream in it."""

    name: str
    begin: Callable[[], Compressor]


# Levels at which a 64 KiB piece of an answer takes about a millisecond.
CODINGS: Final = (
    Coding("zstd", lambda: zstandard.ZstdCompressor(level=3).compressobj()),
    Coding("br", _Brotli),
    Coding("gzip", lambda: zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)),
)
"""Every coding but identity, in our order of preference.

Source: RFC 9110, section 8.4.1; RFC 7932 (br); RFC 8878 (zstd).
"""

NAMES: Final = (IDENTITY, *(one.name for one in CODINGS))
_BEGIN: Final[Mapping[str, Callable[[], Compressor]]] = dict(CODINGS)


def preferred(accept_encoding: str | None) -> str:
    """The coding that a client likes best among ours; identity where it names none of them.

    Shape:  a client that forbids identity as well gets identity all the same: an answer is better than none.
    Source: RFC 9110, section 12.5.3.

    >>> preferred("gzip;q=0.5, br")
    'br'
    >>> preferred("*;q=0")
    'identity'
    """
    if not accept_encoding:
        return IDENTITY
    named = weights(accept_encoding)
    if "x-gzip" in named:
        named.setdefault("gzip", named["x-gzip"])
    others = named.get("*", 0.0)
    quality, place = max((named.get(one.name, others), -number) for number, one in enumerate(CODINGS))
    return CODINGS[-place].name if quality > 0 and quality >= named.get(IDENTITY, 0.0) else IDENTITY


def compressor(name: str) -> Compressor:
    """The beginning of a stream in a coding other than identity."""
    return _BEGIN[name]()


def unpacked(body: bytes, name: str, limit_bytes: int) -> bytes | None:
    """A whole body without its coding; None where it is longer than the limit, of which no more is made."""
    if name == IDENTITY:
        return body if len(body) <= limit_bytes else None
    whole = bytes(_UNPACK[name](body, limit_bytes + 1))
    return whole if len(whole) <= limit_bytes else None


_UNPACK: Final[Mapping[str, Callable[[bytes, int], bytes]]] = {
    "zstd": lambda body, size: zstandard.ZstdDecompressor().stream_reader(body).read(size),
    "br": lambda body, size: brotli.Decompressor().process(body, output_buffer_limit=size),
    "gzip": lambda body, size: zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, size),
}


def compressed(body: bytes, name: str) -> bytes:
    """A whole body in a coding other than identity: the same bytes as of a stream in pieces of that size."""
    begun = compressor(name)
    pieces = [begun.compress(body[start : start + PIECE_BYTES]) for start in range(0, len(body), PIECE_BYTES)]
    return b"".join((*pieces, begun.flush()))
