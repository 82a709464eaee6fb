"""A repository with files of it open in an editor: what is typed takes the place of what lies on disk.

Syntax and house rules of one file are judged here at once; shapes see the whole, elsewhere (whole.py). Knows nothing of
the protocol.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from clustergraph.checking import NEED_ALL_FILES, findings_of, ordered
from clustergraph.editing.glossary import Entry, entries
from clustergraph.files import admitted, contributed, read_text
from clustergraph.findings import Finding
from clustergraph.fixes import with_fixes
from clustergraph.reading.parsed import OBJECT, Parsed
from clustergraph.repository import Document, Repository, read_as, read_document
from clustergraph.rules import Known
from clustergraph.suppressions import Suppressions
from clustergraph.terms import FOLDERS

ENDINGS: Final = (".ttl", ".tsv")
"""Of the files that we judge."""


@dataclass
class Desk:
    """The files of one repository, those on disk and those being written.

    Shape: `root` is None where the files belong to no repository: then only their syntax is judged. `drafts` are the
           texts being written; `read` and `unread` are what the files say, and why some say nothing: of a draft that
           cannot be read, `read` keeps what it said before.
    """

    root: Path | None
    drafts: dict[PurePosixPath, str] = field(default_factory=dict)
    read: dict[PurePosixPath, Document] = field(default_factory=dict)
    unread: dict[PurePosixPath, list[Finding]] = field(default_factory=dict)
    _parsed: dict[PurePosixPath, Parsed] = field(default_factory=dict)
    _entries: dict[PurePosixPath, dict[str, Entry]] = field(default_factory=dict)
    _stamps: dict[PurePosixPath, tuple[int, int]] = field(default_factory=dict)
    _judged: dict[PurePosixPath, str] = field(default_factory=dict)

    def judge(self, path: PurePosixPath) -> list[Finding]:
        """What syntax and house rules say of a draft."""
        if not self.is_ours(path):
            text = admitted(path, self.drafts[path].encode("utf-8", "surrogatepass"))
            return [text] if isinstance(text, Finding) else read_as(path, text)[2]
        self.refresh()
        self._take_in(path)
        # What a draft said before it could no longer be read is not what is to be mended.
        documents = tuple(one for one in self.read.values() if one.path != path or path not in self.unread)
        repository = Repository(self.root or Path(), documents, (), drafts=self.drafts)
        found = self.unread[path] if path in self.unread else self._house_findings(path, repository)
        return with_fixes(ordered(found), repository)

    def _house_findings(self, path: PurePosixPath, repository: Repository) -> list[Finding]:
        """What house rules say of a draft, and what is wrong with its comments that suppress something."""
        document = self.read[path]
        comments = Suppressions(Repository(repository.root, (document,), ()))
        silent = NEED_ALL_FILES if self.unread.keys() - self.read.keys() else ()
        found = comments.kept(one for one in findings_of(document, Known(repository)) if one.code not in silent)
        return [*found, *comments.findings(is_unused=False)]  # what shapes say, and is suppressed, is not known here

    def refresh(self) -> None:
        """Reads what has changed on disk since it was last read."""
        if self.root is None:
            return
        there = set(contributed(self.root)) | self.drafts.keys()
        for gone in (self.read.keys() | self.unread.keys()) - there:
            self._forget(gone)
        for path in there - self.drafts.keys():
            stamp = _stamp(self.root / path)
            if self._stamps.get(path) != stamp or path in self._judged:
                self._judged.pop(path, None)
                self._stamps[path] = stamp
                self._keep(path, read_document(self.root, path))

    def entry(self, iri: str) -> Entry | None:
        """What a file says of an IRI, if any does."""
        found = [of_file[iri] for of_file in self._entries.values() if iri in of_file]
        return max(found, key=_fullness, default=None)

    def entries(self) -> Iterable[Entry]:
        """Everything that a file describes, each once."""
        best: dict[str, Entry] = {}
        for one in (one for of_file in self._entries.values() for one in of_file.values()):
            best[one.iri] = max(best.get(one.iri, one), one, key=_fullness)
        return best.values()

    def parsed(self, path: PurePosixPath) -> Parsed:
        """What a draft says, as far as it can be read."""
        text = self.drafts.get(path, "")
        if path not in self._parsed or self._parsed[path].text != text:
            self._parsed[path] = read_as(path, text)[0]
        return self._parsed[path]

    def iri_at(self, path: PurePosixPath, offset: int) -> tuple[str, tuple[int, int]] | None:
        """The IRI whose word stands at an offset of a draft, and from where to where that goes."""
        parsed = self.parsed(path)
        for number, triple in enumerate(parsed.triples):
            for part, term in enumerate(triple):
                start, end = parsed.span(number, part) if parsed.places[4 * number + part] <= offset else (0, 0)
                is_word = isinstance(term, str) and not term.startswith("_:") and (part == OBJECT or end > start)
                if is_word and start <= offset <= end and start < end:
                    return str(term), (start, end)
        return None

    def text(self, path: PurePosixPath) -> str:
        """The text of a file, as it is being written or as it lies on disk; empty if there is none to be had."""
        if path in self.drafts:
            return self.drafts[path]
        if path in self.read:
            return self.read[path].parsed.text
        text = read_text(self.root, path) if self.root else ""
        return text if isinstance(text, str) else ""

    def is_ours(self, path: PurePosixPath) -> bool:
        """Whether a file of this name counts for the repository."""
        return self.root is not None and len(path.parts) > 1 and path.parts[0] in FOLDERS[:3]

    def _take_in(self, path: PurePosixPath) -> None:
        text = self.drafts[path]
        if self._judged.get(path) != text:
            self._judged[path] = text
            self._keep(path, read_document(self.root or Path(), path, text))

    def _keep(self, path: PurePosixPath, found: Document | list[Finding]) -> None:
        if isinstance(found, Document):
            self.unread.pop(path, None)
            self.read[path], self._entries[path] = found, entries(found)
            self._parsed[path] = found.parsed
        else:
            self.unread[path] = found

    def _forget(self, path: PurePosixPath) -> None:
        for kept in (self.read, self.unread, self._entries, self._parsed, self._stamps, self._judged):
            kept.pop(path, None)


def _fullness(entry: Entry) -> int:
    """How much a file says of a thing that others speak of too."""
    return len(entry.labels) + len(entry.definitions)


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:  # a link that leads nowhere, which is said of it when it is read
        return (0, 0)
    return status.st_mtime_ns, status.st_size
