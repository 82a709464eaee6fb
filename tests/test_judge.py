"""What a judge says of files, and that the process in which it does so is left nothing but its socket."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clustergraph import judge
from clustergraph.build import build
from clustergraph.errors import UsageError
from clustergraph.judge import Base, answer, read_base
from clustergraph.reading import read
from clustergraph.reading.parsed import Literal
from clustergraph.sandbox import missing
from clustergraph.submissions import CONTRIBUTED, PAGE_CHARACTERS, TRIPLES_LIMIT
from conftest import SAMPLE

PATIENCE_S = 60
BAD = Path(__file__).parent / "bad"


@pytest.fixture(scope="module")
def base(built_sample: Path) -> Base:
    return read_base((built_sample / CONTRIBUTED).read_bytes())


def told(base: Base, files: dict[str, str], language: str = "en") -> dict[str, Any]:
    sent = {"files": [{"path": path, "text": text} for path, text in files.items()], "language": language}
    head = {"type": "application/json", "content_type": "application/json", "render": "json"}
    said, body = answer(base, head, json.dumps(sent).encode())
    assert said == {"status": 200, "render": "json", "language": language}, said
    document: dict[str, Any] = json.loads(body)
    return document


def places(document: dict[str, Any]) -> list[tuple[str, int | None, int | None, str]]:
    return [(one["path"], one["line"], one["column"], one["code"]) for one in document["findings"]]


def test_a_build_ships_what_others_are_judged_beside(base: Base) -> None:
    files = {path.relative_to(SAMPLE).as_posix() for path in SAMPLE.rglob("*") if path.suffix in (".ttl", ".tsv")}

    assert {str(path) for path in base.documents} == files
    assert [Path(path).suffix for path in base.rules] == [".rq"] * len(base.rules)


def test_a_build_whose_files_cannot_be_read_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_base(b'{"documents": {"data/cluster/a.ttl": "<"}, "rules": {}}')


def test_the_files_of_the_repository_are_clean_when_they_are_sent_again(base: Base) -> None:
    files = {str(path): one.parsed.text for path, one in base.documents.items()}

    document = told(base, files)

    assert document["coverage"]["shapes_applied"] is True
    assert (document["coverage"]["files"], document["coverage"]["context_files"]) == (len(files), 0)


@pytest.mark.parametrize(("language", "word"), [("en", "did you mean"), ("it", "forse")])
def test_a_finding_is_told_at_its_place_in_the_language_asked_for(base: Base, language: str, word: str) -> None:
    text = (BAD / "H004-misspelt-property.ttl").read_text(encoding="utf-8")

    document = told(base, {"data/organisation/chime-tuners.ttl": text}, language)

    assert places(document) == [("data/organisation/chime-tuners.ttl", 7, 5, "H004")]
    assert word in document["findings"][0]["message"]


def test_what_a_file_makes_wrong_elsewhere_is_told(base: Base) -> None:
    path = "data/cluster/north-clocks.ttl"

    document = told(base, {str(path): "# Nothing is left.\n"})

    assert [one for one in document["findings"] if one["path"] != str(path)]


def test_shapes_that_were_not_applied_are_said_to_be_so(base: Base) -> None:
    document = told(base, {"data/cluster/a.ttl": "<"})

    assert document["coverage"]["shapes_applied"] is False
    assert {one["code"][0] for one in document["findings"]} == {"T"}


def test_more_triples_than_are_judged_are_refused(base: Base) -> None:
    text = "<urn:a> <urn:b> " + ", ".join(map(str, range(TRIPLES_LIMIT + 1))) + " ."
    head = {"type": "text/turtle", "content_type": "text/turtle", "render": "json"}

    said, body = answer(base, head, text.encode())

    assert (said["status"], body) == (413, b"")
    assert "20,001 triples" in said["detail"]


def test_what_does_not_print_is_escaped_in_the_frames_of_a_page(base: Base) -> None:
    text = '<urn:a> <urn:b> "\x1b[31m\u202e::error" .\n'
    head = {"type": "text/turtle", "content_type": "text/turtle", "render": "html", "path": "data/cluster/a.ttl"}

    _, body = answer(base, head, text.encode())

    frames = [one["frame"] for one in json.loads(body)["findings"] if one["frame"]]
    assert frames
    assert all("".join(one.values()).isprintable() for one in frames)
    assert frames[0] == {"before": "<urn:a> ", "marked": "<urn:b>", "after": ' "\\u001b[31m\\u202e::error" .'}


def test_a_fault_of_ours_is_told_without_its_words(
    base: Base, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        message = "/srv/secret"
        raise LookupError(message)

    monkeypatch.setattr(judge, "verdict_on", fails)

    said = answer(base, {"type": "text/turtle", "content_type": "text/turtle", "render": "json"}, b"x")

    assert (said, capfd.readouterr().err) == (({"failed": "LookupError"}, b""), "judge: LookupError\n")


FAULT = """
import json, os, socket, sys
from clustergraph import judge, sandbox

judge.VERDICTS = {"json": None}
judge.verdict_on = lambda base, sent: None
ours, theirs = socket.socketpair()
parent = os.getpid()
if os.fork() == 0:
    limits = {"memory_limit_bytes": 512 << 20, "cpu_limit_s": 15, "output_limit_bytes": 1 << 20}
    judge._work(None, theirs, parent, limits, confined=sandbox.missing() is None)
    os._exit(0)
