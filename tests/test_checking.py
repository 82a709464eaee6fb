"""A check of a whole repository: one mistake gives one finding, at the place where it can be mended."""

import shutil
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

from clustergraph.build import build
from clustergraph.checking import Left, check, only_in
from clustergraph.errors import UsageError
from clustergraph.findings import INFO, VIOLATION, WARNING, Coverage, Finding, Origin, weighing
from clustergraph.reading.parsed import Place
from clustergraph.repository import read_repository
from conftest import REPOSITORY, SAMPLE

OLDER_BUILD = '{"version": "0", "digest": "", "counts": {}, "files": {}}'
BAD = Path(__file__).parent / "bad"


class Bad(NamedTuple):
    """What a file of tests/bad gives. Its name begins with the code, its first line says where it goes."""

    name: str
    place: str
    english: str
    italian: str
    severity: str = VIOLATION


DIALS = "data/organisation/dial-makers.ttl"
ORGANISATION = "data/organisation/chime-tuners.ttl"
LEAFLET = "data/source/tuners-leaflet.ttl"
CLAIM = "claim:tuners-leaflet--tuners-in-south-clocks"
SAME_CLAIM = "claim:tuners-leaflet--dial-makers-in-south-clocks"
FOREIGN_CLAIM = "claim:clock-almanac--tuners-in-south-clocks"
BLANK = "a blank node, [ ], ( ) or _:x, stands here: give the thing an IRI of its own"
BIANCO = "qui c'è un nodo anonimo, [ ], ( ) o _:x: dare alla cosa un proprio IRI"
MATCHES = "skos:exactMatch, skos:closeMatch, skos:broadMatch, skos:narrowMatch, skos:relatedMatch"
RDF_1_2 = "statements about statements and directions of text are of RDF 1.2, which we do not publish"
NUL = "the text has a NUL character here: remove it"
NULLO = "il testo ha qui un carattere NUL: rimuoverlo"
MARK = "the text begins with a byte-order mark, which is not seen: save it as UTF-8 without BOM"
SEGNO = "il testo inizia con un BOM, che non si vede: salvarlo come UTF-8 senza BOM"

OUTSIDE = (
    f"the claim {FOREIGN_CLAIM} stands outside the file of its source: "
    "move it to data/source/clock-almanac.ttl, or name it for this one",
    f"l'affermazione {FOREIGN_CLAIM} è fuori dal file della sua fonte: "
    "spostarla in data/source/clock-almanac.ttl, o rinominarla",
)

