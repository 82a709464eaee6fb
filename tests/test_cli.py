"""The terminal: what each verb prints where, and the status it leaves with."""

import io
import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click
import pytest

import clustergraph.cli
import clustergraph.workflow
from clustergraph import __version__
from clustergraph.cli import verbs
from clustergraph.cli.check import check, is_coloured
from clustergraph.cli.serve import serve
from clustergraph.findings import Finding, fingerprint
from clustergraph.outputs import RENDERERS
from clustergraph.published import open_published
from clustergraph.settings import described
from conftest import SAMPLE

VERBS = tuple(verbs.list_commands(click.Context(verbs)))
H002 = "'01' would be published as '1': write that"
H002_IT = "'01' sarebbe pubblicato come '1': scriverlo così"
BAD = "data/organisation/chime-tuners.ttl"


class Outcome(NamedTuple):
    """What a command did: its status, standard output, and remarks on standard error."""

    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command line in this process, in an empty folder and a narrow terminal that is none."""
    monkeypatch.delenv("CLUSTERGRAPH_DIST", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    def run(*arguments: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["clustergraph", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as caught:
            clustergraph.cli.main()
        sys.stdout.flush()
        return Outcome(int(caught.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture
def spoilt(sample: Path) -> Path:
    """The sample with one violation and one warning."""
    shutil.copy(Path(__file__).parent / "bad/H002-leading-zero.ttl", sample / BAD)
    path = sample / "data/organisation/bell-foundry.ttl"
    path.write_text(path.read_text(encoding="utf-8").replace("The Foundry", "It"), encoding="utf-8")
    return sample


# Every verb


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_every_help_ends_with_an_example_on_one_line_that_is_a_command(
    run: Run, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    status, out, err = run(*filter(None, [verb]), "--help")

    (example,) = re.findall(r"^  Example: clustergraph (.+)$", out, re.MULTILINE)
    name, *arguments = shlex.split(example)
    command = verbs.get_command(click.Context(verbs), name)
    assert command is not None
    command.make_context(name, arguments)  # raises on an option or a value that the verb does not have
    assert (status, err) == (0, "")


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version") == (0, f"clustergraph, version {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(["mend"], "Error: No such command 'mend'.", id="verb"),
        *[pytest.param([verb, "--zzz"], "Error: No such option '--zzz'.", id=verb) for verb in VERBS],
        pytest.param(
            ["check", "--format", "pdf"],
            "Error: Invalid value for '--format': 'pdf' is not one of 'full', 'concise', 'json', 'jsonl', "
            "'sarif', 'github', 'gitlab', 'junit', 'markdown', 'rdf'.",
            id="format",
        ),
        pytest.param(
            ["check", "--fail-on", "whim"],
            "Error: Invalid value for '--fail-on': 'whim' is not one of 'info', 'warning', 'violation'.",
            id="severity",
        ),
        pytest.param(
            ["serve", "--port", "http"],
            "Error: Invalid value for '--port' (env var: 'CLUSTERGRAPH_PORT'): 'http' is not a valid integer.",
            id="port",
        ),
    ],
)
def test_a_wrong_word_ends_with_2_and_is_repeated(run: Run, arguments: list[str], problem: str) -> None:
    status, out, err = run(*arguments)

    assert (status, out, err.splitlines()[-1]) == (2, "", problem)


def test_a_failure_of_ours_ends_with_3_and_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        message = "no such luck"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(clustergraph.workflow, "check", fail)

    assert run("check", "--root", SAMPLE) == (
        3,
        "",
        "clustergraph failed, and it is our fault: ZeroDivisionError: no such luck\n",
    )


def test_an_interruption_ends_as_the_shell_expects(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clustergraph.workflow, "check", interrupt)

    assert run("check", "--root", SAMPLE).status == 130


def test_the_module_is_the_program() -> None:
    given = subprocess.run(
        [sys.executable, "-m", "clustergraph", "check", "--root", str(SAMPLE)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (given.returncode, given.stdout, given.stderr) == (0, f"No findings.\n{seen(4)}", "")


# check


def seen(organisations: int, language: str = "en") -> str:
    """What `full` says of what was looked at in the sample, to which one file may have been added."""
    files, triples = (13, 153) if organisations == 4 else (14, 157)
    head = {
        "en": f"Looked at {files} files with {triples} triples, through 4 shapes.\nThings that each shape saw:\n",
        "it": f"Esaminati {files} file con {triples} triple, attraverso 4 forme.\nCose viste da ciascuna forma:\n",
    }[language]
    return (
        f"{head}        9  cgsh:ontology-class\n        {organisations}  cgsh:Organization\n"
        "        2  cgsh:MembershipClaim\n        1  cgsh:source-Source\n"
    )


@pytest.mark.parametrize(
    ("option", "text"),
    [
        pytest.param("full", f"No findings.\n{seen(4)}", id="full"),
        pytest.param("concise", "", id="concise"),
        pytest.param("json", "[]\n", id="json"),
        pytest.param("jsonl", "", id="jsonl"),
    ],
)
def test_a_clean_repository_ends_with_0(run: Run, option: str, text: str) -> None:
    assert run("check", "--root", SAMPLE, "--format", option) == (0, text, "")


FOUNDRY = "data/organisation/bell-foundry.ttl:6:19"
ENGLISH = f"""\
warning C010: organisation:bell-foundry, skos:altLabel: 'It'@en has 2 characters, at least 3 asked for
 --> {FOUNDRY}
  |
