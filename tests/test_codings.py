"""Compression loses nothing, and the client's wish decides."""

import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.codings import CODINGS, IDENTITY, compressed, compressor, preferred, unpacked


def expanded(body: bytes, coding: str) -> bytes:
    """The body without its coding, as far as it is there.

    Raises: an error of the library for what is no such stream.
    """
    expanders: dict[str, Callable[[], bytes]] = {
        "gzip": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body),
        "br": lambda: brotli.Decompressor().process(body),
        "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress(body),
    }
    return bytes(expanders[coding]())


def is_whole(body: bytes, coding: str) -> bool:
    """Whether the stream says that it has ended."""
    if coding == "br":
        one = brotli.Decompressor()
        one.process(body)
        return bool(one.is_finished())
    other = (
        zlib.decompressobj(16 + zlib.MAX_WBITS) if coding == "gzip" else zstandard.ZstdDecompressor().decompressobj()
    )
    other.decompress(body)
    return bool(other.eof)


NAMES = [one.name for one in CODINGS]


@pytest.mark.parametrize("coding", NAMES)
@given(pieces=st.lists(st.binary(max_size=2_000), max_size=5), times=st.integers(1, 50))
def test_what_is_compressed_expands_to_itself(coding: str, pieces: list[bytes], times: int) -> None:
    pieces = [piece * times for piece in pieces]
    begun = compressor(coding)
    stream = b"".join(map(begun.compress, pieces)) + begun.flush()

    assert expanded(stream, coding) == expanded(compressed(b"".join(pieces), coding), coding) == b"".join(pieces)


@pytest.mark.parametrize("coding", NAMES)
def test_a_stream_that_is_cut_never_looks_whole(coding: str) -> None:
    body = b"".join(b"%d," % (number * number) for number in range(30_000))
    begun = compressor(coding)
    stream = b"".join(begun.compress(body[start : start + 65_536]) for start in range(0, len(body), 65_536))
    whole = stream + begun.flush()

    assert is_whole(whole, coding)
    for end in [len(stream), len(whole) - 1, len(whole) // 2, 1]:
        assert not is_whole(whole[:end], coding)


WISHES = {
    None: IDENTITY,
    "": IDENTITY,
    "gzip": "gzip",
    "GZip": "gzip",
    "x-gzip": "gzip",
    "gzip, br, zstd": "zstd",
    "gzip;q=0.5, br": "br",
    "br;q=0.2, gzip;q=0.3": "gzip",
    "*": "zstd",
    "*;q=0": IDENTITY,
    "zstd;q=0, *": "br",
    "identity": IDENTITY,
    "identity, gzip;q=0.5": IDENTITY,
    "identity;q=0.5, gzip;q=0.5": "gzip",
    "identity;q=0, gzip;q=0": IDENTITY,
    "deflate": IDENTITY,
    "gzip;q=0": IDENTITY,
    "gzip;q=x": IDENTITY,
    "gzip;q=1.5, br;q=0.1": "br",
    "gzip ; q=0.4 ,\tbr ; q=0.3": "gzip",
    ",,;": IDENTITY,
}


@pytest.mark.parametrize(("asked", "chosen"), WISHES.items(), ids=map(str, WISHES))
def test_the_client_gets_what_it_likes_best(asked: str | None, chosen: str) -> None:
    assert preferred(asked) == chosen


@given(st.text(alphabet='gzipbrstd*;=q01., \t"', max_size=40))
def test_any_wish_is_answered(asked: str) -> None:
    assert preferred(asked) in (IDENTITY, *NAMES)


@pytest.mark.parametrize("coding", NAMES)
def test_a_whole_body_is_unpacked_up_to_its_limit_and_not_beyond(coding: str) -> None:
    body = b"abc" * 100_000
    packed = body if coding == "identity" else compressed(body, coding)

    assert [unpacked(packed, coding, limit) for limit in (300_000, 299_999, 0)] == [body, None, None]


def test_a_field_is_read_as_far_as_any_client_writes_one() -> None:
    assert [preferred("a," * 63 + "gzip"), preferred("a," * 64 + "gzip")] == ["gzip", IDENTITY]
