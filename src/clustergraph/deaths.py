"""How the child processes of this one ended, remembered until somebody asks. Knows nothing of what they did."""

import os
import select
import signal
import socket
from collections import OrderedDict
from typing import Final

KEPT: Final = 64  # most ends are of no interest to anybody
WAIT_S: Final = 0.1  # for a process to be gone that has closed its sockets already
_UNKNOWN: Final = -1


class Deaths:
    """Buries the children of this process that it is told of.

    Waits for their handles, not for SIGCHLD: a signal that comes just before a read begins does not wake it, and the
    child would stay unburied for as long as nobody has anything to say.
    """

    def __init__(self) -> None:
        self._children: dict[int, int] = {}  # by handle
        self._statuses: OrderedDict[int, int] = OrderedDict()

    def watch(self, pid: int) -> int:
        """A handle of a child, which is buried once it has ended. The handle is closed then.

        Raises: OSError where no descriptor is free; the child is gone then.
        """
        try:
            handle = os.pidfd_open(pid)  # a number may be given to another process once ours is dead; a handle may not
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        self._children[handle] = pid
        return handle

    def bury_until(self, readable: socket.socket) -> None:
        """Buries whoever ends, until there is something to read, or nobody left to write it. Blocks."""
        while readable.fileno() not in self._ready([readable.fileno(), *self._children], None):
            pass

    def status_of(self, pid: int) -> int:
        """The wait status of a child that is gone, or about to be; -1 of any other process. Told once."""
        self._ready([handle for handle, child in self._children.items() if child == pid], WAIT_S)
        return self._statuses.pop(pid, _UNKNOWN)

    def close(self) -> None:
        """Lets the handles go, in a child that has no use for those of the others."""
        for handle in self._children:
            os.close(handle)
        self._children.clear()

    def _ready(self, descriptors: list[int], wait_s: float | None) -> list[int]:
        """Which of some descriptors have something to tell; children among them are buried."""
        poll = select.poll()
        for one in descriptors:
            poll.register(one, select.POLLIN)
        ready = [one for one, _ in poll.poll(None if wait_s is None else 1000 * wait_s)] if descriptors else []
        for one in ready:
            if one in self._children:
                self._bury(one)
        return ready

    def _bury(self, handle: int) -> None:
        pid, self._statuses[pid] = os.waitpid(self._children.pop(handle), 0)
        os.close(handle)
        while len(self._statuses) > KEPT:
            self._statuses.popitem(last=False)
