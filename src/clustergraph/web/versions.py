"""Which version is served: each request keeps to the one it began with, and another takes its place in one step.

Plain ASGI, outermost, so that whatever answers a request finds its version in the scope.
"""

import asyncio
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from clustergraph.web.site import SITE, Site


class Version:
    """One site and the number of requests under way on it."""

    def __init__(self, site: Site) -> None:
        self.site: Final = site
        self._under_way = 0
        self._unused = asyncio.Event()
        self._unused.set()

    def begin(self) -> None:
        """Counts a request."""
        self._under_way += 1
        self._unused.clear()

    def end(self) -> None:
        """Counts a request off, once its answer has ended."""
        self._under_way -= 1
        if not self._under_way:
            self._unused.set()

    async def drained(self, limit_s: float) -> int:
        """How many requests are still under way once all have ended or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._unused.wait()
        return self._under_way


class Served:
    """The version that the next request will get."""

    def __init__(self, site: Site) -> None:
        self._version = Version(site)

    @property
    def version(self) -> Version:
        """The version of this moment."""
        return self._version

    def change(self, site: Site) -> Version:
        """Serves another site from the next request on; the version before it, to be drained."""
        before, self._version = self._version, Version(site)
        return before


class VersionOfRequest:
    """An ASGI application around another one, whose requests carry their site in the scope."""

    def __init__(self, app: ASGIApp, served: Served) -> None:
        self._app = app
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request on one version."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        version = self._served.version
        version.begin()
        try:
            await self._app({**scope, SITE: version.site}, receive, send)
        finally:
            version.end()
