"""The application: routes, errors and static files put together, and the workers started and stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from clustergraph.processes import Loader
from clustergraph.published import Published
from clustergraph.runner import Runner
from clustergraph.settings import Settings
from clustergraph.web import catalogue, entities, operations, pages, problems, sparql, validation, vocabulary
from clustergraph.web.desk import Desk, open_desk
from clustergraph.web.envelope import Envelope
from clustergraph.web.gauges import register_gauges
from clustergraph.web.heads import UNREADABLE
from clustergraph.web.openapi import describe_api
from clustergraph.web.site import FOLDER, open_site, site_of
from clustergraph.web.succession import Succession
from clustergraph.web.versions import Served, VersionOfRequest

_ROUTES: Final = (sparql, entities, vocabulary, catalogue, pages, validation, operations)


def create_app(
    published: Published, settings: Settings, *, runner: Runner | None = None, loader: Loader | None = None
) -> FastAPI:
    """The application over one built dataset, and over those that follow it in its folder.

    Shape: without a runner it starts a pool of workers with the server and stops it with the server, or asks the engine
           that the settings name; `loader` is one that was started over the dataset already.
    """
    served = Served(open_site(published, settings, runner))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, object]]:
        state: dict[str, object] = {"app": app}
        async with _closing(app.state.desk):
            if runner is not None:
                yield state
                return
            async with Succession(served, settings, app.state.desk.meter, loader=loader):
                yield state

    app = FastAPI(
        title="clustergraph",
        summary="Who is in which technology cluster of Italy, for what, and which source says so.",
        docs_url=None,  # both pages load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # the framework's own route knows nothing of versions
        redirect_slashes=False,  # a redirect would repeat the Host header, which the client chooses
        lifespan=lifespan,
    )
    app.state.unreadable = UNREADABLE
    app.state.served = served

    async def description(request: Request) -> Response:
        """What each address takes and gives, as OpenAPI."""
        return JSONResponse(describe_api(app, _routed(app), site_of(request)))

    app.add_api_route("/openapi.json", description, methods=["GET"], summary="This description")
    app.state.routed = _routed(app)
    paths = [*(route.path for route in app.state.routed), "/static"]
    app.state.desk = open_desk(settings, paths)
    register_gauges(app.state.desk.meter, served, app.state.desk.judges)
    for routes in _ROUTES:
        app.include_router(routes.router)
    app.mount("/static", _WholeFiles(directory=FOLDER / "static"), name="static")
    problems.install(app)
    app.add_middleware(Envelope)
    app.add_middleware(VersionOfRequest, served=served)  # the last one added is the outermost
    return app


@asynccontextmanager
async def _closing(desk: Desk) -> AsyncIterator[None]:
    """Ends with a server what it has begun beside its workers."""
    with desk.query_log:
        try:
            yield
        finally:
            await asyncio.to_thread(desk.judges.close)


def _routed(app: FastAPI) -> list[APIRoute]:
    """Every route of ours."""
    routes = (*(one for module in _ROUTES for one in module.router.routes), *app.routes)
    return [one for one in routes if isinstance(one, APIRoute)]


class _WholeFiles(StaticFiles):
    """Static files, always whole: they are small, and ranges are one more thing to get wrong.

    Source: RFC 9110, section 14.2: a server may ignore Range.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "headers": [one for one in scope["headers"] if one[0] != b"range"]}
        await super().__call__(scope, receive, send)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """One file, without the promise of ranges."""
        response = super().file_response(*args, **kwargs)
        response.headers["Accept-Ranges"] = "none"
        return response
