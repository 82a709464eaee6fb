"""Regular expressions of SHACL, matched in time that grows with the text alone, whatever the pattern.

Source: XPath and XQuery Functions 3.1, section 5.6.1 (flags); https://github.com/google/re2/wiki/Syntax.
"""

from collections.abc import Callable
from typing import Final

import re2

_FLAGS: Final = frozenset("smixq")
_MEMORY_BYTES: Final = 8 << 20  # of one compiled pattern


def compiled(pattern: str, flags: str = "") -> Callable[[str], bool] | None:
    """What tells whether a text holds a match; None for a pattern or flags that cannot be read.

    >>> compiled("^a+$", "i")("AAA")
    True
    """
    if not _FLAGS.issuperset(flags):
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    options.case_sensitive = "i" not in flags
    options.dot_nl = "s" in flags
    options.literal = "q" in flags
    if "x" in flags and "q" not in flags:
        pattern = "".join(pattern.split())
    if "m" in flags and "q" not in flags:
        pattern = f"(?m){pattern}"
    try:
        search = re2.compile(pattern, options).search
        one = re2.Set.SearchSet(options)
        one.Add(pattern)
        one.Compile()
    except re2.error:
        return None
    # A set says no more than that there is a match, in a third of the time; where it runs out of memory it finds none.
    return lambda text: one.Match(text) is not None or search(text) is not None
