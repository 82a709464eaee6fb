"""What a shapes graph says that nobody would evaluate: one pass over all its triples, whatever leads to them.

Source: SHACL 1.0, sections 2.1 to 2.3, 3.1, 3.2, 4.4.3, 4.7.3, 4.8.1, 5.2, 5.3 and 6.2.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from clustergraph.reading.parsed import TYPE, Literal, Term
from clustergraph.shacl.faults import (
    ILL_FORMED,
    NOT_SUPPORTED,
    OF_COMPANION,
    OF_IMPORT,
    OF_REFERENCE,
    OF_SECOND,
    UNKNOWN_TERM,
    ShapeFault,
)
from clustergraph.shacl.index import Index
from clustergraph.shacl.paths import is_predicate
from clustergraph.shacl.vocabulary import (
    FALSE,
    IMPORTS,
    KNOWN_CLASSES,
    NOT_EVALUATED,
    SEVERITIES,
    SH,
    SINGLE,
    TERMS,
    TRUE,
    UNEVALUATED_CLASSES,
    sh,
)

_Test: TypeAlias = Callable[[Term], bool]
_Rule: TypeAlias = Callable[[Index, str, str], Iterator[ShapeFault]]
"""The faults of a property of a thing. Shape: the graph, the thing, the property."""

_COMPONENT: Final = sh("ConstraintComponent")
_OF_INSTANCES: Final = sh("nodeShape")  # of an early draft: the W3C's tests have it in data that stand among shapes

COMPANIONS: Final = {
    "qualifiedMinCount": ("qualifiedValueShape",),
    "qualifiedMaxCount": ("qualifiedValueShape",),
    "qualifiedValueShapesDisjoint": ("qualifiedValueShape",),
    "qualifiedValueShape": ("qualifiedMinCount", "qualifiedMaxCount"),
    "flags": ("pattern",),
    "ignoredProperties": ("closed",),
    "optional": ("path",),
    "prefix": ("namespace",),
    "namespace": ("prefix",),
    "validator": ("parameter",),
    "nodeValidator": ("parameter",),
    "propertyValidator": ("parameter",),
}
"""What asks nothing by itself, and of what the same thing must have one."""

_ASKED_OF_PROPERTIES: Final = frozenset(
    map(sh, ("qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint"))
)
"""By a test of the W3C, a shape without a path may have them and mean nothing by it."""

_REFERENCES: Final = ("node", "not", "property", "qualifiedValueShape")
_LISTS_OF_REFERENCES: Final = ("and", "or", "xone")


def _is_flag(term: Term) -> bool:
    return term in TRUE or term in FALSE


def _is_named(term: Term) -> bool:
    return isinstance(term, Literal) or is_predicate(term)


_VALUES: Final[dict[str, tuple[_Test, str]]] = {
    "targetClass": (is_predicate, "<…>"),
    "targetSubjectsOf": (is_predicate, "<…>"),
    "targetObjectsOf": (is_predicate, "<…>"),
    "targetNode": (_is_named, '<…>, "…"'),
    "severity": (is_predicate, "<…>"),
    "deactivated": (_is_flag, "true, false"),
    "optional": (_is_flag, "true, false"),
}
"""What the values of a property must be that makes no constraint, and how that is called."""


def graph_faults(graph: Index) -> Iterator[ShapeFault]:
    """Everything in a shapes graph that is misspelt, not evaluated here, or asks nothing as it stands."""
    for subject, about in graph.spo.items():
        for predicate in about:
            for rule in _RULES.get(predicate, ()):
                yield from rule(graph, str(subject), predicate)
            if predicate.startswith(SH) and predicate not in TERMS and not _is_of_instance(graph, subject, predicate):
                yield ShapeFault(UNKNOWN_TERM, str(subject), predicate, None, (predicate,))


def imports(graph: Index) -> Iterator[ShapeFault]:
    """What the shapes import, and what does not stand among them: nothing is fetched."""
    for subject, about in graph.spo.items():
        for value in about.get(IMPORTS, ()):
            if value not in graph.spo:
                yield ShapeFault(NOT_SUPPORTED, str(subject), IMPORTS, value, ("owl:imports",), OF_IMPORT)


def _is_of_instance(graph: Index, subject: Term, predicate: str) -> bool:
    return predicate == _OF_INSTANCES and sum(one.startswith(SH) for one in graph.spo[subject]) == 1


def _unevaluated(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    if not graph.is_true(subject, sh("deactivated")):
        for value in graph.values(subject, predicate):
            yield ShapeFault(NOT_SUPPORTED, subject, predicate, value, (predicate,))


def _second(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    for value in [*graph.values(subject, predicate)][1:]:
        yield ShapeFault(ILL_FORMED, subject, predicate, value, (predicate,), OF_SECOND)


def _alone(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    if predicate in _ASKED_OF_PROPERTIES and not graph.values(subject, sh("path")):
        return
    if any(graph.subjects(sh("parameter"), one) for one in graph.subjects(sh("path"), predicate)):
        return  # a component of their own has it
    wanted = [sh(name) for name in COMPANIONS[predicate.removeprefix(SH)]]
    if not any(graph.values(subject, one) for one in wanted):
        yield _without(subject, predicate, None, ", ".join(f"sh:{one.removeprefix(SH)}" for one in wanted))


def _without(subject: str, predicate: str, value: Term | None, companion: str) -> ShapeFault:
    named = value if value is not None and predicate == TYPE else predicate
    return ShapeFault(ILL_FORMED, subject, predicate, value, (str(named), companion), OF_COMPANION)


def _value(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    fits, wanted = _VALUES[predicate.removeprefix(SH)]
    for value in graph.values(subject, predicate):
        if not fits(value):
            yield ShapeFault(ILL_FORMED, subject, predicate, value, (predicate, wanted))


def _reference(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    for value in graph.values(subject, predicate):
        # A nameless one that asks nothing is no slip of the pen: everything conforms to it.
        if isinstance(value, str) and not value.startswith("_:") and value not in graph.spo:
            yield ShapeFault(ILL_FORMED, subject, predicate, value, (predicate,), OF_REFERENCE)


def _references(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    for head in graph.values(subject, predicate):
        if graph.names_nothing(head):
            yield ShapeFault(ILL_FORMED, subject, predicate, head, (predicate,), OF_REFERENCE)


def _parameter(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    """Parameters of what is no component, and parameters without a path: nobody would look for them in a shape."""
    types = graph.values(subject, TYPE)
    if not any(one in graph.subclasses(_COMPONENT) or one in KNOWN_CLASSES for one in types):
        yield _without(subject, predicate, None, "sh:ConstraintComponent")
    for value in graph.values(subject, predicate):
        if not graph.values(value, sh("path")):
            yield _without(subject, predicate, value, "sh:path")


def _type(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    for value in graph.values(subject, predicate):
        if value in UNEVALUATED_CLASSES:
            yield ShapeFault(NOT_SUPPORTED, subject, predicate, value, (str(value),))
        elif value in graph.subclasses(_COMPONENT) and not graph.values(subject, sh("parameter")):
            yield _without(subject, predicate, value, "sh:parameter")
        elif _is_unknown(value, KNOWN_CLASSES):
            yield ShapeFault(UNKNOWN_TERM, subject, predicate, value, (str(value),))


def _severity(graph: Index, subject: str, predicate: str) -> Iterator[ShapeFault]:
    for value in graph.values(subject, predicate):
        if _is_unknown(value, SEVERITIES):
            yield ShapeFault(UNKNOWN_TERM, subject, predicate, value, (str(value),))


def _is_unknown(term: Term, known: frozenset[str]) -> bool:
    return isinstance(term, str) and term.startswith(SH) and term not in known


def _rules() -> dict[str, tuple[_Rule, ...]]:
    tables: tuple[tuple[_Rule, tuple[str, ...]], ...] = (
        (_unevaluated, NOT_EVALUATED),
        (_second, SINGLE),
        (_alone, tuple(COMPANIONS)),
        (_value, tuple(_VALUES)),
        (_reference, _REFERENCES),
        (_references, _LISTS_OF_REFERENCES),
        (_parameter, ("parameter",)),
        (_severity, ("severity",)),
    )
    names = dict.fromkeys(name for _, those in tables for name in those)
    return {TYPE: (_type,), **{sh(name): tuple(rule for rule, those in tables if name in those) for name in names}}


_RULES: Final = _rules()
