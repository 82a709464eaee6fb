"""Patterns of shapes: the letters, digits and blanks of every alphabet, as to Python, which pySHACL asks."""

import re
import unicodedata

import pytest

from clustergraph.shacl.patterns import compiled

EVERY = [chr(one) for one in range(0x10000) if unicodedata.category(chr(one)) not in ("Cn", "Cs", "Mn", "Mc", "Me")]
"""Of the first plane, without marks: part of a word to XPath and to the engine of queries, and not to Python."""
SEPARATORS = "\x1c\x1d\x1e\x1f"  # blanks to Python, and not to Unicode


def told(pattern: str, texts: list[str], flags: str = "") -> list[str]:
    matches = compiled(pattern, flags)
    assert matches is not None
    return [text for text in texts if matches(text)]


@pytest.mark.parametrize("sign", ["d", "D", "w", "W", "s", "S"])
@pytest.mark.parametrize("form", [r"^\{}$", r"^[\{}]$", r"^[^\{}]$", r"^[]\{}]$"])
def test_signs_of_every_alphabet_are_told_apart_as_python_does(sign: str, form: str) -> None:
    pattern = form.format(sign)
    of_python = re.compile(pattern)
    texts = [one for one in EVERY if one != "\n" and (one not in SEPARATORS or sign not in "sS")]

    differing = set(told(pattern, texts)) ^ {one for one in texts if of_python.search(one)}

    assert {one for one in differing if unicodedata.category(one) not in ("No", "Lo", "Nl")} == set()
    assert len(differing) < 100  # the two know other versions of Unicode


def test_a_word_with_marks_is_a_word() -> None:
    texts = ["Università", "Universita\u0300", "ricerca_1", "a b", "a\u00a0b", "a+b"]

    assert told(r"^\w+$", texts) == texts[:3]
    assert told(r"^[\w ]+$", texts) == texts[:4]
    assert told(r"^\S+$", texts) == [*texts[:3], "a+b"]


@pytest.mark.parametrize("pattern", [r"\bè", r"a\B", r"[a]\b"])
def test_borders_of_words_are_refused_as_they_would_be_those_of_ascii(pattern: str) -> None:
    assert compiled(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "flags", "found"),
    [
        ("^ a [ b] $", "x", ["a ", "ab"]),
        ("^a[] ]$", "x", ["a ", "a]"]),
        ("^a[^ ] $", "x", ["ab", "a]"]),
        ("^a [[:space:]]$", "x", ["a "]),
        (r"^a\Q \E$", "x", ["a "]),
        (r"\d", "q", [r"\d"]),
        (r"^\\d$", "", [r"\d"]),
        (r"^\Q\d\E$", "", [r"\d"]),
        (r"^[[\d]$", "", ["1", "["]),
        (r"^A [B] $", "xi", ["ab"]),
        (r"^[[]b[]] $", "x", ["[b]"]),
    ],
)
def test_blanks_and_escapes_are_what_they_are_where_they_stand(pattern: str, flags: str, found: list[str]) -> None:
    assert told(pattern, ["a ", "ab", "a]", r"\d", "1", "[", "[b]"], flags) == found


@pytest.mark.parametrize("sign", ["d", "D", "w", "W", "s", "S"])
def test_a_hyphen_beside_a_sign_of_a_set_makes_no_range(sign: str) -> None:
    behind, texts = compiled(rf"^[\{sign}-z]+$"), ["-", "z", "`", "_", "{"]
    assert behind is not None

    alone = set(told(rf"^[\{sign}]$", texts))

    assert {text for text in texts if behind(text)} == alone | {"-", "z"}
    assert compiled(rf"^[+-\{sign}]$") is None  # as in RE2 and Python: a set is no end of a range


def test_a_common_pattern_of_mail_addresses_is_read() -> None:
    pattern = r"^[\w-\.]+@([\w-]+\.)+[\w-]{2,4}$"

    assert told(pattern, ["a-b.c@d-e.it", "a b@c.it", "àè@c.it"]) == ["a-b.c@d-e.it", "àè@c.it"]
