"""SHACL: shapes compiled to functions over triples whose places are known. Knows no files and no repository.

Source: SHACL 1.0; what of its extensions is not evaluated is a fault of the shapes, and never passed over.
"""

from contextlib import closing, suppress
from typing import NamedTuple

from clustergraph.reading.parsed import Term
from clustergraph.reading.pause import uncollected
from clustergraph.shacl.asking import QueryTime
from clustergraph.shacl.constraints import PARAMETERS, core_checks
from clustergraph.shacl.faults import ShapeFault, Unevaluable
from clustergraph.shacl.index import Index
from clustergraph.shacl.results import Result
from clustergraph.shacl.shapes import Shapes
from clustergraph.shacl.sparql import Queries


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

    Shape: `query_time` is what the queries of the shapes may take together; several validations can share it.
    """
    with uncollected(), closing(Queries(shapes, data, query_time or QueryTime())) as queries:
        return _report(shapes, data, queries)


def _report(shapes: Index, data: Index, queries: Queries) -> Report:
    compiled = Shapes(shapes, data, (core_checks, queries.checks))
    results: list[Result] = []
    focus_nodes: dict[str, int] = {}
    for node, focus in compiled.targeted().items():
        focus_nodes[node] = len(focus)
        try:
            shape = compiled.shape(node)
        except Unevaluable as exc:
            compiled.faults.append(exc.fault)
            continue
        for one in focus:
            shape.check(one, results)
    idle = compiled.without_target()
    for node in idle:
        with suppress(Unevaluable):
            compiled.shape(node)
    return Report(results, [*dict.fromkeys(compiled.faults)], focus_nodes, idle)


__all__ = ["PARAMETERS", "Index", "QueryTime", "Report", "Result", "ShapeFault", "Term", "validate"]
