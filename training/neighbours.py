"""Write the table of near neighbours: words of the training questions and passages, by the encoder's own vectors."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from sentence_transformers import SentenceTransformer

from training.corpus import Corpus
from training.wording import STOP, Neighbours, build_neighbours

LEAST_SIMILARITY = 0.66


def neighbours(corpus: Corpus, model: Path, cache: Path) -> Neighbours:
    """Return the table, from the cache where it exists."""
    if not cache.exists():
        counts: Counter[str] = Counter()
        for paragraph in corpus.paragraphs:
            counts.update(re.findall(r"(?<=[a-z,] )[a-z]{3,}\b", paragraph.text))
        for question in corpus.questions:
            counts.update(re.findall(r"(?<= )[a-z]{3,}\b", question.text))
        words = sorted(w for w, n in counts.items() if n >= 6 and w not in STOP)
        encoder = SentenceTransformer(str(model), device="cpu")
        table = build_neighbours(words, encoder.encode(words, batch_size=512), LEAST_SIMILARITY)
        partial = cache.with_suffix(".partial")
        partial.write_text("".join(f"{w} {' '.join(near)}\n" for w, near in table.of.items()), encoding="utf-8")
        partial.replace(cache)
    return Neighbours.load(cache)
