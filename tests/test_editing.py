"""The language server, spoken to as editors do: findings while typing, what words stand for, which words there are."""

import asyncio
import os
import threading
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp

from clustergraph.checking import check
from clustergraph.editing.completion import offers
from clustergraph.editing.desk import Desk
from clustergraph.editing.fixing import code_actions
from clustergraph.editing.positions import UNITS, Lines, Position
from clustergraph.editing.whole import whole
from clustergraph.edits import Edit, Fix
from clustergraph.findings import VIOLATION, Finding
from clustergraph.reading.parsed import Place
from clustergraph.repository import read_repository
from conftest import REPOSITORY
from editor import PATIENCE_S, Editor

ORGANISATION = "data/organisation/bell-foundry.ttl"
KEYSTROKE_S = 1.0  # ten times the target


@pytest.fixture
def organisation(sample: Path) -> str:
    return (sample / ORGANISATION).read_text(encoding="utf-8")


def spans(diagnostics: list[dict[str, Any]]) -> list[tuple[str, int, int, int, int]]:
    """Code and range of each."""
    return [
        (one["code"], *(one["range"][end][part] for end in ("start", "end") for part in ("line", "character")))
        for one in diagnostics
    ]


def test_a_mistake_is_said_as_it_is_typed_and_taken_back_when_it_is_mended(sample: Path, organisation: str) -> None:
    with Editor(sample) as editor:
        editor.open(ORGANISATION)
        editor.write(ORGANISATION, 2, organisation.replace("prefLabel", "prefLabl", 1))
        wrong = editor.diagnostics(ORGANISATION, bool)
        editor.write(ORGANISATION, 3, organisation)
        mended = editor.diagnostics(ORGANISATION, lambda found: not found)

    line = next(number for number, one in enumerate(organisation.split("\n")) if "prefLabel" in one)
    start = organisation.split("\n")[line].index("skos:prefLabel")
    assert spans(wrong) == [("H004", line, start, line, start + len("skos:prefLabl"))]
    assert wrong[0]["message"] == "no term skos:prefLabl is declared: did you mean skos:prefLabel?"
    assert wrong[0]["severity"] == 1
    assert mended == []


@pytest.mark.parametrize(
    ("options", "locale", "message"),
    [
        pytest.param([], "it-IT", "manca '.' prima della fine del testo", id="the-language-of-the-editor"),
        pytest.param(["--lang", "en"], "it", "'.' is missing before the end of the text", id="the-one-asked-for"),
        pytest.param([], "de", "'.' is missing before the end of the text", id="one-we-do-not-speak"),
    ],
)
def test_findings_are_in_the_language_of_whoever_reads_them(
    sample: Path, organisation: str, options: list[str], locale: str, message: str
) -> None:
    with Editor(sample, *options, locale=locale) as editor:
        editor.open(ORGANISATION, organisation.rstrip().removesuffix("."))
        [found] = editor.diagnostics(ORGANISATION, bool)

    assert found["message"].startswith(message)
    assert found["code"] == "T005"


@pytest.mark.parametrize(
    ("offered", "chosen", "width"),
    [
        pytest.param(None, "utf-16", 2, id="utf-16-where-nothing-is-said"),
        pytest.param(["utf-8"], "utf-8", 4, id="utf-8"),
        pytest.param(["utf-32", "utf-16"], "utf-32", 1, id="utf-32"),
    ],
)
def test_columns_count_as_the_editor_counts(
    sample: Path, organisation: str, offered: list[str] | None, chosen: str, width: int
) -> None:
    capabilities = {"general": {"positionEncodings": offered}} if offered else {}
    text = organisation.rstrip() + '\n<https://e.example/> skos:note "🦉" ; skos:nota "" .\n'
    line = text.count("\n") - 1
    with Editor(sample, capabilities=capabilities) as editor:
        editor.open(ORGANISATION, text)
        found = editor.diagnostics(ORGANISATION, bool)

    start = len('<https://e.example/> skos:note "" ; ') + width
    assert editor.capabilities["positionEncoding"] == chosen
    assert ("H004", line, start, line, start + len("skos:nota")) in spans(found)


def test_shapes_of_the_whole_repository_see_what_is_being_typed(sample: Path) -> None:
    """The open text is what counts, not the file: that one is sound."""
    path = "data/source/tuners-leaflet.ttl"
    bad = (REPOSITORY / "tests/bad/C001-member-is-a-role.ttl").read_text(encoding="utf-8")
    with Editor(sample) as editor:
        editor.open(path, bad)
        found = editor.diagnostics(path, bool)

    (sample / path).write_text(bad, encoding="utf-8")
    expected = [one for one in check(read_repository(sample)).findings if one.path == path]
    assert [(one["code"], one["message"].split("\n")[0]) for one in found] == [
        (one.code, one.message["en"]) for one in expected
    ]
    assert found[0]["relatedInformation"] != []


