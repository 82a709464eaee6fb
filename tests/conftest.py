"""What more than one test module starts from."""

from pathlib import Path

import pytest
from pyoxigraph import Store

from clustergraph.assembly import assemble
from clustergraph.build import build
from clustergraph.repository import read_repository

REPOSITORY = Path(__file__).resolve().parents[1]


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
