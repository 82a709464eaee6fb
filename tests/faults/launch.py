"""Commands that start another one with less: fewer rights, smaller files, fewer descriptors."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

NOBODY: Final = 65_534
_SETPRIV: Final = shutil.which("setpriv")
_PRLIMIT: Final = "prlimit"
_CODE: Final = (
    "import os, resource, sys; which, limit = map(int, sys.argv[1:3]);"
    " resource.setrlimit(which, (limit, limit)); os.execvp(sys.argv[3], sys.argv[3:])"
)
_EVEN_FOR_ROOT: Final = "-dac_override,-dac_read_search,-fowner"


def limited(which: int, limit: int) -> tuple[str, ...]:
    """A command prefix that sets one of the limits of `resource` for good."""
    return (sys.executable, "-c", _CODE, str(which), str(limit))


def without_rights() -> tuple[str, ...] | None:
    """A command prefix for which the mode of a file counts even if we are root; None if there is no way."""
    if os.geteuid():
        return ()
    if _SETPRIV is None:
        return None
    return (_SETPRIV, f"--bounding-set={_EVEN_FOR_ROOT}", f"--inh-caps={_EVEN_FOR_ROOT}")


def as_a_user() -> tuple[str, ...] | None:
    """A command prefix for a user whose number of processes the kernel limits, as it never does for root."""
    if os.geteuid():
        return ()
    if _SETPRIV is None:
        return None
    reading = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")  # our interpreter may be root's own
    return (_SETPRIV, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *reading)


def small_files(size_bytes: int) -> tuple[str, ...]:
    """A command prefix under which no file grows beyond a size: what a full disk looks like to whoever writes."""
    return limited(resource.RLIMIT_FSIZE, size_bytes)


def few_files(count: int) -> tuple[str, ...]:
    """A command prefix under which so many descriptors may be open."""
    return limited(resource.RLIMIT_NOFILE, count)


def limit_processes(pids: Sequence[int], limit: int, *, prefix: Sequence[str]) -> None:
    """Sets how many processes the user of some running processes may have; may be raised again.

    Shape: `prefix` is the one that they were started with, as a user may change the limits of its own processes.
    """
    for pid in pids:
        subprocess.run([*prefix, _PRLIMIT, "--pid", str(pid), f"--nproc={limit}:"], check=True)
