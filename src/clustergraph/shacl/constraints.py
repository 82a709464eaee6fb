"""The constraint components of SHACL Core: one function each, from the parameter of a shape to a check.

Source: SHACL 1.0, section 4.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from clustergraph.reading.parsed import TYPE, XSD, Literal, Term
from clustergraph.shacl.faults import ILL_FORMED, ShapeFault, Unevaluable
from clustergraph.shacl.paths import is_predicate
from clustergraph.shacl.patterns import compiled
from clustergraph.shacl.results import Result
from clustergraph.shacl.shapes import Check, Shape, Shapes
from clustergraph.shacl.values import compared, is_well_formed
from clustergraph.shacl.vocabulary import FALSE, SH, TRUE, component, sh

Test: TypeAlias = Callable[[Term], bool]
Make: TypeAlias = Callable[[Shapes, Shape, Term], Check | None]

_KINDS: Final = {
    "IRI": ("iri",),
    "BlankNode": ("blank",),
    "Literal": ("literal",),
    "BlankNodeOrIRI": ("blank", "iri"),
    "BlankNodeOrLiteral": ("blank", "literal"),
    "IRIOrLiteral": ("iri", "literal"),
}


def _kind(term: Term) -> str:
    return "literal" if isinstance(term, Literal) else "blank" if term.startswith("_:") else "iri"


def _text(term: Term) -> str | None:
    """The text that patterns and lengths are about, None for a blank node."""
    return term.lexical if isinstance(term, Literal) else None if term.startswith("_:") else term


def _each(shape: Shape, name: str, test: Test, against: tuple[Term, ...] = ()) -> Check:
    """A check of one value after the other."""
    iri = component(name)

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        out.extend(shape.result(focus, value, iri, against) for value in values if not test(value))

    return check


def _class(shapes: Shapes, shape: Shape, name: Term) -> Check:
    spo, subclasses = shapes.data.spo, shapes.data.subclasses(name)

    def test(value: Term) -> bool:
        about = spo.get(value)
        types = about.get(TYPE) if about else None
        return types is not None and (name in types or not subclasses.isdisjoint(types))

    return _each(shape, "Class", test, (name,))


def _datatype(_shapes: Shapes, shape: Shape, name: Term) -> Check:
    def test(value: Term) -> bool:
        return isinstance(value, Literal) and value.datatype == name and is_well_formed(value.lexical, value.datatype)

    return _each(shape, "Datatype", test, (name,))


def _node_kind(_shapes: Shapes, shape: Shape, kind: Term) -> Check:
    allowed = _KINDS[str(kind).removeprefix(SH)]
    return _each(shape, "NodeKind", lambda value: _kind(value) in allowed, (kind,))


def _min_count(_shapes: Shapes, shape: Shape, count: Term) -> Check:
    least, iri = _integer(count), component("MinCount")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        if len(values) < least:
            out.append(shape.result(focus, None, iri, (count, *values)))

    return check


def _max_count(_shapes: Shapes, shape: Shape, count: Term) -> Check:
    most, iri = _integer(count), component("MaxCount")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        if len(values) > most:
            out.append(shape.result(focus, None, iri, (count, *values)))

    return check


def _range(name: str, allowed: tuple[int, ...]) -> Make:
    def make(_shapes: Shapes, shape: Shape, bound: Term) -> Check:
        return _each(shape, name, lambda value: compared(value, bound) in allowed, (bound,))

    return make


def _min_length(_shapes: Shapes, shape: Shape, length: Term) -> Check:
    least = _integer(length)

    def test(value: Term) -> bool:
        text = _text(value)
        return text is not None and len(text) >= least

    return _each(shape, "MinLength", test, (length,))


def _max_length(_shapes: Shapes, shape: Shape, length: Term) -> Check:
    most = _integer(length)

    def test(value: Term) -> bool:
        text = _text(value)
        return text is not None and len(text) <= most

    return _each(shape, "MaxLength", test, (length,))


def _pattern(shapes: Shapes, shape: Shape, pattern: Term) -> Check:
    flags = shapes.graph.value(shape.node, sh("flags"))
    matches = compiled(_lexical(pattern), _lexical(flags) if flags else "")
    if matches is None:
        raise Unevaluable(ShapeFault(ILL_FORMED, shape.node, sh("pattern"), pattern, ("sh:pattern", _lexical(pattern))))

    def test(value: Term) -> bool:
        text = _text(value)
        return text is not None and matches(text)

    return _each(shape, "Pattern", test, (pattern,))


def _language_in(shapes: Shapes, shape: Shape, head: Term) -> Check:
    ranges = [_lexical(one).lower() for one in _items(shapes, shape, "languageIn", head)]

    def test(value: Term) -> bool:
        tag = value.language.lower() if isinstance(value, Literal) else ""
        return bool(tag) and any(one in ("*", tag) or tag.startswith(f"{one}-") for one in ranges)

    return _each(shape, "LanguageIn", test, tuple(_items(shapes, shape, "languageIn", head)))


def _unique_lang(_shapes: Shapes, shape: Shape, wanted: Term) -> Check | None:
    iri = component("UniqueLang")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        by_tag: dict[str, list[Term]] = {}
        for value in values:
            if isinstance(value, Literal) and value.language:
                by_tag.setdefault(value.language.lower(), []).append(value)
        out.extend(shape.result(focus, None, iri, tuple(same)) for same in by_tag.values() if len(same) > 1)

    return check if wanted == TRUE[0] else None  # by a test of the W3C, "1" is not enough


def _equals(shapes: Shapes, shape: Shape, other: Term) -> Check:
    data, iri = shapes.data, component("Equals")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        others = data.values(focus, str(other))
        differing = [one for one in values if one not in others]
        differing += [one for one in others if one not in values]
        out.extend(shape.result(focus, one, iri, (other,)) for one in differing)

    return check


def _disjoint(shapes: Shapes, shape: Shape, other: Term) -> Check:
    data, iri = shapes.data, component("Disjoint")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        others = data.values(focus, str(other))
        out.extend(shape.result(focus, one, iri, (other,)) for one in values if one in others)

    return check


def _less(name: str, allowed: tuple[int, ...]) -> Make:
    def make(shapes: Shapes, shape: Shape, other: Term) -> Check:
        data, iri = shapes.data, component(name)

        def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
            out.extend(
                shape.result(focus, value, iri, (other, bound))
                for bound in data.values(focus, str(other))
                for value in values
                if compared(value, bound) not in allowed
            )

        return check

    return make


def _not(shapes: Shapes, shape: Shape, node: Term) -> Check:
    inner = shapes.shape(node)
    return _each(shape, "Not", lambda value: not inner.holds(value), (node,))


def _logical(name: str, enough: Callable[[list[bool]], bool]) -> Make:
    iri = component(name)

    def make(shapes: Shapes, shape: Shape, head: Term) -> Check:
        inner = [shapes.shape(one) for one in _items(shapes, shape, name.lower(), head)]

        def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
            for value in values:
                details: list[list[Result]] = []
                for one in inner:
                    details.append([])
                    one.check(value, details[-1])
                if not enough([not one for one in details]):
                    leaves = tuple(result for one in details for result in one)
                    out.append(shape.result(focus, value, iri, (), leaves))

        return check

    return make


def _node(shapes: Shapes, shape: Shape, node: Term) -> Check:
    inner, iri = shapes.shape(node), component("Node")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        for value in values:
            details: list[Result] = []
            inner.check(value, details)
            if details:
                out.append(shape.result(focus, value, iri, (node,), tuple(details)))

    return check


def _property(shapes: Shapes, shape: Shape, node: Term) -> Check:
    inner = shapes.shape(node)
    if inner.path is None and not inner.is_deactivated:
        raise Unevaluable(ShapeFault(ILL_FORMED, shape.node, sh("property"), node, ("sh:property", "sh:path")))

    def check(_focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        for value in values:
            inner.check(value, out)

    return check


def _qualified(shapes: Shapes, shape: Shape, node: Term) -> Check:
    graph, inner = shapes.graph, shapes.shape(node)
    least, most = (graph.value(shape.node, sh(f"qualified{name}Count")) for name in ("Min", "Max"))
    siblings: list[Shape] = []
    if graph.is_true(shape.node, sh("qualifiedValueShapesDisjoint")):
        nodes = {
            other
            for parent in graph.subjects(sh("property"), shape.node)
            for one in graph.values(parent, sh("property"))
            for other in graph.values(one, sh("qualifiedValueShape"))
        }
        siblings = [shapes.shape(one) for one in sorted(nodes - {node}, key=str)]
    bounds = [
        (component(f"Qualified{name}Count"), bound, _integer(bound), sign)
        for name, bound, sign in (("Min", least, 1), ("Max", most, -1))
        if bound is not None
    ]

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        fitting = sum(inner.holds(one) and not any(other.holds(one) for other in siblings) for one in values)
        out.extend(
            shape.result(focus, None, iri, (bound, node))
            for iri, bound, count, sign in bounds
            if sign * fitting < sign * count
        )

    return check


def _closed(shapes: Shapes, shape: Shape, wanted: Term) -> Check | None:
    graph, spo, iri = shapes.graph, shapes.data.spo, component("Closed")
    paths = [path for one in graph.values(shape.node, sh("property")) for path in graph.values(one, sh("path"))]
    allowed = {one for one in paths if is_predicate(one)}
    for head in graph.values(shape.node, sh("ignoredProperties")):
        allowed.update(_items(shapes, shape, "ignoredProperties", head))

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        for value in values:
            about = spo.get(value, {})
            for predicate, objects in about.items():
                if predicate not in allowed:
                    results = (shape.result(focus, one, iri) for one in objects)
                    out.extend(one._replace(path=predicate) for one in results)

    return check if wanted in TRUE else None


def _has_value(_shapes: Shapes, shape: Shape, wanted: Term) -> Check:
    iri = component("HasValue")

    def check(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
        if wanted not in values:
            out.append(shape.result(focus, None, iri, (wanted,)))

    return check


def _in(shapes: Shapes, shape: Shape, head: Term) -> Check:
    allowed = dict.fromkeys(_items(shapes, shape, "in", head))
    return _each(shape, "In", allowed.__contains__, tuple(allowed))


def _items(shapes: Shapes, shape: Shape, name: str, head: Term) -> list[Term]:
    items = shapes.graph.items(head)
    if items is None:
        raise Unevaluable(ShapeFault(ILL_FORMED, shape.node, sh(name), head, (f"sh:{name}", "( … )")))
    return items


def _integer(term: Term) -> int:
    return int(_lexical(term))


def _lexical(term: Term) -> str:
    return term.lexical if isinstance(term, Literal) else term


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
    return isinstance(term, str) and term.removeprefix(SH) in _KINDS


def _is_any(_term: Term) -> bool:
    return True


class Parameter(NamedTuple):
    """One parameter: what makes a check of it, what its values must be, and how that is called.

    Shape: `is_single` where a shape may have one value of it; `of_properties` where only a property shape may have it.
    """

    make: Make
    fits: Test
    wanted: str
    is_single: bool = False
    of_properties: bool = False


_COUNT: Final = "0, 1, 2, …"
PARAMETERS: Final[dict[str, Parameter]] = {
    "class": Parameter(_class, _is_iri, "<…>"),
    "datatype": Parameter(_datatype, _is_iri, "<…>", is_single=True),
    "nodeKind": Parameter(_node_kind, _is_kind, ", ".join(f"sh:{name}" for name in _KINDS), is_single=True),
    "minCount": Parameter(_min_count, _is_count, _COUNT, is_single=True, of_properties=True),
    "maxCount": Parameter(_max_count, _is_count, _COUNT, is_single=True, of_properties=True),
    "minExclusive": Parameter(_range("MinExclusive", (1,)), _is_literal, '"…"', is_single=True),
    "minInclusive": Parameter(_range("MinInclusive", (0, 1)), _is_literal, '"…"', is_single=True),
    "maxExclusive": Parameter(_range("MaxExclusive", (-1,)), _is_literal, '"…"', is_single=True),
    "maxInclusive": Parameter(_range("MaxInclusive", (-1, 0)), _is_literal, '"…"', is_single=True),
    "minLength": Parameter(_min_length, _is_count, _COUNT, is_single=True),
    "maxLength": Parameter(_max_length, _is_count, _COUNT, is_single=True),
    "pattern": Parameter(_pattern, _is_literal, '"…"'),
    "languageIn": Parameter(_language_in, _is_node, "( … )", is_single=True),
    "uniqueLang": Parameter(_unique_lang, _is_flag, "true, false", is_single=True, of_properties=True),
    "equals": Parameter(_equals, _is_iri, "<…>"),
    "disjoint": Parameter(_disjoint, _is_iri, "<…>"),
    "lessThan": Parameter(_less("LessThan", (-1,)), _is_iri, "<…>", of_properties=True),
    "lessThanOrEquals": Parameter(_less("LessThanOrEquals", (-1, 0)), _is_iri, "<…>", of_properties=True),
    "not": Parameter(_not, _is_node, "[ … ]"),
    "and": Parameter(_logical("And", all), _is_node, "( … )"),
    "or": Parameter(_logical("Or", any), _is_node, "( … )"),
    "xone": Parameter(_logical("Xone", lambda held: sum(held) == 1), _is_node, "( … )"),
    "node": Parameter(_node, _is_node, "[ … ]"),
    "property": Parameter(_property, _is_node, "[ … ]"),
    "qualifiedValueShape": Parameter(_qualified, _is_node, "[ … ]", of_properties=True),
    "closed": Parameter(_closed, _is_flag, "true, false", is_single=True),
    "hasValue": Parameter(_has_value, _is_any, "…"),
    "in": Parameter(_in, _is_node, "( … )", is_single=True),
}
"""Every parameter of SHACL Core that makes a constraint."""


def core_checks(shapes: Shapes, shape: Shape) -> Iterator[Check]:
    """The checks of the parameters that a shape has. What a parameter cannot be is a fault, and the others hold."""
    for name, parameter in PARAMETERS.items():
        values = shapes.graph.values(shape.node, sh(name))
        for number, value in enumerate(values):
            is_one_too_many = parameter.is_single and number > 0
            is_misplaced = parameter.of_properties and shape.path is None
            if is_one_too_many or is_misplaced or not parameter.fits(value):
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
