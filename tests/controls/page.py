"""docs/controls.md from the table: which test misses which control."""

from collections.abc import Iterator
from typing import Final

from .control import REPOSITORY, THREATS, Control
from .table import CONTROLS

PAGE: Final = REPOSITORY / "docs/controls.md"

_HEAD: Final = """\
# Controls

<!-- Written by `python -m tests.controls --page`; a test compares this page with the table in tests/controls/. -->

What keeps a hostile query, client or file from doing harm: {number} controls, by what they keep off. `make controls`
takes each of them away in a copy of the tree, by the one edit that its row in `tests/controls/` holds, and runs the
tests beside it. At least one of them must turn red, or the control could be lost and nobody would notice. `make test`
checks that each edit still applies and that each test is still there.
"""


def rendered() -> str:
    """The text of the page."""
    return "\n".join(_blocks())


def _blocks() -> Iterator[str]:
    yield _HEAD.format(number=len(CONTROLS))
    for threat, words in THREATS.items():
        controls = [one for one in CONTROLS if one.threat == threat]
        if controls:
            yield f"## {threat}: {words}\n"
            yield "| control | where | missed by |\n|---|---|---|"
            yield from (_row(one) for one in controls)
            yield ""


def _row(control: Control) -> str:
    tests = ", ".join(f"`{one}`" for one in control.tests)
    where = control.file.removeprefix("src/clustergraph/")
    return f"| {control.name} | `{where}` | {tests} |"
