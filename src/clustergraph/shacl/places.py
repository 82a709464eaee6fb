"""Where a result is to be mended: which words of the data, and which others help to see why.

Source: the table of spans of our design, by constraint component.
"""

from collections.abc import Mapping
from typing import NamedTuple

from clustergraph.reading.parsed import OBJECT, PREDICATE, SUBJECT, TYPE, Literal, Term
from clustergraph.shacl.index import Index
from clustergraph.shacl.results import Result
from clustergraph.shacl.values import number_of
from clustergraph.shacl.vocabulary import component


class Spot(NamedTuple):
    """A part of a triple. Shape: `number` is that of the triple in its index, `part` SUBJECT, PREDICATE or OBJECT."""

    number: int
    part: int


def spots(data: Index, result: Result) -> list[Spot]:
    """Where to look for a result: first where it is to be mended, then what it collides with.

    Shape: empty where the data say nothing of the focus node.
    """
    path = result.path if isinstance(result.path, str) else ""
    values = data.values(result.focus, path)
    if result.component == component("MaxCount"):
        return _too_many(values, result)
    if result.component == component("UniqueLang"):
        return [Spot(values[one], OBJECT) for one in (*result.against[1:], result.against[0]) if one in values]
    if result.component == component("Closed"):
        return [Spot(values[one], PREDICATE) for one in (result.value,) if one is not None and one in values]
    if result.component == component("HasValue") and len(values) == 1:
        return [Spot(number, OBJECT) for number in values.values()]
    found = [Spot(values[one], OBJECT) for one in (result.value,) if one is not None and one in values]
    found = found or _anywhere(data, result) or [Spot(number, PREDICATE) for number in values.values()][:1]
    found = found or described(data, result.focus)
    return found + _compared(data, result)


def _too_many(values: Mapping[Term, int], result: Result) -> list[Spot]:
    most = number_of(result.against[0].lexical) if isinstance(result.against[0], Literal) else 0
    places = [Spot(values[one], OBJECT) for one in result.against[1:] if one in values]
    return places[most:] + places[:most]


def _anywhere(data: Index, result: Result) -> list[Spot]:
    """The value among all that is said of the focus node, where a query or a longer path leads to it."""
    if result.value is None or result.value == result.focus or not isinstance(result.focus, str):
        return []
    about = data.spo.get(result.focus, {})
    return [Spot(values[result.value], OBJECT) for values in about.values() if result.value in values][:1] or (
        described(data, result.value)
    )


def described(data: Index, node: Term) -> list[Spot]:
    """Where a thing is given a type, else where something is first said of it."""
    about = data.spo.get(node, {})
    numbers = [number for predicate in (TYPE, *about) for number in about.get(predicate, {}).values()]
    return [Spot(numbers[0], SUBJECT)] if numbers else []


def _compared(data: Index, result: Result) -> list[Spot]:
    """The value that another one was compared with."""
    if result.component == component("Disjoint") and result.value is not None:
        values = data.values(result.focus, str(result.against[0]))
        return [Spot(values[one], OBJECT) for one in (result.value,) if one in values]
    if len(result.against) < 2 or not isinstance(result.against[0], str):  # noqa: PLR2004
        return []
    values = data.values(result.focus, result.against[0])
    return [Spot(values[one], OBJECT) for one in result.against[1:] if one in values]
