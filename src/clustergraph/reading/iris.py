"""References to IRIs, against a base. Source: RFC 3986, sections 5.2 and 5.3, which RFC 3987 keeps for IRIs."""

import re
from typing import Final

_PARTS: Final = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.\-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


def is_absolute(iri: str) -> bool:
    """Whether an IRI begins with a scheme.

    >>> is_absolute("urn:x"), is_absolute("//example.org/a:b")
    (True, False)
    """
    return _ABSOLUTE.match(iri) is not None


def resolved(reference: str, base: str) -> str:
    """The IRI that a reference stands for; itself where there is no base.

    >>> resolved("../c?q#f", "http://example.org/a/b/d")
    'http://example.org/a/c?q#f'
    """
    if not base or is_absolute(reference):
        return reference
    _, authority, path, query, fragment = _PARTS.fullmatch(reference).groups()  # type: ignore[union-attr]  # matches all
    scheme, base_authority, base_path, base_query, _ = _PARTS.fullmatch(base).groups()  # type: ignore[union-attr]
    if authority is not None:
        path = _without_dots(path)
    else:
        authority = base_authority
        if path:
            path = _without_dots(path if path[0] == "/" else _merged(path, base_path, authority))
        else:
            path, query = base_path, base_query if query is None else query
    return _written(scheme, authority, path, query, fragment)


def _merged(path: str, base_path: str, authority: str | None) -> str:
    return f"/{path}" if authority is not None and not base_path else f"{base_path.rpartition('/')[0]}/{path}"


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")
    for number, segment in enumerate(segments):
        if segment == "..":
            del kept[max(len(kept) - 1, 1) :]
        elif segment != ".":
            kept.append(segment)
        if segment in (".", "..") and number == len(segments) - 1:
            kept.append("")
    return "/".join(kept)


def _written(scheme: str | None, authority: str | None, path: str, query: str | None, fragment: str | None) -> str:
    parts = ((scheme, "{}:"), (authority, "//{}"), (path, "{}"), (query, "?{}"), (fragment, "#{}"))
    return "".join(form.format(part) for part, form in parts if part is not None)
