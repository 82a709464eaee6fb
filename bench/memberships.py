"""Memberships of organisations in clusters, made up, with mistakes that are counted as they are made.

Each mistake breaks one constraint of `SHAPES`, so that whoever validates the text has to give so many results and no
others. The same size gives the same text on every machine.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_MISTAKES_OF_THOUSAND: Final = 5  # of each kind
_TRIPLES_EACH: Final = 9.72  # of one membership, with its share of organisations and clusters
_ORGANISATIONS_EACH: Final = 0.5
_CLUSTERS_EACH: Final = 0.05
_LONG_AGO: Final = '"long ago"'

PROLOGUE: Final = """\
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix e: <https://example.org/id/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix v: <https://example.org/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
SHAPES: Final = f"""{PROLOGUE}
v:MembershipShape a sh:NodeShape ; sh:targetClass org:Membership ; sh:closed true ;
    sh:ignoredProperties ( <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> ) ;
    sh:property v:member , v:cluster , v:role , v:since , v:until , v:number .
v:member sh:path org:member ; sh:minCount 1 ; sh:maxCount 1 ; sh:class org:FormalOrganization .
v:cluster sh:path org:organization ; sh:minCount 1 ; sh:nodeKind sh:IRI ; sh:class v:Cluster .
v:role sh:path org:role ; sh:minCount 1 ; sh:in ( v:Founder v:Coordinator v:Partner v:Associate v:Observer ) .
v:since sh:path v:start ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:date ; sh:lessThanOrEquals v:end .
v:until sh:path v:end ; sh:maxCount 1 ; sh:datatype xsd:date .
v:number sh:path dcterms:identifier ; sh:minCount 1 ; sh:pattern "^M-[0-9]{{7}}$" .
v:OrganisationShape a sh:NodeShape ; sh:targetClass org:FormalOrganization ;
    sh:property v:name , v:founding , v:address .
v:name sh:path dcterms:title ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:string ; sh:minLength 3 .
v:founding sh:path v:founded ; sh:maxCount 1 ; sh:datatype xsd:gYear .
v:address sh:path vcard:hasAddress ; sh:maxCount 1 ; sh:node v:AddressShape .
v:AddressShape a sh:NodeShape ; sh:property v:code , v:place .
v:code sh:path vcard:postal-code ; sh:minCount 1 ; sh:maxCount 1 ; sh:pattern "^[0-9]{{5}}$" .
v:place sh:path vcard:locality ; sh:minCount 1 ; sh:maxLength 60 .
v:ClusterShape a sh:NodeShape ; sh:targetClass v:Cluster ; sh:property v:label , v:code-of , v:opened .
v:label sh:path skos:prefLabel ; sh:minCount 1 ; sh:uniqueLang true ; sh:languageIn ( "it" "en" ) .
v:code-of sh:path dcterms:identifier ; sh:minCount 1 ; sh:pattern "^CL-[0-9]{{3}}[.][0-9]{{3}}$" .
v:opened sh:path v:founded ; sh:minCount 1 ; sh:datatype xsd:date .
"""
"""What is asked, in SHACL Core."""

QUERY: Final = """
v:MembershipShape sh:sparql [
    sh:message "the membership begins before the cluster"@en , "l'adesione precede il cluster"@it ;
    sh:select \"\"\"
        SELECT $this ?value WHERE {
            $this <https://example.org/ns#start> ?value .
            $this <http://www.w3.org/ns/org#organization> ?cluster .
            ?cluster <https://example.org/ns#founded> ?founded .
            FILTER (?value < ?founded)
        }\"\"\" ] .
"""
"""What is asked of each membership by a query."""


class _Mistakes:
    def __init__(self) -> None:
        self._chance = random.Random(29)  # the same mistakes everywhere
        self.counted: Counter[str] = Counter()

    def pick(self, number: int) -> int:
        return self._chance.randrange(number)

    def is_due(self, *components: str) -> bool:
        if self._chance.random() * 1000 >= _MISTAKES_OF_THOUSAND:
            return False
        self.counted.update(components)
        return True


