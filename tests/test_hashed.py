"""The digest of a stream is that of what was read from it."""

import hashlib
import io

from clustergraph.hashed import HashedStream


def test_what_was_read_is_what_was_hashed() -> None:
    stream = HashedStream(io.BytesIO(b"one two three"))

    pieces = [stream.read(4), stream.read(0), stream.read(2)]
    early = stream.digest
    pieces += [stream.read(), stream.read(4)]

    assert pieces == [b"one ", b"", b"tw", b"o three", b""]
    assert early == hashlib.sha256(b"one tw").hexdigest()
    assert stream.digest == hashlib.sha256(b"one two three").hexdigest()