TABLE = [
    Bad(
        "T005-no-dot.ttl",
        f"{ORGANISATION}:8:37",
        "'.' is missing before the end of the text: write it at the end of what stands before",
        "manca '.' prima della fine del testo: scriverlo alla fine di ciò che precede",
    ),
    Bad(
        "T004-undeclared-prefix.ttl",
        f"{ORGANISATION}:5:29",
        "the prefix 'orgs:' is not declared: write '@prefix orgs: <...> .' at the top",
        "il prefisso «orgs:» non è dichiarato: scrivere '@prefix orgs: <...> .' in cima",
    ),
    Bad(
        "T010-triple-term.ttl",
        f"{ORGANISATION}:11:36",
        "statements about statements and directions of text are of RDF 1.2, which we do not publish",
        "affermazioni su affermazioni e direzioni del testo sono di RDF 1.2, che non pubblichiamo",
    ),
    Bad(
        "T024-mapping-row.tsv",
        "data/mapping/more.sssom.tsv:3:25",
        f"'owl:sameAs' is not a match: use one of {MATCHES}",
        f"«owl:sameAs» non è una corrispondenza: usare una fra {MATCHES}",
    ),
    Bad(
        "T002-not-utf-8.ttl",
        f"{ORGANISATION}:8:16",
        "this is not UTF-8 text: save it as UTF-8",
        "il testo non è UTF-8: salvarlo così",
    ),
    Bad("T002-byte-order-mark.ttl", f"{ORGANISATION}:1:1", MARK, SEGNO),
    Bad("T002-nul.ttl", f"{ORGANISATION}:7:26", NUL, NULLO),
    Bad(
        "T003-folder-of-no-kind.ttl",
        "data/museum/chime-tuners.ttl",
        "no kind of file belongs here: move it to data/<kind>/<slug>.ttl, data/mapping/<name>.sssom.tsv, ontology/ or "
        "shapes/",
        "qui non va alcun file: va in data/<tipo>/<slug>.ttl, data/mapping/<nome>.sssom.tsv, ontology/ o shapes/",
    ),
    Bad(
        "H001-named-otherwise.ttl",
        f"{ORGANISATION}:6:1",
        "the file is named 'chime-tuners.ttl' but does not describe organisation:chime-tuners: give "
        "organisation:chime-tuners a type here, or rename the file",
        "il file si chiama 'chime-tuners.ttl' ma non descrive organisation:chime-tuners: dare qui un tipo a "
        "organisation:chime-tuners, o rinominare il file",
    ),
    Bad(
        "H001-two-things.ttl",
        f"{ORGANISATION}:10:1",
        "organisation:bell-tuners is described in the file of organisation:chime-tuners: give it a file of its own",
        "organisation:bell-tuners è descritto nel file di organisation:chime-tuners: va messo in un file proprio",
    ),
    Bad(
        "H002-leading-zero.ttl",
        f"{ORGANISATION}:9:14",
        "'01' would be published as '1': write that",
        "'01' sarebbe pubblicato come '1': scriverlo così",
    ),
    Bad(
        "H002-trailing-zero.ttl",
        f"{ORGANISATION}:8:14",
        "'1.50' would be published as '1.5': write that",
        "'1.50' sarebbe pubblicato come '1.5': scriverlo così",
    ),
    Bad(
        "H002-other-datatype.ttl",
        f"{ORGANISATION}:9:14",
        "'5' would be published as '5' (xsd:integer): write that",
        "'5' sarebbe pubblicato come '5' (xsd:integer): scriverlo così",
    ),
    Bad(
        "H002-tag-in-capitals.ttl",
        f"{ORGANISATION}:8:35",
        "the language tag 'IT' would be published as 'it': write that",
        "l'etichetta di lingua 'IT' sarebbe pubblicata come 'it': scriverla così",
    ),
    Bad("H003-nameless-value.ttl", f"{ORGANISATION}:8:14", BLANK, BIANCO),
    Bad("H003-list.ttl", f"{ORGANISATION}:8:14", BLANK, BIANCO),
    Bad("H003-nameless-subject.ttl", f"{ORGANISATION}:11:1", BLANK, BIANCO),
    Bad(
        "H004-misspelt-property.ttl",
        f"{ORGANISATION}:7:5",
        "no term skos:altLable is declared: did you mean skos:altLabel?",
        "il termine skos:altLable non è dichiarato: forse skos:altLabel?",
    ),
    Bad(
        "H004-misspelt-class.ttl",
        f"{ORGANISATION}:7:48",
        "no term cg:NationalClustre is declared: did you mean cg:NationalCluster?",
        "il termine cg:NationalClustre non è dichiarato: forse cg:NationalCluster?",
    ),
    Bad(
        "H004-unheard-of-property.ttl",
        f"{ORGANISATION}:8:5",
        "no term cg:weight is declared: declare it in ontology/, or use a declared one",
        "il termine cg:weight non è dichiarato: dichiararlo in ontology/, o usarne uno dichiarato",
    ),
    Bad(
        "H005-claim-outside-any-source.ttl",
        f"{ORGANISATION}:14:1",
        *OUTSIDE,
    ),
    Bad(
        "H005-claim-of-another-source.ttl",
        f"{LEAFLET}:15:1",
        *OUTSIDE,
    ),
    Bad(
        "H005-claim-of-a-source-that-is-not.ttl",
        f"{LEAFLET}:15:1",
        f"the claim claim:tuner-leaflet--tuners-in-south-clocks is named for source:tuner-leaflet, which nothing "
        f"describes: did you mean {CLAIM}?",
        f"l'affermazione claim:tuner-leaflet--tuners-in-south-clocks porta il nome di source:tuner-leaflet, che nulla "
        f"descrive: forse {CLAIM}?",
    ),
    Bad(
        "H005-claim-without-source.ttl",
        f"{LEAFLET}:15:1",
        f"the claim {CLAIM} does not name its source: write 'cg:isStatedIn source:tuners-leaflet'",
        f"l'affermazione {CLAIM} non indica la sua fonte: scrivere 'cg:isStatedIn source:tuners-leaflet'",
    ),
    Bad(
        "H005-claim-naming-another-source.ttl",
        f"{LEAFLET}:16:19",
        f"the claim {CLAIM} does not name its source: write 'cg:isStatedIn source:tuners-leaflet'",
        f"l'affermazione {CLAIM} non indica la sua fonte: scrivere 'cg:isStatedIn source:tuners-leaflet'",
    ),
    Bad(
        "H006-unknown-member.ttl",
        f"{LEAFLET}:17:16",
        "nothing describes organisation:dial-maker: did you mean organisation:dial-makers?",
        "nulla descrive organisation:dial-maker: forse organisation:dial-makers?",
    ),
    Bad(
        "H006-unheard-of-member.ttl",
        f"{LEAFLET}:17:16",
        "nothing describes organisation:zeppelin: write its file first, see CONTRIBUTING.md",
        "nulla descrive organisation:zeppelin: scriverne prima il file, vedi CONTRIBUTING.md",
    ),
    Bad(
        "H006-mapping-of-an-unknown-area.tsv",
        "data/mapping/more.sssom.tsv:3:41",
        "nothing describes area:clock-areas--chime: did you mean area:clock-areas--chimes?",
        "nulla descrive area:clock-areas--chime: forse area:clock-areas--chimes?",
    ),
    Bad(
        "H007-claim-in-an-entity-file.ttl",
        f"{ORGANISATION}:8:5",
        "org:memberOf is a claim, and nobody makes it here: move it to the file of the source that does, "
        "data/source/<source>.ttl",
        "org:memberOf è un'affermazione, e qui nessuno la fa: va nel file della fonte che la fa, "
        "data/source/<fonte>.ttl",
    ),
    Bad(
        "H008-thirteen-words.ttl",
        f"{LEAFLET}:17:78",
        "the evidence has 13 words, twelve at most may be quoted: end it after 'members' or sooner",
        "il riscontro ha 13 parole, se ne possono citare dodici: finirlo dopo 'members' o prima",
    ),
    Bad(
        "H009-membership-twice.ttl",
        f"{LEAFLET}:22:1",
        f"{SAME_CLAIM} states the same membership as {CLAIM}: keep one of the two, or give each its period",
        f"{SAME_CLAIM} afferma la stessa appartenenza di {CLAIM}: tenerne una sola, o dare a ciascuna il suo periodo",
    ),
    Bad(
        "H009-claim-copied.ttl",
        f"{LEAFLET}:22:1",
        f"{CLAIM} is stated twice: keep one of the two, or give this one an IRI of its own",
        f"{CLAIM} è affermata due volte: tenerne una sola, o dare a questa un proprio IRI",
    ),
    Bad(
        "H010-source-without-claims.ttl",
        f"{LEAFLET}:7:1",
        "no claim was read in source:tuners-leaflet: write what it says, or remove the file",
        "in source:tuners-leaflet non è stata letta alcuna affermazione: scrivere ciò che dice, o togliere il file",
        WARNING,
    ),
    Bad(
        "H011-nobody-speaks-of-it.ttl",
        f"{ORGANISATION}:6:1",
        "nothing speaks of organisation:chime-tuners: write what a source says of it into the source's file, or remove "
        "it",
        "nulla parla di organisation:chime-tuners: scrivere nel file di una fonte ciò che questa ne dice, o toglierla",
        WARNING,
    ),
    Bad(
        "H012-same-name-with-legal-form.ttl",
        f"{DIALS}:8:9",
        "'Consorzio «Foundry Béll» S.c.a r.l.' may be organisation:bell-foundry, 'Bell foundry': keep one of the two, "
        "or say here 'owl:differentFrom organisation:bell-foundry', and why, with cg:decision",
        "'Consorzio «Foundry Béll» S.c.a r.l.' potrebbe essere organisation:bell-foundry, 'Bell foundry': tenere una "
        "delle due, o dire qui 'owl:differentFrom organisation:bell-foundry', e perché, con cg:decision",
        WARNING,
    ),
    Bad(
        "H013-homepage-by-file-transfer.ttl",
        f"{DIALS}:8:19",
        "the home page <ftp://example.org/> does not begin with 'https://': write the address as a browser shows it",
        "la pagina iniziale <ftp://example.org/> non inizia con 'https://': scriverla come la mostra un browser",
    ),
    Bad(
        "H013-homepage-ending-in-a-space.ttl",
        f"{DIALS}:8:19",
        "the home page <https://example.org/%20> ends in a space: remove '%20'",
        "la pagina iniziale <https://example.org/%20> finisce con uno spazio: togliere '%20'",
    ),
    Bad(
        "H013-homepage-in-a-page.ttl",
        f"{DIALS}:8:19",
        "the home page <https://example.org/#us> is a place within a page: remove what begins with '#'",
        "la pagina iniziale <https://example.org/#us> è un punto di una pagina: togliere ciò che inizia con '#'",
    ),
    Bad(
        "H013-homepage-twice.ttl",
        f"{DIALS}:8:19",
        "the home page <http://example.org/> stands here with https too: keep that one",
        "la pagina iniziale <http://example.org/> è qui anche con https: tenere quella",
    ),
    Bad(
        "H013-homepage-without-https.ttl",
        f"{DIALS}:8:19",
        "the home page <http://example.org/> begins with 'http://': write 'https://' if the site answers to it",
        "la pagina iniziale <http://example.org/> inizia con 'http://': scrivere 'https://' se il sito risponde così",
        INFO,
    ),
    Bad(
        "H014-issued-next-century.ttl",
        f"{LEAFLET}:13:20",
        "2190 is later than 2100-01-01, the day of this check: correct the date",
        "2190 è successivo al 2100-01-01, il giorno di questo controllo: correggere la data",
    ),
    Bad(
        "H015-capitals-in-a-slug.ttl",
        "data/organisation/Chime_Tuners.ttl:6:1",
        "'Chime_Tuners' cannot be a slug, which has lower-case letters from a to z, digits and single hyphens: "
        "write organisation:chime-tuners, and name the file 'chime-tuners.ttl'",
        "'Chime_Tuners' non può essere uno slug, che ha lettere minuscole dalla a alla z, cifre e trattini singoli: "
        "scrivere organisation:chime-tuners, e chiamare il file 'chime-tuners.ttl'",
    ),
    Bad(
        "H016-claim-before-its-source.ttl",
        f"{LEAFLET}:18:1",
        f"source:tuners-leaflet, for which the file is named, comes after {CLAIM}: put it first",
        f"source:tuners-leaflet, che dà il nome al file, viene dopo {CLAIM}: metterla per prima",
        INFO,
    ),
    Bad(
        "H017-namespace-without-slash.ttl",
        f"{LEAFLET}:4:18",
        "'cluster:' stands for <https://w3id.org/clustergraph/id/cluster> here, and for "
        "<https://w3id.org/clustergraph/id/cluster/> elsewhere: write that",
        "'cluster:' sta qui per <https://w3id.org/clustergraph/id/cluster>, e altrove per "
        "<https://w3id.org/clustergraph/id/cluster/>: scrivere quello",
    ),
    Bad(
        "H018-claim-named-as-a-count.ttl",
        f"{LEAFLET}:17:1",
        f"count:tuners-leaflet--tuners-in-south-clocks is a cg:MembershipClaim, and these are named 'claim:…': "
        f"write {CLAIM}, or another class",
        f"count:tuners-leaflet--tuners-in-south-clocks è un cg:MembershipClaim, e questi si chiamano «claim:…»: "
        f"scrivere {CLAIM}, o un'altra classe",
    ),
    Bad(
        "H019-one-text-in-two-languages.ttl",
        f"{LEAFLET}:15:9",
        "the same words stand as @en and as @it: translate one of the two",
        "le stesse parole stanno come @en e come @it: tradurre una delle due",
        WARNING,
    ),
    Bad(
        "C001-member-is-a-role.ttl",
        f"{LEAFLET}:17:16",
        f"{CLAIM}, org:member: role:member is not of class org:Organization / Name an organisation as the member.",
        f"{CLAIM}, org:member: role:member non è della classe org:Organization / Indica come membro un'organizzazione.",
    ),
    Bad(
        "C004-source-without-date.ttl",
        f"{LEAFLET}:6:1",
        "source:tuners-leaflet, dcterms:issued: found 0, at least 1 asked for / Say when the source was issued.",
        "source:tuners-leaflet, dcterms:issued: trovati 0, richiesti almeno 1 / "
        "Indica quando la fonte è stata pubblicata.",
    ),
    Bad(
        "C014-two-labels-in-one-language.ttl",
        f"{ORGANISATION}:8:9",
        "organisation:chime-tuners, skos:prefLabel: two values or more in one language: "
        "'Chime tuners'@en, 'Tuners'@en / "
        "Keep one preferred label per language.",
        "organisation:chime-tuners, skos:prefLabel: due valori o più in una sola lingua: "
        "'Chime tuners'@en, 'Tuners'@en / "
        "Tieni una sola etichetta preferita per lingua.",
    ),
    Bad(
        "C029-source-of-another-age.ttl",
        f"{LEAFLET}:8:20",
        "source:tuners-leaflet: '1999'^^xsd:gYear breaks a rule of cgsh:source-Source / "
        "Check 1999: the last almanac came out in 1950.",
        "source:tuners-leaflet: '1999'^^xsd:gYear viola una regola di cgsh:source-Source / "
        "Controlla 1999: l'ultimo almanacco è uscito nel 1950.",
    ),
]


