"""All that is known of one thing, as plain data: what is said, by which source, and what points to it.

The questions are the saved queries of `queries/internal/`, so that a page and the RDF behind it ask the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from clustergraph.claims import ClaimMade, Label, natural_order, read_claims, text_of
from clustergraph.errors import NotFound
from clustergraph.formats import Format
from clustergraph.results import Row, Table, Term, ask, n_triples, select
from clustergraph.runner import QueryRequest, Runner
from clustergraph.terms import (
    CG,
    CLAIM_KINDS,
    DCTERMS,
    ENTITY_KINDS,
    GRAPH,
    RDF,
    RDFS,
    SKOS,
    VOCABULARY_KINDS,
    compact,
    kind_and_slug,
)

SHOWN: Final = 100  # references and claims on one page; the totals count all of them
_ROW_LIMIT: Final = 20_000  # statements of one thing; the largest hub has some hundreds

_TYPE: Final = f"{RDF}type"
_PREFERRED: Final = (f"{SKOS}prefLabel", f"{DCTERMS}title", f"{RDFS}label")
_FIRST: Final = tuple(f"{SKOS}{name}" for name in ("definition", "altLabel"))
_LAST: Final = tuple(f"{CG}{name}" for name in ("attestedName", "decision", "evidence", "contentDigest"))


class Value(NamedTuple):
    """One thing said of an entity.

    Shape: `sources` are slugs of the sources whose graph says it; `inferred` is true of what only our rules say.
    """

    term: Term
    label: Label
    sources: tuple[str, ...]
    inferred: bool


class Group(NamedTuple):
    """Everything said with one property."""

    property: str
    label: Label
    values: tuple[Value, ...]


class Reference(NamedTuple):
    """Something else that points to the entity."""

    property: str
    property_label: str
    subject: Term
    label: str


class Description(NamedTuple):
    """One entity.

    Shape: `groups` are in reading order; `references` and `claims` are the first SHOWN of `reference_count` and
           `claim_count`; `file` is the contributed file to edit, None for what the build makes.
    """

    iri: str
    label: Label
    types: tuple[Value, ...]
    groups: tuple[Group, ...]
    references: tuple[Reference, ...]
    reference_count: int
    claims: tuple[ClaimMade, ...]
    claim_count: int
    file: str | None


class Questions(NamedTuple):
    """Who answers, and the texts of the internal queries by name."""

    runner: Runner
    texts: Mapping[str, str]

    async def rows(self, name: str, this: Term, *, row_limit: int = _ROW_LIMIT) -> Table:
        """The rows of an internal query about one thing."""
        return await select(self.runner, self.texts[name], {"this": this}, row_limit=row_limit)


async def describe(iri: str, questions: Questions) -> Description:
    """Everything about one thing that a page shows.

    Raises: NotFound if the dataset says nothing of it.
    """
    this = Term("iri", iri)
    statements = (await questions.rows("statements", this)).rows
    if not statements:
        raise NotFound(_unknown(iri))
    labels = _labels(statements, (await questions.rows("labels", this)).rows)
    counts = (await questions.rows("mention-counts", this)).rows
    claims, references = (int(text_of(cell)) for cell in counts[0][1:]) if counts else (0, 0)
    groups = _groups(statements, labels)
    return Description(
        iri=iri,
        label=labels[iri],
        types=_types(groups),
        groups=tuple(group for group in groups if not _is_shown_on_top(group)),
        references=_references((await questions.rows("incoming", this)).rows) if references else (),
        reference_count=references,
        claims=read_claims((await questions.rows("claims", this)).rows)[:SHOWN] if claims else (),
        claim_count=claims,
        file=contributed_file(iri, groups),
    )


def description_question(iri: str, graph_format: Format, questions: Questions) -> QueryRequest:
    """The query for the statements about one thing and the labels of what they mention, as RDF."""
    bindings = {"this": n_triples(Term("iri", iri))}
    return QueryRequest(questions.texts["description"], graph_format=graph_format, bindings=bindings, own=True)


async def require_known(iri: str, questions: Questions) -> None:
    """Nothing, if the dataset says anything of a thing.

    Raises: NotFound otherwise.
    """
    if not await ask(questions.runner, questions.texts["exists"], {"this": Term("iri", iri)}):
        raise NotFound(_unknown(iri))


def _unknown(iri: str) -> str:
    kind, slug = kind_and_slug(iri) or ("thing", iri)
    return f"this dataset says nothing of the {kind} '{slug[:80]}': all of that kind are listed at /browse/{kind}"


def _labels(statements: Iterable[Row], rows: Iterable[Row]) -> Mapping[str, Label]:
    """The label of every thing mentioned; skos:prefLabel before dcterms:title before rdfs:label."""
    found: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    own = ((this, property_, value) for this, property_, value, _ in statements if text_of(property_) in _PREFERRED)
    for thing, labelling, label in (*own, *(row[1:] for row in rows)):
        if label and label.language in Label._fields:
            ranked = (_PREFERRED.index(text_of(labelling)), label.value)
            known = found[text_of(thing)]
            known[label.language] = min(known.get(label.language, ranked), ranked)
    named = {iri: Label(**{language: text for language, (_, text) in known.items()}) for iri, known in found.items()}
    return defaultdict(Label, named)


def _groups(statements: Iterable[Row], labels: Mapping[str, Label]) -> list[Group]:
    graphs: dict[str, dict[Term, list[str]]] = defaultdict(lambda: defaultdict(list))
    for _, property_, value, graph in statements:
        if value:
            graphs[text_of(property_)][value].append(text_of(graph).removeprefix(GRAPH))
    return [
        Group(property_, labels[property_], tuple(_value(term, names, labels) for term, names in _in_order(values)))
        for property_, values in sorted(graphs.items(), key=lambda item: _rank(item[0], labels))
    ]


def _value(term: Term, graphs: Iterable[str], labels: Mapping[str, Label]) -> Value:
    sources = sorted(name.removeprefix("source/") for name in graphs if name.startswith("source/"))
    label = labels[term.value] if term.kind == "iri" else Label()
    return Value(term, label, tuple(sources), inferred=set(graphs) == {"inferred"})


def _in_order(values: Mapping[Term, list[str]]) -> list[tuple[Term, list[str]]]:
    """Things by the words and numbers of their IRI, so that task 10 follows task 9; then text, English first."""
    return sorted(
        values.items(), key=lambda item: (item[0].kind != "iri", item[0].language, natural_order(item[0].value))
    )


def _rank(property_: str, labels: Mapping[str, Label]) -> tuple[int, int, str]:
    """Names and definitions first, our own properties by label, other vocabularies, then how we know."""
    if property_ in _FIRST:
        return 0, _FIRST.index(property_), ""
    if property_ in _LAST:
        return 3, _LAST.index(property_), ""
    return 1 if property_.startswith(CG) else 2, 0, labels[property_].best or compact(property_)


def _types(groups: Iterable[Group]) -> tuple[Value, ...]:
    """What kind of thing it is: the stated types first, ours before those of others."""
    types = next((group.values for group in groups if group.property == _TYPE), ())
    return tuple(sorted(types, key=lambda one: (one.inferred, not one.term.value.startswith(CG))))


def _is_shown_on_top(group: Group) -> bool:
    """Whether the head of the page already says all of it: the types, and one name in each of our languages."""
    languages = sorted(value.term.language for value in group.values)
    return group.property == _TYPE or (group.property in _PREFERRED[:2] and languages in (["en", "it"], ["en"], ["it"]))


def _references(rows: Iterable[Row]) -> tuple[Reference, ...]:
    return tuple(
        Reference(text_of(property_), text_of(property_label), subject, text_of(label) or text_of(title))
        for _, property_, subject, property_label, label, title in rows
        if subject
    )[:SHOWN]


def contributed_file(iri: str, groups: Iterable[Group]) -> str | None:
    """The file in which a thing is described, from its kind; None for what is made at build or is not ours.

    >>> contributed_file("https://w3id.org/clustergraph/id/aim/cfi-mission--target-1", [])
    'data/source/cfi-mission.ttl'
    """
    known = kind_and_slug(iri)
    if known is None:
        return None
    kind, slug = known
    if kind == "scheme" and slug in VOCABULARY_KINDS:
        return f"ontology/vocabularies/{slug}.ttl"
    if kind in ENTITY_KINDS:
        return f"data/{kind}/{slug}.ttl"
    if kind in VOCABULARY_KINDS:
        return f"ontology/vocabularies/{kind}.ttl"
    if kind in CLAIM_KINDS:
        return f"data/source/{slug.partition('--')[0]}.ttl"
    schemes = [value.term.value for group in groups if group.property == f"{SKOS}inScheme" for value in group.values]
    return contributed_file(schemes[0], []) if kind == "area" and schemes else None
