"""Whole answers, kept as long as the dataset they come from: the dataset never changes, so none of them is ever stale.

One cache belongs to one version of the dataset and goes with it. What is asked for again is kept longest, so that a
flood of questions that come once does not wash out those that come often.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from clustergraph.codings import IDENTITY, NAMES

KEPT: Final = "clustergraph.kept"  # where a request carries the answer in its scope, if it was in the cache
REPACKED: Final = "clustergraph.repacked"  # set where the answer was kept in another content coding
FAILED: Final = "clustergraph.failed"  # set where a request has failed already, and only its trouble is to be told
ANSWER_SHARE: Final = 8  # no answer may take more than this part of the cache
KEYS_LIMIT: Final = 8  # of one answer
KEY_LIMIT_BYTES: Final = 4_096
_OVERHEAD_BYTES: Final = 1_024  # of one answer: objects, headers, keys
OF_THE_BODY: Final = frozenset(
    (b"content-length", b"content-type", b"content-encoding", b"content-disposition", b"transfer-encoding")
)
_PROTECTED_SHARE: Final = 0.8  # of the cache, for answers that were asked for more than once

Key = tuple[str | bytes, ...]


def head_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header lines, and the empty line behind them."""
    return b"".join(b"%s: %s\r\n" % one for one in headers) + b"\r\n"


def headers_in(head: bytes) -> list[tuple[bytes, bytes]]:
    """The names and values of header lines."""
    return [(name, value) for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n") if line)]


class Stored:
    """One whole answer with status 200, in one content coding.

    Shape: `head` has the header lines of a GET, without Date, and the empty line behind them; `tag` is its strong
           validator, with the quotes; `route` is the path of the route that made it; `format_name` is None where it
           answers no query.
    """

    __slots__ = ("body", "format_name", "head", "keys", "route", "size_bytes", "tag")

    def __init__(
        self, head: bytes, body: bytes, tag: bytes, route: str = "/sparql", format_name: str | None = None
    ) -> None:
        self.head = head
        self.body = body
        self.tag = tag
        self.route = route
        self.format_name = format_name
        self.keys: list[Key] = []
        self.size_bytes = len(body) + len(head) + _OVERHEAD_BYTES  # what it takes of the cache, its keys included

    @property
    def is_kept(self) -> bool:
        """Whether a cache has it."""
        return bool(self.keys)

    @property
    def head_unchanged(self) -> bytes:
        """The head of a 304, which says nothing of the body.

        Source: RFC 9110, section 15.4.5.
        """
        return head_of(one for one in headers_in(self.head) if one[0] not in OF_THE_BODY)

    @property
    def head_private(self) -> bytes:
        """The head of the same answer to a POST, which no cache on the way may keep."""
        others = (one for one in headers_in(self.head) if one[0] not in (b"etag", b"cache-control"))
        return head_of((*others, (b"cache-control", b"no-store")))


@dataclass
class Use:
    """How often answers were found, were not, and had to leave. Only grows, whatever the dataset."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0


class AnswerCache:
    """Answers by any of their keys, bounded by bytes.

    Shape: a key is a tuple of str and bytes; an answer may have several.
    """

    def __init__(self, limit_bytes: int, use: Use | None = None) -> None:
        self.limit_bytes = limit_bytes
        self.answer_limit_bytes = limit_bytes // ANSWER_SHARE
        self.size_bytes = 0
        self.use = use or Use()
        self._by_key: dict[Key, Stored] = {}
        self._once: OrderedDict[Stored, None] = OrderedDict()
        self._often: OrderedDict[Stored, None] = OrderedDict()
        self._often_bytes = 0

    def successor(self) -> "AnswerCache":
        """An empty cache for another dataset, which counts its use on."""
        return AnswerCache(self.limit_bytes, self.use)

    def __len__(self) -> int:
        """The number of answers."""
        return len(self._once) + len(self._often)

    def get(self, key: Key, *, is_last: bool = False) -> Stored | None:
        """The answer under a key, which counts as asked for again; `is_last` is true where no other key is tried."""
        stored = self._by_key.get(key)
        if stored is None:
            self.use.misses += is_last
            return None
        self.use.hits += 1
        if stored in self._often:
            self._often.move_to_end(stored)
        else:
            self._promote(stored)
        return stored

    def elsewhere(self, key: Key, coding: str) -> Stored | None:
        """The same answer in another content coding, if it is kept: `key` is that of all codings, without one.

        Shape: the one without a coding first, as it need not be unpacked. Counts neither as asked for nor as missed.
        """
        return next((found for one in NAMES if one != coding and (found := self._by_key.get((*key, one)))), None)

    def _promote(self, stored: Stored) -> None:
        self._once.pop(stored)
        self._often[stored] = None
        self._often_bytes += stored.size_bytes
        while self._often_bytes > self.limit_bytes * _PROTECTED_SHARE:
            demoted, _ = self._often.popitem(last=False)
            self._often_bytes -= demoted.size_bytes
            self._once[demoted] = None

    def put(self, key: Key, stored: Stored) -> None:
        """Keeps an answer under one more key, if both are small enough; others may leave for it."""
        size_bytes = sum(map(len, key))
        if size_bytes > KEY_LIMIT_BYTES or len(stored.keys) >= KEYS_LIMIT or key in self._by_key:
            return
        is_new = not stored.keys
        if is_new and stored.size_bytes + size_bytes > self.answer_limit_bytes:
            return
        if not is_new and self._by_key.get(stored.keys[0]) is not stored:
            return  # it has left already
        stored.keys.append(key)
        stored.size_bytes += size_bytes
        self._by_key[key] = stored
        if is_new:
            self._once[stored] = None
        self._grow(stored, stored.size_bytes if is_new else size_bytes)

    def _grow(self, stored: Stored, added_bytes: int) -> None:
        self.size_bytes += added_bytes
        if stored in self._often:
            self._often_bytes += added_bytes
        while self.size_bytes > self.limit_bytes:
            self._evict()

    def _evict(self) -> None:
        is_once = bool(self._once)
        leaving, _ = (self._once if is_once else self._often).popitem(last=False)
        self.use.evictions += 1
        self.size_bytes -= leaving.size_bytes
        if not is_once:
            self._often_bytes -= leaving.size_bytes
        for key in leaving.keys:
            del self._by_key[key]
            leaving.size_bytes -= sum(map(len, key))
        leaving.keys.clear()


def variant_tag(tag: str, coding: str) -> str:
    """The validator of an answer in a content coding: other bytes need another one.

    Source: RFC 9110, section 8.8.3.3.

    >>> variant_tag('"5e1f"', "gzip")
    '"5e1f-gzip"'
    """
    return tag if coding == IDENTITY else f'{tag[:-1]}-{coding}"'
