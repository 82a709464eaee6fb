"""Canonical Turtle: it says what was written, keeps every comment, and is its own canonical form."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from clustergraph.cli import verbs
from clustergraph.formatting import SENTENCES, Unformattable, formatted
from clustergraph.formatting.sameness import says_the_same
from clustergraph.reading import read
from clustergraph.reading.words import WORD
from conftest import REPOSITORY, SAMPLE

FILES = sorted(
    path
    for root in (REPOSITORY, SAMPLE)
    for folder in ("data", "ontology", "shapes")
    for path in (root / folder).rglob("*.ttl")
)
HEAD = "@prefix b: <x:b#> .\n@prefix a: <x:a#> .\n"


def comments_of(text: str) -> Counter[str]:
    """How often each comment stands in a text."""
    found, at = [], 0
    while (match := WORD.match(text, at)) is not None and match.end() > at:
        gap = text[at : match.start(match.lastgroup or 0)]
        found += [one.strip() for one in re.findall(r"#[^\r\n]*", gap)]
        at = match.end()
    return Counter(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_real_file_says_the_same_in_canonical_form_which_is_its_own(path: Path) -> None:
    parsed = read(path.read_text(encoding="utf-8"))

    text = formatted(parsed)

    assert says_the_same(parsed, read(text))
    assert comments_of(text) == comments_of(parsed.text)
    assert formatted(read(text)) == text


WRITTEN = [
    pytest.param("a:s a:p 1 .", "a:s a:p 1 .\n", id="one triple"),
    pytest.param("a:s b:p 2 , 1 , a:x ; a:p 1 ; a a:C .", "a:s a a:C ;\n    a:p 1 ;\n    b:p a:x ,\n        1 ,\n        2 .\n", id="order"),
    pytest.param('a:s a:p "b"@en , "z"@it , "a"@it , "c" .', 'a:s a:p "c" ,\n        "b"@en ,\n        "a"@it ,\n        "z"@it .\n', id="languages"),
    pytest.param("a:s a a:D , a:C .", "a:s a a:C , a:D .\n", id="types on one line"),
    pytest.param("a:s <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> a:C .", "a:s a a:C .\n", id="type in full"),
    pytest.param("a:s a:p 1 . a:t a:p 1 . a:s a:q 2 .", "a:s a:p 1 ;\n    a:q 2 .\n\na:t a:p 1 .\n", id="one statement a subject"),
    pytest.param("a:s a:p 1 , 1 ; a:p 1 .", "a:s a:p 1 .\n", id="said twice"),
    pytest.param("a:s a:p ( 2 1 ) , [ a:q 2 ; a:p 1 ] .", "a:s a:p ( 2 1 ) ,\n        [ a:p 1 ; a:q 2 ] .\n", id="brackets and lists"),
    pytest.param('a:s a:p """x\n   y""" .', 'a:s a:p """x\n   y""" .\n', id="a long literal as written"),
    pytest.param("# of s\na:s # on s\n a:q 1 ; # on q\n# of p\na:p 2 . # on p", "# of s\n# on s\na:s\n    # of p\n    a:p 2 ; # on p\n    a:q 1 . # on q\n", id="comments move with what they are about"),
    pytest.param("a:s a:p 1 . # one\n\n# two\n\n# three\n", "a:s a:p 1 . # one\n\n# two\n\n# three\n", id="comments at the end"),
    pytest.param("a:s a:p [ # in\n a:q 1 # one\n # last\n ] ; # after\n .", "a:s a:p [\n            # in\n            a:q 1 # one\n            # last\n        ] . # after\n", id="comments in brackets"),
    pytest.param("a:s a:p (\n # in\n 1 # one\n 2 ) .", "a:s a:p (\n            # in\n            1 # one\n            2\n        ) .\n", id="comments in a list"),
    pytest.param("a:s a:p 1 ,\n# of two\n2 .", "a:s a:p 1 ,\n        # of two\n        2 .\n", id="a comment of a value"),
    pytest.param("a:s a:p 1 # so\n.", "a:s a:p 1 . # so\n", id="a comment before the full stop"),
    pytest.param("a:s a:p 1\n# so\n.", "a:s a:p 1\n    # so\n.\n", id="a comment on a line before the full stop"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_a_text_is_laid_out(text: str, expected: str) -> None:
    outcome = formatted(read(HEAD + text))

    body = outcome.partition("\n\n")[2] if outcome.startswith("@prefix") else outcome
    assert body == expected


def test_prefixes_that_are_used_stand_at_the_top_by_name() -> None:
    text = "# head\n\nPREFIX z: <x:z>\n# of b\n@prefix b: <x:b> . # on b\n@prefix a: <x:a> .\nz:s b:p 1 ."

    assert formatted(read(text)) == "# head\n\n# of b\n@prefix b: <x:b> . # on b\n@prefix z: <x:z> .\n\nz:s b:p 1 .\n"


@pytest.mark.parametrize(
    ("text", "english", "italian"),
    [
        pytest.param(
            "@prefix a: <x:a> . a:s a:p 1 . @prefix a: <x:b> . a:s a:p 1 .",
            "a: is declared here again, as something else: give it another name, or write the IRIs in full",
            "a: è dichiarato qui di nuovo, come altro: dargli un altro nome, o scrivere gli IRI per intero",
            id="a prefix",
        ),
        pytest.param(
            "@base <http://a/> . <s> <p> 1 . @base <http://b/> . <s> <p> 1 .",
            "@base is declared here again, as something else: give it another name, or write the IRIs in full",
            "@base è dichiarato qui di nuovo, come altro: dargli un altro nome, o scrivere gli IRI per intero",
            id="the base",
        ),
    ],
)
def test_a_name_that_means_two_things_is_refused(text: str, english: str, italian: str) -> None:
    with pytest.raises(Unformattable) as caught:
        formatted(read(text))

    assert caught.value.message == {"en": english, "it": italian}


def test_texts_that_say_something_else_are_told_apart() -> None:
    one = read("@prefix a: <x:a> . a:s a:p [ a:q ( 1 2 ) ] .")

    assert says_the_same(one, read("@prefix a: <x:a> . a:s a:p [ a:q ( 1 2 ) ] , [ a:q ( 1 2 ) ] .")) is False
    assert says_the_same(one, read("@prefix a: <x:a> . a:s a:p [ a:q ( 2 1 ) ] .")) is False
    assert says_the_same(one, read("@prefix a: <x:a> . _:x a:q ( 1 2 ) . a:s a:p _:x .")) is False


NAMES = st.sampled_from(["a:x", "a:y", "b:x", "b:y-z", "<x:a#x>", "<x:full>", "_:n"])
VERBS = st.sampled_from(["a", "a:p", "b:p", "a:q", "<x:p>", "rdf:type"])
LITERALS = st.sampled_from(
    [
        '"x"',
        "'y'@it",
        '"y"@en',
        '"z"@en-GB',
        '"1"^^a:t',
        "1",
        "-2.5",
        "1e3",
        "true",
        '"""long\n # no comment"""',
        '"# \\" no"',
    ]
)
GAPS = st.lists(st.sampled_from([" ", "\n", "\n\n", "\t", "# one\n", "# two \n", "#\n", "\r\n", "#three;.\r\n"]), min_size=1, max_size=4).map(lambda one: " " + "".join(one))  # fmt: skip


