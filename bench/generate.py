"""Cluster graphs of any size, byte for byte the same each time: `python -m bench.generate QUADS FOLDER`.

The shape is that of our own data: entities in one graph, one graph for each source with its claims, memberships
inferred from them in another, and the merge of all as the default graph. The skew is that of real cluster lists: a few
hubs with thousands of members, a few universities in most clusters, a few sources that everybody reads.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import BinaryIO, Final, NamedTuple

from clustergraph.published import CATALOGUE, DATASET, INTERNAL, MANIFEST, sha256
from clustergraph.terms import CG, DCTERMS, FOAF, ORG, PROV, RDF, SD, SKOS, XSD, entity_iri, graph_iri

QUADS_PER_MEMBERSHIP: Final = 55.1  # measured on 1 M quads: the membership, its claims, and its share of the rest
REPOSITORY: Final = Path(__file__).resolve().parents[1]

_TYPE: Final = f"<{RDF}type>"
_LABEL: Final = f"<{SKOS}prefLabel>"
_CURATED: Final = f"<{graph_iri('curated')}>"
_INFERRED: Final = f"<{graph_iri('inferred')}>"
_ONTOLOGY: Final = f"<{graph_iri('ontology')}>"
_METADATA: Final = f"<{graph_iri('metadata')}>"

_REGIONS: Final = [
    "abruzzo",
    "aosta-valley",
    "apulia",
    "basilicata",
    "calabria",
    "campania",
    "emilia-romagna",
    "friuli",
    "lazio",
    "liguria",
    "lombardy",
    "marche",
    "molise",
    "piedmont",
    "sardinia",
    "sicily",
    "trentino",
    "tuscany",
    "umbria",
    "veneto",
]
_AREAS: Final = [
    "smart-factory",
    "life-sciences",
    "agrifood",
    "aerospace",
    "mobility",
    "energy",
    "green-chemistry",
    "living-environments",
    "smart-communities",
    "cultural-heritage",
    "blue-growth",
    "made-in-italy",
]
_TOPICS: Final = ["materials", "sensors", "robotics", "software", "logistics", "testing", "design", "training"]
_ROLES: Final = (
    "member",
    "founding-member",
    "supporter",
    "institutional-partner",
    "board-seat",
    "shareholder",
    "representative",
)
_ROLE_WEIGHTS: Final = (70, 10, 8, 5, 3, 2, 2)
_KINDS: Final = (("{} S.p.A.", "{} S.p.A."), ("{} S.r.l.", "{} S.r.l."), ("{} Consortium", "Consorzio {}"))
_UNIVERSITY: Final = ("University of {}", "Università di {}")
_FIRST: Final = [
    "Al",
    "Bel",
    "Cam",
    "Dor",
    "Eri",
    "Fal",
    "Gal",
    "Lam",
    "Mar",
    "Nor",
    "Ori",
    "Pal",
    "Riv",
    "San",
    "Tor",
    "Val",
    "Ver",
    "Zan",
    "Bre",
    "Col",
]
_MIDDLE: Final = ["da", "ve", "ri", "to", "lu", "ma", "si", "ne", "co", "ta"]
_LAST: Final = ["nia", "gno", "ssa", "tti", "lli", "mba", "ndra", "rzo", "sco", "vento"]
_BUFFERED: Final = 20_000  # triples
_HAS_SHORT_NAME: Final = 0.3  # probabilities
_IS_STATED: Final = 0.8
_HAS_EVIDENCE: Final = 0.3
_PERIODS: Final = 12  # versions of one strategy, each a revision of the one before


class Generated(NamedTuple):
    """What was written, by kind."""

    quads: int
    memberships: int
    claims: int
    organisations: int
    clusters: int
    sources: int
    strategies: int


class _Output:
    """N-Quads into a file: every triple in its graph and once in the default graph."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._shared: set[str] = set()
        self._digest = hashlib.sha256()
        self.quads = 0

    def add(self, subject: str, predicate: str, value: str, graph: str) -> None:
        """A triple that no other graph states."""
        triple = f"{subject} {predicate} {value}"
        self._lines.append(f"{triple} .\n{triple} {graph} .\n")
        self.quads += 2
        if len(self._lines) > _BUFFERED:
            self.flush()

    def add_shared(self, subject: str, predicate: str, value: str, graph: str) -> None:
        """A triple that other graphs may state as well, each of them once."""
        triple = f"{subject} {predicate} {value}"
        for line in (f"{triple} .\n", f"{triple} {graph} .\n"):
            if line not in self._shared:
                self._shared.add(line)
                self._lines.append(line)
                self.quads += 1

    def flush(self) -> None:
        data = "".join(self._lines).encode()
        self._lines.clear()
        self._digest.update(data)
        self._stream.write(data)

    def digest(self) -> str:
        self.flush()
        return self._digest.hexdigest()