def said(findings: list[Finding]) -> list[tuple[str, str, str, str]]:
    """Place, code, and all that is said in each language."""

    def all_of(one: Finding, language: str) -> str:
        return " / ".join([one.message[language], *([one.advice[language]] if one.advice else [])])

    return [(one.place, one.code, all_of(one, "en"), all_of(one, "it")) for one in findings]


def test_the_sample_is_clean() -> None:
    assert check(read_repository(SAMPLE)).findings == []


def test_every_bad_file_is_tried() -> None:
    assert sorted(one.name for one in TABLE) == sorted(path.name for path in BAD.iterdir() if path.suffix != ".toml")


@pytest.mark.parametrize("bad", TABLE, ids=[one.name for one in TABLE])
def test_one_mistake_gives_one_finding(sample: Path, bad: Bad) -> None:
    data = (BAD / bad.name).read_bytes()
    target = sample / data.split(b"\n")[0].rpartition(b" ")[2].decode()
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(data)

    findings = check(read_repository(sample)).findings

    assert said(findings) == [(bad.place, bad.name[:4], bad.english, bad.italian)]
    assert findings[0].severity == bad.severity


def test_a_wrong_namespace_in_the_file_of_a_thing_is_not_told_in_the_files_that_speak_of_it(sample: Path) -> None:
    text = (sample / DIALS).read_text(encoding="utf-8")
    (sample / DIALS).write_text(text.replace("id/organisation/>", "id/organisations/>"), encoding="utf-8")

    assert [(one.path, one.code) for one in check(read_repository(sample)).findings] == [(DIALS, "H017")]


