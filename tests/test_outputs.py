"""How findings are printed: what each format says, and that nothing in a file can say more through it."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rdflib import Graph

from clustergraph.checking import check, sources_of
from clustergraph.findings import INFO, LANGUAGES, VIOLATION, WARNING, Coverage, Finding, Origin, Related, Suppressed
from clustergraph.outputs import RENDERERS, Outcome, Sources, fingerprints
from clustergraph.outputs.frames import WIDTH, frame, width
from clustergraph.outputs.objects import schema
from clustergraph.outputs.titles import TITLES
from clustergraph.reading import read
from clustergraph.reading.parsed import Literal, Place
from clustergraph.repository import read_repository
from conftest import SAMPLE
from sarif_parts import OUR_PART_OF_SARIF
from test_docs import rows

OASIS = Path(__file__).parent / ".servers/sarif-2.1.0-rtm.5.json"

REASON = "so say\x1b the | tuners"
TEXT = "a:b a c:D ;\n\tc:e \"字é\" , 'two' .\n"
BELL = Finding(
    "data/b.ttl",
    "T001",
    VIOLATION,
    {"en": "a dot is missing", "it": "manca un punto"},
    Place(2, 13, 2, 18),
    related=(Related("data/a.ttl", Place(1, 1, 1, 4), {"en": "see also", "it": "vedi anche"}),),
)
CHIME = Finding(
    "data/a.ttl",
    "C004",
    WARNING,
    {"en": "look again", "it": "guarda ancora"},
    Place(1, 1, 1, 4),
    {"en": "Say when.", "it": "Di' quando."},
    origin=Origin(
        "https://example.org/s",
        Literal('"x"', "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString", "it"),
        "( <https://example.org/p> [ <http://www.w3.org/ns/shacl#inversePath> <https://example.org/q> ] )",
        "http://www.w3.org/ns/shacl#MinCountConstraintComponent",
        "_:shape 1",
        "http://www.w3.org/ns/shacl#Warning",
    ),
)
NOWHERE = Finding("data/a.ttl", "H001", INFO, {"en": "rename è", "it": "rinomina è"})
FINDINGS = [NOWHERE, CHIME, BELL]
SOURCES = Sources({"data/a.ttl": TEXT, "data/b.ttl": TEXT})
COVERAGE = Coverage(2, 1234, {"cgsh:A": 1000, "cgsh:B": 0, **{f"cgsh:C{one}": one for one in range(1, 7)}}, ("cgsh:Z",))

FULL_EN = """\
info H001: rename è
--> data/a.ttl

warning C004: look again
 --> data/a.ttl:1:1
  |
1 | a:b a c:D ;
  | ^^^
  = Say when.

violation T001: a dot is missing
 --> data/b.ttl:2:13
  |
2 |     c:e "字é" , 'two' .
  |                 ^^^^^
  = see also: data/a.ttl:1:1  a:b

3 findings in 2 files: 1 violation, 1 warning, 1 info.
Looked at 2 files with 1,234 triples, through 8 shapes.
Things that each shape saw:
    1,000  cgsh:A
        6  cgsh:C6
        5  cgsh:C5
        4  cgsh:C4
        3  cgsh:C3
        3  2 other shapes
Shapes that saw nothing: cgsh:B
Shapes without a target, which ask nothing: cgsh:Z"""
FULL_IT = """\
nota H001: rinomina è
--> data/a.ttl

avviso C004: guarda ancora
 --> data/a.ttl:1:1
  |
1 | a:b a c:D ;
  | ^^^
  = Di' quando.

violazione T001: manca un punto
 --> data/b.ttl:2:13
  |
2 |     c:e "字é" , 'two' .
  |                 ^^^^^
  = vedi anche: data/a.ttl:1:1  a:b

3 rilievi in 2 file: 1 violazione, 1 avviso, 1 nota.
Esaminati 2 file con 1.234 triple, attraverso 8 forme.
Cose viste da ciascuna forma:
    1.000  cgsh:A
        6  cgsh:C6
        5  cgsh:C5
        4  cgsh:C4
        3  cgsh:C3
        3  altre 2 forme
Forme che non hanno visto nulla: cgsh:B
Forme senza bersaglio, che non chiedono nulla: cgsh:Z"""
CONCISE_EN = """\
data/a.ttl: H001 rename è
data/a.ttl:1:1: C004 look again
data/b.ttl:2:13: T001 a dot is missing"""
CONCISE_IT = """\
data/a.ttl: H001 rinomina è
data/a.ttl:1:1: C004 guarda ancora
data/b.ttl:2:13: T001 manca un punto"""
GITHUB_EN = """\
::error file=data/b.ttl,line=2,endLine=2,col=13,endColumn=18,title=T001::a dot is missing
::warning file=data/a.ttl,line=1,endLine=1,col=1,endColumn=4,title=C004::look again%0ASay when.
::notice file=data/a.ttl,title=H001::rename è
3 findings in 2 files: 1 violation, 1 warning, 1 info."""
GITHUB_IT = """\
::error file=data/b.ttl,line=2,endLine=2,col=13,endColumn=18,title=T001::manca un punto
::warning file=data/a.ttl,line=1,endLine=1,col=1,endColumn=4,title=C004::guarda ancora%0ADi' quando.
::notice file=data/a.ttl,title=H001::rinomina è
3 rilievi in 2 file: 1 violazione, 1 avviso, 1 nota."""
MARKDOWN_EN = """\
**3 findings in 2 files: 1 violation, 1 warning, 1 info.**

