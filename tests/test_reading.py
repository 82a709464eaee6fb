"""The reader: the place of every word, words as they were written, and what is said of a text that cannot be read."""

import re

import pytest

from clustergraph.reading import read, tokens
from clustergraph.reading.faults import SENTENCES, WANTED, said
from clustergraph.reading.parsed import Literal, Parsed

XSD = "http://www.w3.org/2001/XMLSchema#"


def told(text: str, syntax: str = "turtle") -> list[tuple[str, tuple[int, int], str]]:
    """Code, place and English sentence of each fault."""
    parsed = read(text, syntax)
    return [(one.code, parsed.place(one.start), said(one, parsed.prefixes)["en"]) for one in parsed.faults]


def words(parsed: Parsed, number: int) -> tuple[str, str, str]:
    """The beginning of the subject and of the property, and the whole value, as they stand in the text."""
    subject, verb, start, end = parsed.places[4 * number : 4 * number + 4]
    return parsed.text[subject:].split()[0], parsed.text[verb:].split()[0], parsed.text[start:end]


def test_the_place_of_every_word_is_known() -> None:
    text = (
        '@prefix x: <x:> .\nx:s a x:C ; x:p 01 , "é"@it ,\n  """a\nb"""^^x:d .\n'
        "[ x:q ( x:a [ x:r true ] ) ] x:p _:b .\n"
    )

    parsed = read(text)

    assert parsed.faults == []
    assert [words(parsed, number) for number in range(len(parsed.triples))] == [
        ("x:s", "a", "x:C"),
        ("x:s", "x:p", "01"),
        ("x:s", "x:p", '"é"@it'),
        ("x:s", "x:p", '"""a\nb"""^^x:d'),
        ("x:a", "x:a", "x:a"),
        ("[", "x:r", "true"),
        ("[", "[", "[ x:r true ]"),
        ("[", "[", "[ x:r true ]"),
        (")", ")", ")"),
        ("[", "x:q", "( x:a [ x:r true ] )"),
        ("[", "x:p", "_:b"),
    ]


