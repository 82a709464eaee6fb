"""The table of controls is in order: every edit applies, every test is there, the page says what the table says."""

from pathlib import Path

import pytest

from .control import REPOSITORY, THREATS, Control, removed, unknown_tests
from .page import PAGE, rendered
from .table import CONTROLS
from .trial import tried

NAMES = [one.name for one in CONTROLS]


@pytest.mark.parametrize("control", CONTROLS, ids=NAMES)
def test_the_edit_of_a_control_applies_and_its_tests_are_there(control: Control) -> None:
    assert removed(control, REPOSITORY) != (REPOSITORY / control.file).read_text(encoding="utf-8")
    assert control.tests
    assert unknown_tests(control) == []


def test_no_control_is_there_twice_and_each_is_against_a_known_threat() -> None:
    assert len(set(NAMES)) == len(NAMES) > 200
    assert {one.threat for one in CONTROLS} == set(THREATS)


def test_the_page_says_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), "run `python -m tests.controls --page`"


MODULE = """\
def least(one: int, other: int) -> int:
    return min(one, other)
"""
TESTS = """\
import pytest
from guarded import least

@pytest.fixture
def spoilt():
    assert least(1, 2) == 1

def test_it():
    assert least(1, 2) == 1

@pytest.mark.parametrize("one", [1, 2])
def test_another(one):
    assert least(one, one) == one

def test_prepared(spoilt):
    pass

def test_red():
    raise ValueError
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/guarded.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_guarded.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "test", "expected"),
    [
        ("min(one, other)", "other", "test_it", (True, "test_guarded.py::test_it")),
        ("min(one, other)", "other", "test_another", (False, "still green")),
        ("min(one, other)", "other", "test_prepared", (False, "broken, not red: test_guarded.py::test_prepared")),
        ("min(one, other)", "max(", "test_it", (False, "'(' was never closed (guarded.py, line 2)")),
        ("def least", "import nowhere\n\ndef least", "test_it", (False, "the edit breaks the module: ")),
        ("other", "one", "test_it", (False, "the row is stale: src/guarded.py holds the text to be replaced 2 times")),
        ("min(one, other)", "other", "test_gone", (False, "no test ran")),
        ("min(one, other)", "other", "test_red", (False, "red with the control in place: test_guarded.py::test_red")),
    ],
)
def test_a_trial_tells_red_from_everything_else(
    tree: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, test: str, expected: tuple[bool, str]
) -> None:
    monkeypatch.setattr("controls.trial.unknown_tests", lambda _: [])
    control = Control("the least", "T1", "src/guarded.py", old, new, (f"test_guarded.py::{test}",))

    is_right, said = tried(control, tree, ["test_guarded.py::test_red"])

    assert (is_right, said[: len(expected[1])]) == expected
    assert (tree / "src/guarded.py").read_text(encoding="utf-8") == MODULE


def test_a_row_whose_text_has_moved_says_where_it_stands(tree: Path) -> None:
    (tree / "src/elsewhere.py").write_text("MOVED = True\n", encoding="utf-8")
    control = Control("moved", "T1", "src/guarded.py", "MOVED = True", "MOVED = False", ("test_guarded.py::test_it",))

    with pytest.raises(ValueError, match=r"0 times, not once; it stands in src/elsewhere\.py$"):
        removed(control, tree)
