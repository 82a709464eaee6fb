"""Bodies of requests read as files with their places; whatever is no such body is said, with a status."""

import json
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.submissions import FILES_LIMIT, TYPES, Submission, Unfit, submission

CLUSTER = b"<https://w3id.org/clustergraph/id/cluster/alpha> a <https://w3id.org/clustergraph/ns#TechnologyCluster> ."
SOURCE = b"<https://w3id.org/clustergraph/id/source/page> a <https://w3id.org/clustergraph/ns#Source> ."
SHAPE = b"<https://w3id.org/clustergraph/shapes#A> a <http://www.w3.org/ns/shacl#NodeShape> ."


def turtle(body: bytes, **head: str) -> Submission:
    return submission({"type": "text/turtle", "content_type": "text/turtle", **head}, body)


def as_json(document: Any) -> Submission:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return submission({"type": "application/json", "content_type": "application/json"}, body)


def multipart(*parts: bytes, boundary: str = "b") -> Submission:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    content_type = f'multipart/form-data; boundary="{boundary}"'
    return submission({"type": "multipart/form-data", "content_type": content_type}, body)


def field(name: str, value: bytes, file: str = "") -> bytes:
    named = f'; filename="{file}"' if file else ""
    return f'Content-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + value


def form(body: bytes) -> Submission:
    kind = "application/x-www-form-urlencoded"
    return submission({"type": kind, "content_type": kind}, body)


def paths(sent: Submission) -> list[str]:
    return [str(path) for path in sent.files]


@pytest.mark.parametrize(
    ("body", "head", "path"),
    [
        (CLUSTER, {"path": "data/cluster/beta.ttl"}, "data/cluster/beta.ttl"),
        (CLUSTER, {}, "data/cluster/alpha.ttl"),
        (CLUSTER, {"path": "beta.ttl"}, "data/cluster/beta.ttl"),
        (CLUSTER + SOURCE, {}, "data/source/page.ttl"),
        (CLUSTER + SOURCE, {"path": "alpha.ttl"}, "data/cluster/alpha.ttl"),
        (SHAPE, {}, "shapes/text.ttl"),
        (b"subject_id\t", {"path": "areas.sssom.tsv"}, "data/mapping/areas.sssom.tsv"),
        (b"\xff nothing", {}, "data/cluster/text.ttl"),
        (CLUSTER + b" <broken", {}, "data/cluster/alpha.ttl"),
    ],
)
def test_a_text_goes_where_it_is_said_or_where_its_content_belongs(
    body: bytes, head: dict[str, str], path: str
) -> None:
    assert turtle(body, **head) == Submission({PurePosixPath(path): body}, "en")


def test_json_names_files_and_a_language() -> None:
    sent = as_json({"files": [{"path": "data/a/b.ttl", "text": "è"}, {"text": "x"}], "language": "it"})

    assert sent == Submission(
        {PurePosixPath("data/a/b.ttl"): "è".encode(), PurePosixPath("data/cluster/text.ttl"): b"x"}, "it"
    )


def test_a_form_names_texts_after_their_paths_and_files_by_their_names() -> None:
    sent = multipart(
        field("path", b"data/cluster/a.ttl"),
        field("text", b"one\r\ntwo"),
        field("path", b""),
        field("text", b" \r\n"),
        field("file", b"\xff\r\n--\r\n", r"C:\mine\b.ttl"),
        field("file", b""),
        field("language", b"it"),
        field("format", b"json"),
    )

    assert sent.files == {
        PurePosixPath("data/cluster/a.ttl"): b"one\ntwo",
        PurePosixPath("data/cluster/b.ttl"): b"\xff\r\n--\r\n",
    }
    assert (sent.language, sent.render) == ("it", "json")
    assert form(b"path=data%2Fcluster%2Fa.ttl&text=one%0D%0Atwo&language=it").files == {
        PurePosixPath("data/cluster/a.ttl"): b"one\ntwo"
    }


