"""txtai: its embeddings database, and its extractive question answering.

default   the pipeline of its documentation: the three best passages, joined, read as one text
best      embeddings and keywords (`hybrid`), its own int8 quantisation, each of the ten best passages read alone, the
          first in rank that holds an answer wins (txtai's reader tells no score that would compare them)

txtai's reader raises where the model prefers "no answer"; that is counted as abstaining, as it has no other way to
say it, and then it has no best answer either.
"""

from __future__ import annotations

from pathlib import Path

from contestant import PASSAGES, Found, Passage, cores, encoder, run


class Txtai:
    """An embeddings database and a reader."""

    def __init__(self, task: Path, setting: str) -> None:
        self._reader = str(task / "reader")
        self._best = setting != "default"

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Index the passages and save them."""
        from txtai import Embeddings

        embeddings = Embeddings(path=encoder(), content=True, **({"hybrid": True} if self._best else {}))
        embeddings.index([(passage.number, passage.text, None) for passage in passages])
        folder.mkdir(parents=True, exist_ok=True)
        embeddings.save(str(folder / "embeddings"))

    def open(self, passages: list[Passage], folder: Path) -> None:
        """Load the database and the reader."""
        from txtai import Embeddings
        from txtai.pipeline import RAG, Questions

        self._embeddings = Embeddings()
        self._embeddings.load(str(folder / "embeddings"))
        if self._best:
            import torch

            torch.set_num_threads(cores())
            self._questions = Questions(self._reader, quantize=True, gpu=False)
        else:
            self._rag = RAG(self._embeddings, self._reader, task="question-answering")

    def hits(self, question: str) -> list[int]:
        """Return the best passages."""
        return [int(row["id"]) for row in self._embeddings.search(question, PASSAGES)]

    def ask(self, question: str) -> Found:
        """Retrieve and read."""
        if self._best:
            return self._ask_each(question)
        try:
            answer = self._rag(question)["answer"]
        except TypeError:
            answer = None
        return Found(answer, answer is None, None)

    def _ask_each(self, question: str) -> Found:
        rows = self._embeddings.search(question, PASSAGES)
        hits = [int(row["id"]) for row in rows]
        for row in rows:
            try:
                answer = self._questions([question], [row["text"]])[0]
            except TypeError:
                continue
            if answer:
                return Found(answer, False, None, hits)
        return Found(None, True, None, hits)


if __name__ == "__main__":
    run(Txtai)
