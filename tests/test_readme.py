"""Every block of the README runs, and gives what stands beneath it."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 120  # ends a server that never answers; nothing passes or fails by a shorter time


class Block(NamedTuple):
    language: str
    text: str


def blocks() -> list[Block]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def answer_after(language: str) -> tuple[str, str]:
    """The first block of a language and the block of its answer."""
    found = blocks()
    place = next(number for number, block in enumerate(found) if block.language == language)
    assert found[place + 1].language == "text"
    return found[place].text, found[place + 1].text


def commands() -> list[str]:
    """Each command of the `sh` blocks; a line that begins with a space belongs to the one before."""
    text = "\n".join(block.text for block in blocks() if block.language == "sh")
    return [command.strip() for command in re.split(r"\n(?=\S)", text) if command.strip()]


def run(command: list[str], dist: Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "CLUSTERGRAPH_DIST": str(dist),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return subprocess.run(
        command, cwd=ROOT, env=environment, input=text, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


def stripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def test_the_readme_has_only_blocks_that_these_tests_run() -> None:
    assert [block.language for block in blocks()] == ["sparql", "text", "sh", "sh", "sh", "python", "text"]
    assert [command.split()[0] for command in commands()] == ["make", "make", "curl"] + ["clustergraph"] * 3


def test_the_query_has_the_answer_beneath_it(real_dist: Path) -> None:
    query, answer = answer_after("sparql")

    given = run(["clustergraph", "query", "-"], real_dist, query)

    assert (stripped(given.stdout), given.returncode) == (stripped(answer), 0)


def test_the_python_example_prints_the_answer_beneath_it(real_dist: Path) -> None:
    program, answer = answer_after("python")

    given = run([sys.executable, "-c", program], real_dist)

    assert (stripped(given.stdout), given.stderr) == (stripped(answer), "")


@pytest.mark.parametrize("command", [one for one in commands() if one.startswith("clustergraph")])
def test_a_command_of_the_readme_succeeds(command: str, real_dist: Path) -> None:
    given = run(shlex.split(command), real_dist)

    assert (given.returncode, bool(given.stdout.strip())) == (0, True), given.stderr


def test_the_two_make_targets_exist_and_know_what_to_do() -> None:
    for command in [one for one in commands() if one.startswith("make")]:
        given = subprocess.run(
            [*shlex.split(command), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (given.returncode, bool(given.stdout.strip())) == (0, True), given.stderr


@pytest.fixture
def server(real_dist: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "clustergraph", "serve", str(real_dist), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/health/ready"):  # noqa: S310  # our own loopback address
                break
        except OSError:
            assert process.poll() is None, "the server ended before it answered"
            time.sleep(0.05)
    yield address
    process.terminate()
    process.wait(PATIENCE_S)


def test_the_query_can_be_pasted_into_the_endpoint(server: str) -> None:
    query, answer = answer_after("sparql")
    request = urllib.request.Request(  # noqa: S310  # our own loopback address
        f"{server}/sparql", query.encode(), {"Content-Type": "application/sparql-query", "Accept": "text/csv"}
    )

    with urllib.request.urlopen(request) as response:  # noqa: S310
        rows = response.read().decode().splitlines()

    assert len(rows) == len(stripped(answer))
    assert rows[1] == (
        "Energy,Lombard energy cluster,https://w3id.org/clustergraph/id/source/open-innovation-lombardy-guide"
    )


def test_the_curl_command_is_answered_by_a_running_server(server: str) -> None:
    (command,) = [one for one in commands() if one.startswith("curl")]

    given = subprocess.run(
        [part.replace("http://127.0.0.1:8000", server) for part in shlex.split(command)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert given.stdout == "clusters\n17\n"
