"""Findings as JSON, for programs of anybody. `findings.schema.json` beside this module says what stands in it."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from clustergraph.findings import Finding, printable
from clustergraph.outputs.outcome import Outcome
from clustergraph.outputs.sources import fingerprints
from clustergraph.reading.parsed import Place

SCHEMA: Final = "findings.schema.json"


def schema() -> str:
    """The JSON Schema of what `as_json` gives; of its items, for `as_jsonl`."""
    return files("clustergraph.outputs").joinpath(SCHEMA).read_text(encoding="utf-8")


def as_json(outcome: Outcome) -> str:
    """One array of objects."""
    return dumped(list(_objects(outcome)))


def as_jsonl(outcome: Outcome) -> str:
    """One object on each line."""
    return "\n".join(printable(json.dumps(one, ensure_ascii=False)) for one in _objects(outcome))


def dumped(value: object) -> str:
    """A value as JSON, with what commands a terminal escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "\n".join(printable(line) for line in text.split("\n"))


def _objects(outcome: Outcome) -> Iterator[dict[str, object]]:
    marks = fingerprints(outcome.findings, outcome.sources)
    for one, mark in zip(outcome.findings, marks, strict=True):
        yield _object(one, mark, outcome.language)


def _object(one: Finding, fingerprint: str, language: str) -> dict[str, object]:
    return {
        "path": one.path,
        **_place(one.at),
        "code": one.code,
        "severity": one.severity,
        "message": one.message[language],
        "advice": one.advice.get(language),
        "related": [{"path": o.path, **_place(o.at), "message": o.message[language]} for o in one.related],
        "fingerprint": fingerprint,
    }


def _place(at: Place | None) -> dict[str, int | None]:
    line, column, end_line, end_column = at or (None, None, None, None)
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}
