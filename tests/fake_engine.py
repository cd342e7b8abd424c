"""An engine without models: it quotes the last word of a question wherever the articles hold it."""

from __future__ import annotations

import threading
import time
from datetime import date

from fakes import article

from askpkcn.errors import AskpkcnError
from askpkcn.types import (
    Answer,
    Article,
    Extent,
    Filters,
    Group,
    Hit,
    Near,
    Passage,
    Place,
    Quote,
    Reason,
    Source,
    Timings,
)

DAM = article(
    "The dam at Tarnol 😀 was finished in 1987. It is 40 metres high.", "news/dam.md", "Dawn", date(2022, 2, 7)
)
BRIDGE = article("A bridge stands near the dam. It was finished in 1999.", "news/bridge.md")


class FakeEngine:
    """What the service asks of an engine; `delay` seconds a question, `gate` holds every question back until set."""

    def __init__(self, *held: Article, snapshot: str = "one", delay: float = 0.0) -> None:
        self.held = {one.id: one for one in held or (DAM, BRIDGE)}
        self.snapshot = snapshot
        self.delay = delay
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.passages: list[int] = []
        self.fault: Exception | None = None
        self.faulty: str | None = None
        self.closed = False
        self.next: FakeEngine | AskpkcnError | None = None

    def load(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def outdated(self) -> bool:
        return self.next is not None

    def reopen(self) -> FakeEngine:
        if isinstance(self.next, Exception):
            raise self.next
        return self.next

    def ask(self, question: str, filters: Filters = Filters(), *, max_groups: int = 5, passages: int = 10) -> Answer:  # noqa: B008
        assert not self.closed
        self.asked.append(question)
        self.passages.append(passages)
        self.gate.wait(20)
        time.sleep(self.delay)
        if self.fault and (self.faulty is None or self.faulty in question):
            raise self.fault
        inside = self._inside(filters)
        word = question.split()[-1].strip("?")
        quotes = tuple(_quote(one, word) for one in inside if word in one.text)
        reason = None if quotes else Reason.BELOW_THRESHOLD if inside else Reason.FILTERED_OUT
        groups = {
            "differ": tuple(Group(q.text, 0.8 - i / 10, (q,)) for i, q in enumerate(quotes)),
            "agree": (Group(quotes[0].text, 0.8, quotes),) if quotes else (),
        }["differ" if "differ" in question else "agree"]
        nearest = () if quotes else tuple(Near(one.source, one.text, 0, len(one.text)) for one in inside)
        timings = Timings(1.0, 2.0, 3.0, 4.0, 10.0)
        probability = 0.8 if quotes else 0.1
        assert not self.closed
        return Answer(question, groups[:max_groups], probability, reason, nearest, timings, self.snapshot)

    def search(self, question: str, filters: Filters = Filters(), limit: int = 10) -> list[Hit]:  # noqa: B008
        rows = enumerate(self._inside(filters))
        passages = [Passage(i, one.id, 0, len(one.text), one.text) for i, one in rows]
        return [Hit(passage, 0.5, Place(1, 0.25), None) for passage in passages][:limit]

    def list_articles(self, filters: Filters, after: str, limit: int) -> tuple[list[tuple[Source, int]], int]:
        inside = self._inside(filters)
        return [(one.source, 1) for one in inside if one.id > after][:limit], len(inside)

    @property
    def outlets(self) -> tuple[str, ...]:
        return tuple(sorted({one.source.outlet for one in self.held.values() if one.source.outlet}))

    def article(self, article_id: str) -> Article | None:
        return self.held.get(article_id)

    def source(self, article_id: str) -> Source | None:
        return self.held[article_id].source if article_id in self.held else None

    def _inside(self, filters: Filters) -> list[Article]:
        rows = sorted(self.held.values(), key=lambda one: one.id)
        if filters.outlets:
            names = {name.casefold() for name in filters.outlets}
            rows = [one for one in rows if (one.source.outlet or "").casefold() in names]
        if filters.first or filters.last:
            low, high = filters.first or date.min, filters.last or date.max
            rows = [one for one in rows if one.source.published and low <= one.source.published <= high]
        return rows


def _quote(one: Article, word: str) -> Quote:
    start = one.text.index(word)
    sentence = Extent(one.text, 0, len(one.text))
    return Quote(one.source, word, start, start + len(word), sentence, 0.8)
