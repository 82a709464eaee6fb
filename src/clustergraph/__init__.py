"""The open knowledge graph of Italy's technology clusters, and the toolkit that publishes it."""

__version__ = "0.1.0"