@st.composite
def values(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """The words of one value."""
    kind = draw(st.integers(0, 9 if depth < 3 else 7))
    if kind == 8:
        return ["[", *draw(properties(depth + 1, at_least=0)), "]"]
    if kind == 9:
        items = draw(st.lists(values(depth + 1), max_size=3))
        return ["(", *[word for item in items for word in item], ")"]
    return [draw(NAMES if kind < 4 else LITERALS)]


@st.composite
def properties(draw: st.DrawFn, depth: int = 0, at_least: int = 1) -> list[str]:
    """The words of a list of properties."""
    words: list[str] = []
    for _ in range(draw(st.integers(at_least, 3))):
        words += [";"] * draw(st.integers(1, 2)) if words else []
        words.append(draw(VERBS))
        for number in range(draw(st.integers(1, 3))):
            words += [*([","] if number else []), *draw(values(depth))]
    return [*words, *([";"] if draw(st.booleans()) and words else [])]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A Turtle text with comments wherever one can stand."""
    words = ["@prefix", "b:", "<x:b#>", ".", "PREFIX", "rdf:", "<http://www.w3.org/1999/02/22-rdf-syntax-ns#>"]
    words += ["@prefix", "a:", "<x:a#>", "."]
    for _ in range(draw(st.integers(0, 4))):
        subject = draw(
            st.sampled_from(
                [["a:x"], ["b:s"], ["_:n"], ["<x:full>"], ["[", "a:p", "1", "]"], ["[", "]"], ["(", "1", ")"]]
            )
        )
        words += [*subject, *draw(properties()), "."]
        if draw(st.booleans()):
            words += ["@prefix", "c:", "<x:c#>", "."]
    return "".join(draw(GAPS) + word for word in words) + draw(GAPS)


@settings(max_examples=150)
@given(texts())
def test_any_text_keeps_its_triples_and_comments_and_is_formatted_once_for_all(text: str) -> None:
    parsed = read(text)
    assert parsed.faults == []

    outcome = formatted(parsed)

    assert says_the_same(parsed, read(outcome))
    assert comments_of(outcome) == comments_of(text)
    assert formatted(read(outcome)) == outcome


def test_a_list_longer_than_a_stack_is_formatted() -> None:
    text = f"<x:s> <x:p> ( {'1 ' * 20_000}) ."

    assert formatted(read(text)).count("\n") == 20_002


def test_every_sentence_is_there_in_both_languages() -> None:
    assert {code: set(one) for code, one in SENTENCES.items()} == {code: {"en", "it"} for code in SENTENCES}


UNTIDY = "@prefix b: <x:b> .\n@prefix a: <x:a> .\na:s   a:p 1 .\n"
TIDY = "@prefix a: <x:a> .\n\na:s a:p 1 .\n"


def test_the_command_writes_what_it_formats_and_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "one.ttl").write_text(UNTIDY)
    (tmp_path / "two.ttl").write_text(TIDY)

    result = CliRunner().invoke(verbs, ["format", str(tmp_path)])

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "1 of 2 files changed.\n")
    assert [one.read_text() for one in sorted(tmp_path.iterdir())] == [TIDY, TIDY]


def test_check_writes_nothing_and_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "one.ttl"
    file.write_text(UNTIDY)

    result = CliRunner().invoke(verbs, ["format", str(file), "--check", "--lang", "it"])

    expected = f"violazione F001: {SENTENCES['F001']['it']}\n--> {file}\n\n1 rilievo in 1 file: 1 violazione.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, expected, "1 file su 1 da impaginare.\n")
    assert file.read_text() == UNTIDY


def test_diff_shows_what_would_change_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "one.ttl"
    file.write_text("<x:s>  <x:p> '\\u001b' . # \x1b\n")

    result = CliRunner().invoke(verbs, ["format", str(file), "--diff"])

    expected = f"--- a/{file}\n+++ b/{file}\n@@ -1 +1 @@\n-<x:s>  <x:p> '\\u001b' . # \\u001b\n+<x:s> <x:p> '\\u001b' . # \\u001b\n"
    assert (result.exit_code, result.stdout) == (1, expected)


def test_git_applies_a_diff_wherever_in_the_repository_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("data", "ontology", "shapes", "queries"):
        (tmp_path / folder).mkdir()
    untidy = "<x:s>  <x:p> 'a\tb' .\r\n<x:s> <x:p> 'c' ."
    (tmp_path / "data/one.ttl").write_text(untidy, encoding="utf-8", newline="")
    monkeypatch.chdir(tmp_path / "data")

    shown = CliRunner().invoke(verbs, ["format", "one.ttl", "--diff"]).stdout_bytes
    git = ["git", "apply", "--unsafe-paths", "-"]
    subprocess.run(git, cwd=tmp_path, input=shown, check=True, capture_output=True)

    assert (tmp_path / "data/one.ttl").read_bytes() == formatted(read(untidy)).encode()


def test_a_file_that_does_not_read_is_left_alone_with_its_findings(tmp_path: Path) -> None:
    file = tmp_path / "one.ttl"
    file.write_text("a:s a:p 1 .\n")

    result = CliRunner().invoke(verbs, ["format", str(file)])

    finding = "the prefix 'a:' is not declared: write '@prefix a: <...> .' at the top"
    frame = f"--> {file}:1:1\n  |\n1 | a:s a:p 1 .\n  | ^^^\n"
    assert (result.exit_code, result.stdout.count(f"violation T004: {finding}\n")) == (1, 2)
    assert frame in result.stdout
    assert file.read_text() == "a:s a:p 1 .\n"


def test_what_is_no_turtle_file_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")

    result = CliRunner().invoke(verbs, ["format", str(tmp_path / "a.txt")])

    assert (
        str(result.exception) == f"there is no Turtle file or folder '{tmp_path / 'a.txt'}': name one that ends in .ttl"
    )
