"""Every parameter of SHACL Core: what its values must be, and what makes a check of it.

Source: SHACL 1.0, section 4.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from clustergraph.reading.parsed import XSD, Literal, Term
from clustergraph.shacl import logic, single
from clustergraph.shacl.faults import ILL_FORMED, ShapeFault, Unevaluable
from clustergraph.shacl.paths import is_predicate
from clustergraph.shacl.shapes import Check, Shape, Shapes
from clustergraph.shacl.single import KINDS, Make, Test
from clustergraph.shacl.vocabulary import FALSE, SH, TRUE, sh


def _is_iri(term: Term) -> bool:
    return is_predicate(term)


def _is_count(term: Term) -> bool:
    return (
        isinstance(term, Literal)
        and term.datatype == f"{XSD}integer"
        and term.lexical.isascii()
        and term.lexical.isdigit()
    )


def _is_flag(term: Term) -> bool:
    return term in TRUE or term in FALSE


def _is_literal(term: Term) -> bool:
    return isinstance(term, Literal)


def _is_node(term: Term) -> bool:
    return isinstance(term, str)


def _is_kind(term: Term) -> bool:
    return isinstance(term, str) and term.removeprefix(SH) in KINDS


def _is_any(_term: Term) -> bool:
    return True


class Parameter(NamedTuple):
    """One parameter: what makes a check of it, what its values must be, and how that is called.

    Shape: `of_properties` where only a property shape may have it.
    """

    make: Make
    fits: Test
    wanted: str
    of_properties: bool = False


_COUNT: Final = "0, 1, 2, …"
PARAMETERS: Final[dict[str, Parameter]] = {
    "class": Parameter(single.of_class, _is_iri, "<…>"),
    "datatype": Parameter(single.datatype, _is_iri, "<…>"),
    "nodeKind": Parameter(single.node_kind, _is_kind, ", ".join(f"sh:{name}" for name in KINDS)),
    "minCount": Parameter(single.min_count, _is_count, _COUNT, of_properties=True),
    "maxCount": Parameter(single.max_count, _is_count, _COUNT, of_properties=True),
    "minExclusive": Parameter(single.in_range("MinExclusive", (1,)), _is_literal, '"…"'),
    "minInclusive": Parameter(single.in_range("MinInclusive", (0, 1)), _is_literal, '"…"'),
    "maxExclusive": Parameter(single.in_range("MaxExclusive", (-1,)), _is_literal, '"…"'),
    "maxInclusive": Parameter(single.in_range("MaxInclusive", (-1, 0)), _is_literal, '"…"'),
    "minLength": Parameter(single.min_length, _is_count, _COUNT),
    "maxLength": Parameter(single.max_length, _is_count, _COUNT),
    "pattern": Parameter(single.pattern, _is_literal, '"…"'),
    "languageIn": Parameter(single.language_in, _is_node, "( … )"),
    "uniqueLang": Parameter(single.unique_lang, _is_flag, "true, false", of_properties=True),
    "equals": Parameter(single.equals, _is_iri, "<…>"),
    "disjoint": Parameter(single.disjoint, _is_iri, "<…>"),
    "lessThan": Parameter(single.less("LessThan", (-1,)), _is_iri, "<…>", of_properties=True),
    "lessThanOrEquals": Parameter(single.less("LessThanOrEquals", (-1, 0)), _is_iri, "<…>", of_properties=True),
    "not": Parameter(logic.negated, _is_node, "[ … ]"),
    "and": Parameter(logic.logical("And", all), _is_node, "( … )"),
    "or": Parameter(logic.logical("Or", any), _is_node, "( … )"),
    "xone": Parameter(logic.logical("Xone", lambda held: sum(held) == 1), _is_node, "( … )"),
    "node": Parameter(logic.node_shape, _is_node, "[ … ]"),
    "property": Parameter(logic.properties, _is_node, "[ … ]"),
    "qualifiedValueShape": Parameter(logic.qualified, _is_node, "[ … ]", of_properties=True),
    "closed": Parameter(logic.closed, _is_flag, "true, false"),
    "hasValue": Parameter(single.has_value, _is_any, "…"),
    "in": Parameter(single.is_in, _is_node, "( … )"),
}
"""Every parameter of SHACL Core that makes a constraint."""


def core_checks(shapes: Shapes, shape: Shape) -> Iterator[Check]:
    """The checks of the parameters that a shape has. What a parameter cannot be is a fault, and the others hold."""
    for name, parameter in PARAMETERS.items():
        values = shapes.graph.values(shape.node, sh(name))
        for value in values:
            if (shape.node, sh(name), value) in shapes.refused:
                continue
            is_misplaced = parameter.of_properties and shape.path is None
            if is_misplaced or not parameter.fits(value):
                shapes.faults.append(
                    ShapeFault(ILL_FORMED, shape.node, sh(name), value, (f"sh:{name}", parameter.wanted))
                )
                continue
            try:
                check = parameter.make(shapes, shape, value)
            except Unevaluable as exc:
                shapes.faults.append(exc.fault)
                continue
            if check is not None:
                yield check
