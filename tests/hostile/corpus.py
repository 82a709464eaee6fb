"""All cases together, and how many each class of threats has at the least."""

from collections.abc import Iterator
from typing import Final

from hostile import (
    disclosure,
    expressions,
    framing,
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
    framing,
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

THREATS: Final = {
    "T1": (200, "nesting until a parser has no stack left"),
    "T2": (20, "more patterns than a planner can order"),
    "T3": (60, "cross products, closures, sorting and grouping without end"),
    "T4": (10, "texts that double"),
    "T5": (15, "regular expressions that backtrack"),
    "T6": (40, "SERVICE, and addresses to be called"),
    "T7": (15, "LOAD and FROM of files and addresses"),
    "T8": (28, "JSON-LD with contexts elsewhere"),
    "T9": (15, "imports and shapes with code"),
    "T10": (10, "external entities"),
    "T11": (10, "entities that multiply"),
    "T12": (10, "what is small only while packed"),
    "T13": (10, "forms in parts"),
    "T14": (5, "ranges"),
    "T15": (4, "requests that do not end"),
    "T16": (300, "what is not quite HTTP"),
    "T17": (300, "markup in texts"),
    "T18": (30, "code in addresses"),
    "T19": (20, "headers split by values"),
    "T20": (20, "caches poisoned by headers"),
    "T21": (15, "redirects that lead away"),
    "T22": (10, "formulas in tables"),
    "T23": (8, "scripts of other sites"),
    "T24": (14, "updates"),
    "T25": (40, "paths that lead up"),
    "T26": (15, "lines in logs"),
    "T27": (20, "causes in errors"),
    "T28": (6, "many in one"),
    "T29": (280, "values that want to be queries"),
    "T30": (10, "keywords in disguise"),
    "T31": (10, "texts that make a guard slow"),
    "T35": (10, "graphs that are not public"),
}
"""Each class of threats: how many cases it has at the least, and what it is."""


def corpus() -> Iterator[Case]:
    """Every case, always in the same order."""
    for module in MODULES:
        yield from module.cases()
