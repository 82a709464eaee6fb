"""Files that are something else, or that were made to do harm: told in one finding, at once, in plain text."""

import gzip
import os
import time
from itertools import count
from pathlib import Path

import pytest

from clustergraph import sandbox
from clustergraph.checking import check, sources_of
from clustergraph.findings import LANGUAGES, Finding
from clustergraph.outputs import RENDERERS, Outcome
from clustergraph.reading import read
from clustergraph.repository import read_repository
from clustergraph.shacl import Index, QueryTime, Report, validate
from clustergraph.shacl.messages import leaves_of

BOUND_S = 20.0
PLACE = "data/organisation/bell-foundry.ttl"
ENTITY = "https://w3id.org/clustergraph/id/organisation/bell-foundry"

XML = '<?xml version="1.0"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n</rdf:RDF>\n'
JSON_LD = f'{{\n  "@context": "https://schema.org/",\n  "@id": "{ENTITY}"\n}}\n'
FILES: dict[str, tuple[bytes, list[tuple[str, tuple[int, int] | None]]]] = {
    "utf-16": ("<x:a> <x:b> 1 .".encode("utf-16"), [("T002", (1, 1))]),
    "utf-16 without a mark": ("<x:a> <x:b> 1 .".encode("utf-16-le"), [("T002", (1, 2))]),
    "binary": (bytes(range(256)), [("T002", (3, 115))]),
    "gzip": (gzip.compress(b"<x:a> <x:b> 1 .\n" * 100_000, mtime=0), [("T002", (1, 2))]),
    "a mark of byte order": (b"\xef\xbb\xbf<x:a> <x:b> 1 .", [("T002", (1, 1))]),
    "NUL": (b"<x:a> <x:b> 1 .\n\0", [("T002", (2, 1))]),
    "a literal of 30 MB": (b'<x:a> <x:b> "' + b"a" * 30_000_000 + b'" .', [("T002", None)]),
    "100,000 brackets": (b"<x:a> <x:b> " + b"[ <x:b> " * 100_000 + b"]" * 100_000, [("T009", (1, 813))]),
    "100,000 lists": (b"<x:a> <x:b> " + b"(" * 100_000 + b")" * 100_000, [("T009", (1, 113))]),
    "no end of a string": (b'<x:a> <x:b> """' + b"a" * 5_000_000, [("T006", (1, 13))]),
}


def findings_of(root: Path, path: str = PLACE) -> list[Finding]:
    before = time.monotonic()
    found = [one for one in check(read_repository(root)).findings if one.path == path]
    assert time.monotonic() - before < BOUND_S
    assert all(set(one.message) == set(LANGUAGES) for one in found)
    return found


def places(findings: list[Finding]) -> list[tuple[str, tuple[int, int] | None]]:
    return [(one.code, None if one.at is None else (one.at.line, one.at.column)) for one in findings]


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_turtle_is_one_finding(sample: Path, name: str) -> None:
    content, expected = FILES[name]
    (sample / PLACE).write_bytes(content)

    assert places(findings_of(sample)) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [(XML, "RDF/XML"), (JSON_LD, "JSON"), (f"[{JSON_LD}]", "JSON"), ("<!DOCTYPE html><html></html>", "HTML")],
    ids=["RDF/XML", "JSON-LD", "several in JSON-LD", "HTML"],
)
def test_another_syntax_is_called_by_its_name(sample: Path, text: str, name: str) -> None:
    (sample / PLACE).write_text(text, encoding="utf-8")

    (found,) = findings_of(sample)

    assert places([found]) == [("T014", (1, 1))]
    assert found.message == {
        "en": f"this looks like {name}, and Turtle is wanted: convert it",
        "it": f"sembra {name}, e serve Turtle: va convertito",
    }


def test_a_file_with_other_ends_of_lines_is_read_as_it_is(sample: Path) -> None:
    file = sample / PLACE
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    assert findings_of(sample) == []


@pytest.mark.parametrize("target", ["/etc/passwd", "/dev/zero", "../../../outside.ttl", "/nowhere"])
def test_a_link_that_leads_out_is_refused_unread(sample: Path, target: str) -> None:
    (sample.parent / "outside.ttl").write_text("<x:secret> <x:b> 1 .", encoding="utf-8")
    (sample / PLACE).unlink()
    (sample / PLACE).symlink_to(target)

    assert places(findings_of(sample)) == [("T003", None)]


