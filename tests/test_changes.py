"""Which files have changed, as git tells it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from clustergraph.changes import _NO_FETCH, changed_paths
from clustergraph.errors import UsageError
from clustergraph.files import SIZE_LIMIT_BYTES

Git = Callable[..., None]


@pytest.fixture
def git(sample: Path) -> Git:
    """Runs git in the sample, which is a repository of it with one commit on main."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=sample, check=True, capture_output=True)  # noqa: S607

    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message=one")
    return git


def write(root: Path, name: str, text: str = "# changed\n") -> PurePosixPath:
    (root / name).write_text(text, encoding="utf-8")
    return PurePosixPath(name)


CLUSTER = "data/cluster/north-clocks.ttl"


def test_nothing_has_changed_at_first(git: Git, sample: Path) -> None:
    git("status")

    assert changed_paths(sample) == frozenset()


def test_what_differs_from_the_main_branch_has_changed_whether_or_not_it_is_committed(git: Git, sample: Path) -> None:
    git("switch", "--quiet", "--create", "work")
    committed = write(sample, CLUSTER)
    git("commit", "--quiet", "--all", "--message=two")
    staged = write(sample, "data/organisation/staged.ttl")
    git("add", str(staged))
    new = write(sample, "data/organisation/new.ttl")
    (sample / "data/organisation/bell-foundry.ttl").unlink()
    write(sample, "README.md")

    assert changed_paths(sample) == {committed, staged, new}


def test_what_others_changed_on_the_main_branch_since_is_not_ours(git: Git, sample: Path) -> None:
    git("switch", "--quiet", "--create", "work")
    ours = write(sample, "data/organisation/ours.ttl")
    git("add", "--all")
    git("commit", "--quiet", "--message=ours")
    git("switch", "--quiet", "main")
    write(sample, CLUSTER)
    git("commit", "--quiet", "--all", "--message=theirs")
    git("switch", "--quiet", "work")

    assert changed_paths(sample) == {ours}
    assert changed_paths(sample, "main") == {ours, PurePosixPath(CLUSTER)}


@pytest.mark.parametrize(
    "name",
    ["a\nb.ttl", "-rf.ttl", "q\"uo'te.ttl", "è ù.ttl", "$(touch x).ttl", "\t;.ttl", "*.ttl", ":(top).ttl"],
)
def test_a_name_meant_to_confuse_is_only_a_name(git: Git, sample: Path, name: str) -> None:
    new = write(sample, f"data/organisation/{name}")

    assert changed_paths(sample) == {new}
    git("add", "--all")
    assert changed_paths(sample) == {new}


def test_paths_are_relative_to_the_repository_of_curators(git: Git, sample: Path) -> None:
    (sample / "deep").mkdir()
    git("mv", "data", "ontology", "shapes", "queries", "deep")
    git("commit", "--quiet", "--message=moved")
    new = write(sample / "deep", "data/organisation/new.ttl")

    assert changed_paths(sample / "deep", "HEAD") == {new}


@pytest.mark.parametrize("ref", ["nowhere", "--output=/tmp/x", "-h", "HEAD..main", "", "a\0b", "x" * 300, "HEAD:data"])
def test_a_ref_that_is_none_is_refused_and_never_taken_for_an_option(git: Git, sample: Path, ref: str) -> None:
    git("branch", "--move", "somewhere")

    with pytest.raises(UsageError, match="git knows no commit"):
        changed_paths(sample, ref)


PROGRAMS = (
    *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "core.askPass"),
    *("core.alternateRefsCommand", "credential.helper", "gpg.program", "pager.ls-tree", "pager.config"),
    *("diff.external", "diff.x.command", "diff.x.textconv", "merge.x.driver", "uploadpack.packObjectsHook"),
    *("filter.x.clean", "filter.x.smudge", "filter.x.process"),
)


