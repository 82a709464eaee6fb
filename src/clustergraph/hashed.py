"""A file and its digest in one reading, so that what is used is what was hashed. Knows nothing of what a file means."""

import hashlib
from typing import IO


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
