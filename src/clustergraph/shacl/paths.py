"""Property paths as functions from a node to the values that it leads to.

Source: SHACL 1.0, section 2.3.1; SPARQL 1.1 Query, section 9.
"""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Final, TypeAlias

from clustergraph.reading.parsed import FIRST, Literal, Term
from clustergraph.shacl.faults import NO_PATH, TOO_LARGE, ShapeFault, Unevaluable
from clustergraph.shacl.index import Index
from clustergraph.shacl.vocabulary import PATHS, sh
from clustergraph.shacl.watch import Watch

Walk: TypeAlias = Callable[[Term], Iterable[Term]]
"""From a node to its values, each once, in the order in which they are stated."""

_PARTS_LIMIT: Final = 1_000  # of one path, the shared ones counted wherever they stand
_DEPTH_LIMIT: Final = 50
_REPEATED: Final = {"zeroOrMorePath": (True, True), "oneOrMorePath": (False, True), "zeroOrOnePath": (True, False)}
"""Whether a path may be of no step at all, and of more than one."""


def walk(shapes: Index, path: Term, data: Index, watch: Watch) -> Walk:
    """The function of a path that is written down in a shapes graph.

    Raises: Unevaluable where it is no path, or one of too many parts.
    """
    return _Walks(shapes, data, watch).of(path)


def is_predicate(path: Term | None) -> bool:
    """Whether a path is one property."""
    return isinstance(path, str) and not path.startswith("_:")


class _Walks:
    """What makes the functions of one path and its parts."""

    def __init__(self, shapes: Index, data: Index, watch: Watch) -> None:
        self._shapes = shapes
        self._data = data
        self._watch = watch
        self._parts = count(1)

    def of(self, path: Term, above: tuple[Term, ...] = (), *, inverse: bool = False) -> Walk:
        """The function of a part, which stands in those above it."""
        if isinstance(path, Literal) or path in above:
            raise Unevaluable(ShapeFault(NO_PATH, str(above[-1] if above else path)))
        if next(self._parts) > _PARTS_LIMIT or len(above) > _DEPTH_LIMIT:
            raise Unevaluable(ShapeFault(TOO_LARGE, path))
        if is_predicate(path):
            return _inverse_step(self._data, path) if inverse else _step(self._data, path)
        above, shapes = (*above, path), self._shapes
        if shapes.values(path, FIRST):
            steps = self._items(path, above, inverse=inverse)
            return _sequence(steps[::-1] if inverse else steps, self._watch)
        stated = [(name, value) for name in PATHS for value in shapes.values(path, sh(name))]
        if len(stated) != 1:
            raise Unevaluable(ShapeFault(NO_PATH, path))
        ((name, value),) = stated
        if name == "inversePath":
            return self.of(value, above, inverse=not inverse)
        if name == "alternativePath":
            return _alternative(self._items(value, above, inverse=inverse))
        return _repeated(self.of(value, above, inverse=inverse), *_REPEATED[name], self._watch)

    def _items(self, head: Term, above: tuple[Term, ...], *, inverse: bool) -> list[Walk]:
        items = self._shapes.items(head)
        if items is None or len(items) < 2:  # noqa: PLR2004
            raise Unevaluable(ShapeFault(NO_PATH, str(above[-1])))
        return [self.of(one, above, inverse=inverse) for one in items]


def _step(data: Index, path: str) -> Walk:
    spo = data.spo

    def values(node: Term) -> Iterable[Term]:
        about = spo.get(node)
        return about.get(path, ()) if about else ()

    return values


def _inverse_step(data: Index, path: str) -> Walk:
    return lambda node: data.subjects(path, node)


def _sequence(steps: list[Walk], watch: Watch) -> Walk:
    def values(node: Term) -> Iterable[Term]:
        reached: Iterable[Term] = (node,)
        for step in steps:
            watch.tick()
            reached = dict.fromkeys(value for one in reached for value in step(one))
        return reached

    return values


def _alternative(ways: list[Walk]) -> Walk:
    return lambda node: dict.fromkeys(value for way in ways for value in way(node))


def _repeated(step: Walk, none: bool, many: bool, watch: Watch) -> Walk:
    def values(node: Term) -> Iterable[Term]:
        reached = {node: None} if none else {}
        new: list[Term] = [node]
        while new:
            watch.tick()
            found = dict.fromkeys(value for one in new for value in step(one))
            new = [one for one in found if one not in reached] if many else []
            reached.update(dict.fromkeys(found))
        return reached

    return values