def test_a_thing_renamed_in_one_file_is_missed_in_the_others(sample: Path, organisation: str) -> None:
    with Editor(sample) as editor:
        editor.open(ORGANISATION, organisation.replace("organisation:bell-foundry", "organisation:chime-menders"))
        users = [
            path.relative_to(sample).as_posix()
            for path in sorted((sample / "data/source").glob("*.ttl"))
            if "organisation:bell-foundry" in path.read_text(encoding="utf-8")
        ]
        found = {path: {one["code"] for one in editor.diagnostics(path, bool)} for path in users}

    assert found != {}
    assert set().union(*found.values()) == {"H006"}


def test_a_word_is_explained_in_both_languages_and_leads_to_where_it_is_described() -> None:
    path = "data/cluster/lombardy-energy.ttl"
    with Editor(REPOSITORY) as editor:
        text = editor.open(path)
        editor.diagnostics(path)
        line = next(number for number, one in enumerate(text.split("\n")) if "territory:lombardy ;" in one)
        place = editor.at(path, line, text.split("\n")[line].index("territory:lombardy") + 3)
        hover = editor.ask("textDocument/hover", place)
        home = editor.ask("textDocument/definition", place)
        nothing = editor.ask("textDocument/hover", editor.at(path, 0, 0))

    start = text.split("\n")[line].index("territory:lombardy")
    assert hover == {
        "contents": {
            "kind": "plaintext",
            "value": "Lombardy · Lombardia\nterritory:lombardy (skos:Concept)\n"
            "Region of northern Italy around Milan.\nRegione dell'Italia settentrionale attorno a Milano.",
        },
        "range": {
            "start": {"line": line, "character": start},
            "end": {"line": line, "character": start + len("territory:lombardy")},
        },
    }
    written = (REPOSITORY / "ontology/vocabularies/territory.ttl").read_text(encoding="utf-8").split("\n")
    assert home["uri"] == (REPOSITORY / "ontology/vocabularies/territory.ttl").as_uri()
    assert written[home["range"]["start"]["line"]].startswith("territory:lombardy a skos:Concept")
    assert nothing is None


def test_what_a_file_says_is_no_markup(sample: Path, organisation: str) -> None:
    capabilities = {"textDocument": {"hover": {"contentFormat": ["markdown"]}}}
    text = organisation.replace('prefLabel "', 'prefLabel "[x](command:y) <b> \\u202e', 1)
    line = next(number for number, one in enumerate(text.split("\n")) if one.startswith("organisation:bell-foundry"))
    with Editor(sample, capabilities=capabilities) as editor:
        editor.open(ORGANISATION, text)
        editor.diagnostics(ORGANISATION)
        hover = editor.ask("textDocument/hover", editor.at(ORGANISATION, line, 2))

    assert hover["contents"]["kind"] == "markdown"
    assert "\\[x\\]\\(command:y\\) \\<b\\> \\\\u202e" in hover["contents"]["value"]


def offered(editor: Editor, path: str, text: str) -> Any:
    """What is offered where ‸ stands in a text."""
    before = text.partition("‸")[0]
    editor.open(path, text.replace("‸", ""))
    editor.diagnostics(path)
    line = before.count("\n")
    character = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
    return editor.ask("textDocument/completion", editor.at(path, line, character))


