"""What somebody may have meant: the known name most like a misspelt one, among thousands."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property
from heapq import nsmallest
from typing import Final

_LEAST_LIKENESS: Final = 0.75  # of difflib; below it guesses mislead more often than they help
_RIVALS: Final = 24  # compared letter by letter: those that share most groups of three letters


class Nearest:
    """Known IRIs by namespace, so that only those of the same namespace and kind compete."""

    def __init__(self, iris: Iterable[str]) -> None:
        self._iris = iris

    @cached_property
    def _namespaces(self) -> dict[str, "_Names"]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for iri in self._iris:
            namespace, name = _split(iri)
            found[namespace].append(name)
        return {namespace: _Names(sorted(names)) for namespace, names in found.items()}

    def to(self, iri: str) -> str:
        """The known IRI most like this one, or nothing."""
        namespace, name = _split(iri)
        names = self._namespaces.get(namespace)
        nearest = names.to(name) if names else ""
        return nearest and namespace + nearest


class _Names:
    """The names of one namespace, by groups of three letters."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    @cached_property
    def _having(self) -> dict[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(self._names):
            for group in _groups(name):
                found[group].append(number)
        return found

    def to(self, name: str) -> str:
        """The name most like this one, or nothing."""
        shared = Counter(number for group in _groups(name) for number in self._having.get(group, ()))
        best = nsmallest(_RIVALS, shared.items(), key=lambda one: (-one[1], one[0]))
        rivals = [self._names[number] for number, _ in best]
        return next(iter(difflib.get_close_matches(name, rivals, n=1, cutoff=_LEAST_LIKENESS)), "")


def _split(iri: str) -> tuple[str, str]:
    end = max(iri.rfind("#"), iri.rfind("/")) + 1
    return iri[:end], iri[end:]


def _groups(name: str) -> set[str]:
    padded = f"  {name} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)}
