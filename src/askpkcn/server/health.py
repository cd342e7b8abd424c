"""For machines that look after the service: does it live, can it answer, what has it done."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from askpkcn.server import models, problems
from askpkcn.server.api import responses, service_of
from askpkcn.server.problems import Problem

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=models.Alive)
async def alive() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=models.Health, responses=responses(problems.STOPPING))
async def ready(request: Request) -> dict[str, Any]:
    """Tell whether a question would be taken now."""
    service = service_of(request)
    if service.full:
        raise Problem(problems.STOPPING, f"{service.waiting} questions are waiting", {"Retry-After": "1"})
    return {"status": "ok", "snapshot": service.live.snapshot, "waiting": service.waiting}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Give all counters in Prometheus' text format."""
    return Response(service_of(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
