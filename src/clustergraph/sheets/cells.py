"""The cells of a sheet, CSV or XLSX, as text. What a sheet can do beside holding text is not done.

A formula is its text, a macro and a link to another file are nothing. A sheet is read to its limits and no further.
"""

import codecs
import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Final, NoReturn

SIZE_LIMIT_BYTES: Final = 10_000_000
UNPACKED_LIMIT_BYTES: Final = 50_000_000  # of all that an XLSX holds
MARKUP_LIMIT: Final = 1_000_000  # signs '<' in an XLSX: a cell takes one to six, and 300 bytes of memory each
MEMBERS_LIMIT: Final = 1_000  # files within an XLSX
ROWS_LIMIT: Final = 10_000
COLUMNS_LIMIT: Final = 200
CELL_LIMIT: Final = 10_000  # characters

Rows = list[list[str]]
_ENCODING: Final = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([^"'>]*)""")
_UTF_8: Final = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
_OTHERWISE: Final = re.compile(rb"\xff\xfe|\xfe\xff|\x00{1,3}[<\s]|[<\s]\x00|Lo\xa7\x94")
"""How XML begins in UTF-16, UTF-32 and EBCDIC. Source: XML 1.0, appendix F."""
_OF_XML: Final = (".xml", ".rels", ".vml")


class UnreadableSheet(Exception):
    """Nothing can be made of a sheet. Shape: `english` and `italian` say why."""

    def __init__(self, english: str, italian: str) -> None:
        super().__init__(english)
        self.english = english
        self.italian = italian


def read_sheet(path: Path) -> Rows:
    """The rows of a sheet, each cell without blanks around it; rows at the end that are empty are left out.

    Raises: UnreadableSheet.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        _refuse("its name ends neither in .csv nor in .xlsx", "il nome non finisce in .csv o .xlsx")
    if not path.is_file():
        _refuse("there is no such file", "non esiste un tale file")
    with path.open("rb") as file:
        data = file.read(SIZE_LIMIT_BYTES + 1)
    if len(data) > SIZE_LIMIT_BYTES:
        _over("bytes", "byte", SIZE_LIMIT_BYTES)
    rows = list(_limited(reader(data)))
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        _refuse("it has no rows", "non ha righe")
    return rows


def _refuse(english: str, italian: str) -> NoReturn:
    raise UnreadableSheet(english, italian)


def _over(english: str, italian: str, limit: int) -> NoReturn:
    _refuse(f"it has more than {limit:,} {english}: split it", f"supera {limit:,} {italian}: dividerlo")


def _limited(rows: Iterable[Iterable[object]]) -> Iterator[list[str]]:
    for number, row in enumerate(rows, start=1):
        if number > ROWS_LIMIT:
            _over("rows", "righe", ROWS_LIMIT)
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > COLUMNS_LIMIT:
            _over("columns", "colonne", COLUMNS_LIMIT)
        if any(len(cell) > CELL_LIMIT for cell in cells):
            _over("characters in one cell", "caratteri in una cella", CELL_LIMIT)
        yield cells


def _text(cell: object) -> str:
    """What stands in a cell: days as in ISO 8601, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == time() else cell).isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(getattr(cell, "text", cell)).strip()  # formulas over several cells are objects that have a text


def _csv(data: bytes) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        _refuse(
            f"row {line} is not UTF-8: save it as 'CSV UTF-8'", f"la riga {line} non è UTF-8: salvare come «CSV UTF-8»"
        )
    first = text.partition("\n")[0]
    sign = max(",;\t", key=first.count)  # where the comma is the decimal sign, programs write semicolons
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    except csv.Error as exc:
        _refuse(f"its quotes do not match: {exc}", f"le virgolette non tornano: {exc}")


def _xlsx(data: bytes) -> Iterator[tuple[object, ...]]:
    _admit(data)
    try:
        from openpyxl import load_workbook  # noqa: PLC0415  # optional extra
    except ImportError:
        _refuse(
            "reading XLSX needs the extra 'import': pip install 'clustergraph[import]', or save it as CSV",
            "per leggere XLSX serve l'extra «import»: pip install 'clustergraph[import]', o salvare come CSV",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like, which are nothing to us
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False, keep_vba=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what the file says of its size need not be so
            rows = list(sheet.iter_rows(max_row=ROWS_LIMIT + 1, max_col=COLUMNS_LIMIT + 1, values_only=True))
    except Exception as exc:  # what a reader of strangers' XML raises is anybody's guess
        name = type(exc).__name__
        _refuse(f"no workbook of ours or anybody's: {name}", f"non è una cartella di lavoro: {name}")
    yield from rows


_OF_ARCHIVES: Final = (
    zipfile.BadZipFile,
    RuntimeError,  # zipfile, of a member behind a password, or packed in a way that it does not know
    zlib.error,
    EOFError,
    OSError,
    ValueError,
)
"""What reading an archive raises that is none, is locked or is damaged."""


def _admit(data: bytes) -> None:
    """Looks at an XLSX as an archive: how much it is once unpacked, and that no entities are declared in it.

    Raises: UnreadableSheet.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS_LIMIT:
                _over("files within", "file interni", MEMBERS_LIMIT)
            if sum(one.file_size for one in members) > UNPACKED_LIMIT_BYTES:
                _over("bytes once unpacked", "byte una volta estratto", UNPACKED_LIMIT_BYTES)
            # No member gives more than its header says, which was looked at.
            markup = sum(_markup(one.filename, archive.read(one)) for one in members)
    except _OF_ARCHIVES:
        _refuse("it is no XLSX, or a locked one", "non è un XLSX, o è protetto")
    if markup > MARKUP_LIMIT:
        _over("elements", "elementi", MARKUP_LIMIT)


def _markup(name: str, content: bytes) -> int:
    """How many signs '<' a member has, in which the same bytes mean the same to us and to a reader of XML."""
    if not _is_utf_8(name, content):
        _refuse(
            "it holds XML that is not UTF-8: save it again as XLSX, or as CSV",
            "contiene XML che non è UTF-8: salvarlo di nuovo come XLSX, o come CSV",
        )
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        _refuse("it declares entities of XML", "dichiara entità XML")
    return content.count(b"<")


def _is_utf_8(name: str, content: bytes) -> bool:
    """Whether what a member holds, if it is XML, is so in UTF-8. Pictures and settings of printers are no text."""
    declared = _ENCODING.match(content.removeprefix(codecs.BOM_UTF8))
    if _OTHERWISE.match(content) or (declared and declared[1].lower() not in _UTF_8):
        return False
    try:
        return not name.lower().endswith(_OF_XML) or bool(content.decode()) or not content
    except UnicodeDecodeError:
        return False


_READERS: Final[dict[str, Callable[[bytes], Iterable[Iterable[object]]]]] = {".csv": _csv, ".xlsx": _xlsx}
