"""Several workers: processes that answer on one listening socket, from the pages of one mapped index.

uvicorn's supervisor starts them, starts a new one where one died or hangs, and stops them.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import sleep
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from askpkcn.engine import Engine
from askpkcn.errors import AskpkcnError
from askpkcn.server import logs
from askpkcn.server.app import create_app
from askpkcn.server.settings import Settings

HANGS = 60
"""Seconds without a sign of life until a worker is replaced; before its first come imports, slow where all is busy."""
LONGEST_PAUSE = 60.0
"""Seconds between a worker's tries to open the index."""


def serving(app: FastAPI | Callable[[], FastAPI], settings: Settings, **more: Any) -> uvicorn.Config:
    """Return how uvicorn serves the app, in one process or in several."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=round(settings.deadline) + 5,
        **more,
    )


def run(index: Path, listening: socket.socket, settings: Settings, workers: int) -> None:
    """Answer on a socket until SIGTERM or SIGINT, which drain all workers."""
    with TemporaryDirectory(prefix="askpkcn-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # where the workers' counters meet; read when they import it
        app = partial(_worker, index, replace(settings, shared=Path(folder)))
        config = serving(app, settings, factory=True, workers=workers, timeout_worker_healthcheck=HANGS)
        supervisor = _Supervisor(config, [listening])
        supervisor.run()
    if supervisor.interrupted:
        raise KeyboardInterrupt


class _Supervisor(Multiprocess):
    """uvicorn's, but new connections are refused while the workers drain, and Ctrl-C is told apart from SIGTERM.

    And a worker that dies while it is being asked for a sign of life is replaced at once, unless another hangs.
    """

    interrupted = False

    def keep_subprocess_alive(self) -> None:
        for process in self.processes:
            process.child_conn.close()  # as long as the supervisor holds it too, the pipe of a dead worker does not end
        super().keep_subprocess_alive()

    def terminate_all(self) -> None:
        for listening in self.sockets:
            listening.close()
        super().terminate_all()

    def handle_int(self) -> None:
        self.interrupted = True
        super().handle_int()


def _worker(index: Path, settings: Settings) -> FastAPI:
    """Return the app of one worker, in its own process."""
    logs.set_up()
    Thread(target=_end_with_supervisor, daemon=True).start()
    return create_app(partial(_open, index), settings)


def _end_with_supervisor() -> None:
    """Drain and stop when the supervisor is gone, however it went: nobody would replace this worker, or stop it."""
    supervisor = parent_process()
    if supervisor:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _open(index: Path) -> Engine:
    """Return a worker's engine, as soon as there is a snapshot that can be opened.

    Its siblings may be answering from a snapshot whose successor is damaged, and uvicorn would stop them too if this
    one failed.
    """
    draining = signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until it answers there is nothing to drain
    pause = 1.0
    while True:
        try:
            engine = Engine(index)
            engine.load()
        except (AskpkcnError, OSError) as error:
            fields = {"why": str(error), "seconds": pause}
            logs.LOGGER.error("a worker cannot open the index; it tries again", extra={"fields": fields})
            sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            signal.signal(signal.SIGTERM, draining)
            return engine