class _Skewed:
    """Draws numbers below a size, the low ones much more often (Zipf)."""

    def __init__(self, random: Random, size: int, exponent: float) -> None:
        self._random = random
        self._numbers = range(size)
        self._weights = list(accumulate(1 / (rank + 1) ** exponent for rank in range(size)))

    def draw(self) -> int:
        return self._random.choices(self._numbers, cum_weights=self._weights)[0]


class _Graph:
    """One graph in the making: the sizes, the dice and the output."""

    def __init__(self, quads: int, stream: BinaryIO) -> None:
        self.random = Random(2012)
        self.out = _Output(stream)
        self.memberships = max(50, int(quads / QUADS_PER_MEMBERSHIP))
        self.organisations = max(20, self.memberships * 2 // 5)
        self.clusters = max(10, self.memberships // 40)
        self.sources = max(5, self.memberships // 30)
        self.families = max(len(_REGIONS), self.memberships // 400)
        self.names: list[tuple[str, str]] = []
        self.claims = 0

    def label(self, subject: str, english: str, italian: str, graph: str) -> None:
        self.out.add(subject, _LABEL, f'"{english}"@en', graph)
        self.out.add(subject, _LABEL, f'"{italian}"@it', graph)


def _thing(kind: str, slug: object) -> str:
    return f"<{entity_iri(kind, str(slug))}>"


def _date(number: int) -> str:
    """One of 6,000 days from 2008 on."""
    year, rest = divmod(number % 6_000, 336)
    return f'"{2008 + year}-{rest // 28 + 1:02}-{rest % 28 + 1:02}"^^<{XSD}date>'


def _vocabularies(graph: _Graph) -> None:
    """Regions, the hub list of areas, and the topics below each area."""
    for region in _REGIONS:
        place = _thing("territory", region)
        name = region.replace("-", " ").title()
        graph.out.add(place, _TYPE, f"<{SKOS}Concept>", _ONTOLOGY)
        graph.out.add(place, f"<{SKOS}broader>", _thing("territory", "italy"), _ONTOLOGY)
        graph.label(place, name, f"Regione {name}", _ONTOLOGY)
    for area in _AREAS:
        hub = _thing("area", area)
        _area(graph, hub, area)
        for topic in _TOPICS:
            narrower = _thing("area", f"{area}-{topic}")
            _area(graph, narrower, f"{topic} for {area}")
            graph.out.add(narrower, f"<{SKOS}broader>", hub, _CURATED)


def _area(graph: _Graph, area: str, name: str) -> None:
    graph.out.add(area, _TYPE, f"<{CG}TechnologyArea>", _CURATED)
    graph.out.add(area, _TYPE, f"<{SKOS}Concept>", _INFERRED)
    graph.out.add(area, f"<{SKOS}inScheme>", _thing("scheme", "technology-areas"), _CURATED)
    graph.label(area, name.replace("-", " "), f"area {name.replace('-', ' ')}", _CURATED)


def _strategies(graph: _Graph) -> None:
    """Chains of revisions: one family for the Union, one for the country, one each for regions and sectors."""
    for family in range(graph.families):
        for period in range(_PERIODS):
            plan = _strategy(family, period)
            graph.out.add(plan, _TYPE, f"<{CG}SmartSpecialisationStrategy>", _CURATED)
            graph.out.add(plan, _TYPE, f"<{CG}Strategy>", _INFERRED)
            graph.out.add(plan, _TYPE, f"<{PROV}Plan>", _INFERRED)
            graph.label(plan, f"Strategy {family}, period {period}", f"Strategia {family}, periodo {period}", _CURATED)
            if period:
                graph.out.add(plan, f"<{PROV}wasRevisionOf>", _strategy(family, period - 1), _CURATED)
            if family:
                above = _strategy(0 if family == 1 else 1, period)
                graph.out.add(plan, f"<{CG}alignedWith>", above, _INFERRED)


def _strategy(family: int, period: int) -> str:
    return _thing("strategy", f"strategy-{family}-{period}")


def _organisations(graph: _Graph) -> None:
    """Firms, consortia and a university for each region; most of them in few regions."""
    regions = _Skewed(graph.random, len(_REGIONS), 0.8)
    for number in range(graph.organisations):
        organisation = _thing("organisation", f"organisation-{number}")
        region = number if number < len(_REGIONS) else regions.draw()
        word = "".join(graph.random.choice(part) for part in (_FIRST, _MIDDLE, _LAST))
        kind = _UNIVERSITY if number < len(_REGIONS) else graph.random.choices(_KINDS, (3, 5, 1))[0]
        english, italian = (form.format(word) for form in kind)
        graph.names.append((english, italian))
        category = "university" if kind is _UNIVERSITY else "innovation-platform"
        graph.out.add(organisation, _TYPE, f"<{ORG}Organization>", _CURATED)
        graph.label(organisation, english, italian, _CURATED)
        graph.out.add(organisation, f"<{ORG}classification>", _thing("organisation-type", category), _CURATED)
        graph.out.add(organisation, f"<{CG}isInRegion>", _thing("territory", _REGIONS[region]), _CURATED)
        graph.out.add(organisation, f"<{FOAF}homepage>", f"<https://{word.lower()}-{number}.example/>", _CURATED)
        if graph.random.random() < _HAS_SHORT_NAME:
            graph.out.add(organisation, f"<{SKOS}altLabel>", f'"{word[:3].upper()}{number}"@en', _CURATED)


def _clusters(graph: _Graph) -> None:
    """Clusters in regions, one in twenty for the whole country; the early ones are the hubs."""
    areas = _Skewed(graph.random, len(_AREAS), 0.7)
    families = _Skewed(graph.random, graph.families, 0.6)
    for number in range(graph.clusters):
        cluster = _thing("cluster", f"cluster-{number}")
        national = number % 20 == 0
        region = _REGIONS[graph.random.randrange(len(_REGIONS))]
        area = _AREAS[areas.draw()]
        graph.out.add(cluster, _TYPE, f"<{CG}{'National' if national else 'Regional'}Cluster>", _CURATED)
        for superclass in (f"<{CG}TechnologyCluster>", f"<{ORG}Organization>"):
            graph.out.add(cluster, _TYPE, superclass, _INFERRED)
        graph.label(cluster, f"{area} cluster {number}", f"Cluster {area} {number}", _CURATED)
        kind, level = ("national", "national") if national else ("technology-cluster", "regional")
        graph.out.add(cluster, f"<{CG}hasClusterKind>", _thing("cluster-kind", kind), _CURATED)
        graph.out.add(cluster, f"<{CG}hasTerritorialLevel>", _thing("level", level), _CURATED)
        if not national:
            graph.out.add(cluster, f"<{CG}isInRegion>", _thing("territory", region), _CURATED)
        period = graph.random.randrange(_PERIODS)
        graph.out.add(cluster, f"<{CG}alignedWith>", _strategy(families.draw(), period), _INFERRED)
        for one in {area: None, f"{area}-{graph.random.choice(_TOPICS)}": None}:
            for _ in range(graph.random.randrange(1, 4)):  # several sources say so: once each in their graphs
                source = _source_graph(graph.random.randrange(graph.sources))
                graph.out.add_shared(cluster, f"<{CG}hasFocusArea>", _thing("area", one), source)


def _source_graph(number: int) -> str:
    return f"<{graph_iri(f'source/source-{number}')}>"


def _sources(graph: _Graph) -> None:
    for number in range(graph.sources):
        source, named = _thing("source", f"source-{number}"), _source_graph(number)
        for kind in (f"{CG}Source", f"{FOAF}Document", f"{PROV}Entity"):
            graph.out.add(source, _TYPE, f"<{kind}>", named if kind == f"{CG}Source" else _INFERRED)
        publisher = _thing("organisation", f"organisation-{graph.random.randrange(graph.organisations)}")
        graph.out.add(source, f"<{DCTERMS}title>", f'"Members and areas, document {number}"@en', named)
        graph.out.add(source, f"<{DCTERMS}title>", f'"Membri e attività, documento {number}"@it', named)
        graph.out.add(source, f"<{DCTERMS}publisher>", publisher, named)
        graph.out.add(source, f"<{DCTERMS}issued>", _date(number * 37), named)
        graph.out.add(source, f"<{CG}isPublishedAt>", f"<https://documents.example/{number}>", named)
        graph.out.add(named, _TYPE, f"<{SD}NamedGraph>", _METADATA)
        graph.out.add(named, f"<{PROV}wasDerivedFrom>", source, _METADATA)


def _pairs(graph: _Graph) -> Iterator[tuple[int, int]]:
    """(member, cluster), each pair once."""
    members = _Skewed(graph.random, graph.organisations, 0.6)
    clusters = _Skewed(graph.random, graph.clusters, 0.9)
    seen: set[tuple[int, int]] = set()
    while len(seen) < graph.memberships:
        pair = (members.draw(), clusters.draw())
        if pair not in seen:
            seen.add(pair)
            yield pair


def _memberships(graph: _Graph) -> None:
    sources = _Skewed(graph.random, graph.sources, 0.5)
    for member, cluster in _pairs(graph):
        role = graph.random.choices(_ROLES, _ROLE_WEIGHTS)[0]
        read_in = sorted({sources.draw() for _ in range(graph.random.choices((1, 2, 3, 4), (60, 25, 10, 5))[0])})
        claims = [_claim(graph, source, member, cluster, role) for source in read_in]
        _membership(graph, member, cluster, role, claims)
        dates = sorted(_date(source * 37) for source in read_in)
        membership = _thing("membership", f"organisation-{member}--cluster-{cluster}")
        graph.out.add(membership, f"<{CG}firstAttestedOn>", dates[0], _INFERRED)
        graph.out.add(membership, f"<{CG}lastAttestedOn>", dates[-1], _INFERRED)


def _claim(graph: _Graph, source: int, member: int, cluster: int, role: str) -> str:
    claim = _thing("claim", f"source-{source}--organisation-{member}-in-cluster-{cluster}")
    named = _source_graph(source)
    certainty = "stated" if graph.random.random() < _IS_STATED else "interpreted"
    graph.claims += 1
    graph.out.add(claim, _TYPE, f"<{CG}MembershipClaim>", named)
    graph.out.add(claim, _TYPE, f"<{CG}Claim>", _INFERRED)
    graph.out.add(claim, f"<{ORG}member>", _thing("organisation", f"organisation-{member}"), named)
    graph.out.add(claim, f"<{ORG}organization>", _thing("cluster", f"cluster-{cluster}"), named)
    graph.out.add(claim, f"<{ORG}role>", _thing("role", role), named)
    graph.out.add(claim, f"<{CG}isStatedIn>", _thing("source", f"source-{source}"), named)
    graph.out.add(claim, f"<{CG}hasCertainty>", _thing("certainty", certainty), named)
    if graph.random.random() < _HAS_EVIDENCE:
        graph.out.add(claim, f"<{CG}evidence>", f'"list of members, line {graph.random.randrange(400)}"', named)
    return claim


def _membership(graph: _Graph, member: int, cluster: int, role: str, claims: Sequence[str]) -> None:
    membership = _thing("membership", f"organisation-{member}--cluster-{cluster}")
    organisation, joined = _thing("organisation", f"organisation-{member}"), _thing("cluster", f"cluster-{cluster}")
    english, italian = graph.names[member]
    graph.out.add(membership, _TYPE, f"<{CG}Membership>", _INFERRED)
    graph.out.add(membership, _TYPE, f"<{ORG}Membership>", _INFERRED)
    graph.label(membership, f"{english} – cluster {cluster}", f"{italian} – cluster {cluster}", _INFERRED)
    graph.out.add(membership, f"<{ORG}member>", organisation, _INFERRED)
    graph.out.add(membership, f"<{ORG}organization>", joined, _INFERRED)
    graph.out.add(membership, f"<{ORG}role>", _thing("role", role), _INFERRED)
    graph.out.add(membership, f"<{CG}hasCertainty>", _thing("certainty", "stated"), _INFERRED)
    graph.out.add(organisation, f"<{ORG}memberOf>", joined, _INFERRED)
    for claim in claims:
        graph.out.add(membership, f"<{CG}isAttestedBy>", claim, _INFERRED)


def generate(quads: int, folder: Path) -> Generated:
    """Writes about that many quads to a folder that `clustergraph serve` opens like one of `clustergraph build`.

    Shape: returns without work where the folder was finished before.
    """
    told = folder / "generated.json"
    if told.is_file():
        return Generated(**json.loads(told.read_text(encoding="utf-8")))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (folder / DATASET).open("wb") as stream:
        graph = _Graph(quads, stream)
        for part in (_vocabularies, _strategies, _organisations, _clusters, _sources, _memberships):
            part(graph)
        digest = graph.out.digest()
    counts = Generated(
        quads=graph.out.quads,
        memberships=graph.memberships,
        claims=graph.claims,
        organisations=graph.organisations,
        clusters=graph.clusters,
        sources=graph.sources,
        strategies=graph.families * _PERIODS,
    )
    _write_manifest(folder, digest, counts)
    told.write_text(json.dumps(counts._asdict()) + "\n", encoding="utf-8")
    return counts


def _write_manifest(folder: Path, digest: str, counts: Generated) -> None:
    for name in (CATALOGUE, INTERNAL):
        shutil.copytree(REPOSITORY / name, folder / name)
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*.rq"))}
    manifest = {
        "version": "0.0.0",
        "digest": digest,
        "counts": {
            "clusters": counts.clusters,
            "areas": len(_AREAS) * (1 + len(_TOPICS)),
            "memberships": counts.memberships,
            "claims": counts.claims,
            "sources": counts.sources,
            "triples": counts.quads // 2,
        },
        "files": {DATASET: digest, **files},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    print(generate(int(sys.argv[1]), Path(sys.argv[2])))
