"""A build: the same bytes every time, all of it or nothing, and never over something that no build made."""

import errno
import fcntl
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import clustergraph.build
import clustergraph.releases
from clustergraph import __version__
from clustergraph.build import Built, build
from clustergraph.errors import UsageError
from clustergraph.findings import VIOLATION, WARNING
from clustergraph.published import open_published
from conftest import SAMPLE

NORTH = "data/cluster/north-clocks.ttl"


def contents(folder: Path) -> dict[str, bytes]:
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_build_writes_the_dataset_the_queries_and_a_manifest(tmp_path: Path) -> None:
    built = build(SAMPLE, tmp_path / "dist")
    files = contents(tmp_path / "dist")

    assert list(files) == [
        "clustergraph.nq",
        "clustergraph.nq.gz",
        "manifest.json",
        "queries/catalogue/members-of-cluster.rq",
        "queries/internal/labels.rq",
        "repository.json",
    ]
    counts = {"clusters": 0, "areas": 2, "memberships": 0, "claims": 0, "sources": 1}
    triples = built.counts["triples"]
    assert built == Built([], built.digest, {**counts, "triples": triples}, {"10-member-of": 2}, built.sources)
    manifest = json.loads(files.pop("manifest.json"))
    checksum = manifest.pop("checksum")
    assert manifest == {
        "version": __version__,
        "digest": built.digest,
        "counts": built.counts,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    assert checksum == hashlib.sha256(json.dumps(manifest, indent=2).encode()).hexdigest()
    assert built.digest == hashlib.sha256(files["clustergraph.nq"]).hexdigest()
    assert gzip.decompress(files["clustergraph.nq.gz"]) == files["clustergraph.nq"]
    assert files["clustergraph.nq.gz"][4:8] == bytes(4), "a packed file must not tell the time"
    lines = files["clustergraph.nq"].splitlines()
    assert lines == sorted(set(lines))
    assert files["queries/internal/labels.rq"] == (SAMPLE / "queries/internal/labels.rq").read_bytes()


def test_the_same_repository_gives_the_same_bytes_in_another_place(sample: Path, built_sample: Path) -> None:
    for path in sample.rglob("*"):
        os.utime(path, (1, 1))

    build(sample, sample.parent / "again")

    assert contents(sample.parent / "again") == contents(built_sample)


def test_another_repository_gives_another_digest(sample: Path, built_sample: Path) -> None:
    replace(sample / NORTH, "Northern clocks", "Clocks of the north")

    assert build(sample, sample.parent / "dist").digest != open_published(built_sample).digest


def test_a_violation_stops_the_build_and_leaves_an_older_one_as_it_was(sample: Path, built_sample: Path) -> None:
    dist = Path(shutil.copytree(built_sample, sample / "dist"))
    replace(sample / NORTH, '"@it', '"@IT')

    built = build(sample, dist)

    assert [(one.place, one.code, one.severity) for one in built.findings] == [(f"{NORTH}:7:28", "H002", VIOLATION)]
    assert (built.digest, built.counts, built.inferred_by) == ("", {}, {})
    assert contents(dist) == contents(built_sample)
    assert sorted(one.name for one in sample.iterdir()) == ["data", "dist", "ontology", "queries", "shapes"]


def test_a_file_that_cannot_be_read_stops_the_build(sample: Path) -> None:
    (sample / NORTH).write_text("not Turtle", encoding="utf-8")

    built = build(sample, sample / "dist")

    assert [one.code for one in built.findings] == ["T001"]
    assert not (sample / "dist").exists()


def test_a_warning_does_not_stop_the_build(sample: Path) -> None:
    replace(sample / "data/organisation/bell-foundry.ttl", "The Foundry", "It")

    built = build(sample, sample / "dist")

    assert [one.severity for one in built.findings] == [WARNING]
    assert open_published(sample / "dist").digest == built.digest


def test_a_catalogue_that_cannot_be_read_stops_the_build(sample: Path) -> None:
    path = sample / "queries/catalogue/members-of-cluster.rq"
    replace(path, "# title: Members of a cluster\n", "")

    with pytest.raises(UsageError) as caught:
        build(sample, sample / "dist")

    assert caught.value.detail == f"{path}: the header has no 'title' line"
    assert not (sample / "dist").exists()


@pytest.mark.parametrize("name", ["photographs", "manifest.json"])
def test_what_no_build_made_is_not_overwritten(tmp_path: Path, name: str) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / name).mkdir()

    with pytest.raises(UsageError) as caught:
        build(SAMPLE, out)

    assert caught.value.detail == f"'{out}' holds something that no build made: name an empty or a new folder"
    assert [one.name for one in out.iterdir()] == [name]


