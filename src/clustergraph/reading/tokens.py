"""The words of Turtle and TriG as one pattern, and what their escapes stand for.

Source: RDF 1.1 Turtle, section 6.5 (grammar), and RDF 1.1 TriG, section 4.5, which has the same words.
"""

from typing import Final

_BASE: Final = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_FIRST: Final = f"{_BASE}_"
_LATER: Final = f"{_FIRST}0-9\u00b7\u0300-\u036f\u203f-\u2040\\-"
_LOCAL_ESCAPE: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_CODE_POINT: Final = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_ESCAPE: Final = rf"""\\[tbnrf"'\\]|{_CODE_POINT}"""

# Nothing goes back: where a star could give characters up again, it is possessive, or what follows it differs.
GAP: Final = r"(?:[ \t\r\n]++|\#[^\r\n]*+)*+"
IRI: Final = rf"""<(?:[^\x00-\x20<>"{{}}|^`\\]++|{_CODE_POINT})*+>"""
PREFIX: Final = rf"(?:[{_BASE}](?:[{_LATER}]++|\.++(?=[{_LATER}]))*+)?:"
NAME: Final = (
    rf"{PREFIX}(?:(?:[{_FIRST}:0-9]|{_LOCAL_ESCAPE})(?:[{_LATER}:]++|\.++(?=[{_LATER}:%\\])|{_LOCAL_ESCAPE})*+)?"
)
BLANK: Final = rf"_:[{_FIRST}0-9](?:[{_LATER}]++|\.++(?=[{_LATER}]))*+"
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
