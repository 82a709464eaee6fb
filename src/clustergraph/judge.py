"""The process that judges what strangers contribute: `python -m clustergraph.judge`, forked once for each submission.

It reads what a build ships of its repository, judges that once, so that all is warm, and forks when asked, as the
loader of queries does. A fork has no network, no files, bounded memory and time; it takes one submission, says one
verdict, and ends. Knows nothing of HTTP but the numbers of its statuses.
"""

import gc
import json
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from clustergraph import sandbox
from clustergraph.checking import Checked, check_with
from clustergraph.errors import UsageError
from clustergraph.files import admitted
from clustergraph.findings import Finding
from clustergraph.frames import TROUBLE
from clustergraph.loader import Source, allow_cpu, harden, serve_forks
from clustergraph.outputs.outcome import number
from clustergraph.repository import Document, Repository, document_of
from clustergraph.shacl import QueryTime
from clustergraph.submissions import TRIPLES_LIMIT, Submission, Unfit, submission
from clustergraph.verdicts import VERDICTS, Verdict

LOWERED_NICE: Final = 5  # of a fork: queries go first
LENGTHS: Final = struct.Struct(">II")  # of the head and of the body of a message, either way
_CORE_LIMIT_S: Final = 10.0  # of the 15 s that a fork has: who sends shapes is told which of them takes too long
_NOWHERE: Final = Path("/nonexistent")  # of a repository of which nothing is read any more


class Base(NamedTuple):
    """The repository that submissions are judged beside, and what is found in it without them."""

    documents: dict[PurePosixPath, Document]
    rules: dict[str, str]
    findings: frozenset[str]


def read_base(data: bytes) -> Base:
    """The repository that a build ships, judged once.

    Raises: UsageError where it is not what a build writes.
    """
    held = json.loads(data)
    read = [_document(PurePosixPath(name), text) for name, text in held["documents"].items()]
    documents = {one.path: one for one in read if isinstance(one, Document)}
    if len(documents) < len(read):
        message = "a document of the build cannot be read: run 'clustergraph build' to make it anew"
        raise UsageError(message)
    base = Base(documents, held["rules"], frozenset())
    return base._replace(findings=frozenset(map(repr, _checked(base, documents, ()).findings)))


def _document(path: PurePosixPath, text: str | Finding) -> Document | list[Finding]:
    return document_of(path, lambda: text)


def _checked(base: Base, documents: dict[PurePosixPath, Document], findings: tuple[Finding, ...]) -> Checked:
    ordered = tuple(documents[path] for path in sorted(documents))
    repository = Repository(_NOWHERE, ordered, findings)
    query_time = QueryTime(in_place=True, core_limit_s=_CORE_LIMIT_S)  # a fork may not fork
    return check_with(repository, lambda: base.rules, query_time)


def verdict_on(base: Base, sent: Submission) -> Verdict:
    """What is wrong with some files, and what they make wrong elsewhere; what was there before is not their fault.

    Raises: Unfit where they hold more than is judged.
    """
    documents = {path: one for path, one in base.documents.items() if path not in sent.files}
    beside = {path: one.parsed.text for path, one in documents.items()}
    triples = 0
    findings: list[Finding] = []
    for path, data in sent.files.items():
        read = _document(path, admitted(path, data))
        if isinstance(read, Document):
            documents[path] = read
            triples += len(read.triples)
        else:
            findings += read
    if triples > TRIPLES_LIMIT:
        raise Unfit(
            413,
            f"there are {triples:,} triples, and {TRIPLES_LIMIT:,} are judged at once: send them in parts",
            f"ci sono {number(triples, 'it')} triple, e se ne giudicano {number(TRIPLES_LIMIT, 'it')} alla volta: "
            "inviarle in più parti",
        )
    checked = _checked(base, documents, tuple(findings))
    own = {str(path) for path in sent.files}
    told = [one for one in checked.findings if one.path in own or repr(one) not in base.findings]
    texts = {path: data.decode(errors="replace") for path, data in sent.files.items()}
    return Verdict(told, texts, beside, triples, checked.assembly is not None, sent.language)


def answer(base: Base, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """The head and the body of what is said to one request."""
    try:
        sent = submission(head, body)
        name = _format(sent.render or head["render"])
        text = VERDICTS[name](verdict_on(base, sent))
    except Unfit as exc:
        return {"status": exc.status, "detail": exc.detail, "italian": exc.italian}, b""
    except (MemoryError, RecursionError):
        return {"hungry": True}, b""
    except Exception as exc:  # the one place at the top of this process; what went wrong may name anything
        sandbox.complain(f"judge: {type(exc).__name__}")
        return {"failed": type(exc).__name__}, b""
    return {"status": 200, "render": name, "language": sent.language}, text.encode(errors="replace")


def _format(name: str) -> str:
    if name not in VERDICTS:
        listed = ", ".join(VERDICTS)
        raise Unfit(
            422,
            f"{name[:40]!r} is no format here: ask for one of {listed}",
            f"{name[:40]!r} non è un formato noto qui: chiederne uno fra {listed}",
        )
    return name


def _work(base: Base, sock: socket.socket, parent: int, limits: dict[str, int], *, confined: bool) -> None:
    os.nice(LOWERED_NICE)
    harden(Source(lambda: None, 0, confined=confined), parent, limits["memory_limit_bytes"])
    allow_cpu(limits["cpu_limit_s"])
    lengths = LENGTHS.unpack(_exactly(sock, LENGTHS.size))
    head, body = (_exactly(sock, length) for length in lengths)
    said, told = answer(base, json.loads(head), body)
    if len(told) > limits["output_limit_bytes"]:
        said, told = {"hungry": True}, b""
    line = json.dumps(said).encode()
    sock.sendall(LENGTHS.pack(len(line), len(told)) + line + told)


def _exactly(sock: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        piece = sock.recv(min(length - len(data), 1 << 20))
        if not piece:
            os._exit(0)  # nobody waits for a verdict any more
        data += piece
    return bytes(data)


def _warm(base: Base) -> None:
    """Goes once through all that a submission may need, as a confined process loads no module any more."""
    for media_type, body in (
        ("text/turtle", b"<a> <b> <c"),
        ("application/json", b'{"files": [{"text": "\\u00e8"}], "language": "it"}'),
        ("application/x-www-form-urlencoded", b"text=%C3%A8&language=it"),
        ("multipart/form-data", b'--a\r\nContent-Disposition: form-data; name="text"\r\n\r\n<a> a <b> .\r\n--a--\r\n'),
    ):
        for render in VERDICTS:
            content_type = f"{media_type}; boundary=a"
            answer(base, {"type": media_type, "content_type": content_type, "render": render}, body)


def main(arguments: list[str]) -> None:
    """Reads the repository of a build and serves forks until the control socket closes."""
    descriptor, shipped, limits = int(arguments[0]), Path(arguments[1]), json.loads(arguments[2])
    control = socket.socket(fileno=descriptor)
    missing = sandbox.missing()
    if missing:
        print(f"submissions are judged without a filter of system calls: {missing}", file=sys.stderr)
    try:
        base = read_base(shipped.read_bytes())
    except (UsageError, ValueError, KeyError) as exc:
        control.sendall(TROUBLE + str(exc)[:500].encode())
        sys.exit(1)
    os.close(int(shipped.name))
    _warm(base)
    gc.collect()
    gc.freeze()  # collections in a fork would touch, and so copy, the pages that all share
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve_forks(
        len(base.documents), control, lambda sock, parent: _work(base, sock, parent, limits, confined=not missing)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
