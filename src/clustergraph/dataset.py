"""The Python door for analysts: the built dataset as an rdflib Dataset, and saved queries as rows.

rdflib stands here only in front of Oxigraph: it sees a store that is already loaded, never text or a path.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pyoxigraph as ox
from oxrdflib import OxigraphStore
from rdflib import Dataset

from clustergraph.engine import term
from clustergraph.errors import UsageError
from clustergraph.published import Published, find_dist, open_published
from clustergraph.queries import find_query
from clustergraph.terms import PREFIXES


class Rows(NamedTuple):
    """The answer to a saved query.

    Shape: `columns` names them; each row has one plain string per column, None where it is unbound.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str | None, ...]]

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame.

        Raises: ImportError where pandas is not installed.
        """
        from pandas import DataFrame  # noqa: PLC0415  # no dependency of ours

        return DataFrame(self.rows, columns=list(self.columns))


def _store(published: Published) -> ox.Store:
    store = ox.Store()
    store.bulk_load(path=str(published.dataset), format=ox.RdfFormat.N_QUADS)
    return store


def open_dataset(folder: Path | None = None) -> Dataset:
    """The built dataset as an rdflib Dataset over Oxigraph, in memory.

    Shape:  the default graph is the merge of all named graphs; our prefixes are bound.
    Raises: DatasetUnusable if there is no build, or one that changed since.
    """
    dataset = Dataset(store=OxigraphStore(store=_store(open_published(find_dist(folder)))))
    for prefix, namespace in PREFIXES.items():
        dataset.bind(prefix, namespace)
    return dataset


def query(name: str, folder: Path | None = None, /, **parameters: str) -> Rows:
    """The answer to a saved query of the catalogue.

    Raises: NotFound for an unknown name; ParameterUnsuitable for a parameter that is missing, unknown or of another
            type; UsageError for a query that gives no rows.
    """
    published = open_published(find_dist(folder))
    saved = find_query(published.catalogue, name)
    bindings: dict[ox.Variable, ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple] = {
        ox.Variable(key): term(text) for key, text in saved.bindings(parameters).items()
    }
    solutions = _store(published).query(saved.text, substitutions=bindings or None)
    if not isinstance(solutions, ox.QuerySolutions):
        del solutions  # a traceback would keep it, and only the thread that made it may drop it
        message = f"'{name}' does not give rows: run it with 'clustergraph query {name}'"
        raise UsageError(message)
    columns = tuple(variable.value for variable in solutions.variables)
    rows = [tuple(getattr(solution[column], "value", None) for column in columns) for solution in solutions]
    return Rows(columns, rows)