BAD_PATHS = [
    "../../etc/passwd",
    "/etc/passwd",
    "data/../../x.ttl",
    "data//x.ttl",
    "data\\x.ttl",
    "data/x.ttl\n::error::x",
    "data/\u202ex.ttl",
    "data/x\0.ttl",
    "data/.git/x.ttl",
    "C:/x.ttl",
    "data/è.ttl",
    "data/" + "a" * 200,
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_what_can_be_no_path_of_a_repository_is_refused(path: str) -> None:
    with pytest.raises(Unfit) as caught:
        as_json({"files": [{"path": path, "text": "x"}]})

    assert caught.value.status == 422
    assert caught.value.detail.isprintable()
    assert "cannot be the path of a file here" in caught.value.detail


@pytest.mark.parametrize(
    ("document", "status", "said"),
    [
        (b"", 400, "not JSON"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"files":[' + b"9" * 10_000 + b"]}", 400, "cannot be read"),
        (b"\xff", 400, "not JSON"),
        (b"\xff\xfe{\0}\0", 400, "not JSON"),
        ([], 422, "another shape"),
        ({"files": {}}, 422, "another shape"),
        ({"files": ["x"]}, 422, "another shape"),
        ({"files": [{"text": 1}]}, 422, "another shape"),
        ({"files": [{"text": "x", "name": "y"}]}, 422, "another shape"),
        ({"files": [{"text": "x"}], "shapes": []}, 422, "'shapes' is no member"),
        ({"files": []}, 422, "nothing to judge"),
        ({"files": [{"text": "x"}], "language": "de"}, 422, "'de' is no language"),
        ({"files": [{"text": "x"}], "language": []}, 422, "is no language"),
        ({"files": [{"text": "x"}] * 2}, 422, "two files have the path"),
        ({"files": [{"text": "x"}] * (FILES_LIMIT + 1)}, 413, "51 files"),
    ],
)
def test_json_that_is_none_or_has_another_shape_is_refused(document: Any, status: int, said: str) -> None:
    with pytest.raises(Unfit) as caught:
        as_json(document)

    assert (caught.value.status, said in caught.value.detail) == (status, True), caught.value.detail
    assert caught.value.italian.isprintable()
    assert caught.value.italian != caught.value.detail


@pytest.mark.parametrize(
    ("parts", "boundary", "status"),
    [
        ([], "b", 400),
        ([field("text", b"x")], "other", 400),
        ([field("text", b"x")], "", 400),
        ([field("note", b"x")] * 300, "b", 413),
        ([field("note", b"x")] * 201, "b", 413),
        ([field("note", b"x")] * 200, "b", 422),
        ([b"A: " + b"x" * 3_000 + b"\r\n\r\n"], "b", 400),
        ([b"Content-Transfer-Encoding: base64\r\n" + field("text", b"eA==")], "b", 400),
        ([b"Content-Transfer-Encoding: \xff\r\n" + field("text", b"x")], "b", 400),
        ([b"no head"], "b", 422),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(parts: list[bytes], boundary: str, status: int) -> None:
    with pytest.raises(Unfit) as caught:
        multipart(*parts, boundary=boundary)

    assert caught.value.status == status


CODED = [
    "zzz''x",
    "a\0b''x",
    "idna''%ff%ff",
    "undefined''%ff",
    "base64''%ff",
    "hex''%ff",
    "punycode''%ff%00",
    "utf-8''x",
    "",
]


@pytest.mark.parametrize("value", CODED)
@pytest.mark.parametrize("name", ["name*", "filename*", "filename*0*", "FILENAME*0", "*"])
def test_a_parameter_that_names_a_charset_is_refused_unread(name: str, value: str) -> None:
    with pytest.raises(Unfit) as caught:
        multipart(f'Content-Disposition: form-data; name="file"; {name}={value}.ttl\r\n\r\nx'.encode())

    assert (caught.value.status, caught.value.detail) == (
        400,
        f"the parameter {name.lower()!r} of the form is not read here: send it without '*', in UTF-8",
    )


@pytest.mark.parametrize(
    "parameters", ["", ";", ";=;*=;boundary*", "; boundary", '; boundary="b', "; boundary*=utf-8''b"]
)
def test_a_form_without_a_boundary_that_can_be_read_is_refused(parameters: str) -> None:
    head = {"type": "multipart/form-data", "content_type": f"multipart/form-data{parameters}"}
    with pytest.raises(Unfit) as caught:
        submission(head, b"--b\r\n" + field("text", b"x") + b"\r\n--b--\r\n")

    assert caught.value.status == 400


@pytest.mark.parametrize(
    "written", ["a.ttl", '"a.ttl"', '"C:\\mine\\a.ttl"', '"x;y/a.ttl"', '"a.ttl"; filename="c.ttl"', '"a.ttl";;; x']
)
def test_the_name_of_a_file_is_read_as_browsers_write_it(written: str) -> None:
    head = f"content-disposition:form-data;filename={written} ; NAME=file\r\n\r\n"

    assert paths(multipart(head.encode() + CLUSTER)) == ["data/cluster/a.ttl"]


@pytest.mark.parametrize("body", [b"text=%FF", "text=è".encode(), b"&a=b" * 1_000])
def test_an_encoded_form_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(Unfit) as caught:
        form(body)

    assert caught.value.status == 400


@pytest.mark.parametrize("body", [CLUSTER, b"@prefix a: <b> .", b"x=1"])
def test_a_text_that_comes_as_a_form_is_told_what_header_it_needs(body: bytes) -> None:
    with pytest.raises(Unfit) as caught:
        form(body)

    assert (caught.value.status, caught.value.detail) == (
        400,
        "the body says that it is a form, and is none that is read here: send the text of a file with "
        "'Content-Type: text/turtle' (curl: -H 'Content-Type: text/turtle'), or fields 'path' and 'text', "
        "percent-encoded in UTF-8, 200 at most",
    )


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_text_is_nothing_to_judge(body: bytes) -> None:
    with pytest.raises(Unfit) as caught:
        turtle(body)

    assert (caught.value.status, caught.value.detail, caught.value.italian) == (
        422,
        "there is nothing to judge: send the text of a file",
        "non c'è nulla da giudicare: inviare il testo di un file",
    )


@given(body=st.binary(max_size=300), kind=st.sampled_from(TYPES))
def test_whatever_comes_is_read_or_refused(body: bytes, kind: str) -> None:
    head = {"type": kind, "content_type": f"{kind}; boundary=b"}
    try:
        said = 200 if submission(head, body).files else 0
    except Unfit as exc:
        said = exc.status
    assert said in (200, 400, 413, 422)