def test_slugs_come_with_labels_and_the_prefix_that_they_need() -> None:
    path = "data/source/siit-clusters.ttl"
    prefixes = "@prefix cg: <https://w3id.org/clustergraph/ns#> .\n@prefix org: <http://www.w3.org/ns/org#> .\n"
    with Editor(REPOSITORY) as editor:
        found = offered(editor, path, f'{prefixes}\n<#🦉> cg:x "🦉" ; org:organization cluster:lombardy-en‸')

    [energy] = [one for one in found["items"] if one["label"] == "cluster:lombardy-energy"]
    clusters = [f"cluster:{one.stem}" for one in sorted((REPOSITORY / "data/cluster").glob("*.ttl"))]
    start = len('<#🦉> cg:x "🦉" ; org:organization ') + 2
    assert [one["label"] for one in found["items"]] == clusters
    assert energy["detail"] == "Lombard energy cluster · Cluster lombardo dell'energia"
    assert energy["textEdit"] == {
        "newText": "cluster:lombardy-energy",
        "range": {
            "start": {"line": 3, "character": start},
            "end": {"line": 3, "character": start + len("cluster:lombardy-en")},
        },
    }
    assert energy["additionalTextEdits"] == [
        {
            "newText": "@prefix cluster: <https://w3id.org/clustergraph/id/cluster/> .\n",
            "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}},
        }
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param("x:y a cg:‸", "cg:Activity", id="classes-first-after-a"),
        pytest.param("x:y a org:Role , cg:‸", "cg:Activity", id="classes-first-in-a-list-of-types"),
        pytest.param("x:y cg:‸", "cg:alignedWith", id="properties-first-elsewhere"),
        pytest.param("x:y a clus‸", "cluster:", id="prefixes"),
        pytest.param("x:y nothing-begins-so‸", None, id="no-prefix"),
        pytest.param("x:y nosuch:‸", None, id="an-unknown-prefix"),
        pytest.param('x:y cg:z "in words cg:‸', None, id="within-a-string"),
        pytest.param("x:y cg:z 1 . # cg:‸", None, id="within-a-comment"),
        pytest.param("x:y cg:z <https:‸", None, id="within-an-iri"),
        pytest.param('x:y cg:z "a # \\" b"@en ; cg:‸', "cg:alignedWith", id="after-a-string-with-a-hash"),
    ],
)
def test_the_words_that_fit_best_come_first(text: str, first: str | None) -> None:
    desk, path = Desk(REPOSITORY), PurePosixPath("data/source/siit-clusters.ttl")
    desk.drafts[path] = text.replace("‸", "")
    desk.judge(path)

    found = offers(desk, path, text.index("‸"))

    terms = sorted({one.entry.iri for one in found if one.entry})
    assert (found[0].text if found else None) == first
    assert len(terms) == len([one for one in found if one.entry])


def test_a_fix_of_a_finding_becomes_an_action_where_the_finding_is() -> None:
    edits = (Edit(0, 0, "@prefix x: <y:> .\n"), Edit(4, 5, "z"))
    fix = Fix({"en": "mend it", "it": "correggere"}, edits, is_safe=True)
    finding = Finding("a.ttl", "T004", VIOLATION, {"en": "", "it": ""}, Place(2, 1, 2, 2), fixes=(fix,))
    lines = Lines("a\n🦉 b", "utf-16")

    def asked(line: int) -> list[lsp.CodeAction]:
        at = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 0))
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier("file:///a.ttl"), at, lsp.CodeActionContext([]))
        return code_actions([finding], params, "it", "file:///a.ttl", lines)

    [action] = asked(1)
    assert (action.title, action.kind, action.is_preferred) == ("T004: correggere", lsp.CodeActionKind.QuickFix, True)
    assert action.edit is not None
    assert action.edit.changes == {
        "file:///a.ttl": [
            lsp.TextEdit(lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0)), "@prefix x: <y:> .\n"),
            lsp.TextEdit(lsp.Range(lsp.Position(1, 3), lsp.Position(1, 4)), "z"),
        ]
    }
    assert asked(0) == []


@pytest.mark.parametrize(
    ("before", "after", "code", "new_text"),
    [
        pytest.param(
            "@prefix org: <http://www.w3.org/ns/org#> .\n",
            "",
            "T004",
            "@prefix org: <http://www.w3.org/ns/org#> .",
            id="of-a-text-that-cannot-be-read",
        ),
        pytest.param("skos:prefLabel", "skos:prefLabl", "H004", "skos:prefLabel", id="of-a-house-rule"),
    ],
)
def test_what_can_be_mended_is_mended_from_the_editor(
    sample: Path, organisation: str, before: str, after: str, code: str, new_text: str
) -> None:
    """The text is first sound, then spoiled: offsets are those of what stands there now."""
    spoiled = organisation.replace(before, after, 1)
    with Editor(sample) as editor:
        editor.open(ORGANISATION, f"# Sound.\n{organisation}")
        editor.diagnostics(ORGANISATION)
        editor.write(ORGANISATION, 2, spoiled)
        [found, *_] = editor.diagnostics(ORGANISATION, bool)
        asked = {
            "textDocument": {"uri": editor.uri(ORGANISATION)},
            "range": found["range"],
            "context": {"diagnostics": []},
        }
        [action, *_] = editor.ask("textDocument/codeAction", asked)
        [edit] = action["edit"]["changes"][editor.uri(ORGANISATION)]
        lines = Lines(spoiled, "utf-16")
        start, end = (lines.offset(Position(**edit["range"][name])) for name in ("start", "end"))
        editor.write(ORGANISATION, 3, spoiled[:start] + edit["newText"] + spoiled[end:])
        mended = editor.diagnostics(ORGANISATION, lambda found: not found)

    assert (found["code"], action["title"].partition(":")[0], edit["newText"].strip()) == (code, code, new_text)
    assert mended == []


