"""Sheets into files: each row one, every finding at its row and column, and nothing of a sheet but its text."""

import io
import re
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from clustergraph.cli import verbs
from clustergraph.explaining import explanation
from clustergraph.formatting import formatted
from clustergraph.reading import read
from clustergraph.sheets import cells
from clustergraph.sheets.cells import UnreadableSheet, read_sheet
from clustergraph.sheets.rows import made, template
from clustergraph.sheets.sentences import SENTENCES
from clustergraph.terms import ENTITY_KINDS
from conftest import REPOSITORY

HEAD = "slug,label_en,label_it,classification,homepage"


def run(sheet: Path, text: str, *words: str, kind: str = "organisation") -> Result:
    """What comes of a CSV sheet in the real repository; what is written goes beside the sheet."""
    sheet.write_text(text, encoding="utf-8")
    return CliRunner().invoke(verbs, ["import", str(sheet), "--kind", kind, "--out", str(sheet.parent / "out"), *words])


@pytest.fixture
def sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(REPOSITORY)
    return tmp_path / "rows.csv"


@pytest.mark.parametrize("kind", ENTITY_KINDS)
def test_the_template_of_a_kind_makes_a_canonical_file(kind: str) -> None:
    header, row = template(kind).splitlines()

    cells = ["a-new-one", *read_row(row)[1:]]

    (one,), findings = made([header.split(","), cells], kind, "rows.csv")

    assert findings == []
    assert formatted(read(one.text)) == one.text


@pytest.mark.parametrize("kind", ENTITY_KINDS)
def test_the_example_of_a_template_is_in_order_and_makes_no_file(sheet: Path, kind: str) -> None:
    text = template(kind)
    real = text.replace(f"example-{kind}", "a-new-one")

    as_it_is = run(sheet, text, "--format", "concise", kind=kind)
    written_over = run(sheet, real, "--format", "concise", "--dry-run", kind=kind)

    said = f"row 2 is the example of the template, 'example-{kind}': write over it, or remove it"
    assert (as_it_is.exit_code, as_it_is.stdout) == (1, f"{sheet}:2:1: I007 {said}\n")
    # What a claim has to say of some things stands in the file of a source.
    assert {*re.findall(r"rows\.csv:2:\d+: (\w+)", written_over.output)} <= {"C004"}


def read_row(line: str) -> list[str]:
    """The cells of one line of CSV."""
    import csv  # noqa: PLC0415

    return next(csv.reader([line]))


def test_rows_become_files(sheet: Path) -> None:
    text = f'{HEAD}\npavia,University of Pavia,Università di Pavia,university,https://www.unipv.it/\nx,"The ""X""",La X,ministry|region,\n'

    result = run(sheet, text)

    assert (result.exit_code, result.stdout) == (0, f"Wrote to {sheet.parent / 'out'}; files: 2.\n")
    written = {path.name: path.read_text() for path in (sheet.parent / "out").iterdir()}
    assert written.keys() == {"pavia.ttl", "x.ttl"}
    assert written["x.ttl"].partition("\n\n")[2] == (
        "organisation:x a org:FormalOrganization ;\n"
        "    org:classification organisation-type:ministry ,\n        organisation-type:region ;\n"
        '    skos:prefLabel "The \\"X\\""@en ,\n        "La X"@it .\n'
    )


