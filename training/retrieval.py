"""For each question, the paragraphs of its own file that the two rankings of the product put first.

They become negatives: paragraphs that a user's question would really meet. The result is cached, because
embedding the paragraphs takes minutes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tantivy
import torch
from sentence_transformers import SentenceTransformer

from training.corpus import Corpus

CANDIDATES = 16
FUSION_K = 60
READING = ("new_wiki", "reddit", "amazon", "policyqa")
"""Each is a collection of its own."""


def candidates(corpus: Corpus, model: Path, cache: Path, collections: Sequence[str] = READING) -> np.ndarray:
    """Return paragraph indices, int32, shape (n_questions, CANDIDATES), best first, -1 where there are fewer.

    A collection is all files whose names start alike; a question is asked of its own.
    """
    if cache.exists():
        return np.load(cache)
    encoder = SentenceTransformer(str(model), device="cpu").bfloat16()
    found = np.full((len(corpus.questions), CANDIDATES), -1, dtype=np.int32)
    for file in collections:
        paragraphs = [i for i, p in enumerate(corpus.paragraphs) if p.file.startswith(file)]
        members = set(paragraphs)
        questions = [i for i, q in enumerate(corpus.questions) if q.paragraph in members]
        dense = _dense(encoder, corpus, paragraphs, questions)
        keywords = _keywords(corpus, paragraphs, questions)
        for question, by_vector, by_words in zip(questions, dense, keywords, strict=True):
            scores: dict[int, float] = {}
            for ranking in (by_vector, by_words):
                for rank, paragraph in enumerate(ranking):
                    scores[paragraph] = scores.get(paragraph, 0.0) + 1.0 / (FUSION_K + rank)
            best = sorted(scores, key=lambda p: (-scores[p], p))[:CANDIDATES]
            found[question, : len(best)] = best
        print(f"retrieval: {file}: {len(paragraphs)} paragraphs, {len(questions)} questions", flush=True)
    partial = cache.with_name("partial.npy")
    np.save(partial, found)
    partial.replace(cache)
    return found


def written_candidates(corpus: Corpus, model: Path, folder: Path) -> np.ndarray:
    """Return the candidates of the texts written for training; the cache, in folder, is named by what they say."""
    said = "\0".join([*(p.text for p in corpus.paragraphs), *(q.text for q in corpus.questions)])
    name = hashlib.sha256(said.encode()).hexdigest()[:12]
    return candidates(corpus, model, folder / f"candidates-{name}.npy", ["written"])


def _dense(encoder: SentenceTransformer, corpus: Corpus, paragraphs: list[int], questions: list[int]) -> list:
    with torch.inference_mode():
        texts = [corpus.paragraphs[i].text for i in paragraphs]
        rows = encoder.encode(texts, batch_size=64, convert_to_tensor=True).float()
        asked = [corpus.questions[i].text for i in questions]
        similar = encoder.encode(asked, batch_size=256, convert_to_tensor=True).float() @ rows.T
        top = similar.topk(CANDIDATES, dim=1).indices.numpy()
    return [[paragraphs[j] for j in row] for row in top]


def _keywords(corpus: Corpus, paragraphs: list[int], questions: list[int]) -> list:
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("text", tokenizer_name="en_stem")
    schema.add_integer_field("paragraph", stored=True)
    index = tantivy.Index(schema.build())
    writer = index.writer()
    for i in paragraphs:
        writer.add_document(tantivy.Document(text=corpus.paragraphs[i].text, paragraph=i))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    rankings = []
    for i in questions:
        words = " ".join(re.findall(r"\w+", corpus.questions[i].text.lower()))
        hits = searcher.search(index.parse_query_lenient(words, ["text"])[0], CANDIDATES).hits
        rankings.append([searcher.doc(address)["paragraph"][0] for _, address in hits])
    return rankings
