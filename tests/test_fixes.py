"""What is written to mend a finding, and that nothing else is."""

from pathlib import Path, PurePosixPath

import pytest

from clustergraph.checking import check
from clustergraph.edits import applied
from clustergraph.findings import INFO, LANGUAGES, Finding
from clustergraph.fixes import with_fixes
from clustergraph.mending import mended_texts
from clustergraph.reading import read
from clustergraph.reading.parsed import LANG_STRING, OBJECT, XSD, Literal, Place
from clustergraph.repository import read_repository
from clustergraph.wording import near, reworded

PATH = PurePosixPath("data/organisation/chime-tuners.ttl")
ORG, ORGANISATION, SKOS, CG, XSD_LINE = (
    f"@prefix {line} .\n"
    for line in (
        "org: <http://www.w3.org/ns/org#>",
        "organisation: <https://w3id.org/clustergraph/id/organisation/>",
        "skos: <http://www.w3.org/2004/02/skos/core#>",
        "cg: <https://w3id.org/clustergraph/ns#>",
        "xsd: <http://www.w3.org/2001/XMLSchema#>",
    )
)
HEAD = ORG + ORGANISATION + SKOS
BODY = """
organisation:chime-tuners a org:Organization ;
    skos:prefLabel "Chime tuners"@en ,  # "01"@EN
        "Accordatori di suonerie"@it .
"""


def mended(root: Path, text: str, *, is_unsafe: bool = False) -> str:
    """The text of a file of the sample after one round of mending."""
    (root / PATH).write_bytes(text.encode())
    repository = read_repository(root)
    return mended_texts(repository, check(repository).findings, is_unsafe=is_unsafe).get(PATH, text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(ORG + SKOS, ORG + ORGANISATION + SKOS, id="in-the-middle"),
        pytest.param(ORGANISATION + SKOS, ORG + ORGANISATION + SKOS, id="first"),
        pytest.param(ORG + ORGANISATION, HEAD, id="last"),
        pytest.param(ORG, HEAD, id="two-at-one-place"),
        pytest.param("", f"\n{HEAD.rstrip()}\n", id="none-declared"),
        pytest.param("# ours\n" + ORGANISATION + SKOS, "# ours\n" + HEAD, id="below-a-comment"),
        pytest.param(
            ORG.replace("\n", " # org; \n") + SKOS,
            ORG.replace("\n", " # org; \n") + ORGANISATION + SKOS,
            id="after-a-comment",
        ),
        pytest.param(
            ORG.rstrip() + " " + SKOS, ORG + ORGANISATION.rstrip() + " " + SKOS, id="two-declarations-in-a-line"
        ),
        pytest.param(
            "PREFIX org: <http://www.w3.org/ns/org#>\n" + SKOS,
            "PREFIX org: <http://www.w3.org/ns/org#>\n" + ORGANISATION + SKOS,
            id="sparql-form",
        ),
        pytest.param((ORG + SKOS).replace("\n", "\r\n"), HEAD.replace("\n", "\r\n"), id="crlf"),
    ],
)
def test_a_well_known_prefix_is_declared_in_its_place(sample: Path, before: str, after: str) -> None:
    assert mended(sample, before + BODY) == after + BODY


def test_a_prefix_that_nobody_knows_or_that_is_declared_later_is_left(sample: Path) -> None:
    unknown = HEAD + BODY.replace("org:Org", "orgs:Org")
    later = ORG + ORGANISATION + BODY + "@prefix skos: <http://example.org/> .\n"

    assert (mended(sample, unknown), mended(sample, later)) == (unknown, later)


@pytest.mark.parametrize(
    ("whole", "spoilt"),
    [
        pytest.param("Organization ;", "Organization", id="semicolon"),
        pytest.param("@it .", "@it", id="dot"),
        pytest.param('@it .\n# "\n', '@it\n# "\n', id="dot-before-a-comment"),
        pytest.param(
            "@it .\n\norganisation:bell-foundry a", "@it ;\n\norganisation:bell-foundry a", id="dot-for-semicolon"
        ),
        pytest.param("@it .\n\norganisation:bell-foundry a", "@it\n\norganisation:bell-foundry a", id="dot-between"),
    ],
)
def test_a_missing_sign_is_written_at_the_end_of_what_stands_before(sample: Path, whole: str, spoilt: str) -> None:
    text = HEAD + BODY
    if "bell-foundry" in whole:
        text += "\norganisation:bell-foundry a org:Organization .\n"
    if "#" in whole:
        text += '# "\n'
    assert whole in text

    assert mended(sample, text.replace(whole, spoilt)) == text