def test_a_comment_lets_a_finding_pass_in_the_editor_too(sample: Path, organisation: str) -> None:
    page = "    foaf:homepage <https://example.org/#us> ;"
    head, _, rest = organisation.partition(" ;\n")
    path = PurePosixPath(ORGANISATION)
    desk = Desk(sample)
    codes = []
    for comment in ("", "  # clustergraph: ignore H013 -- the page has no other", "  # clustergraph: ignore H013"):
        desk.drafts[path] = f"@prefix foaf: <http://xmlns.com/foaf/0.1/> .\n{head} ;\n{page}{comment}\n{rest}"
        codes.append([one.code for one in desk.judge(path)])

    assert codes == [["H013"], [], ["H013", "H091"]]


HOSTILE = [
    pytest.param("\ud800 <\udfff> a", id="half-characters"),
    pytest.param("\0\0\0", id="nul"),
    pytest.param("\ufeff", id="byte-order-mark"),
    pytest.param("[" * 100_000, id="deep"),
    pytest.param("(" * 100_000, id="deep-lists"),
    pytest.param('"""' + "x" * 1_000_000, id="open-string"),
    pytest.param("a:b " * 50_000, id="many-faults"),
    pytest.param("\u2028\x0b\x0c\x85\r\n\r\r", id="ends-of-line-of-others"),
    pytest.param("x" * 10_000_001, id="long"),
    pytest.param("cg:" * 200_000, id="one-long-line"),
    pytest.param("", id="nothing"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_ends_the_server(sample: Path, organisation: str, text: str) -> None:
    with Editor(sample) as editor:
        editor.open(ORGANISATION, text)
        editor.diagnostics(ORGANISATION, bool)
        for line, character in ((0, 0), (0, 10**9), (10**9, 0), (3, 7)):
            place = editor.at(ORGANISATION, line, character)
            editor.ask("textDocument/hover", place)
            editor.ask("textDocument/definition", place)
            editor.ask("textDocument/completion", place)
        editor.write(ORGANISATION, 2, organisation)

        assert editor.diagnostics(ORGANISATION, lambda found: not found) == []


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("untitled:Untitled-1", id="no-file"),
        pytest.param("file:///nowhere/at/all.ttl", id="no-folder"),
        pytest.param("file:///a%00b/c.ttl", id="nul"),
        pytest.param("file:///" + "x" * 5000 + "/c.ttl", id="long"),
        pytest.param("https://example.org/a.ttl", id="of-the-web"),
    ],
)
def test_a_text_of_no_repository_is_read_for_its_syntax(tmp_path: Path, uri: str) -> None:
    with Editor(tmp_path) as editor:
        document = {"uri": uri, "languageId": "turtle", "version": 1, "text": "<x:s> <x:p> "}
        editor.tell("textDocument/didOpen", {"textDocument": document})
        message = editor.wait(lambda one: one.get("method", "").endswith("publishDiagnostics"))

    assert message["params"]["uri"] == uri
    assert [one["code"] for one in message["params"]["diagnostics"]] == ["T001"]


def test_a_folder_that_is_open_lends_the_server_no_modules(sample: Path) -> None:
    for name in ("json", "pickle", "clustergraph", "asyncio"):
        (sample / f"{name}.py").write_text("raise SystemExit(9)", encoding="utf-8")
    bad = (REPOSITORY / "tests/bad/C001-member-is-a-role.ttl").read_text(encoding="utf-8")
    with Editor(sample) as editor:
        editor.open("data/source/tuners-leaflet.ttl", bad)

        assert editor.diagnostics("data/source/tuners-leaflet.ttl", bool)[0]["code"] == "C001"


def children() -> list[str]:
    """The command lines of the processes that this one started."""
    found = []
    for number in Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text(encoding="ascii").split():
        with suppress(FileNotFoundError):
            found.append(Path(f"/proc/{number}/cmdline").read_bytes().decode())
    return found


