"""What is asked: eleven questions, each in as many wordings as a run needs. Sends nothing.

A question is asked in two ways. *Unique*: constants change from one request to the next and a variable has a name that
was never used before, so no cache of answers or plans can help; every server gets the same texts in the same order.
*Repeated*: a few wordings, the first ones much more often than the others (Zipf).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, cycle
from pathlib import Path
from random import Random
from typing import Final, NamedTuple
from urllib.parse import quote

from clustergraph.terms import CG, DCTERMS, ORG, PROV, SKOS

UNIQUE: Final = "unique"
REPEATED: Final = "repeated"
MODES: Final = (UNIQUE, REPEATED)

RESULTS: Final = "application/sparql-results+json"
TABLE: Final = "text/csv"
GRAPH: Final = "text/turtle"

EXPORT_ROWS: Final = 100_000
_WORDINGS: Final = 30  # of a repeated question
_ROUND: Final = 1_000_000  # more than one round can ask
_CONSTANTS: Final = 5_000
_NUMBER, _FIRST, _SECOND = "ZNZ", "ZAZ", "ZBZ"  # stand for themselves when percent-encoded


class Constants(NamedTuple):
    """What there is to ask about, in an order that depends on the data alone; no list is empty."""

    organisations: list[str]
    clusters: list[str]
    strategies: list[str]
    roles: list[str]
    words: list[str]


class Query(NamedTuple):
    """One question.

    Shape: `text` holds the marks of a number and of up to two constants; `constants` is not empty, one tuple a wording.
    """

    name: str
    text: str
    accept: str
    constants: Sequence[tuple[str, ...]]

    @property
    def is_short(self) -> bool:
        """Whether the cost of the protocol outweighs that of the evaluation."""
        return self.name in ("trivial ASK", "point lookup")

    def wordings(self, mode: str, turn: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The number and the constants of each request of one round, without end."""
        if mode == REPEATED:
            weights = list(accumulate(1 / (rank + 1) for rank in range(_WORDINGS)))
            ranks = Random(turn).choices(range(_WORDINGS), cum_weights=weights, k=4096)
            yield from ((rank, self.constants[rank % len(self.constants)]) for rank in cycle(ranks))
        for number in range(turn * _ROUND, (turn + 1) * _ROUND):
            yield number, self.constants[(turn * 7919 + number) % len(self.constants)]

    def encoded(self) -> str:
        """The text as it stands in an address, marks included."""
        return quote(self.text, safe="")

    def targets(self, mode: str, turn: int) -> Iterator[bytes]:
        """The percent-encoded text of each request of one round, without end."""
        head = self.encoded().encode()
        for number, constants in self.wordings(mode, turn):
            text = head.replace(_NUMBER.encode(), b"%d" % number)
            for mark, constant in zip((_FIRST, _SECOND), constants, strict=False):
                text = text.replace(mark.encode(), quote(constant, safe="").encode())
            yield text


_PREFIXES: Final = {"cg": CG, "dcterms": DCTERMS, "org": ORG, "prov": PROV, "skos": SKOS}

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "trivial ASK": (RESULTS, "ASK { ?sZNZ ?p ?o }"),
    "point lookup": (RESULTS, "SELECT ?pZNZ ?o WHERE { <ZAZ> ?pZNZ ?o }"),
    "members of a cluster": (
        RESULTS,
        """SELECT ?memberZNZ ?name ?role ?region WHERE {
  ?membership a cg:Membership ;
    org:organization <ZAZ> ;
    org:member ?memberZNZ ;
    org:role ?role .
  ?memberZNZ skos:prefLabel ?name .
  FILTER(LANG(?name) = "en")
  OPTIONAL { ?memberZNZ cg:isInRegion ?region }
}
ORDER BY ?name""",
    ),
    "area × region matrix": (
        RESULTS,
        """SELECT ?area ?region (COUNT(DISTINCT ?memberZNZ) AS ?members) WHERE {
  ?cluster cg:hasFocusArea ?area .
  ?membership a cg:Membership ;
    org:organization ?cluster ;
    org:role <ZAZ> ;
    org:member ?memberZNZ .
  ?memberZNZ cg:isInRegion ?region .
}
GROUP BY ?area ?region""",
    ),
    "shared members of two clusters": (
        RESULTS,
        """SELECT ?memberZNZ ?name WHERE {
  ?one a cg:Membership ;
    org:organization <ZAZ> ;
    org:member ?memberZNZ .
  ?other a cg:Membership ;
    org:organization <ZBZ> ;
    org:member ?memberZNZ .
  ?memberZNZ skos:prefLabel ?name .
  FILTER(LANG(?name) = "en")
}""",
    ),
    "property path over strategies": (
        RESULTS,
        """SELECT DISTINCT ?earlierZNZ ?cluster WHERE {
  <ZAZ> (prov:wasRevisionOf|cg:alignedWith)+ ?earlierZNZ .
  ?cluster cg:alignedWith ?earlierZNZ ;
    a cg:TechnologyCluster .
}""",
    ),
    "provenance by graph": (
        RESULTS,
        """SELECT ?sourceZNZ ?issued (COUNT(?claim) AS ?claims) WHERE {
  ?graph prov:wasDerivedFrom ?sourceZNZ .
  ?sourceZNZ dcterms:issued ?issued .
  GRAPH ?graph {
    ?claim org:member <ZAZ> ;
      cg:isStatedIn ?sourceZNZ .
  }
}
GROUP BY ?sourceZNZ ?issued""",
    ),
    "text filter": (
        RESULTS,
        """SELECT ?organisationZNZ ?name ?region WHERE {
  ?organisationZNZ a org:Organization ;
    skos:prefLabel ?name ;
    cg:isInRegion ?region .
  FILTER(CONTAINS(LCASE(STR(?name)), "ZAZ"))
}""",
    ),
    "CONSTRUCT of an entity": (
        GRAPH,
        """CONSTRUCT {
  <ZAZ> ?pZNZ ?o .
  ?s ?q <ZAZ> .
} WHERE {
  { <ZAZ> ?pZNZ ?o } UNION { ?s ?q <ZAZ> }
}""",
    ),
    "100 k-row export": (TABLE, f"SELECT ?sZNZ ?p ?o WHERE {{ ?sZNZ ?p ?o }} LIMIT {EXPORT_ROWS}"),
}

