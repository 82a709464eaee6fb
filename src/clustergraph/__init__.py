"""The open knowledge graph of Italy's technology clusters, and the toolkit that publishes it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clustergraph.dataset import open_dataset, query

__version__ = "0.1.0"
__all__ = ["open_dataset", "query"]


def __getattr__(name: str) -> Any:
    # Resolved on first use: importing the package must not load an engine, as the serving process imports it too.
    if name in __all__:
        from clustergraph import dataset  # noqa: PLC0415

        return getattr(dataset, name)
    message = f"module 'clustergraph' has no attribute '{name}'"
    raise AttributeError(message)
