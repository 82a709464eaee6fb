"""Whether two texts say the same, told from their words alone."""

import hashlib
from collections import Counter

from clustergraph.reading.parsed import Parsed, Term


def says_the_same(one: Parsed, other: Parsed) -> bool:
    """Whether two texts have the same triples, whatever nodes without names are called.

    Shape: nodes with a label keep it. A node without one is a value once at most, so it is what is said of it.
    """
    return _facts(one) == _facts(other)


def _facts(parsed: Parsed) -> tuple[set[tuple[Term, str, Term]], Counter[str]]:
    said: dict[str, list[tuple[str, Term]]] = {}
    named: set[tuple[Term, str, Term]] = set()
    for subject, predicate, value in parsed.triples:
        if subject.startswith("_:["):
            said.setdefault(subject, []).append((predicate, value))
    digests = _digests(said, parsed)
    for subject, predicate, value in parsed.triples:
        if not subject.startswith("_:["):
            named.add((subject, predicate, _shown(value, digests)))
    return named, Counter(digests.values())


def _digests(said: dict[str, list[tuple[str, Term]]], parsed: Parsed) -> dict[str, str]:
    """What stands for each node without a name, from the innermost outwards: lists can be longer than a stack is."""
    known: dict[str, str] = {}
    for start in dict.fromkeys((*said, *(str(one[2]) for one in parsed.triples if _is_nameless(one[2])))):
        stack = [start]
        while stack:
            node = stack[-1]
            within = [value for _, value in said.get(node, ()) if _is_nameless(value) and value not in known]
            if within:
                stack += [str(one) for one in within]
                continue
            stack.pop()
            lines = sorted({repr((predicate, _shown(value, known))) for predicate, value in said.get(node, ())})
            known[node] = f"_:[{hashlib.sha256(repr(lines).encode('utf-8', 'surrogatepass')).hexdigest()}]"
    return known


def _is_nameless(term: Term) -> bool:
    return isinstance(term, str) and term.startswith("_:[")


def _shown(term: Term, digests: dict[str, str]) -> Term:
    return digests[term] if isinstance(term, str) and _is_nameless(term) else term
