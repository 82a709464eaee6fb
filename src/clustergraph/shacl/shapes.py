"""Shapes, each compiled once: which values it looks at, and what it asks of them.

Source: SHACL 1.0, sections 2 and 3.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from clustergraph.reading.parsed import TYPE, Literal, Term
from clustergraph.shacl.faults import (
    ILL_FORMED,
    RECURSIVE,
    ShapeFault,
    Unevaluable,
)
from clustergraph.shacl.index import Index
from clustergraph.shacl.paths import Walk, walk
from clustergraph.shacl.results import Result
from clustergraph.shacl.vocabulary import (
    CLASSES,
    SHAPE_CLASSES,
    TARGETS,
    VIOLATION,
    sh,
)
from clustergraph.shacl.watch import EVERY, Watch
from clustergraph.shacl.wellformed import graph_faults

Check: TypeAlias = Callable[[Term, Sequence[Term], list[Result]], None]
"""Adds the results of one constraint: for a focus node and its value nodes."""

_DEPTH_LIMIT: Final = 50  # of shapes that refer to shapes


class Shape:
    """One shape. `walk` leads from a focus node to its value nodes; without it, they are the focus node itself."""

    __slots__ = ("_known", "checks", "is_deactivated", "node", "path", "severity", "walk", "watch")

    def __init__(self, node: str, path: Term | None, severity: str, watch: Watch, *, is_deactivated: bool) -> None:
        self.node = node
        self.path = path
        self.severity = severity
        self.is_deactivated = is_deactivated
        self.walk: Walk | None = None
        self.watch = watch
        self.checks: list[Check] = []
        self._known: dict[Term, tuple[Result, ...]] = {}

    def check(self, focus: Term, out: list[Result]) -> None:
        """Adds the results for one focus node.

        Raises: Overrun.
        """
        if self.is_deactivated:
            return
        values: Sequence[Term] = (focus,) if self.walk is None else tuple(self.walk(focus))
        if len(values) < EVERY:
            for one in self.checks:
                one(focus, values, out)
            return
        for one in self.checks:  # each may take as long as many focus nodes
            self.watch.look(len(out))
            one(focus, values, out)

    def failures(self, focus: Term) -> tuple[Result, ...]:
        """The results for a node that other shapes ask for: found once, however many ways lead to it.

        Raises: Overrun.
        """
        known = self._known.get(focus)
        if known is None:
            self.watch.tick()
            out: list[Result] = []
            self.check(focus, out)
            known = self._known[focus] = tuple(out)
        return known

    def holds(self, focus: Term) -> bool:
        """Whether a node conforms to the shape, of whatever severity that is."""
        return not self.failures(focus)

    def result(
        self,
        focus: Term,
        value: Term | None,
        name: str,
        against: tuple[Term, ...] = (),
        details: tuple[Result, ...] = (),
    ) -> Result:
        """A result of this shape."""
        return Result(focus, self.path, value, name, self.node, self.severity, against, details)


class Shapes:
    """The shapes of a graph, compiled for one data graph. What cannot be compiled is in `faults`.

    Shape: `refused` has what need not be looked at again, by thing, property and value.
    """

    def __init__(self, graph: Index, data: Index, makers: "Makers", watch: Watch) -> None:
        self.graph = graph
        self.data = data
        self.watch = watch
        self.faults: list[ShapeFault] = [*graph_faults(graph)]
        self.refused = {(one.subject, one.predicate, one.value) for one in self.faults}
        self._makers = makers
        self._compiled: dict[str, Shape] = {}
        self._open: list[str] = []

    def without_target(self) -> list[str]:
        """The shapes that nothing leads to. They are compiled too, as their target may be misspelt."""
        nodes = {node for name in SHAPE_CLASSES for node in self.graph.instances(name) if isinstance(node, str)}
        return sorted(nodes - self._compiled.keys())

    def targeted(self) -> dict[str, dict[Term, None]]:
        """The focus nodes of each shape that has a target, by the node of the shape."""
        return {node: self._focus_nodes(node) for node in sorted(self._with_targets())}

    def shape(self, node: Term) -> Shape:
        """The shape of a node.

        Raises: Unevaluable for what is no node, or a shape that is to hold for itself.
        """
        if isinstance(node, Literal):
            raise Unevaluable(ShapeFault(ILL_FORMED, self._open[-1] if self._open else node.lexical, None, node))
        if node in self._open or len(self._open) > _DEPTH_LIMIT:
            raise Unevaluable(ShapeFault(RECURSIVE, node))
        if node not in self._compiled:
            self._open.append(node)
            try:
                self._compiled[node] = self._compile(node)
            finally:
                self._open.pop()
        return self._compiled[node]

    def _compile(self, node: str) -> Shape:
        graph = self.graph
        severity = graph.value(node, sh("severity"))
        path = graph.value(node, sh("path"))
        shape = Shape(
            node,
            path,
            severity if isinstance(severity, str) else VIOLATION,
            self.watch,
            is_deactivated=graph.is_true(node, sh("deactivated")),
        )
        if shape.is_deactivated:
            return shape
        try:
            shape.walk = None if path is None else walk(graph, path, self.data, self.watch)
            for make in self._makers:
                shape.checks.extend(make(self, shape))
        except Unevaluable as exc:
            self.faults.append(exc.fault)
        return shape

    def _with_targets(self) -> set[str]:
        graph = self.graph
        found = {node for name in TARGETS for nodes in graph.by_value(sh(name)).values() for node in nodes}
        # A shape that is a class is the target of its own instances.
        shapes = {node for name in SHAPE_CLASSES for node in graph.instances(name)}
        shapes |= {node for name in ("property", "node") for node in _subjects(graph, sh(name))}
        return found | {node for node in shapes if isinstance(node, str) and self._is_class(node)}

    def _is_class(self, node: str) -> bool:
        types = self.graph.values(node, TYPE)
        return any(one in self.graph.subclasses(name) for name in CLASSES for one in types)

    def _focus_nodes(self, node: str) -> dict[Term, None]:
        graph, data = self.graph, self.data
        found: dict[Term, None] = {}
        for name in graph.values(node, sh("targetClass")):
            found.update(data.instances(name))
        if self._is_class(node):
            found.update(data.instances(node))
        found.update(dict.fromkeys(graph.values(node, sh("targetNode"))))
        for name in graph.values(node, sh("targetSubjectsOf")):
            found.update(dict.fromkeys(_subjects(data, str(name))))
        for name in graph.values(node, sh("targetObjectsOf")):
            found.update(dict.fromkeys(data.by_value(str(name))))
        return found


Makers: TypeAlias = Sequence[Callable[[Shapes, Shape], Iterable[Check]]]
"""What makes the checks of a shape: of its parameters, and of its queries."""


def _subjects(graph: Index, predicate: str) -> Iterable[str]:
    return {subject: None for subjects in graph.by_value(predicate).values() for subject in subjects}
