"""A name for a finding that stays the same when lines move, as what is told of old findings must hold after an edit."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from clustergraph.findings import Finding, fingerprint
from clustergraph.reading.parsed import Parsed
from clustergraph.repository import Repository


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
