"""A name for a finding that stays the same when lines move, as what is told of old findings must hold after an edit."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from clustergraph.findings import Finding
from clustergraph.reading.parsed import Parsed
from clustergraph.repository import Repository

_LINE: Final = re.compile(r"\bline \d+")


def fingerprint(finding: Finding, words: str) -> str:
    """The name of a finding about some words: from its code, its file, the words and the English sentence.

    >>> fingerprint(Finding("data/a.ttl", "H002", "violation", {"en": "'01' would be published as '1'"}), "01")
    '22bd16d9ec281931b6eff8499e1641a0'
    """
    sentence = _LINE.sub("line", finding.message["en"])  # a few sentences name a line
    parts = (finding.code, finding.path, words, sentence)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def fingerprints(findings: Iterable[Finding], repository: Repository) -> Iterator[tuple[str, Finding]]:
    """Each finding with its name. Shape: two alike in one file, about the same words, have one name."""
    texts: dict[str, Parsed | None] = {}
    for one in findings:
        if one.path not in texts:
            text = repository.text(PurePosixPath(one.path))
            texts[one.path] = None if text is None else Parsed(text)
        yield fingerprint(one, _words(one, texts[one.path])), one


def _words(finding: Finding, text: Parsed | None) -> str:
    """The words of a file that a finding is about, with one space for each gap; none where it is about the whole."""
    if finding.at is None or text is None:
        return ""
    line, column, end_line, end_column = finding.at
    return " ".join(text.text[text.offset(line, column) : text.offset(end_line, end_column)].split())
