"""Takes away one control after the other: `python -m tests.controls`, behind `make controls`.

Words after it choose the controls whose name or file holds one of them. With --page it writes docs/controls.md instead.
Exit 1 if the tests of a control stay green without it, are red with it, or its row is stale.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import click

from .control import Control, unknown_tests
from .page import PAGE, rendered
from .table import CONTROLS
from .trial import ALL_LIMIT_S, Trial, belongs, copied, run_tests, tried

_AT_ONCE: Final = 2


def chosen(words: tuple[str, ...]) -> list[Control]:
    """The controls that are asked for; all of them without words."""
    return [one for one in CONTROLS if not words or any(word in f"{one.name} {one.file}" for word in words)]


def red_at_first(controls: list[Control], root: Path) -> list[str]:
    """The tests that are not green on the tree as it is; what is named and did not run is among them."""
    nodes = sorted({test for one in controls if not unknown_tests(one) for test in one.tests})
    outcome = run_tests(root, nodes, ALL_LIMIT_S, to_the_end=True)
    missing = [one for one in nodes if not any(belongs(ran, one) for ran in outcome.passed)]
    return [*outcome.failed, *outcome.broken, *missing]


def trials(controls: list[Control], folder: Path) -> list[Trial]:
    """Each control taken away in turn, two at a time."""
    roots: SimpleQueue[Path] = SimpleQueue()
    for number in range(_AT_ONCE):
        roots.put(copied(folder / f"copy-{number}"))
    first = roots.get()
    began_s = time.monotonic()
    red = red_at_first(controls, first)
    click.echo(f"with every control in place {len(red)} tests are red ({time.monotonic() - began_s:.0f} s)", err=True)
    roots.put(first)

    def one(control: Control) -> Trial:
        root, began = roots.get(), time.monotonic()
        try:
            is_right, said = tried(control, root, red)
        finally:
            roots.put(root)
        trial = Trial(control, is_right, said, time.monotonic() - began)
        click.echo(_line(trial))
        return trial

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, controls))


def _line(trial: Trial) -> str:
    verdict = "red" if trial.is_right else "WRONG"
    control = trial.control
    return f"{verdict:5} {trial.seconds:4.0f} s  {control.threat:3} {control.name}: {trial.said}"


@click.command(help=__doc__)
@click.argument("words", nargs=-1)
@click.option("--page", "writes_page", is_flag=True, help="Write docs/controls.md and run nothing.")
def main(words: tuple[str, ...], *, writes_page: bool) -> None:
    if writes_page:
        PAGE.write_text(rendered(), encoding="utf-8")
        return
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="clustergraph-controls-") as folder:
        done = trials(chosen(words), Path(folder))
    wrong = [one for one in done if not one.is_right]
    for trial in wrong:
        click.echo(_line(trial), err=True)
    minutes = (time.monotonic() - began_s) / 60
    click.echo(f"{len(done) - len(wrong)} of {len(done)} controls are missed when they are gone ({minutes:.1f} min)")
    sys.exit(bool(wrong) or not done)


if __name__ == "__main__":
    main()
