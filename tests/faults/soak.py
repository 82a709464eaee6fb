"""All drills at full length: `python -m tests.faults.soak`, behind `make soak`. Exit 1 if a count misses its target.

SOAK_MINUTES sets the length of the endurance run, SOAK_SHARE a share of every count (0.1 for a tenth).
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import click

from .builds import Source, finish, kill_builds, refusals, refuse, start, two_versions
from .corruption import refuse_damaged
from .drills import DRILLS, drilled
from .endurance import endure, reload, swapping
from .figures import Figure, table
from .hostility import Canary, listening
from .questions import Questions
from .serving import if_known, serving

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_FOLDERS: Final = ("data", "ontology", "queries", "shapes")
_WATCHING: Final = ("--watch-s", "1")


class Soak:
    """One run of everything, in a folder of its own."""

    def __init__(self, folder: Path, canary: Canary, *, minutes: float, share: float) -> None:
        self.figures: list[Figure] = []
        self._folder = folder
        self._canary = canary
        self._minutes = minutes
        self._share = share
        self._source = _copied(folder / "repository")
        self._dists = []
        for version in range(2):
            self._source.turn(version)
            self._dists.append(folder / f"build-{version}" / "dist")
            status, said = finish(start(self._source, self._dists[-1]))
            assert status == 0, said
        self._questions = Questions(*self._dists)

    def _many(self, count: int) -> int:
        return max(6, int(count * self._share))

    async def run(self) -> None:
        """Every drill, each with a server of its own."""
        for drill in DRILLS:
            if drill.prefix() is None:
                click.echo(f"{drill.name}: not run, this user cannot have it", err=True)
                continue
            began = time.monotonic()
            count = drill.count(self._share)
            self._add(
                await drilled(drill, count, self._questions, self._canary, dist=self._dists[0], folder=self._folder),
                began,
            )
        await asyncio.to_thread(self._builds)
        await self._endurance()

    def _add(self, figures: list[Figure], began: float) -> None:
        self.figures += figures
        click.echo(f"{figures[0].fault}: {time.monotonic() - began:.0f} s", err=True)

    def _builds(self) -> None:
        began = time.monotonic()
        sample = Path(shutil.copytree(_REPOSITORY / "tests/sample", self._folder / "sample"))
        source = two_versions(sample, *SAMPLE_CHANGE)
        self._add(kill_builds(source, self._folder / "killed", kills=self._many(200)), began)
        began = time.monotonic()
        ways = [one for one in refusals() if one.prefix is not None]
        wrong = [f"{one.name}: {said}" for one in ways for said in refuse(source, self._folder / "refused", one)]
        self._add([Figure("build refused", f"what was wrong in {len(ways)} ways {wrong or ''}", 0, len(wrong))], began)
        began = time.monotonic()
        self._add(refuse_damaged(self._dists[0], self._folder / "damage", count=self._many(500)), began)

    async def _endurance(self) -> None:
        """With new data while a server runs: noticed, where it looks for them, and never mixed up with the old."""
        began = time.monotonic()
        async with serving(Path(shutil.copytree(self._dists[0], self._folder / "reloaded")), self._folder) as server:
            later = Path(shutil.copytree(self._dists[1], self._folder / "later"))
            self._add(await reload(server, self._questions, later), began)
        began = time.monotonic()
        served = Path(shutil.copytree(self._dists[0], self._folder / "served" / "dist"))
        swap = swapping(self._source, served)
        # With little room for answers that are kept: they fill what they are given, and that is no leak.
        options = ("--queue-wait-s", "20", "--time-limit-s", "2", "--cache-bytes", "100000", *if_known(*_WATCHING))
        async with serving(served, self._folder, workers=4, options=options) as server:
            minutely = swap if if_known(*_WATCHING) else None
            seconds = 60 * self._minutes
            self._add(await endure(server, self._questions, self._canary, seconds=seconds, swap=minutely), began)


SAMPLE_CHANGE: Final = ("data/cluster/north-clocks.ttl", "Northern clocks", "Clocks of the north")
_CHANGED: Final = "data/cluster"


def _copied(folder: Path) -> Source:
    """The repository, of which one label differs between its two versions."""
    for name in _FOLDERS:
        shutil.copytree(_REPOSITORY / name, folder / name)
    path = sorted((folder / _CHANGED).glob("*.ttl"))[0]
    text = path.read_text(encoding="utf-8")
    label = text.partition('skos:prefLabel "')[2].partition('"')[0]
    return two_versions(folder, path.relative_to(folder).as_posix(), f'prefLabel "{label}"', f'prefLabel "{label} II"')


async def _run(folder: Path) -> int:
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    share = float(os.environ.get("SOAK_SHARE", "1"))
    async with listening() as canary:
        soak = Soak(folder, canary, minutes=minutes, share=share)
        try:
            await soak.run()
        finally:
            soak.figures.append(Figure("all of it", "calls to the canary", 0, canary.calls))
            click.echo(table(soak.figures))
    return int(any(one.is_failure for one in soak.figures))


def main() -> None:
    """Runs everything, prints the figures and leaves with 1 if one of them must not be accepted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an end in good order, so that no server is left behind
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        Path(folder).chmod(0o755)  # one drill runs as another user
        sys.exit(asyncio.run(_run(Path(folder))))


if __name__ == "__main__":
    main()
