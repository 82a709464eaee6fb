"""SHACL: shapes compiled to functions over triples whose places are known. Knows no files and no repository.

Source: SHACL 1.0; what of its extensions is not evaluated is a fault of the shapes, and never passed over.
"""

from collections.abc import Iterable
from contextlib import closing, suppress
from typing import NamedTuple

from clustergraph.reading.parsed import Term
from clustergraph.reading.pause import uncollected
from clustergraph.shacl.asking import QueryTime
from clustergraph.shacl.constraints import PARAMETERS, core_checks
from clustergraph.shacl.faults import ShapeFault, Unevaluable
from clustergraph.shacl.index import Index
from clustergraph.shacl.results import Result
from clustergraph.shacl.shapes import Shape, Shapes
from clustergraph.shacl.sparql import Queries
from clustergraph.shacl.watch import EVERY, Overrun, Watch


class Report(NamedTuple):
    """What a validation found.

    Shape: `faults` are about the shapes; where there are any, something was not evaluated. `focus_nodes` tells how many
           things each shape with a target looked at; to those of `idle` no target and no other shape leads.
    """

    results: list[Result]
    faults: list[ShapeFault]
    focus_nodes: dict[str, int]
    idle: list[str]


def validate(shapes: Index, data: Index, query_time: QueryTime | None = None) -> Report:
    """The results of all shapes that have targets, in the order of the shapes and of the data.

    Shape: `query_time` is what the shapes and their queries may take together; several validations can share it.
    """
    query_time = query_time or QueryTime()
    watch = Watch(query_time.core_limit_s, query_time.left_core_s)
    try:
        with uncollected(), closing(Queries(shapes, data, query_time)) as queries:
            return _report(shapes, data, queries, watch)
    finally:
        query_time.left_core_s -= watch.taken_s


def _report(shapes: Index, data: Index, queries: Queries, watch: Watch) -> Report:
    compiled = Shapes(shapes, data, (core_checks, queries.checks), watch)
    results: list[Result] = []
    focus_nodes: dict[str, int] = {}
    for node, focus in compiled.targeted().items():
        focus_nodes[node] = len(focus)
        try:
            shape = compiled.shape(node)
        except Unevaluable as exc:
            compiled.faults.append(exc.fault)
            continue
        try:
            _check(shape, focus, results, watch)
        except Overrun as exc:
            compiled.faults.append(ShapeFault(exc.code, node, values=exc.values))
    idle = compiled.without_target()
    for node in idle:
        with suppress(Unevaluable):
            compiled.shape(node)
    return Report(results, [*dict.fromkeys(compiled.faults)], focus_nodes, idle)


def _check(shape: Shape, focus: Iterable[Term], results: list[Result], watch: Watch) -> None:
    for number, one in enumerate(focus):
        if number % EVERY == 0:
            watch.look(len(results))
        shape.check(one, results)


__all__ = ["PARAMETERS", "Index", "QueryTime", "Report", "Result", "ShapeFault", "Term", "validate"]
