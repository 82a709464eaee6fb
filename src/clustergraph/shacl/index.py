"""Triples of several texts by subject, by property and by value, and where each of them stands."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from clustergraph.reading.parsed import FIRST, NIL, REST, TYPE, Literal, Parsed, Term
from clustergraph.reading.pause import uncollected
from clustergraph.shacl.vocabulary import SUBCLASS, TRUE

_NOTHING: Final[Mapping[Term, int]] = {}


class Index:
    """The triples of several texts as one graph. Blank nodes of two texts are two, whatever their labels.

    Shape: `spo` has for each subject, property and value the number of the triple; numbers go through the texts in
           their order.
    """

    def __init__(self, texts: Sequence[Parsed]) -> None:
        self.texts = tuple(texts)
        self.spo: dict[Term, dict[str, dict[Term, int]]] = {}  # no literal is a subject, but one may be looked up
        self._starts = [0]
        self._by_value: dict[str, dict[Term, list[str]]] = {}  # only of the properties that somebody asks for
        with uncollected():
            for number, text in enumerate(self.texts):
                self._add(text, f"_:{number}." if number else "")
                self._starts.append(self._starts[-1] + len(text.triples))

    def _add(self, text: Parsed, mark: str) -> None:
        spo = self.spo
        triples: Iterable[tuple[str, str, Term]] = text.triples
        if mark:
            triples = (
                (_marked(s, mark), p, o if isinstance(o, Literal) else _marked(o, mark)) for s, p, o in text.triples
            )
        for number, (subject, predicate, value) in enumerate(triples, start=self._starts[-1]):
            about = spo.get(subject)
            if about is None:
                spo[subject] = {predicate: {value: number}}
                continue
            values = about.get(predicate)
            if values is None:
                about[predicate] = {value: number}
            elif value not in values:
                values[value] = number

    def text_of(self, number: int) -> tuple[int, int]:
        """Which text a triple stands in, and its number there."""
        text = bisect_right(self._starts, number) - 1
        return text, number - self._starts[text]

    def values(self, subject: Term | None, predicate: str) -> Mapping[Term, int]:
        """The values of a property of a thing, each with the number of its triple."""
        about = self.spo.get(subject) if subject is not None else None
        return about.get(predicate, _NOTHING) if about else _NOTHING

    def value(self, subject: Term | None, predicate: str) -> Term | None:
        """The first value of a property, None if there is none."""
        return next(iter(self.values(subject, predicate)), None)

    def is_true(self, subject: str, predicate: str) -> bool:
        """Whether a property is stated to be true."""
        return any(one in TRUE for one in self.values(subject, predicate))

    def by_value(self, predicate: str) -> Mapping[Term, Sequence[str]]:
        """For each value of a property the subjects."""
        found = self._by_value.get(predicate)
        if found is None:
            found = self._by_value[predicate] = {}
            for subject, about in self.spo.items():
                for value in about.get(predicate, ()):
                    found.setdefault(value, []).append(str(subject))
        return found

    def subjects(self, predicate: str, value: Term) -> Sequence[str]:
        """The things that have a value."""
        return self.by_value(predicate).get(value, ())

    @cached_property
    def _subclasses(self) -> dict[Term, frozenset[str]]:
        return {}

    def subclasses(self, name: Term) -> frozenset[str]:
        """A class and all that are, by however many steps, subclasses of it."""
        known = self._subclasses.get(name)
        if known is None:
            found, left = {str(name)} if isinstance(name, str) else set(), [name]
            while left:
                for one in self.subjects(SUBCLASS, left.pop()):
                    if one not in found:
                        found.add(one)
                        left.append(one)
            known = self._subclasses[name] = frozenset(found)
        return known

    def instances(self, name: Term) -> dict[Term, None]:
        """The things of a class or of one of its subclasses."""
        return {thing: None for one in sorted(self.subclasses(name)) for thing in self.subjects(TYPE, one)}

    def items(self, head: Term | None) -> list[Term] | None:
        """The items of a list; None if it is none: broken off, branched, or biting its tail."""
        found: list[Term] = []
        seen = set()
        while head != NIL:
            first, rest = self.values(head, FIRST), self.values(head, REST)
            if head in seen or len(first) != 1 or len(rest) != 1:
                return None
            seen.add(head)
            found.extend(first)
            (head,) = rest
        return found

    def names_nothing(self, head: Term) -> bool:
        """Whether a list has an item with a name of which nothing is said.

        Shape: no cell is looked at twice, by whatever list.
        """
        known, cells = self._names_nothing, list[Term]()
        while head not in known:
            cells.append(head)
            known[head] = False  # of a list that bites its tail
            head = self.value(head, REST) or NIL
        is_found = known[head]
        for cell in reversed(cells):
            item = self.value(cell, FIRST)
            is_found = is_found or (isinstance(item, str) and not item.startswith("_:") and item not in self.spo)
            known[cell] = is_found
        return is_found

    @cached_property
    def _names_nothing(self) -> dict[Term, bool]:
        return {NIL: False}


def _marked(node: str, mark: str) -> str:
    return f"{mark}{node[2:]}" if node.startswith("_:") else node
