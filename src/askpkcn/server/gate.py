"""What every request passes: a number and a log line; then its host, its key and its body's size are checked.

Both are plain ASGI, outside the framework: what is refused here costs no parsing.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askpkcn.server import problems
from askpkcn.server.keys import Keyring
from askpkcn.server.logs import LOGGER, log
from askpkcn.server.metrics import Metrics
from askpkcn.server.problems import Problem
from askpkcn.server.settings import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
OPEN_PATHS = ("/healthz", "/readyz")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Recorder:
    """Gives each request an id, sets the headers of every response, and logs and counts what came of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, shared: bool) -> None:
        """Wrap an app; `shared` responses may be read by other origins."""
        self._app = app
        self._metrics = metrics
        self._headers = {k: v for k, v in HEADERS.items() if not shared or k != "Cross-Origin-Resource-Policy"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        notes: dict[str, object] = {}
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "notes": notes}
        started = perf_counter()
        status = 0
        own_file = scope["path"].startswith("/static/")

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-cache" if own_file else "no-store")
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            LOGGER.exception("a request failed", extra={"fields": {"request_id": request_id}})
            if not status:
                await Problem(problems.INTERNAL, problems.OPERATOR).response(request_id)(scope, receive, sending)
        self._note(scope, status, perf_counter() - started, {"request_id": request_id, **notes})

    def _note(self, scope: Scope, status: int, seconds: float, notes: dict[str, object]) -> None:
        # The pattern of the route, never the path: a path that fits none is the client's own text.
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        level = logging.WARNING if status >= 500 else logging.INFO
        log("request", level, method=method, route=route, status=status, ms=round(1000 * seconds, 1), **notes)


class Gate:
    """Lets in what calls the service by its name, holds a key where one is needed, and is not too large or too slow."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._keys = Keyring(settings.keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or end it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            self._check_host(headers)
            self._check_site(scope, headers)
            self._check_key(scope, headers)
            receive = await self._whole_body(headers, receive)
        except Problem as problem:
            await problem.response(scope["state"]["request_id"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        host = re.sub(r":\d*$", "", headers.get("host", "")).strip("[]").lower()
        if self._settings.hosts and host not in self._settings.hosts:
            raise Problem(problems.WRONG_HOST, "the service answers to " + ", ".join(self._settings.hosts))

    def _check_site(self, scope: Scope, headers: Headers) -> None:
        """Refuse what a page of another site loads or sends unasked; people may still follow its links to here."""
        if headers.get("sec-fetch-site", "none") not in ("cross-site", "same-site"):
            return
        mode, into = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest", "document")
        followed = scope["method"] == "GET" and mode == "navigate" and into == "document"
        if not followed and headers.get("origin") not in self._settings.cors:
            raise Problem(problems.CROSS_SITE, "the service's operator can let a site in with --cors")

    def _check_key(self, scope: Scope, headers: Headers) -> None:
        if not self._keys or scope["path"] in OPEN_PATHS:
            return
        holder = self._keys.holder(headers.get("authorization"))
        if holder is None:
            program = scope["path"].startswith(("/v1/", "/metrics"))
            challenge = "Bearer" if program else 'Basic realm="askpkcn", charset="UTF-8"'
            detail = "send a key as `Authorization: Bearer KEY`; browsers ask for it as the password"
            raise Problem(problems.UNAUTHORIZED, detail, {"WWW-Authenticate": challenge})
        scope["state"]["holder"] = holder
        scope["state"]["notes"]["key"] = holder

    async def _whole_body(self, headers: Headers, receive: Receive) -> Receive:
        """Return a `receive` that gives the body at once, as far as it has the right size and comes in time."""
        limit = self._settings.max_body
        declared = headers.get("content-length", "0")
        if declared.isascii() and declared.isdigit() and int(declared) > limit:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._settings.body_time):
                body = await self._collect(receive, limit)
        except TimeoutError as error:
            seconds = f"{self._settings.body_time:g} seconds"
            raise Problem(problems.TOO_SLOW, f"a body must arrive within {seconds}", {"Connection": "close"}) from error
        given = False

        async def once() -> Message:
            nonlocal given
            if given or body is None:
                return await receive() if given else {"type": "http.disconnect"}
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        return once

    async def _collect(self, receive: Receive, limit: int) -> bytes | None:
        """Return the whole body, or None if the client left before it was whole."""
        parts = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise self._too_large()
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    def _too_large(self) -> Problem:
        detail = f"a body has at most {self._settings.max_body:,} bytes"
        return Problem(problems.TOO_LARGE, detail, {"Connection": "close"})
