"""The shape of the code: sizes, documentation, what the serving process loads."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import clustergraph

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src/clustergraph").rglob("*.py"))
LINES_OF_A_MODULE = 300
LINES_OF_A_FUNCTION = 50


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_a_module_and_its_functions_are_short_enough_to_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    long = [one.name for one in functions(ast.parse(text)) if (one.end_lineno or 0) - one.lineno >= LINES_OF_A_FUNCTION]

    assert (len(text.splitlines()) <= LINES_OF_A_MODULE, long) == (True, [])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_every_module_says_what_it_is_for_and_every_public_name_what_it_gives(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented: list[ast.AST] = [tree]
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            documented.append(node)
            members = node.body if isinstance(node, ast.ClassDef) else []
            documented += [
                one
                for one in members
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and not one.name.startswith("_")
            ]

    silent = [getattr(one, "name", "module") for one in documented if not ast.get_docstring(one)]  # type: ignore[arg-type]

    assert silent == []


def test_a_function_that_may_refuse_says_how() -> None:
    """A public function that raises one of our errors names it under `Raises:`."""
    missing = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            raised = {
                call.func.id
                for one in ast.walk(node)
                if isinstance(one, ast.Raise)
                and isinstance(call := one.exc, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id[0].isupper()
            } - {"TypeError"}  # a mistake of ours, not an outcome to plan for
            said = ast.get_docstring(node) or ""
            missing += [f"{path.name}:{node.name} raises {name}" for name in sorted(raised) if name not in said]

    assert missing == []


SERVING = "import sys, clustergraph.cli.serve, clustergraph.web.app, uvicorn; print(*sorted(sys.modules))"


def test_the_process_that_speaks_http_loads_no_engine_and_no_validator() -> None:
    loaded = subprocess.run([sys.executable, "-c", SERVING], capture_output=True, text=True, check=True).stdout.split()

    assert [name for name in ("pyoxigraph", "rdflib", "oxrdflib", "pyshacl", "owlrl") if name in loaded] == []
    assert "clustergraph.workers" in loaded, "the test has lost its subject"


def test_no_query_is_put_together_from_values() -> None:
    """Values are bound; a formatted string that holds SPARQL would be the way in for an injection."""
    keywords = re.compile(r"\b(SELECT|CONSTRUCT|ASK|DESCRIBE)\b.*[{]")
    pasted = [
        f"{path.name}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        and keywords.search("".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)))
    ]

    assert pasted == []


def test_the_version_is_the_newest_of_the_changelog_and_of_the_citation() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    cited = re.search(r"^version: (\S+)", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)

    assert newest is not None
    assert cited is not None
    assert (newest[1], cited[1]) == (clustergraph.__version__, clustergraph.__version__)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_requirement_has_a_hash_and_no_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    requirements = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)

    assert [one.splitlines()[0] for one in requirements if "--hash=sha256:" not in one] == []
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url|--find-links", text) == []


def test_what_the_package_requires_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    extras = project["optional-dependencies"]
    required = [re.match(r"[\w-]+", one)[0] for one in [*project["dependencies"], *extras["serve"], *extras["check"]]]  # type: ignore[index]

    assert sorted(set(required) - set(locked)) == []