def test_a_warning_of_a_house_rule_does_not_hide_what_shapes_say(sample: Path) -> None:
    text = (BAD / "H012-same-name-with-legal-form.ttl").read_text(encoding="utf-8")
    (sample / DIALS).write_text(text.replace(" ;\n", ' ;\n    skos:prefLabel "Dials"@en ;\n', 1), encoding="utf-8")

    assert [(one.place, one.code) for one in check(read_repository(sample)).findings] == [
        (f"{DIALS}:8:20", "C014"),
        (f"{DIALS}:9:9", "H012"),
    ]


def test_an_entity_is_no_orphan_where_a_file_that_may_speak_of_it_could_not_be_read(sample: Path) -> None:
    (sample / "data/source/clock-almanac.ttl").write_text("not Turtle", encoding="utf-8")

    findings = check(read_repository(sample)).findings

    assert [(one.place, one.code) for one in findings] == [("data/source/clock-almanac.ttl:1:1", "T001")]


def test_a_file_too_long_to_be_read_is_named_not_read(sample: Path) -> None:
    with (sample / ORGANISATION).open("wb") as stream:
        stream.truncate(1 << 40)  # all of it a hole: more than memory holds

    assert said(check(read_repository(sample)).findings) == [
        (
            ORGANISATION,
            "T002",
            "the file is longer than 10,000,000 bytes: split it",
            "il file supera 10,000,000 byte: va diviso",
        )
    ]