@pytest.mark.parametrize("name", [*PROGRAMS, "alias.ls-tree", "core.hooksPath"])
def test_a_program_that_the_configuration_names_is_not_run(git: Git, sample: Path, tmp_path: Path, name: str) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n", encoding="utf-8")
        (hooks / hook).chmod(0o755)
    program = {"alias.ls-tree": f"!touch {tmp_path}/was-run", "core.hooksPath": str(hooks)}
    (sample / ".gitattributes").write_text("*.ttl diff=x filter=x merge=x\n", encoding="utf-8")
    changed = write(sample, CLUSTER)
    (sample / "data/organisation/bell-foundry.ttl").touch()
    git("config", name, program.get(name, f"touch {tmp_path}/was-run; cat"))
    git("config", "filter.x.required", "true")

    assert changed_paths(sample) == {changed}
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("variable", ["GIT_NO_LAZY_FETCH", "GIT_ALLOW_PROTOCOL"])
def test_what_a_partial_clone_lacks_is_not_fetched(
    git: Git, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    settings = {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "far",
        "remote.far.promisor": "true",
        "remote.far.url": f"ext::touch {tmp_path}/was-run",
        "protocol.ext.allow": "always",
    }
    for name, value in settings.items():
        git("config", name, value)
    # Older versions of git know only one of the two: each has to do.
    monkeypatch.setattr("clustergraph.changes._NO_FETCH", {variable: _NO_FETCH[variable]})

    with pytest.raises(UsageError, match="git knows no commit"):
        changed_paths(sample, "1" * 40)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("option", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_is_told_to_take_for_unchanged_has_changed(git: Git, sample: Path, option: str) -> None:
    git("update-index", option, CLUSTER)
    changed = write(sample, CLUSTER)

    assert changed_paths(sample) == {changed}


def test_a_new_file_that_git_is_told_to_ignore_is_new(git: Git, sample: Path) -> None:
    (sample / ".gitignore").write_text("data/*\n", encoding="utf-8")
    new = write(sample, "data/organisation/new.ttl")
    git("add", "--all")

    assert changed_paths(sample) == {new}


def test_what_cannot_be_compared_has_changed(git: Git, sample: Path) -> None:
    link, long, pipe = (f"data/organisation/{name}.ttl" for name in ("link", "long", "pipe"))
    (sample / link).symlink_to("bell-foundry.ttl")
    write(sample, long, "#" * (SIZE_LIMIT_BYTES + 1))
    write(sample, pipe)
    git("add", "--all")
    git("commit", "--quiet", "--message=two")
    (sample / pipe).unlink()
    os.mkfifo(sample / pipe)

    assert changed_paths(sample) == {PurePosixPath(name) for name in (link, long, pipe)}


@pytest.mark.parametrize(("setting", "is_same"), [("true", True), ("1", True), ("input", True), ("false", False)])
def test_ends_of_lines_are_as_git_converts_them(git: Git, sample: Path, setting: str, *, is_same: bool) -> None:
    git("config", "core.autocrlf", setting)
    text = (sample / CLUSTER).read_bytes()
    (sample / CLUSTER).write_bytes(text.replace(b"\n", b"\r\n"))

    assert changed_paths(sample) == (frozenset() if is_same else {PurePosixPath(CLUSTER)})


def test_a_repository_may_name_its_objects_by_the_longer_hash(sample: Path) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet", "--object-format=sha256"), ("add", "--all"), ("commit", "--quiet", "-m", "one")):
        subprocess.run(["git", *identity, *words], cwd=sample, check=True, capture_output=True)  # noqa: S607
    changed = write(sample, CLUSTER)

    assert changed_paths(sample, "HEAD") == {changed}


def test_a_folder_that_git_does_not_know_is_refused(sample: Path) -> None:
    with pytest.raises(UsageError, match="git knows no commit"):
        changed_paths(sample)


def test_a_machine_without_git_is_told(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UsageError, match="git cannot be asked"):
        changed_paths(sample)
