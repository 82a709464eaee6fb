"""Files of the repository spoilt by chance, and mended: none that was right is changed, none gets worse."""

import os
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePosixPath

import pytest

from clustergraph.checking import FINDINGS_LIMIT
from clustergraph.findings import Finding
from clustergraph.fixes import with_fixes
from clustergraph.mending import ROUNDS, mended_texts, progress
from clustergraph.reading import read
from clustergraph.reading.parsed import Literal, Term
from clustergraph.repository import Document, Repository, read_document, read_repository
from clustergraph.rules import Known, check_rules
from clustergraph.rules.values import as_kept
from conftest import REPOSITORY

TIMES = int(os.environ.get("CLUSTERGRAPH_MUTATIONS", "12"))  # of each file
PIECES = [
    *".;,:@\"'<>[]()#\\^ \n\r\t0aAé",
    "@EN",
    "@prefix",
    "01",
    "1.50",
    "^^xsd:int",
    "cg:",
    " a ",
    '"""',
    "<x:y>",
    "#",
]
WORDS = re.compile(r"@prefix[^\n]*\n|@[a-z]+|[;.,]|[a-z-]+:[\w-]+|\"[^\"\n]*\"|[0-9]+")
PATHS = sorted(path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "data").rglob("*.ttl"))


def spoilt(text: str, chance: random.Random) -> str:
    """A text with one to three changes in it."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(text) + 1)
        word = chance.choice([*WORDS.finditer(text)] or [re.match("", text)])
        start, end = word.span() if word else (at, at)
        old = text[start:end]
        near = old[: len(old) // 2] + old[len(old) // 2 + 1 :]
        text = chance.choice(
            (
                text[:at] + chance.choice(PIECES) + text[at:],
                text[:at] + text[at + chance.choice((1, 1, 2, 30)) :],
                text[:start] + text[end:],
                text[:start] + near + text[end:],
                text[:start] + old.upper() + text[end:],
                text[:start] + chance.choice(PIECES) + text[end:],
                text[:end] + " # a comment; @EN 01 .\n" + text[end:],
                text[:start] + old + " " + old + text[end:],
            )
        )
    return text


@dataclass(frozen=True)
class Bench:
    """The repository as it is, and what it knows."""

    repository: Repository
    known: Known

    def looked_at(self, path: PurePosixPath, text: str) -> tuple[Repository, list[Finding]]:
        """The repository with a text in the place of a file, and what is said of that file."""
        found = read_document(REPOSITORY, path, text)
        others = tuple(one for one in self.repository.documents if one.path != path)
        documents = (*others, found) if isinstance(found, Document) else others
        repository = replace(self.repository, documents=documents, drafts={path: text})
        if isinstance(found, Document):
            found = list(islice(check_rules(found, self.known), FINDINGS_LIMIT))
        return repository, with_fixes(found, repository)


@pytest.fixture(scope="module")
def bench() -> Bench:
    repository = read_repository(REPOSITORY)
    return Bench(repository, Known(repository))


def published(text: str) -> Sequence[object] | None:
    """The triples of a text as they would be published, None if it cannot be read."""
    parsed = read(text)
    try:
        return None if parsed.faults else [tuple(map(as_published, one)) for one in parsed.triples]
    except ValueError:  # a language tag that is none
        return None


def as_published(term: Term) -> object:
    return as_kept(term) if isinstance(term, Literal) else term


def rounds(bench: Bench, path: PurePosixPath, text: str, *, is_unsafe: bool) -> Iterator[tuple[str, list[Finding]]]:
    """The text and what is said of it, before and after each round."""
    for _ in range(ROUNDS):
        repository, findings = bench.looked_at(path, text)
        yield text, findings
        new = mended_texts(repository, findings, is_unsafe=is_unsafe).get(path)
        if new is None:
            return
        text = new


@pytest.mark.parametrize("name", PATHS)
def test_mending_a_spoilt_file_never_makes_it_worse(bench: Bench, name: str) -> None:
    path, chance = PurePosixPath(name), random.Random(name)  # noqa: S311
    original = (REPOSITORY / path).read_text(encoding="utf-8")
    for _ in range(TIMES):
        text, is_unsafe = spoilt(original, chance), chance.random() < 0.3
        steps = [*rounds(bench, path, text, is_unsafe=is_unsafe)]

        (_, first), (last, left) = steps[0], steps[-1]
        before, after = (progress(one, path, is_partial=False) for one in (first, left))
        assert len(steps) < ROUNDS, text
        assert after <= before, text
        assert first or last == text, text
        if not is_unsafe and published(text) is not None:
            assert published(last) == published(text), text