def write_memberships(triples: int, path: Path) -> dict[str, int]:
    """Writes about so many triples; the number of results of each constraint component."""
    memberships = max(20, round(triples / _TRIPLES_EACH))
    organisations, clusters = round(memberships * _ORGANISATIONS_EACH), round(memberships * _CLUSTERS_EACH)
    mistakes = _Mistakes()
    parts: tuple[tuple[int, Callable[[int], str]], ...] = (
        (clusters, lambda number: _cluster(number, mistakes)),
        (organisations, lambda number: _organisation(number, mistakes)),
        (memberships, lambda number: _membership(number, organisations, clusters, mistakes)),
    )
    with path.open("w", encoding="utf-8") as file:
        file.write(PROLOGUE)
        for count, written in parts:
            file.writelines(written(number) for number in range(count))
    return dict(sorted(mistakes.counted.items()))


def _founded(cluster: int) -> int:
    return 1950 + cluster * 7 % 50


def _described(subject: str, properties: Iterator[str]) -> str:
    return f"{subject} " + " ;\n    ".join(properties) + " .\n"


def _cluster(number: int, mistakes: _Mistakes) -> str:
    def properties() -> Iterator[str]:
        yield "a v:Cluster"
        labels = [f'"Distretto {number}"@it', f'"Cluster {number}"@en']
        if mistakes.is_due("UniqueLang"):
            labels.append(f'"District {number}"@en')
        elif mistakes.is_due("LanguageIn"):
            labels.append(f'"Bezirk {number}"@de')
        yield f"skos:prefLabel {' , '.join(labels)}"
        code = f"CL-{number * 7_919 % 1_000:03d}.{number % 1_000:03d}"
        is_wrong = mistakes.is_due("Pattern")
        yield f'dcterms:identifier "{code.replace("-", "") if is_wrong else code}"'
        yield f'v:founded "{_founded(number)}-01-01"^^xsd:date'

    return _described(f"e:cluster-{number}", properties())


def _organisation(number: int, mistakes: _Mistakes) -> str:
    def properties() -> Iterator[str]:
        yield "a org:FormalOrganization"
        if not mistakes.is_due("MinCount"):
            yield f'dcterms:title "Società {number} S.p.A."'
        year = f'"{1900 + number % 120}"^^xsd:gYear'
        yield f"v:founded {_LONG_AGO if mistakes.is_due('Datatype') else year}"
        code = 10_000 + number % 80_000
        is_wrong = mistakes.is_due("Node")
        country = "I-" if is_wrong else ""
        town = f'vcard:postal-code "{country}{code}" ; vcard:locality "Comune {number % 300}"'
        yield f"vcard:hasAddress [ {town} ]"

    return _described(f"e:organisation-{number}", properties())


def _membership(number: int, organisations: int, clusters: int, mistakes: _Mistakes) -> str:
    member, cluster = mistakes.pick(organisations), mistakes.pick(clusters)

    def properties() -> Iterator[str]:
        yield "a org:Membership"
        yield f"org:member e:{f'cluster-{cluster}' if mistakes.is_due('Class') else f'organisation-{member}'}"
        is_text = mistakes.is_due("NodeKind", "Class")
        name = f'"Cluster {cluster}"'
        yield f"org:organization {name if is_text else f'e:cluster-{cluster}'}"
        roles = ("Founder", "Coordinator", "Partner", "Associate", "Observer")
        yield f"org:role v:{'Emperor' if mistakes.is_due('In') else roles[number % len(roles)]}"
        year = 2001 + number % 20
        starts = [f'"{year}-03-01"^^xsd:date']
        if mistakes.is_due("MaxCount"):
            starts.append(f'"{year}-04-01"^^xsd:date')
        elif not is_text and mistakes.is_due("SPARQL"):
            starts = [f'"{_founded(cluster) - 5}-03-01"^^xsd:date']
        yield f"v:start {' , '.join(starts)}"
        if number % 2:
            is_early = mistakes.is_due(*["LessThanOrEquals"] * len(starts))
            yield f'v:end "{1900 if is_early else year + 3}-12-31"^^xsd:date'
        if mistakes.is_due("Closed"):
            yield 'v:remark "?"'
        yield f'dcterms:identifier "M-{number:07d}"'

    return _described(f"e:membership-{number}", properties())