| severity | findings |
| --- | --- |
| violation | 1 |
| warning | 1 |
| info | 1 |

| severity | code | place | what to mend |
| --- | --- | --- | --- |
| violation | T001 | `data/b.ttl:2:13` | a dot is missing |
| warning | C004 | `data/a.ttl:1:1` | look again<br>Say when. |
| info | H001 | `data/a.ttl` | rename è |"""
MARKDOWN_IT = """\
**3 rilievi in 2 file: 1 violazione, 1 avviso, 1 nota.**

| gravità | rilievi |
| --- | --- |
| violazione | 1 |
| avviso | 1 |
| nota | 1 |

| gravità | codice | punto | che cosa correggere |
| --- | --- | --- | --- |
| violazione | T001 | `data/b.ttl:2:13` | manca un punto |
| avviso | C004 | `data/a.ttl:1:1` | guarda ancora<br>Di' quando. |
| nota | H001 | `data/a.ttl` | rinomina è |"""
JUNIT_EN = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="clustergraph" tests="3" failures="1">
  <testsuite name="data/a.ttl" tests="2" failures="0">
    <testcase classname="data/a.ttl" name="H001">
      <system-out>data/a.ttl: info H001
rename è</system-out>
    </testcase>
    <testcase classname="data/a.ttl" name="C004 1:1">
      <system-out>data/a.ttl:1:1: warning C004
look again
Say when.</system-out>
    </testcase>
  </testsuite>
  <testsuite name="data/b.ttl" tests="1" failures="1">
    <testcase classname="data/b.ttl" name="T001 2:13">
      <failure type="violation" message="a dot is missing">data/b.ttl:2:13: violation T001
a dot is missing</failure>
    </testcase>
  </testsuite>
</testsuites>"""
JUNIT_IT = (
    JUNIT_EN.replace(": info", ": nota")
    .replace(": warning", ": avviso")
    .replace("violation", "violazione")
    .replace("rename", "rinomina")
    .replace("look again", "guarda ancora")
    .replace("Say when", "Di' quando")
    .replace("a dot is missing", "manca un punto")
)


def marks(findings: Sequence[Finding] = FINDINGS) -> list[str]:
    return fingerprints(findings, SOURCES)


def objects(language: str) -> list[dict[str, object]]:
    nowhere: dict[str, int | None] = dict.fromkeys(("line", "column", "end_line", "end_column"))
    first: dict[str, int | None] = {"line": 1, "column": 1, "end_line": 1, "end_column": 4}
    other = {"path": "data/a.ttl", **first, "message": BELL.related[0].message[language]}
    places: list[dict[str, int | None]] = [nowhere, first, {"line": 2, "column": 13, "end_line": 2, "end_column": 18}]
    return [
        {
            "path": one.path,
            **place,
            "code": one.code,
            "severity": one.severity,
            "message": one.message[language],
            "advice": one.advice.get(language),
            "related": [other] * len(one.related),
            "fingerprint": mark,
        }
        for one, place, mark in zip(FINDINGS, places, marks(), strict=True)
    ]


def gitlab(language: str) -> list[dict[str, object]]:
    advice = {"en": "look again Say when.", "it": "guarda ancora Di' quando."}
    rows = [
        (NOWHERE, NOWHERE.message[language], "info", 1),
        (CHIME, advice[language], "minor", 1),
        (BELL, BELL.message[language], "major", 2),
    ]
    return [
        {
            "description": description,
            "check_name": one.code,
            "fingerprint": mark,
            "severity": severity,
            "location": {"path": one.path, "lines": {"begin": line, "end": line}},
        }
        for (one, description, severity, line), mark in zip(rows, marks(), strict=True)
    ]


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


PRINTED = {
    ("full", "en"): FULL_EN,
    ("full", "it"): FULL_IT,
    ("concise", "en"): CONCISE_EN,
    ("concise", "it"): CONCISE_IT,
    ("github", "en"): GITHUB_EN,
    ("github", "it"): GITHUB_IT,
    ("markdown", "en"): MARKDOWN_EN,
    ("markdown", "it"): MARKDOWN_IT,
    ("junit", "en"): JUNIT_EN,
    ("junit", "it"): JUNIT_IT,
    **{("json", one): dumped(objects(one)) for one in LANGUAGES},
    **{("jsonl", one): "\n".join(json.dumps(row, ensure_ascii=False) for row in objects(one)) for one in LANGUAGES},
    **{("gitlab", one): dumped(gitlab(one)) for one in LANGUAGES},
}


@pytest.mark.parametrize(("name", "language"), PRINTED, ids=[f"{name}-{language}" for name, language in PRINTED])
def test_findings_are_printed_so(name: str, language: str) -> None:
    outcome = Outcome(FINDINGS, language, SOURCES, COVERAGE)

    assert RENDERERS[name](outcome) == PRINTED[name, language]


