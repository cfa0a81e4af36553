"""`create_app(services)`: the HTTP application, with or without Ray around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from rag import __version__
from rag.api import (
    audit,
    conversations,
    corpus,
    documents,
    evaluations,
    exports,
    feedback,
    fields,
    inference,
    insights,
    jobs,
    keys,
    labels,
    openai,
    passages,
    problems,
    questions,
    redaction,
    reruns,
    rollouts,
    system,
    tags,
)
from rag.api.deadlines import Deadlines
from rag.api.gates import Gates
from rag.api.headers import SecurityHeaders
from rag.api.index import routes as index_routes
from rag.api.keyring import Keyring
from rag.api.mcp import McpDoor
from rag.api.requests import RequestIds
from rag.api.slow import SlowBodies
from rag.api.trail import Journal, Trail
from rag.rollouts.choose import begin_trial
from rag.services import Services


def create_app(services: Services, *, behind_proxy: bool = False) -> FastAPI:
    """Routes get their services here; the database is connected when the application starts.

    `behind_proxy`: Serve's proxy gives X-Request-Id back itself.
    """
    door = McpDoor(services)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await services.state.database.connect()
        await begin_trial(services)
        async with door.running():
            yield
        await services.state.database.close()

    app = FastAPI(
        title="Redwell",
        version=__version__,
        summary="Documents in, answers that can be checked out.",
        lifespan=lifespan,
    )
    problems.install(app)
    # Routes are tried in turn: what is asked most comes first.
    app.include_router(corpus.routes(services))
    app.include_router(questions.routes(services))
    app.include_router(index_routes(services))
    app.include_router(documents.routes(services))
    app.include_router(tags.routes(services))
    app.include_router(system.routes(services))
    app.include_router(passages.routes(services))
    app.include_router(conversations.routes(services))
    app.include_router(exports.routes(services))
    app.include_router(fields.routes(services))
    app.include_router(insights.routes(services))
    app.include_router(reruns.routes(services))
    app.include_router(rollouts.routes(services))
    app.include_router(labels.routes(services))
    app.include_router(feedback.routes(services))
    app.include_router(evaluations.routes(services))
    app.include_router(jobs.routes(services))
    app.include_router(redaction.routes(services))
    app.include_router(openai.routes(services))
    app.include_router(inference.routes(services))
    app.router.routes.append(Route("/mcp", door, include_in_schema=False))
    app.include_router(keys.routes(services))
    app.include_router(audit.routes(services))
    own = services.settings.audit
    if own.mode == "on" or (own.mode == "auto" and services.settings.server.api_keys):
        app.add_middleware(Trail, journal=Journal(services.state.audit, keep_days=own.keep_days))
    keyring = Keyring(services.state.keys, services.settings.server.api_keys)
    app.add_middleware(Gates, limits=services.settings.limits, keyring=keyring, names=services.settings.server.names)
    app.add_middleware(SlowBodies, limits=services.settings.limits)
    app.add_middleware(Deadlines, most=services.settings.server.request_seconds)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds, told=behind_proxy)
    return app