def test_no_sign_is_written_into_a_file_that_cannot_be_read_with_it_either(sample: Path) -> None:
    text = HEAD + BODY.replace("Organization ;", "Organization") + "]\n"

    assert mended(sample, text) == text


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("01", "1"),
        ("+1", "1"),
        ("1.50", "1.5"),
        ("1.0", f'"1"^^<{XSD}decimal>'),
        ("'01'^^xsd:integer", '"1"^^xsd:integer'),
        ('"""01"""^^xsd:integer', '"1"^^xsd:integer'),
        (f'"01"^^<{XSD}integer>', f'"1"^^<{XSD}integer>'),
        ('"5"^^xsd:byte', '"5"^^xsd:integer'),
        (f'"5"^^<{XSD}byte>', f'"5"^^<{XSD}integer>'),
        ('"1"^^xsd:boolean', '"true"^^xsd:boolean'),
        ('"x"@EN', '"x"@en'),
        ("'''x \\u00e8 \"'''@it-IT", "'''x \\u00e8 \"'''@it-it"),
    ],
)
def test_a_literal_is_written_as_it_is_published_in_the_way_it_was_written(
    sample: Path, written: str, published: str
) -> None:
    text = CG + HEAD + XSD_LINE + BODY.rstrip(" .\n") + " ;\n    cg:value {} .\n"

    assert mended(sample, text.replace("{}", written)) == text.replace("{}", published)


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ('"1e400"^^xsd:double', '"INF"^^xsd:double'),
        ('"-1e400"^^xsd:double', '"-INF"^^xsd:double'),
        ('"1e-400"^^xsd:double', '"0"^^xsd:double'),
        ('"16777217"^^xsd:float', '"16777216"^^xsd:float'),
        ("1e999999999999999999999", f'"INF"^^<{XSD}double>'),
        ('"300"^^xsd:byte', '"300"^^xsd:integer'),
        ('"INFINITY"^^xsd:double', '"INF"^^xsd:double'),
    ],
)
def test_a_number_that_would_be_published_as_another_one_is_mended_only_if_that_was_asked_for(
    sample: Path, written: str, published: str
) -> None:
    text = CG + HEAD + XSD_LINE + BODY.rstrip(" .\n") + " ;\n    cg:value {} .\n"
    spoilt = text.replace("{}", written)

    assert mended(sample, spoilt) == spoilt
    assert mended(sample, spoilt, is_unsafe=True) == text.replace("{}", published)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        pytest.param("skos:altLable 'x'@en", "skos:altLabel 'x'@en", id="property"),
        pytest.param(
            "<http://www.w3.org/2004/02/skos/core#altLable> 'x'@en",
            "<http://www.w3.org/2004/02/skos/core#altLabel> 'x'@en",
            id="property-in-full",
        ),
        pytest.param("org:member organisation:bel-foundry", "", id="thing"),
    ],
)
def test_a_misspelt_word_is_mended_only_by_a_guess_that_was_asked_for(sample: Path, line: str, meant: str) -> None:
    text = HEAD + BODY.rstrip(" .\n") + f" ;\n    {line} .\n"
    meant = meant or line.replace("bel-", "bell-")

    assert mended(sample, text) == text
    new = mended(sample, text, is_unsafe=True)
    assert meant in new
    assert new.replace(meant, line) == text


def test_every_fix_has_a_title_in_both_languages_and_names_no_more_than_one_place(sample: Path) -> None:
    text = ORG + ORGANISATION + XSD_LINE + BODY.replace("@it .", "@IT")
    (sample / PATH).write_text(text, encoding="utf-8")

    fixes = [fix for one in check(read_repository(sample)).findings for fix in one.fixes]

    assert [fix.title["en"] for fix in fixes] == [f"declare it: '{SKOS.strip()}'", "write '.'"]
    assert all(fix.title[language] for fix in fixes for language in LANGUAGES)


