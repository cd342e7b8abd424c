"""Questions wait in one bounded line; a few threads take them to the models one by one, off the event loop.

All state belongs to the event loop: there are no locks. A question whose client leaves, or whose deadline passes,
is out of the line at once, and costs nothing more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from time import perf_counter
from typing import Generic, TypeVar

W = TypeVar("W")
R = TypeVar("R")

SMOOTHING = 0.2
"""How much the last piece of work counts in what one is thought to take."""


class Busy(Exception):  # noqa: N818 - a state, told to the client, rather than a fault
    """The line is full; `seconds` tells about when it will be shorter."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class DeadlinePassed(Exception):  # noqa: N818
    """A piece of work was not done in time."""


@dataclass(slots=True, eq=False)
class _Job(Generic[W, R]):
    work: W
    done: asyncio.Future[R]


class Scheduler(Generic[W, R]):
    """Runs work in threads, in the order it came; use it as an async context manager."""

    def __init__(self, run: Callable[[W], R], *, line: int, threads: int) -> None:
        self._run = run
        self._line, self._threads = line, threads
        self._waiting: deque[_Job[W, R]] = deque()
        self._arrived = asyncio.Event()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="askpkcn-models")
        self._tasks: list[asyncio.Task[None]] = []
        self._seconds = 0.3

    async def __aenter__(self) -> Scheduler[W, R]:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._threads)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for job in self._waiting:
            job.done.cancel()
        await asyncio.to_thread(self._pool.shutdown)

    @property
    def waiting(self) -> int:
        """How many pieces of work stand in the line."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether the next piece of work is refused."""
        return len(self._waiting) >= self._line

    async def submit(self, work: W, deadline: float) -> R:
        """Return the result of a piece of work. Raises Busy at once, or DeadlinePassed after `deadline` seconds."""
        (result,) = await self.submit_all([work], deadline)
        return result

    async def submit_all(self, works: Sequence[W], deadline: float) -> list[R]:
        """Return the results of all pieces of work of one request; raises as `submit`, and what its work raises.

        Only as many as there are threads stand in the line, so that others get their turn between them; each such
        part has the whole deadline.
        """
        if self.full:
            raise Busy(max(1, ceil(len(self._waiting) * self._seconds / self._threads)))
        results: list[R] = []
        for at in range(0, len(works), self._threads):
            results += await self._through(works[at : at + self._threads], deadline)
        return results

    async def _through(self, works: Sequence[W], deadline: float) -> list[R]:
        loop = asyncio.get_running_loop()
        jobs = [_Job[W, R](work, loop.create_future()) for work in works]
        self._waiting.extend(jobs)
        self._arrived.set()
        limit = asyncio.timeout(deadline)
        try:
            async with limit:
                return await asyncio.gather(*(job.done for job in jobs))
        except TimeoutError as error:
            if limit.expired():
                raise DeadlinePassed from error
            raise  # the work's own
        finally:
            for job in jobs:
                job.done.cancel()
                with suppress(ValueError):
                    self._waiting.remove(job)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            job = self._waiting.popleft()
            started = perf_counter()
            try:
                result = await loop.run_in_executor(self._pool, self._run, job.work)
            except Exception as error:
                if not job.done.done():  # or its client has left
                    job.done.set_exception(error)
            else:
                if not job.done.done():
                    job.done.set_result(result)
            self._seconds += SMOOTHING * (perf_counter() - started - self._seconds)
