"""The query log: what a line holds, and what becomes of it where the file cannot take it."""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clustergraph.errors import UsageError
from clustergraph.web.querylog import FLUSH_S, RECORD_LIMIT, TEXT_LIMIT_BYTES, QueryLog, Record

PATIENCE_S = 60.0  # ends a test whose thread never writes; none passes or fails by a shorter time
AT_S = 1_795_000_000.5


def record(query: str = "ASK {}", **changed: Any) -> Record:
    phases = {"guard": 0.0002, "queue": 0.0, "evaluate": 0.0123456, "stream": 1.5}
    return Record(query, "ASK", "json", 200, "answered", phases, 51, cached=False, dataset="d" * 64)._replace(**changed)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: AT_S)


def written(path: Path, *records: Record, with_text: bool = False) -> list[dict[str, Any]]:
    log = QueryLog(str(path), with_text=with_text)
    for one in records:
        log.write(one)
    log.flush()
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_a_line_holds_everything_but_who_and_what(tmp_path: Path) -> None:
    assert written(tmp_path / "log", record()) == [
        {
            "time": "2026-11-18T11:06:40.500Z",
            "query": "819ea91ed5f12b38",
            "query_bytes": 6,
            "form": "ASK",
            "format": "json",
            "status": 200,
            "outcome": "answered",
            "guard_ms": 0.2,
            "queue_ms": 0.0,
            "evaluate_ms": 12.346,
            "stream_ms": 1500.0,
            "bytes": 51,
            "cached": False,
            "dataset": "d" * 16,
        }
    ]


def test_the_text_is_there_where_it_is_asked_for_cut_at_its_limit(tmp_path: Path) -> None:
    short, long = written(tmp_path / "log", record(), record("è" * 100_000), with_text=True)

    assert (short["text"], long["text"], long["query_bytes"]) == ("ASK {}", "è" * 2_048, 200_000)


