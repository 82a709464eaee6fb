"""Whether two servers gave the same answer, whatever the order of its rows and the spelling of its numbers."""

import csv
import io
import json
from collections import Counter
from typing import Any, Final

import pyoxigraph as ox

from bench.client import OK, Response
from bench.mix import EXPORT_ROWS, GRAPH, RESULTS, TABLE

Answer = Counter[tuple[str, ...]]
"""The rows of an answer, each with the number of times it came."""

_ROWS: Final = "rows"  # of an answer where any so many rows will do


def answer_of(response: Response, accept: str) -> Answer:
    """The rows that a response holds.

    Shape:  values without their datatypes, which servers spell differently; of an export only the number of rows.
    Raises: ValueError if the response is no answer, with its beginning.
    """
    if response.status != OK:
        message = f"status {response.status}: {response.body[:300].decode(errors='replace')}"
        raise ValueError(message)
    return _READERS[accept](response.body)


def _read_results(body: bytes) -> Answer:
    said: dict[str, Any] = json.loads(body)
    if "boolean" in said:
        return Counter([(str(said["boolean"]),)])
    names = said["head"]["vars"]
    rows = said["results"]["bindings"]
    if names == ["__ASK_RETVAL"]:  # Virtuoso 7.2.5 answers ASK with a table
        return Counter([(str(rows[0][names[0]]["value"] == "1"),)])
    return Counter(tuple(row[name]["value"] if name in row else "" for name in names) for row in rows)


def _read_table(body: bytes) -> Answer:
    rows = sum(1 for _ in csv.reader(io.StringIO(body.decode()))) - 1
    return Counter([(_ROWS, str(min(rows, EXPORT_ROWS)))])


def _read_graph(body: bytes) -> Answer:
    triples = {quad.triple for quad in ox.parse(body, format=ox.RdfFormat.TURTLE)}
    return Counter(tuple(str(term) for term in triple) for triple in triples)


_READERS: Final = {RESULTS: _read_results, TABLE: _read_table, GRAPH: _read_graph}


def size(answer: Answer) -> int:
    """The number of rows."""
    return next((int(row[1]) for row in answer if row[:1] == (_ROWS,)), answer.total())


def difference(answer: Answer, expected: Answer) -> str:
    """What is wrong with an answer, empty if nothing."""
    if answer == expected:
        return ""
    missing, extra = expected - answer, answer - expected
    example = next(iter(missing or extra), ())
    return f"{missing.total()} rows missing, {extra.total()} too many, e.g. {example!r}"[:300]
