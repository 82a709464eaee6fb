"""Literals of XSD datatypes: whether they are well-formed, and which of two is less.

Source: XML Schema 1.1 Part 2, section 3; SPARQL 1.1 Query, section 17.3 (operator mapping), which SHACL compares by.
"""

import re
import sys
from collections.abc import Callable
from datetime import date
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from clustergraph.reading.parsed import LANG_STRING, XSD, Literal, Term

_ZONE: Final = r"(?P<zone>Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
_YEAR: Final = r"(?P<year>-?(?:[1-9][0-9]{3,}|0[0-9]{3}))"
_MONTH: Final = r"(?P<month>0[1-9]|1[0-2])"
_DAY: Final = r"(?P<day>0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = (
    r"(?:(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9](?:\.[0-9]+)?)|24:00:00(?:\.0+)?)"
)
_DAYS: Final = r"(?:[0-9]+D)?(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?"
_DECIMAL: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_DOUBLE: Final = rf"{_DECIMAL}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN"

_FORMS: Final = {
    name: re.compile(pattern)
    for name, pattern in {
        "decimal": _DECIMAL,
        "double": _DOUBLE,
        "float": _DOUBLE,
        "boolean": "true|false|0|1",
        "date": f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}",
        "dateTime": f"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}{_ZONE}",
        "dateTimeStamp": f"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)",
        "time": f"{_CLOCK}{_ZONE}",
        "gYear": f"{_YEAR}{_ZONE}",
        "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}",
        "gMonth": f"--{_MONTH}{_ZONE}",
        "gDay": f"---{_DAY}{_ZONE}",
        "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
        "duration": rf"-?P(?=.)(?:[0-9]+Y)?(?:[0-9]+M)?{_DAYS}",
        "dayTimeDuration": rf"-?P(?=.){_DAYS}",
        "yearMonthDuration": r"-?P(?=.)(?:[0-9]+Y)?(?:[0-9]+M)?",
        "hexBinary": "(?:[0-9a-fA-F]{2})*",
        "base64Binary": r"(?:(?:[A-Za-z0-9+/] ?){4})*(?:(?:[A-Za-z0-9+/] ?){2}[A-Za-z0-9+/=] ?=)?",
        "language": "[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
        "normalizedString": r"[^\t\r\n]*",
        "token": r"(?:[^\s]+(?: [^\s]+)*)?",
        "NMTOKEN": r"[\w.\-:·]+",
        "Name": r"[^\W\d][\w.\-:·]*|:[\w.\-:·]*",
        "NCName": r"[^\W\d][\w.\-·]*",
    }.items()
}
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_RANGES: Final[dict[str, tuple[int | None, int | None]]] = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
_RANGE_DIGITS: Final = 20  # what lies in a range that has an end has no more
_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)  # a literal may have any number of digits
_CYCLE_YEARS: Final = 400  # after which the calendar of Gregory is the same again
_CYCLE_DAYS: Final = 146_097
_DAYS_OF_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_UNZONED_S: Final = 14 * 3_600  # how far a time without a zone may lie from the same with one


class _Value(NamedTuple):
    """What a literal stands for. Shape: only values of one `kind` are compared; `is_zoned` where it has a zone."""

    kind: str
    value: float | Decimal | str | bool
    is_zoned: bool | None = None


@lru_cache(maxsize=65_536)
def is_well_formed(lexical: str, datatype: str) -> bool:
    """Whether a text is a form of a datatype; every text is one of a datatype that we do not know.

    >>> is_well_formed("2020-02-30", "http://www.w3.org/2001/XMLSchema#date")
    False
    """
    name = datatype.removeprefix(XSD)
    if name == datatype:
        return True
    if name in _RANGES:
        return _INTEGER.fullmatch(lexical) is not None and _is_within(lexical, *_RANGES[name])
    form = _FORMS.get(name)
    match = form.fullmatch(lexical) if form else None
    if form is None or match is None:
        return form is None
    return "day" not in form.groupindex or "month" not in form.groupindex or _is_day(match.groupdict())


def number_of(digits: str) -> int:
    """The number that digits say, or where it is too great to count with, one that is greater than any count.

    >>> number_of("007")
    7
    """
    significant = digits.lstrip("0")  # Python reads no number of many thousand digits
    return int(significant or 0) if len(significant) <= _RANGE_DIGITS else sys.maxsize**2


def _is_within(lexical: str, least: int | None, most: int | None) -> bool:
    size = number_of(lexical.lstrip("+-"))
    number = -size if lexical.startswith("-") else size
    return (least is None or number >= least) and (most is None or number <= most)


