"""Queries and requests with something wrong in them, by chance, but the same for the same seed. Sends nothing."""

import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from hostile.case import ENCODINGS, get

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SUITES: Final = REPOSITORY / os.environ.get("CLUSTERGRAPH_SUITES", "../shared/suites")
QUERY_BYTES: Final = 20_000

_TOKEN: Final = re.compile(r"""#[^\n]*|<[^<>\s]*>|"[^"\n]*"|'[^'\n]*'|[?$@]?[\w:]+|\s+|.""")
_STRANGE: Final = (
    *(
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "<",
        ">",
        "<<",
        ">>",
        "<<(",
        ")>>",
        "{|",
        "|}",
        ".",
        ";",
        ",",
        "|",
        "^",
        "/",
        "*",
        "+",
    ),
    *(
        "?",
        "!",
        "-",
        "=",
        "&&",
        "||",
        "^^",
        "@en",
        "'",
        '"',
        "'''",
        '"""',
        "\\",
        "\\u0041",
        "#",
        "\n",
        "\r",
        "\t",
        "\x00",
        "\u202e",
    ),
    *(
        "SELECT",
        "ASK",
        "CONSTRUCT",
        "DESCRIBE",
        "WHERE",
        "FROM",
        "NAMED",
        "GRAPH",
        "OPTIONAL",
        "UNION",
        "MINUS",
        "FILTER",
    ),
    *(
        "BIND",
        "VALUES",
        "UNDEF",
        "EXISTS",
        "NOT",
        "IN",
        "AS",
        "GROUP BY",
        "HAVING",
        "ORDER BY",
        "LIMIT",
        "OFFSET",
        "DISTINCT",
    ),
    *(
        "COUNT(*)",
        "CONCAT(?s,?s)",
        "REGEX(?s,'(a+)+$')",
        "RAND()",
        "UUID()",
        "BNODE()",
        "IRI(?s)",
        "STRDT(?s,?p)",
        "xsd:integer",
    ),
    *(
        "?s",
        "?p",
        "?o",
        "*",
        "a",
        "true",
        "1e999",
        "-0",
        "99999999999999999999",
        "1.",
        ".1",
        "_:b",
        "<>",
        "<a:b>",
        "cg:x",
        ":",
        "x:",
    ),
    *("LATERAL", "TRIPLE(?s,?p,?o)", "BASE <a:>", "PREFIX", "VERSION", "\ud7ff", "\U0010ffff", "\ufeff"),
)
_BYTES: Final = (
    b"\r\n",
    b"\r",
    b"\n",
    b"\x00",
    b" ",
    b":",
    b"%",
    b"\xff",
    b"\r\n\r\n",
    b"/",
    b"?",
    b"HTTP/1.0",
    b"chunked",
    b"0",
)
_HEADS: Final = (
    b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\nConnection: close\r\n\r\n",
    b"GET /doc/cluster/lombardy-energy.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /queries/members-of-cluster.csv?cluster=lombardy-energy HTTP/1.1\r\nHost: localhost\r\n"
    b"Connection: close\r\n\r\n",
    b"GET /id/cluster/lombardy-energy HTTP/1.1\r\nHost: localhost\r\nAccept: text/turtle\r\nConnection: close\r\n\r\n",
    b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\n"
    b"Content-Length: 6\r\nConnection: close\r\n\r\nASK {}",
    b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Transfer-Encoding: chunked\r\n"
    b"Connection: close\r\n\r\n10\r\nquery=ASK%20%7B}\r\n0\r\n\r\n",
    b"OPTIONS /sparql HTTP/1.1\r\nHost: localhost\r\nOrigin: https://e.example\r\nConnection: close\r\n\r\n",
    b"HEAD /graph/curated HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
)


def seeds() -> list[str]:
    """Queries that mean something: our own and, where they are at hand, those of the W3C."""
    folders = (REPOSITORY / "queries", SUITES / "sparql")
    paths = sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*.rq"))
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in paths)
    return [text for text in texts if len(text.encode()) < QUERY_BYTES]


def mutated_query(text: str, others: Sequence[str], chance: random.Random) -> str:
    """A query with some of its tokens left out, doubled, moved, replaced, or taken from another query."""
    tokens = _TOKEN.findall(text)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(tokens) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            del tokens[place : place + chance.randint(1, 4)]
        elif kind == 1:
            tokens[place:place] = tokens[place : place + chance.randint(1, 20)] * chance.choice((1, 1, 2, 30))
        elif kind == 2:
            chunk = tokens[place : place + 5]
            chance.shuffle(chunk)
            tokens[place : place + 5] = chunk
        elif kind == 3:
            other = _TOKEN.findall(chance.choice(others))
            start = chance.randrange(len(other) + 1)
            tokens[place:place] = other[start : start + chance.randint(1, 30)]
        elif kind == 4:
            tokens[place:place] = [chance.choice(_STRANGE), " "]
        else:
            tokens[place : place + 1] = [chance.choice(_STRANGE)]
    return "".join(tokens)[:QUERY_BYTES]


def mutated_bytes(raw: bytes, chance: random.Random) -> bytes:
    """A request with some of its bytes left out, doubled, turned or replaced."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            del data[place : place + chance.randint(1, 10)]
        elif kind == 1:
            data[place:place] = data[place : place + 40] * chance.choice((1, 2, 50))
        elif kind == 2 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 3:
            data[place:place] = chance.choice(_BYTES)
        else:
            data[place:place] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
    return bytes(data)


def mutations(seed: int) -> Iterator[tuple[str, bytes]]:
    """Requests without end, each with its kind: `query`, `page`, `path` or `http`."""
    chance = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    texts = seeds()
    ways = list(ENCODINGS.values())
    while True:
        kind = chance.choices(("query", "page", "path", "http"), (6, 1, 1, 3))[0]
        if kind == "http":
            yield kind, mutated_bytes(chance.choice(_HEADS), chance)
        elif kind == "path":
            path = chance.choice(_HEADS).split(b" ")[1].decode("latin-1")
            target = mutated_bytes(path.encode("latin-1"), chance).decode("latin-1")
            yield kind, get("/" + quote(target[:2_000], safe="/?&=%"), ("Accept", chance.choice(("text/html", "*/*"))))
        else:
            text = mutated_query(chance.choice(texts), texts, chance)
            pairs = (("timeout", "0.5"),) + ((("format", "html"),) if kind == "page" else ())
            send = chance.choice(ways[1:] if len(text) > 2_000 else ways)
            yield kind, send(text, *pairs)
