"""What the text of a query tells before it is asked: its form, and whether another call would answer it otherwise.

Reading every token takes up to 50 ms, in which nobody else would be served. So a text is read once, a longer one beside
the event loop and no two at a time, and what was found is remembered.
"""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from itertools import pairwise, takewhile
from typing import Final, NamedTuple

from clustergraph.errors import Busy
from clustergraph.guard import Form, admit, query_form
from clustergraph.prefilter import normalised, plain_form
from clustergraph.runner import Limits

SHORT_CHARACTERS: Final = 2_048  # of a query that is read on the event loop, within a millisecond
MEMO_LIMIT: Final = 4_096  # judgements that are remembered, of some 200 bytes each

_CHANGING: Final = re.compile("NOW|RAND|UUID|BNODE", re.IGNORECASE)  # also STRUUID, and FILTERRAND, which is two words
_OPENING: Final = re.compile(r"\[|_:|\(|<<|~|\{\|")
_MAKING: Final = frozenset({"[", "(", "<<", "~", "{|"})  # the last three a reifier, which may be given a name
_FORMS_WITHOUT_TEMPLATE: Final = ("SELECT", "ASK", "DESCRIBE")


class Judgement(NamedTuple):
    """What is known of a query that may be given to an engine.

    Shape: `changes` where a function is called that gives another value each time; `makes_nodes` where a template has,
           or may have, blank nodes, which have other names each time. `meaning` is a digest that texts share which
           differ in their spaces alone.
    """

    form: Form | None
    changes: bool = False
    makes_nodes: bool = False
    meaning: str = ""


def judged(query: str, limits: Limits) -> Judgement:
    """What is known of a query, from one look at its tokens.

    Raises: what the guard raises.

    >>> judged("CONSTRUCT { ?s ?p [] } WHERE { ?s ?p ?o }", Limits())[:3]
    ('CONSTRUCT', False, True)
    """
    return _plainly(query, limits) or _thoroughly(query, limits)


def _plainly(query: str, limits: Limits) -> Judgement | None:
    """The judgement of a text that is plain; only one that might have other answers each time is read as a whole."""
    form = plain_form(query, limits)
    if form is None:
        return None
    return _thoroughly(query, limits) if _may_differ(query, form) else Judgement(form, meaning=_meaning(query))


def _thoroughly(query: str, limits: Limits) -> Judgement:
    tokens = admit(query, limits)
    form = query_form(tokens)
    changes = any(  # of names, which hold such words, calls only
        (token.kind == "word" or (token.kind == "name" and following.text == "(")) and _CHANGING.search(token.text)
        for token, following in pairwise(tokens)
    )
    template = takewhile(lambda one: one.depth or one.kind != "close", tokens)
    makes_nodes = form not in _FORMS_WITHOUT_TEMPLATE and any(
        one.depth and (one.kind == "blank" or one.text in _MAKING) for one in template
    )
    return Judgement(form, changes, makes_nodes, _meaning(query))


def _meaning(query: str) -> str:
    return _key(normalised(query)).hex()


def _may_differ(query: str, form: Form) -> bool:
    return bool(_CHANGING.search(query) or (form not in _FORMS_WITHOUT_TEMPLATE and _OPENING.search(query)))


class Judge:
    """Judges the queries of one server, each text once as long as it is remembered.

    Shape: `limits` and the time that a query waits for its turn never change, so a judgement never does.
    """

    def __init__(self, limits: Limits, wait_s: float) -> None:
        self._limits = limits
        self._wait_s = wait_s
        self._known: OrderedDict[bytes, Judgement] = OrderedDict()
        self._turn = asyncio.Semaphore(1)

    def at_once(self, query: str) -> Judgement | None:
        """The judgement where it costs next to nothing: the text is known, or short and plain; else None."""
        key = _key(query)
        known = self._recalled(key)
        if known is not None or len(query) > SHORT_CHARACTERS:
            return known
        plain = _plainly(query, self._limits)
        return self._remembered(key, plain) if plain else None

    async def judged(self, query: str, waited: Callable[[], object]) -> Judgement:
        """The judgement of a text that has none at once: a longer one when those before it are read.

        Shape: `waited` is called as soon as it waits for no other one.
        Raises: what the guard raises; Busy if the others take too long.
        """
        key = _key(query)
        if len(query) <= SHORT_CHARACTERS:
            return self._remembered(key, _thoroughly(query, self._limits))
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turn.acquire()
        except TimeoutError as exc:
            message = f"other long queries are being read, and that took more than {self._wait_s:g} s: try again"
            raise Busy(message, retry_after_s=1) from exc
        finally:
            waited()
        try:
            # The same text may have been read in the meantime.
            return self._recalled(key) or self._remembered(key, await asyncio.to_thread(judged, query, self._limits))
        finally:
            self._turn.release()

    def _recalled(self, key: bytes) -> Judgement | None:
        if key in self._known:
            self._known.move_to_end(key)
        return self._known.get(key)

    def _remembered(self, key: bytes, judgement: Judgement) -> Judgement:
        self._known[key] = judgement
        if len(self._known) > MEMO_LIMIT:
            self._known.popitem(last=False)
        return judgement


def _key(query: str) -> bytes:
    return hashlib.sha256(query.encode("utf-8", "surrogatepass")).digest()
