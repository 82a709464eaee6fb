"""What is wrong with shapes themselves: said at the place in the shapes, never passed over in silence."""

from typing import NamedTuple

from clustergraph.reading.parsed import Term


class ShapeFault(NamedTuple):
    """One thing in a shapes graph that cannot be evaluated as it stands.

    Shape: `code` and `sentence` together are a key of messages.SHAPE_FAULTS; it stands where `subject` has
           `predicate`, of which `value` is the value; `values` fill the sentence.
    """

    code: str
    subject: str
    predicate: str | None = None
    value: Term | None = None
    values: tuple[str, ...] = ()
    sentence: str = ""


UNKNOWN_TERM = "S001"
ILL_FORMED = "S002"
NOT_SUPPORTED = "S003"
RECURSIVE = "S004"
NO_PATH = "S005"
QUERY_REFUSED = "S006"
NOT_CANONICAL = "S007"
TIMED_OUT = "S008"
TOO_LARGE = "S009"

OF_SECOND = " second"
OF_COMPANION = " companion"
OF_REFERENCE = " reference"
OF_IMPORT = " import"


class Unevaluable(Exception):
    """A shape or a part of one that cannot be evaluated."""

    def __init__(self, fault: ShapeFault) -> None:
        super().__init__(fault)
        self.fault = fault
