"""Constraint components of SHACL Core that ask something of the values of one shape.

Source: SHACL 1.0, sections 4.1 to 4.5 and 4.8.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from clustergraph.reading.parsed import TYPE, Literal, Term
from clustergraph.shacl.faults import ILL_FORMED, ShapeFault, Unevaluable
from clustergraph.shacl.patterns import compiled
from clustergraph.shacl.results import Result
from clustergraph.shacl.shapes import Check, Shape, Shapes
from clustergraph.shacl.values import compared, is_well_formed, number_of
from clustergraph.shacl.vocabulary import SH, TRUE, component, sh

Test: TypeAlias = Callable[[Term], bool]
Make: TypeAlias = Callable[[Shapes, Shape, Term], Check | None]

KINDS: Final = {
    "IRI": ("iri",),
    "BlankNode": ("blank",),
    "Literal": ("literal",),
    "BlankNodeOrIRI": ("blank", "iri"),
    "BlankNodeOrLiteral": ("blank", "literal"),
    "IRIOrLiteral": ("iri", "literal"),
}


def kind_of(term: Term) -> str:
    """Whether a term is an IRI, a blank node or a literal."""
    return "literal" if isinstance(term, Literal) else "blank" if term.startswith("_:") else "iri"


def text_of(term: Term) -> str | None:
    """The text that patterns and lengths are about, None for a blank node."""
    return term.lexical if isinstance(term, Literal) else None if term.startswith("_:") else term


def each(shape: Shape, name: str, test: Test, against: tuple[Term, ...] = ()) -> Check:
    """A check of one value after the other."""
    iri = component(name)

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        for value in values:
            if not test(value):
                out.append(shape.result(focus, value, iri, against))  # noqa: PERF401  # a generator for each node is dear

    return check


def of_class(shapes: Shapes, shape: Shape, name: Term) -> Check:
    """sh:class."""
    spo, subclasses = shapes.data.spo, shapes.data.subclasses(name)

    def test(value: Term) -> bool:
        about = spo.get(value)
        types = about.get(TYPE) if about else None
        return types is not None and (name in types or not subclasses.isdisjoint(types))

    return each(shape, "Class", test, (name,))


def datatype(_shapes: Shapes, shape: Shape, name: Term) -> Check:
    """sh:datatype: the datatype, in a form that it has."""

    def test(value: Term) -> bool:
        return isinstance(value, Literal) and value.datatype == name and is_well_formed(value.lexical, value.datatype)

    return each(shape, "Datatype", test, (name,))


def node_kind(_shapes: Shapes, shape: Shape, kind: Term) -> Check:
    """sh:nodeKind."""
    allowed = KINDS[str(kind).removeprefix(SH)]
    return each(shape, "NodeKind", lambda value: kind_of(value) in allowed, (kind,))


def min_count(_shapes: Shapes, shape: Shape, count: Term) -> Check:
    """sh:minCount."""
    least, iri = integer(count), component("MinCount")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        if len(values) < least:
            out.append(shape.result(focus, None, iri, (count, *values)))

    return check


def max_count(_shapes: Shapes, shape: Shape, count: Term) -> Check:
    """sh:maxCount."""
    most, iri = integer(count), component("MaxCount")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        if len(values) > most:
            out.append(shape.result(focus, None, iri, (count, *values)))

    return check


def in_range(name: str, allowed: tuple[int, ...]) -> Make:
    """sh:minExclusive and the three like it: how each value may compare with the bound."""

    def make(_shapes: Shapes, shape: Shape, bound: Term) -> Check:
        return each(shape, name, lambda value: compared(value, bound) in allowed, (bound,))

    return make


def min_length(_shapes: Shapes, shape: Shape, length: Term) -> Check:
    """sh:minLength."""
    least = integer(length)

    def test(value: Term) -> bool:
        text = text_of(value)
        return text is not None and len(text) >= least

    return each(shape, "MinLength", test, (length,))


def max_length(_shapes: Shapes, shape: Shape, length: Term) -> Check:
    """sh:maxLength."""
    most = integer(length)

    def test(value: Term) -> bool:
        text = text_of(value)
        return text is not None and len(text) <= most

    return each(shape, "MaxLength", test, (length,))


def pattern(shapes: Shapes, shape: Shape, pattern: Term) -> Check:
    """sh:pattern, with sh:flags.

    Raises: Unevaluable for a pattern that cannot be read.
    """
    flags = shapes.graph.value(shape.node, sh("flags"))
    matches = compiled(lexical_of(pattern), lexical_of(flags) if flags else "")
    if matches is None:
        wanted = r"RE2 (¬ \b, \B): https://github.com/google/re2/wiki/Syntax"
        raise Unevaluable(ShapeFault(ILL_FORMED, shape.node, sh("pattern"), pattern, ("sh:pattern", wanted)))

    def test(value: Term) -> bool:
        text = text_of(value)
        return text is not None and matches(text)

    return each(shape, "Pattern", test, (pattern,))


def language_in(shapes: Shapes, shape: Shape, head: Term) -> Check:
    """sh:languageIn: basic language ranges, as LANGMATCHES takes them."""
    ranges = [lexical_of(one).lower() for one in items_of(shapes, shape, "languageIn", head)]

    def test(value: Term) -> bool:
        tag = value.language.lower() if isinstance(value, Literal) else ""
        return bool(tag) and any(one in ("*", tag) or tag.startswith(f"{one}-") for one in ranges)

    return each(shape, "LanguageIn", test, tuple(items_of(shapes, shape, "languageIn", head)))


def unique_lang(_shapes: Shapes, shape: Shape, wanted: Term) -> Check | None:
    """sh:uniqueLang."""
    iri = component("UniqueLang")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        by_tag: dict[str, list[Term]] = {}
        for value in values:
            if isinstance(value, Literal) and value.language:
                by_tag.setdefault(value.language.lower(), []).append(value)
        out.extend(shape.result(focus, None, iri, tuple(same)) for same in by_tag.values() if len(same) > 1)

    return check if wanted == TRUE[0] else None  # by a test of the W3C, "1" is not enough


def equals(shapes: Shapes, shape: Shape, other: Term) -> Check:
    """sh:equals."""
    data, iri = shapes.data, component("Equals")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        others, own = data.values(focus, str(other)), frozenset(values)
        differing = [one for one in values if one not in others]
        differing += [one for one in others if one not in own]
        out.extend(shape.result(focus, one, iri, (other,)) for one in differing)

    return check


def disjoint(shapes: Shapes, shape: Shape, other: Term) -> Check:
    """sh:disjoint."""
    data, iri = shapes.data, component("Disjoint")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        others = data.values(focus, str(other))
        out.extend(shape.result(focus, one, iri, (other,)) for one in values if one in others)

    return check


def less(name: str, allowed: tuple[int, ...]) -> Make:
    """sh:lessThan, sh:lessThanOrEquals: how each value may compare with each one of the other property."""

    def make(shapes: Shapes, shape: Shape, other: Term) -> Check:
        data, iri = shapes.data, component(name)

        def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
            for bound in data.values(focus, str(other)):
                shape.watch.tick(len(out))
                differing = [value for value in values if compared(value, bound) not in allowed]
                out.extend(shape.result(focus, value, iri, (other, bound)) for value in differing)

        return check

    return make


def has_value(_shapes: Shapes, shape: Shape, wanted: Term) -> Check:
    """sh:hasValue."""
    iri = component("HasValue")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        if wanted not in values:
            out.append(shape.result(focus, None, iri, (wanted,)))

    return check


def is_in(shapes: Shapes, shape: Shape, head: Term) -> Check:
    """sh:in."""
    allowed = dict.fromkeys(items_of(shapes, shape, "in", head))
    return each(shape, "In", allowed.__contains__, tuple(allowed))


def items_of(shapes: Shapes, shape: Shape, name: str, head: Term) -> list[Term]:
    """The items of the list that a parameter has.

    Raises: Unevaluable if it is no list.
    """
    items = shapes.graph.items(head)
    if items is None:
        raise Unevaluable(ShapeFault(ILL_FORMED, shape.node, sh(name), head, (f"sh:{name}", "( … )")))
    return items


def integer(term: Term) -> int:
    """The number of a parameter that is one."""
    return number_of(lexical_of(term))


def lexical_of(term: Term) -> str:
    """The text of a literal."""
    return term.lexical if isinstance(term, Literal) else term
