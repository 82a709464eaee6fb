"""All cases together, and how many each class of threats has at the least."""

from collections.abc import Iterator
from typing import Final

from hostile import (
    disclosure,
    expressions,
    headers,
    http_raw,
    injection,
    markup,
    memory,
    nesting,
    paths,
    planner,
    ssrf,
    updates,
    uploads,
)
from hostile.case import Case

MODULES: Final = (
    nesting,
    planner,
    memory,
    expressions,
    ssrf,
    updates,
    uploads,
    http_raw,
    headers,
    markup,
    injection,
    paths,
    disclosure,
)

MINIMUM: Final = {
    "T1": 200,
    "T2": 20,
    "T3": 60,
    "T4": 10,
    "T5": 15,
    "T6": 40,
    "T7": 15,
    "T8": 28,
    "T9": 15,
    "T10": 10,
    "T11": 10,
    "T12": 10,
    "T13": 10,
    "T14": 5,
    "T15": 4,
    "T16": 300,
    "T17": 300,
    "T18": 30,
    "T19": 20,
    "T20": 20,
    "T21": 15,
    "T22": 10,
    "T23": 8,
    "T24": 14,
    "T25": 40,
    "T26": 15,
    "T27": 20,
    "T28": 6,
    "T29": 280,
    "T30": 10,
    "T31": 10,
    "T35": 10,
}
"""By class of threats. What these are stands in the README beside this module."""


def corpus() -> Iterator[Case]:
    """Every case, always in the same order."""
    for module in MODULES:
        yield from module.cases()
