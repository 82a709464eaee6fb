"""The manifests of the W3C test suites, one value per test. Knows nothing of servers, and compares nothing."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Store, Triple
from pyoxigraph import Literal as RdfLiteral

SUITES: Final = Path(__file__).resolve().parents[2] / os.environ.get("CLUSTERGRAPH_SUITES", "../shared/suites")
SPARQL: Final = SUITES / "sparql"
PUBLISHED_AT: Final = "https://w3c.github.io/rdf-tests/sparql/"  # the same IRIs wherever the suites lie

MF: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT: Final = "http://www.w3.org/2009/sparql/tests/test-update#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"

FOLDERS: Final[dict[str, int]] = {
    "sparql10/algebra": 14,
    "sparql10/ask": 4,
    "sparql10/basic": 27,
    "sparql10/bnode-coreference": 1,
    "sparql10/boolean-effective-value": 7,
    "sparql10/bound": 1,
    "sparql10/cast": 7,
    "sparql10/construct": 5,
    "sparql10/dataset": 12,
    "sparql10/distinct": 11,
    "sparql10/expr-builtin": 25,
    "sparql10/expr-equals": 15,
    "sparql10/expr-ops": 18,
    "sparql10/graph": 17,
    "sparql10/i18n": 5,
    "sparql10/open-world": 18,
    "sparql10/optional": 7,
    "sparql10/optional-filter": 5,
    "sparql10/reduced": 2,
    "sparql10/regex": 21,
    "sparql10/solution-seq": 13,
    "sparql10/sort": 14,
    "sparql10/syntax-sparql1": 81,
    "sparql10/syntax-sparql2": 53,
    "sparql10/syntax-sparql3": 51,
    "sparql10/syntax-sparql4": 12,
    "sparql10/syntax-sparql5": 2,
    "sparql10/triple-match": 4,
    "sparql10/type-promotion": 30,
    "sparql11/aggregates": 47,
    "sparql11/bind": 10,
    "sparql11/bindings": 11,
    "sparql11/cast": 6,
    "sparql11/construct": 7,
    "sparql11/csv-tsv-res": 6,
    "sparql11/delete-insert": 8,
    "sparql11/exists": 6,
    "sparql11/functions": 75,
    "sparql11/grouping": 6,
    "sparql11/json-res": 4,
    "sparql11/negation": 12,
    "sparql11/project-expression": 7,
    "sparql11/property-path": 33,
    "sparql11/subquery": 14,
    "sparql11/syntax-fed": 3,
    "sparql11/syntax-query": 94,
    "sparql12/codepoint-escapes": 14,
    "sparql12/eval-triple-terms": 38,
    "sparql12/expression": 5,
    "sparql12/grouping": 2,
    "sparql12/lang-basedir": 11,
    "sparql12/rdf11": 3,
    "sparql12/syntax": 6,
    "sparql12/syntax-triple-terms-negative": 63,
    "sparql12/syntax-triple-terms-positive": 95,
    "sparql12/version": 9,
}
"""Every folder with tests of queries, and how many it has of the kinds in KINDS."""

OUT_OF_SCOPE: Final[dict[str, str]] = {
    "sparql11/entailment": "we infer when we build, by our own rules; the endpoint answers from what is there",
    "sparql11/service": "SERVICE is never answered: it would make the server call addresses that strangers choose",
}
"""Folders with tests of queries that are not run, and why."""

Kind = Literal["evaluation", "csv", "positive syntax", "negative syntax"]

KINDS: Final[dict[str, Kind]] = {
    "QueryEvaluationTest": "evaluation",
    "CSVResultFormatTest": "csv",
    "PositiveSyntaxTest": "positive syntax",
    "PositiveSyntaxTest11": "positive syntax",
    "NegativeSyntaxTest": "negative syntax",
    "NegativeSyntaxTest11": "negative syntax",
}

RDF_FORMATS: Final = {
    ".ttl": RdfFormat.TURTLE,
    ".n3": RdfFormat.TURTLE,
    ".nt": RdfFormat.N_TRIPLES,
    ".rdf": RdfFormat.RDF_XML,
    ".trig": RdfFormat.TRIG,
    ".nq": RdfFormat.N_QUADS,
}

_FROM: Final = re.compile(r"^[^#\n]*?\bFROM\s+(?:NAMED\s+)?<([^<>]*)>", re.IGNORECASE | re.MULTILINE)

Term = NamedNode | BlankNode | RdfLiteral | Triple


@dataclass(frozen=True)
class Test:
    """One test of a query.

    Shape: `id` is folder and local name, such as `sparql10/algebra/nested-opt-1`; `data` is the default graph, each of
           `graphs` the named graph of that file's IRI; `is_lax` means that duplicates may or may not be removed.
    """

    __test__ = False  # for pytest

    id: str
    kind: Kind
    query: Path
    data: tuple[Path, ...] = ()
    graphs: tuple[Path, ...] = ()
    expected: Path | None = None
    is_lax: bool = False


def iri_of(path: Path) -> str:
    """The address at which the W3C publishes a file of the suites."""
    return PUBLISHED_AT + path.relative_to(SPARQL).as_posix()


def path_of(iri: Term) -> Path:
    """The file behind such an address."""
    assert isinstance(iri, NamedNode), iri
    return SPARQL / iri.value.removeprefix(PUBLISHED_AT)


class Manifest:
    """One manifest file as a graph, with the few questions one asks of it."""

    def __init__(self, path: Path) -> None:
        self._store = Store()
        self._store.load(path=str(path), format=RdfFormat.TURTLE, base_iri=iri_of(path))

    def values(self, subject: Term, predicate: str) -> list[Term]:
        """All objects, in no order."""
        assert isinstance(subject, NamedNode | BlankNode), subject
        return [quad.object for quad in self._store.quads_for_pattern(subject, NamedNode(predicate), None)]

    def value(self, subject: Term, predicate: str) -> Term | None:
        """The object; None if there is none."""
        return next(iter(self.values(subject, predicate)), None)

    def items(self, head: Term) -> Iterator[Term]:
        """The members of a list."""
        while head != NamedNode(f"{RDF}nil"):
            (first,), (head,) = self.values(head, f"{RDF}first"), self.values(head, f"{RDF}rest")
            yield first

    def entries(self) -> Iterator[Term]:
        """The tests, in the order of the manifest."""
        for quad in self._store.quads_for_pattern(None, NamedNode(f"{MF}entries"), None):
            yield from self.items(quad.object)

    def kind(self, entry: Term) -> str:
        """The local name of a test's type."""
        return local_name(self.values(entry, f"{RDF}type")[0])