OUTWARD = (
    "this link leads out of the repository: put the file itself here",
    "questo collegamento esce dal repository: mettere qui il file stesso",
)
NOWHERE = (
    "this link leads to no file: put the file itself here",
    "questo collegamento non porta a un file: mettere qui il file stesso",
)


@pytest.mark.parametrize(
    ("leads_to", "message"),
    [
        pytest.param("../../../outside.ttl", OUTWARD, id="to-a-file-outside"),
        pytest.param("/etc/hostname", OUTWARD, id="to-a-file-of-the-machine"),
        pytest.param("../../../missing.ttl", OUTWARD, id="to-nothing-outside"),
        pytest.param("missing.ttl", NOWHERE, id="to-nothing"),
        pytest.param("../cluster", NOWHERE, id="to-a-folder"),
    ],
)
def test_a_link_is_followed_only_to_a_file_of_the_repository(
    sample: Path, leads_to: str, message: tuple[str, str]
) -> None:
    (sample.parent / "outside.ttl").write_text("secret", encoding="utf-8")
    (sample / ORGANISATION).symlink_to(leads_to)

    assert said(check(read_repository(sample)).findings) == [(ORGANISATION, "T003", *message)]


def test_a_link_to_a_folder_is_not_passed_over(sample: Path) -> None:
    (sample / "data/source").rename(sample / "moved")
    (sample / "data/source").symlink_to("../moved")

    findings = check(read_repository(sample)).findings

    assert [(one.place, one.code) for one in findings] == [("data/source", "T003")]


def test_files_that_cannot_be_read_are_all_named_and_nothing_is_concluded_without_them(sample: Path) -> None:
    for name in ("bell-foundry", "dial-makers"):
        (sample / f"data/organisation/{name}.ttl").write_text("not Turtle", encoding="utf-8")

    checked = check(read_repository(sample))

    assert [(one.place, one.code) for one in checked.findings] == [
        ("data/organisation/bell-foundry.ttl:1:1", "T001"),
        ("data/organisation/dial-makers.ttl:1:1", "T001"),
    ]
    assert checked[1:4] == (None, None, ())


def test_an_ontology_that_cannot_be_read_does_not_make_every_term_unknown(sample: Path) -> None:
    (sample / "ontology/sample.ttl").write_text("not Turtle", encoding="utf-8")
    shutil.copy(BAD / "H002-leading-zero.ttl", sample / ORGANISATION)

    findings, *_ = check(read_repository(sample))

    assert [(one.place, one.code) for one in findings] == [
        (f"{ORGANISATION}:9:14", "H002"),
        ("ontology/sample.ttl:1:1", "T001"),
    ]


def test_a_shape_of_the_ontology_speaks_of_the_ontology(sample: Path) -> None:
    path = sample / "ontology/sample.ttl"
    path.write_text(path.read_text(encoding="utf-8") + "\ncg:Tower a owl:Class .\n", encoding="utf-8")

    assert said(check(read_repository(sample)).findings) == [
        (
            "ontology/sample.ttl:94:1",
            "C004",
            "cg:Tower, rdfs:label: found 0, at least 1 asked for / Label the class.",
            "cg:Tower, rdfs:label: trovati 0, richiesti almeno 1 / Dai un'etichetta alla classe.",
        )
    ]


def test_a_shape_of_the_ontology_does_not_speak_of_data(sample: Path) -> None:
    path = sample / "shapes/ontology.ttl"
    text = path.read_text(encoding="utf-8").replace("owl:Class", "<http://www.w3.org/ns/org#Organization>")
    path.write_text(text, encoding="utf-8")

    assert check(read_repository(sample)).findings == []


