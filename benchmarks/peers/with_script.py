"""The script that a user would write: sentence-transformers, FAISS, and transformers' question-answering pipeline.

default   every library at its defaults: one passage after another through the pipeline, the surest span wins
best      all ten passages in one call, unpadded, in the number format that is fastest here; "no answer" allowed, as
          the pipeline's documentation offers for readers trained with it
"""

from __future__ import annotations

from pathlib import Path

from contestant import PASSAGES, Found, Passage, cores, encoder, run


class Script:
    """Dense retrieval, then the pipeline."""

    def __init__(self, task: Path, setting: str) -> None:
        self._reader = str(task / "reader")
        self._setting = setting

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Embed, and write a flat index."""
        import faiss
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(encoder())
        rows = model.encode([passage.text for passage in passages], normalize_embeddings=True)
        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index(index, str(folder / "vectors.faiss"))

    def open(self, passages: list[Passage], folder: Path) -> None:
        """Load both models and the index."""
        import faiss
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers import pipeline

        self._passages = passages
        self._model = SentenceTransformer(encoder())
        self._index = faiss.read_index(str(folder / "vectors.faiss"))
        self._answer = pipeline("question-answering", model=self._reader)
        if self._setting != "default":
            torch.set_num_threads(cores())
            linear = {torch.nn.Linear}
            self._answer.model = torch.ao.quantization.quantize_dynamic(self._answer.model, linear, torch.qint8)

    def hits(self, question: str) -> list[int]:
        """Return the nearest passages."""
        row = self._model.encode([question], normalize_embeddings=True)
        return [int(number) for number in self._index.search(row, PASSAGES)[1][0] if number >= 0]

    def ask(self, question: str) -> Found:
        """Read the nearest passages, and give the surest span."""
        hits = self.hits(question)
        texts = [self._passages[number].text for number in hits]
        if self._setting == "default":
            found = [self._answer(question=question, context=text) for text in texts]
            best = max(found, key=lambda one: one["score"])
            return Found(best["answer"], False, best["score"], hits)
        asked = {"question": [question] * len(texts), "context": texts}
        found = self._answer(**asked, handle_impossible_answer=True, top_k=2, max_answer_len=30, max_seq_len=512)
        spans = [one for each in found for one in each if one["answer"]]
        best = max(spans, key=lambda one: one["score"])
        return Found(best["answer"], all(not each[0]["answer"] for each in found), best["score"], hits)


if __name__ == "__main__":
    run(Script)