@pytest.mark.parametrize(
    ("pages", "mended_pages"),
    [
        ("<http://a.example/>", "<https://a.example/>"),
        ("<http://a.example/> , <https://a.example/>", None),
        ("<ftp://a.example/>", None),
    ],
    ids=["http", "https-too", "other-scheme"],
)
def test_an_address_is_made_secure_by_a_guess(sample: Path, pages: str, mended_pages: str | None) -> None:
    start = "<x:s> <x:homepage> "
    (sample / PATH).write_text(f"{start}{pages} .\n", encoding="utf-8")
    end = len(start) + len(pages.split(maxsplit=1)[0]) + 1
    finding = Finding(str(PATH), "H013", INFO, {"en": "", "it": ""}, Place(1, len(start) + 1, 1, end))

    fixes = with_fixes([finding], read_repository(sample))[0].fixes

    made = [(applied(f"{start}{pages} .", one.edits), one.is_safe) for one in fixes]
    assert made == ([] if mended_pages is None else [(f"{start}{mended_pages} .", False)])


CANDIDATES = ["x:k/bell-maker", "x:k/bell-taker", "x:k/horn-blower", "x:k/Horn-blowers", "x:other/horn-blowers"]


@pytest.mark.parametrize(
    ("word", "found"),
    [("x:k/hornblower", "x:k/horn-blower"), ("x:k/bell-baker", None), ("x:k/zzz", None), ("x:other/bell-maker", None)],
    ids=["one", "two", "none", "of-another-kind"],
)
def test_a_guess_is_made_only_if_one_word_is_near(word: str, found: str | None) -> None:
    assert near(word, CANDIDATES) == found


@pytest.mark.parametrize(
    ("written", "new", "text"),
    [
        ('"a"', Literal("b"), '"b"'),
        ('"a"', Literal('say "b"\n\\'), '"say \\"b\\"\\n\\\\"'),
        ('"a"', Literal("a", LANG_STRING, "en"), None),
        ("1", Literal("2", f"{XSD}integer"), "2"),
        ("true", Literal("false", f"{XSD}boolean"), "false"),
        ("1.5e0", Literal("1.5E0", f"{XSD}double"), "1.5E0"),
        ("<x:a>", "x:b c", None),
        ("<x:a>", "x:b", "<x:b>"),
        ("[]", "x:b", None),
    ],
)
def test_a_word_in_the_place_of_another(written: str, new: Literal | str, text: str | None) -> None:
    parsed = read(f"<x:s> <x:p> {written} .")
    edit = reworded(parsed, parsed.span(0, OBJECT), parsed.triples[0][2], new)

    assert (None if edit is None else edit.text) == text


def test_a_value_almost_like_one_of_a_list_is_mended_by_a_guess(sample: Path) -> None:
    (sample / "shapes/Organization.ttl").write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
        "<x:shape> a sh:NodeShape ; sh:property <x:property> ;\n"
        "    sh:targetClass <http://www.w3.org/ns/org#Organization> .\n"
        "<x:property> a sh:PropertyShape ; sh:path <http://www.w3.org/2004/02/skos/core#note> ;\n"
        '    sh:in ( "foundry" "tuners" ) .\n',
        encoding="utf-8",
    )
    ontology = sample / "ontology/note.ttl"
    ontology.write_text(
        "<http://www.w3.org/2004/02/skos/core#note> a <http://www.w3.org/2002/07/owl#AnnotationProperty> .\n",
        encoding="utf-8",
    )
    text = HEAD + BODY.rstrip(" .\n") + ' ;\n    skos:note "tunners" .\n'

    assert mended(sample, text) == text
    assert mended(sample, text, is_unsafe=True) == text.replace('"tunners"', '"tuners"')


def test_a_namespace_is_mended_only_when_asked_as_what_is_said_becomes_another_thing(sample: Path) -> None:
    right = HEAD + BODY
    text = right.replace("http://www.w3.org/2004", "https://www.w3.org/2004")

    assert mended(sample, text) == text
    assert mended(sample, text, is_unsafe=True) == right


def test_a_number_with_a_sign_for_thousands_is_not_mended_as_a_decimal(sample: Path) -> None:
    (sample / "shapes/value.ttl").write_text(
        CG + "@prefix sh: <http://www.w3.org/ns/shacl#> .\n" + XSD_LINE + "cg:Value sh:path cg:value ; "
        "sh:datatype xsd:integer .\n",
        encoding="utf-8",
    )
    thousands, decimal = (
        CG + HEAD + BODY.replace("    skos", f"    {term} ;\n    skos", 1) for term in ("cg:value 1.500", "cg:value 01")
    )

    assert mended(sample, thousands, is_unsafe=True) == thousands
    assert mended(sample, decimal) == decimal.replace(" 01 ", " 1 ")
