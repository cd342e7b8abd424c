"""Questions wait in one bounded line; a worker takes what waits together to the models, off the event loop.

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
"""How much the last batch counts in what a piece of work is thought to take."""


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
    """Runs work in threads, several pieces at a time; use it as an async context manager.

    `run` gets pieces of work and returns as many results, in order; an Exception among them is raised to its client.
    """

    def __init__(
        self,
        run: Callable[[Sequence[W]], Sequence[R | Exception]],
        *,
        line: int,
        together: int,
        linger: float,
        workers: int = 1,
    ) -> None:
        self._run = run
        self._line, self._together, self._linger, self._workers = line, together, linger, workers
        self._waiting: deque[_Job[W, R]] = deque()
        self._arrived = asyncio.Event()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="askpkcn-models")
        self._tasks: list[asyncio.Task[None]] = []
        self._seconds = 0.3

    async def __aenter__(self) -> Scheduler[W, R]:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]
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

        Only as many as a worker takes at once stand in the line, so that others get their turn between them; each
        such part has the whole deadline.
        """
        if len(self._waiting) + min(len(works), self._together) > self._line and self._waiting:
            raise Busy(max(1, ceil(len(self._waiting) * self._seconds / self._workers)))
        results: list[R] = []
        for at in range(0, len(works), self._together):
            results += await self._through(works[at : at + self._together], deadline)
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
            jobs = await self._take()
            started = perf_counter()
            try:
                results = await loop.run_in_executor(self._pool, self._run, [job.work for job in jobs])
            except Exception as error:
                results = [error] * len(jobs)
            if jobs:
                spent = (perf_counter() - started) / len(jobs)
                self._seconds += SMOOTHING * (spent - self._seconds)
            for job, result in zip(jobs, results, strict=True):
                if job.done.done():
                    continue  # its client has left
                if isinstance(result, Exception):
                    job.done.set_exception(result)
                else:
                    job.done.set_result(result)

    async def _take(self) -> list[_Job[W, R]]:
        """Wait for work, and a little more for what comes with it; leave the other workers their share."""
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            if self._linger and len(self._waiting) < self._together:
                await asyncio.sleep(self._linger)
            fair = ceil(len(self._waiting) / self._workers)
            taken = [self._waiting.popleft() for _ in range(min(self._together, fair))]
            if taken:
                return taken
