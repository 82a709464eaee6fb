"""What more than one test module starts from."""

import os
import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import settings
from pyoxigraph import Store

from clustergraph.assembly import assemble
from clustergraph.build import build
from clustergraph.oxterms import engine_triples
from clustergraph.reading import read
from clustergraph.repository import read_repository

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE = REPOSITORY / "tests/sample"

# No test looks at the clock; the real data are not to outlive this day soon.
os.environ["SOURCE_DATE_EPOCH"] = "4102444800"  # 2100-01-01

# The same examples in every run, however slow the machine: a red test is red for everybody.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


def triples_of(text: str) -> list[ox.Triple]:
    """The triples of a Turtle text that can be read."""
    parsed = read(text)
    triples, faults = engine_triples(parsed)
    assert parsed.faults + faults == []
    return triples


@pytest.fixture(scope="session")
def curated_store() -> Store:
    """The real repository as one dataset, before its metadata: a graph per source and, as default graph, the merge."""
    return assemble(read_repository(REPOSITORY)).store


@pytest.fixture(scope="session")
def real_dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real repository, built."""
    dist = tmp_path_factory.mktemp("real") / "dist"
    built = build(REPOSITORY, dist)
    assert built.digest, built.findings
    return dist


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the miniature repository, to be spoiled at will."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample"))


@pytest.fixture(scope="session")
def built_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The miniature repository, built. Shared, so to be copied before it is changed."""
    dist = tmp_path_factory.mktemp("sample") / "dist"
    built = build(SAMPLE, dist)
    assert built.digest, built.findings
    return dist
