"""The curated data several times over, each time with other names, and the shapes that look at all of it."""

from pathlib import Path
from typing import Final

from clustergraph.oxterms import engine_term
from clustergraph.reading.parsed import Literal, Term
from clustergraph.repository import SHAPES, Document, Repository

_SCOPED: Final = ("ontology",)  # shapes of the ontology alone


def write_copies(repository: Repository, copies: int, data: Path, shapes: Path) -> int:
    """Writes the data and the shapes; how many triples the data have."""
    ours = {s for one in repository.documents if str(one.path).startswith("data/") for s, _, _ in one.parsed.triples}
    triples = dict.fromkeys(
        tuple(_apart(term, text) for term in triple)
        for text, one in enumerate(repository.dataset_documents)
        for triple in one.parsed.triples
    )
    written = 0
    with data.open("w", encoding="utf-8") as file:
        for number in range(copies):
            for triple in triples:
                s, p, o = (_copied(term, ours, number) for term in triple)
                file.write(f"{s} {p} {o} .\n")
                written += 1
    shapes.write_text("\n".join(one.parsed.text for one in _merged(repository)), encoding="utf-8")
    return written


def _merged(repository: Repository) -> list[Document]:
    wanted = (one for one in repository.in_graph(SHAPES) if one.path.parent.name != "source")
    return [one for one in wanted if one.path.stem not in _SCOPED]


def _apart(term: Term, text: int) -> Term:
    """A term, and a blank node with a label that no other text has."""
    is_blank = isinstance(term, str) and term.startswith("_:")
    return f"_:b{text}x{''.join(filter(str.isalnum, term))}" if is_blank else term


def _copied(term: Term, ours: set[str], number: int) -> str:
    if isinstance(term, Literal) or term not in ours or not number:
        return f"{term}n{number}" if isinstance(term, str) and term.startswith("_:") else str(engine_term(term))
    return f"<{term}-n{number}>"