def test_a_file_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "dist"
    out.write_text("a letter", encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        build(SAMPLE, out)

    assert caught.value.detail == f"'{out}' holds something that no build made: name an empty or a new folder"
    assert out.read_text(encoding="utf-8") == "a letter"


def test_an_empty_folder_and_a_new_one_below_it_are_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    build(SAMPLE, tmp_path / "empty")
    build(SAMPLE, tmp_path / "new/deep/dist")

    assert contents(tmp_path / "empty") == contents(tmp_path / "new/deep/dist") != {}


def test_the_folder_one_stands_in_can_be_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    build(SAMPLE, Path())

    assert "manifest.json" in contents(tmp_path / "here")


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, built_sample: Path) -> None:
    shutil.copytree(built_sample, tmp_path / "releases/1")
    (tmp_path / "dist").symlink_to("releases/1")
    (tmp_path / "releases/1/clustergraph.nq").write_bytes(b"old")

    build(SAMPLE, tmp_path / "dist")

    assert (tmp_path / "dist").readlink() == Path("releases/1")
    assert contents(tmp_path / "releases/1") == contents(built_sample)


@pytest.mark.parametrize("in_one_step", [True, False])
def test_an_older_build_is_replaced_and_nothing_is_left_beside(
    tmp_path: Path, built_sample: Path, monkeypatch: pytest.MonkeyPatch, *, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr(clustergraph.releases, "_exchange", lambda _one, _other: False)
    shutil.copytree(built_sample, tmp_path / "dist")
    replace(tmp_path / "dist/manifest.json", f'"{__version__}"', '"0.0.1"')

    build(SAMPLE, tmp_path / "dist")

    assert open_published(tmp_path / "dist").version == __version__
    assert [one.name for one in tmp_path.iterdir()] == ["dist"]


def refusal(root: Path, out: Path) -> str:
    with pytest.raises(UsageError) as caught:
        build(root, out)
    return caught.value.detail


@pytest.mark.parametrize(
    "manifest",
    ["an older build", "[" * 100_000, '{"name": "an extension", "manifest_version": 3}', '{"version": "1"}'],
    ids=["prose", "deep", "foreign", "half"],
)
def test_a_folder_with_the_manifest_of_another_is_not_replaced(tmp_path: Path, manifest: str) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "manifest.json").write_text(manifest, encoding="utf-8")

    assert refusal(SAMPLE, out) == f"'{out}' holds something that no build made: name an empty or a new folder"
    assert contents(tmp_path) == {"dist/manifest.json": manifest.encode()}


@pytest.mark.parametrize("name", ["letter", "queries/letter", ".git/HEAD"])
def test_a_build_with_a_file_that_it_does_not_list_is_not_replaced(
    tmp_path: Path, built_sample: Path, name: str
) -> None:
    out = Path(shutil.copytree(built_sample, tmp_path / "dist"))
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("dear", encoding="utf-8")

    assert refusal(SAMPLE, out) == f"'{out}' holds something that no build made: name an empty or a new folder"
    assert contents(out) == {**contents(built_sample), name: b"dear"}


def test_a_build_with_a_link_to_a_folder_is_not_replaced(tmp_path: Path, built_sample: Path) -> None:
    out = Path(shutil.copytree(built_sample, tmp_path / "dist"))
    (out / "link").symlink_to(tmp_path)

    assert refusal(SAMPLE, out) == f"'{out}' holds something that no build made: name an empty or a new folder"


def test_a_pipe_for_a_manifest_is_not_waited_for(tmp_path: Path) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    os.mkfifo(out / "manifest.json")

    assert refusal(SAMPLE, out) == f"'{out}' holds something that no build made: name an empty or a new folder"


def test_the_repository_the_home_folder_and_what_holds_them_are_not_replaced(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "homes/me"))
    (tmp_path / "homes/me").mkdir(parents=True)
    (tmp_path / "link").symlink_to(sample)
    before = contents(tmp_path)

    for out in (sample, sample.parent, Path("/"), tmp_path / "link", tmp_path / "homes/me", tmp_path / "homes"):
        assert refusal(sample, out) == (
            f"'{out}' is or holds the repository or your home folder: name a folder for the build alone"
        )
    assert contents(tmp_path) == before


def test_what_was_put_there_during_the_build_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "dist"

    def intrude(_paths: object) -> None:
        out.mkdir()
        (out / "letter").touch()

    monkeypatch.setattr(clustergraph.build, "flush", intrude)

    assert refusal(SAMPLE, out) == f"'{out}' holds something that no build made: name an empty or a new folder"
    assert list(contents(tmp_path)) == ["dist/letter"]


def test_siblings_of_any_name_are_left_alone(tmp_path: Path) -> None:
    names = ["dist.tmp", "dist.old", ".dist.personal", ".dist.personal.building", ".other.abcdefgh.building"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "photograph").touch()

    build(SAMPLE, tmp_path / "dist")

    assert sorted(one.parent.name for one in tmp_path.rglob("photograph")) == sorted(names)


