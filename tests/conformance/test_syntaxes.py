"""Our reader reads what the W3C's suites say is Turtle, TriG, N-Triples and N-Quads, and nothing else."""

import pytest
from suite_reading import FOLDERS, RDF, outcome, read_tests

pytestmark = pytest.mark.skipif(
    not RDF.is_dir(), reason=f"no W3C suites at {RDF}: set CLUSTERGRAPH_SUITES to the folder that holds rdf/"
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_test_of_a_syntax_comes_out_as_its_suite_says(folder: str) -> None:
    outcomes = {test.name: outcome(folder, test) for test in read_tests(folder)}

    assert {name: fault for name, fault in outcomes.items() if fault} == {}
    assert len(outcomes) == FOLDERS[folder][1]
