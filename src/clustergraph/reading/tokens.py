"""The words of Turtle and TriG as one pattern, and what their escapes stand for.

Source: RDF 1.1 Turtle, section 6.5 (grammar), and RDF 1.1 TriG, section 4.5, which has the same words.
"""

from typing import Final

from clustergraph.characters import DIGITS, LATER, base_and

_BASE: Final = base_and()
_FIRST: Final = base_and("_" + DIGITS)
_FIRST_OF_LOCAL: Final = base_and("_:" + DIGITS)
_LATER: Final = base_and("_" + LATER)
_LATER_OF_LOCAL: Final = base_and("_:" + LATER)
_AFTER_DOT: Final = base_and("_:%\\" + LATER)
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