def test_what_a_killed_build_left_is_swept_and_what_a_living_one_holds_is_not(tmp_path: Path) -> None:
    for name in ("dead", "live"):
        (tmp_path / f".dist.00{name}00.building/new").mkdir(parents=True)
    descriptor = os.open(tmp_path / ".dist.00live00.building", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    build(SAMPLE, tmp_path / "dist")
    os.close(descriptor)

    assert sorted(one.name for one in tmp_path.iterdir()) == [".dist.00live00.building", "dist"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_system_that_cannot_write_is_quoted_and_nothing_is_left(
    tmp_path: Path, built_sample: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_paths: object) -> None:
        raise OSError(number, os.strerror(number))

    out = Path(shutil.copytree(built_sample, tmp_path / "dist"))
    monkeypatch.setattr(clustergraph.build, "flush", refuse)

    assert refusal(SAMPLE, out) == f"'{out}' cannot be written: {os.strerror(number)}"
    assert refusal(SAMPLE, tmp_path / "a/b/c") == f"'{tmp_path}/a/b/c' cannot be written: {os.strerror(number)}"
    assert [one.name for one in tmp_path.iterdir()] == ["dist"]
    assert contents(out) == contents(built_sample)


def test_a_rename_that_fails_halfway_puts_the_older_build_back(
    tmp_path: Path, built_sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Path(shutil.copytree(built_sample, tmp_path / "dist"))
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(clustergraph.releases, "_exchange", lambda _one, _other: False)
    monkeypatch.setattr(Path, "rename", refuse)

    assert refusal(SAMPLE, out) == f"'{out}' cannot be written: Input/output error"
    assert [one.name for one in tmp_path.iterdir()] == ["dist"]
    assert contents(out) == contents(built_sample)


def test_a_place_where_no_folder_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")

    assert refusal(SAMPLE, Path("/proc/x/y")) == "'/proc/x/y' cannot be written: No such file or directory"
    assert refusal(SAMPLE, tmp_path / "file/dist") == f"'{tmp_path}/file/dist' cannot be written: Not a directory"
    assert refusal(SAMPLE, tmp_path / "loop").startswith(f"'{tmp_path}/loop' cannot be written: ")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "loop"]


BUILDS_AT_ONCE = """
import os, sys
from pathlib import Path
from clustergraph.build import build

children = []
for root in sys.argv[2:] * 4:
    children.append(os.fork())
    if children[-1] == 0:
        build(Path(root), Path(sys.argv[1]))
        os._exit(0)
print([os.waitpid(child, 0)[1] for child in children])
"""


def test_builds_at_once_into_one_folder_leave_one_of_them_whole(sample: Path) -> None:
    dist = sample.parent / "out/dist"
    digests = [build(SAMPLE, sample.parent / "one").digest]
    replace(sample / NORTH, "Northern clocks", "Clocks of the north")
    digests.append(build(sample, sample.parent / "other").digest)

    given = subprocess.run(
        [sys.executable, "-c", BUILDS_AT_ONCE, str(dist), str(SAMPLE), str(sample)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert (given.stdout, given.stderr) == (f"{[0] * 8}\n", "")
    assert open_published(dist).digest in digests
    assert open_published(dist.parent / ".dist.previous").digest in digests
    assert sorted(one.name for one in dist.parent.iterdir()) == [".dist.previous", "dist"]


# A process that builds and is killed at the nth time that it touches the file system, with nothing of it cleaned up.
# All of them are forked from one process, as most of the time of a build is the loading of the validator.
KILLED_BUILDS = """
import os, signal, sys
from pathlib import Path
from clustergraph.build import build
from clustergraph.published import open_published

root, out = Path(sys.argv[1]), Path(sys.argv[2])
moments = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "ctypes.dlsym"}


def killed(left: int) -> bool:
    def count(event: str, arguments: tuple) -> None:
        nonlocal left
        if os.getpid() != builder:  # the process that asks the queries of shapes
            return
        if event in moments and (event == "ctypes.dlsym" or str(out.parent) in str(arguments[0])):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        builder = os.getpid()
        sys.addaudithook(count)
        build(root, out)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def digests() -> str:
    previous = out.parent / ".dist.previous"
    return f"{open_published(out).digest} {open_published(previous).digest if previous.exists() else 'none'}"


moment = 1
while killed(moment):
    print(moment, digests())
    moment += 1
print("whole", digests())
"""


def test_a_build_killed_at_any_moment_leaves_the_old_dataset_or_the_new_one(sample: Path, built_sample: Path) -> None:
    old = open_published(built_sample).digest
    dist = Path(shutil.copytree(built_sample, sample.parent / "out/dist"))
    replace(sample / NORTH, "Northern clocks", "Clocks of the north")
    new = build(sample, sample.parent / "new").digest

    given = subprocess.run(
        [sys.executable, "-c", KILLED_BUILDS, str(sample), str(dist)], capture_output=True, text=True, check=True
    )

    lines = [line.split() for line in given.stdout.splitlines()]
    assert len(lines) > 10, "the test has lost its subject"
    assert {(digest, previous) for _, digest, previous in lines} == {(old, "none"), (old, old), (new, old)}
    assert lines[-1] == ["whole", new, old]
    assert sorted(one.name for one in dist.parent.iterdir()) == [".dist.previous", "dist"]