WRONG = [
    pytest.param(f"{HEAD}\npavia,P,,university,\n", "2:3", "I002", "row 2, column 'label_it' is empty: fill it, e.g. 'Nome in italiano'", id="an empty cell"),
    pytest.param(f"{HEAD}\n,University of Pavia,P,university,\n", "2:1", "I002", "row 2, column 'slug' is empty: fill it, e.g. 'university-of-pavia'", id="no slug"),
    pytest.param(f"{HEAD}\nPavia Due,P,P,university,\n", "2:1", "I003", "row 2, column 'slug': 'Pavia Due' cannot be a slug: use lower-case letters, digits and hyphens, e.g. 'pavia-due'", id="a bad slug"),
    pytest.param(f"{HEAD}\npavia,P,P,university,x\n", "2:5", "I003", "row 2, column 'homepage': 'x' is not a web address: write it in full, e.g. https://www.example.org/", id="no address"),
    pytest.param(f"{HEAD}\npavia,P,P,universty,\n", "2:4", "H006", "row 2: nothing describes organisation-type:universty: did you mean organisation-type:university?", id="what the check says of the file"),
    pytest.param(f"{HEAD}\nmiur,P,P,university,\n", "2:1", "I005", "row 2: data/organisation/miur.ttl is there already: edit that, or choose another slug", id="a file that is there"),
    pytest.param(f"{HEAD}\na,P,P,university,\na,P,P,university,\n", "3:1", "I004", "row 3 has the same slug as row 2: 'a'", id="one slug twice"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "code", "english"), WRONG)
def test_a_finding_names_row_and_column_and_nothing_is_written(
    sheet: Path, text: str, place: str, code: str, english: str
) -> None:
    result = run(sheet, text, "--format", "concise")

    assert (result.exit_code, result.stdout) == (1, f"{sheet}:{place}: {code} {english}\n")
    assert not (sheet.parent / "out").exists()


def test_what_a_shape_misses_stands_at_the_column_that_would_hold_it(sheet: Path) -> None:
    head = "slug,label_en,label_it,address,publisher,language,issued,undated,file_name,digest"
    row = "new-page,A page,Una pagina,https://www.example.org/,miur,ITA,,,,"

    undated = run(sheet, f"{head}\n{row}\n", "--format", "concise", kind="source")
    half = run(sheet, f"{head}\n{row.replace('ITA,,', 'ITA,2024,')}{'0' * 64}\n", "--format", "concise", kind="source")

    assert re.findall(r"rows\.csv:(\d+:\d+: \w+)", undated.stdout) == ["2:1: C022", "2:9: C004"]
    assert re.findall(r"rows\.csv:(\d+:\d+: \w+)", half.stdout) == ["2:9: C004"]


def test_columns_that_are_unknown_or_missing_are_named(sheet: Path) -> None:
    result = run(sheet, "slug;lable_en;label_it\nx;X;X\n", "--format", "concise", "--lang", "it")

    known = "slug, type, label_en, label_it, alt_label_en, alt_label_it, decision, classification, homepage, region, part_of"
    assert result.stdout.splitlines() == [
        f"{sheet}:1:2: I001 colonna 2: «lable_en» non è nota, forse 'label_en'?; le colonne sono {known}",
        f"{sheet}:1:4: I001 colonna 4: manca «classification»; le colonne sono {known}",
        f"{sheet}:1:4: I001 colonna 4: manca «label_en»; le colonne sono {known}",
    ]


def test_a_preview_writes_nothing(sheet: Path) -> None:
    result = run(sheet, f"{HEAD}\npavia,P,P,university,\n", "--dry-run")

    assert result.exit_code == 0
    assert "organisation:pavia a org:FormalOrganization" in result.stdout
    assert not (sheet.parent / "out").exists()


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_cells_of_a_workbook_are_text_and_formulas_are_not_evaluated(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Slug", "x"],
        [" a ", '=HYPERLINK("http://example.org/")'],
        [2026, 1.5],
        [date(2026, 11, 22), datetime(2026, 11, 22, 12, 30)],  # noqa: DTZ001
        [True, None],
    ]

    assert read_sheet(workbook(tmp_path / "a.xlsx", rows)) == [
        ["Slug", "x"],
        ["a", '=HYPERLINK("http://example.org/")'],
        ["2026", "1.5"],
        ["2026-11-22", "2026-11-22T12:30:00"],
        ["true"],
    ]


def packed(path: Path, members: dict[str, bytes]) -> Path:
    """A workbook with some of its members replaced or added."""
    plain = workbook(path, [["slug"], ["a"]]).read_bytes()
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, members.pop(name, old.read(name)))
        for name, content in members.items():
            new.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"
OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSE = b"</sheetData></worksheet>"