def local_name(term: Term) -> str:
    """What stands after the last `#` of an IRI."""
    assert isinstance(term, NamedNode), term
    return term.value.rpartition("#")[2]


@cache
def read_tests(folder: str) -> tuple[Test, ...]:
    """The tests of queries of one folder, such as `sparql10/algebra`."""
    manifest = Manifest(SPARQL / folder / "manifest.ttl")
    return tuple(_test(manifest, folder, entry) for entry in manifest.entries() if manifest.kind(entry) in KINDS)


def _test(manifest: Manifest, folder: str, entry: Term) -> Test:
    kind = KINDS[manifest.kind(entry)]
    identifier = f"{folder}/{local_name(entry)}"
    action = manifest.value(entry, f"{MF}action")
    assert action is not None, identifier
    if kind.endswith("syntax"):
        return Test(identifier, kind, path_of(action))
    query, expected = manifest.value(action, f"{QT}query"), manifest.value(entry, f"{MF}result")
    assert query is not None, identifier
    assert expected is not None, identifier
    graphs = [path_of(one) for one in manifest.values(action, f"{QT}graphData")]
    return Test(
        identifier,
        kind,
        path_of(query),
        data=tuple(sorted(path_of(one) for one in manifest.values(action, f"{QT}data"))),
        graphs=tuple(sorted({*graphs, *_graphs_of(path_of(query))})),
        expected=path_of(expected),
        is_lax=manifest.value(entry, f"{MF}resultCardinality") == NamedNode(f"{MF}LaxCardinality"),
    )


def _graphs_of(query: Path) -> list[Path]:
    """The files that a query names after FROM: the suites expect them to be known to the service."""
    paths = [query.parent / name for name in _FROM.findall(query.read_text(encoding="utf-8"))]
    return [path for path in paths if path.is_file()]