HOSTILE = [
    'ASK {}\n{"time":"1999","outcome":"answered"}',
    "a\r\nb\x0b\x0c\x85\u2028\u2029",
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "\x7f\x00\x08",
    "\u202egnp.exe\u2066",
    "\ud800 half \udfff",
    '"}\\',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_makes_a_line_of_its_own_or_steers_a_terminal(tmp_path: Path, text: str) -> None:
    lines = written(tmp_path / "log", record(text, form=text, format_name=text), record(), with_text=True)

    raw = (tmp_path / "log").read_bytes()
    assert [line["text"] for line in lines] == [text, "ASK {}"]
    assert re.fullmatch(rb"(?:[\x20-\x7e]+\n){2}", raw)


def test_nothing_is_written_where_no_file_is_named() -> None:
    log, others = QueryLog(""), set(threading.enumerate())

    with log:
        log.write(record())
        begun = set(threading.enumerate()) - others

    assert (log.lines, begun) == ({"written": 0, "dropped": 0, "failed": 0}, set())


def test_a_hyphen_is_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with QueryLog("-") as log:
        log.write(record())

    assert json.loads(capfd.readouterr().err)["query"] == "819ea91ed5f12b38"
    os.write(2, b"")  # still open


def test_the_thread_writes_and_the_last_lines_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "log"

    with QueryLog(str(path)) as log:
        for _ in range(1_234):
            log.write(record())

    assert len(path.read_text(encoding="ascii").splitlines()) == 1_234
    assert log.lines == {"written": 1_234, "dropped": 0, "failed": 0}


def test_what_a_file_holds_already_stays(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("{}\n", encoding="ascii")

    assert written(path, record())[0] == {}


def test_strangers_may_not_read_a_new_file(tmp_path: Path) -> None:
    written(tmp_path / "log", record())

    assert (tmp_path / "log").stat().st_mode & 0o137 == 0


def moved(path: Path) -> None:
    path.rename(path.with_suffix(".1"))


@pytest.mark.parametrize("rotate", [moved, Path.unlink], ids=["moved away", "removed"])
def test_after_rotation_the_next_line_goes_to_a_new_file(tmp_path: Path, rotate: Callable[[Path], None]) -> None:
    path = tmp_path / "log"
    log = QueryLog(str(path))
    log.write(record("ASK {1}"))
    log.flush()

    rotate(path)
    log.write(record("ASK {22}"))
    log.flush()

    assert [json.loads(line)["query_bytes"] for line in path.read_text(encoding="ascii").splitlines()] == [8]


def test_a_file_cut_by_rotation_is_written_on_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = QueryLog(str(path))
    log.write(record("ASK {1}"))
    log.flush()

    os.truncate(path, 0)
    log.write(record("ASK {22}"))
    log.flush()

    assert path.read_bytes().startswith(b'{"time"')


def test_a_full_disk_is_said_once_and_counted_and_nobody_else_notices(caplog: pytest.LogCaptureFixture) -> None:
    log = QueryLog("/dev/full")

    with caplog.at_level(logging.WARNING, "clustergraph.web"):
        for _ in range(3):
            log.write(record())
            log.write(record())
            log.flush()

    assert log.lines == {"written": 0, "dropped": 0, "failed": 6}
    assert [one.getMessage() for one in caplog.records] == ["the query log cannot be written: No space left on device"]


def test_a_line_that_a_full_disk_has_cut_spoils_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write, room = tmp_path / "log", os.write, [350]

    def full(handle: int, data: bytes) -> int:
        size = min(len(data), room[0])
        if not size:
            raise OSError(28, "No space left on device")
        room[0] -= size
        return write(handle, data[:size])

    monkeypatch.setattr(os, "write", full)
    log = QueryLog(str(path))
    log.write(record("ASK {1}"))
    log.write(record("ASK {22}"))
    log.flush()
    room[0] = 10_000
    log.write(record("ASK {333}"))
    log.flush()

    first, torn, last, end = path.read_text(encoding="ascii").split("\n")
    assert (json.loads(first)["query_bytes"], json.loads(last)["query_bytes"], end) == (7, 9, "")
    with pytest.raises(json.JSONDecodeError):
        json.loads(torn)
    assert log.lines == {"written": 2, "dropped": 0, "failed": 1}


def test_a_flood_is_dropped_and_counted_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = QueryLog(str(path))

    for _ in range(RECORD_LIMIT + 5):
        log.write(record())
    log.flush()
    log.write(record())
    log.flush()

    assert log.lines == {"written": RECORD_LIMIT + 1, "dropped": 5, "failed": 0}
    assert len(path.read_bytes().splitlines()) == RECORD_LIMIT + 1


def test_texts_that_wait_take_a_bounded_memory(tmp_path: Path) -> None:
    log = QueryLog(str(tmp_path / "log"))
    text = "x" * (1 << 20)

    for _ in range(100):
        log.write(record(text))
    kept = len(log._waiting)
    log.flush()
    log.write(record(text))

    assert (kept, log.lines["dropped"], len(log._waiting)) == (TEXT_LIMIT_BYTES >> 20, 100 - kept, 1)


def test_a_reader_of_a_pipe_that_reads_nothing_stops_no_query(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log = QueryLog(str(path))

    for _ in range(2_000):
        log.write(record())
    writing = threading.Thread(target=log.flush, daemon=True)
    writing.start()
    writing.join(PATIENCE_S)

    assert not writing.is_alive()
    assert log.lines["failed"] > 0
    assert log.lines["written"] + log.lines["failed"] == 2_000
    os.close(reader)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "Is a directory"), ("missing/log", "No such file or directory"), ("file/log", "Not a directory")],
)
def test_a_file_that_cannot_be_had_is_said_when_the_server_starts(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError) as refused:
        QueryLog(f"{tmp_path}/{name}")

    expected = f"cannot write to '{tmp_path}/{name}': {reason}; choose another file with --query-log"
    assert refused.value.detail == expected


def test_a_folder_that_goes_away_while_running_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = QueryLog(f"{folder}/log")
    (folder / "log").unlink()
    folder.rmdir()

    log.write(record())
    log.flush()
    folder.mkdir()
    log.write(record())
    log.flush()

    assert log.lines == {"written": 1, "dropped": 0, "failed": 1}


def test_the_thread_writes_while_the_server_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = threading.Event()
    flush = QueryLog.flush

    def noticed(self: QueryLog) -> None:
        flush(self)
        if self.lines["written"]:
            seen.set()

    monkeypatch.setattr(QueryLog, "flush", noticed)
    with QueryLog(str(tmp_path / "log")) as log:
        log.write(record())

        assert seen.wait(PATIENCE_S), f"nothing was written, though it is every {FLUSH_S} s"