6 |     skos:altLabel "It"@en ;
  |                   ^^^^^^^
  = the rule: shapes/Organization.ttl:17:1  cgsh:Organization-altLabel

violation H002: {H002}
 --> {BAD}:9:14
  |
9 |     cg:value "01"^^xsd:integer ;
  |              ^^^^^^^^^^^^^^^^^

2 findings in 2 files: 1 violation, 1 warning.
"""
ITALIAN = f"""\
avviso C010: organisation:bell-foundry, skos:altLabel: 'It'@en ha 2 caratteri, richiesti almeno 3
 --> {FOUNDRY}
  |
6 |     skos:altLabel "It"@en ;
  |                   ^^^^^^^
  = la regola: shapes/Organization.ttl:17:1  cgsh:Organization-altLabel

violazione H002: {H002_IT}
 --> {BAD}:9:14
  |
9 |     cg:value "01"^^xsd:integer ;
  |              ^^^^^^^^^^^^^^^^^

2 rilievi in 2 file: 1 violazione, 1 avviso.
"""


@pytest.mark.parametrize(("language", "text"), [("en", ENGLISH), ("it", ITALIAN)], ids=["en", "it"])
def test_findings_are_printed_in_the_language_asked_for(run: Run, spoilt: Path, language: str, text: str) -> None:
    assert run("check", "--root", spoilt, "--lang", language) == (1, text + seen(5, language), "")


@pytest.mark.parametrize(
    ("language", "frame", "remark"),
    [
        pytest.param(
            "en",
            f"violation T005: '.' is missing before the end of the text: write it at the end of what stands before\n"
            f' --> {BAD}:8:37\n  |\n8 |         "Accordatori di suonerie"@it\n  |{" " * 37}^\n\n'
            "1 finding in 1 file: 1 violation.\n",
            "The shapes were not looked at, as a file could not be read or has blank nodes.\n",
            id="en",
        ),
        pytest.param(
            "it",
            f"violazione T005: manca '.' prima della fine del testo: scriverlo alla fine di ciò che precede\n"
            f' --> {BAD}:8:37\n  |\n8 |         "Accordatori di suonerie"@it\n  |{" " * 37}^\n\n'
            "1 rilievo in 1 file: 1 violazione.\n",
            "Le forme non sono state esaminate: un file non si può leggere o ha nodi anonimi.\n",
            id="it",
        ),
    ],
)
def test_the_line_of_a_file_that_cannot_be_read_is_shown_too(
    run: Run, sample: Path, language: str, frame: str, remark: str
) -> None:
    shutil.copy(Path(__file__).parent / "bad/T005-no-dot.ttl", sample / BAD)

    assert run("check", "--root", sample, "--lang", language) == (1, frame, remark)


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "coloured"),
    [
        pytest.param(Terminal(), {}, True, id="terminal"),
        pytest.param(io.StringIO(), {}, False, id="pipe"),
        pytest.param(Terminal(), {"NO_COLOR": "1"}, False, id="no-colour-wanted"),
        pytest.param(Terminal(), {"NO_COLOR": ""}, True, id="no-wish"),
        pytest.param(Terminal(), {"TERM": "dumb"}, False, id="dumb"),
    ],
)
def test_colours_are_for_terminals_whose_owner_wants_them(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert is_coloured(stream) == coloured


@pytest.mark.parametrize(
    ("paths", "fail_on", "status"),
    [
        pytest.param([], "violation", 1, id="violation"),
        pytest.param(["data/organisation/bell-foundry.ttl"], "violation", 0, id="only-a-warning"),
        pytest.param(["data/organisation/bell-foundry.ttl"], "warning", 1, id="a-warning-that-counts"),
        pytest.param(["data/organisation/bell-foundry.ttl"], "info", 1, id="anything-counts"),
        pytest.param(["data/cluster"], "info", 0, id="nothing-there"),
    ],
)
def test_the_status_is_that_of_the_files_asked_for(
    run: Run, spoilt: Path, paths: list[str], fail_on: str, status: int
) -> None:
    assert run("check", "--root", spoilt, "--fail-on", fail_on, *paths).status == status


@pytest.mark.parametrize("name", ["json", "jsonl", "concise"])
def test_only_findings_about_the_paths_named_are_shown(run: Run, spoilt: Path, name: str) -> None:
    place = {"path": BAD, "line": 9, "column": 14, "end_line": 9, "end_column": 31}
    said = {**place, "code": "H002", "severity": "violation", "message": H002, "advice": None}
    mark = fingerprint(Finding(BAD, "H002", "violation", {"en": H002}), '"01"^^xsd:integer')
    said |= {"related": [], "fingerprint": mark}
    printed = {
        "json": json.dumps([said], indent=2),
        "jsonl": json.dumps(said),
        "concise": f"{BAD}:9:14: H002 {H002}",
    }

    assert run("check", "--root", spoilt, "--format", name, spoilt / BAD) == (1, f"{printed[name]}\n", "")


def test_every_format_of_findings_is_an_option() -> None:
    (option,) = [one for one in check.params if one.name == "format_name"]

    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == list(RENDERERS)


def test_the_repository_is_the_one_that_one_stands_in(run: Run, spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(spoilt / "data/organisation")

    assert run("check", "--format", "concise", "chime-tuners.ttl") == (1, f"{BAD}:9:14: H002 {H002}\n", "")


def test_a_folder_that_is_no_repository_ends_with_2_and_names_what_it_lacks(run: Run) -> None:
    assert run("check") == (
        2,
        "",
        f"clustergraph: there is no folder 'ontology/' in '{Path.cwd()}': "
        "run this in a clustergraph repository, or name its path\n",
    )


@pytest.mark.parametrize("path", ["data/cluster/nowhere.ttl", "/etc/hostname"], ids=["missing", "outside"])
def test_a_path_that_is_not_in_the_repository_ends_with_2(run: Run, path: str) -> None:
    assert run("check", "--root", SAMPLE, path) == (
        2,
        "",
        f"clustergraph: there is no '{path}' in '{SAMPLE}': name a file or folder of the repository\n",
    )


# build


def test_a_build_prints_where_it_is_and_its_digest(run: Run, sample: Path) -> None:
    status, out, err = run("build", "--root", sample)
    published = open_published(sample / "dist")

    assert (status, out) == (0, f"{sample}/dist  sha256:{published.digest}\n")
    assert err.splitlines() == [
        "     2  triples by rule 10-member-of",
        "     0  clusters",
        "     2  areas",
        "     0  memberships",
        "     0  claims",
        "     1  sources",
        f"{published.counts['triples']:6,}  triples",
    ]


def test_a_build_of_a_spoilt_repository_ends_with_1_and_writes_nothing(run: Run, spoilt: Path) -> None:
    assert run("build", "--root", spoilt, "--lang", "it") == (
        1,
        "",
        f"{ITALIAN}Nothing was written.\n",
    )
    assert not (spoilt / "dist").exists()


def test_a_build_over_something_else_ends_with_2(run: Run, sample: Path) -> None:
    assert run("build", "--root", sample, "--out", sample / "data") == (
        2,
        "",
        f"clustergraph: '{sample}/data' holds something that no build made: name an empty or a new folder\n",
    )


# rollback


def test_a_rollback_prints_both_digests(run: Run, sample: Path, built_sample: Path) -> None:
    shutil.copytree(built_sample, sample / ".dist.previous")
    path = sample / "data/cluster/north-clocks.ttl"
    path.write_text(path.read_text(encoding="utf-8").replace("Northern clocks", "Clocks"), encoding="utf-8")
    run("build", "--root", sample)
    new, old = open_published(sample / "dist").digest, open_published(built_sample).digest

    outcome = run("rollback", sample / "dist")

    assert outcome == (
        0,
        f"back        {sample}/dist  sha256:{old}\nput aside   {sample}/.dist.previous  sha256:{new}\n",
        "",
    )


def test_a_rollback_says_that_what_it_puts_aside_is_damaged_and_a_second_one_refuses_it(
    run: Run, sample: Path, built_sample: Path
) -> None:
    shutil.copytree(built_sample, sample / ".dist.previous")
    shutil.copytree(built_sample, sample / "dist")
    (sample / "dist/manifest.json").write_bytes(b"")
    old = open_published(built_sample).digest

    first, second = run("rollback", sample / "dist"), run("rollback", sample / "dist")

    damage = f"'{sample}/.dist.previous/manifest.json' is not JSON"
    assert first == (
        0,
        f"back        {sample}/dist  sha256:{old}\nput aside   {sample}/.dist.previous  damaged\n",
        f"clustergraph: what was put aside is damaged, and no rollback will go back to it: {damage}\n",
    )
    assert second == (
        2,
        "",
        f"clustergraph: '{sample}/dist' stays as it is, as what it would go back to cannot be served: {damage}: "
        "run 'clustergraph build' to make it anew\n",
    )
    assert open_published(sample / "dist").digest == old


def test_a_rollback_to_nothing_ends_with_2(run: Run, sample: Path) -> None:
    run("build", "--root", sample)

    assert run("rollback", sample / "dist") == (
        2,
        "",
        f"clustergraph: there is no '{sample}/.dist.previous' to go back to: a build keeps the one that it replaces "
        "there\n",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["/nowhere.ttl", "--lang", "it"],
            "non c'è '/nowhere.ttl' in '{0}': indicare un file o una cartella del repository",
        ),
        (
            ["--changed-only", "none", "--lang=it"],
            "git non conosce un commit 'none' in '{0}': indicare un ramo, un tag o un commit",
        ),
        (
            ["--baseline", "ontology/own.ttl", "--lang", "it"],
            "'ontology/own.ttl' non è una baseline: riscriverla con --write-baseline",
        ),
        (
            ["--baseline", "none", "--lang", "it"],
            "la baseline 'none' non si può leggere: No such file or directory: scriverla con --write-baseline",
        ),
        (["--unsafe-fixes", "--lang", "it"], "--unsafe-fixes da solo non corregge nulla: aggiungere --fix o --diff"),
        (["--unsafe-fixes", "--lang", "en"], "--unsafe-fixes mends nothing by itself: give --fix or --diff too"),
        (["--unsafe-fixes"], "--unsafe-fixes mends nothing by itself: give --fix or --diff too"),
    ],
)
def test_wrong_use_is_told_in_the_language_that_is_asked_for(
    run: Run, sample: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(sample)
    (sample / "ontology/own.ttl").write_text("", encoding="utf-8")

    outcome = run("check", *words)

    assert (outcome.status, outcome.out, outcome.err) == (2, "", f"clustergraph: {said.format(sample)}\n")


# query


@pytest.fixture
def ask(run: Run, built_sample: Path) -> Run:
    """Runs `clustergraph query` on the built sample."""

    def ask(*arguments: object, stdin: str | bytes = b"") -> Outcome:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        return run("query", "--dist", built_sample, *arguments, stdin=data)

    return ask


MEMBERS = ("members-of-cluster", "--param", "cluster=north-clocks")
ID = "https://w3id.org/clustergraph/id"


def test_without_a_name_the_catalogue_is_listed(ask: Run) -> None:
    assert ask() == (
        0,
        "members-of-cluster                       Which organisations are members of a cluster?\n",
        "",
    )


def test_an_answer_is_printed_as_a_table_and_counted_beside_it(ask: Run) -> None:
    status, out, err = ask(*MEMBERS)

    assert [line.rstrip() for line in out.splitlines()] == [
        "cluster              member                    name",
        "cluster:north-clocks organisation:bell-foundry Bell foundry",
        "cluster:north-clocks organisation:dial-makers  Dial makers",
    ]
    assert (status, err) == (0, "2 rows\n")


def test_a_value_is_printed_as_it_is_and_no_markup_is_read_into_it(ask: Run) -> None:
    query = 'SELECT ("[red]a[/] :smile: https://x.y/" AS ?a) {}'

    status, out, err = ask("-", stdin=query)

    assert [line.rstrip() for line in out.splitlines()] == ["a", "[red]a[/] :smile: https://x.y/"]
    assert (status, err) == (0, "1 row\n")


def test_a_value_that_commands_the_terminal_is_spelled_out(ask: Run) -> None:
    assert ask("-", stdin='SELECT ("\\u001b[2J\\u202e" AS ?a) {}').out.split() == ["a", "\\u001b[2J\\u202e"]


def test_an_answer_wider_than_the_terminal_is_printed_as_one_block_a_row(
    ask: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    query = 'SELECT ("short" AS ?a) ("a text that is wider than this terminal" AS ?bc) ?d { VALUES ?n { 1 2 } }'
    block = "  a   short\n  bc  a text that is wider than this\n      terminal\n  d   –\n"

    assert ask("-", stdin=query) == (0, f"1\n{block}\n2\n{block}", "2 rows\n")


@pytest.mark.parametrize(("query", "answer"), [("ASK {}", "true"), ("ASK { <x:a> ?p ?o }", "false")], ids=["yes", "no"])
def test_a_yes_or_no_is_printed_as_one_word(ask: Run, query: str, answer: str) -> None:
    assert ask("-", stdin=query) == (0, f"{answer}\n", "")


def test_a_column_named_true_is_no_yes(ask: Run) -> None:
    status, out, err = ask("-", stdin="SELECT ?true { <x:a> <x:b> ?true }")

    assert (status, out.split(), err) == (0, ["true"], "0 rows\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("csv", f"member\r\n{ID}/organisation/bell-foundry\r\n{ID}/organisation/dial-makers\r\n", id="csv"),
        pytest.param("TSV", f"?member\n<{ID}/organisation/bell-foundry>\n<{ID}/organisation/dial-makers>\n", id="tsv"),
        pytest.param(
            "json",
            '{"head":{"vars":["member"]},"results":{"bindings":['
            f'{{"member":{{"type":"uri","value":"{ID}/organisation/bell-foundry"}}}},'
            f'{{"member":{{"type":"uri","value":"{ID}/organisation/dial-makers"}}}}]}}}}',
            id="json",
        ),
    ],
)
def test_an_answer_is_printed_in_the_format_asked_for(ask: Run, name: str, text: str) -> None:
    query = "SELECT ?member { ?member org:memberOf ?cluster } ORDER BY ?member"

    assert ask("-", "--format", name, stdin=query) == (0, text, "")


def test_triples_are_printed_as_turtle(ask: Run) -> None:
    assert ask("-", stdin="CONSTRUCT WHERE { organisation:dial-makers org:memberOf ?cluster }") == (
        0,
        "@prefix organisation: <https://w3id.org/clustergraph/id/organisation/> .\n"
        "@prefix cluster: <https://w3id.org/clustergraph/id/cluster/> .\n"
        "@prefix org: <http://www.w3.org/ns/org#> .\n"
        "organisation:dial-makers org:memberOf cluster:north-clocks .\n",
        "",
    )


def test_a_file_is_a_query_with_our_prefixes(ask: Run) -> None:
    Path("mine.rq").write_text("ASK { organisation:dial-makers org:memberOf cluster:north-clocks }", encoding="utf-8")

    assert ask("mine.rq") == (0, "true\n", "")


def test_a_file_of_a_catalogue_is_a_saved_query(ask: Run) -> None:
    path = SAMPLE / "queries/catalogue/members-of-cluster.rq"

    assert ask(path, "--param", "cluster=south-clocks", "--format", "csv") == (0, "cluster,member,name\r\n", "")


def test_a_saved_query_is_explained_and_not_run(ask: Run) -> None:
    text = (SAMPLE / "queries/catalogue/members-of-cluster.rq").read_text(encoding="utf-8")

    assert ask("members-of-cluster", "--explain") == (
        0,
        "Members of a cluster\n"
        "Which organisations are members of a cluster?\n"
        "Quali organizzazioni sono membri di un cluster?\n\n"
        "--param cluster=north-clocks   whose members (cluster)\n\n"
        f"{text}\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "stdin", "problem"),
    [
        pytest.param(
            ["members"],
            "",
            "there is no saved query and no file 'members': 'clustergraph query' lists the catalogue",
            id="unknown-name",
        ),
        pytest.param(
            ["members-of-cluster"],
            "",
            "query 'members-of-cluster' needs parameter 'cluster', e.g. cluster=north-clocks",
            id="parameter-missing",
        ),
        pytest.param(
            [*MEMBERS, "--param", "since=1900"],
            "",
            "query 'members-of-cluster' has no parameter 'since': its parameters are cluster",
            id="parameter-unknown",
        ),
        pytest.param(
            ["members-of-cluster", "--param", "cluster"],
            "",
            "'cluster' is not a parameter: write it as NAME=VALUE",
            id="parameter-without-value",
        ),
        pytest.param(
            ["members-of-cluster", "--param", "cluster=a> <b"],
            "",
            "'a> <b' does not fit parameter 'cluster' (cluster): give it like 'north-clocks'",
            id="parameter-of-another-type",
        ),
        pytest.param(
            ["-", "--param", "a=b"],
            "ASK {}",
            "--param is for saved queries: 'clustergraph query' lists them",
            id="param",
        ),
        pytest.param(
            ["-", "--explain"],
            "ASK {}",
            "--explain is for saved queries: 'clustergraph query' lists them",
            id="explain",
        ),
        pytest.param(
            [*MEMBERS, "--format", "turtle"],
            "",
            "there is no format 'turtle' here: use one of json, xml, csv, tsv",
            id="format-of-triples",
        ),
        pytest.param(
            ["-", "--format", "csv"],
            "CONSTRUCT WHERE { ?s ?p ?o }",
            "there is no format 'csv' here: use one of turtle, n-triples, json-ld, rdf-xml, trig, n-quads",
            id="format-of-rows",
        ),
        pytest.param(["-"], "\nASK { ?s ?p }", "line 2, column 13: '}' cannot stand here", id="syntax"),
        pytest.param(["-"], "", "line 1, column 1: something more is needed before the end of the query", id="nothing"),
        pytest.param(
            ["-"],
            "ASK { SERVICE <x:y> {} }",
            "line 1, column 7: SERVICE is not answered, as this endpoint answers from its own data only: remove the "
            "SERVICE block",
            id="service",
        ),
        pytest.param(
            ["-"],
            "DROP ALL",
            "line 1, column 1: DROP begins an update, and this endpoint is read only: "
            "ask with SELECT, ASK, CONSTRUCT or DESCRIBE",
            id="update",
        ),
        pytest.param(["-"], b"ASK {} # \xe8", "standard input is not UTF-8 text: save it as UTF-8", id="not-utf-8"),
    ],
)
def test_a_query_that_cannot_be_answered_ends_with_2(
    ask: Run, arguments: list[str], stdin: str | bytes, problem: str
) -> None:
    assert ask(*arguments, stdin=stdin) == (2, "", f"clustergraph: {problem}\n")


def test_a_query_file_that_is_not_utf_8_ends_with_2(ask: Run) -> None:
    Path("mine.rq").write_bytes(b"ASK {} # \xe8")

    assert ask("mine.rq") == (2, "", "clustergraph: mine.rq: this is not UTF-8 text: save it as UTF-8\n")


def test_a_folder_without_build_ends_with_2_and_is_named(run: Run) -> None:
    assert run("query") == (
        2,
        "",
        "clustergraph: there is no folder 'dist': run 'clustergraph build', "
        "or name another, here or in CLUSTERGRAPH_DIST\n",
    )


def test_the_build_of_the_environment_is_used(run: Run, built_sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERGRAPH_DIST", str(built_sample))

    assert run("query", "-", stdin=b"ASK {}") == (0, "true\n", "")


def test_a_reader_that_leaves_is_not_told_off(built_sample: Path) -> None:
    command = [sys.executable, "-m", "clustergraph", "query", *MEMBERS, "--dist", str(built_sample), "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()

        assert process.stderr.read() == b""


# serve


def test_serving_a_build_that_is_not_there_ends_with_2(run: Run, tmp_path: Path) -> None:
    assert run("serve", tmp_path / "dist") == (
        2,
        "",
        f"clustergraph: there is no folder '{tmp_path}/dist': run 'clustergraph build', "
        "or name another, here or in CLUSTERGRAPH_DIST\n",
    )


def test_serving_a_build_that_was_changed_ends_with_2(run: Run, built_sample: Path, tmp_path: Path) -> None:
    dist = Path(shutil.copytree(built_sample, tmp_path / "dist"))
    (dist / "clustergraph.nq").write_bytes(b"")

    assert run("serve", dist) == (
        2,
        "",
        f"clustergraph: '{dist}/clustergraph.nq' is not what manifest.json says (SHA-256 differs): run 'clustergraph "
        "build' to make it anew\n",
    )


def test_a_public_address_that_is_none_ends_with_2(run: Run, built_sample: Path) -> None:
    assert run("serve", built_sample, "--public-url", "https://example.org/data") == (
        2,
        "",
        "clustergraph: 'https://example.org/data' cannot be the public address: give scheme and host, with a port if "
        "need be, e.g. https://example.org, and no user name, path or query\n",
    )


def test_every_knob_is_an_option_and_a_variable(run: Run) -> None:
    options = {one.name: one for one in serve.params}

    names = [name for name, *_ in described()]

    assert sorted(options) == sorted(names)
    assert [options[name].envvar for name in names if name != "dist"] == [
        f"CLUSTERGRAPH_{name.upper()}" for name in names if name != "dist"
    ]
    assert run("serve", "--help").out.count("CLUSTERGRAPH_") == len(names) - 1


def test_a_knob_that_is_on_or_off_is_a_flag() -> None:
    flags = {one.name for one in serve.params if getattr(one, "is_flag", False)}

    assert flags == {name for name, kind, *_ in described() if kind is bool}
    assert "budget_loopback" in flags


def test_a_name_longer_than_names_can_be_is_no_saved_query_and_no_file(ask: Run) -> None:
    problem = f"there is no saved query and no file '{'a' * 80}': 'clustergraph query' lists the catalogue"

    assert ask("a" * 5000) == (2, "", f"clustergraph: {problem}\n")


def test_a_name_of_a_file_cannot_steer_the_terminal(ask: Run) -> None:
    outcome = ask("\x1b[31mred")

    assert (outcome.status, "\x1b" in outcome.err, "\\u001b[31mred" in outcome.err) == (2, False, True)


def test_a_file_in_a_folder_called_catalogue_is_held_to_the_guard(ask: Run) -> None:
    Path("catalogue").mkdir()
    text = (SAMPLE / "queries/catalogue/members-of-cluster.rq").read_text(encoding="utf-8")
    Path("catalogue/x.rq").write_text(text.replace("{", "{ SERVICE <x:y> {} ", 1), encoding="utf-8")

    outcome = ask("catalogue/x.rq", "--param", "cluster=south-clocks")

    assert outcome.status == 2
    assert "SERVICE is not answered" in outcome.err


def test_a_dataset_that_is_too_large_for_memory_is_asked_in_the_store_that_the_server_uses(
    run: Run, sample: Path, built_sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(built_sample, sample / "dist")
    asked = ("query", "-", "--dist", sample / "dist", "--format", "csv")
    query = b"SELECT ?s ?p ?o { ?s ?p ?o FILTER(!isBlank(?s) && !isBlank(?o)) } ORDER BY ?s ?p ?o"

    in_memory = run(*asked, stdin=query)
    before = sorted(one.name for one in sample.iterdir())
    monkeypatch.setattr("clustergraph.engine.load_engine", None)
    on_disk = [run(*asked, "--memory-quads", "10", stdin=query) for _ in range(2)]

    assert in_memory[0] == 0
    assert on_disk == [in_memory, in_memory]
    assert ".dist.stores" not in before
    assert [one.name for one in (sample / ".dist.stores").iterdir()] == [open_published(built_sample).digest]


def test_a_store_that_cannot_be_made_is_told_with_what_to_do(run: Run, sample: Path, built_sample: Path) -> None:
    (sample / "file").touch()

    outcome = run(
        "query", "-", "--dist", built_sample, "--memory-quads", 10, "--store-dir", sample / "file", stdin=b"ASK {}"
    )

    assert outcome == (
        2,
        "",
        "clustergraph: the dataset has more than 10 quads, and its store cannot be had: [Errno 17] File exists: "
        f"'{sample}/file'; name another folder with --store-dir, or raise --memory-quads\n",
    )


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_server_that_cannot_make_its_store_says_so_before_it_promises_anything(
    sample: Path, real_dist: Path, folder: str
) -> None:
    (sample / "file").touch()
    cause = {"file": "File exists", "file/below": "Not a directory"}[folder]
    command = [sys.executable, "-m", "clustergraph", "serve", str(real_dist), "--memory-quads", "0", "--port", "0"]

    done = subprocess.run(
        [*command, "--store-dir", str(sample / folder)], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        f"clustergraph: cannot write to '{sample}/{folder}' ({cause}): choose another folder with --store-dir\n",
    )


@pytest.mark.parametrize("closed", ["0", "2", "12", "012"])
def test_a_standard_file_that_is_closed_is_the_null_device_and_nothing_else(
    real_dist: Path, tmp_path: Path, closed: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "clustergraph", "serve", str(real_dist), "--query-log", "-", "--port", str(port)]
    closing = " ".join(f"{number}>&-" for number in closed)
    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$@" {closing}', "sh", *program], stdin=log, stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + 60
        while not is_ready(port):
            assert process.poll() is None, (tmp_path / "log.txt").read_text(encoding="utf-8")
            assert time.monotonic() < end
            time.sleep(0.05)
        found = [str(Path(f"/proc/{process.pid}/fd/{number}").readlink()) for number in range(3)]
    finally:
        process.terminate()
        status = process.wait(60)

    assert found == ["/dev/null" if str(number) in closed else str(tmp_path / "log.txt") for number in range(3)]
    assert status == 0


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready"):  # our own loopback address
            return True
    except OSError:
        return False
