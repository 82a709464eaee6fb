"""Which files have changed, as git tells it."""

import subprocess
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from clustergraph.changes import changed_paths
from clustergraph.errors import UsageError

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


def test_a_program_that_the_configuration_names_is_not_run(git: Git, sample: Path, tmp_path: Path) -> None:
    program = f"touch {tmp_path}/was-run"
    for name in ("core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv"):
        git("config", name, program)
    (sample / ".gitattributes").write_text("*.ttl diff=x\n", encoding="utf-8")
    changed = write(sample, CLUSTER)

    assert changed_paths(sample) == {changed}
    assert not (tmp_path / "was-run").exists()


def test_a_folder_that_git_does_not_know_is_refused(sample: Path) -> None:
    with pytest.raises(UsageError, match="git knows no commit"):
        changed_paths(sample)


def test_a_machine_without_git_is_told(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UsageError, match="git cannot be asked"):
        changed_paths(sample)
