"""Baselines: findings that were there before, written into a file, so that only new ones are shown.

What cannot be read, shapes that cannot be evaluated, and the house rules on which shapes rest are in no baseline:
nobody knows what they hide.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from clustergraph import suppressions
from clustergraph.errors import UsageError
from clustergraph.findings import Finding
from clustergraph.fingerprints import fingerprints
from clustergraph.repository import Repository
from clustergraph.rules import RULES

_NEVER: Final = ("T", "S", *sorted(suppressions.NEVER))  # families of codes, and codes
_VERSION: Final = 1
_SIZE_LIMIT_BYTES: Final = 10_000_000


class Entry(NamedTuple):
    """A recorded finding; all but the fingerprint is for people who read the file."""

    fingerprint: str
    code: str
    path: str
    message: str


class Compared(NamedTuple):
    """What a baseline leaves. Shape: `stale` are entries for which there is no finding any more."""

    new: list[Finding]
    known: list[Finding]
    stale: list[Entry]


Baseline = Mapping[Entry, int]
"""How often each finding was there."""


def compared(findings: Sequence[Finding], repository: Repository, baseline: Baseline) -> Compared:
    """The findings that a baseline does not hold, those that it does, and what of it is gone."""
    left: Counter[str] = Counter()
    for entry, count in baseline.items():
        left[entry.fingerprint] += count
    new: list[Finding] = []
    known: list[Finding] = []
    for mark, one in fingerprints(findings, repository):
        is_known = may_be_recorded(one) and left[mark] > 0
        left[mark] -= is_known
        (known if is_known else new).append(one)
    return Compared(new, known, [entry for entry in baseline if left[entry.fingerprint] > 0])


def baseline_text(findings: Sequence[Finding], repository: Repository) -> str:
    """The text of a baseline of findings. Shape: JSON, an entry a line, in the order of findings."""
    counts = Counter(
        Entry(mark, one.code, one.path, one.message["en"])
        for mark, one in fingerprints(findings, repository)
        if may_be_recorded(one)
    )
    lines = [json.dumps({**entry._asdict(), "count": count}) for entry, count in counts.items()]
    inside = ",\n    ".join(lines)
    return f'{{\n  "version": {_VERSION},\n  "findings": [{f"{chr(10)}    {inside}{chr(10)}  " if lines else ""}]\n}}\n'


def may_be_recorded(finding: Finding) -> bool:
    """Whether a finding can be one that is known.

    A house rule speaks of a file as a whole only to say that it has more findings than are looked for.
    """
    is_of_more = finding.at is None and finding.code in RULES
    return not is_of_more and not finding.code.startswith(_NEVER)


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises: UsageError if there is none, or the file is something else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_LIMIT_BYTES + 1)
    except OSError as exc:
        message = f"the baseline '{path}' cannot be read: {exc.strerror}: write it with --write-baseline"
        italian = f"la baseline '{path}' non si può leggere: {exc.strerror}: scriverla con --write-baseline"
        raise UsageError(message, italian) from exc
    try:
        return _baseline(json.loads(data)) if len(data) <= _SIZE_LIMIT_BYTES else _refuse()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        message = f"'{path}' is no baseline: write it anew with --write-baseline"
        raise UsageError(message, f"'{path}' non è una baseline: riscriverla con --write-baseline") from exc


def _refuse() -> Baseline:
    raise ValueError


def _baseline(data: Mapping[str, object]) -> Baseline:
    entries = data["findings"]
    if data["version"] != _VERSION or not isinstance(entries, list):
        raise ValueError
    found: Counter[Entry] = Counter()
    for one in entries:
        entry = Entry(*(one[name] for name in Entry._fields))
        if not all(isinstance(value, str) for value in entry) or type(one["count"]) is not int or one["count"] < 1:
            raise ValueError
        found[entry] += one["count"]
    return found
