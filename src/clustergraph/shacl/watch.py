"""What SHACL Core may take: processor time, and results. More of it is a fault, and what was found before stays."""

import time
from typing import Final

from clustergraph.shacl.faults import TIMED_OUT, TOO_LARGE

RESULTS_LIMIT: Final = 1_000_000  # of one validation
EVERY: Final = 16  # ticks, or values: the clock is dearer than most of what is between two


class Overrun(Exception):
    """Shapes take more than they may. Shape: `code` and `values` are those of a fault of the shape at hand."""

    def __init__(self, code: str, *values: str) -> None:
        super().__init__(code, *values)
        self.code = code
        self.values = values


class Watch:
    """Looks now and then at how long this thread has worked: a machine with other work makes no check time out.

    Shape: `left_s` is what is left of `limit_s`, which the sentence names.
    """

    def __init__(self, limit_s: float, left_s: float) -> None:
        self._limit_s = limit_s
        self._left_s = left_s
        self._begun = time.thread_time()
        self._ticks = 0

    @property
    def taken_s(self) -> float:
        """Seconds of work since it was made."""
        return time.thread_time() - self._begun

    def tick(self, found: int = 0) -> None:
        """Nothing, as long as there is time, and as there are no more results than there may be.

        Raises: Overrun.
        """
        if found > RESULTS_LIMIT or self._ticks % EVERY == 0:
            self.look(found)
        self._ticks += 1

    def look(self, found: int) -> None:
        """As a tick, and at the clock each time.

        Raises: Overrun.
        """
        if found > RESULTS_LIMIT:
            raise Overrun(TOO_LARGE)
        if self.taken_s >= self._left_s:
            raise Overrun(TIMED_OUT, f"{self._limit_s:g}")