def test_a_pipe_is_refused_and_not_waited_for(sample: Path) -> None:
    (sample / PLACE).unlink()
    os.mkfifo(sample / PLACE)

    assert places(findings_of(sample)) == [("T003", None)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J\x1b]0;owned\x07",
        "\u202egnp.exe",
        "\u2066\u2069",
        "::error file=a::owned",
        "%0A::error::owned",
        "\x85\u2028",
    ],
    ids=["escapes", "bidi", "isolates", "command", "escaped command", "ends of lines"],
)
def test_no_text_of_a_file_acts_on_who_reads_the_findings(
    sample: Path, hostile: str, renderer: str, language: str
) -> None:
    file = sample / PLACE
    file.write_text(f'<x:a> "{hostile}"@en "{hostile}" .', encoding="utf-8")

    findings = findings_of(sample)
    sources = sources_of(read_repository(sample), findings)

    said = RENDERERS[renderer](Outcome(findings, language, sources))

    assert said
    assert all(sign.isprintable() or sign == "\n" for sign in said)
    assert not any(line.startswith("::") and "owned" in line.split("::")[1] for line in said.split("\n"))


PROLOGUE = """\
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix x: <http://example.org/> .
x:S a sh:NodeShape ; sh:targetNode x:s ; sh:property x:P . x:P sh:path x:p ; """
DATA = "\n".join(f"<http://example.org/s> <http://example.org/p> {number} ." for number in range(300))
CROSS = " ".join(f"?a{number} ?b{number} ?c{number} ." for number in range(4))
DOUBLED = " ".join(f"BIND(CONCAT(STR(?x{number}), STR(?x{number})) AS ?x{number + 1})" for number in range(40))


def reported(shape: str, time_s: float = 10.0, data: str = DATA, *, in_place: bool = False) -> Report:
    shapes, graph = read(PROLOGUE + shape), read(data)
    assert shapes.faults == graph.faults == []
    before = time.monotonic()
    report = validate(Index([shapes]), Index([graph]), QueryTime(time_s, in_place=in_place))
    assert time.monotonic() - before < BOUND_S
    return report


LEVELS = range(40)
COUNTED = "[ sh:path [ sh:zeroOrOnePath x:p ] ; sh:qualifiedValueShape x:s{below} ; sh:qualifiedMinCount 1 ]"
SHARED = {
    "by lists": ("sh:and ( x:s{below} x:s{below} )", 1),
    "by sh:node and sh:not": ("sh:node x:s{below} ; sh:not [ sh:not x:s{below} ]", 23),
    "by counted values": (f"sh:property {COUNTED} , {COUNTED}", 2),
}


@pytest.mark.parametrize("name", SHARED)
def test_shapes_that_share_shapes_are_asked_once_of_each_node(name: str) -> None:
    shape, leaves = SHARED[name]
    levels = " . ".join(f"x:s{number} {shape.format(below=number + 1)}" for number in range(22))

    report = reported(f"sh:node x:s0 . {levels} . x:s22 sh:nodeKind sh:IRI .", data=DATA)

    assert report.faults == []
    assert {one.value and one.value[0] for one in report.results} == {str(number) for number in range(300)}
    assert {len([*leaves_of(one)]) for one in report.results} == {leaves}


def test_ways_through_the_data_that_double_are_gone_once() -> None:
    data = "\n".join(f"x:n{level}{one} x:p x:n{level + 1}0 , x:n{level + 1}1 ." for level in LEVELS for one in (0, 1))
    below = " . ".join(f"x:P{level} sh:path x:p ; sh:nodeKind sh:IRI ; sh:property x:P{level + 1}" for level in LEVELS)

    report = reported(
        f"sh:nodeKind sh:IRI . x:T sh:targetNode x:n00 ; sh:property x:P0 . {below} . x:P{len(LEVELS)} sh:path x:p .",
        data=f"@prefix x: <http://example.org/> . {data}",
    )

    assert (report.results, report.faults, report.focus_nodes["http://example.org/T"]) == ([], [], 1)


