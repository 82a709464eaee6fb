"""The W3C's tests of SHACL: what they expect, and what our engine finds."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from suite_manifests import SUITES

from clustergraph.reading import read
from clustergraph.reading.parsed import FIRST, NIL, REST, TYPE, XSD_STRING, Literal, Parsed, Term
from clustergraph.shacl import Index, Report, validate
from clustergraph.shacl.vocabulary import PATHS, sh

FOLDER: Final = SUITES.resolve() / "data-shapes-test-suite/tests"
_MF: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
_SHT: Final = "http://www.w3.org/ns/shacl-test#"
_KEYS: Final = ("focusNode", "resultPath", "value", "resultSeverity", "sourceConstraintComponent", "sourceShape")

Row = tuple[str, ...]


class ShapesTest(NamedTuple):
    """One test. Shape: `expected` is None where the shapes must be refused."""

    name: str
    data: Path
    shapes: Path
    expected: Counter[Row] | None

    def run(self) -> Report:
        """What our engine finds."""
        data = Index([_read(self.data)])
        return validate(data if self.data == self.shapes else Index([_read(self.shapes)]), data)

    @property
    def wrong(self) -> str:
        """What differs from what is expected; nothing if all is well."""
        report = self.run()
        if self.expected is None:
            return "" if report.faults else "accepted"
        if report.faults:
            return f"not evaluated: {report.faults[0]}"
        shapes = Index([_read(self.shapes)])
        found: Counter[Row] = Counter(
            (
                _told(one.focus),
                _path(shapes, one.path),
                _told(one.value),
                one.severity,
                one.component,
                _told(one.shape),
            )
            for one in report.results
        )
        missing, extra = self.expected - found, found - self.expected
        return "" if missing == extra == Counter() else f"missing {sorted(missing)}, too many {sorted(extra)}"


def shapes_tests(section: str) -> list[ShapesTest]:
    """The tests of a section, `core` or `sparql`, by name."""
    return sorted(test for path in (FOLDER / section).rglob("*.ttl") for test in _tests(path))


def _read(path: Path) -> Parsed:
    parsed = read(path.read_text(encoding="utf-8"), base=path.as_uri())
    assert parsed.faults == [], path
    return parsed


def _tests(path: Path) -> Iterator[ShapesTest]:
    graph = Index([_read(path)])
    for node in graph.subjects(TYPE, f"{_SHT}Validate"):
        action, result = graph.value(node, f"{_MF}action"), graph.value(node, f"{_MF}result")
        data, shapes = (
            Path(str(graph.value(action, f"{_SHT}{name}Graph")).removeprefix("file://")) for name in ("data", "shapes")
        )
        expected = None if result == f"{_SHT}Failure" else _expected(graph, result)
        yield ShapesTest(str(path.relative_to(FOLDER)), data, shapes, expected)


def _expected(graph: Index, report: Term | None) -> Counter[Row]:
    rows = []
    for node in graph.values(report, sh("result")):
        values = {key: graph.value(node, sh(key)) for key in _KEYS}
        rows.append(
            tuple(_path(graph, value) if key == "resultPath" else _told(value) for key, value in values.items())
        )
    return Counter(rows)


def _told(term: Term | None) -> str:
    if isinstance(term, Literal):
        datatype = "" if term.datatype == XSD_STRING else term.datatype
        return f"{term.lexical!r}@{term.language.lower()}^^{datatype}"
    return "" if term is None else "_:" if term.startswith("_:") else term


def _path(graph: Index, path: Term | None) -> str:
    if not isinstance(path, str) or not path.startswith("_:"):
        return _told(path)
    if graph.values(path, FIRST):
        items: list[str] = []
        head: Term | None = path
        while isinstance(head, str) and head != NIL:
            items.append(_path(graph, graph.value(head, FIRST)))
            head = graph.value(head, REST)
        return f"({' '.join(items)})"
    return "".join(f"{name}[{_path(graph, one)}]" for name in PATHS for one in graph.values(path, sh(name)))
