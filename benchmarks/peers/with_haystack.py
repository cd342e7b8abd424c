"""Haystack: its in-memory store and retriever, its embedders, and its extractive reader.

default    the pipeline of its documentation: embedder, embedding retriever (10 documents), reader
best       embeddings and BM25 joined by reciprocal rank, windows read in small batches of little padding, in the
           number format that is fastest here, one answer a window
segments   best, and the reader's model told which tokens are the passage's: Haystack leaves token_type_ids out,
           which a BERT reader was trained with. No option of Haystack does it; it shows what that costs in answers
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contestant import PASSAGES, Found, Passage, cores, encoder, run


class Haystack:
    """A Haystack pipeline."""

    def __init__(self, task: Path, setting: str) -> None:
        self._reader = str(task / "reader")
        self._setting = setting

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Embed and store the documents."""
        from haystack import Document
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
        )

        store = InMemoryDocumentStore()
        embedder = SentenceTransformersDocumentEmbedder(model=encoder(), progress_bar=False)
        embedder.warm_up()
        documents = [Document(content=passage.text, meta={"number": passage.number}) for passage in passages]
        store.write_documents(embedder.run(documents=documents)["documents"])
        folder.mkdir(parents=True, exist_ok=True)
        store.save_to_disk(str(folder / "documents.json"))

    def open(self, passages: list[Passage], folder: Path) -> None:
        """Assemble the pipeline."""
        from haystack import Pipeline
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder

        store = InMemoryDocumentStore.load_from_disk(str(folder / "documents.json"))
        self._retrieval = retrieval = Pipeline()
        retrieval.add_component("embedder", SentenceTransformersTextEmbedder(model=encoder(), progress_bar=False))
        retrieval.add_component("dense", InMemoryEmbeddingRetriever(store))
        retrieval.connect("embedder.embedding", "dense.query_embedding")
        self._last, self._inputs = "dense", ["embedder.text"]
        if self._setting != "default":
            from haystack.components.joiners import DocumentJoiner

            retrieval.add_component("keywords", InMemoryBM25Retriever(store))
            retrieval.add_component("join", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=PASSAGES))
            retrieval.connect("dense", "join")
            retrieval.connect("keywords", "join")
            self._last = "join"
            self._inputs.append("keywords.query")
        retrieval.warm_up()
        self._answer = self._open_reader()

    def _open_reader(self) -> Any:
        import torch
        from haystack_integrations.components.readers.transformers import TransformersExtractiveReader

        if self._setting == "default":
            reader = TransformersExtractiveReader(model=self._reader)
            reader.warm_up()
            return reader
        torch.set_num_threads(cores())
        options = {"max_seq_length": 512, "max_batch_size": 1, "answers_per_seq": 1, "top_k": 5}
        reader = TransformersExtractiveReader(model=self._reader, **options)
        reader.warm_up()
        reader.model = torch.ao.quantization.quantize_dynamic(reader.model, {torch.nn.Linear}, torch.qint8)
        if self._setting == "segments":
            _tell_segments(reader.model, reader.tokenizer.sep_token_id)
        return reader

    def hits(self, question: str) -> list[int]:
        """Return the numbers of the documents retrieved."""
        return [document.meta["number"] for document in self._retrieve(question)]

    def _retrieve(self, question: str) -> list[Any]:
        inputs: dict[str, dict[str, str]] = {}
        for name in self._inputs:
            component, _, socket = name.partition(".")
            inputs[component] = {socket: question}
        return list(self._retrieval.run(inputs)[self._last]["documents"])

    def ask(self, question: str) -> Found:
        """Retrieve and read; Haystack abstains where its own "no answer" comes first."""
        documents = self._retrieve(question)
        answers = self._answer.run(query=question, documents=documents)["answers"]
        hits = [document.meta["number"] for document in documents]
        spans = [answer for answer in answers if answer.data is not None]
        if not spans:
            return Found(None, True, None, hits)
        return Found(spans[0].data, answers[0].data is None, spans[0].score, hits)


def _tell_segments(model: Any, separator: int) -> None:
    """Have a model be given segment 1 for the tokens after the first separator."""
    forward = model.forward

    def told(input_ids: Any, attention_mask: Any) -> Any:
        separators = (input_ids == separator).long()
        before = separators.cumsum(1) - separators
        return forward(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=(before == 1).long())

    model.forward = told


if __name__ == "__main__":
    run(Haystack)
