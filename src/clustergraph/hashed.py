"""A file and its digest in one reading, so that what is used is what was hashed. Knows lines, not their meaning."""

import hashlib
from typing import IO, Final

_PIECE_BYTES: Final = 1 << 20


class HashedStream:
    """A byte stream that hashes what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._whole = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most as many as asked for; none at the end."""
        data = self._stream.read(size)
        self._whole.update(data)
        return data

    @property
    def digest(self) -> str:
        """The SHA-256 of all that was read so far, in lower-case hexadecimal."""
        return self._whole.hexdigest()


class LinesWithout:
    """A byte stream without the lines that hold a mark; those are kept aside.

    Shape: `aside` has them, once all has been read.
    """

    def __init__(self, stream: HashedStream | IO[bytes], mark: bytes) -> None:
        self._stream = stream
        self._mark = mark
        self._ready = b""
        self._position = 0
        self._rest = b""  # of a line that has not ended
        self.aside = bytearray()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most as many as asked for; none at the end."""
        while self._position == len(self._ready) and self._fill():
            pass
        end = len(self._ready) if size < 0 else self._position + size
        data = self._ready[self._position : end]
        self._position += len(data)
        return data

    def _fill(self) -> bool:
        """Makes the next lines ready, of which there may be none; whether there was anything to read."""
        data = self._stream.read(_PIECE_BYTES)
        end = data.rfind(b"\n") + 1
        whole, self._rest = (self._rest + data[:end], data[end:]) if end or not data else (b"", self._rest + data)
        if self._mark in whole:
            lines = whole.splitlines(keepends=True)
            self.aside += b"".join(one for one in lines if self._mark in one)
            whole = b"".join(one for one in lines if self._mark not in one)
        self._ready, self._position = whole, 0
        return bool(data)