def test_results_that_double_at_each_level_are_too_many_and_told() -> None:
    below = " . ".join(f"x:P{level} sh:path x:q ; sh:property x:P{level + 1} , x:Q{level + 1}" for level in LEVELS)
    beside = " . ".join(f"x:Q{level} sh:path x:q ; sh:property x:P{level + 1} , x:Q{level + 1}" for level in LEVELS)
    last = " . ".join(f"x:{name}{len(LEVELS)} sh:path x:p ; sh:minCount 1" for name in "PQ")

    report = reported(
        f"sh:maxCount 400 . x:T sh:targetNode x:s ; sh:property x:P0 . {below} . {beside} . {last} .",
        data="@prefix x: <http://example.org/> . x:s x:q x:s .",
    )

    assert [(one.code, one.subject) for one in report.faults] == [("S009", "http://example.org/T")]


def test_what_cannot_be_judged_in_time_is_told_of_every_shape() -> None:
    shapes, graph = read(f"{PROLOGUE} sh:maxCount 1 . x:T sh:targetNode x:t ; sh:nodeKind sh:IRI ."), read(DATA)
    left = QueryTime(core_limit_s=0.0)

    report = validate(Index([shapes]), Index([graph]), left)

    assert report.results == []
    assert [(one.code, one.subject, one.values) for one in report.faults] == [
        ("S008", "http://example.org/S", ("0",)),
        ("S008", "http://example.org/T", ("0",)),
    ]


def test_several_validations_take_no_longer_together_than_one_may() -> None:
    shapes, graph = read(f"{PROLOGUE} sh:maxCount 1 ."), read(DATA)
    left = QueryTime()

    first = validate(Index([shapes]), Index([graph]), left)
    assert left.left_core_s < left.core_limit_s
    left.left_core_s = 0.0
    second = validate(Index([shapes]), Index([graph]), left)

    assert ([len(one.results) for one in (first, second)], first.faults) == ([1, 0], [])
    assert [(one.code, one.values) for one in second.faults] == [("S008", ("30",))]


def test_results_of_one_node_are_too_many_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clustergraph.shacl.watch.RESULTS_LIMIT", 1_000)
    others = "\n".join(f"<http://example.org/s> <http://example.org/q> {number} ." for number in range(300))

    report = reported("sh:lessThan x:q .", data=f"{DATA}\n{others}")

    assert [(one.code, one.subject) for one in report.faults] == [("S009", "http://example.org/S")]


def test_the_clock_is_looked_at_on_the_way_along_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clustergraph.shacl.watch.time.thread_time", count().__next__)  # a second for each look
    data = "\n".join(f"x:{number} x:q x:{number + 1} ." for number in range(2_000))
    shapes = read(
        f"{PROLOGUE} sh:maxCount 1 . x:T sh:targetNode x:0 ; sh:path [ sh:oneOrMorePath x:q ] ; sh:maxCount 1 ."
    )

    report = validate(Index([shapes]), Index([read(f"@prefix x: <http://example.org/> . {data}")]))

    assert [(one.code, one.subject) for one in report.faults] == [("S008", "http://example.org/T")]


PATHS = {
    "of lists that share lists": " . ".join(
        f"_:p{level} a x:L ; rdf:first _:p{level + 1} ; rdf:rest ( _:p{level + 1} )" for level in LEVELS
    )
    + f" . _:p{len(LEVELS)} sh:inversePath x:p .",
    "of many levels": " . ".join(f"_:p{level} sh:inversePath _:p{level + 1}" for level in range(2_000))
    + " . _:p2000 sh:inversePath x:p .",
}


@pytest.mark.parametrize("name", PATHS)
def test_a_path_of_too_many_parts_is_one_fault(name: str) -> None:
    prefix = "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> ."
    shapes = read(
        f"{prefix} {PROLOGUE} sh:minCount 1 . x:T sh:targetNode x:s ; sh:path _:p0 ; sh:minCount 1 . {PATHS[name]}"
    )
    assert shapes.faults == []

    assert [one.code for one in validate(Index([shapes]), Index([read(DATA)])).faults] == ["S009"]


def asked(query: str) -> str:
    return f'sh:sparql [ sh:select """{query}""" ] .'


