"""What the routes ask of the models: one question, several, or a search, through the scheduler."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from askpkcn import schema
from askpkcn.engine import Engine, check_question
from askpkcn.errors import AskpkcnError
from askpkcn.server import problems
from askpkcn.server.keys import Allowance
from askpkcn.server.live import Live
from askpkcn.server.logs import LOGGER, log
from askpkcn.server.metrics import Metrics
from askpkcn.server.problems import Problem
from askpkcn.server.scheduler import Busy, DeadlinePassed, Scheduler
from askpkcn.server.settings import Settings
from askpkcn.types import Filters

Json = dict[str, Any]
R = TypeVar("R")
LONGEST_PAUSE = 60.0
"""Seconds between looks for a new snapshot while it cannot be opened."""


class ClientLeft(Exception):  # noqa: N818
    """The client closed its connection before it had its answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way to the models, with the engine that its request began with."""

    engine: Engine
    question: str
    filters: Filters
    max_groups: int
    passages: int


@dataclass(frozen=True, slots=True)
class Sought:
    """A search on its way to the models."""

    engine: Engine
    question: str
    filters: Filters
    limit: int


class Service:
    """An engine behind a scheduler; use it as an async context manager."""

    def __init__(self, live: Live, settings: Settings, metrics: Metrics) -> None:
        self.live = live
        self.settings = settings
        self._scheduler = Scheduler[Asked | Sought, Json](
            self._run,
            line=settings.queue,
            threads=settings.threads,
        )
        self.metrics = metrics
        self.metrics.watch(lambda: self.waiting)
        self.metrics.live(live.snapshot)
        self._allowance = Allowance(settings.rate, shared=settings.shared) if settings.rate else None
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Service:
        await self._scheduler.__aenter__()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watching:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await self._scheduler.__aexit__()
        self.live.close()
        if self._allowance:
            self._allowance.close()

    @property
    def waiting(self) -> int:
        """How many questions stand in the line."""
        return self._scheduler.waiting

    @property
    def full(self) -> bool:
        """Whether the next question is refused."""
        return self._scheduler.full

    async def ask(
        self, request: Request, questions: Sequence[str], filters: Filters, max_groups: int, passages: int
    ) -> list[Json]:
        """Return the answers to all questions of a request, all from one snapshot, in the schema's form."""
        checked = [check_question(question) for question in questions]
        self._take_allowance(request, checked)
        with self.live.use() as engine:
            works = [Asked(engine, question, filters, max_groups, passages) for question in checked]
            answers = await self._through(request, self._scheduler.submit_all(works, self.settings.deadline))
        for answer in answers:
            self.metrics.answered(answer)
        return answers

    async def search(self, request: Request, question: str, filters: Filters, limit: int) -> Json:
        """Return the passages that a question finds, in the schema's form."""
        checked = check_question(question)
        self._take_allowance(request, [checked])
        with self.live.use() as engine:
            work = Sought(engine, checked, filters, limit)
            return await self._through(request, self._scheduler.submit(work, self.settings.deadline))

    def _take_allowance(self, request: Request, questions: Sequence[str]) -> None:
        if self.settings.log_questions:
            request.state.notes["questions"] = list(questions)
        holder = getattr(request.state, "holder", None)
        if self._allowance and holder is not None:
            seconds = self._allowance.take(holder, len(questions))
            if seconds:
                detail = f"a key may ask {self.settings.rate} questions a minute"
                raise Problem(problems.RATE, detail, {"Retry-After": str(seconds)})

    async def _through(self, request: Request, work: Coroutine[Any, Any, R]) -> R:
        """Return the result of scheduled work, and let go of it when its client leaves."""
        try:
            return await _while_connected(request, work)
        except Busy as busy:
            self.metrics.dropped.labels("queue-full").inc()
            detail = f"ask again in about {busy.seconds} s"
            raise Problem(problems.QUEUE_FULL, detail, {"Retry-After": str(busy.seconds)}) from None
        except DeadlinePassed:
            self.metrics.dropped.labels("deadline").inc()
            raise Problem(problems.DEADLINE, f"it took longer than {self.settings.deadline:g} s") from None
        except ClientLeft:
            self.metrics.dropped.labels("left").inc()
            raise

    def _run(self, work: Asked | Sought) -> Json:
        """Do a piece of work, in a thread of the scheduler."""
        # Its request may have left since; what is under way keeps its engine open.
        with self.live.use(work.engine) as engine:
            if isinstance(work, Sought):
                hits = engine.search(work.question, work.filters, work.limit)
                found = [(hit, source) for hit in hits if (source := engine.source(hit.passage.article_id))]
                rows = schema.hits(found, engine.article)
                return {"question": work.question, "hits": rows, "snapshot": engine.snapshot}
            answer = engine.ask(work.question, work.filters, max_groups=work.max_groups, passages=work.passages)
            return schema.answer(answer, engine.article)

    async def _watch(self) -> None:
        """Look for a new snapshot from time to time, and take it; after a failure, ever less often."""
        pause, failed = self.settings.watch, ""
        while True:
            await asyncio.sleep(pause)
            try:
                taken = await asyncio.to_thread(self.live.refresh)
            except Exception as error:
                self.metrics.snapshots.labels("failed").inc()
                pause = min(2 * pause, max(LONGEST_PAUSE, self.settings.watch))
                why = str(error) if isinstance(error, AskpkcnError) else type(error).__name__
                if why != failed:
                    LOGGER.error("a new snapshot cannot be used; the old one stays", extra={"fields": {"why": why}})
                failed = why
                continue
            pause, failed = self.settings.watch, ""
            if taken:
                self.metrics.snapshots.labels("taken").inc()
                self.metrics.live(self.live.snapshot)
                log("a new snapshot answers", snapshot=self.live.snapshot)


async def _while_connected(request: Request, work: Coroutine[Any, Any, R]) -> R:
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientLeft
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