def test_a_check_that_is_no_longer_wanted_ends(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = sample / "python"
    endless.write_text(f"#!/bin/sh\ncat >/dev/null\nexec sleep {2 * PATIENCE_S}\n", encoding="utf-8")
    endless.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(endless))

    def is_running() -> bool:
        return any(one.startswith("sleep") for one in children())

    async def change_of_mind() -> tuple[bool, bool]:
        wanted = asyncio.create_task(whole(sample, {}))
        while not is_running():  # ends as soon as the process is there
            await asyncio.sleep(0.001)
        before = is_running()
        wanted.cancel()
        await asyncio.gather(wanted, return_exceptions=True)
        return before, is_running()

    assert asyncio.run(asyncio.wait_for(change_of_mind(), PATIENCE_S)) == (True, False)


def test_what_cannot_be_checked_as_a_whole_is_said_in_a_sentence(sample: Path) -> None:
    (sample / "queries/rules/zz.rq").write_text("ASK {}", encoding="utf-8")

    said = asyncio.run(whole(sample, {}))

    assert said == f"'{sample}/queries/rules/zz.rq' infers nothing: a rule is a CONSTRUCT query"


def test_a_keystroke_in_the_longest_file_costs_little() -> None:
    desk, path = Desk(REPOSITORY), PurePosixPath("data/source/siit-clusters.ttl")
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    desk.drafts[path] = text
    desk.judge(path)

    started = time.process_time()
    desk.drafts[path] = f"{text}\n"
    desk.judge(path)

    assert time.process_time() - started < KEYSTROKE_S


def test_what_changes_on_disk_is_seen(sample: Path, organisation: str) -> None:
    desk, path = Desk(sample), PurePosixPath("data/organisation/gong-tuners.ttl")
    desk.drafts[path] = organisation.replace("bell-foundry", "gong-tuners")
    other = PurePosixPath(ORGANISATION)
    assert [one.code for one in desk.judge(path)] == ["H012"]

    (sample / other).unlink()
    desk.judge(path)
    gone = desk.entry("https://w3id.org/clustergraph/id/organisation/bell-foundry")
    (sample / other).write_text(organisation, encoding="utf-8")
    os.utime(sample / other, ns=(1, 1))
    desk.judge(path)
    back = desk.entry("https://w3id.org/clustergraph/id/organisation/bell-foundry")

    assert gone is None
    assert back is not None
    assert back.path == other


@given(st.text(alphabet="aé🦉\n\r\u2028", max_size=30), st.sampled_from(sorted(UNITS)))
def test_every_offset_comes_back(text: str, encoding: str) -> None:
    lines = Lines(text, encoding)
    ends = {at + 1 for at in range(len(text)) if text[at : at + 2] == "\r\n"}

    assert [at for at in range(len(text) + 1) if lines.offset(lines.position(at)) != at and at not in ends] == []


@given(st.text(alphabet="a🦉\n", max_size=10), st.integers(-3, 50), st.integers(-3, 50))
def test_every_position_is_brought_into_the_text(text: str, line: int, character: int) -> None:
    assert 0 <= Lines(text, "utf-16").offset(Position(line, character)) <= len(text)


@pytest.mark.parametrize(("line", "character"), [(-1, -1), (2**31, 2**31), (2**31 - 1, 0), (0, -(10**30)), (10**30, 5)])
def test_a_position_that_is_none_is_taken_for_the_nearest(sample: Path, line: int, character: int) -> None:
    with Editor(sample) as editor:
        editor.open(ORGANISATION)
        place = editor.at(ORGANISATION, line, character)

        assert editor.ask("textDocument/hover", place) is None
        assert editor.ask("textDocument/definition", place) is None
        assert isinstance(editor.ask("textDocument/completion", place)["items"], list)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/hover", {"x": 1}),
        ("textDocument/hover", None),
        ("textDocument/hover", []),
        ("textDocument/hover", {"textDocument": {"uri": "file:///a"}, "position": {"line": "x", "character": 0}}),
        ("workspace/executeCommand", {"command": "x"}),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_with_an_error(sample: Path, method: str, params: Any) -> None:
    with Editor(sample) as editor:
        editor.open(ORGANISATION)
        editor.send({"id": "odd", "method": method, "params": params})
        answer = editor.wait(lambda message: message.get("id") == "odd")
        is_alive = editor.ask("textDocument/hover", editor.at(ORGANISATION, 0, 0)) is None
        errors = editor.errors_at_the_end()

    assert (answer["error"]["code"], answer["error"]["message"].partition(":")[0]) == (-32602, "Invalid Params")
    assert is_alive
    assert "Traceback" not in errors
