"""The texts that findings speak of: their lines, the words at a place, and what tells one finding from another."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from clustergraph.findings import Finding, fingerprint
from clustergraph.reading.parsed import Place

_LINE_END: Final = re.compile(r"\r\n|[\r\n]")


class Sources:
    """Texts by path; a path that is not there has no lines."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._texts = texts or {}
        self._bounds: dict[str, list[tuple[int, int]]] = {}

    def _lines(self, path: str) -> list[tuple[int, int]]:
        """Where each line begins, and where its end of line does."""
        if path not in self._bounds:
            text = self._texts.get(path)
            ends = [] if text is None else [match.span() for match in _LINE_END.finditer(text)]
            starts = [0, *(end for _, end in ends)]
            stops = [*(start for start, _ in ends), len(text or "")]
            self._bounds[path] = [] if text is None else list(zip(starts, stops, strict=True))
        return self._bounds[path]

    def line(self, path: str, number: int) -> str | None:
        """A line without its end, None where there is none."""
        lines = self._lines(path)
        if not 1 <= number <= len(lines):
            return None
        start, stop = lines[number - 1]
        return self._texts[path][start:stop]

    def written(self, path: str, at: Place | None) -> str:
        """The words at a place, empty where the text is not known."""
        lines = self._lines(path)
        if at is None or not (1 <= at.line <= len(lines) and 1 <= at.end_line <= len(lines)):
            return ""
        start, end = lines[at.line - 1][0] + at.column - 1, lines[at.end_line - 1][0] + at.end_column - 1
        return self._texts[path][start:end]


def fingerprints(findings: Iterable[Finding], sources: Sources) -> list[str]:
    """What stays the same of each finding when lines move: 32 hexadecimal digits.

    Shape: from the path, the code, the written words and the message in English; the second of two findings that are
           equal in all this has a fingerprint of its own, as have the third and those that follow.
    """
    seen: Counter[str] = Counter()
    found = []
    for one in findings:
        words = sources.written(one.path, one.at)
        name = fingerprint(one, words)
        found.append(sha256(f"{name}{seen[name]}".encode()).hexdigest()[:32] if seen[name] else name)
        seen[name] += 1
    return found
