"""The check of a whole repository in a process of its own: it can be ended when its answer is no longer wanted.

Run as `python -m clustergraph.editing.whole`, it takes a repository and drafts from
its input, and answers with findings.
"""

import asyncio
import pickle
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

from clustergraph.checking import check
from clustergraph.errors import ClusterGraphError
from clustergraph.findings import Finding
from clustergraph.repository import read_repository

TIME_LIMIT_S: Final = 60
Answer: TypeAlias = list[Finding] | str
"""Findings, or why there are none."""


async def whole(root: Path, drafts: Mapping[PurePosixPath, str]) -> Answer:
    """What is wrong with a repository. Whoever cancels this ends the work."""
    # Safe path: a folder that is open in the editor must not lend us its modules.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "clustergraph.editing.whole"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told, _ = await process.communicate(pickle.dumps((root, dict(drafts))))
        if process.returncode == 0:
            answer: Answer = pickle.loads(told)  # noqa: S301  # of a process of our own
            return answer
        return f"the check of the whole repository ended with status {process.returncode}"
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def main() -> None:
    """One check: from standard input to standard output."""
    signal.alarm(TIME_LIMIT_S)  # for the last time: who asked may be gone
    root, drafts = pickle.load(sys.stdin.buffer)  # noqa: S301  # of the process that started this one
    try:
        answer: Answer = check(read_repository(root, drafts=drafts)).findings
    except ClusterGraphError as exc:
        answer = exc.detail
    sys.stdout.buffer.write(pickle.dumps(answer))


if __name__ == "__main__":
    main()
