"""Commands that start another one with less: fewer rights, smaller files, fewer descriptors."""

import os
import resource
import shutil
import sys
from collections.abc import Mapping
from typing import Final

NOBODY: Final = 65_534
_SETPRIV: Final = shutil.which("setpriv")
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


def limit_processes(pid: int, count: int) -> tuple[int, int]:
    """Sets how many processes the user of a running process may have, as that process sees it; the limits before."""
    before = resource.prlimit(pid, resource.RLIMIT_NPROC)
    resource.prlimit(pid, resource.RLIMIT_NPROC, (count, before[1]))
    return before


def environment(**changed: str) -> Mapping[str, str]:
    """Our environment with some variables changed."""
    return {**os.environ, **changed}
