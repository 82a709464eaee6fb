"""What one client may use, so that nobody's queries keep all others waiting. Reads no clock and no request."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Mapping
from math import ceil
from typing import Final

from clustergraph.errors import IN_STEPS, OverBudget
from clustergraph.settings import Settings

CLIENT_CONNECTIONS: Final = 64  # held at once by one client; a whole office behind one address needs some dozens
CLIENT_LIMIT: Final = 10_000  # clients remembered; the one seen longest ago is forgotten first
PERIOD_S: Final = 60.0  # in which a spent budget is full again
KILL_S: Final = 0.1  # what a query costs whose worker had to be ended, beside its time: another one is started
_DEBT_PERIODS: Final = 1.0  # one query may overdraw, but nobody waits longer than this beyond a period


REFUSALS: Final = ("queued", "seconds", "bad_requests", "wait", "connections", "pages")
"""The budgets that a request may be refused for. docs/operations.md says what each is."""

Place = asyncio.Future[None]
"""Where a query waits for its turn."""


class _Account:
    """The use of one client."""

    __slots__ = ("bad_left", "filled_at_s", "running", "seconds_left", "waiting")

    def __init__(self, seconds: float, bad_requests: float, now_s: float) -> None:
        self.seconds_left = seconds
        self.bad_left = bad_requests
        self.filled_at_s = now_s
        self.running = 0
        self.waiting: list[Place] = []  # a handful; an empty deque would be ten times as large


class Budgets:
    """The use of every client of late, and who has to wait.

    A query begins with `begin`, waits in `turn` if it got a place to wait in, and ends with `end`, whatever came of it.
    The client None has no budget. Units: `now_s` is the reading of a monotonic clock, in seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self._running_limit = settings.budget_running
        self._queued_limit = settings.budget_queued
        self._seconds = settings.budget_seconds
        self._bad_requests = settings.budget_bad_requests
        self._wait_s = settings.queue_wait_s
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self._connections: dict[str, int] = {}
        self._refusals = dict.fromkeys(REFUSALS, 0)

    @property
    def refusals(self) -> Mapping[tuple[str, ...], float]:
        """How many requests were refused, by the budget that was spent."""
        return {(name,): number for name, number in self._refusals.items()}

    @property
    def clients(self) -> int:
        """How many clients are remembered."""
        return len(self._accounts)

    def refused_page(self) -> None:
        """Counts a page or document that was refused: its client has too many questions of ours waiting."""
        self._refusals["pages"] += 1

    def refused_form(self) -> None:
        """Counts a long form that was refused unread: its client has most of those that wait."""
        self._refusals["queued"] += 1

    def connect(self, client: str | None) -> bool:
        """Counts one more connection of a client, unless it has as many as one may have; whether it was counted."""
        if client is None:
            return True
        held = self._connections.get(client, 0)
        if held >= CLIENT_CONNECTIONS:
            self._refusals["connections"] += 1
            return False
        self._connections[client] = held + 1
        return True

    def disconnect(self, client: str | None) -> None:
        """Counts a connection off that was counted."""
        if client is not None:
            left = self._connections.pop(client, 1) - 1
            if left > 0:
                self._connections[client] = left

    def require_good(self, client: str | None, now_s: float) -> None:
        """Nothing, if a client has not sent too many requests that could not be answered.

        Raises: OverBudget.
        """
        if client is not None:
            self._require_good(self._account(client, now_s))

    def require_seconds(self, client: str | None, now_s: float) -> None:
        """Nothing, if a client has query time left.

        Raises: OverBudget.
        """
        if client is not None:
            self._require_seconds(self._account(client, now_s))

    def _require_seconds(self, account: _Account) -> None:
        if account.seconds_left <= 0:
            used = f"you have used the {self._seconds:g} seconds of query time that one client has in {PERIOD_S:g} s"
            self._refuse_spent("seconds", -account.seconds_left, self._seconds, used, IN_STEPS)

    def _require_good(self, account: _Account) -> None:
        if account.bad_left < 1:
            used = (
                f"{self._bad_requests:g} of your requests could not be read, "
                f"which is all that one client has in {PERIOD_S:g} s"
            )
            advice = "and mend what the answers to them say is wrong"
            self._refuse_spent("bad_requests", 1 - account.bad_left, self._bad_requests, used, advice)

    def runs_at_once(self, client: str | None, now_s: float) -> bool:
        """Whether `begin` would neither wait nor refuse."""
        if client is None:
            return True
        account = self._account(client, now_s)
        return account.seconds_left > 0 and account.bad_left >= 1 and account.running < self._running_limit

    def begin(self, client: str | None, now_s: float) -> Place | None:
        """None if a query may run at once, else its place in the line, for `turn`.

        Raises: OverBudget, in which case nothing is counted and nothing has to be ended.
        """
        if client is None:
            return None
        account = self._account(client, now_s)
        self._require_seconds(account)
        self._require_good(account)
        if account.running < self._running_limit:
            account.running += 1
            return None
        if len(account.waiting) >= self._queued_limit:
            message = (
                f"{self._running_limit} of your queries run and {self._queued_limit} wait already: "
                "send the next one when one has ended"
            )
            raise self._refused(message, "queued", 1)
        place: Place = asyncio.get_running_loop().create_future()
        account.waiting.append(place)
        return place

    async def turn(self, client: str | None, place: Place) -> None:
        """Returns when a query that waits may run: in the order in which those of its client came.

        Raises: OverBudget after the longest wait; then, and if it is cancelled, nothing has to be ended.
        """
        account = self._accounts[client or ""]
        try:
            async with asyncio.timeout(self._wait_s):
                await place
        except TimeoutError as exc:
            message = (
                f"{self._running_limit} of your queries run, and none ended within {self._wait_s:g} s: "
                "send the next one when one has ended"
            )
            self._leave(account, place)
            raise self._refused(message, "wait", 1) from exc
        except asyncio.CancelledError:
            self._leave(account, place)
            raise

    def end(self, client: str | None, now_s: float, seconds: float) -> None:
        """Takes the time that a query used off its client's budget and lets the client's next one run."""
        if client is not None:
            self.charge(client, now_s, seconds)
            self._next(self._accounts[client])

    def charge(self, client: str | None, now_s: float, seconds: float) -> None:
        """Takes time that was used outside of any turn off a client's budget."""
        if client is not None:
            self._spend(self._account(client, now_s), seconds)

    def killed(self, client: str | None, now_s: float) -> None:
        """Takes what another worker costs off the budget of the client whose query had its worker ended."""
        if client is not None:
            self._spend(self._account(client, now_s), KILL_S)

    def bad(self, client: str | None, now_s: float) -> None:
        """Counts a request that could not be answered through its own fault."""
        if client is not None:
            self._account(client, now_s).bad_left -= 1

    def _spend(self, account: _Account, seconds: float) -> None:
        account.seconds_left = max(account.seconds_left - seconds, -self._seconds * _DEBT_PERIODS)

    def _account(self, client: str, now_s: float) -> _Account:
        """The account of a client, filled up to now."""
        account = self._accounts.get(client)
        if account is None:
            account = self._accounts[client] = _Account(self._seconds, self._bad_requests, now_s)
            if len(self._accounts) > CLIENT_LIMIT:
                self._forget()
            return account
        self._accounts.move_to_end(client)
        share = (now_s - account.filled_at_s) / PERIOD_S
        if share > 0:
            account.filled_at_s = now_s
            account.seconds_left = min(self._seconds, account.seconds_left + share * self._seconds)
            account.bad_left = min(self._bad_requests, account.bad_left + share * self._bad_requests)
        return account

    def _forget(self) -> None:
        """Drops the client seen longest ago that has nothing under way.

        Those that have are as few as the connections, and move to the end, so they are stepped over once.
        """
        for _ in range(len(self._accounts) - 1):
            client, account = self._accounts.popitem(last=False)
            if not account.running and not account.waiting:
                return
            self._accounts[client] = account

    def _leave(self, account: _Account, place: Place) -> None:
        """Gives up a place in the line; one that had its turn in this very moment hands it on."""
        if place.cancelled():
            with contextlib.suppress(ValueError):  # `_next` has stepped over it already
                account.waiting.remove(place)
        else:
            self._next(account)

    def _next(self, account: _Account) -> None:
        """Hands what a query that ended leaves free to the client's next one."""
        while account.waiting:
            place = account.waiting.pop(0)
            if not place.cancelled():
                place.set_result(None)
                return
        account.running -= 1

    def _refuse_spent(self, name: str, missing: float, budget: float, used: str, advice: str) -> None:
        retry_after_s = max(1, ceil(missing / budget * PERIOD_S)) if budget > 0 else ceil(PERIOD_S)
        message = f"{used}: try again in {retry_after_s} s, {advice}"
        raise self._refused(message, name, retry_after_s)

    def _refused(self, message: str, name: str, retry_after_s: int) -> OverBudget:
        self._refusals[name] += 1
        return OverBudget(message, retry_after_s=retry_after_s)
