"""Builds that are killed or refused the disk, and builds that were damaged: short; `make soak` does more of it."""

import shutil
from pathlib import Path

import pytest

from clustergraph.errors import DatasetUnusable
from clustergraph.published import open_published

from .builds import Refusal, Source, kill_builds, refusals, refuse, two_versions
from .corruption import DAMAGES, KINDS, damaged, refuse_damaged
from .figures import failures
from .soak import SAMPLE_CHANGE


@pytest.fixture
def source(sample: Path) -> Source:
    return two_versions(sample, *SAMPLE_CHANGE)


@pytest.mark.slow
def test_a_build_killed_at_any_moment_leaves_the_old_or_the_new_and_the_next_one_cleans_up(
    source: Source, tmp_path: Path
) -> None:
    assert failures(kill_builds(source, tmp_path / "killed", kills=10)) == []


@pytest.mark.slow
@pytest.mark.parametrize("refusal", refusals(), ids=lambda one: one.name)
def test_a_build_that_is_refused_the_disk_says_why_and_keeps_the_older_one(
    source: Source, tmp_path: Path, refusal: Refusal
) -> None:
    if refusal.prefix is None:
        pytest.skip("to root no mode of a file counts, and there is no setpriv to give that up")

    assert refuse(source, tmp_path / "refused", refusal) == []


@pytest.mark.slow
def test_a_server_refuses_to_start_over_a_damaged_build_and_names_the_file(real_dist: Path, tmp_path: Path) -> None:
    assert failures(refuse_damaged(real_dist, tmp_path, count=len(DAMAGES))) == []


def test_every_kind_of_damage_to_every_kind_of_file_is_found(real_dist: Path, tmp_path: Path) -> None:
    """In this process, which is quick; that a server asks the same code is the test before."""
    accepted = []
    for _, one in zip(range(2 * len(KINDS) * len(DAMAGES)), damaged(real_dist, tmp_path), strict=False):
        try:
            open_published(one.folder)
        except DatasetUnusable as exc:
            if not any(name in exc.detail for name in one.names):
                accepted.append(f"{one.what}: {exc.detail}")
        else:
            accepted.append(one.what)
        shutil.rmtree(one.folder)

    assert accepted == []