def test_a_shape_of_sources_sees_each_source_alone(sample: Path) -> None:
    """A second source that dates the first one does not give the first one a date."""
    almanac = sample / "data/source/clock-almanac.ttl"
    dated = '    dcterms:issued "1901-05-01"^^xsd:date ;\n'
    text = almanac.read_text(encoding="utf-8")
    assert dated in text
    almanac.write_text(text.replace(dated, ""), encoding="utf-8")
    header = text.partition("\n\n")[0]
    (sample / LEAFLET).write_text(
        f"{header}\n\n"
        "source:tuners-leaflet a cg:Source ;\n"
        '    dcterms:issued "1902"^^xsd:gYear ;\n'
        '    dcterms:title "Leaflet"@en .\n\n'
        'source:clock-almanac dcterms:issued "1901"^^xsd:gYear .\n',
        encoding="utf-8",
    )

    assert said(check(read_repository(sample)).findings) == [
        (
            "data/source/clock-almanac.ttl:12:1",
            "C004",
            "source:clock-almanac, dcterms:issued: found 0, at least 1 asked for / Say when the source was issued.",
            "source:clock-almanac, dcterms:issued: trovati 0, richiesti almeno 1 / "
            "Indica quando la fonte è stata pubblicata.",
        )
    ]


def test_a_shape_without_words_gives_ours_and_its_severity(sample: Path) -> None:
    path = sample / "data/organisation/bell-foundry.ttl"
    path.write_text(path.read_text(encoding="utf-8").replace("The Foundry", "It"), encoding="utf-8")

    (finding,) = check(read_repository(sample)).findings

    assert said([finding]) == [
        (
            "data/organisation/bell-foundry.ttl:6:19",
            "C010",
            "organisation:bell-foundry, skos:altLabel: 'It'@en has 2 characters, at least 3 asked for",
            "organisation:bell-foundry, skos:altLabel: 'It'@en ha 2 caratteri, richiesti almeno 3",
        )
    ]
    assert finding.severity == WARNING


def test_what_only_rules_make_is_laid_at_their_door(sample: Path) -> None:
    rule = "CONSTRUCT { membership:x a org:Organization ; skos:prefLabel 'a'@en , 'b'@en } WHERE {}"
    (sample / "queries/rules/20-labels.rq").write_text(rule, encoding="utf-8")

    assert said(check(read_repository(sample)).findings) == [
        (
            "queries/rules",
            "C014",
            "membership:x, skos:prefLabel: two values or more in one language: 'b'@en, 'a'@en / "
            "Keep one preferred label per language.",
            "membership:x, skos:prefLabel: due valori o più in una sola lingua: 'b'@en, 'a'@en / "
            "Tieni una sola etichetta preferita per lingua.",
        )
    ]


def test_what_rules_make_of_a_mistake_is_not_said_beside_the_mistake(sample: Path) -> None:
    rule = (
        "CONSTRUCT { membership:x a org:Organization ; skos:prefLabel ?label }"
        "WHERE { organisation:chime-tuners skos:prefLabel ?label }"
    )
    (sample / "queries/rules/20-labels.rq").write_text(rule, encoding="utf-8")
    shutil.copy(BAD / "C014-two-labels-in-one-language.ttl", sample / ORGANISATION)

    assert [one.place for one in check(read_repository(sample)).findings] == [f"{ORGANISATION}:8:9"]


def without(code: str) -> Left:
    """Leaves what has another code, as a baseline does that knows the others."""
    return lambda findings, _: [one for one in findings if one.code != code]


def test_a_known_mistake_hides_neither_what_rules_make_nor_what_a_file_lacks(sample: Path) -> None:
    rule = "CONSTRUCT { membership:x a org:Organization ; skos:prefLabel 'a'@en , 'b'@en } WHERE {}"
    (sample / "queries/rules/20-labels.rq").write_text(rule, encoding="utf-8")
    text = (BAD / "H011-nobody-speaks-of-it.ttl").read_text(encoding="utf-8")
    home = "a org:Organization ;\n    <http://xmlns.com/foaf/0.1/homepage> <ftp://example.org/> ;"
    text = text.replace("a org:Organization ;", home)
    (sample / ORGANISATION).write_text(text, encoding="utf-8")

    now = check(read_repository(sample)).findings
    later = check(read_repository(sample), without("H013")).findings

    assert [(one.path, one.code) for one in now] == [(ORGANISATION, "H013")]
    assert [(one.path, one.code) for one in later] == [
        (ORGANISATION, "H011"),
        (ORGANISATION, "H013"),
        ("queries/rules", "C014"),
    ]


def test_findings_are_shown_for_the_files_asked_for() -> None:
    repository = read_repository(SAMPLE)
    one = Finding("data/cluster/north-clocks.ttl", "H001", VIOLATION, {"en": "a", "it": "a"})
    other = Finding("data/clusters.ttl", "T003", VIOLATION, {"en": "b", "it": "b"})

    assert only_in([one, other], repository, [PurePosixPath("data/cluster")]) == [one]
    assert only_in([one, other], repository, [PurePosixPath("data/cluster/north-clocks.ttl")]) == [one]
    assert only_in([one, other], repository, []) == [one, other]


def test_a_file_asked_for_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        only_in([], read_repository(SAMPLE), [PurePosixPath("data/towers")])

    assert caught.value.detail == (f"there is no 'data/towers' in '{SAMPLE}': name a file or folder of the repository")


class Spoil(NamedTuple):
    """A change of one place of the real repository and the one finding that it must give."""

    path: str
    old: str
    new: str
    place: str
    column: int
    code: str
    below: int = 0


