"""The loader that a pool of workers is forked from, and whichever follows it. Whatever stands here may block."""

import logging
import socket
import time
from collections.abc import Callable
from typing import Final

from clustergraph.errors import DatasetUnusable
from clustergraph.processes import Loader

_logger: Final = logging.getLogger("clustergraph.workers")

RETRY_S: Final = 1.0  # between two attempts to start a worker, or a loader


class Loaders:
    """One loader at a time, and another one in its place if it ends.

    Shape: `new` starts one; `trouble` is why the one that was started last could not load the dataset.
    """

    def __init__(self, new: Callable[[], Loader], first: Loader | None = None) -> None:
        self._new = new
        self._first = first
        self._again_s = 0.0
        self._is_closed = False
        self.current: Loader
        self.trouble: DatasetUnusable | None = None

    def start(self) -> None:
        """Starts the first, unless there is one; returns once it has loaded the dataset.

        Raises: DatasetUnusable.
        """
        self.current = self._first or self._new()
        try:
            self.current.wait_until_loaded()
        except BaseException:
            self.current.close()
            raise

    def end(self) -> None:
        """Ends the loader, and has none follow it: whoever waits for a worker waits no longer."""
        self._is_closed = True
        self.current.end()

    def fork(self) -> tuple[int, int, socket.socket]:
        """A new worker, from a new loader where the old one has ended.

        Raises: OSError; ForkFailed; DatasetUnusable.
        """
        try:
            return self.current.fork()
        except OSError:
            # Many workers are wanted, and one loader is started for all of them.
            if self._is_closed or time.monotonic() < self._again_s:
                raise
        if self.trouble is None:
            _logger.warning("the loader process has ended and is started again")
        self.current.close()
        self._again_s = time.monotonic() + RETRY_S
        self.current = self._new()
        try:
            self.current.wait_until_loaded()
        except DatasetUnusable as exc:
            if self.trouble is None:
                _logger.error("no query can be answered until a build takes over: %s", exc.detail)  # noqa: TRY400
            self.trouble = exc
            raise
        self.trouble = None
        return self.current.fork()