theirs.close()
head = json.dumps({"type": "text/turtle", "content_type": "text/turtle", "render": "json"}).encode()
ours.sendall(judge.LENGTHS.pack(len(head), 1) + head + b"x")
length, _ = judge.LENGTHS.unpack(ours.recv(8, socket.MSG_WAITALL))
print(ours.recv(length, socket.MSG_WAITALL).decode())
"""


def test_a_fault_of_ours_is_told_as_such_where_standard_error_is_a_file(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-c", FAULT], stdout=subprocess.PIPE, stderr=log, check=False, timeout=PATIENCE_S
        )

    assert (done.stdout, (tmp_path / "log").read_bytes()) == (b'{"failed": "TypeError"}\n', b"")


def test_a_page_shows_so_much_of_all_texts_and_says_which_are_cut(base: Base) -> None:
    texts = {"data/cluster/a.ttl": "#" * 150_000, "data/cluster/b.ttl": "#" * 50_001, "data/cluster/c.ttl": "# c"}
    sent = {"files": [{"path": path, "text": text} for path, text in texts.items()]}
    head = {"type": "application/json", "content_type": "application/json", "render": "html"}

    _, body = answer(base, head, json.dumps(sent).encode())

    document = json.loads(body)
    assert [(len(one["text"]), one["is_cut"]) for one in document["files"]] == [
        (150_000, False),
        (50_000, True),
        (0, True),
    ]
    assert (PAGE_CHARACTERS, document["coverage"]["files"]) == (200_000, 3)


def test_a_long_line_is_cut_around_its_finding(base: Base) -> None:
    text = f'<urn:a> <http://www.w3.org/2004/02/skos/core#note> "{"x" * 500}" ; <urn:b> "{"y" * 500}" .\n'
    head = {"type": "text/turtle", "content_type": "text/turtle", "render": "html", "path": "data/cluster/a.ttl"}

    _, body = answer(base, head, text.encode())

    (frame,) = [one["frame"] for one in json.loads(body)["findings"] if "urn:b" in one["message"]]
    assert frame["before"] == "…" + "x" * 20 + '" ; '
    assert frame["marked"] == "<urn:b>"
    assert frame["after"] == ' "' + "y" * 98 + "…"


PROBE = """
import json, os, socket, sys
from clustergraph import judge, sandbox

def tried(name, do):
    try:
        do()
    except (OSError, MemoryError, ValueError) as exc:
        return f"{name}: {type(exc).__name__}"
    return f"{name}: done"

def probe(base, head, body):
    return {"tried": [
        tried("read", lambda: open("/etc/hostname").read()),
        tried("write", lambda: open("/tmp/clustergraph-probe", "w").write("x")),
        tried("connect", lambda: socket.socket().connect(("127.0.0.1", 9))),
        tried("pair", lambda: socket.socketpair()),
        tried("fork", lambda: os.fork() or os._exit(0)),
        tried("kill", lambda: os.kill(os.getppid(), 0)),
        tried("memory", lambda: bytearray(600 << 20)),
    ]}, b""

judge.answer = probe
ours, theirs = socket.socketpair()
parent = os.getpid()
if os.fork() == 0:
    limits = {"memory_limit_bytes": 512 << 20, "cpu_limit_s": 15, "output_limit_bytes": 1 << 20}
    judge._work(None, theirs, parent, limits, confined=sandbox.missing() is None)
    os._exit(0)
ours.sendall(judge.LENGTHS.pack(2, 0) + b"{}")
length, _ = judge.LENGTHS.unpack(ours.recv(8, socket.MSG_WAITALL))
print("\\n".join(json.loads(ours.recv(length, socket.MSG_WAITALL))["tried"]))
"""


@pytest.mark.skipif(missing() is not None, reason="this kernel or machine has no filter of system calls")
def test_a_judge_has_no_file_no_network_no_other_process_and_bounded_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )

    assert (done.stdout.split("\n")[:-1], done.stderr) == (
        [
            "read: PermissionError",
            "write: PermissionError",
            "connect: PermissionError",
            "pair: PermissionError",
            "fork: PermissionError",
            "kill: PermissionError",
            "memory: MemoryError",
        ],
        "",
    )


def test_the_same_repository_ships_the_same_bytes(tmp_path: Path, built_sample: Path) -> None:
    build(SAMPLE, tmp_path / "dist")

    assert (tmp_path / "dist" / CONTRIBUTED).read_bytes() == (built_sample / CONTRIBUTED).read_bytes()


def test_a_verdict_is_told_as_a_report_for_code_scanning_and_as_one_of_shacl(base: Base) -> None:
    text = (BAD / "H004-misspelt-property.ttl").read_bytes()
    head = {"type": "text/turtle", "content_type": "text/turtle", "path": "data/organisation/chime-tuners.ttl"}

    (_, sarif), (_, turtle) = (answer(base, {**head, "render": one}, text) for one in ("sarif", "turtle"))

    (result,) = json.loads(sarif)["runs"][0]["results"]
    assert (result["ruleId"], result["locations"][0]["physicalLocation"]["region"]["snippet"]) == (
        "H004",
        {"text": "skos:altLable"},
    )
    told_in_turtle = read(turtle.decode())
    assert told_in_turtle.faults == []
    assert [value for _, predicate, value in told_in_turtle.triples if predicate.endswith("#conforms")] == [
        Literal("false", "http://www.w3.org/2001/XMLSchema#boolean", "")
    ]


def test_a_comment_suppresses_what_it_may(base: Base) -> None:
    path, text = "data/organisation/dial-makers.ttl", (BAD / "H013-homepage-without-https.ttl").read_text("utf-8")
    line = "    foaf:homepage <http://example.org/> ;"
    assert line in text

    plain = told(base, {path: text})
    commented = told(base, {path: text.replace(line, f"{line}  # clustergraph: ignore H013 -- they have no other")})

    assert [one["code"] for one in plain["findings"]] == ["H013"]
    assert commented["findings"] == []
