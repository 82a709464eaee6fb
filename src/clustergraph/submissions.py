"""What somebody sent to be judged: from the bytes of a request to files with their places in a repository.

Runs in the confined process alone: whatever a body holds is read there.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from clustergraph.findings import LANGUAGES
from clustergraph.reading import read
from clustergraph.terms import ENTITY_KINDS, kind_and_slug

CONTRIBUTED: Final = "repository.json"  # of a build: the files beside which others are judged
FILES_LIMIT: Final = 50
PATH_LIMIT: Final = 200  # characters
TRIPLES_LIMIT: Final = 20_000  # of all files together
FINDINGS_LIMIT: Final = 1_000  # told of one submission; the first ones, in order
PAGE_CHARACTERS: Final = 200_000  # of its texts that its page shows again, all together
RENDERS: Final = ("json", "sarif", "turtle", "html")
"""What a verdict is told in."""

TURTLE_TYPES: Final = ("text/turtle", "application/n-triples")
JSON_TYPE: Final = "application/json"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MULTIPART_TYPE: Final = "multipart/form-data"

_PART: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_PATH: Final = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_FIELDS: Final = 4 * FILES_LIMIT
_PART_HEAD_BYTES: Final = 2_000  # of one field of a form
_PARAMETER: Final = re.compile(r';\s*([^\s;="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*))?')
_UNPACKED: Final = ("", "binary", "8bit", "7bit")  # what a field may say that it is packed in
_RDF_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_SH: Final = "http://www.w3.org/ns/shacl#"
_TABLE: Final = ".sssom.tsv"
_UNNAMED: Final = "text.ttl"
_NAMES: Final = ("path", "text", "file", "language", "format")  # of the fields of a form
_SHAPE: Final = '{"files": [{"path": "data/…/x.ttl", "text": "…"}]}'


class Unfit(Exception):
    """A submission that is not judged, with the status that says so, and what to do, in both languages."""

    def __init__(self, status: int, english: str, italian: str) -> None:
        super().__init__(english)
        self.status = status
        self.detail = english
        self.italian = italian


class Submission(NamedTuple):
    """What is to be judged, and how it is to be told. Shape: `render` is empty where the request says it by Accept."""

    files: Mapping[PurePosixPath, bytes]
    language: str
    render: str = ""


def submission(head: Mapping[str, Any], body: bytes) -> Submission:
    """The submission that a request holds.

    Shape:  `head` has `type`, the media type; `content_type`, the whole header; `path` and `language` where they were
            given in the address.
    Raises: Unfit.
    """
    named, language, render = _READERS[head["type"]](head, body)
    if (count := len(named)) > FILES_LIMIT:
        english = f"there are {count} files, and {FILES_LIMIT} are judged at once: send them in parts"
        italian = f"ci sono {count} file, e se ne giudicano {FILES_LIMIT} alla volta: inviarli in più parti"
        raise Unfit(413, english, italian)
    if not named:
        raise Unfit(
            422,
            "there is nothing to judge: send the text of a file",
            "non c'è nulla da giudicare: inviare il testo di un file",
        )
    files: dict[PurePosixPath, bytes] = {}
    for name, data in named:
        path = _place(name, data)
        if path in files:
            raise Unfit(
                422,
                f"two files have the path '{path}': send each once",
                f"due file hanno il percorso '{path}': inviare ciascuno una volta sola",
            )
        files[path] = data
    return Submission(files, _language(language), render)


_Read = tuple[list[tuple[str, bytes]], Any, str]


def _plain(head: Mapping[str, Any], body: bytes) -> _Read:
    return [(head.get("path") or "", body)] if body.strip() else [], head.get("language"), ""


def _json(head: Mapping[str, Any], body: bytes) -> _Read:
    try:
        asked = json.loads(body.decode())
    except (ValueError, RecursionError) as exc:
        english, italian = _reason(exc)
        said = f"the body is not JSON in UTF-8: {english}"
        raise Unfit(400, said, f"il corpo non è JSON in UTF-8: {italian}") from exc
    files = asked.get("files") if isinstance(asked, dict) else None
    if not isinstance(files, list) or not all(_is_file(one) for one in files):
        raise Unfit(
            422, f"this JSON has another shape: send {_SHAPE}", f"questo JSON ha un'altra forma: inviare {_SHAPE}"
        )
    if unknown := sorted({str(one)[:40] for one in asked.keys() - {"files", "language"}}):
        named = repr(", ".join(unknown[:5]))
        raise Unfit(
            422,
            f"{named} is no member that is known here: send 'files' and 'language'",
            f"{named} non è un membro noto qui: inviare 'files' e 'language'",
        )
    # A lone surrogate is no text: what stands for it is no UTF-8, which is told as of any file.
    told = [(one.get("path") or "", one["text"].encode(errors="surrogatepass")) for one in files]
    return told, asked.get("language", head.get("language")), ""


def _reason(exc: Exception) -> tuple[str, str]:
    if isinstance(exc, json.JSONDecodeError):
        said = f"{exc.msg[:1].lower()}{exc.msg[1:]}"
        return f"{said} at line {exc.lineno}, column {exc.colno}", f"riga {exc.lineno}, colonna {exc.colno}: {said}"
    if isinstance(exc, RecursionError):
        return "it is nested too deeply", "è annidato troppo in profondità"
    return "it cannot be read", "non si può leggere"


def _is_file(one: object) -> bool:
    return (
        isinstance(one, dict)
        and one.keys() <= {"path", "text"}
        and isinstance(one.get("text"), str)
        and isinstance(one.get("path", ""), str)
    )


def _form(head: Mapping[str, Any], body: bytes) -> _Read:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except ValueError as exc:
        raise _no_form() from exc
    told = _of_fields(((name, "", value.encode()) for name, value in pairs), head)
    # curl --data-binary says of any text that it is a form.
    if pairs and not told[0] and not {name for name, _ in pairs} & set(_NAMES):
        raise _no_form()
    return told


def _no_form() -> Unfit:
    header = "'Content-Type: text/turtle' (curl: -H 'Content-Type: text/turtle')"
    return Unfit(
        400,
        f"the body says that it is a form, and is none that is read here: send the text of a file with {header}, "
        f"or fields 'path' and 'text', percent-encoded in UTF-8, {_FIELDS} at most",
        f"il corpo si dice un modulo, e non lo è come si legge qui: inviare il testo di un file con {header}, "
        f"o i campi 'path' e 'text', in UTF-8 con codifica percentuale, al massimo {_FIELDS}",
    )


def _multipart(head: Mapping[str, Any], body: bytes) -> _Read:
    boundary = _parameters(head["content_type"]).get("boundary", "").encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, _FIELDS + 1)
    if not boundary or len(pieces) < 3 or not pieces[-1].startswith(b"--"):  # noqa: PLR2004  # a field and two borders
        if len(pieces) > _FIELDS:
            raise Unfit(
                413,
                f"the form has more than {_FIELDS} fields: send fewer files",
                f"il modulo ha più di {_FIELDS} campi: inviare meno file",
            )
        raise Unfit(
            400,
            "the body is not the multipart form that its Content-Type says: send it with its boundary",
            "il corpo non è il modulo multipart che dice il suo Content-Type: inviarlo con il suo boundary",
        )
    return _of_fields([_part(one) for one in pieces[1:-1]], head)


def _part(piece: bytes) -> tuple[str, str, bytes]:
    """The name, the name of the file and the bytes of one field.

    Source: RFC 7578, section 4.
    """
    lines, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if len(lines) > _PART_HEAD_BYTES:
        raise Unfit(
            400,
            f"a field of the form has a head of more than {_PART_HEAD_BYTES} bytes: send a shorter one",
            f"un campo del modulo ha un'intestazione di più di {_PART_HEAD_BYTES} byte: inviarne una più breve",
        )
    fields = [line.partition(":") for line in lines.decode(errors="replace").split("\r\n")]
    header = {name.strip().lower(): value.strip() for name, _, value in reversed(fields)}
    if header.get("content-transfer-encoding", "").lower() not in _UNPACKED:
        raise Unfit(
            400,
            "a field of the form is packed in a way that is not read here: send it as it is",
            "un campo del modulo è codificato in un modo che qui non si legge: inviarlo com'è",
        )
    said = _parameters(header.get("content-disposition", ""))
    return said.get("name", ""), said.get("filename", ""), data


def _parameters(value: str) -> dict[str, str]:
    """The parameters of a header field, by their names in lower case; of several with one name, the first.

    Shape:  of a quoted one, what stands between the quotes, as browsers write it: with no escapes.
    Raises: Unfit for one that names a charset, which no form may (RFC 7578, section 4.2).
    """
    found = [(name.lower(), text.strip('"')) for name, text in _PARAMETER.findall(value)]
    if coded := next((name for name, _ in found if "*" in name), None):
        raise Unfit(
            400,
            f"the parameter {coded[:40]!r} of the form is not read here: send it without '*', in UTF-8",
            f"il parametro {coded[:40]!r} del modulo non si legge qui: inviarlo senza «*», in UTF-8",
        )
    return dict(reversed(found))


def _of_fields(fields: Iterable[tuple[str, str, bytes]], head: Mapping[str, Any]) -> _Read:
    """The files of a form: each text has the path that stands before it; files have their names."""
    files: list[tuple[str, bytes]] = []
    others: dict[str, str] = {}
    path = ""
    for name, file_name, data in fields:
        if name == "file" and (file_name or data):
            files.append((_last_part(file_name), data))
        elif name == "text":
            if data.strip():
                # A browser sends the line ends of a text area as CRLF, whatever they were.
                files.append((path, data.replace(b"\r\n", b"\n")))
            path = ""
        elif name == "path":
            path = data.decode(errors="replace").strip()
        else:
            others[name] = data.decode(errors="replace")
    return files, others.get("language", head.get("language")), others.get("format", "")


def _last_part(name: str) -> str:
    """The name of a file as a form tells it: some browsers send the folders of their user as well."""
    return re.split(r"[/\\]", name)[-1]


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], bytes], _Read]]] = {
    **dict.fromkeys(TURTLE_TYPES, _plain),
    JSON_TYPE: _json,
    FORM_TYPE: _form,
    MULTIPART_TYPE: _multipart,
}
TYPES: Final = tuple(_READERS)
"""The media types that a submission may have."""


def _language(asked: object) -> str:
    if asked is None or asked == "":
        return LANGUAGES[0]
    if asked not in LANGUAGES:
        listed = ", ".join(LANGUAGES)
        raise Unfit(
            422,
            f"{str(asked)[:40]!r} is no language of ours: name one of {listed}",
            f"{str(asked)[:40]!r} non è una delle nostre lingue: indicarne una fra {listed}",
        )
    return str(asked)


def _place(name: str, data: bytes) -> PurePosixPath:
    """The path of a file in a repository; where only its name is known, or nothing, the one that its content asks for.

    Raises: Unfit for what can be no path.
    """
    if name and (len(name) > PATH_LIMIT or not _PATH.fullmatch(name)):
        raise Unfit(
            422,
            f"{name[:80]!r} cannot be the path of a file here: give one relative to the repository, "
            "e.g. data/cluster/lombardy-energy.ttl, of letters, digits, '.', '_' and '-'",
            f"{name[:80]!r} non può essere il percorso di un file qui: darne uno relativo al repository, "
            "ad es. data/cluster/lombardy-energy.ttl, di lettere, cifre, «.», «_» e «-»",
        )
    return PurePosixPath(name) if "/" in name else _guessed(name, data.decode(errors="replace"))


def _guessed(name: str, text: str) -> PurePosixPath:
    if name.endswith(_TABLE):
        return PurePosixPath("data/mapping", name)
    typed = dict.fromkeys(
        (str(subject), str(value)) for subject, predicate, value in read(text).triples if predicate == _RDF_TYPE
    )
    if any(value.startswith(_SH) for _, value in typed):
        return PurePosixPath("shapes", name or _UNNAMED)
    known = [one for subject, _ in typed if (one := kind_and_slug(subject)) and one[0] in ENTITY_KINDS]
    # A file of claims describes their source; and a name says which of several things a file is about.
    known.sort(key=lambda one: (one[1] != PurePosixPath(name).stem, one[0] != "source"))
    kind, slug = known[0] if known else ("cluster", PurePosixPath(_UNNAMED).stem)
    return PurePosixPath("data", kind, name or f"{slug}.ttl")
