"""One control taken away in a copy of the tree: whether its tests turn red, and for the right reason."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree

from .control import REPOSITORY, Control, removed, unknown_tests

TRIAL_LIMIT_S: Final = 180.0  # of one run of a control's tests
PATIENCE_S: Final = 20.0  # of a test in the copy for what comes never, as it does where a control is gone
ALL_LIMIT_S: Final = 1_200.0  # of all tests on the tree as it is
_LEFT_OUT: Final = ("dist", "build")  # at the top of the tree, beside what begins with a dot
_IMPORT_LIMIT_S: Final = 60.0
_PATIENCE: Final = re.compile(r"^((?:_?PATIENCE_S|TIME_LIMIT_S)(?:: Final)? = )[0-9.]+", re.MULTILINE)


class Trial(NamedTuple):
    """What came of one control. Shape: `is_right` where its tests turned red as they must."""

    control: Control
    is_right: bool
    said: str
    seconds: float = 0.0


class Outcome(NamedTuple):
    """What a run of tests came to: the node ids by what became of them."""

    failed: frozenset[str]
    broken: frozenset[str]  # whose fixtures or modules went wrong, not an assertion
    passed: frozenset[str]
    is_over: bool = True  # within its time


def copied(folder: Path) -> Path:
    """A copy of the tree, whose tests wait less long for what comes never."""

    def left_out(path: str, names: list[str]) -> list[str]:
        at_top = Path(path) == REPOSITORY
        return [one for one in names if one == "__pycache__" or (at_top and (one[0] == "." or one in _LEFT_OUT))]

    shutil.copytree(REPOSITORY, folder, ignore=left_out)
    for path in (folder / "tests").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(_PATIENCE.sub(rf"\g<1>{PATIENCE_S}", text), encoding="utf-8")
    return folder


def environment(root: Path) -> dict[str, str]:
    """Where Python finds the code of the copy, and no compiled file of a text that was changed since."""
    return os.environ | {"PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}


def run_tests(root: Path, nodes: Iterable[str], limit_s: float, *, to_the_end: bool = False) -> Outcome:
    """What becomes of some tests in a copy of the tree."""
    report = root / ".report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += [] if to_the_end else ["-x"]
    process = subprocess.Popen(
        [*command, *(f"tests/{one}" for one in nodes)],
        cwd=root,
        env=environment(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        return Outcome(frozenset(), frozenset(), frozenset(), is_over=False)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return _outcome(report)


def _outcome(report: Path) -> Outcome:
    failed: set[str] = set()
    broken: set[str] = set()
    passed: set[str] = set()
    if not report.exists():
        return Outcome(frozenset(), frozenset({"pytest itself"}), frozenset())
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  # pytest wrote it just now
        path = case.get("classname", "").removeprefix("tests.").replace(".", "/")
        node = f"{path}.py::{case.get('name', '')}"
        kinds = {one.tag for one in case}
        where = failed if "failure" in kinds else broken if "error" in kinds else passed
        if "skipped" not in kinds:
            where.add(node)
    return Outcome(frozenset(failed), frozenset(broken), frozenset(passed))


def belongs(node: str, test: str) -> bool:
    """Whether a test that ran is meant by a row, which may leave out its parameters or name a whole module."""
    return node == test or node.startswith((f"{test}[", f"{test}::"))


def imports(control: Control, root: Path) -> str:
    """Nothing, if the changed module can be loaded; else why not."""
    path = Path(control.file)
    if path.suffix != ".py":
        return ""
    name = ".".join(path.relative_to("src").with_suffix("").parts).removesuffix(".__init__")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import {name}"],
        cwd=root,
        env=environment(root),
        capture_output=True,
        text=True,
        check=False,
        timeout=_IMPORT_LIMIT_S,
    )
    return done.stderr.strip().rpartition("\n")[2]


def tried(control: Control, root: Path, red_before: Iterable[str]) -> tuple[bool, str]:
    """Whether the tests of a control turn red without it, and what is to be said of it. The copy is as before then."""
    if unknown := unknown_tests(control):
        return False, f"the row is stale: there is no {unknown[0]}"
    red = [one for one in red_before if any(belongs(one, test) for test in control.tests)]
    if red:
        return False, f"red with the control in place: {red[0]}"
    path = root / control.file
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(removed(control, root), encoding="utf-8")
        if trouble := imports(control, root):
            return False, f"the edit breaks the module: {trouble[:120]}"
        outcome = run_tests(root, control.tests, TRIAL_LIMIT_S)
    except (ValueError, SyntaxError) as exc:
        return False, str(exc)
    finally:
        path.write_text(before, encoding="utf-8")
    return _judged(outcome)


def _judged(outcome: Outcome) -> tuple[bool, str]:
    if not outcome.is_over:
        return False, f"no end within {TRIAL_LIMIT_S:g} s"
    if outcome.failed:
        return True, sorted(outcome.failed)[0]
    if outcome.broken:
        return False, f"broken, not red: {sorted(outcome.broken)[0]}"
    if not outcome.passed:
        return False, "no test ran"
    return False, "still green"
