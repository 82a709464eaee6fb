"""How the child processes of this one ended, remembered until somebody asks. Knows nothing of what they did."""

import contextlib
import os
import time
from collections import OrderedDict
from typing import Final

KEPT: Final = 64  # most ends are of no interest to anybody
WAIT_S: Final = 0.1  # for a process to be gone that has closed its sockets already


class Deaths:
    """Buries the children of this process. `bury` is a handler for SIGCHLD."""

    def __init__(self) -> None:
        self._statuses: OrderedDict[int, int] = OrderedDict()

    def bury(self, *_: object) -> None:
        """Takes every child that has ended from the kernel."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._statuses[ended[0]] = ended[1]
        while len(self._statuses) > KEPT:
            self._statuses.popitem(last=False)

    def status_of(self, pid: int) -> int:
        """The wait status of a child that is gone, or about to be; -1 of any other process. Told once."""
        end_s = time.monotonic() + WAIT_S
        while pid not in self._statuses and time.monotonic() < end_s:
            time.sleep(0.001)
        return self._statuses.pop(pid, -1)
