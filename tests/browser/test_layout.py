"""What a reader sees of the pages, measured in a browser: on a desk and on a telephone."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from clustergraph.published import open_published
from clustergraph.settings import Settings
from clustergraph.web.app import create_app
from web_runner import REPOSITORY, TestClient

CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium to measure pages in: install chromium")

WIDTHS: Final = (1280, 390)
LIMIT_S: Final = 120.0
ROW_LIMIT_PX: Final = 240.0  # a quarter of a screen
LONG_LINE: Final = f"SELECT ?{'a' * 90} WHERE {{ ?s ?p }} # {'and more ' * 20}"
UNBROKEN: Final = (
    f'SELECT * {{ VALUES (?a ?b ?c) {{ (<https://example.org/{"a" * 150}> <urn:{"b" * 90}> "{"c" * 250}") }} }}'
)
PAGES: Final = (
    *(f"/browse/{kind}" for kind in ("cluster", "organisation", "area", "source", "membership", "aim", "scheme")),
    "/graph",
    "/graph/inferred?format=html",
    "/graph/curated?format=html",
    "/limits",
    "/problems",
    "/queries/disagreements",
    "/queries/clusters-of-member",
    f"/sparql?format=html&query={quote('SELECT * { ?s a cg:Claim }')}",
    f"/sparql?format=html&query={quote(UNBROKEN)}",
    f"/sparql?format=html&query={quote(LONG_LINE)}",
)

MEASURE: Final = """
<script>
function pokesOut(cell) {
  const text = document.createRange();
  text.selectNodeContents(cell);
  const edge = cell.getBoundingClientRect().right + 1;
  return [...text.getClientRects()].some((one) => one.right > edge);
}
const mark = document.querySelector(".trouble .frame mark");
parent.postMessage(
  {
    page: name,
    cells: document.querySelectorAll("td").length,
    out: [...document.querySelectorAll("th, td")].filter(pokesOut).map((one) => one.textContent.slice(0, 60)),
    row: Math.max(0, ...[...document.querySelectorAll("tbody tr")].map((one) => one.getBoundingClientRect().height)),
    wider: document.documentElement.scrollWidth > innerWidth,
    mark: mark && mark.getBoundingClientRect().right < innerWidth,
  },
  "*",
);
</script>
"""
GATHER: Final = """<!doctype html>
<meta charset="utf-8">
<pre></pre>
<script>
const found = [];
onmessage = (said) => {
  found.push(said.data);
  document.querySelector("pre").textContent = JSON.stringify(found);
};
</script>
"""


@pytest.fixture(scope="module")
def client(real_dist: Path) -> Iterator[TestClient]:
    with TestClient(create_app(open_published(real_dist), Settings(workers=1))) as entered:
        yield entered


@pytest.fixture(scope="module")
def measured(client: TestClient, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each page measures at each width.

    Shape: the name is the path and the width; a frame stands for a window, which no browser makes as narrow.
    """
    folder = tmp_path_factory.mktemp("layout")
    style = (REPOSITORY / "src/clustergraph/web/static/style.css").read_text(encoding="utf-8")
    frames = []
    for number, path in enumerate(PAGES):
        text = client.get(path, headers={"accept": "text/html"}).text
        text = re.sub(r'<link rel="(?:stylesheet|icon)"[^>]*>|<script src[^>]*></script>', "", text)
        text = text.replace("</head>", f"<style>{style}</style></head>").replace("</body>", f"{MEASURE}</body>")
        (folder / f"{number}.html").write_text(text, encoding="utf-8")
        frames += [
            f'<iframe name="{html.escape(path)} {width}" width="{width}" height="900" src="{number}.html"></iframe>'
            for width in WIDTHS
        ]
    (folder / "all.html").write_text(GATHER + "\n".join(frames), encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    command = [CHROMIUM, *options, "--virtual-time-budget=20000", "--dump-dom", (folder / "all.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout
    body = re.search(r"<pre>(.*?)</pre>", shown, re.DOTALL)
    assert body, shown[:500]
    return {one.pop("page"): one for one in json.loads(html.unescape(body[1]))}


def test_every_page_is_measured_at_every_width(measured: dict[str, Any]) -> None:
    assert sorted(measured) == sorted(f"{path} {width}" for path in PAGES for width in WIDTHS)
    assert sum(one["cells"] for one in measured.values()) > 1_000


def test_no_cell_is_printed_over_its_neighbour(measured: dict[str, Any]) -> None:
    assert {name: one["out"] for name, one in measured.items() if one["out"]} == {}


def test_no_row_takes_a_quarter_of_the_screen(measured: dict[str, Any]) -> None:
    assert {name: one["row"] for name, one in measured.items() if one["row"] > ROW_LIMIT_PX} == {}


def test_no_page_has_to_be_scrolled_sideways(measured: dict[str, Any]) -> None:
    assert [name for name, one in measured.items() if one["wider"]] == []


def test_the_place_of_an_error_is_in_sight_however_long_the_line(measured: dict[str, Any]) -> None:
    assert [measured[f"{PAGES[-1]} {width}"]["mark"] for width in WIDTHS] == [True, True]


def test_a_table_of_many_columns_says_that_it_scrolls(client: TestClient) -> None:
    text = client.get("/queries/clusters-of-member").text

    assert "11 columns: scroll sideways to see them all" in text
    assert '<div class="scroll" role="region" aria-label="Result" tabindex="0">' in text
    assert "scroll sideways" not in client.get("/sparql?format=html&query=SELECT+*+%7B+?s+?p+?o+%7D+LIMIT+1").text
