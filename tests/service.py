"""Clients of a service over a fake engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2 as httpx
from fake_engine import FakeEngine
from fastapi.testclient import TestClient

from askpkcn.server.app import create_app
from askpkcn.server.settings import Settings


@contextmanager
def client(engine: Any = None, **settings: Any) -> Iterator[TestClient]:
    """A client in its own thread's service, started and stopped as a real one."""
    engine = engine or FakeEngine()
    with TestClient(create_app(lambda: engine, Settings(**settings))) as opened:
        yield opened


@asynccontextmanager
async def many(engine: Any, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client that can have many requests under way, on this event loop."""
    app = create_app(lambda: engine, Settings(**settings))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
            yield opened


async def until(condition: Any, seconds: float = 5.0) -> None:
    """Wait for something that happens on another thread or task."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)
