"""The open knowledge graph of Italy's technology clusters, and the toolkit that publishes it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from clustergraph.dataset import open_dataset, query
    from clustergraph.workflow import check_files as check

__version__ = "0.1.0"
__all__ = ["check", "open_dataset", "query"]

_DOORS: Final = {
    "check": ("workflow", "check_files"),
    "open_dataset": ("dataset", "open_dataset"),
    "query": ("dataset", "query"),
}


def __getattr__(name: str) -> Any:
    # Resolved on first use: importing the package must not load an engine, as the serving process imports it too.
    if name in _DOORS:
        module, function = _DOORS[name]
        return getattr(import_module(f"clustergraph.{module}"), function)
    message = f"module 'clustergraph' has no attribute '{name}'"
    raise AttributeError(message)
