"""Constraint components of SHACL Core that ask other shapes, or look at all properties of a node.

Source: SHACL 1.0, sections 4.6 and 4.7.
"""

from collections.abc import Callable, Sequence

from clustergraph.reading.parsed import Term
from clustergraph.shacl.faults import ILL_FORMED, ShapeFault, Unevaluable
from clustergraph.shacl.paths import is_predicate
from clustergraph.shacl.results import Result
from clustergraph.shacl.shapes import Check, Shape, Shapes
from clustergraph.shacl.single import Make, each, integer, items_of
from clustergraph.shacl.vocabulary import TRUE, component, sh


def negated(shapes: Shapes, shape: Shape, node: Term) -> Check:
    """sh:not: no value keeps the other shape."""
    inner = shapes.shape(node)
    return each(shape, "Not", lambda value: not inner.holds(value), (node,))


def logical(name: str, enough: Callable[[list[bool]], bool]) -> Make:
    """sh:and, sh:or, sh:xone: of the other shapes, each value keeps as many as `enough` wants."""
    iri = component(name)

    def make(shapes: Shapes, shape: Shape, head: Term) -> Check:
        inner = [shapes.shape(one) for one in items_of(shapes, shape, name.lower(), head)]

        def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
            for value in values:
                details = [one.failures(value) for one in inner]
                if not enough([not one for one in details]):
                    leaves = tuple(result for one in details for result in one)
                    out.append(shape.result(focus, value, iri, (), leaves))

        return check

    return make


def node_shape(shapes: Shapes, shape: Shape, node: Term) -> Check:
    """sh:node: each value keeps the other shape, whose results are the details."""
    inner, iri = shapes.shape(node), component("Node")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        for value in values:
            details = inner.failures(value)
            if details:
                out.append(shape.result(focus, value, iri, (node,), details))

    return check


def properties(shapes: Shapes, shape: Shape, node: Term) -> Check:
    """sh:property: what the other shape finds of each value.

    Raises: Unevaluable for a shape without a path.
    """
    inner = shapes.shape(node)
    if inner.path is None and not inner.is_deactivated:
        raise Unevaluable(ShapeFault(ILL_FORMED, shape.node, sh("property"), node, ("sh:property", "sh:path")))

    def check(_focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        for value in values:
            inner.check(value, out)

    def check_below(_focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        for value in values:
            out.extend(inner.failures(value))
            shapes.watch.tick(len(out))

    # Ways to a value double with each property that is below another one.
    return check if shape.path is None else check_below


def qualified(shapes: Shapes, shape: Shape, node: Term) -> Check:
    """sh:qualifiedValueShape: how many of the values keep the other shape, and none of its siblings."""
    graph, inner = shapes.graph, shapes.shape(node)
    least, most = (graph.value(shape.node, sh(f"qualified{name}Count")) for name in ("Min", "Max"))
    siblings: list[Shape] = []
    if graph.is_true(shape.node, sh("qualifiedValueShapesDisjoint")):
        nodes = {
            other
            for parent in graph.subjects(sh("property"), shape.node)
            for one in graph.values(parent, sh("property"))
            for other in graph.values(one, sh("qualifiedValueShape"))
        }
        siblings = [shapes.shape(one) for one in sorted(nodes - {node}, key=str)]
    bounds = [
        (component(f"Qualified{name}Count"), bound, integer(bound), sign)
        for name, bound, sign in (("Min", least, 1), ("Max", most, -1))
        if bound is not None
    ]

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        fitting = sum(inner.holds(one) and not any(other.holds(one) for other in siblings) for one in values)
        out.extend(
            shape.result(focus, None, iri, (bound, node))
            for iri, bound, count, sign in bounds
            if sign * fitting < sign * count
        )

    return check


def closed(shapes: Shapes, shape: Shape, wanted: Term) -> Check | None:
    """sh:closed: no value has a property but those of the shape and the ignored ones."""
    graph, spo, iri = shapes.graph, shapes.data.spo, component("Closed")
    paths = [path for one in graph.values(shape.node, sh("property")) for path in graph.values(one, sh("path"))]
    allowed = {one for one in paths if is_predicate(one)}
    for head in graph.values(shape.node, sh("ignoredProperties")):
        allowed.update(items_of(shapes, shape, "ignoredProperties", head))

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        for value in values:
            about = spo.get(value, {})
            for predicate, objects in about.items():
                if predicate not in allowed:
                    results = (shape.result(focus, one, iri) for one in objects)
                    out.extend(one._replace(path=predicate) for one in results)

    return check if wanted in TRUE else None
