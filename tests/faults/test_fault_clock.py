"""The wall clock may jump; what waits or expires must not notice. Jumps cannot be tried out on a shared machine."""

import ast
from pathlib import Path
from typing import Final

import pytest

_SOURCE: Final = Path(__file__).resolve().parents[2] / "src/clustergraph"
_JUMPING: Final = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "clock_gettime"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
_TOLD_THE_DATE: Final = frozenset({"rules/known.py", "web/querylog.py"})
"""Modules that ask what day or what time it is, and measure no time of a process by it."""


def wall_clocks(code: str) -> list[str]:
    """Where code asks for the time of day, by the name it asks by."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in _JUMPING:
                found.append(f"line {node.lineno}: {owner}.{node.attr}")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"line {node.lineno}: time.{one.name}" for one in node.names if ("time", one.name) in _JUMPING]
    return found


@pytest.mark.parametrize(
    "code",
    [
        "import time\nuntil = time.time() + 5",
        "from time import time\nuntil = time() + 5",
        "import datetime\nuntil = datetime.datetime.now() + limit",
    ],
)
def test_a_deadline_by_the_wall_clock_would_be_seen(code: str) -> None:
    assert len(wall_clocks(code)) == 1


def test_no_deadline_is_measured_by_the_wall_clock() -> None:
    found = {
        path.relative_to(_SOURCE).as_posix(): clocks
        for path in sorted(_SOURCE.rglob("*.py"))
        if path.relative_to(_SOURCE).as_posix() not in _TOLD_THE_DATE
        and (clocks := wall_clocks(path.read_text(encoding="utf-8")))
    }

    assert found == {}
