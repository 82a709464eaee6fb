"""Dates as people write them, without quotes, and the literals that are meant."""

import re
from typing import Final

_MONTHS: Final = 12
_YEAR, _SHORT = "[0-9]{4}", "[0-9]{1,2}"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"(?P<year>{_YEAR})([-/.])(?P<month>{_SHORT})\2(?P<day>{_SHORT})",
        rf"(?P<day>{_SHORT})([-/.])(?P<month>{_SHORT})\2(?P<year>{_YEAR})",
        rf"(?P<year>{_YEAR})[-/](?P<month>{_SHORT})",
        rf"(?P<month>{_SHORT})[-/](?P<year>{_YEAR})",
    )
)


def as_date(text: str) -> str:
    """The literal that a date stands for; the day comes before the month, where that can be. Nothing for what is none.

    >>> as_date("12/03/2020"), as_date("2020-3"), as_date("1.500")
    ('"2020-03-12"^^xsd:date', '"2020-03"^^xsd:gYearMonth', '')
    """
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        return ""
    parts = found.groupdict()
    month, day = parts["month"], parts.get("day")
    if day and int(month) > _MONTHS:
        month, day = day, month
    if int(month) > _MONTHS:
        return ""
    return (
        f'"{parts["year"]}-{month:>02}-{day:>02}"^^xsd:date'
        if day
        else f'"{parts["year"]}-{month:>02}"^^xsd:gYearMonth'
    )
