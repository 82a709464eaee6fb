"""Constraints that are queries: sh:sparql, and constraint components whose validators are queries.

Source: SHACL 1.0, sections 5 and 6.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

from clustergraph.errors import QueryError
from clustergraph.reading.parsed import Literal, Term
from clustergraph.shacl.asking import QueryProcess, QueryTime, Unanswered
from clustergraph.shacl.faults import ILL_FORMED, NOT_CANONICAL, QUERY_REFUSED, ShapeFault, Unevaluable
from clustergraph.shacl.index import Index
from clustergraph.shacl.prebinding import NotAllowed, Query, path_text, prefixes, read_query
from clustergraph.shacl.results import Result
from clustergraph.shacl.shapes import Check, Shape, Shapes
from clustergraph.shacl.store import QueryStore
from clustergraph.shacl.vocabulary import component, sh


class Queries:
    """What makes the checks of queries, all of which ask the same store. To be closed."""

    def __init__(self, shapes: Index, data: Index, query_time: QueryTime) -> None:
        self._graph = shapes
        self._store = QueryStore(data, shapes)
        self._process = QueryProcess(self._store, query_time)
        self._components = [*_components(shapes)]

    def close(self) -> None:
        """Ends the process that answers, if there is one."""
        self._process.close()

    def checks(self, shapes: Shapes, shape: Shape) -> Iterator[Check]:
        """The checks of a shape that ask the store. What cannot be asked is a fault, and the others hold."""
        for node in shapes.graph.values(shape.node, sh("sparql")):
            if isinstance(node, Literal) or not shapes.graph.is_true(node, sh("deactivated")):
                yield from self._made(shapes, shape, "sparql", node, partial(self._constraint, shapes, shape, node))
        for one in self._components:
            for bound in one.bindings(shapes.graph, shape.node):
                yield from self._made(shapes, shape, "", one.node, partial(self._validator, shapes, shape, one, bound))

    def _made(self, shapes: Shapes, shape: Shape, name: str, node: Term, make: Callable[[], Check]) -> Iterator[Check]:
        rewritten = self._store.rewritten
        if rewritten is not None:
            predicate = sh(name) if name else None
            shapes.faults.append(ShapeFault(NOT_CANONICAL, shape.node, predicate, node, (rewritten.lexical,)))
            return
        try:
            yield make()
        except Unevaluable as exc:
            shapes.faults.append(exc.fault)

    def _constraint(self, shapes: Shapes, shape: Shape, node: Term) -> Check:
        asked = self._query(shapes, shape, node, "select")
        query, iri = asked.query, component("SPARQL")
        if query.is_of_sets:
            return _of_sets(shape, node, asked, iri)

        def check(focus: Term, _values: Sequence[Term], out: list[Result]) -> None:
            rows = asked.rows(query.bound(shape, focus))
            out.extend(_results(shape, focus, rows, iri, node))

        return check

    def _validator(self, shapes: Shapes, shape: Shape, one: "Component", bound: dict[str, Term]) -> Check:
        name, node = one.validator(self._graph, of_property=shape.path is not None)
        if node is None:
            raise Unevaluable(ShapeFault(ILL_FORMED, one.node, None, None, ("sh:validator", "sh:ask, sh:select")))
        asked = self._query(shapes, shape, node, name, {**bound, "value": node})
        query = asked.query

        def ask(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
            out.extend(
                shape.result(focus, value, one.node)._replace(constraint=node, bindings=tuple(bound.items()))
                for value in values
                if not asked.holds(query.bound(shape, focus, {**bound, "value": value}))
            )

        def select(focus: Term, _values: Sequence[Term], out: list[Result]) -> None:
            rows = asked.rows(query.bound(shape, focus, bound))
            out.extend(_results(shape, focus, rows, one.node, node, bound))

        return ask if name == "ask" else select

    def _query(
        self, shapes: Shapes, shape: Shape, node: Term, form: str, more: Mapping[str, Term] = MappingProxyType({})
    ) -> "Asked":
        text = self._graph.value(node, sh(form)) if isinstance(node, str) else None
        if not isinstance(text, Literal):
            raise Unevaluable(ShapeFault(ILL_FORMED, str(node), sh(form), text, (f"sh:{form}", '"…"')))
        prologue = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes(self._graph, node).items())
        path = shape.path if shape.path is None else path_text(self._graph, shape.path)
        try:
            query = read_query(prologue, text.lexical, path)
            self._require_shapes_as_written(query)
            self._process.require_readable(query.parts, query.bound(shape, "urn:x-clustergraph:none", more))
        except (NotAllowed, QueryError) as exc:
            raise Unevaluable(ShapeFault(QUERY_REFUSED, str(node), sh(form), text, (str(exc),))) from exc
        except Unanswered as exc:
            raise Unevaluable(ShapeFault(exc.code, str(node), sh(form), text, exc.values)) from exc
        return Asked(self._process, query, ShapeFault("", str(node), sh(form), text), shapes.faults)

    def _require_shapes_as_written(self, query: Query) -> None:
        rewritten = self._store.rewritten_in_shapes if query.sees_shapes else None
        if rewritten is not None:
            raise Unanswered(NOT_CANONICAL, rewritten.lexical)


class Asked(NamedTuple):
    """A query and who answers it. Shape: `place` is a fault in all but what is wrong, which `faults` take."""

    process: QueryProcess
    query: Query
    place: ShapeFault
    faults: list[ShapeFault]

    def rows(self, bound: Mapping[str, Term]) -> list[dict[str, Term]]:
        """The rows of the query; none, and a fault, if it is not answered."""
        try:
            return self.process.select(self.query.parts, bound)
        except Unanswered as exc:
            self._note(exc)
            return []

    def holds(self, bound: Mapping[str, Term]) -> bool:
        """The answer of the query; true, and a fault, if it is not answered."""
        try:
            return self.process.ask(self.query.parts, bound)
        except Unanswered as exc:
            self._note(exc)
            return True

    def _note(self, why: Unanswered) -> None:
        fault = self.place._replace(code=why.code, values=why.values)
        if fault not in self.faults:
            self.faults.append(fault)


def _of_sets(shape: Shape, node: Term, asked: Asked, iri: str) -> Check:
    """A check that asks once, for all focus nodes."""
    found: dict[Term, list[dict[str, Term]]] = {}
    is_asked = False

    def check(focus: Term, _values: Sequence[Term], out: list[Result]) -> None:
        nonlocal is_asked
        if not is_asked:
            is_asked = True
            for row in asked.rows({}):
                found.setdefault(row["this"], []).append(row)
        out.extend(_results(shape, focus, found.get(focus, ()), iri, node))

    return check


def _results(
    shape: Shape,
    focus: Term,
    rows: Sequence[dict[str, Term]],
    iri: str,
    constraint: Term,
    bound: dict[str, Term] | None = None,
) -> Iterator[Result]:
    for row in rows:
        path, value = row.get("path"), row.get("value")
        result = shape.result(focus, value if value is not None or shape.path is not None else focus, iri)
        names = {**(bound or {}), **row}
        yield result._replace(
            path=path if isinstance(path, str) else shape.path, constraint=constraint, bindings=tuple(names.items())
        )


class Component(NamedTuple):
    """A constraint component: its parameters, of which those that are not optional must have a value."""

    node: str
    parameters: tuple[tuple[str, bool], ...]

    def bindings(self, graph: Index, shape: str) -> Iterator[dict[str, Term]]:
        """The values of the parameters in a shape, one after the other."""
        values = {path: tuple(graph.values(shape, path)) for path, _ in self.parameters}
        if any(not values[path] for path, is_optional in self.parameters if not is_optional):
            return
        names = [path for path, found in values.items() if found]
        for chosen in product(*(values[path] for path in names)):
            yield {_local(path): value for path, value in zip(names, chosen, strict=True)}

    def validator(self, graph: Index, *, of_property: bool) -> tuple[str, Term | None]:
        """The validator for a shape of this kind, and its form."""
        own = graph.value(self.node, sh("propertyValidator" if of_property else "nodeValidator"))
        node = own or graph.value(self.node, sh("validator"))
        return ("ask" if graph.value(node, sh("ask")) is not None else "select"), node


def _components(graph: Index) -> Iterator[Component]:
    for node in sorted(map(str, graph.instances(sh("ConstraintComponent")))):
        parameters = [
            (str(path), graph.is_true(str(one), sh("optional")))
            for one in graph.values(node, sh("parameter"))
            for path in graph.values(one, sh("path"))
        ]
        if parameters:
            yield Component(node, tuple(sorted(parameters)))


def _local(iri: str) -> str:
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]