SIIT = "data/source/siit-clusters.ttl"
SPOILS = {
    "two-labels-in-one-language": Spoil(
        "data/organisation/siit.ttl",
        'skos:prefLabel "SIIT Technology District"@en ,',
        'skos:prefLabel "SIIT Technology District"@en ,\n        "District"@en ,',
        "data/organisation/siit.ttl",
        9,
        "C014",
        1,
    ),
    "source-without-date": Spoil(SIIT, "    cg:isUndated true ;\n", "", SIIT, 1, "C022"),
    "claim-about-an-unknown-organisation": Spoil(
        SIIT, "org:member organisation:siit ;", "org:member organisation:siitt ;", SIIT, 16, "H006"
    ),
}


def test_files_of_which_shapes_say_more_than_is_told_are_counted(tmp_path: Path) -> None:
    for folder in ("ontology", "data", "shapes", "queries"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    path = tmp_path / SIIT
    dateless = path.read_text(encoding="utf-8").replace("    cg:isUndated true ;\n", "")
    seen = []
    for text in (dateless.replace("dcterms:title", "dcterms:titel"), dateless):
        path.write_text(text, encoding="utf-8")
        checked = check(read_repository(tmp_path))
        assert checked.coverage is not None
        seen.append(({one.code for one in weighing(checked.findings, VIOLATION)}, checked.coverage.held))

    assert seen == [({"H004"}, 1), ({"C022"}, 0)]


def line_of(text: str, part: str) -> int:
    assert text.count(part), part
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=list(SPOILS))
def test_one_mistake_in_the_real_repository_stops_the_build_with_one_finding(tmp_path: Path, spoil: Spoil) -> None:
    for folder in ("ontology", "data", "shapes", "queries"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    path = tmp_path / spoil.path
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(spoil.old, spoil.new, 1), encoding="utf-8")
    line = line_of(before, spoil.old if spoil.new else "\nsource:siit-clusters a") + (not spoil.new)
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "manifest.json").write_text(OLDER_BUILD, encoding="utf-8")

    built = build(tmp_path, dist)

    violations = weighing(built.findings, VIOLATION)
    assert [(one.place, one.code) for one in violations] == [
        (f"{spoil.place}:{line + spoil.below}:{spoil.column}", spoil.code)
    ]
    assert (built.digest, built.counts, built.inferred_by) == ("", {}, {})
    assert [entry.name for entry in dist.iterdir()] == ["manifest.json"]
    assert (dist / "manifest.json").read_text(encoding="utf-8") == OLDER_BUILD


@pytest.mark.parametrize(
    ("path", "codes"), [("data/cluster/x.ttl", {"H001", "H003", "H004", "T002"}), ("ontology/x.ttl", {"H004", "T002"})]
)
def test_a_clique_of_blank_nodes_is_a_finding_and_is_not_assembled(sample: Path, path: str, codes: set[str]) -> None:
    names = [f"_:b{number}" for number in range(12)]
    text = "".join(f"{one} <x:p> {other} .\n" for one in names for other in names if one != other)
    (sample / path).write_text(text, encoding="utf-8")

    checked = check(read_repository(sample))

    assert checked.assembly is None
    assert {one.code for one in checked.findings if one.path == path} == codes


def test_a_file_with_very_many_mistakes_is_judged_soon_and_says_that_there_are_more(sample: Path) -> None:
    lines = "".join(f"    <x:p> 0{number} ;\n" for number in range(1, 4001))
    (sample / "ontology/x.ttl").write_text(f"<x:s>\n{lines} .", encoding="utf-8")

    findings = [one for one in check(read_repository(sample)).findings if one.path == "ontology/x.ttl"]

    assert len(findings) == 201
    assert findings[0].message["en"].startswith("this file has more than 200 findings")
    assert findings[1].at == Place(2, 11, 2, 13)


