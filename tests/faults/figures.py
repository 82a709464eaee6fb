"""What a drill measured, beside what it should have."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_SLACK: Final = 10  # a busy machine is no fault: what depends on its speed fails only so far beyond its target
_DEPENDS_ON_THE_MACHINE: Final = ("ms", "s", "MB", "MB/h", "x")


class Figure(NamedTuple):
    """One measured number.

    Shape: without a unit it is a count. The target is the most it may be, or the least where `is_least`.
    """

    fault: str
    what: str
    target: float
    measured: float
    unit: str = ""
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target was reached."""
        return self._is_within(self.target)

    @property
    def is_failure(self) -> bool:
        """Whether it is missed: by anything for a count or a share, ten times for time and memory."""
        if self.unit not in _DEPENDS_ON_THE_MACHINE:
            return not self.is_met
        return not self._is_within(self.target / _SLACK if self.is_least else self.target * _SLACK)

    def _is_within(self, bound: float) -> bool:
        return self.measured >= bound if self.is_least else self.measured <= bound


def failures(figures: Iterable[Figure]) -> list[Figure]:
    """The figures that must not be accepted; a test compares them with an empty list."""
    return [one for one in figures if one.is_failure]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies; infinity where there is none, so that nothing passes unseen.

    >>> percentile([3.0, 1.0, 2.0], 0.99)
    3.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


def table(figures: Sequence[Figure]) -> str:
    """All figures in columns, each with what became of its target."""
    rows = [("fault", "what", "target", "measured", "")]
    for one in figures:
        sign = "≥" if one.is_least else "≤"
        said = "met" if one.is_met else "MISSED" if one.is_failure else "missed (depends on the machine)"
        rows.append(
            (one.fault, one.what, f"{sign} {_number(one.target, one.unit)}", _number(one.measured, one.unit), said)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _number(value: float, unit: str) -> str:
    return f"{value:,.4g} {unit}".rstrip() if unit else f"{value:,.0f}"
