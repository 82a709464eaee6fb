"""The tools in other people's hands do what they say: the Action, the GitLab template, the hook of pre-commit."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import REPOSITORY

SCRIPT = REPOSITORY / "deploy/check-pull-request"
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
TEMPLATE = yaml.safe_load((REPOSITORY / "deploy/gitlab-ci.yml").read_text(encoding="utf-8"))
[HOOK] = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GIT = shutil.which("git") or "git"
ORGANISATION = "data/organisation/bell-foundry.ttl"


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """`clustergraph` of this tree, in a folder of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    file = folder / "clustergraph"
    file.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -P -c "from clustergraph.cli import main; main()" "$@"\n', encoding="utf-8"
    )
    file.chmod(0o755)
    return file


def run(words: list[str], folder: Path, command: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a program says in a folder, with `clustergraph` on its path and nothing of GitHub's around it."""
    kept = {name: os.environ[name] for name in ("PYTHONPATH", "HOME", "LANG") if name in os.environ}
    path = f"{command.parent}:{os.environ['PATH']}"
    return subprocess.run(
        words,
        cwd=folder,
        env={**kept, "PATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def spoil(root: Path, old: str = "prefLabel", new: str = "prefLabl") -> None:
    file = root / ORGANISATION
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def test_the_script_annotates_sums_up_and_writes_sarif(sample: Path, tmp_path: Path, command: Path) -> None:
    spoil(sample)
    places = {name: str(tmp_path / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "CHECK_SARIF")}

    done = run([str(SCRIPT)], sample, command, **places, CHECK_LANGUAGE="it")

    assert done.returncode == 1
    assert re.search(
        rf"^::error [^\n]*file={ORGANISATION},[^\n]*H004[^\n]*::.*non è dichiarato", done.stdout, re.MULTILINE
    )
    assert "H004" in Path(places["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
    [result] = json.loads(Path(places["CHECK_SARIF"]).read_text(encoding="utf-8"))["runs"][0]["results"]
    assert result["ruleId"] == "H004"
    assert Path(places["GITHUB_OUTPUT"]).read_text(encoding="utf-8") == f"sarif={places['CHECK_SARIF']}\n"


def test_a_sound_change_passes(sample: Path, tmp_path: Path, command: Path) -> None:
    done = run([str(SCRIPT)], sample, command, CHECK_SARIF=str(tmp_path / "sarif"))

    assert (done.returncode, done.stderr) == (0, "")
    assert "::error" not in done.stdout


def test_what_a_change_suppresses_is_told_though_it_passes(sample: Path, tmp_path: Path, command: Path) -> None:
    base = Path(shutil.copytree(sample, tmp_path / "base"))
    places = {name: str(tmp_path / name) for name in ("GITHUB_STEP_SUMMARY", "CHECK_SARIF")}
    spoil(sample, '"The Foundry"@en', '"It"@en  # clustergraph: ignore C010 -- trust me\n')

    done = run([str(SCRIPT)], sample, command, **places, CHECK_BASE=str(base))

    [notice] = [line for line in done.stdout.split("\n") if line.startswith("::")]
    [row] = [
        line for line in Path(places["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8").split("\n") if "C010" in line
    ]
    [result] = json.loads(Path(places["CHECK_SARIF"]).read_text(encoding="utf-8"))["runs"][0]["results"]
    assert done.returncode == 0
    assert re.fullmatch(
        rf"::notice file={ORGANISATION},line=6,[^:]*,title=C010 suppressed by a comment::.*%0A-- trust me", notice
    )
    assert row.endswith(" | trust me |")
    assert [one["justification"] for one in result["suppressions"]] == ["trust me"]


def test_a_change_is_judged_by_the_rules_of_the_base_branch(sample: Path, tmp_path: Path, command: Path) -> None:
    """Who declares a new term beside the data that use it is told so, and the reviewer too."""
    base = Path(shutil.copytree(sample, tmp_path / "base"))
    for name in ("shapes", "queries"):
        (sample / name / "more.ttl").write_text("", encoding="utf-8")
    spoil(sample)
    (sample / "ontology/own.ttl").write_text(
        "<http://www.w3.org/2004/02/skos/core#prefLabl> a <http://www.w3.org/2002/07/owl#AnnotationProperty> .\n",
        encoding="utf-8",
    )

    done = run([str(SCRIPT)], sample, command, CHECK_BASE=str(base))

    notices = [line for line in done.stdout.split("\n") if line.startswith("::notice title=clustergraph::")]
    assert done.returncode == 1
    assert re.search(r"^::error .*H004", done.stdout, re.MULTILINE)
    assert [re.findall(r"alters (\w+)/", line) for line in notices] == [["ontology"], ["shapes"], ["queries"]]


def test_a_reviewer_who_asked_for_italian_is_told_in_italian(sample: Path, tmp_path: Path, command: Path) -> None:
    base = Path(shutil.copytree(sample, tmp_path / "base"))
    (sample / "shapes/more.ttl").write_text("", encoding="utf-8")

    done = run([str(SCRIPT)], sample, command, CHECK_BASE=str(base), CHECK_LANGUAGE="it")

    assert [line for line in done.stdout.split("\n") if line.startswith("::notice title=clustergraph::")] == [
        "::notice title=clustergraph::Questa modifica tocca shapes/. I dati sono stati giudicati secondo shapes/ del "
        "ramo di base; ciò che la modifica ne fa richiede un revisore."
    ]


def test_a_base_that_is_not_there_alters_nothing(sample: Path, command: Path) -> None:
    done = run([str(SCRIPT)], sample, command, CHECK_BASE=str(sample / "none"))

    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no folder" in done.stderr


def test_a_command_that_is_not_there_is_told_with_what_brings_it(sample: Path, command: Path) -> None:
    done = run([str(SCRIPT)], sample, command, CHECK_COMMAND="no-such-command")

    said = "there is no 'no-such-command' here: run 'source .venv/bin/activate' first, or set CHECK_COMMAND\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


@pytest.mark.parametrize(
    ("variables", "status"),
    [
        pytest.param({"CHECK_LANGUAGE": "$(touch x)"}, 2, id="language"),
        pytest.param({"CHECK_FAIL_ON": "`touch x`"}, 2, id="severity"),
        pytest.param({"CHECK_ROOT": "; touch x"}, 2, id="root"),
        pytest.param({"CHECK_BASE": "--version"}, 2, id="an-option-as-base"),
    ],
)
def test_what_the_script_is_told_is_never_run(
    sample: Path, command: Path, variables: dict[str, str], status: int
) -> None:
    done = run([str(SCRIPT)], sample, command, **variables, GITHUB_STEP_SUMMARY=str(sample / "summary"))

    assert done.returncode == status
    assert not (sample / "x").exists()
    assert not (sample / "summary").exists()


def test_the_modules_of_a_change_are_not_those_of_the_checker(sample: Path, command: Path) -> None:
    for name in ("json", "click", "clustergraph", "sitecustomize", "venv"):
        (sample / f"{name}.py").write_text("raise SystemExit(9)", encoding="utf-8")

    assert run([str(SCRIPT)], sample, command).returncode == 0
    assert run([sys.executable, "-I", "-m", "venv", "--help"], sample, command).returncode == 0


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ACTION["runs"]["steps"]
    return found


def test_the_action_pastes_nothing_into_a_shell_and_checks_out_nothing() -> None:
    shells = [step for step in steps() if "run" in step]

    assert [step["name"] for step in shells if "${{" in step["run"]] == []
    assert [step["uses"] for step in steps() if "uses" in step] == ["github/codeql-action/upload-sarif@v4"]
    assert re.findall(r"python3? (\S+)", shells[0]["run"]) == ["-I"] * 3


def test_the_variables_of_the_action_are_those_that_the_script_reads() -> None:
    [check] = [step for step in steps() if step.get("id") == "check"]
    read = {*re.findall(r"\bCHECK_[A-Z_]+", re.sub(r"(?m)^#.*$", "", SCRIPT.read_text(encoding="utf-8")))}

    assert set(check["env"]) == read
    assert {*re.findall(r"inputs\.([a-z-]+)", str(check["env"]))} == {*ACTION["inputs"]} - {"upload-sarif"}


def git(folder: Path, *words: str) -> str:
    """What git says, asked by nobody in particular."""
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run([GIT, *who, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.fixture
def clone(sample: Path) -> Path:
    """The miniature repository under git."""
    git(sample, "init", "--quiet")
    git(sample, "add", "--all")
    git(sample, "commit", "--quiet", "--message", "All")
    return sample


def test_the_gitlab_job_reports_by_the_rules_that_the_merge_request_set_out_from(clone: Path, command: Path) -> None:
    job = TEMPLATE["clustergraph"]
    set_out = git(clone, "rev-parse", "HEAD")
    spoil(clone)
    shutil.rmtree(clone / "shapes")

    script = "\n".join(["set -e", *job["script"]])
    done = run(["sh", "-c", script], clone, command, CI_MERGE_REQUEST_DIFF_BASE_SHA=set_out, CHECK_LANGUAGE="it")

    [found] = json.loads((clone / job["artifacts"]["reports"]["codequality"]).read_text(encoding="utf-8"))
    assert done.returncode == 1
    assert "non è dichiarato" in done.stdout
    assert (found["check_name"], found["location"]["path"]) == ("H004", ORGANISATION)
    assert job["artifacts"]["when"] == "always"


def test_the_gitlab_job_passes_on_the_branch_itself(clone: Path, command: Path) -> None:
    script = "\n".join(["set -e", *TEMPLATE["clustergraph"]["script"]])

    assert run(["sh", "-c", script], clone, command, CHECK_LANGUAGE="en").returncode == 0


def test_the_hook_stops_a_commit_of_a_mistake_and_of_a_removal_that_others_miss(clone: Path, command: Path) -> None:
    """As pre-commit does it: without file names, and installed as git's own hook."""
    hook = clone / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {shlex.join(shlex.split(HOOK['entry']))}\n", encoding="utf-8")
    hook.chmod(0o755)
    commit = [GIT, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-m", "Change"]

    spoil(clone)
    git(clone, "add", ORGANISATION)
    mistake = run(commit, clone, command)
    git(clone, "rm", "--quiet", "--force", ORGANISATION)
    removal = run(commit, clone, command)
    git(clone, "reset", "--quiet", "--hard")
    spoil(clone, "The Foundry", "The Bell Foundry")
    git(clone, "add", ORGANISATION)
    sound = run(commit, clone, command)

    assert (mistake.returncode, removal.returncode, sound.returncode) == (1, 1, 0)
    assert "H004" in mistake.stdout + mistake.stderr
    assert "H006" in removal.stdout + removal.stderr
    assert HOOK["pass_filenames"] is False
    assert HOOK["always_run"] is True
    assert HOOK["language"] == "python"


def test_the_hook_brings_what_the_check_needs() -> None:
    written = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    [needed] = re.findall(r"^check = (\[.*\])$", written, re.MULTILINE)

    assert HOOK["additional_dependencies"] == json.loads(needed)