_ABOUT: Final[dict[str, Callable[[Constants], list[tuple[str, ...]]]]] = {
    "trivial ASK": lambda _: [()],
    "point lookup": lambda known: [(one,) for one in known.organisations],
    "members of a cluster": lambda known: [(one,) for one in known.clusters],
    "area × region matrix": lambda known: [(one,) for one in known.roles],
    "shared members of two clusters": lambda known: _pairs(known.clusters),
    "property path over strategies": lambda known: [(one,) for one in known.strategies],
    "provenance by graph": lambda known: [(one,) for one in known.organisations],
    "text filter": lambda known: [(one,) for one in known.words],
    "CONSTRUCT of an entity": lambda known: [(one,) for one in known.organisations],
    "100 k-row export": lambda _: [()],
}

ANALYTIC: Final = (
    "members of a cluster",
    "area × region matrix",
    "shared members of two clusters",
    "property path over strategies",
    "provenance by graph",
    "text filter",
    "CONSTRUCT of an entity",
)
"""The questions that the analytic mix takes in turn."""

MIX: Final = "analytic mix"


def queries(constants: Constants) -> list[Query]:
    """Every question of the benchmark about one dataset, in the order of the tables."""
    prologue = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in _PREFIXES.items())
    return [
        Query(name, text if name == "trivial ASK" else prologue + text, accept, _ABOUT[name](constants))
        for name, (accept, text) in _TEXTS.items()
    ]


def _pairs(names: Sequence[str]) -> list[tuple[str, ...]]:
    random = Random(3)
    return [tuple(random.sample(names, 2)) for _ in range(_CONSTANTS)]


def read_constants(dataset: Path) -> Constants:
    """What an N-Quads file gives to ask about, read line by line."""
    found: dict[str, set[str]] = {name: set() for name in Constants._fields}
    takers: dict[bytes, tuple[str, int]] = {
        f"<{ORG}member>".encode(): ("organisations", 2),
        f"<{ORG}organization>".encode(): ("clusters", 2),
        f"<{ORG}role>".encode(): ("roles", 2),
        f"<{PROV}wasRevisionOf>".encode(): ("strategies", 0),
        f"<{CG}alignedWith>".encode(): ("strategies", 2),
    }
    label = f"<{SKOS}prefLabel>".encode()
    with dataset.open("rb") as stream:
        for line in stream:
            parts = line.split(b" ", 3)
            if taker := takers.get(parts[1]):
                found[taker[0]].add(parts[taker[1]].decode().strip("<>"))
            elif parts[1] == label and b"/id/organisation/" in parts[0]:
                found["words"].update(_words(line))
    return Constants(**{name: _shuffled(values) for name, values in found.items()})


def _words(line: bytes) -> list[str]:
    literal = line.split(b'"', 2)[1].decode()
    return [word.lower() for word in re.findall(r"\b[A-Z][a-z]{4,}", literal)]


def _shuffled(values: set[str]) -> list[str]:
    ordered = sorted(values)
    Random(len(ordered)).shuffle(ordered)
    return ordered[:_CONSTANTS] or [f"{CG}nothing"]