def _is_day(parts: dict[str, str | None]) -> bool:
    """Whether a month has a day. The last four digits of a year say whether it is a leap year."""
    year, month, day = (int((parts.get(name) or "0")[-4:]) for name in ("year", "month", "day"))
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % _CYCLE_YEARS == 0)
    return day <= _DAYS_OF_MONTHS[month - 1] and (month != 2 or day < 29 or is_leap or "year" not in parts)  # noqa: PLR2004


def compared(one: Term, other: Term) -> int | None:
    """-1, 0 or 1 as one value is less than, equal to, or greater than another; None where they cannot be compared.

    >>> integer = "http://www.w3.org/2001/XMLSchema#integer"
    >>> compared(Literal("01", integer), Literal("2", integer))
    -1
    """
    first, second = _value(one), _value(other)
    if first is None or second is None or first.kind != second.kind:
        return None
    left, right = first.value, second.value
    if isinstance(left, float) != isinstance(right, float):
        left, right = float(left), float(right)
    if first.is_zoned != second.is_zoned and _are_near(left, right):
        return None
    if left != left or right != right:  # noqa: PLR0124  # NaN is not even itself
        return None
    return (left > right) - (left < right)  # type: ignore[operator]  # of one kind


def _are_near(one: object, other: object) -> bool:
    """Whether two times might be the same one, if one of them has a zone that is not told."""
    assert isinstance(one, Decimal)  # noqa: S101  # only times have zones
    assert isinstance(other, Decimal)  # noqa: S101
    return _EXACT.subtract(one, other).copy_abs() <= _UNZONED_S


def _value(term: Term) -> _Value | None:
    return _value_of(term) if isinstance(term, Literal) else None


@lru_cache(maxsize=65_536)
def _value_of(literal: Literal) -> _Value | None:
    name = literal.datatype.removeprefix(XSD)
    read = _READERS.get("integer" if name in _RANGES else name)
    if literal.datatype == LANG_STRING or read is None or not is_well_formed(literal.lexical, literal.datatype):
        return None
    return read(literal.lexical)


def _number(lexical: str) -> _Value:
    return _Value("number", Decimal(lexical))


def _floating(lexical: str) -> _Value:
    return _Value("number", float(lexical.replace("INF", "inf")))


def _date(lexical: str) -> _Value:
    return _moment("date", lexical)


def _moment(name: str, lexical: str) -> _Value:
    """Seconds, on one time line for all that have a zone or none."""
    match = _FORMS[name].fullmatch(lexical)
    assert match is not None  # noqa: S101  # the caller looked
    parts = match.groupdict()
    seconds = _EXACT.multiply(_days(parts["year"], int(parts["month"]), int(parts["day"])), Decimal(86_400))
    if name == "dateTime":
        seconds = _EXACT.add(seconds, _clock_s(parts))
    zone = lexical.removeprefix("-")[-6:] if not lexical.endswith("Z") else "Z"
    has_offset = bool(re.fullmatch(r"[+-][0-9]{2}:[0-9]{2}", zone)) and bool(parts.get("zone", zone))
    if has_offset:
        offset_s = int(zone[1:3]) * 3_600 + int(zone[4:6]) * 60
        seconds = _EXACT.add(seconds, Decimal(-offset_s if zone[0] == "+" else offset_s))
    return _Value(name, seconds, has_offset or zone == "Z")


def _days(year: str, month: int, day: int) -> Decimal:
    """Days since a day long ago, in the calendar of Gregory for all years, which Python has only up to 9999."""
    digits = year.removeprefix("-")
    ages, within = Decimal(digits[:-4] or 0), int(digits[-4:])
    if year != digits:
        ages, within = _EXACT.minus(_EXACT.add(ages, Decimal(within > 0))), -within % 10_000
    cycles, within = divmod(within, _CYCLE_YEARS)
    cycles_before = _EXACT.add(_EXACT.multiply(ages, Decimal(10_000 // _CYCLE_YEARS)), Decimal(cycles))
    near = date(_CYCLE_YEARS + within, month, day).toordinal()
    return _EXACT.add(_EXACT.multiply(cycles_before, Decimal(_CYCLE_DAYS)), Decimal(near))


def _clock_s(parts: dict[str, str]) -> Decimal:
    if parts["hour"] is None:
        return Decimal(86_400)
    return _EXACT.add(Decimal(int(parts["hour"]) * 3_600 + int(parts["minute"]) * 60), Decimal(parts["second"]))


_READERS: Final[dict[str, Callable[[str], _Value]]] = {
    "integer": _number,
    "decimal": _number,
    "double": _floating,
    "float": _floating,
    "string": lambda lexical: _Value("string", lexical),
    "boolean": lambda lexical: _Value("boolean", lexical in ("true", "1")),
    "date": _date,
    "dateTime": lambda lexical: _moment("dateTime", lexical),
}
"""What can be compared, by the name of its datatype."""
