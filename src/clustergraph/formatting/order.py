"""The order of what stands in a Turtle text: properties and values by name, subjects as written."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from clustergraph.formatting.tree import Atom, Bracket, Items, Property, Statement, Value

_Part = TypeVar("_Part", Property, Statement)


def arrange(statements: list[Statement]) -> list[Statement]:
    """The statements, one for each subject that has a name, their properties and values in order.

    Shape: subjects keep the order in which they are first written, which is their author's: that of an argument, of
           parts after the whole, of steps.
    """
    merged = _merged(statements, _name_of_subject, _join_statements)
    for one in merged:
        one.properties = _arranged(one.properties)
    return merged


def _arranged(properties: list[Property]) -> list[Property]:
    merged = _merged(properties, lambda one: one.verb, _join_properties)
    for one in merged:
        for value in one.values:
            _arrange_within(value)
        one.values = sorted(_without_repetition(one.values), key=_value_key)
    return sorted(merged, key=lambda one: (one.verb != "a", *_name_key(one.verb)))


def _arrange_within(value: Value) -> None:
    if isinstance(value, Bracket):
        value.properties = _arranged(value.properties)
    elif isinstance(value, Items):  # its order is part of what it says
        for one in value.values:
            _arrange_within(one)


def _merged(
    parts: Iterable[_Part], name_of: Callable[[_Part], str | None], join: Callable[[_Part, _Part], None]
) -> list[_Part]:
    found: dict[str | int, _Part] = {}
    for number, one in enumerate(parts):
        name = name_of(one)
        key = number if name is None else name
        if key in found:
            join(found[key], one)
        else:
            found[key] = one
    return list(found.values())


def _name_of_subject(one: Statement) -> str | None:
    if not isinstance(one.subject, Atom):
        _arrange_within(one.subject)
        return None
    return one.subject.text


def _join_statements(one: Statement, other: Statement) -> None:
    one.before += other.before
    one.properties += other.properties
    one.ending += other.ending


def _join_properties(one: Property, other: Property) -> None:
    one.before += other.before
    one.values += other.values


def _without_repetition(values: list[Value]) -> list[Value]:
    found: dict[str | int, Value] = {}
    for number, one in enumerate(values):
        first = found.setdefault(one.text if isinstance(one, Atom) else number, one)
        if first is not one:
            first.before += [*one.before, *([one.after] if one.after else [])]
    return list(found.values())


_LITERAL: Final = tuple("\"'0123456789+-.")


def _value_key(value: Value) -> tuple[int, str, str]:
    """Names first, then literals by language, then what has no name, as written."""
    if not isinstance(value, Atom):
        return 2, "", ""
    if value.text[0] not in _LITERAL:
        return 0, *_name_key(value.text)
    quote = max(value.text.rfind('"'), value.text.rfind("'"))
    return 1, value.text[quote + 1 :], value.text


def _name_key(name: str) -> tuple[str, str]:
    """By prefix, then by what follows it; what has no prefix comes last."""
    prefix, colon, local = name.partition(":")
    return ("\U0010ffff", name) if name.startswith("<") or not colon else (prefix, local)
