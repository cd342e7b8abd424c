"""askpkcn itself, as shipped."""

from __future__ import annotations

from pathlib import Path

from contestant import Found, Passage, run


class Askpkcn:
    """The engine over an index of the command line's making."""

    def __init__(self, task: Path, setting: str) -> None:
        self._task = task

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Index the task's articles, as `askpkcn index` does."""
        from askpkcn.building import open_encoder
        from askpkcn.index import build

        build([Path((self._task / "articles").read_text().strip())], folder, lambda: open_encoder(None))

    def open(self, passages: list[Passage], folder: Path) -> None:
        """Open the index and load the models."""
        from askpkcn.engine import Engine

        self._numbers = {passage.text: passage.number for passage in passages}
        self._engine = Engine(folder)
        self._engine.load()

    def ask(self, question: str) -> Found:
        """Answer as `askpkcn ask` does."""
        trace = self._engine.trace(question)
        hits = [self._numbers[hit.passage.text] for hit in trace.hits]
        if not trace.candidates:
            return Found(None, True, None, hits)
        first = trace.candidates[0]
        best = first.article.text[first.span.start : first.span.end]
        return Found(best, not trace.answer.answered, trace.answer.probability, hits)

    def hits(self, question: str) -> list[int]:
        """Return what was retrieved."""
        return [self._numbers[hit.passage.text] for hit in self._engine.search(question)]


if __name__ == "__main__":
    run(Askpkcn)
