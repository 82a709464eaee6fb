"""What validation finds."""

from typing import NamedTuple

from clustergraph.reading.parsed import Term


class Result(NamedTuple):
    """One validation result.

    Shape:  `path`, `shape` and `constraint` are nodes of the shapes graph, `component` and `severity` IRIs; `against`
            is what the value was compared with; `details` are the results of a shape that had to hold and did not.
            `said` has by language what a query put into the message of its constraint.
    Source: SHACL 1.0, section 3.6.2.
    """

    focus: Term
    path: Term | None
    value: Term | None
    component: str
    shape: str
    severity: str
    against: tuple[Term, ...] = ()
    details: "tuple[Result, ...]" = ()
    constraint: Term | None = None
    bindings: tuple[tuple[str, Term], ...] = ()
