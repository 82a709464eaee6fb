"""T5 and T31: patterns that backtrack, and texts that make a careless guard slow."""

from collections.abc import Iterator
from typing import Final

from hostile.case import KILLED, Case, by_form, by_post, case

PATTERNS: Final = {
    "nested quantifiers": "(a+)+$",
    "nested stars": "(a*)*b",
    "alternatives that overlap": "(a|aa)+$",
    "alternatives that are the same": "(a|a|a|a)*$",
    "optional in a star": "(a?)*b",
    "many optionals": "a?" * 30 + "a" * 30,
    "dots": "(.*)*(.*)*(.*)*x",
    "back reference": "(a+)\\\\1+$",
    "look ahead": "(?=(a+)+)b",
    "look behind": "(?<=a+)b",
    "counted": "(a{1,100}){1,100}$",
    "counted too high": "((a{1,1000}){1,1000}){1,1000}",
    "large class": "[\\\\u0000-\\\\U0010FFFF]{1000}",
    "many words": "|".join(f"w{n}" for n in range(5_000)),
    "deep": "(" * 200 + "a" + ")" * 200,
    "very deep": "(" * 20_000 + "a" + ")" * 20_000,
    "unclosed": "(" * 1_000,
    "unicode classes": "(\\\\p{L}+)+$",
    "possessive": "(a++)+$",
    "atomic": "(?>a+)+$",
    "recursion": "(?R)*",
    "comment": "(?#x)(a+)+$",
    "empty": "",
    "nothing but anchors": "^$" * 1_000,
}
TEXT: Final = "a" * 10_000 + "!"

NO_QUERY: Final = (
    "no query at all: which of its faults is found first does not matter, and the place of one is looked for by parsing"
    " again and again, within the time of a query"
)

COSTLY: Final = {
    "backslashes in quotes": "'\\'" * 30_000,
    "quotes": "'" * 90_000,
    "double quotes": '"' * 90_000,
    "two kinds of quotes": "'\"" * 45_000,
    "six quotes and a letter": "''''''a" * 12_000,
    "triple quote without end": "'''" + "''\\" * 30_000,
    "less-than signs": "<" * 90_000,
    "less-than and spaces": "< " * 45_000,
    "angles": "<>" * 45_000,
    "hashes": "#" * 90_000,
    "hashes and lines": "#\n" * 45_000,
    "spaces": " " * 90_000,
    "lines": "\r\n" * 45_000,
    "letters": "a" * 90_000,
    "colons": ":" * 90_000,
    "dots": "." * 90_000,
    "names with dots": "a." * 45_000,
    "hyphens": "-" * 90_000,
    "at signs": "@" * 90_000,
    "languages": "@a-" * 30_000,
    "digits": "1" * 90_000,
    "exponents": "1e" * 45_000,
    "percents": "%" * 90_000,
    "escapes": "\\u0041" * 15_000,
    "wide letters": "\U0001f600" * 22_000,
    "question marks": "?" * 90_000,
    "underscores": "_:" * 45_000,
    "carets": "^" * 90_000,
    "bars": "|" * 90_000,
    "slashes": "/" * 90_000,
    "words SERVICE": "service " * 11_000,
    "names with SERVICE": "a:service" * 10_000,
    "VALUES": "VALUES " * 12_000,
    "open VALUES": "VALUES{" * 12_000,
    "data": "VALUES ?x {" + "1 " * 44_000,
    "prefixes": "PREFIX a: <b:> " * 6_000,
    "triple angles": "<<(" * 30_000,
    "brackets in turn": "{}" * 45_000,
    "parentheses in turn": "()" * 45_000,
    "semicolons": ";" * 90_000,
    "commas": "," * 90_000,
}
"""As long as a query may be. The guard must have done with each in a blink."""


def cases() -> Iterator[Case]:
    """Each pattern against a long text; each costly text as a query."""
    for name, pattern in PATTERNS.items():
        query = f'ASK {{ FILTER(REGEX("{TEXT}", "{pattern}")) }}'
        if len(query) > 99_000:
            query = f'ASK {{ FILTER(REGEX("{TEXT[:2_000]}", "{pattern}")) }}'
        yield case("T5", f"REGEX: {name}", by_post(query), 200, 503, 504, why=f"linear, so mostly 200; else {KILLED}")
        query = f'SELECT (STRLEN(REPLACE("{TEXT[:3_000]}", "{pattern}", "$0$0")) AS ?n) {{}}'
        yield case("T5", f"REPLACE: {name}", by_post(query), 200, 503, 504, why=f"linear, so mostly 200; else {KILLED}")
    for flags in ("", "i", "smixq", "q", "z", "i" * 10_000, "\\\\"):
        query = f'SELECT ?x {{ BIND(REGEX("abc", "A", "{flags}") AS ?x) }}'
        yield case("T5", f"flags {flags[:10]}", by_post(query), 200)
    for name, text in COSTLY.items():
        for way, send in (("POST", by_post), ("form", by_form)):
            yield case("T31", f"{name} by {way}", send(text), 400, 413, 403, 504, why=NO_QUERY)
        raw = by_post(f"ASK {{ {text}", headers=[("Accept", "text/html")])
        yield case("T31", f"{name} in a query, for a page", raw, 400, 413, 403, 504, why=NO_QUERY)
