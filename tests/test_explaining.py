"""Explanations: every code has one in both languages, and its examples are as wrong and as right as they say."""

from pathlib import PurePosixPath

import pytest
from click.testing import CliRunner

from clustergraph.checking import house_findings
from clustergraph.cli import verbs
from clustergraph.explaining import explanation, meanings
from clustergraph.findings import LANGUAGES
from clustergraph.formatting import Unformattable, formatted
from clustergraph.mappings import read_mappings
from clustergraph.oxterms import engine_triples
from clustergraph.reading import read
from clustergraph.repository import Document, Repository, read_repository
from clustergraph.rules import RULES
from clustergraph.shacl import Index, validate
from clustergraph.shacl.messages import code_of
from clustergraph.shacl.sentences import CODES, CUSTOM, SHAPE_FAULTS
from clustergraph.suppressions import Suppressions
from clustergraph.terms import PREFIXES
from conftest import REPOSITORY

PROLOGUE = "".join(
    f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in {**PREFIXES, "x": "https://example.org/"}.items()
)
WITHOUT_EXAMPLE = {
    *(
        "T002",
        "T003",
        "T011",
        "T013",
        "T014",
        "H011",
        "C029",
        "C030",
        "S003",
        "S006",
        "S007",
        "S008",
        "S009",
        "F003",
        "I004",
        "I005",
        "I006",
        "I007",
    )
}
OURS = [code for code in meanings() if code not in WITHOUT_EXAMPLE]
MAPPINGS = 20
OF_FINISHED = {"H010", "H011"}  # what else is to be written: examples are short


def test_every_code_says_what_it_means_and_what_to_do_in_both_languages() -> None:
    known = [explanation(code) for code in meanings()]

    assert {*RULES, *CODES.values(), CUSTOM, *(code[:4] for code in SHAPE_FAULTS)} <= meanings().keys()
    bare = [one.code for one in known if one and not all(one.meaning[at] and one.to_do[at] for at in LANGUAGES)]
    assert bare == []
    alike = [
        one.code
        for one in known
        if one and (one.meaning["en"] == one.meaning["it"] or one.to_do["en"] == one.to_do["it"])
    ]
    assert alike == []


def test_every_code_has_an_example_but_those_of_which_none_is_short() -> None:
    assert {code for code in meanings() if not (one := explanation(code)) or not one.wrong} == WITHOUT_EXAMPLE


def codes_of(code: str, text: str, shape: str, path: str, repository: Repository) -> set[str]:
    """The codes of the findings about an example."""
    if code[0] == "T" and int(code[1:]) > MAPPINGS:
        return {one.code for one in read_mappings(text + "\n").faults}
    parsed = read(PROLOGUE + text)
    if code[0] == "T" or parsed.faults:
        return {one.code for one in parsed.faults}
    if code[0] == "H":
        triples, _ = engine_triples(parsed)
        graph = "source/example-page" if "source" in path else "curated"
        document = Document(PurePosixPath(path), graph, parsed, tuple(triples))
        whole = Repository(repository.root, (*repository.documents, document), ())
        comments = Suppressions(whole)
        found = [*comments.kept(house_findings(whole)), *comments.findings(is_unused=True)]
        return {one.code for one in found if one.path == path} - (OF_FINISHED - {code})
    if code[0] == "S":
        return {one.code for one in validate(Index([parsed]), Index([read("")])).faults}
    shapes = read(PROLOGUE + f"x:S a sh:NodeShape ; sh:targetClass x:Thing ; sh:property [ sh:path x:p ; {shape} ] .")
    report = validate(Index([shapes]), Index([parsed]))
    assert report.faults == []
    return {code_of(one) for one in report.results}


@pytest.fixture(scope="module")
def repository() -> Repository:
    return read_repository(REPOSITORY)


@pytest.mark.parametrize("code", [code for code in OURS if code[0] in "THCS"])
def test_an_example_is_wrong_as_it_says_and_right_when_mended(code: str, repository: Repository) -> None:
    known = explanation(code)
    assert known is not None

    assert codes_of(code, known.wrong, known.shape, known.path, repository) == {code}
    assert codes_of(code, known.right, known.shape, known.path, repository) == set()


def test_examples_of_form_are_true() -> None:
    tidy, again = explanation("F001"), explanation("F002")
    assert tidy is not None
    assert again is not None

    assert formatted(read(PROLOGUE + tidy.wrong)).partition("\n\n")[2] == tidy.right + "\n"
    with pytest.raises(Unformattable):
        formatted(read(PROLOGUE + again.wrong))
    assert formatted(read(PROLOGUE + again.right))


def test_the_command_shows_the_shapes_that_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)

    result = CliRunner().invoke(verbs, ["explain", "c017", "--lang", "it"])

    assert (result.exit_code, result.stdout) == (
        0,
        "C017: … non è minore di …, il valore di …\n\nChe cosa fare: Correggere il valore come dicono le parole della"
        " forma, sotto il rilievo.\n\nSe una forma chiede:\n    sh:lessThan x:q\n\nSbagliato:\n    x:a a x:Thing ;\n"
        "        x:p 2 ;\n        x:q 1 .\n\nGiusto:\n    x:a a x:Thing ;\n        x:p 1 ;\n        x:q 2 .\n\n"
        "Per lasciarne passare uno, alla fine della sua riga e con un motivo:\n"
        "    # clustergraph: ignore C017 -- motivo\n",
    )
    used = CliRunner().invoke(verbs, ["explain", "C027"]).stdout.partition("Shapes that ask for it:\n")[2]
    line = next(line for line in used.splitlines() if "NationalCluster" in line)
    path, number, column = line.strip().split(":")
    assert (REPOSITORY / path).read_text().splitlines()[int(number) - 1][int(column) - 1 :].startswith("sh:hasValue")


@pytest.mark.parametrize(
    ("code", "shown"),
    [("H008", True), ("C030", True), ("H001", False), ("H091", False), ("T001", False), ("S001", False)],
)
def test_only_of_what_may_be_suppressed_is_it_said_how(code: str, *, shown: bool) -> None:
    said = CliRunner().invoke(verbs, ["explain", code]).stdout

    assert (f"# clustergraph: ignore {code} -- reason\n" in said) == shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["C04"], "there is no code 'C04': did you mean ", id="near"),
        pytest.param(
            ["zzz", "--lang", "it"], "non c'è un codice «zzz»: un rilievo mostra il codice dopo il punto", id="far"
        ),
    ],
)
def test_what_is_no_code_is_wrong_use(words: list[str], sentence: str) -> None:
    result = CliRunner().invoke(verbs, ["explain", *words])

    assert str(result.exception).startswith(sentence)