EMPTY_JUNIT = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="clustergraph" tests="1" failures="0">
  <testsuite name="clustergraph" tests="1" failures="0">
    <testcase classname="clustergraph" name="no findings"/>
  </testsuite>
</testsuites>"""


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        pytest.param("full", "en", "No findings.", id="full-en"),
        pytest.param("full", "it", "Nessun rilievo.", id="full-it"),
        pytest.param("concise", "en", "", id="concise"),
        pytest.param("json", "en", "[]", id="json"),
        pytest.param("jsonl", "en", "", id="jsonl"),
        pytest.param("github", "en", "No findings.", id="github"),
        pytest.param("gitlab", "en", "[]", id="gitlab"),
        pytest.param("junit", "en", EMPTY_JUNIT, id="junit-en"),
        pytest.param("junit", "it", EMPTY_JUNIT.replace("no findings", "nessun rilievo"), id="junit-it"),
        pytest.param("markdown", "it", "**Nessun rilievo.**", id="markdown"),
    ],
)
def test_no_findings_are_printed_so(name: str, language: str, text: str) -> None:
    assert RENDERERS[name](Outcome([], language)) == text


@pytest.mark.parametrize(
    ("findings", "language", "said"),
    [
        pytest.param([BELL], "en", "1 finding in 1 file: 1 violation.", id="one-en"),
        pytest.param([BELL], "it", "1 rilievo in 1 file: 1 violazione.", id="one-it"),
        pytest.param([BELL, replace(BELL, code="T002")], "en", "2 findings in 1 file: 2 violations.", id="two-en"),
        pytest.param([NOWHERE, replace(NOWHERE, path="x")], "it", "2 rilievi in 2 file: 2 note.", id="two-it"),
        pytest.param([CHIME, replace(CHIME, path="x")], "it", "2 rilievi in 2 file: 2 avvisi.", id="two-warnings-it"),
    ],
)
def test_a_summary_counts_in_singular_and_plural(findings: list[Finding], language: str, said: str) -> None:
    assert RENDERERS["full"](Outcome(findings, language)).splitlines()[-1] == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        pytest.param("en", "Looked at 1 file with 1 triple, through 1 shape.", id="en"),
        pytest.param("it", "Esaminati 1 file con 1 tripla, attraverso 1 forma.", id="it"),
    ],
)
def test_a_footer_counts_in_the_singular(language: str, said: str) -> None:
    outcome = Outcome([], language, coverage=Coverage(1, 1, {"cgsh:A": 2}))

    assert RENDERERS["full"](outcome).splitlines()[1] == said


# The frame of full


@pytest.mark.parametrize(
    ("line", "columns", "text", "marked"),
    [
        pytest.param("a:b a c:D", (5, 6), "a:b a c:D", "    ^", id="plain"),
        pytest.param("\ta\tb", (4, 5), "    a   b", "        ^", id="tabs-go-to-stops"),
        pytest.param("字字 x", (4, 5), "字字 x", "     ^", id="wide"),
        pytest.param("x 字字", (3, 5), "x 字字", "  ^^^^", id="wide-and-marked"),
        pytest.param("e\u0301e\u0301 x", (6, 7), "e\u0301e\u0301 x", "   ^", id="combining"),
        pytest.param("\u1112\u1161\u11ab x", (5, 6), "\u1112\u1161\u11ab x", "   ^", id="jamo"),
        pytest.param("🏳x", (2, 3), "🏳x", " ^", id="narrow-symbol"),
        pytest.param("\u202ex", (2, 3), "\\u202ex", "      ^", id="bidirectional-control-is-shown"),
        pytest.param("\x1b[31mx", (6, 7), "\\u001b[31mx", "          ^", id="escape-is-shown"),
        pytest.param("##[x", (4, 5), "##\\u005bx", "        ^", id="command-of-github-is-shown"),
        pytest.param("ab", (3, 3), "ab", "  ^", id="nothing-at-the-end-of-a-line"),
        pytest.param("", (1, 1), "", "^", id="nothing-in-an-empty-line"),
        pytest.param("ab", (9, 12), "ab", "  ^", id="beyond-the-line"),
    ],
)
def test_a_caret_stands_under_the_words(line: str, columns: tuple[int, int], text: str, marked: str) -> None:
    assert frame(line, Place(1, columns[0], 1, columns[1])) == (text, marked)


def test_what_goes_on_in_later_lines_is_marked_to_the_end_of_its_first() -> None:
    assert frame('a "b', Place(1, 3, 4, 9)) == ('a "b', "  ^^")


@given(
    before=st.text(st.sampled_from("a字\t\u0301\u202e"), max_size=400),
    words=st.text(st.sampled_from("x字"), min_size=1, max_size=300),
    after=st.text(st.sampled_from("b字\t"), max_size=400),
)
def test_a_long_line_is_cut_around_the_caret(before: str, words: str, after: str) -> None:
    start = len(before) + 1

    shown, marked = frame(before + words + after, Place(1, start, 1, start + len(words)))

    blanks = len(marked) - len(marked.lstrip())
    assert width(shown) <= WIDTH + 2
    assert len(marked) <= WIDTH + 1
    assert _from_column(shown, blanks).startswith(words[: len(marked.strip()) // 2])
    assert marked.strip() == "^" * len(marked.strip())


def _from_column(text: str, column: int) -> str:
    while column > 0:
        column -= width(text[0])
        text = text[1:]
    return text.lstrip("\u0301")


def test_a_line_of_many_megabytes_is_framed_by_its_neighbourhood() -> None:
    line = "x" * 20_000_000

    shown, marked = frame(line, Place(1, 10_000_001, 1, 20_000_001))

    assert (shown[0], shown[-1], len(shown), marked) == ("…", "…", WIDTH + 2, " " * 31 + "^" * 70)


@pytest.mark.parametrize("at", [Place(3, 1, 3, 1), Place(99, 1, 99, 2)], ids=["last-empty-line", "beyond"])
def test_a_place_at_or_behind_the_end_of_a_text_breaks_nothing(at: Place) -> None:
    printed = RENDERERS["full"](Outcome([replace(BELL, at=at, related=())], "en", SOURCES))

    assert printed.splitlines()[1].strip() == f"--> data/b.ttl:{at.line}:1"


def test_findings_that_differ_only_in_their_place_are_one_with_a_count_where_there_are_many() -> None:
    many = [replace(BELL, at=Place(line, 1, line, 2), related=()) for line in range(1, 9)]

    printed = RENDERERS["full"](Outcome([*many[:4], CHIME, *many[4:]], "en", Sources()))

    places = "data/b.ttl:2:1, data/b.ttl:3:1, data/b.ttl:4:1, data/b.ttl:5:1, data/b.ttl:6:1 and 2 more"
    assert printed == (
        "violation T001: a dot is missing\n--> data/b.ttl:1:1\n "
        f"= and so at 7 other places: {places}\n\n"
        "warning C004: look again\n--> data/a.ttl:1:1\n = Say when.\n\n"
        "9 findings in 2 files: 8 violations, 1 warning."
    )


def test_a_few_findings_that_differ_only_in_their_place_are_shown_each() -> None:
    few = [replace(BELL, at=Place(line, 1, line, 2)) for line in range(1, 4)]

    assert RENDERERS["full"](Outcome(few)).count("violation T001") == 3


def test_colours_add_nothing_but_colours() -> None:
    plain = Outcome(FINDINGS, "en", SOURCES, COVERAGE)

    coloured = RENDERERS["full"](replace(plain, coloured=True))

    assert "\x1b[1;31mviolation T001\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == RENDERERS["full"](plain)


# Strangers' text


@pytest.mark.parametrize("name", RENDERERS)
@given(text=st.text(st.characters()))
def test_no_character_of_a_file_commands_the_terminal(name: str, text: str) -> None:
    """Control, format and bidirectional characters, and halves of pairs, stay outside of what is printed."""
    printed = RENDERERS[name](hostile(text))

    printed.encode()
    assert {one for one in printed if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} <= {"\n"}


def hostile(text: str) -> Outcome:
    """A finding in which everything that can come from a file is one text."""
    said = {"en": text, "it": text}
    at = Place(1, 1, 1, 2)
    finding = Finding(text, "H002", VIOLATION, said, at, said, (Related(text, at, said),))
    coverage = Coverage(1, 1, {text: 1, f"{text} ": 0}, (text,))
    return Outcome([finding], "en", Sources({text: text}), coverage)


INJECTIONS = [
    "##[add-mask]x ##[##[",
    "x\n::error file=a::b",
    "\r\n::stop-commands::x",
    "a::b,title=x%0A::error::c",
    "]]></failure><script>",
    '" onload="x',
    "a | b \\| c ` d `` e",
    "<img src=x onerror=y> <!-- <b>",
    "@somebody #12 https://x.example www.x.example GH-1 x@y.example deadbeef0",
    "[a](javascript:b) ![c](d) **e** _f_ ~~g~~ [^1] :tada: \\",
    '"""\\" . <x:y> <x:z> "',
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_text_of_a_file_is_a_command_of_github(text: str) -> None:
    lines = RENDERERS["github"](hostile(text)).split("\n")

    assert [(line.lstrip().startswith("::"), "##[" in line) for line in lines] == [(True, False), (False, False)]
    command, properties, data = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", lines[0]).groups()  # type: ignore[union-attr]
    assert command == "error"
    pairs = [one.partition("=")[::2] for one in properties.split(",")]
    assert [name for name, _ in pairs] == ["file", "line", "endLine", "col", "endColumn", "title"]
    shown = text.replace("\r", "\\r").replace("\n", "\\n").replace("##[", "##\\u005b")
    assert unescaped(pairs[0][1]) == shown
    assert unescaped(data) == f"{shown}\n{shown}"


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_reason_of_a_comment_is_a_command_of_github_or_markup(text: str) -> None:
    outcome = Outcome([], suppressed=[Suppressed(hostile(text).findings[0], text, Place(1, 1, 1, 2))])

    lines = RENDERERS["github"](outcome).split("\n")
    tokens = MarkdownIt("commonmark").enable("table").parse(RENDERERS["markdown"](outcome))

    assert [(line.lstrip().startswith("::"), "##[" in line) for line in lines] == [(True, False)] + [(False, False)] * 2
    command, properties, _ = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", lines[0]).groups()  # type: ignore[union-attr]
    names = [one.partition("=")[0] for one in properties.split(",")]
    assert (command, names) == ("notice", ["file", "line", "endLine", "col", "endColumn", "title"])
    plain = " ".join(one.content for token in tokens for one in token.children or [] if one.type == "text")
    assert re.findall(r"[@#<>\[\]*_~\\|&]|//|www|GH-|deadbeef", plain) == []
    assert [sum(one.type == kind for one in tokens) for kind in ("table_open", "tr_open", "td_open")] == [1, 2, 5]


