"""Puts the service together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from askpkcn.engine import Engine
from askpkcn.errors import AskpkcnError
from askpkcn.server import api, health, label_page, page, problems
from askpkcn.server.gate import Gate, Recorder
from askpkcn.server.labels import Labels
from askpkcn.server.live import Live
from askpkcn.server.logs import LOGGER
from askpkcn.server.metrics import Metrics
from askpkcn.server.problems import Kind, Problem
from askpkcn.server.service import ClientLeft, Service
from askpkcn.server.settings import Settings

STATIC = Path(__file__).parent / "static"
DESCRIPTION = (
    "Answers questions from a collection of articles with verbatim, cited quotes, or says that they don't tell."
)


def create_app(open_engine: Callable[[], Engine], settings: Settings | None = None) -> FastAPI:
    """Return the app; the engine is opened, and its models loaded, when it starts.

    Raises ServiceError if the file of labels is none; starting raises what opening raises (IndexMissing,
    IndexMismatch, IndexCorrupt, ModelError).
    """
    settings = settings or Settings()
    metrics = Metrics(shared=settings.shared is not None)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = open_engine()
        engine.load()
        async with Service(Live(engine), settings, metrics) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="askpkcn",
        description=DESCRIPTION,
        version=version("askpkcn"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(api.router)
    app.include_router(health.router)
    app.include_router(page.router)
    app.include_router(label_page.router)
    app.state.labels = Labels(settings.label) if settings.label else None
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _add_problems(app)
    _add_middleware(app, settings, metrics)
    made = app.openapi
    app.openapi = lambda: _told_whole(made(), bool(settings.keys))  # type: ignore[method-assign]
    return app


def _add_middleware(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Wrap the app; what is added last comes first."""
    app.add_middleware(Gate, settings=settings)
    if settings.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-Id"],
            expose_headers=["Retry-After", "X-Request-Id"],
        )
    app.add_middleware(Recorder, metrics=metrics, shared=bool(settings.cors))


def _add_problems(app: FastAPI) -> None:
    """Tell every error as a problem; the page's errors are pages."""

    def answer(request: Request, problem: Problem) -> Response:
        if page.wanted(request):
            return page.problem(request, problem)
        return problem.response(request.state.request_id)

    @app.exception_handler(Problem)
    async def of_problem(request: Request, problem: Problem) -> Response:
        return answer(request, problem)

    @app.exception_handler(AskpkcnError)
    async def of_error(request: Request, error: AskpkcnError) -> Response:
        problem = problems.of_error(error)
        if problem.kind.status >= 500:
            fields = {"request_id": request.state.request_id, "why": str(error)}
            LOGGER.error("the engine failed", extra={"fields": fields})
        return answer(request, problem)

    @app.exception_handler(RequestValidationError)
    async def of_schema(request: Request, error: RequestValidationError) -> Response:
        if any(fault["type"] == "json_invalid" for fault in error.errors()):
            return answer(request, Problem(problems.MALFORMED, "/docs tells what a body must be"))
        faults = [{"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]} for fault in error.errors()]
        detail = f"{faults[0]['where']}: {faults[0]['what']}" if faults else "see /docs"
        return answer(request, Problem(problems.INVALID, detail, faults=faults))

    @app.exception_handler(HTTPException)
    async def of_routing(request: Request, error: HTTPException) -> Response:
        known = {400: problems.MALFORMED, 404: problems.NOT_FOUND, 405: problems.METHOD}
        kind = known.get(error.status_code, Kind("http", error.status_code, "The request cannot be answered"))
        return answer(request, Problem(kind, "/docs tells what there is", error.headers))

    @app.exception_handler(ClientLeft)
    async def of_leaving(_request: Request, _error: ClientLeft) -> Response:
        return Response(status_code=499)  # nobody reads it; the log shows it


def _told_whole(document: dict[str, Any], keys: bool) -> dict[str, Any]:
    """Give every error of an OpenAPI document its real media type, and tell of keys where they are needed."""
    if keys:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status >= "400" and "application/json" in content:
                    content[problems.MEDIA_TYPE] = content.pop("application/json")
    return document
