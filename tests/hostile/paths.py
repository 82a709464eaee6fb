"""T21 and T25: addresses that want another file, or another site."""

from collections.abc import Iterator
from typing import Final

from hostile.case import Case, case, get

CLIMBS: Final = (
    "..",
    "../",
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "..%2F..%2Fetc%2Fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "..\\..\\etc\\passwd",
    "....//....//etc/passwd",
    "..;/..;/etc/passwd",
    "..%00/etc/passwd",
    "..%c0%af..%c0%afetc/passwd",
    "%252e%252e%252fetc%252fpasswd",
    "..%ef%bc%8f..%ef%bc%8fetc",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "manifest.json",
    "clustergraph.nq",
    "../clustergraph.nq",
    "../manifest.json",
    "..%2fmanifest.json",
    "../templates/base.html",
    "..%2ftemplates%2fbase.html",
    "../app.py",
    "..%2f..%2fsettings.py",
    ".git/config",
    ".env",
    "%2eenv",
    "style.css%00.html",
    "style.css/",
    "style.css/..",
    "./",
    "%",
    "%zz",
    "con",
    "C:%5cwindows%5cwin.ini",
    "~root",
)
FOLDERS: Final = ("/static/", "/doc/cluster/", "/queries/", "/graph/", "/id/cluster/", "/", "/ns/")

ELSEWHERE: Final = (
    "/id///e.example/x",
    "/id//e.example/x",
    "/id/cluster///e.example",
    "/id/cluster//e.example",
    "/id/cluster/%2f%2fe.example",
    "/id/%2f%2fe.example/x",
    "/id/cluster/https:%2f%2fe.example",
    "/id/https:/e.example",
    "/id/cluster/%5c%5ce.example",
    "/id/%5c/e.example",
    "/id/cluster/lombardy-energy%0d%0aLocation:%20//e.example",
    "/id/cluster/lombardy-energy%3f@e.example",
    "/id/cluster/lombardy-energy@e.example",
    "/id/cluster/lombardy-energy%23@e.example",
    "/id/cluster/.%2fe.example",
    "/id/cluster/e.example",
    "/id/@e.example/x",
    "//e.example/%2e%2e",
    "//e.example",
    "/%2f/e.example",
    "/%5ce.example/..",
    "/static//e.example/",
    "/queries//e.example/",
)


def cases() -> Iterator[Case]:
    """Every climb from every folder that could lead up, every redirect that could lead away."""
    for place, climb in enumerate(CLIMBS):
        for step in range(3):
            folder = FOLDERS[(place + step) % len(FOLDERS)]
            yield case(
                "T25",
                f"{folder} and {climb}",
                get(f"{folder}{climb}"),
                *_climbed(folder, climb),
                lacks=("root:", "%PDF"),
            )
        yield case(
            "T25",
            f"/static/ and {climb} anew",
            get(f"/static/{climb}?"),
            *_climbed("/static/", climb),
            lacks=("root:", "{%"),
        )
    for target in ELSEWHERE:
        yield case("T21", target, get(target), 404, problem="not-found")
    for name in ("next", "url", "redirect", "return", "to"):
        raw = get(f"/id/cluster/lombardy-energy?{name}=//e.example/")
        yield case("T21", f"a thing with {name}=", raw, 303, headers={"location": "/doc/cluster/lombardy-energy.html"})
    for name in (
        "Host",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Prefix",
        "X-Original-URL",
        "X-Rewrite-URL",
    ):
        raw = get("/id/cluster/lombardy-energy", (name, "e.example")).replace(
            b"Host: localhost\r\n", b"" if name == "Host" else b"Host: localhost\r\n"
        )
        yield case(
            "T21",
            f"a thing with the header {name}",
            raw,
            303,
            headers={"location": "/doc/cluster/lombardy-energy.html"},
        )
    for accept, extension in {"text/turtle": "ttl", "application/rdf+xml": "rdf", "text/html": "html"}.items():
        yield case(
            "T21",
            f"a thing as {extension}",
            get("/id/cluster/lombardy-energy", ("Accept", accept)),
            303,
            headers={"location": f"/doc/cluster/lombardy-energy.{extension}"},
        )


def _climbed(folder: str, climb: str) -> tuple[int]:
    """404, but for the one that is a file of ours under another name."""
    return (200,) if (folder, climb) == ("/static/", "style.css/") else (404,)
