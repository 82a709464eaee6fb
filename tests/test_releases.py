"""The build in place and the one before it: exchanged whole, or not at all."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import clustergraph.releases
from clustergraph.build import build
from clustergraph.errors import ClusterGraphError
from clustergraph.published import Published, open_published
from clustergraph.releases import RolledBack, previous_of, rollback

ANEW = "run 'clustergraph build' to make it anew"
STAYS = "'{}' stays as it is, as what it would go back to cannot be served: "
NORTH = "data/cluster/north-clocks.ttl"


@pytest.fixture
def dist(sample: Path) -> Path:
    """A build of a sample beside it, and the one that it replaced, of other digests."""
    dist = sample.parent / "out/dist"
    build(sample, dist)
    renamed(sample, "Northern clocks", "Clocks of the north")
    build(sample, dist)
    return dist


def renamed(sample: Path, old: str, new: str) -> None:
    text = (sample / NORTH).read_text(encoding="utf-8")
    assert old in text
    (sample / NORTH).write_text(text.replace(old, new), encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def refusal(dist: Path) -> str:
    with pytest.raises(ClusterGraphError) as caught:
        rollback(dist)
    return caught.value.detail


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_rollback_exchanges_both_and_a_second_one_undoes_it(
    dist: Path, monkeypatch: pytest.MonkeyPatch, *, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr(clustergraph.releases, "_exchange", lambda _one, _other: False)
    previous = dist.parent / ".dist.previous"
    new, old = contents(dist), contents(previous)
    digests = open_published(dist).digest, open_published(previous).digest

    first = rollback(dist)
    between = contents(dist), contents(previous)
    second = rollback(dist)

    assert first == RolledBack(digests[1], previous, digests[0])
    assert between == (old, new)
    assert second == RolledBack(digests[0], previous, digests[1])
    assert (contents(dist), contents(previous)) == (new, old)
    assert sorted(one.name for one in dist.parent.iterdir()) == [".dist.previous", "dist"]


def test_only_the_build_before_is_kept(dist: Path, sample: Path) -> None:
    second = contents(dist)
    renamed(sample, "Clocks of the north", "Clocks of the far north")

    build(sample, dist)

    assert contents(previous_of(dist)) == second
    assert sorted(one.name for one in dist.parent.iterdir()) == [".dist.previous", "dist"]


def test_building_the_same_again_keeps_what_differs(dist: Path, sample: Path) -> None:
    before = contents(dist), contents(previous_of(dist))

    build(sample, dist)

    assert (contents(dist), contents(previous_of(dist))) == before


def test_a_damaged_build_is_replaced_and_not_kept(dist: Path, sample: Path) -> None:
    kept = contents(previous_of(dist))
    (dist / "clustergraph.nq").write_bytes(b"")
    renamed(sample, "Clocks of the north", "Clocks of the far north")

    build(sample, dist)

    assert contents(previous_of(dist)) == kept
    assert open_published(dist).folder == dist


def test_a_build_is_kept_where_there_are_no_hard_links(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    build(sample, tmp_path / "dist")
    first = contents(tmp_path / "dist")
    renamed(sample, "Northern clocks", "Clocks of the north")

    build(sample, tmp_path / "dist")

    assert contents(tmp_path / ".dist.previous") == first


def test_a_damaged_build_can_be_left_behind_but_not_gone_back_to(dist: Path) -> None:
    previous = previous_of(dist)
    new, old = open_published(dist).digest, open_published(previous).digest
    (dist / "queries/internal/labels.rq").write_bytes(b"")
    damage = f"'{previous}/queries/internal/labels.rq' is not what manifest.json says (SHA-256 differs)"

    assert rollback(dist) == RolledBack(old, previous, new, damage)
    before = contents(dist.parent)

    assert refusal(dist) == f"{STAYS.format(dist)}{damage}: {ANEW}"
    assert contents(dist.parent) == before


def test_an_empty_folder_that_is_put_aside_is_not_damaged(dist: Path) -> None:
    old = open_published(previous_of(dist)).digest
    shutil.rmtree(dist)
    dist.mkdir()

    assert rollback(dist) == RolledBack(old, previous_of(dist), "")


LACKING = "lacks one of version, digest, counts, files, or has there what no build writes"
RUINS = [
    pytest.param(lambda path: path.write_bytes(b""), "is not JSON", id="empty"),
    pytest.param(lambda path: path.write_bytes(b"{}"), LACKING, id="another"),
    pytest.param(
        lambda path: path.write_bytes(path.read_bytes().replace(b'"checksum": "', b'"checksum": "0')),
        "is not as it was written (its checksum differs)",
        id="turned",
    ),
]


@pytest.mark.parametrize(("change", "said"), RUINS)
def test_a_build_whose_manifest_is_damaged_can_be_left_behind(
    dist: Path, change: Callable[[Path], object], said: str
) -> None:
    previous = previous_of(dist)
    new, old = contents(dist), contents(previous)
    change(dist / "manifest.json")
    ruin = contents(dist)

    done = rollback(dist)

    assert (done.digest, done.damage) == (open_published(dist).digest, f"'{previous}/manifest.json' {said}")
    assert (contents(dist), contents(previous)) == (old, ruin)
    assert ruin != new


def test_what_is_damaged_and_holds_a_letter_stays_where_it_is(dist: Path) -> None:
    (dist / "manifest.json").write_bytes(b"")
    (dist / "letter").touch()
    before = contents(dist.parent)

    assert refusal(dist) == f"'{dist}' holds something that no build made: nothing is put in its place"
    assert contents(dist.parent) == before


def test_a_damaged_build_is_exchanged_for_the_same_one_that_is_whole(dist: Path) -> None:
    previous = previous_of(dist)
    shutil.rmtree(previous)
    shutil.copytree(dist, previous)
    digest, whole = open_published(dist).digest, contents(dist)
    (dist / "clustergraph.nq").write_bytes(b"")

    done = rollback(dist)

    damage = f"'{previous}/clustergraph.nq' is not what manifest.json says (SHA-256 differs)"
    assert done == RolledBack(digest, previous, digest, damage)
    assert contents(dist) == whole


def test_a_disk_that_fails_under_what_is_put_aside_keeps_nobody_from_what_is_whole(
    dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    previous = previous_of(dist)
    new, old = open_published(dist).digest, open_published(previous).digest
    opened = iter([open_published])

    def failing(folder: Path) -> Published:
        for function in opened:
            return function(folder)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(clustergraph.releases, "open_published", failing)

    assert rollback(dist) == RolledBack(old, previous, new, f"'{previous}' cannot be read (Input/output error)")


def test_a_build_that_was_taken_away_comes_back(dist: Path) -> None:
    old = open_published(previous_of(dist)).digest
    shutil.rmtree(dist)

    assert rollback(dist) == RolledBack(old, previous_of(dist), "")
    assert [one.name for one in dist.parent.iterdir()] == ["dist"]


NOTHING = [
    pytest.param(
        lambda dist: shutil.rmtree(previous_of(dist)),
        "there is no '{0}/.dist.previous' to go back to: a build keeps the one that it replaces there",
        id="none",
    ),
    pytest.param(
        lambda dist: (previous_of(dist) / "manifest.json").unlink(),
        f"{STAYS.format('{0}/dist')}'{{0}}/.dist.previous' has no manifest.json: {ANEW}",
        id="no-manifest",
    ),
    pytest.param(
        lambda dist: shutil.copytree(dist, previous_of(dist), dirs_exist_ok=True),
        "'{0}/.dist.previous' is the same build as '{0}/dist': there is none to go back to",
        id="same",
    ),
    pytest.param(
        lambda dist: (dist / "letter").touch(),
        "'{0}/dist' holds something that no build made: nothing is put in its place",
        id="foreign",
    ),
]


@pytest.mark.parametrize(("change", "said"), NOTHING)
def test_where_there_is_nothing_to_go_back_to_nothing_is_changed(
    dist: Path, change: Callable[[Path], object], said: str
) -> None:
    change(dist)
    before = contents(dist.parent)

    assert refusal(dist) == said.format(dist.parent)
    assert contents(dist.parent) == before


def test_a_folder_above_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a/dist") == f"'{tmp_path}/a/dist' cannot be rolled back: No such file or directory"


def test_a_link_stays_and_what_it_leads_to_is_exchanged(dist: Path) -> None:
    old = open_published(previous_of(dist)).digest
    (dist.parent / "current").symlink_to("dist")

    rollback(dist.parent / "current")

    assert (dist.parent / "current").readlink() == Path("dist")
    assert open_published(dist).digest == old


def test_a_build_does_not_take_the_place_of_what_stands_where_the_previous_one_goes(
    sample: Path, tmp_path: Path
) -> None:
    (tmp_path / ".dist.previous").mkdir()
    (tmp_path / ".dist.previous/letter").touch()

    with pytest.raises(ClusterGraphError) as caught:
        build(sample, tmp_path / "dist")

    assert caught.value.detail == (
        f"'{tmp_path}/.dist.previous' is where the build before is kept, and no build made it: move it elsewhere"
    )
    assert (tmp_path / ".dist.previous/letter").exists()
    assert not (tmp_path / "dist").exists()


# A process that rolls back and is killed at the nth time that it touches the file system.
KILLED_ROLLBACKS = """
import os, signal, sys
from pathlib import Path
from clustergraph.published import Published, open_published
from clustergraph.releases import previous_of, rollback

dist = Path(sys.argv[1])
moments = {"open", "os.mkdir", "os.rename", "ctypes.dlsym"}


def killed(left: int) -> bool:
    def count(event: str, arguments: tuple) -> None:
        nonlocal left
        if event in moments and (event == "ctypes.dlsym" or str(dist.parent) in str(arguments[0])):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        sys.addaudithook(count)
        rollback(dist)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


moment = 1
while killed(moment):
    print(open_published(dist).digest, open_published(previous_of(dist)).digest)
    moment += 1
print(open_published(dist).digest, open_published(previous_of(dist)).digest)
"""


def test_a_rollback_killed_at_any_moment_leaves_both_whole_and_the_next_one_works(dist: Path) -> None:
    one, other = open_published(dist).digest, open_published(previous_of(dist)).digest

    given = subprocess.run(
        [sys.executable, "-c", KILLED_ROLLBACKS, str(dist)], capture_output=True, text=True, check=True
    )

    pairs = [tuple(line.split()) for line in given.stdout.splitlines()]
    assert len(pairs) > 3, "the test has lost its subject"
    assert set(pairs) <= {(one, other), (other, one)}
    assert pairs[0] == (one, other)