SHAPES = {
    "a slip in a term": ("sh:minCuont 1 .", "S001"),
    "a shape of itself": ("sh:node x:S .", "S004"),
    "shapes of one another": ("sh:not [ sh:or ( [ sh:property x:P ] ) ] .", "S004"),
    "a pattern that goes back": (r'sh:pattern "(a)\\1" .', "S002"),
    "a pattern too large": ('sh:pattern "((a{1000}){1000}){1000}" .', "S002"),
    "a path that bites its tail": ("sh:property [ sh:path _:p ; sh:minCount 1 ] . _:p sh:inversePath _:p .", "S005"),
    "a call": (asked("SELECT $this { <http://e.org/#> ?p ?o . SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"), "S006"),
    "a call behind a comment": (asked("SELECT $this { # }\n SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"), "S006"),
    "a file": (asked("SELECT $this FROM <file:///etc/passwd> { ?s ?p ?o }"), "S006"),
    "an update": (asked("DELETE WHERE { ?s ?p ?o }"), "S006"),
    "another form": (asked("ASK { ?s ?p ?o }"), "S006"),
    "an unknown function": (asked("SELECT $this { BIND(<http://e.org/f>(1) AS ?value) }"), "S006"),
    "too many rows": (asked(f"SELECT $this {{ $this ?p ?o . {CROSS} }}"), "S009"),
}


@pytest.mark.parametrize("in_place", [False, True], ids=["apart", "in place"])
@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_that_cannot_be_evaluated_is_one_fault(name: str, in_place: bool) -> None:
    shape, code = SHAPES[name]

    assert [one.code for one in reported(shape, in_place=in_place).faults] == [code]


def test_queries_in_place_make_no_process_and_take_no_longer_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", None)
    shape = asked("SELECT $this ?value { $this ?p ?value FILTER (?value = 7) }")

    in_time, late = reported(shape, in_place=True), reported(shape, 0.0, in_place=True)

    assert ([one.value and one.value[0] for one in in_time.results], in_time.faults) == (["7"], [])
    assert (late.results, [(one.code, one.values) for one in late.faults]) == ([], [("S008", ("0",))])


NEVER_ENDING = {
    "all with all": f"SELECT $this {{ $this ?p ?o . {CROSS} FILTER (CONCAT(STR(?c0), STR(?c1), STR(?c2)) = 'z') }}",
    "for one focus node": f"SELECT $this (COUNT(*) AS ?number) {{ $this ?p ?o . {CROSS} FILTER (STR(?c1) = ?c2) }} "
    "GROUP BY $this",
    "a text that doubles": f"SELECT $this {{ $this ?p ?x0 . {DOUBLED} }}",
}


@pytest.mark.parametrize("name", NEVER_ENDING)
def test_a_query_that_never_ends_is_ended_and_told(name: str) -> None:
    report = reported(asked(NEVER_ENDING[name]), 1.0)

    assert [(one.code, one.values) for one in report.faults] in ([("S008", ("1",))], [("S009", ())])
    assert report.results == []


def test_what_is_no_query_is_told_beside_one_that_never_ends() -> None:
    report = reported(f"sh:maxCount 1 ; {asked(NEVER_ENDING['all with all'])}", 1.0)

    assert [one.component.rpartition("#")[2] for one in report.results] == ["MaxCountConstraintComponent"]
    assert [one.code for one in report.faults] == ["S008"]


def test_queries_together_take_no_longer_than_one_may() -> None:
    queries = " , ".join(f'[ sh:select """{NEVER_ENDING["all with all"]} # {number}""" ]' for number in range(20))

    report = reported(f"sh:sparql {queries} .", 2.0)

    assert {one.code for one in report.faults} == {"S008"}
    assert len(report.faults) == 20


def test_nothing_is_left_of_a_process_that_was_ended() -> None:
    reported(asked(NEVER_ENDING["all with all"]), 0.5)

    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_process_is_made_where_no_shape_holds_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", None)

    assert len(reported("sh:maxCount 1 .").results) == 1


def test_a_pattern_that_takes_others_for_ever_takes_no_time() -> None:
    data = f'<http://example.org/s> <http://example.org/p> "{"a" * 1_000_000}b" .'

    assert len(reported('sh:pattern "^(a+)+$" .', data=data).results) == 1


@pytest.mark.skipif(sandbox.missing() is not None, reason=f"no filter here: {sandbox.missing()}")
def test_the_process_that_answers_is_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> bool:
        with Path("/etc/passwd").open(encoding="utf-8") as file:
            return bool(file.read())

    monkeypatch.setattr("clustergraph.shacl.store.QueryStore.select", opened)

    (fault,) = reported(asked("SELECT $this { $this ?p ?o }")).faults

    assert (fault.code, fault.values) == ("S006", ("[Errno 1] Operation not permitted: '/etc/passwd'",))
