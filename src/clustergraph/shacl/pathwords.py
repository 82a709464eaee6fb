"""A property path as Turtle writes it, for reports."""

from clustergraph.reading.parsed import FIRST, Term
from clustergraph.shacl.index import Index
from clustergraph.shacl.vocabulary import PATHS, sh


def in_turtle(shapes: Index, path: Term) -> str | None:
    """A path with its IRIs in full, None for what is no path.

    Source: SHACL 1.0, section 2.3.1.
    """
    if not isinstance(path, str):
        return None
    if not path.startswith("_:"):
        return f"<{path}>"
    if shapes.values(path, FIRST):
        return _listed(shapes, path)
    for kind in PATHS:
        for one in shapes.values(path, sh(kind)):
            inner = _listed(shapes, one) if kind == "alternativePath" else in_turtle(shapes, one)
            return None if inner is None else f"[ <{sh(kind)}> {inner} ]"
    return None


def _listed(shapes: Index, node: Term) -> str | None:
    parts = [in_turtle(shapes, one) for one in shapes.items(node) or ()]
    return None if None in parts else f"( {' '.join(part for part in parts if part)} )"
