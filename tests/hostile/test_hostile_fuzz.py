"""A short run of what `make fuzz` does for long, with the same mutations every time."""

from pathlib import Path

import pytest

from hostile.fuzz import first, fuzz, leftovers
from hostile.live import serving

NUMBER = 2_000
SEED = 20_261_122


def test_the_same_seed_makes_the_same_requests() -> None:
    assert first(200, SEED) == first(200, SEED)
    assert first(200, SEED) != first(200, SEED + 1)


@pytest.mark.slow
def test_two_thousand_requests_made_by_chance_do_no_harm(real_dist: Path, tmp_path: Path) -> None:
    with serving(real_dist, tmp_path) as server:
        before = server.snapshot()

        figures = fuzz(server, first(NUMBER, SEED))

        assert (figures.wrong, figures.spoilt) == ([], 0)
        assert len(figures.durations_s) == NUMBER
        assert leftovers(server, before) == []
