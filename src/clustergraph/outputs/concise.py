"""Findings on one line each, as editors and `grep` understand them."""

from clustergraph.findings import printable
from clustergraph.outputs.outcome import Outcome


def concise(outcome: Outcome) -> str:
    """One line each: the place, the code and the message."""
    return "\n".join(
        f"{printable(one.place)}: {one.code} {printable(one.message[outcome.language])}" for one in outcome.findings
    )
