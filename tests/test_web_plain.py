"""What is taken for a plain request is one, and says what a parser of all of HTTP would read in it."""

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clustergraph.errors import QueryMalformed
from clustergraph.settings import Settings
from clustergraph.web.plain import REQUEST, Blocks, Plain, asked_by, read_block
from clustergraph.web.protocol import Asked


class Read:
    """What the server's own parser reads."""

    def __init__(self, data: bytes) -> None:
        self.url = self.body = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = 0
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.strip()))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


LINES = [
    *(
        "Host: a",
        "Accept: text/csv",
        "accept:*/*",
        "ACCEPT: a/b",
        "Accept:",
        "Accept-Encoding: gzip",
        "X:y:z",
        "\tX: a",
    ),
    *("Content-Length: 0", "content-length:1", "Content-Length: 3", "Content-Length: 3,3", "Content-Length: 3 3"),
    *(
        "Connection: keep-alive",
        "Connection: close",
        "Transfer-Encoding: chunked",
        "TE: a",
        "Upgrade: h2c",
        "Expect: a",
    ),
    *("If-None-Match: *", 'If-None-Match: "a"', "X : a", " X: a", "X:\ta\t", "X: \x00", "X: \xe9", "X: \x0b", "X", ":"),
    *("Content-Type: application/sparql-query", "Content-Type: a/b;charset=utf-8", "X: a\rY: b", "X: a\nY: b"),
    *("Content-Length: +3", "Expect: a", "X:y:z"),
]
TARGETS = ["/sparql", "/sparql?query=a", "/?", "/a??b", '/"<>\\^`{|}', "/%zz", "/#", "/\x7f", "/\xe9", "//", "/a b", ""]


@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "get"]),
    target=st.sampled_from(TARGETS) | st.text(st.characters(max_codepoint=255), max_size=6).map("/".__add__),
    lines=st.lists(st.sampled_from(LINES), max_size=5),
    body=st.sampled_from(["", "abc", "a", "GET / HTTP/1.1\r\n\r\n"]),
    end=st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r"]),
)
@example(method="GET", target="/a", lines=["Host: a"], body="", end="\r\n")
def test_a_plain_request_reads_as_the_parser_reads_it(
    method: str, target: str, lines: list[str], body: str, end: str
) -> None:
    data = end.join([f"{method} {target} HTTP/1.1", "Host: b", *lines, "", body]).encode("latin-1")
    found = REQUEST.match(data)
    plain = read_block(found[3]) if found else None
    if found is None or plain is None or len(data) != found.end() + plain.length:
        return

    read = Read(data)
    joined = {name: b", ".join(value for other, value in read.headers if other == name) for name, _ in read.headers}

    assert (read.complete, read.parser.get_method(), read.url) == (1, found[1], found[2])
    assert read.body == data[found.end() :]
    assert (plain.accept, plain.known.encode()) == (joined.get(b"accept", b""), joined.get(b"if-none-match", b""))
    assert read.parser.should_keep_alive() is not plain.is_last
    assert not read.parser.should_upgrade()


NOT_PLAIN = {
    "no host": b"A: b\r\n",
    "two hosts": b"Host: a\r\nHost: a\r\n",
    "two lengths": b"Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
    "two types": b"Host: a\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n",
    "chunks": b"Host: a\r\nTransfer-Encoding: chunked\r\n",
    "compressed": b"Host: a\r\nContent-Encoding: gzip\r\n",
    "two wishes for the connection": b"Host: a\r\nConnection: close, keep-alive\r\n",
    "upgrade": b"Host: a\r\nUpgrade: h2c\r\n",
    "expectation": b"Host: a\r\nExpect: 100-continue\r\n",
    "a long length": b"Host: a\r\nContent-Length: 000001\r\n",
    "a length of no number": b"Host: a\r\nContent-Length: 1 1\r\n",
    "a folded line": b"Host: a\r\n b\r\n",
    "a space before the colon": b"Host : a\r\n",
    "an 8-bit character": b"Host: \xe9\r\n",
    "a character that does not print": b"Host: a\x0bb\r\n",
    "many lines": b"Host: a\r\n" + b"a: b\r\n" * 100,
    "a long type": b"Host: a\r\nContent-Type: a/b;" + b" " * 300 + b"charset=utf-8\r\n",
    "no name": b"Host: a\r\n: b\r\n",
}


@pytest.mark.parametrize("block", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_needs_a_parser_is_left_to_it(block: bytes) -> None:
    assert read_block(block) is None


def test_lines_that_were_read_are_remembered_within_bounds() -> None:
    blocks = Blocks()

    for number in range(3_000):
        assert blocks.read(b"Host: %d\r\n" % number) is not None

    assert len(blocks._read) <= 1_024
    assert blocks.read(b"Host: a\r\nX: %s\r\n" % (b"a" * 2_048)) is None


def plain(media_type: str) -> Plain:
    return Plain(b"", "identity", "", media_type, 0, b"", is_last=False)


FORM = "application/x-www-form-urlencoded"
BODIES = {
    "GET": (b"query=a", None, "", Asked("a")),
    "GET with the type of a body": (b"query=a", None, "text/plain", Asked("a")),
    "direct": (b"format=csv", b"a", "application/sparql-query", Asked("a", format_name="csv")),
    "form": (b"", b"query=a+b", FORM, Asked("a b")),
    "of no type": (b"query=a", b"", "", None),
    "of another type": (b"query=a", b"b", "text/plain", None),
    "not ASCII": (b"", "è".encode(), "application/sparql-query", None),
    "no query": (b"format=csv", b"", FORM, None),
}


@pytest.mark.parametrize(("encoded", "body", "media_type", "asked"), BODIES.values(), ids=BODIES)
def test_what_a_plain_request_asks(encoded: bytes, body: bytes | None, media_type: str, asked: Asked | None) -> None:
    assert asked_by(encoded, body, plain(media_type), Settings()) == asked


def test_two_queries_in_a_plain_request_are_refused() -> None:
    with pytest.raises(QueryMalformed, match="there are 2 parameters 'query'"):
        asked_by(b"query=a", b"a", plain("application/sparql-query"), Settings())


@pytest.mark.parametrize(
    ("media_type", "read"),
    [
        ("application/sparql-query; charset=utf-8", "application/sparql-query"),
        ("Application/Sparql-Query;charset=UTF8", "application/sparql-query"),
        ("application/sparql;charset=utf-8-query", "application/sparql;charset=utf-8-query"),
        ("a/b;charset=latin-1", "a/b;charset=latin-1"),
    ],
)
def test_a_charset_that_is_ours_is_no_part_of_the_type(media_type: str, read: str) -> None:
    block = read_block(f"Host: a\r\nContent-Type: {media_type}\r\n".encode())

    assert block is not None
    assert block.media_type == read
