"""Every test of a query tried twice: over HTTP against the real application, and on the engine in this process."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from pyoxigraph import Dataset, NamedNode, Quad, QueryResultsFormat, QueryTriples, RdfFormat, Store, parse, serialize
from suite_answers import (
    TABLE_FORMATS,
    Answer,
    Likeness,
    csv_table,
    engine_answer,
    engine_graph,
    expected_answer,
    likeness,
    written_answer,
)
from suite_manifests import RDF_FORMATS, Test, iri_of, read_tests
from suite_server import Endpoint, Reply

QUERY: Final = "application/sparql-query"
TURTLE: Final = "text/turtle"
MEDIA_TYPES: Final = {
    ".srx": "application/sparql-results+xml",
    ".srj": "application/sparql-results+json",
    ".tsv": "text/tab-separated-values",
    ".csv": "text/csv",
}
"""What is asked for, by the extension of the file with the answer expected; JSON for tables described in RDF."""

_LAST_ORDER: Final = re.compile(r"\bORDER\s+BY\b[^{}]*$", re.IGNORECASE)


class Verdict(NamedTuple):
    """How a test went: whether as the suite wants it, and how that is known."""

    passed: bool
    remark: str


@dataclass(frozen=True)
class Outcome:
    """What came of one test.

    Shape: `has_base` says that the runner put a BASE line before the query, as it has IRIs relative to its own file.
    """

    test: Test
    over_http: Verdict
    in_process: Verdict
    has_base: bool


def try_folder(endpoint: Endpoint, folder: str) -> list[Outcome]:
    """What comes of every test of a folder, in the order of its manifest."""
    together: dict[tuple[tuple[Path, ...], ...], list[Test]] = {}
    for test in read_tests(folder):
        together.setdefault((test.data, test.graphs), []).append(test)
    outcomes: dict[str, Outcome] = {}
    for tests in together.values():
        dataset = dataset_of(tests[0])
        store = Store()
        store.load(dataset, format=RdfFormat.N_QUADS)
        endpoint.serve(dataset)
        outcomes |= {test.id: _try(endpoint, store, test) for test in tests}
    return [outcomes[test.id] for test in read_tests(folder)]


def dataset_of(test: Test) -> bytes:
    """What a test is asked of, in N-Quads; each file has blank nodes of its own."""
    default = chain.from_iterable(map(_quads, test.data))
    named = (
        Quad(quad.subject, quad.predicate, quad.object, NamedNode(iri_of(path)))
        for path in test.graphs
        for quad in _quads(path)
    )
    return serialize(chain(default, named), format=RdfFormat.N_QUADS) or b""


def _quads(path: Path) -> Iterator[Quad]:
    written_in = RDF_FORMATS[path.suffix]
    return parse(path=str(path), format=written_in, base_iri=iri_of(path), rename_blank_nodes=True)


def _try(endpoint: Endpoint, store: Store, test: Test) -> Outcome:
    has_base = test.expected is not None and _needs_base(test.query)
    return Outcome(test, _over_http(endpoint, test, has_base=has_base), _in_process(store, test), has_base)


@cache
def _needs_base(query: Path) -> bool:
    """Whether a query means something else, or nothing, where its own address is not its base."""
    text = query.read_text(encoding="utf-8")
    return not _is_read(text, None) and _is_read(text, iri_of(query))


def _is_read(text: str, base: str | None) -> bool:
    try:
        Store().query(text, base_iri=base)
    except SyntaxError:
        return False
    return True


def _over_http(endpoint: Endpoint, test: Test, *, has_base: bool) -> Verdict:
    base = f"BASE <{iri_of(test.query)}>\n" if has_base else ""
    expected = None if test.expected is None else expected_answer(test.expected)
    accepted = _accepted(test, expected)
    headers = {"Content-Type": QUERY, "Accept": accepted}
    reply = endpoint.exchange("POST", body=base.encode() + test.query.read_bytes(), headers=headers)
    if test.kind == "negative syntax":
        return Verdict(400 <= reply.status < 500, f"answered with {reply.status}")
    if reply.status != 200:
        return Verdict(False, f"answered with {reply.status}: {reply.body.decode()[:300]}")
    if expected is None:
        return Verdict(True, "answered")
    if reply.media_type != accepted:
        return Verdict(False, f"answered in {reply.media_type}, not in {accepted}")
    return _judged(test, expected, _read(reply))


def _accepted(test: Test, expected: Answer | None) -> str:
    if test.expected is None:
        return "*/*"
    return TURTLE if isinstance(expected, Dataset) else MEDIA_TYPES.get(test.expected.suffix, MEDIA_TYPES[".srj"])


def _read(reply: Reply) -> Answer:
    if reply.media_type == TURTLE:
        return Dataset(parse(reply.body, format=RdfFormat.TURTLE))
    if reply.media_type == MEDIA_TYPES[".csv"]:
        return csv_table(reply.body)
    (extension,) = [suffix for suffix, name in MEDIA_TYPES.items() if name == reply.media_type]
    return written_answer(reply.body, TABLE_FORMATS[extension])


def _in_process(store: Store, test: Test) -> Verdict:
    try:
        results = store.query(test.query.read_text(encoding="utf-8"), base_iri=iri_of(test.query))
    except SyntaxError as exc:
        return Verdict(test.kind == "negative syntax", str(exc))
    except RuntimeError as exc:
        return Verdict(test.kind == "positive syntax", f"read, but {exc}")
    if test.expected is None:  # results are not looked at, so no SERVICE is called
        return Verdict(test.kind == "positive syntax", "read as a query")
    if isinstance(results, QueryTriples):
        found: Answer = engine_graph(results)
    elif test.kind == "csv":
        found = csv_table(results.serialize(format=QueryResultsFormat.CSV) or b"")
    else:
        found = engine_answer(results)
    return _judged(test, expected_answer(test.expected), found)


def _judged(test: Test, expected: Answer, found: Answer) -> Verdict:
    is_ordered = bool(_LAST_ORDER.search(test.query.read_text(encoding="utf-8")))
    degree = likeness(expected, found, is_ordered=is_ordered, is_lax=test.is_lax)
    return Verdict(degree is not Likeness.DIFFERENT, degree)