def unescaped(text: str) -> str:
    for code, one in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, one)
    return text


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("name", [name for name in RENDERERS if name != "github"])
def test_no_line_of_another_format_is_a_command_of_github(name: str, text: str) -> None:
    printed = RENDERERS[name](hostile(text))

    assert [line for line in printed.split("\n") if line.lstrip().startswith("::") or "##[" in line] == []


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("<>&\"']")))
def test_junit_is_xml_whatever_a_file_says(text: str) -> None:
    tree = ET.fromstring(RENDERERS["junit"](hostile(text)))  # noqa: S314  # our own words

    assert [one.tag for one in tree.iter()] == ["testsuites", "testsuite", "testcase", "failure"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_what_a_file_says_is_no_markup_in_markdown(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(RENDERERS["markdown"](hostile(text)))

    inline = [one for token in tokens for one in token.children or []]
    kinds = {one.type for one in inline}
    assert kinds <= {"text", "code_inline", "strong_open", "strong_close", "html_inline", "softbreak"}
    assert {one.content for one in inline if one.type == "html_inline"} == {"<br>"}
    plain = " ".join(one.content for one in inline if one.type == "text")
    assert re.findall(r"[@#<>\[\]*_~\\|&]|//|www|GH-|deadbeef", plain) == []
    assert [sum(one.type == kind for one in tokens) for kind in ("table_open", "tr_open", "th_open", "td_open")] == [
        *(2, 6, 6, 10)
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("did you mean cluster:lombardy-energy?", "did you mean `cluster:lombardy-energy`?"),
        ("no 'cg:starts', but cg:startDate, cg:endDate.", "no '`cg:starts`', but `cg:startDate`, `cg:endDate`."),
        ("a period (cg:startDate: 2020-01-01)", "a period (`cg:startDate`: `2020-01-01`)"),
        ("see @user, `x` and (#1).", "see `@user`, `` `x` `` and (`#1`)."),
        ('it is ?! or "**"', 'it is `?!` or "`**`"'),
    ],
)
def test_signs_around_code_in_markdown_are_not_copied_along(text: str, shown: str) -> None:
    row = RENDERERS["markdown"](Outcome([replace(BELL, message={"en": text, "it": ""}, advice={})])).split("\n")[-1]

    assert row.endswith(f"| {shown} |")


@pytest.mark.parametrize(
    ("language", "held", "said"),
    [
        ("en", 1, "What shapes say of 1 file is told once the findings above about the same files are mended."),
        ("en", 2, "What shapes say of 2 files is told once the findings above about the same files are mended."),
        (
            "it",
            1,
            "Ciò che le forme dicono di 1 file si vedrà una volta corretti i rilievi mostrati sugli stessi file.",
        ),
    ],
)
def test_what_is_held_back_is_counted_below(language: str, held: int, said: str) -> None:
    outcome = Outcome([], language, coverage=Coverage(1, 1, {"cgsh:A": 2}, held=held))

    assert said in RENDERERS["full"](outcome).split("\n")


def test_a_long_message_or_very_many_do_not_fill_a_summary() -> None:
    many = [replace(BELL, path=f"data/{one}.ttl", message={"en": "ab " * 500, "it": ""}) for one in range(250)]

    lines = RENDERERS["markdown"](Outcome(many)).split("\n")

    assert lines[-1] == "50 more stand in the other formats."
    assert max(map(len, lines)) < 500


def test_github_is_given_the_gravest_first_and_no_more_than_it_shows() -> None:
    many = [replace(one, path=f"data/{number}.ttl") for number in range(12) for one in (NOWHERE, CHIME, BELL)]

    lines = RENDERERS["github"](Outcome(many, "it")).split("\n")

    assert [line.split()[0] for line in lines[:30]] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"] * 10
    assert lines[30:] == [
        "GitHub ne mostra 10 di ogni tipo; altri 6 stanno negli altri formati.",
        "36 rilievi in 12 file: 12 violazioni, 12 avvisi, 12 note.",
    ]


def test_github_is_told_what_comments_suppress_before_other_notices() -> None:
    trifles = [replace(NOWHERE, path=f"data/{number}.ttl") for number in range(20)]

    assert RENDERERS["github"](quieted(findings=trifles)).split("\n") == [
        "::notice file=data/b.ttl,line=2,endLine=2,col=13,endColumn=18,title=T001 suppressed by a comment::"
        "a dot is missing%0A-- so say\\u001b the | tuners",
        *(f"::notice file=data/{number}.ttl,title=H001::rename è" for number in range(9)),
        "GitHub shows 10 of each kind; 11 more stand in the other formats.",
        "20 findings in 20 files: 20 infos.",
        "Suppressed by comments: 1.",
    ]


def test_github_is_told_of_the_gravest_that_comments_suppress_and_of_their_number() -> None:
    lines = RENDERERS["github"](quieted(3000, "it", [NOWHERE])).split("\n")

    assert [line.partition(" ")[0] for line in lines[:-3]] == ["::notice"] * 10
    assert "title=T001 soppresso da un commento::" in lines[0]
    assert lines[-3:] == [
        "GitHub ne mostra 10 di ogni tipo; altri 2991 stanno negli altri formati.",
        "1 rilievo in 1 file: 1 nota.",
        "Soppressi da commenti: 3.000.",
    ]


def test_a_summary_has_a_row_for_what_comments_suppress_though_nothing_else_was_found() -> None:
    assert RENDERERS["markdown"](quieted()).split("\n") == [
        "**No findings.**",
        "",
        "**Suppressed by comments: 1.**",
        "",
        "| severity | code | place | suppressed | reason of the comment |",
        "| --- | --- | --- | --- | --- |",
        "| violation | T001 | `data/b.ttl:2:13` | a dot is missing | so `say\\u001b` the `\\|` tuners |",
    ]


def test_a_summary_shows_the_gravest_that_comments_suppress_and_is_not_filled_by_them() -> None:
    lines = RENDERERS["markdown"](quieted(3000, "it")).split("\n")

    assert (len(lines), lines[6].split(" | ")[1], lines[-1]) == (208, "T001", "Altri 2.800 stanno negli altri formati.")
    assert max(map(len, lines)) < 500


def test_github_is_given_columns_within_one_line_only() -> None:
    printed = RENDERERS["github"](Outcome([replace(BELL, at=Place(2, 3, 4, 1))]))

    assert printed.split("\n")[0] == "::error file=data/b.ttl,line=2,endLine=4,title=T001::a dot is missing"


# JSON


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_json_says_what_the_finding_says(text: str) -> None:
    (said,) = json.loads(RENDERERS["json"](hostile(text)))

    assert json.loads(RENDERERS["jsonl"](hostile(text))) == said
    assert (said["path"], said["message"], said["advice"]) == (text, text, text)


def quieted(count: int = 1, language: str = "en", findings: Sequence[Finding] = ()) -> Outcome:
    """A finding that a comment suppresses, behind some that weigh less."""
    many = [replace(NOWHERE, path=f"data/{number}.ttl") for number in range(count - 1)]
    suppressed = [Suppressed(one, REASON, Place(1, 1, 1, 4)) for one in (*many, BELL)]
    return Outcome(findings, language, SOURCES, suppressed=suppressed)


def outcomes() -> list[Outcome]:
    real = read_repository(SAMPLE)
    checked = check(real)
    return [
        *(Outcome(FINDINGS, language, SOURCES, COVERAGE) for language in LANGUAGES),
        *(hostile(text) for text in INJECTIONS),
        Outcome([]),
        quieted(findings=FINDINGS),
        *(
            replace(hostile(text), suppressed=[Suppressed(hostile(text).findings[0], text, Place(1, 1, 1, 2))])
            for text in INJECTIONS
        ),
        Outcome(checked.findings, "en", sources_of(real, checked.findings), checked.coverage),
    ]


@pytest.mark.parametrize("number", range(2 * len(INJECTIONS) + 5))
def test_json_keeps_the_schema_that_we_publish(number: int) -> None:
    published = json.loads(schema())
    item = {**published, "type": "object", "$ref": "#/$defs/finding"}
    outcome = outcomes()[number]
    del item["items"]

    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(json.loads(RENDERERS["json"](outcome)), published)
    for line in RENDERERS["jsonl"](outcome).splitlines():
        jsonschema.validate(json.loads(line), item)


@pytest.mark.parametrize(
    "change",
    [{"line": None}, {"column": 0}, {"code": "X001"}, {"severity": "error"}, {"more": 1}, {"fingerprint": "0"}],
    ids=lambda change: next(iter(change)),
)
def test_the_schema_that_we_publish_refuses_what_we_do_not_write(change: dict[str, object]) -> None:
    row = {**objects("en")[2], **change}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([row], json.loads(schema()))


# Fingerprints


def test_a_fingerprint_stays_when_lines_move() -> None:
    moved = Sources({"data/a.ttl": f"# new\n\n{TEXT}", "data/b.ttl": f"# new\n\n{TEXT}"})
    down = [one if one.at is None else replace(one, at=shifted(one.at)) for one in FINDINGS]

    assert fingerprints(down, moved) == marks()


def shifted(at: Place) -> Place:
    return Place(at.line + 2, at.column, at.end_line + 2, at.end_column)


def test_a_fingerprint_does_not_hang_on_the_line_that_a_message_names() -> None:
    here, there = (replace(BELL, message={"en": f"line {line} maps it", "it": ""}) for line in (3, 5))

    assert marks([here]) == marks([there])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(BELL, path="data/a.ttl"), id="path"),
        pytest.param(replace(BELL, code="T002"), id="code"),
        pytest.param(replace(BELL, at=Place(1, 1, 1, 4)), id="words"),
        pytest.param(replace(BELL, message={"en": "another", "it": "manca un punto"}), id="message"),
    ],
)
def test_findings_that_differ_have_two_fingerprints(other: Finding) -> None:
    assert marks([BELL]) != marks([other])


