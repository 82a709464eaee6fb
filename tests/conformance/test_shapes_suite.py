"""Every test of the W3C's data-shapes suite, one by one."""

import pytest
from suite_shapes import FOLDER, ShapesTest, shapes_tests

TESTS = [*shapes_tests("core"), *shapes_tests("sparql")]


@pytest.mark.parametrize("test", TESTS, ids=[test.name for test in TESTS])
def test_the_engine_finds_what_the_test_expects(test: ShapesTest) -> None:
    assert test.wrong == ""


def test_the_whole_suite_was_there() -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"no W3C suites at {FOLDER}: set CLUSTERGRAPH_SUITES to the folder that holds them")
    assert [len(shapes_tests(name)) for name in ("core", "sparql")] == [98, 23]
