"""What the shapes of a repository say of it, as findings about its files.

Shapes under shapes/source/ see each source graph alone; those of shapes/ontology.ttl see the ontology; the others see
the merge.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import pyoxigraph as ox

from clustergraph.assembly import INFERRED, Assembly
from clustergraph.edits import Fix
from clustergraph.findings import INFO, VIOLATION, WARNING, Coverage, Finding, Origin, Related
from clustergraph.reading.parsed import LANG_STRING, OBJECT, PREDICATE, Literal, Parsed, Place, Term
from clustergraph.repository import ONTOLOGY, SHAPES, Document, Repository
from clustergraph.shacl import Index, QueryTime, Report, Result, ShapeFault, validate
from clustergraph.shacl.messages import code_of, fault_said, own_words, said
from clustergraph.shacl.pathwords import in_turtle
from clustergraph.shacl.places import Spot, described, spots
from clustergraph.shacl.vocabulary import SUBCLASS, component, sh
from clustergraph.shacl.wellformed import imports
from clustergraph.terms import compact
from clustergraph.wording import near, other_word

RULES_FOLDER: Final = "queries/rules"
_ALONE, _OF_ONTOLOGY, _MERGED = _SCOPES = ("alone", "ontology", "merged")
_ANY: Final = "any"  # prefixes and shapes of single values: they have no target, and the others refer to them
_SEVERITIES: Final = {sh("Violation"): VIOLATION, sh("Warning"): WARNING, sh("Info"): INFO}
_GRAVEST: Final = sh("Violation")
_OF_TYPE: Final = tuple(map(component, ("Datatype", "NodeKind")))
_OF_TYPED: Final = tuple(
    map(component, ("LanguageIn", "MinExclusive", "MinInclusive", "MaxExclusive", "MaxInclusive", "Pattern", "Class"))
)
_LACKING: Final = component("QualifiedMinCount")
_OF_VALUE: Final = (*_OF_TYPE, component("LanguageIn"), component("UniqueLang"))
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


class Judged(NamedTuple):
    """What every shape says, what is wrong with the shapes, and what they looked at."""

    findings: list[Finding]
    coverage: Coverage


def judged(repository: Repository, assembly: Assembly, query_time: QueryTime | None = None) -> Judged:
    """The findings of all shapes about a repository. Shape: `query_time` is that of all queries together."""
    query_time = query_time or QueryTime()
    shapes = {
        scope: _texts([one for one in repository.in_graph(SHAPES) if _scope(one.path) in (scope, _ANY)])
        for scope in _SCOPES
    }
    ontology = repository.in_graph(ONTOLOGY)
    classes = _made(triple for one in ontology for triple in one.parsed.triples if triple[1] == SUBCLASS)
    inferred = _made(_read(triple) for triple in assembly.graph(INFERRED))
    pairs = [(shapes[_ALONE], _texts([source], classes)) for source in repository.sources]
    pairs.append((shapes[_OF_ONTOLOGY], _texts(ontology)))
    pairs.append((shapes[_MERGED], _texts(repository.dataset_documents, inferred)))
    findings: list[Finding] = []
    reports = []
    for those, data in pairs:
        report = validate(those.graph, data.graph, query_time)
        reports.append((those.graph, report))
        findings += _found(report, those, data)
    return Judged(findings, _coverage(repository, reports))


def _found(report: Report, shapes: _Texts, data: _Texts) -> Iterator[Finding]:
    yield from (_of_fault(one, shapes) for one in (*report.faults, *imports(shapes.graph)))
    yield from (_of_result(one, shapes, data) for one in _first_of_all(report.results))


def _first_of_all(results: Sequence[Result]) -> list[Result]:
    """The results without those that only follow from another one, about the same values of the same thing.

    A value of another datatype is neither in range nor in a language, and is none of those that a property lacks.
    """
    mistyped = {(one.focus, one.path, one.value) for one in results if one.component in _OF_TYPE}
    wrong = {(one.focus, one.path) for one in results if one.component in _OF_VALUE and one.severity == _GRAVEST}
    return [
        one
        for one in results
        if not (one.component in _OF_TYPED and (one.focus, one.path, one.value) in mistyped)
        and not (one.component == _LACKING and (one.focus, one.path) in wrong)
    ]


def _coverage(repository: Repository, reports: Sequence[tuple[Index, Report]]) -> Coverage:
    """What was looked at. Shape: a shape is idle if it is so wherever it stands; values of several graphs add up."""
    seen: Counter[str] = Counter()
    for _, report in reports:
        seen.update(report.focus_nodes)
    idle = {node for _, report in reports for node in report.idle}
    used = {node for shapes, report in reports for node in idle if node in shapes.spo and node not in report.idle}
    named = {node: compact(node) for node in (*seen, *idle) if not node.startswith("_:")}
    return Coverage(
        len(repository.documents),
        sum(len(one.triples) for one in repository.documents),
        {named[node]: count for node, count in seen.items() if node in named},
        tuple(sorted(named[node] for node in idle - used if node in named)),
    )


def _of_result(result: Result, shapes: _Texts, data: _Texts) -> Finding:
    """A result as a finding at the words that are to be mended."""
    found = [(one, place) for one in spots(data.graph, result) if (place := data.place(one))]
    places = [place for _, place in found]
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
        Origin(
            result.focus,
            result.value,
            None if result.path is None else in_turtle(shapes.graph, result.path),
            result.component,
            result.shape,
            result.severity,
        ),
        _fixes(result, data, found[0][0]) if found else (),
    )


def _fixes(result: Result, data: _Texts, spot: Spot) -> tuple[Fix, ...]:
    """The one value of a list that is spelt almost like the one that is not in it."""
    if result.component != component("In") or result.value is None:
        return ()
    guess = near(result.value, result.against)
    text, number = data.graph.text_of(spot.number)
    parsed = data.graph.texts[text]
    if guess is None or parsed.triples[number][spot.part] != result.value:
        return ()
    fix = other_word(parsed, parsed.span(number, spot.part), result.value, guess)
    return (fix,) if fix else ()


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