def test_findings_that_are_alike_have_a_fingerprint_each() -> None:
    assert len(set(marks([BELL, BELL, BELL]))) == 3


def test_a_fingerprint_is_the_same_from_release_to_release() -> None:
    whole = "T001\0data/b.ttl\0'two'\0a dot is missing"

    assert marks([BELL]) == [hashlib.sha256(whole.encode()).hexdigest()[:32]]


# SARIF


@pytest.mark.parametrize("language", LANGUAGES)
def test_sarif_says_so(language: str) -> None:
    log = json.loads(RENDERERS["sarif"](Outcome(FINDINGS, language, SOURCES, version="1.2.3")))

    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"] == {
        "name": "clustergraph",
        "semanticVersion": "1.2.3",
        "informationUri": "https://w3id.org/clustergraph",
        "language": language,
        "rules": [
            {
                "id": code,
                "shortDescription": {"text": TITLES[code][language]},
                "help": {"text": f"{TITLES[code]['en']}\n{TITLES[code]['it']}"},
            }
            for code in ("C004", "H001", "T001")
        ],
    }
    assert run["results"][2] == {
        "ruleId": "T001",
        "ruleIndex": 2,
        "level": "error",
        "message": {"text": BELL.message[language]},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "data/b.ttl"},
                    "region": {
                        "startLine": 2,
                        "startColumn": 13,
                        "endLine": 2,
                        "endColumn": 18,
                        "snippet": {"text": "'two'"},
                    },
                }
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{marks()[2]}:1"},
        "relatedLocations": [
            {
                "id": 1,
                "physicalLocation": {
                    "artifactLocation": {"uri": "data/a.ttl"},
                    "region": {
                        "startLine": 1,
                        "startColumn": 1,
                        "endLine": 1,
                        "endColumn": 4,
                        "snippet": {"text": "a:b"},
                    },
                },
                "message": {"text": BELL.related[0].message[language]},
            }
        ],
    }
    advice = {"en": "look again\nSay when.", "it": "guarda ancora\nDi' quando."}
    assert [one["level"] for one in run["results"]] == ["note", "warning", "error"]
    assert run["results"][1]["message"] == {"text": advice[language]}
    assert run["results"][0]["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "data/a.ttl"}}}]


@pytest.mark.parametrize("findings", [[], FINDINGS], ids=["nothing-else", "more"])
def test_sarif_marks_what_comments_suppress(findings: list[Finding]) -> None:
    """Where one result says whether it is suppressed, all have to."""
    log = json.loads(RENDERERS["sarif"](quieted(findings=findings)))

    results = log["runs"][0]["results"]
    assert [one["suppressions"] for one in results[:-1]] == [[]] * len(findings)
    assert (results[-1]["ruleId"], results[-1]["level"]) == ("T001", "error")
    assert results[-1]["suppressions"] == [
        {
            "kind": "inSource",
            "justification": "so say\\u001b the | tuners",
            "location": {
                "physicalLocation": {
                    "artifactLocation": {"uri": "data/b.ttl"},
                    "region": {
                        "startLine": 1,
                        "startColumn": 1,
                        "endLine": 1,
                        "endColumn": 4,
                        "snippet": {"text": "a:b"},
                    },
                }
            },
        }
    ]


def test_sarif_is_not_filled_by_what_comments_suppress_and_has_the_gravest() -> None:
    (run,) = json.loads(RENDERERS["sarif"](quieted(3000)))["runs"]

    assert (len(run["results"]), run["results"][0]["ruleId"]) == (1000, "T001")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("'{' is missing, {0}", "'{{' is missing, {{0}}", id="placeholder"),
        pytest.param("[a](javascript:b)", "\\[a](javascript:b)", id="link"),
        pytest.param("( ) or [ ]", "( ) or [ ]", id="brackets"),
    ],
)
def test_a_message_of_sarif_has_no_placeholder_and_no_link(text: str, message: str) -> None:
    log = json.loads(RENDERERS["sarif"](Outcome([replace(BELL, message={"en": text, "it": text})])))

    assert log["runs"][0]["results"][0]["message"] == {"text": message}


