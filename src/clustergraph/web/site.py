"""What every route needs to know of the server it runs in."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request

from clustergraph.describe import Questions
from clustergraph.errors import Busy
from clustergraph.published import Published
from clustergraph.queries import internal
from clustergraph.runner import Runner
from clustergraph.settings import Settings

FOLDER: Final = Path(__file__).parent

_ANYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104  # compared with, never bound


@dataclass
class Site:
    """One server: what it serves, how it runs, and who answers its queries.

    Shape: `texts` are the internal queries by name; `templates_digest` changes when a page would look different;
           `open_runner` is None while the workers are not up.
    """

    published: Published
    settings: Settings
    texts: Mapping[str, str]
    templates_digest: str
    open_runner: Runner | None = None

    @property
    def runner(self) -> Runner:
        """Who answers queries.

        Raises: Busy while the server starts or stops.
        """
        if self.open_runner is None:
            message = "the dataset is being loaded: try again in a moment"
            raise Busy(message, retry_after_s=2)
        return self.open_runner

    @property
    def digest(self) -> str:
        """The digest of the dataset that is served, which another engine may be given while we run."""
        return self.open_runner.digest if self.open_runner else self.published.digest

    @property
    def questions(self) -> Questions:
        """The runner with our own queries."""
        return Questions(self.runner, self.texts)

    @property
    def origin(self) -> str:
        """Where we listen, as a URL without a path. Never taken from a Host header, which the client chooses."""
        host = self.settings.host
        named = "localhost" if host in _ANYWHERE else f"[{host}]" if ":" in host else host
        return f"http://{named}:{self.settings.port}"

    @property
    def endpoint(self) -> str:
        """The address of the SPARQL endpoint."""
        return f"{self.origin}/sparql"


def open_site(published: Published, settings: Settings, runner: Runner | None) -> Site:
    """A site with the internal queries of its dataset read."""
    folder = published.internal_queries
    texts = {path.stem: internal(folder, path.stem) for path in sorted(folder.glob("*.rq"))}
    return Site(published, settings, texts, _digest(FOLDER / "templates"), runner)


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site
