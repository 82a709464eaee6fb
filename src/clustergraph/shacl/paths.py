"""Property paths as functions from a node to the values that it leads to.

Source: SHACL 1.0, section 2.3.1; SPARQL 1.1 Query, section 9.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from clustergraph.reading.parsed import FIRST, Literal, Term
from clustergraph.shacl.faults import NO_PATH, ShapeFault, Unevaluable
from clustergraph.shacl.index import Index
from clustergraph.shacl.vocabulary import PATHS, sh

Walk: TypeAlias = Callable[[Term], Iterable[Term]]
"""From a node to its values, each once, in the order in which they are stated."""

_REPEATED: Final = {"zeroOrMorePath": (True, True), "oneOrMorePath": (False, True), "zeroOrOnePath": (True, False)}
"""Whether a path may be of no step at all, and of more than one."""


def walk(shapes: Index, path: Term, data: Index) -> Walk:
    """The function of a path that is written down in a shapes graph.

    Raises: Unevaluable where it is no path.
    """
    return _walk(shapes, path, data, inverse=False, above=())


def is_predicate(path: Term | None) -> bool:
    """Whether a path is one property."""
    return isinstance(path, str) and not path.startswith("_:")


def _walk(shapes: Index, path: Term, data: Index, *, inverse: bool, above: tuple[Term, ...]) -> Walk:
    if isinstance(path, Literal) or path in above:
        raise Unevaluable(ShapeFault(NO_PATH, str(above[-1] if above else path)))
    if is_predicate(path):
        return _inverse_step(data, path) if inverse else _step(data, path)
    above = (*above, path)

    def part(one: Term, *, turned: bool = False) -> Walk:
        return _walk(shapes, one, data, inverse=inverse != turned, above=above)

    if shapes.values(path, FIRST):
        steps = [part(one) for one in _list(shapes, path, above)]
        return _sequence(steps[::-1] if inverse else steps)
    stated = [(name, value) for name in PATHS for value in shapes.values(path, sh(name))]
    if len(stated) != 1:
        raise Unevaluable(ShapeFault(NO_PATH, path))
    ((name, value),) = stated
    if name == "inversePath":
        return part(value, turned=True)
    if name == "alternativePath":
        return _alternative([part(one) for one in _list(shapes, value, above)])
    return _repeated(part(value), *_REPEATED[name])


def _list(shapes: Index, head: Term, above: tuple[Term, ...]) -> list[Term]:
    items = shapes.items(head)
    if items is None or len(items) < 2:  # noqa: PLR2004
        raise Unevaluable(ShapeFault(NO_PATH, str(above[-1])))
    return items


def _step(data: Index, path: str) -> Walk:
    spo = data.spo

    def values(node: Term) -> Iterable[Term]:
        about = spo.get(node)
        return about.get(path, ()) if about else ()

    return values


def _inverse_step(data: Index, path: str) -> Walk:
    return lambda node: data.subjects(path, node)


def _sequence(steps: list[Walk]) -> Walk:
    def values(node: Term) -> Iterable[Term]:
        reached: Iterable[Term] = (node,)
        for step in steps:
            reached = dict.fromkeys(value for one in reached for value in step(one))
        return reached

    return values


def _alternative(ways: list[Walk]) -> Walk:
    return lambda node: dict.fromkeys(value for way in ways for value in way(node))


def _repeated(step: Walk, none: bool, many: bool) -> Walk:
    def values(node: Term) -> Iterable[Term]:
        reached = {node: None} if none else {}
        new: list[Term] = [node]
        while new:
            found = dict.fromkeys(value for one in new for value in step(one))
            new = [one for one in found if one not in reached] if many else []
            reached.update(dict.fromkeys(found))
        return reached

    return values
