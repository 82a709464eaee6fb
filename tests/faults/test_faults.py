"""A server under every kind of harm, for a short time each: `make soak` does the same for longer.

Counts decide; a time or an amount of memory fails a test only at ten times its target.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .builds import relabelled
from .drills import DRILLS, Drill, drilled
from .endurance import reload
from .figures import Figure, failures
from .hostility import listening
from .questions import Questions
from .serving import serving


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that other users can read, as one drill runs as another user; what pytest makes is ours alone."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def dist(place: Path, real_dist: Path) -> Path:
    return Path(shutil.copytree(real_dist, place / "dist"))


@pytest.fixture(scope="module")
def questions(dist: Path) -> Questions:
    return Questions(dist)


@pytest.mark.slow
@pytest.mark.parametrize("drill", DRILLS, ids=lambda one: one.name)
def test_others_notice_nothing_and_nothing_is_left_when(
    drill: Drill, dist: Path, place: Path, questions: Questions
) -> None:
    if drill.prefix() is None:
        pytest.skip("the kernel sets root no such limit, and there is no setpriv to become somebody else")

    async def within() -> list[Figure]:
        async with listening() as canary:
            return await drilled(drill, drill.short, questions, canary, dist=dist, folder=place)

    assert failures(asyncio.run(within())) == []


@pytest.mark.slow
def test_a_loader_that_is_started_again_answers_from_the_dataset_that_its_answers_name(
    place: Path, real_dist: Path
) -> None:
    served = Path(shutil.copytree(real_dist, place / "served"))
    later = relabelled(real_dist, place / "later")
    asked = Questions(served, later)

    async def within() -> list[Figure]:
        async with serving(served, place) as server:
            return await reload(server, asked, later)

    assert failures(asyncio.run(within())) == []
