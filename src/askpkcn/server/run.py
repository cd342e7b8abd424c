"""Runs the service until it is told to stop."""

from __future__ import annotations

import ipaddress
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import uvicorn

from askpkcn.engine import Engine
from askpkcn.errors import ServiceError
from askpkcn.server import logs, processes
from askpkcn.server.app import create_app
from askpkcn.server.processes import serving
from askpkcn.server.settings import Settings

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def run(
    index: Path, host: str, port: int, settings: Settings, ready: Callable[[str, str], None], workers: int = 1
) -> None:
    """Answer on an address until SIGTERM or SIGINT; what was asked by then is still answered.

    `ready` is called with the service's address and its snapshot once it listens. Several workers are processes of
    their own. Raises what opening the index raises, and ServiceError if the address cannot be had.
    """
    signal.signal(signal.SIGTERM, _stop)
    logs.set_up()
    engine = Engine(index)
    app = create_app(lambda: engine, settings)
    if workers > 1:
        engine.close()  # it can be opened, and the settings are right; each worker opens and makes its own
    else:
        engine.load()
    with listen(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listening.getsockname()[1]}", engine.snapshot)
        if workers > 1:
            processes.run(index, listening, settings, workers)
        else:
            uvicorn.Server(serving(app, settings)).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 is any free one. Raises ServiceError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ServiceError(f"{host} port {port} cannot be had ({why}); choose another --host or --port") from error
    # Its connections inherit this. asyncio sets it only where the protocol's number is known, which it is not here, and
    # without it the second half of every response would wait 40 ms for the client's acknowledgement of the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _stop(*_: object) -> NoReturn:
    """End cleanly: uvicorn hands the signal on after it has answered what was asked."""
    raise SystemExit(0)
