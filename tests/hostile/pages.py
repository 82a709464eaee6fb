"""What a page of ours may consist of. Anything else in it came from somebody else, whatever it looks like."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

_TAGS: Final = """
    html head meta title link script body a header div nav img main footer p code h1 h2 h3 section ul ol li span
    dl dt dd q article table thead tbody tr th td form label textarea input button pre strong mark
"""
TAGS: Final = frozenset(_TAGS.split())
_ATTRIBUTES: Final = """
    action alt aria-label autocapitalize autocomplete charset class content defer for formmethod height href id
    lang method name placeholder rel role rows scope spellcheck src tabindex title type value width wrap
"""
ATTRIBUTES: Final = frozenset(_ATTRIBUTES.split())
SCRIPT: Final = {"src": "/static/script.js", "defer": ""}
METAS: Final = ({"charset": "utf-8"}, {"name": "viewport", "content": "width=device-width, initial-scale=1"})
_LINKS: Final = ("alternate", "describedby")  # which a browser follows by no means
RESOURCES: Final = frozenset(("/static/style.css", "/static/icon.svg", "/static/script.js"))


class _Markup(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.others: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def strangers(text: str) -> Iterator[str]:
    """What in a page is none of ours, or could run, load or send something elsewhere."""
    markup = _Markup(text)
    yield from (f"<!{one[:80]}>" for one in markup.others)
    for tag, attributes in markup.tags:
        if tag not in TAGS or (tag == "script" and attributes != SCRIPT) or (tag == "meta" and attributes not in METAS):
            yield f"<{tag} {attributes}>"
        for name, value in attributes.items():
            if name not in ATTRIBUTES or not _is_ours(tag, name, value, attributes.get("rel", "")):
                yield f"<{tag} {name}={value[:80]!r}>"


def _is_ours(tag: str, name: str, value: str, rel: str) -> bool:
    if name == "href" and tag == "a":
        return _is_own_path(value) or (_is_web(value) and "noopener" in rel and "noreferrer" in rel)
    if name in ("src", "href"):
        return value in RESOURCES or (tag == "link" and rel in _LINKS and _is_own_path(value))
    if name == "action":
        return _is_own_path(value)
    return True


def _is_own_path(value: str) -> bool:
    return value.startswith("#") or (value.startswith("/") and not value.startswith(("//", "/\\")))


def _is_web(value: str) -> bool:
    return value.lower().startswith(("http://", "https://", "mailto:")) and not set(value) & set("\"'<> \n\r\t\\`")
