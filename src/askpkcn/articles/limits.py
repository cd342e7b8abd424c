"""Extractors at arm's length: a process of their own that has limits of time and memory, and can be killed."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import askpkcn
from askpkcn.articles.extracted import Extracted
from askpkcn.errors import ArticleError

SECONDS = 60.0
MEGABYTES = 2048
START_SECONDS = 60.0
MAX_REPLY = 400_000_000


class PassingError(ArticleError):
    """A file that could not be read this time: too slow, too large for the worker, no permission."""


class _GaveUp(Exception):  # noqa: N818
    """The worker did not reply."""


class _NoStart(_GaveUp):
    """The worker did not even start."""


class Extractor:
    """Hands files to a worker process, one at a time; it is started when first needed, and anew after each failure."""

    def __init__(self, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""

    def extract(self, kind: str, file: Path) -> Extracted:
        """Return what the worker makes of a file. Raises ArticleError, also where the worker hangs or dies."""
        try:
            reply = self._ask({"kind": kind, "file": os.fspath(file), "seconds": self._seconds})
        except TimeoutError as error:
            self.close()
            limit = f"{self._seconds:g} seconds"
            raise PassingError(f"{file} took over {limit} to read and was given up; mend or remove it") from error
        except _NoStart as error:
            self.close()
            problem = "cannot be read, as the process that takes such files apart does not start"
            raise PassingError(f"{file} {problem}; check that you may run {sys.executable}") from error
        except (_GaveUp, OSError) as error:
            self.close()
            limit = f"{self._megabytes:,} MB"
            raise PassingError(f"{file} broke the program that reads it (limit {limit}); mend or remove it") from error
        if reply.get("memory"):
            self.close()
            raise PassingError(f"{file} took over {self._megabytes:,} MB to read and was given up; mend or remove it")
        if "error" in reply:
            raise ArticleError(str(reply["error"]))
        return Extracted.from_json(reply["made"])

    def close(self) -> None:
        """Kill the worker, if there is one."""
        if self._process is not None:
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what was not sent yet is of no use any more
                        stream.close()
            self._process.wait()
        self._process, self._unread = None, b""

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._process if self._process and self._process.poll() is None else self._start()
        assert process.stdin is not None  # noqa: S101 - Popen was given a pipe
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        return self._reply(process, self._seconds)

    def _start(self) -> subprocess.Popen[bytes]:
        self.close()
        home = str(Path(askpkcn.__file__).parent.parent)
        paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        # -P: the folder that is indexed may hold a json.py of its own.
        program = [sys.executable, "-P", "-W", "ignore", "-m", "askpkcn.articles.worker", str(self._megabytes)]
        try:
            self._process = subprocess.Popen(
                program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,  # Ctrl-C is for us; we close the worker
            )
            self._reply(self._process, START_SECONDS)
        except (TimeoutError, _GaveUp, OSError) as error:
            raise _NoStart from error
        return self._process

    def _reply(self, process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
        """Return the worker's next line. Raises TimeoutError, or _GaveUp when there will be none."""
        assert process.stdout is not None  # noqa: S101
        pipe = process.stdout.fileno()
        until = monotonic() + seconds
        parts = [self._unread]
        size = 0
        while b"\n" not in parts[-1]:
            ready, _, _ = select.select([pipe], [], [], max(0.0, until - monotonic()))
            if not ready:
                raise TimeoutError
            parts.append(os.read(pipe, 1 << 20))
            size += len(parts[-1])
            if not parts[-1] or size > MAX_REPLY:
                raise _GaveUp
        line, self._unread = b"".join(parts).split(b"\n", 1)
        reply: dict[str, Any] = json.loads(line)
        return reply