def a_row(cells_xml: bytes, number: bytes = b"1") -> bytes:
    return OPEN + b'<row r="' + number + b'">' + cells_xml + b"</row>" + CLOSE


def spoilt_member(path: Path, at: int, field: bytes) -> Path:
    """A workbook whose first member has another field in its header in the list of members and in its own."""
    data = bytearray(workbook(path, [["slug"], ["a"]]).read_bytes())
    own, listed = data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02")
    for start in (own + 4 + at, listed + 6 + at):  # the list has one field more in front
        data[start : start + len(field)] = field
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize(
    ("at", "field"),
    [
        pytest.param(4, b"\x63\x00", id="a packing that nobody knows"),
        pytest.param(2, b"\x01\x00", id="behind a password"),
        pytest.param(10, b"\x00\x00\x00\x00", id="another checksum"),
        pytest.param(4, b"\x0c\x00", id="packed in another way than is said"),
    ],
)
def test_an_archive_that_is_locked_or_damaged_is_told_to_be_one(tmp_path: Path, at: int, field: bytes) -> None:
    with pytest.raises(UnreadableSheet) as refused:
        read_sheet(spoilt_member(tmp_path / "a.xlsx", at, field))

    assert refused.value.english == "it is no XLSX, or a locked one"


ENTITIES = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
NOT_UTF_8 = "it holds XML that is not UTF-8: save it again as XLSX, or as CSV"
HOSTILE = [
    pytest.param({"xl/media/x.bin": b"0" * 60_000_000}, "it has more than 50,000,000 bytes once unpacked: split it", id="a zip bomb"),
    pytest.param({SHEET: a_row(b"<c><v>1</v></c>" * 1_000_000)}, "it has more than 1,000,000 elements: split it", id="a million columns"),
    pytest.param({SHEET: a_row(b"<c><v>1</v></c>" * 300)}, "it has more than 200 columns: split it", id="three hundred columns"),
    pytest.param({SHEET: b'<!DOCTYPE a [<!ENTITY b "c">]>' + a_row(b"")}, "it declares entities of XML", id="entities"),
    pytest.param({SHEET: ENTITIES.encode("utf-16")}, NOT_UTF_8, id="entities in UTF-16"),
    pytest.param({SHEET: ENTITIES.encode("utf-16-le")}, NOT_UTF_8, id="entities in UTF-16 without a mark"),
    pytest.param({SHEET: ENTITIES.encode("utf-16-be")}, NOT_UTF_8, id="entities in UTF-16, the other way round"),
    pytest.param({SHEET: ENTITIES.encode("utf-32-be")}, NOT_UTF_8, id="entities in UTF-32"),
    pytest.param({SHEET: ENTITIES.encode("cp037")}, NOT_UTF_8, id="entities in EBCDIC"),
    pytest.param({"xl/a.bin": ENTITIES.encode("utf-16-le")}, NOT_UTF_8, id="entities in a file of any name"),
    pytest.param({"xl/a.bin": b"\xef\xbb\xbf <?xml version='1.0' encoding = 'UTF-7'?>+ADw-a/>"}, NOT_UTF_8, id="a declared encoding"),
    pytest.param({SHEET: b"<?xml version='1.0'?><a>\xe8</a>"}, NOT_UTF_8, id="text in Latin-1"),
    pytest.param({SHEET: b"<worksheet"}, "no workbook of ours or anybody's: ParseError", id="broken XML"),
    pytest.param({SHEET: OPEN + b'<row r="1048576"><c><v>1</v></c></row>' + CLOSE}, "it has more than 10,000 rows: split it", id="a row far below"),
    pytest.param({f"x{number}": b"" for number in range(1_001)}, "it has more than 1,000 files within: split it", id="many members"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("xl/media/image1.png", b"\x89PNG\r\n\x1a\n\x00\x00", id="a picture"),
        pytest.param("xl/media/image1.emf", b"\x01\x00\x00\x00l\x00", id="a drawing"),
        pytest.param("xl/printerSettings/printerSettings1.bin", "Printer".encode("utf-16-le"), id="a printer"),
        pytest.param("docProps/a.xml", b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?><a>\xc3\xa8</a>", id="a mark"),
        pytest.param("docProps/a.xml", b"", id="an empty one"),
    ],
)  # fmt: skip
def test_a_workbook_may_hold_what_is_no_text(tmp_path: Path, name: str, content: bytes) -> None:
    assert read_sheet(packed(tmp_path / "a.xlsx", {name: content})) == [["slug"], ["a"]]


@pytest.mark.parametrize(("members", "english"), HOSTILE)
def test_a_hostile_workbook_is_refused(tmp_path: Path, members: dict[str, bytes], english: str) -> None:
    path = packed(tmp_path / "a.xlsx", dict(members))

    with pytest.raises(UnreadableSheet) as caught:
        read_sheet(path)

    assert caught.value.english == english
    assert caught.value.italian != english


@pytest.mark.parametrize(
    ("name", "data", "english"),
    [
        pytest.param("a.ods", b"", "its name ends neither in .csv nor in .xlsx", id="another format"),
        pytest.param("a.xlsx", b"PK\x03\x04", "it is no XLSX, or a locked one", id="half an archive"),
        pytest.param("a.csv", b"", "it has no rows", id="nothing"),
        pytest.param("a.csv", b"slug\n\xff", "row 2 is not UTF-8: save it as 'CSV UTF-8'", id="another encoding"),
        pytest.param(
            "a.csv", b"," * 1_000_000 + b"x", "it has more than 200 columns: split it", id="a million columns"
        ),
        pytest.param("a.csv", b"x\n" * 10_001, "it has more than 10,000 rows: split it", id="many rows"),
        pytest.param(
            "a.csv", b"x" * 10_001, "it has more than 10,000 characters in one cell: split it", id="a long cell"
        ),
        pytest.param("a.csv", b"x" * 10_000_001, "it has more than 10,000,000 bytes: split it", id="a long file"),
    ],
)
def test_a_sheet_that_cannot_be_read_says_why(tmp_path: Path, name: str, data: bytes, english: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(UnreadableSheet) as caught:
        read_sheet(path)

    assert caught.value.english == english


def test_what_cannot_be_read_is_a_finding(sheet: Path) -> None:
    result = run(sheet, "", "--lang", "it")

    expected = f"violazione I006: questo foglio non si può leggere: non ha righe\n--> {sheet}\n\n1 rilievo in 1 file: 1 violazione.\n"
    assert (result.exit_code, result.stdout) == (1, expected)


def test_a_sheet_that_is_in_order_is_not_to_be_mended_where_its_reader_is_missing(
    sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    book = workbook(sheet.with_suffix(".xlsx"), [["slug"], ["a"]])

    result = CliRunner().invoke(verbs, ["import", str(book), "--kind", "organisation"])

    assert (result.exit_code, result.stderr) == (1, "Nothing was written.\n")
    assert "needs the extra 'import': pip install 'clustergraph[import]', or save it as CSV" in result.stdout


def test_unmatched_quotes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('slug\n"a')

    with pytest.raises(UnreadableSheet) as caught:
        read_sheet(path)

    assert caught.value.english == "its quotes do not match: unexpected end of data"


def test_a_byte_order_mark_and_semicolons_of_spreadsheet_programs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffslug;label_en\r\na;"x, y"\r\n\r\n'.encode())

    assert read_sheet(path) == [["slug", "label_en"], ["a", "x, y"]]


def test_every_sentence_is_there_in_both_languages_and_every_code_is_explained() -> None:
    assert {code for code, one in SENTENCES.items() if set(one) != {"en", "it"} or explanation(code) is None} == set()
    assert cells.SIZE_LIMIT_BYTES < cells.UNPACKED_LIMIT_BYTES


@pytest.mark.parametrize("words", [["x.csv"], ["--kind", "call"], []])
def test_a_sheet_without_a_kind_is_wrong_use(words: list[str]) -> None:
    result = CliRunner().invoke(verbs, ["import", *words])

    expected = "Error: name a sheet and its kind, as in: clustergraph import rows.csv --kind organisation"
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, expected)
