"""What every route needs to know of the server it runs in."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request

from clustergraph.describe import Questions
from clustergraph.errors import Busy, OverBudget
from clustergraph.published import Published
from clustergraph.runner import Answer, QueryRequest, Runner
from clustergraph.settings import Settings, origin
from clustergraph.web.cache import AnswerCache
from clustergraph.web.clients import client_of
from clustergraph.web.desk import desk_of
from clustergraph.web.settled import note_asked

FOLDER: Final = Path(__file__).parent
SITE: Final = "clustergraph.site"  # where a request carries it in its scope

_ANYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104  # compared with, never bound


@dataclass(frozen=True)
class Site:
    """One version of what a server serves, how it runs, and who answers its queries. Never changes.

    Shape: `texts` are the internal queries by name; `templates_digest` changes when a page would look different though
           the dataset is the same; `answers` are those given before; `open_runner` is None while no worker is up.
    """

    published: Published
    settings: Settings
    texts: Mapping[str, str]
    templates_digest: str
    answers: AnswerCache
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
    def origin(self) -> str:
        """Our address as a URL without a path. Never taken from a Host header, which the client chooses."""
        if self.settings.public_url:
            return self.settings.public_url.removesuffix("/")
        host = self.settings.host
        return origin("localhost" if host in _ANYWHERE else host, self.settings.port)

    @property
    def endpoint(self) -> str:
        """The address of the SPARQL endpoint."""
        return f"{self.origin}/sparql"


def open_site(published: Published, settings: Settings, runner: Runner | None) -> Site:
    """A site over one dataset.

    Raises: DatasetUnusable if the build lacks a query that the pages need.
    """
    site = Site(published, settings, published.internal_queries, "", AnswerCache(settings.cache_bytes), runner)
    # A saved query can change while the dataset does not, and pages and descriptions name our address.
    looks = _digest(FOLDER / "templates", published.release, site.origin)
    return replace(site, templates_digest=looks)


def _digest(folder: Path, *others: str) -> str:
    whole = hashlib.sha256("\n".join(others).encode())
    for path in sorted(folder.iterdir()):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def site_of(request: Request) -> Site:
    """The site that a request came to: the same one from its first byte to its last."""
    site: Site = request.scope[SITE]
    return site


def client_behind(request: Request) -> str | None:
    """The client that a request comes from; None if it has no budget."""
    scope = request.scope
    peer = scope["client"][0] if scope.get("client") else None
    return client_of(peer, scope["headers"], site_of(request).settings)


class _OwnRunner(NamedTuple):
    """A Runner that asks our own questions in the name of one client, so that clients take turns with their pages."""

    runner: Runner
    client: str
    refused: Callable[[], None]

    @property
    def digest(self) -> str:
        return self.runner.digest

    async def answer(self, request: QueryRequest) -> Answer:
        try:
            return await self.runner.answer(replace(request, own=True, client=self.client))
        except OverBudget:
            self.refused()
            raise


def questions_of(request: Request) -> Questions:
    """Our own queries, with a runner that asks them for the client of a request.

    Raises: Busy while the server starts or stops.
    """
    site = site_of(request)
    refused = desk_of(request).budgets.refused_page
    note_asked(request.scope, site.runner)
    return Questions(_OwnRunner(site.runner, client_behind(request) or "", refused), site.texts)
