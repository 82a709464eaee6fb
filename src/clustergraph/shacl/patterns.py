"""Regular expressions of SHACL, matched in time that grows with the text alone, whatever the pattern.

Letters, digits and blanks are those of Unicode, as to pySHACL and to REGEX in the engine of queries; those of RE2 alone
are of ASCII.

Source: XPath and XQuery Functions 3.1, section 5.6.1 (flags); https://github.com/google/re2/wiki/Syntax.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from typing import Final

import re2

_FLAGS: Final = frozenset("smixq")
_MEMORY_BYTES: Final = 8 << 20  # of one compiled pattern
_INSIDE: Final = {
    r"\d": r"\p{Nd}",
    r"\D": r"\P{Nd}",
    r"\w": r"\p{L}_\p{M}\p{N}",
    r"\s": r"\p{Z}\t-\r\x{85}\p{Z}",
    r"\S": r"\p{L}\x{0}-\x{8}\x{e}-\x{1f}!-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}"
    r"\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}",
}
"""What RE2 is told inside brackets, where it has no complement of a set.

Each begins with a class, and ends with one or with a range: a sign there would make a range of a hyphen beside it.
"""
_OUTSIDE: Final = {
    **{sign: f"[{_INSIDE[sign]}]" for sign in (r"\d", r"\D", r"\w", r"\s")},
    **{sign.upper(): f"[^{_INSIDE[sign]}]" for sign in (r"\w", r"\s")},
}
_UNKNOWN: Final = frozenset({r"\b", r"\B"})  # of ASCII to RE2, and of no other alphabet
_PARTS: Final = re.compile(
    r"(?P<quoted>\\Q.*?(?:\\E|\Z))|(?P<escaped>\\.)|(?P<set>\[:\^?\w+:\])|(?P<open>\[\^?\]?)|(?P<one>.)", re.DOTALL
)


def compiled(pattern: str, flags: str = "") -> Callable[[str], bool] | None:
    """What tells whether a text holds a match; None for a pattern or flags that cannot be read.

    >>> compiled("^a+$", "i")("AAA")
    True
    """
    if not _FLAGS.issuperset(flags):
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    options.case_sensitive = "i" not in flags
    options.dot_nl = "s" in flags
    options.literal = "q" in flags
    if "q" not in flags:
        parts = [*_translated(pattern, is_spaced="x" in flags)]
        if not _UNKNOWN.isdisjoint(parts):
            return None
        pattern = f"{'(?m)' if 'm' in flags else ''}{''.join(parts)}"
    try:
        search = re2.compile(pattern, options).search
        one = re2.Set.SearchSet(options)
        one.Add(pattern)
        one.Compile()
    except re2.error:
        return None
    # A set says no more than that there is a match, in a third of the time; where it runs out of memory it finds none.
    return lambda text: one.Match(text) is not None or search(text) is not None


def _translated(pattern: str, *, is_spaced: bool) -> Iterator[str]:
    """The parts of a pattern for RE2, without blanks outside brackets if it is spaced."""
    is_inside = False
    for part in _PARTS.finditer(pattern):
        kind, text = part.lastgroup, part[0]
        if is_inside and kind == "open":  # one more sign there
            kind, is_inside = "one", not text.endswith("]")
        elif kind in ("set", "open"):
            is_inside = kind == "open" or is_inside
        elif text == "]":
            is_inside = False
        if kind == "escaped":
            yield _complement() if is_inside and text == r"\W" else (_INSIDE if is_inside else _OUTSIDE).get(text, text)
        elif not (is_spaced and kind == "one" and not is_inside and text in " \t\n\r"):
            yield text


@cache
def _complement() -> str:
    """What is inside brackets for all signs that are neither letter, mark, number nor underscore."""
    groups = groupby(
        range(sys.maxunicode + 1), lambda one: chr(one) != "_" and unicodedata.category(chr(one))[0] not in "LMN"
    )
    spans = [[*of] for is_other, of in groups if is_other]
    return r"\p{S}" + "".join(f"\\x{{{of[0]:x}}}-\\x{{{of[-1]:x}}}" for of in spans)
