"""One control: what it keeps off, the edit that removes it, and the tests that notice."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

REPOSITORY: Final = Path(__file__).resolve().parents[2]

THREATS: Final[Mapping[str, str]] = {
    "T1": "parsers that nesting overflows",
    "T2": "planners that patterns explode",
    "T3": "queries that take all memory or time",
    "T6": "calls of other hosts (SSRF)",
    "T7": "reading and writing files by a query",
    "T9": "imports and shapes in data",
    "T11": "entities without end in XML",
    "T12": "bodies in a content coding",
    "T13": "multipart bodies",
    "T14": "ranges",
    "T15": "slow and stalling clients",
    "T16": "requests that are read in two ways, and huge ones",
    "T17": "markup from data and from requests (XSS)",
    "T18": "links that run",
    "T19": "header injection",
    "T20": "answers that reach the wrong reader",
    "T21": "open redirects",
    "T22": "tables that a spreadsheet runs",
    "T23": "scripts of other sites with somebody's credentials",
    "T24": "updates",
    "T25": "names that lead out of a folder",
    "T26": "logs that are forged, flooded or tell too much",
    "T27": "errors that tell of our insides",
    "T28": "several queries in one request",
    "T29": "values that become part of a query",
    "T30": "texts that hide what they ask",
    "T31": "a guard that is slow itself",
    "T32": "engines in the wrong process or thread",
    "T33": "packages that are not what they were",
    "T34": "stores and builds that are damaged or half done",
    "T35": "graphs that are nobody's to see",
    "T36": "one client, or many, that take everybody's place",
}
"""The classes of threats, by the numbers that the tests of hostile requests use as well."""


class Control(NamedTuple):
    """One control.

    Shape: `old` stands exactly once in `file`, a path below the repository; with `new` in its place the control is
           gone. `tests` are node ids below `tests/`, of which at least one fails then.
    """

    name: str
    threat: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


Row = tuple[str, str, str, str, *tuple[str, ...]]


def of(file: str, tests: str, *rows: Row) -> Iterator[Control]:
    """The controls of one file: name, threat, old, new, tests; a test without a module is of the one named here."""
    for name, threat, old, new, *nodes in rows:
        named = tuple(one if "::" in one else f"{tests}::{one}" for one in nodes)
        yield Control(name, threat, file, old, new, named)


def removed(control: Control, root: Path) -> str:
    """The text of the file without the control.

    Raises: ValueError where the row is stale.
    """
    text = (root / control.file).read_text(encoding="utf-8")
    if (count := text.count(control.old)) != 1:
        message = f"the row is stale: {control.file} holds the text to be replaced {count} times, not once"
        elsewhere = [one for one in root.glob("src/**/*.py") if control.old in one.read_text(encoding="utf-8")]
        places = ", ".join(sorted(one.relative_to(root).as_posix() for one in elsewhere))
        raise ValueError(f"{message}; it stands in {places}" if places and not count else message)
    changed = text.replace(control.old, control.new)
    if control.file.endswith(".py"):
        compile(changed, control.file, "exec")
    return changed


@cache
def functions_of(path: Path) -> frozenset[str]:
    """The names of the test functions of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        one.name
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_")
    )


def unknown_tests(control: Control) -> list[str]:
    """Those of its tests that there are not."""
    pairs = [(one, *one.partition("[")[0].split("::")) for one in control.tests]
    tests = REPOSITORY / "tests"
    return [one for one, path, name in pairs if not (tests / path).exists() or name not in functions_of(tests / path)]