@pytest.mark.parametrize(
    ("written", "literal"),
    [
        ("01", Literal("01", f"{XSD}integer")),
        ("-1.50", Literal("-1.50", f"{XSD}decimal")),
        ("1E0", Literal("1E0", f"{XSD}double")),
        ("true", Literal("true", f"{XSD}boolean")),
        ('"a"@DE-ch', Literal("a", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString", "DE-ch")),
        ('"5"^^<x:int>', Literal("5", "x:int")),
        (r"'\u00e9\n'", Literal("é\n")),
    ],
)
def test_a_literal_stays_as_it_was_written(written: str, literal: Literal) -> None:
    assert read(f"<x:s> <x:p> {written} .").triples == [("x:s", "x:p", literal)]


def test_a_number_may_begin_with_its_point_wherever_a_value_stands() -> None:
    parsed = read("<x:s> <x:p> .5 , ( .5 ) .")

    assert [one for _, _, one in parsed.triples if isinstance(one, Literal)] == [Literal(".5", f"{XSD}decimal")] * 2


def test_columns_count_characters_and_every_end_of_line_counts_once() -> None:
    parsed = read('<x:s> <x:p> "\U0001f600", 1 .\r\n<x:s>\r<x:p> 2 .\n')

    assert [parsed.place(parsed.places[4 * number + 2]) for number in range(3)] == [(1, 13), (1, 18), (3, 7)]


FAULTS = {
    "a prefix that everybody knows": (
        '<x:s> skos:prefLabel "a"@en .',
        [
            (
                "T004",
                (1, 7),
                "the prefix 'skos:' is not declared: "
                "write '@prefix skos: <http://www.w3.org/2004/02/skos/core#> .' at the top",
            )
        ],
    ),
    "a prefix with a slip": (
        "@prefix cluster: <x:> .\nclusted:a a cluster:b .\n",
        [("T004", (2, 1), "the prefix 'clusted:' is not declared: did you mean 'cluster:'?")],
    ),
    "a prefix is told once": (
        "@prefix x: <x:> .\nx:a x:p zz:a , zz:a .\nzz:a x:p zz:a .\n",
        [("T004", (2, 9), "the prefix 'zz:' is not declared: write '@prefix zz: <...> .' at the top")],
    ),
    "no semicolon": (
        "@prefix x: <x:> .\nx:a a x:C\n  x:p 1 ;\n  x:q 2 .\n",
        [("T005", (3, 3), "';' is missing before 'x:p': write it at the end of what stands before")],
    ),
    "no dot": (
        "@prefix x: <x:> .\nx:a a x:C ;\n  x:p 1\nx:b a x:C .\n",
        [("T005", (4, 1), "'.' is missing before 'x:b': write it at the end of what stands before")],
    ),
    "a semicolon in the place of a dot": (
        "@prefix x: <x:> .\nx:a a x:C ;\n  x:p 1 ;\n\nx:b a x:C .\n",
        [("T005", (5, 1), "'.' is missing before 'x:b': write it at the end of what stands before")],
    ),
    "two mistakes": (
        '@prefix x: <x:> .\nx:a x:p "a .\nx:b a x:C .\nx:c x:p ) .\nx:d x:p 1 .\n',
        [
            (
                "T006",
                (2, 9),
                "the string that begins here has no end: close it with the same quotes, or with three for many lines",
            ),
            ("T001", (4, 9), "expected a value, found ')'"),
        ],
    ),
    "an address with a space": (
        "<x:a> <x:p> <http://example.org/a b> .\n<x:a> <x:p> 1 .",
        [
            (
                "T008",
                (1, 13),
                "the IRI that begins here has no end, or a character that IRIs do not have: percent-encode that",
            )
        ],
    ),
    "the end comes too soon": (
        "<x:a> <x:p> [ <x:q> 1",
        [("T001", (1, 22), "expected ';', ',' or ']', found the end of the text")],
    ),
    "a string closed with a sign of word processors": (
        "<x:a> <x:p> \"L'Università” @en ;\n  <x:p> 1 .\n",
        [("T006", (1, 13), "the string that begins here has no end: '”' does not close it, write it as '\"'")],
    ),
    "a prefix of ours": (
        "<x:s> <x:p> count:a , countable:b .\n@prefix countable: <x:> .",
        [
            (
                "T004",
                (1, 13),
                "the prefix 'count:' is not declared: "
                "write '@prefix count: <https://w3id.org/clustergraph/id/count/> .' at the top",
            ),
            (
                "T004",
                (1, 23),
                "the prefix 'countable:' is not declared: "
                "write '@prefix countable: <https://w3id.org/clustergraph/id/countable/> .' at the top",
            ),
        ],
    ),
    "no dot after a prefix": (
        "@prefix x: <x:>\n@prefix y: <y:>\nx:a y:p 1 .\n@prefix z: <z:>",
        [
            ("T005", (2, 1), "'.' is missing before '@prefix': write it at the end of what stands before"),
            ("T005", (3, 1), "'.' is missing before 'x:a': write it at the end of what stands before"),
            ("T005", (4, 16), "'.' is missing before the end of the text: write it at the end of what stands before"),
        ],
    ),
    "something else after a prefix": ("@prefix x: <x:> x:a x:p 1 .", [("T001", (1, 17), "expected '.', found 'x:a'")]),
    "dates without quotes": (
        "\n".join(
            f"<x:{number}> <x:p> {date} ; <x:q> 1 ."
            for number, date in enumerate(
                ("12/03/2020", "2020-03-12", "12.3.2020", "3/25/2020", "2020-03", "99/99/2020")
            )
        ),
        [
            (
                "T001",
                (line, 13),
                f"expected a value, found '{date}': write it as '\"{meant}\"^^xsd:{datatype}'",
            )
            for line, date, meant, datatype in (
                (1, "12/03/2020", "2020-03-12", "date"),
                (2, "2020-03-12", "2020-03-12", "date"),
                (3, "12.3.2020", "2020-03-12", "date"),
                (4, "3/25/2020", "2020-03-25", "date"),
                (5, "2020-03", "2020-03", "gYearMonth"),
            )
        ]
        + [("T001", (6, 15), "expected ';', ',' or '.', found '/'")],
    ),
    "statements about statements": (
        "<< <x:a> <x:b> <x:c> >> <x:p> 1 .",
        [
            (
                "T010",
                (1, 1),
                "statements about statements and directions of text are of RDF 1.2, which we do not publish",
            )
        ],
    ),
    "an address that is relative": (
        "<a> <x:p> 1 .",
        [
            (
                "T012",
                (1, 1),
                "<a> is relative, and there is nothing that it is relative to: write the IRI in full, or a prefix",
            )
        ],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_is_told_at_its_place_and_what_follows_is_read(name: str) -> None:
    text, faults = FAULTS[name]

    assert told(text) == faults


def test_brackets_may_not_stand_in_one_another_without_end() -> None:
    assert told("<x:s> <x:p> " + "[ <x:p> " * 100_000) == [
        ("T009", (1, 813), "more than 100 brackets stand inside one another: give the things IRIs of their own")
    ]


def test_of_a_text_that_is_something_else_no_more_than_fifty_faults_are_told() -> None:
    assert len(told("{\n" * 1000)) == 50


def test_every_sentence_is_there_in_both_languages() -> None:
    assert [code for code, texts in SENTENCES.items() if sorted(texts) != ["en", "it"] or not all(texts.values())] == []
    assert [one for one in WANTED.values() if not one] == []


PN_CHARS_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
PN_CHARS = rf"{PN_CHARS_BASE}_\-0-9\u00b7\u0300-\u036f\u203f-\u2040"


@pytest.mark.parametrize(
    ("pattern", "before", "grammar"),
    [
        (tokens.PREFIX, "{}:", PN_CHARS_BASE),
        (tokens.PREFIX, "a{}:", PN_CHARS),
        (tokens.NAME, ":{}", rf"{PN_CHARS_BASE}_:0-9"),
        (tokens.NAME, ":a{}", rf"{PN_CHARS}:"),
        (tokens.BLANK, "_:{}", rf"{PN_CHARS_BASE}_0-9"),
        (tokens.BLANK, "_:a{}", PN_CHARS),
    ],
    ids=["first of a prefix", "prefix", "first of a local name", "local name", "first of a blank node", "blank node"],
)
def test_a_name_may_have_the_characters_that_the_grammar_gives_it_and_no_others(
    pattern: str, before: str, grammar: str
) -> None:
    ours, theirs = re.compile(pattern), re.compile(f"[{grammar}]")

    differing = [
        hex(number)
        for number in range(0x110000)
        if bool(ours.fullmatch(before.format(chr(number)))) != bool(theirs.fullmatch(chr(number)))
    ]

    assert differing == []