@pytest.mark.parametrize(("size", "kept"), [(1000, ["text"]), (1001, [])], ids=["short", "long"])
def test_a_snippet_of_sarif_is_never_a_whole_file(size: int, kept: list[str]) -> None:
    finding = replace(BELL, at=Place(1, 1, 1, size + 1))

    log = json.loads(RENDERERS["sarif"](Outcome([finding], sources=Sources({BELL.path: "x" * 2000}))))

    region = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert list(region.get("snippet", {})) == kept


@pytest.mark.parametrize("number", range(2 * len(INJECTIONS) + 5))
def test_sarif_keeps_the_part_of_the_standard_that_we_write(number: int) -> None:
    log = json.loads(RENDERERS["sarif"](outcomes()[number]))

    jsonschema.validate(log, OUR_PART_OF_SARIF, format_checker=jsonschema.FormatChecker())


@pytest.mark.skipif(not OASIS.is_file(), reason="the schema is of OASIS and not ours to copy: tests/install-servers")
@pytest.mark.parametrize("number", range(2 * len(INJECTIONS) + 5))
def test_sarif_is_valid_to_the_schema_of_oasis(number: int) -> None:
    log = json.loads(RENDERERS["sarif"](outcomes()[number]))

    jsonschema.Draft4Validator(json.loads(OASIS.read_text(encoding="utf-8"))).validate(log)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda run: run.update(columnKind="bytes"), id="column-kind"),
        pytest.param(lambda run: run["results"][0].pop("message"), id="no-message"),
        pytest.param(lambda run: run["results"][0].update(level="fatal"), id="level"),
        pytest.param(
            lambda run: run["results"][2]["locations"][0]["physicalLocation"]["region"].update(startLine=0), id="line"
        ),
    ],
)
def test_our_part_of_the_standard_refuses_what_the_standard_does(spoil: Any) -> None:
    log = json.loads(RENDERERS["sarif"](Outcome(FINDINGS, "en", SOURCES)))
    spoil(log["runs"][0])

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, OUR_PART_OF_SARIF)


