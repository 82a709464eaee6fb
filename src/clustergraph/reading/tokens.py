"""The words of Turtle and TriG as one pattern, and what their escapes stand for.

Source: RDF 1.1 Turtle, section 6.5 (grammar), and RDF 1.1 TriG, section 4.5, which has the same words.
"""

import re
from collections.abc import Iterator
from typing import Final

_NOT_BASE: Final = (
    *((0x0, 0x40), (0x5B, 0x60), (0x7B, 0xBF), (0xD7, 0xD7), (0xF7, 0xF7), (0x300, 0x36F), (0x37E, 0x37E)),
    *((0x2000, 0x200B), (0x200E, 0x206F), (0x2190, 0x2BFF), (0x2FF0, 0x3000), (0xD800, 0xF8FF), (0xFDD0, 0xFDEF)),
    *((0xFFFE, 0xFFFF), (0xF0000, 0x10FFFF)),
)
"""The code points that PN_CHARS_BASE leaves out, from the first of each range to its last."""


def _class(also: str = "") -> str:
    """The characters of PN_CHARS_BASE and some more, written as what they are not.

    Such a pattern compiles in a quarter of the time, as few characters below U+10000 are left out; a command that
    reads one file would spend a tenth of a second on the others.
    """
    left_out = "".join(
        f"{re.escape(chr(first))}-{re.escape(chr(last))}"
        for start, end in _NOT_BASE
        for first, last in _between(start, end, sorted({ord(one) for one in also}))
    )
    return f"[^{left_out}]"


def _between(start: int, end: int, taken: list[int]) -> Iterator[tuple[int, int]]:
    """What is left of a range without some of its members."""
    for one in taken:
        if start <= one <= end:
            if start < one:
                yield start, one - 1
            start = one + 1
    if start <= end:
        yield start, end


_DIGITS: Final = "0123456789"
_MORE: Final = "".join(map(chr, (0xB7, *range(0x300, 0x370), 0x203F, 0x2040)))
_BASE: Final = _class()
_FIRST: Final = _class("_" + _DIGITS)
_FIRST_OF_LOCAL: Final = _class("_:" + _DIGITS)
_LATER: Final = _class("_-" + _DIGITS + _MORE)
_LATER_OF_LOCAL: Final = _class("_-:" + _DIGITS + _MORE)
_AFTER_DOT: Final = _class("_-:%\\" + _DIGITS + _MORE)
_LOCAL_ESCAPE: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_CODE_POINT: Final = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_ESCAPE: Final = rf"""\\[tbnrf"'\\]|{_CODE_POINT}"""

# Nothing goes back: where a star could give characters up again, it is possessive, or what follows it differs.
GAP: Final = r"(?:[ \t\r\n]++|\#[^\r\n]*+)*+"
IRI: Final = rf"""<(?:[^\x00-\x20<>"{{}}|^`\\]++|{_CODE_POINT})*+>"""
PREFIX: Final = rf"(?:{_BASE}(?:{_LATER}++|\.++(?={_LATER}))*+)?:"
NAME: Final = (
    rf"{PREFIX}(?:(?:{_FIRST_OF_LOCAL}|{_LOCAL_ESCAPE})(?:{_LATER_OF_LOCAL}++|\.++(?={_AFTER_DOT})|{_LOCAL_ESCAPE})*+)?"
)
BLANK: Final = rf"_:{_FIRST}(?:{_LATER}++|\.++(?={_LATER}))*+"
STRING: Final = (
    rf'''"""(?:[^"\\]++|"(?!"")|{_ESCAPE})*+"""|\'\'\'(?:[^'\\]++|'(?!'')|{_ESCAPE})*+\'\'\''''
    rf"""|"(?!"")(?:[^"\\\n\r]++|{_ESCAPE})*+"|'(?!'')(?:[^'\\\n\r]++|{_ESCAPE})*+'"""
)
LANGUAGE: Final = r"@[a-zA-Z]++(?:-[a-zA-Z0-9]++)*+"
NUMBER: Final = (
    r"[+\-]?(?:[0-9]++(?:\.[0-9]*+[eE][+\-]?[0-9]++|[eE][+\-]?[0-9]++|\.[0-9]++)?+|\.[0-9]++(?:[eE][+\-]?[0-9]++)?+)"
)

LINE_STRING: Final = rf'"(?:[^"\\\n\r]++|{_ESCAPE})*+"'
"""The one form that a string has in N-Triples."""