@pytest.mark.parametrize("path", ["queries/catalogue/calls.rq", "queries/internal/calls.rq"])
def test_a_query_of_the_repository_that_calls_another_server_is_named(sample: Path, path: str) -> None:
    header = (sample / "queries/catalogue/members-of-cluster.rq").read_text(encoding="utf-8").partition("SELECT")[0]
    (sample / path).write_text(f"{header}SELECT * {{ SERVICE <x:y> {{ ?s ?p ?o }} }}", encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        check(read_repository(sample))

    assert caught.value.detail.startswith(f"{sample / path}: ")
    assert "SERVICE is not answered" in caught.value.detail


MORE_SHAPES = """
@prefix cgsh: <https://w3id.org/clustergraph/shapes#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

cgsh:asked-by-another a sh:NodeShape ; sh:minLength 1 .
cgsh:nobody-asks a sh:NodeShape ; sh:minLength 1 .
cgsh:sees-nothing a sh:NodeShape ; sh:targetClass org:Site ; sh:node cgsh:asked-by-another .
"""


def test_what_was_looked_at_is_told_by_shape(sample: Path) -> None:
    """A shape of values.ttl is there for all others: it is used if one of them uses it."""
    head, _, shapes = MORE_SHAPES.partition("\n\n")
    of_values, _, others = shapes.partition("\n")
    (sample / "shapes/values.ttl").write_text(f"{head}\n{of_values}", encoding="utf-8")
    (sample / "shapes/more.ttl").write_text(f"{head}\n{others}", encoding="utf-8")

    coverage = check(read_repository(sample)).coverage

    assert coverage == Coverage(
        15,
        160,
        {
            "cgsh:MembershipClaim": 2,
            "cgsh:Organization": 4,
            "cgsh:ontology-class": 9,
            "cgsh:sees-nothing": 0,
            "cgsh:source-Source": 1,
        },
        ("cgsh:nobody-asks",),
    )


def test_what_shapes_import_and_does_not_stand_in_the_folder_is_found_once_at_its_place(sample: Path) -> None:
    imports = "<http://www.w3.org/2002/07/owl#imports>"
    shapes = f"cgsh:own {imports} cgsh:elsewhere , cgsh:nobody-asks ."
    (sample / "shapes/more.ttl").write_text(f"{MORE_SHAPES}{shapes}", encoding="utf-8")
    line = f"{MORE_SHAPES}{shapes}".count("\n") + 1

    found = [one for one in check(read_repository(sample)).findings if one.code == "S003"]

    assert [(one.path, one.at and one.at.line, one.message) for one in found] == [
        (
            "shapes/more.ttl",
            line,
            {
                "en": "owl:imports is not followed: put the shapes that it names beside these",
                "it": "owl:imports non viene seguito: mettere accanto a queste le forme che indica",
            },
        )
    ]


PATHS = {
    "skos:prefLabel": "<{skos}prefLabel>",
    "( skos:broader [ sh:inversePath skos:prefLabel ] )": "( <{skos}broader> [ <{sh}inversePath> <{skos}prefLabel> ] )",
    "[ sh:alternativePath ( skos:prefLabel skos:altLabel ) ]": (
        "[ <{sh}alternativePath> ( <{skos}prefLabel> <{skos}altLabel> ) ]"
    ),
    "[ sh:zeroOrMorePath skos:broader ]": "[ <{sh}zeroOrMorePath> <{skos}broader> ]",
}


@pytest.mark.parametrize(("path", "told"), PATHS.items(), ids=["property", "sequence", "alternative", "many"])
def test_a_finding_of_a_shape_keeps_its_result_with_the_path_in_turtle(sample: Path, path: str, told: str) -> None:
    shape = (
        "cgsh:x a sh:NodeShape ; sh:targetNode <https://example.org/x> ; sh:property cgsh:y .\n"
        f"cgsh:y a sh:PropertyShape ; sh:path {path} ; sh:minCount 9 ; sh:severity sh:Info ."
    )
    (sample / "shapes/more.ttl").write_text(f"{MORE_SHAPES}{shape}", encoding="utf-8")

    (finding,) = [one for one in check(read_repository(sample)).findings if one.code == "C004"]

    assert finding.origin == Origin(
        "https://example.org/x",
        None,
        told.format(sh="http://www.w3.org/ns/shacl#", skos="http://www.w3.org/2004/02/skos/core#"),
        "http://www.w3.org/ns/shacl#MinCountConstraintComponent",
        "https://w3id.org/clustergraph/shapes#y",
        "http://www.w3.org/ns/shacl#Info",
    )


def test_data_are_judged_by_the_shapes_of_another_repository(sample: Path, tmp_path: Path) -> None:
    """Whoever brings shapes of their own along is judged by ours."""
    spoiled = sample / "data/organisation/bell-foundry.ttl"
    spoiled.write_text(spoiled.read_text(encoding="utf-8").replace("prefLabel", "prefLabl"), encoding="utf-8")
    own = "<http://www.w3.org/2004/02/skos/core#prefLabl> a <http://www.w3.org/2002/07/owl#AnnotationProperty> .\n"
    (sample / "ontology/own.ttl").write_text(own, encoding="utf-8")

    by_itself = check(read_repository(sample)).findings
    by_ours = check(read_repository(SAMPLE, data=sample)).findings

    assert "H004" not in {one.code for one in by_itself}
    assert {(one.path, one.code) for one in by_ours} == {("data/organisation/bell-foundry.ttl", "H004")}


def test_a_draft_stands_in_the_place_of_a_file(sample: Path) -> None:
    path, new = PurePosixPath("data/organisation/bell-foundry.ttl"), PurePosixPath("data/organisation/gong-makers.ttl")
    text = (sample / path).read_text(encoding="utf-8")
    drafts = {
        path: text[:-3],
        new: text.replace("bell-foundry", "gong-makers"),
        PurePosixPath("data/organisation/nul.ttl"): "\0",
    }

    repository = read_repository(sample, drafts=drafts)

    assert [(one.path, one.code) for one in repository.findings] == [
        (str(path), "T005"),
        ("data/organisation/nul.ttl", "T002"),
    ]
    assert new in {one.path for one in repository.documents}