def test_every_code_of_the_rules_has_its_title_in_both_languages() -> None:
    english = {row[0]: row[1] for row in rows("rules.md", "[HST][0-9]{3}")}
    english |= {row[0]: row[2] for row in rows("rules.md", "C[0-9]{3}")}

    assert {code: titles["en"] for code, titles in TITLES.items()} == english
    assert [code for code, titles in TITLES.items() if not titles["it"] or titles["it"] == titles["en"]] == []


# RDF

RDF = """\
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix ptr: <http://www.w3.org/2009/pointers#> .
@prefix rule: <https://w3id.org/clustergraph/rules#> .
@prefix file: <https://w3id.org/clustergraph/file/data/> .

[] a sh:ValidationReport ;
  sh:conforms false ;
  sh:result [ a sh:ValidationResult ;
    sh:focusNode file:a.ttl ;
    sh:sourceConstraintComponent rule:H001 ;
    sh:resultSeverity sh:Info ;
    sh:resultMessage "rename è"@en, "rinomina è"@it ;
    prov:atLocation file:a.ttl
  ] , [ a sh:ValidationResult ;
    sh:focusNode <https://example.org/s> ;
    sh:resultPath ( <https://example.org/p> [ sh:inversePath <https://example.org/q> ] ) ;
    sh:value "\\"x\\""@it ;
    sh:sourceShape [] ;
    sh:sourceConstraintComponent sh:MinCountConstraintComponent ;
    sh:resultSeverity sh:Warning ;
    sh:resultMessage "look again"@en, "guarda ancora"@it, "Say when."@en, "Di' quando."@it ;
    prov:atLocation [ a ptr:StartEndPointer ;
      ptr:startPointer [ a ptr:LineCharPointer ; ptr:reference file:a.ttl ; ptr:lineNumber 1 ; ptr:charNumber 1 ] ;
      ptr:endPointer [ a ptr:LineCharPointer ; ptr:reference file:a.ttl ; ptr:lineNumber 1 ; ptr:charNumber 4 ] ]
  ] , [ a sh:ValidationResult ;
    sh:focusNode file:b.ttl ;
    sh:sourceConstraintComponent rule:T001 ;
    sh:resultSeverity sh:Violation ;
    sh:resultMessage "a dot is missing"@en, "manca un punto"@it ;
    prov:atLocation [ a ptr:StartEndPointer ;
      ptr:startPointer [ a ptr:LineCharPointer ; ptr:reference file:b.ttl ; ptr:lineNumber 2 ; ptr:charNumber 13 ] ;
      ptr:endPointer [ a ptr:LineCharPointer ; ptr:reference file:b.ttl ; ptr:lineNumber 2 ; ptr:charNumber 18 ] ]
  ] .
"""


def test_rdf_is_a_report_of_shacl_with_places() -> None:
    given = Graph().parse(data=RENDERERS["rdf"](Outcome(FINDINGS, "it", SOURCES)), format="turtle")

    assert given.isomorphic(Graph().parse(data=RDF, format="turtle"))


def test_a_report_without_results_conforms() -> None:
    body = RENDERERS["rdf"](Outcome([])).partition("\n\n")[2]

    assert body == "[] a sh:ValidationReport ;\n  sh:conforms true ."


@given(text=st.text(st.characters()))
def test_rdf_is_turtle_whatever_a_file_says(text: str) -> None:
    (finding,) = hostile(text).findings
    origin = replace_terms(text)

    for one in (finding, replace(finding, origin=origin)):
        parsed = read(RENDERERS["rdf"](Outcome([one])))

        assert parsed.faults == []
        assert len(parsed.triples) == (26 if one.origin else 23)


def replace_terms(text: str) -> Origin:
    component = "http://www.w3.org/ns/shacl#InConstraintComponent"
    iri = f"https://example.org/{text}"
    return Origin(iri, Literal(text), f"<{component}>", component, f"_:{text}", "http://www.w3.org/ns/shacl#Violation")
