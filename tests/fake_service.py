"""A service over fake engines, as a process: python fake_service.py DELAY WORKERS. Workers import this file too."""

import sys
from pathlib import Path

from fake_engine import FakeEngine

from askpkcn.server import processes, run
from askpkcn.server.settings import Settings

run.Engine = processes.Engine = lambda index: FakeEngine(delay=float(sys.argv[1]))  # type: ignore[assignment,misc]

if __name__ == "__main__":
    settings = Settings(queue=250, body_time=1.0)
    run.run(Path("none"), "127.0.0.1", 0, settings, lambda *told: print(*told, flush=True), int(sys.argv[2]))  # noqa: T201
