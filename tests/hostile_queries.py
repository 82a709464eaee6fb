"""Queries to be mutated, and the mutations: what a scanner of SPARQL is frightened with."""

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SUITES = Path(os.environ.get("CLUSTERGRAPH_SUITES", REPOSITORY.parent / "shared/suites")) / "sparql"
WORDS = re.compile(r"""<[^<>\s]*>|"[^"\n]*"|'[^'\n]*'|[?$@]?[\w:][\w:.\-]*|\s+|.""")
PIECES = [
    *" \t\n\r\x0b\x0c\x1c\x85\xa0\u2028\u212a\u017f\u0130\x00\x7f\ud800",
    *"""<>"'#\\()[]{};.,/|^!+-*=@:_?$&""",
    *(
        "'''",
        '"""',
        "''",
        '""',
        "<<",
        ">>",
        "<<(",
        "{|",
        "|}",
        "://",
        "<a://",
        "<x'",
        "<x#",
        "#\n",
        "# it's\n",
        "\\u0022",
    ),
    *(
        "SERVICE",
        "Service",
        "ſervice",
        "values",
        "VALUES ?x { 1 2 }",
        "insert",
        "DELETE",
        "; DROP ALL",
        "PREFIX",
        "BASE",
    ),
    *(
        "PREFIX insert.: <http://a/>",
        "SELECT",
        "ASK",
        "DESCRIBE",
        "CONSTRUCT",
        "FROM",
        "true--1:b",
        "1e5",
        ".5",
        "5.e1",
    ),
    *(
        "<urn:a'b>",
        "<http://a/'b>",
        "<http://a/#b>",
        "<b>",
        "'x  y'",
        '"x  y"',
        "'it\"s  '",
        '"it\'s  "',
        "?x<?y",
        "?x <",
    ),
]


def own_queries() -> list[str]:
    """The queries of our own files."""
    return [path.read_bytes().decode() for path in sorted((REPOSITORY / "queries").rglob("*.rq"))]


def suite_queries() -> list[str]:
    """The W3C's queries; the test is skipped where they are not."""
    if not SUITES.is_dir():
        pytest.skip(f"no W3C suites at {SUITES}: set CLUSTERGRAPH_SUITES to the folder that holds sparql/")
    return [path.read_bytes().decode() for path in sorted(SUITES.rglob("*.rq"))]


def seeded(seed: int) -> random.Random:
    """Choices that are the same in every run."""
    return random.Random(seed)  # noqa: S311  # nothing secret is chosen


def mutations(queries: list[str], count: int, seed: int) -> Iterator[str]:
    """So many queries, each with one to four changes; the same ones for the same seed."""
    chosen = seeded(seed)
    cut = [words for words in map(WORDS.findall, queries) if words]
    for _ in range(count):
        words = list(chosen.choice(cut))
        for _ in range(chosen.randint(1, 4)):
            _mutate(words, chosen, cut)
        yield "".join(words)


def _mutate(words: list[str], chosen: random.Random, cut: list[list[str]]) -> None:
    place = chosen.randrange(len(words) + 1)
    kind = chosen.randrange(6)
    if kind == 0:
        words.insert(place, chosen.choice(PIECES))
    elif kind == 1:
        other = chosen.choice(cut)
        begins = chosen.randrange(len(other))
        words[place:place] = other[begins : begins + chosen.randint(1, 6)]
    elif kind == 2:
        del words[place : place + chosen.randint(1, 3)]
    elif kind == 3:
        words[place:place] = words[max(0, place - chosen.randint(1, 4)) : place] * chosen.choice((1, 2, 30))
    elif kind == 4 and place < len(words):
        inside = chosen.randrange(len(words[place]) + 1)
        words[place] = words[place][:inside] + chosen.choice(PIECES) + words[place][inside:]
    elif words:
        one, two = chosen.randrange(len(words)), chosen.randrange(len(words))
        words[one], words[two] = words[two], words[one]
    words[:] = words or [" "]
