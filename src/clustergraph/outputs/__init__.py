"""How findings are printed: one module for each format, and one table of them. Reads no files."""

from collections.abc import Mapping
from typing import Final

from clustergraph.outputs.concise import concise
from clustergraph.outputs.full import full
from clustergraph.outputs.github import github
from clustergraph.outputs.gitlab import gitlab
from clustergraph.outputs.junit import junit
from clustergraph.outputs.markdown import markdown
from clustergraph.outputs.objects import as_json, as_jsonl
from clustergraph.outputs.outcome import Outcome, Renderer
from clustergraph.outputs.rdf import rdf
from clustergraph.outputs.sarif import sarif
from clustergraph.outputs.sources import Sources, fingerprints

RENDERERS: Final[Mapping[str, Renderer]] = {
    "full": full,
    "concise": concise,
    "json": as_json,
    "jsonl": as_jsonl,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
    "junit": junit,
    "markdown": markdown,
    "rdf": rdf,
}
"""What `clustergraph check --format` offers."""

__all__ = ["RENDERERS", "Outcome", "Sources", "fingerprints"]
