"""Watching a repository: every change is seen once, and what is run stands at the files as they are then."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from clustergraph.cli import verbs, watching
from clustergraph.cli.watching import changes, stamps, watch


def steps(sample: Path) -> Iterator[None]:
    """What happens between two looks."""
    yield None
    (sample / "data/organisation/new.ttl").write_text("")
    yield None
    yield None
    file = sample / "data/organisation/new.ttl"
    os.utime(file, ns=(1, 1))
    (sample / "shapes/notes.txt").write_text("")
    yield None
    file.unlink()
    yield None


def test_each_change_is_told_once_and_what_is_no_file_of_ours_is_none(sample: Path) -> None:
    found = list(changes(sample, steps(sample), stamps(sample)))

    assert found == [[sample / "data/organisation/new.ttl"]] * 3


def test_it_runs_at_once_and_after_each_change(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs: list[bool] = []

    watch(sample, lambda: runs.append((sample / "data/organisation/new.ttl").exists()), "it", steps(sample))

    assert runs == [False, True, True, False]
    told = "Modificati: data/organisation/new.ttl\n" * 3
    assert capsys.readouterr().err == f"In attesa di modifiche in {sample}; Ctrl-C termina.\n{told}"


def test_what_changes_while_it_runs_is_seen_by_the_next_look(sample: Path) -> None:
    runs: list[int] = []

    def run() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            (sample / "data/organisation/more.ttl").write_text("")

    def pauses() -> Iterator[None]:
        yield None
        yield None

    watch(sample, run, "en", pauses())

    assert runs == [0, 1]


def test_check_goes_on_after_what_it_cannot_check(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = sample / "was-shapes"

    def pauses() -> Iterator[None]:
        (sample / "shapes").rename(moved)
        yield None
        moved.rename(sample / "shapes")
        yield None

    monkeypatch.setattr(watching, "_pauses", pauses)

    result = CliRunner().invoke(verbs, ["check", "--watch", "--root", str(sample), "--format", "concise"])

    assert (result.exit_code, result.stdout) == (0, "")
    missing = f"clustergraph: there is no folder 'shapes/' in '{sample}': run this in a clustergraph repository"
    lines = result.stderr.splitlines()
    assert lines[0] == f"Watching {sample}; Ctrl-C ends it."
    assert [line.startswith("Changed: shapes/") for line in lines] == [False, True, False, True]
    assert lines[2].startswith(missing)


def test_what_is_watched_is_not_recorded_as_known(sample: Path) -> None:
    words = ["check", "--watch", "--root", str(sample), "--baseline", "known.json", "--write-baseline"]

    result = CliRunner().invoke(verbs, words)

    assert str(result.exception) == "--watch would record each new finding as known: leave out --write-baseline"
