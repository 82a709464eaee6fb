"""Every fact of the five seed documents is answered by the graph, thanks to the document that states it."""

import csv
import hashlib
import os
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import pytest

from clustergraph.assembly import assemble
from clustergraph.repository import Repository, read_repository
from clustergraph.terms import CG, DCTERMS, sparql_prologue

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / os.environ.get("CLUSTERGRAPH_SEEDS", "../shared/seeds")

FACTS = 280
REASONS_ALLOWED = 19
WORDS_OF_EVIDENCE = 12
FIRST_FACT_OF_SOURCE = {
    "siit-clusters": 1,
    "miur-what-are-clusters": 87,
    "open-innovation-lombardy-guide": 155,
    "unibs-technology-clusters": 208,
    "cfi-mission": 251,
}
"""The facts are numbered through the five documents in this order."""


class Row(NamedTuple):
    fact: str
    query: str
    reason: str

    @property
    def source(self) -> str:
        number = int(self.fact.removeprefix("SF"))
        return [name for name, first in FIRST_FACT_OF_SOURCE.items() if first <= number][-1]


def table() -> list[Row]:
    with (ROOT / "tests/seed_facts.tsv").open(encoding="utf-8", newline="") as stream:
        return [Row(**row) for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)]


@cache
def repository() -> Repository:
    return read_repository(ROOT)


@cache
def dataset(without: str = "") -> ox.Store:
    whole = repository()
    kept = tuple(one for one in whole.documents if one.graph != f"source/{without}")
    return assemble(Repository(whole.root, kept, whole.findings)).store


def answer(row: Row, store: ox.Store) -> bool:
    result = store.query(sparql_prologue() + row.query)
    assert isinstance(result, ox.QueryBoolean), f"{row.fact} is not an ASK query"
    return bool(result)


def normalised(text: str) -> str:
    """Text with quotes, dashes and white space made plain: evidence may differ from its seed in these alone."""
    plain = unicodedata.normalize("NFC", text)
    for signs, replacement in (("‘’‚", "'"), ("“”„", '"'), ("–—‑", "-")):
        plain = re.sub(f"[{signs}]", replacement, plain)
    return " ".join(plain.split())


def test_the_table_has_one_row_for_each_fact_in_order() -> None:
    assert [row.fact for row in table()] == [f"SF{number:03}" for number in range(1, FACTS + 1)]


def test_each_row_has_a_query_or_a_reason_and_few_have_a_reason() -> None:
    assert [row.fact for row in table() if bool(row.query) == bool(row.reason)] == []
    assert len([row for row in table() if row.reason]) <= REASONS_ALLOWED


def test_the_coverage_page_lists_exactly_the_facts_with_a_reason() -> None:
    page = (ROOT / "docs/seed-coverage.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| (SF\d{3}) \|", page, re.MULTILINE) == [row.fact for row in table() if row.reason]


def test_every_fact_is_answered_by_the_graph() -> None:
    assert [row.fact for row in table() if row.query and not answer(row, dataset())] == []


@pytest.mark.parametrize("source", FIRST_FACT_OF_SOURCE)
def test_no_fact_is_answered_once_its_document_is_taken_away(source: str) -> None:
    rows = [row for row in table() if row.query and row.source == source]

    assert [row.fact for row in rows if answer(row, dataset(source))] == []


def test_no_two_facts_are_answered_by_the_same_query() -> None:
    queries = [row.query for row in table() if row.query]

    assert sorted({query for query in queries if queries.count(query) > 1}) == []


def quoted(property_: str) -> list[tuple[str, str]]:
    """(seed file name, literal) for each literal of a property in a source graph whose text is at hand."""
    found = []
    for document in repository().sources:
        names = [t.object.value for t in document.triples if t.predicate.value == f"{DCTERMS}identifier"]  # type: ignore[union-attr]
        for triple in document.triples:
            if triple.predicate.value == property_ and isinstance(triple.object, ox.Literal):
                found += [(name, triple.object.value) for name in names]
    return found


@pytest.mark.parametrize("property_", [f"{CG}evidence", f"{CG}attestedName"])
@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed documents are not beside this clone (CLUSTERGRAPH_SEEDS)")
def test_evidence_and_attested_names_stand_verbatim_in_their_seed(property_: str) -> None:
    texts = {path.name: normalised(path.read_text(encoding="utf-8")) for path in SEEDS.glob("*.txt")}

    missing = [(name, text) for name, text in quoted(property_) if normalised(text) not in texts[name]]

    assert missing == []
    assert len(quoted(property_)) > FACTS / 10, "the test has lost its subject"


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed documents are not beside this clone (CLUSTERGRAPH_SEEDS)")
def test_each_source_carries_the_digest_of_its_seed() -> None:
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in SEEDS.glob("*.txt")}

    assert dict(quoted(f"{CG}contentDigest")) == digests


def test_evidence_has_at_most_twelve_words() -> None:
    assert [text for _, text in quoted(f"{CG}evidence") if len(text.split()) > WORDS_OF_EVIDENCE] == []
