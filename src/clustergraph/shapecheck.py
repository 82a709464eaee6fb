"""What the shapes of a repository say of it, as findings about its files.

Shapes under shapes/source/ see each source graph alone; those of shapes/ontology.ttl see the ontology; the others see
the merge.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import pyoxigraph as ox

from clustergraph.assembly import INFERRED, Assembly
from clustergraph.findings import INFO, VIOLATION, WARNING, Finding, Related
from clustergraph.reading.parsed import LANG_STRING, OBJECT, PREDICATE, Literal, Parsed, Place, Term
from clustergraph.repository import ONTOLOGY, SHAPES, Document, Repository
from clustergraph.shacl import Index, QueryTime, Report, Result, ShapeFault, validate
from clustergraph.shacl.messages import code_of, fault_said, own_words, said
from clustergraph.shacl.places import Spot, described, spots
from clustergraph.shacl.vocabulary import SUBCLASS, sh
from clustergraph.terms import compact

RULES_FOLDER: Final = "queries/rules"
_ALONE, _OF_ONTOLOGY, _MERGED = _SCOPES = ("alone", "ontology", "merged")
_ANY: Final = "any"  # prefixes and shapes of single values: they have no target, and the others refer to them
_SEVERITIES: Final = {sh("Violation"): VIOLATION, sh("Warning"): WARNING, sh("Info"): INFO}
_RULE: Final = {"en": "the rule", "it": "la regola"}
_OTHER: Final = {"en": "see also", "it": "vedi anche"}


class _Texts(NamedTuple):
    """Triples as one graph, and the files that they stand in. Shape: None for what stands in no file."""

    graph: Index
    paths: tuple[PurePosixPath | None, ...]

    def place(self, spot: Spot) -> tuple[str, Place] | None:
        """The file and the place of a part of a triple, None if it stands in no file."""
        text, number = self.graph.text_of(spot.number)
        path = self.paths[text]
        return None if path is None else (str(path), self.graph.texts[text].place_of(number, spot.part))


def shape_findings(repository: Repository, assembly: Assembly) -> Iterator[Finding]:
    """What every shape says, and what is wrong with the shapes."""
    shapes = {
        scope: _texts([one for one in repository.in_graph(SHAPES) if _scope(one.path) in (scope, _ANY)])
        for scope in _SCOPES
    }
    ontology = repository.in_graph(ONTOLOGY)
    classes = _made(triple for one in ontology for triple in one.parsed.triples if triple[1] == SUBCLASS)
    query_time = QueryTime()
    for source in repository.sources:
        yield from _found(shapes[_ALONE], _texts([source], classes), query_time)
    yield from _found(shapes[_OF_ONTOLOGY], _texts(ontology), query_time)
    inferred = _made(_read(triple) for triple in assembly.graph(INFERRED))
    yield from _found(shapes[_MERGED], _texts(repository.dataset_documents, inferred), query_time)


def _found(shapes: _Texts, data: _Texts, query_time: QueryTime) -> Iterator[Finding]:
    report: Report = validate(shapes.graph, data.graph, query_time)
    yield from (_of_fault(one, shapes) for one in report.faults)
    yield from (_of_result(one, shapes, data) for one in report.results)


def _of_result(result: Result, shapes: _Texts, data: _Texts) -> Finding:
    """A result as a finding at the words that are to be mended."""
    places = [place for one in spots(data.graph, result) if (place := data.place(one))]
    path, at = places[0] if places else (RULES_FOLDER, None)
    rule = [place for one in described(shapes.graph, result.shape) if (place := shapes.place(one))]
    related = [Related(*place, _OTHER) for place in places[1:]] + [Related(*place, _RULE) for place in rule]
    return Finding(
        path,
        code_of(result),
        _SEVERITIES.get(result.severity, VIOLATION),
        said(result, shapes.graph, compact),
        at,
        own_words(result, shapes.graph, compact),
        tuple(related),
    )


def _of_fault(fault: ShapeFault, shapes: _Texts) -> Finding:
    """A fault of shapes as a finding at the words of the shape."""
    values = shapes.graph.values(fault.subject, fault.predicate or "")
    part = PREDICATE if fault.value is None else OBJECT
    numbers = [number for value, number in values.items() if fault.value in (None, value)]
    found = [Spot(number, part) for number in numbers] or described(shapes.graph, fault.subject)
    path, at = next((place for one in found if (place := shapes.place(one))), (SHAPES, None))
    return Finding(path, fault.code, VIOLATION, fault_said(fault, compact), at)


def _scope(path: PurePosixPath) -> str:
    """What the shapes of a file look at: one source graph alone, the ontology, or the merge."""
    if path.parent.name == "source":
        return _ALONE
    return {"values": _ANY, "header": _ANY, "ontology": _OF_ONTOLOGY}.get(path.stem, _MERGED)


def _texts(documents: Sequence[Document], *made: Parsed) -> _Texts:
    paths = (*(one.path for one in documents), *(None for _ in made))
    return _Texts(Index([*(one.parsed for one in documents), *made]), paths)


def _made(triples: Iterable[tuple[str, str, Term]]) -> Parsed:
    """Triples that stand in no file."""
    parsed = Parsed("")
    parsed.triples.extend(triples)
    return parsed


def _read(triple: ox.Triple) -> tuple[str, str, Term]:
    return str(_term(triple.subject)), triple.predicate.value, _term(triple.object)


def _term(term: object) -> Term:
    if isinstance(term, ox.Literal):
        return Literal(term.value, LANG_STRING if term.language else term.datatype.value, term.language or "")
    return f"_:{term.value}" if isinstance(term, ox.BlankNode) else str(getattr(term, "value", term))
