"""Stand-ins that are deterministic and fast, and short ways to make the domain's values."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import numpy as np

from askpkcn import articles
from askpkcn.encoder import EncoderCard, Rows
from askpkcn.passages import PassageSettings, passages, sentences
from askpkcn.types import Article, Extent, Passage, Source, earliest


class HashEncoder:
    """A PassageEncoder whose vectors depend on nothing but the text and the name."""

    def __init__(self, name: str = "hashes", dimension: int = 16) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()
        self.card = EncoderCard(name, digest, dimension, 256, "", ("input_ids", "attention_mask"))
        self.embedded: list[str] = []

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None]) -> Rows:
        self.embedded += texts
        progress(len(texts))
        return np.stack([unit(self.card.name + text, self.card.dimension) for text in texts])

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "encoder.json").write_text(json.dumps(asdict(self.card)), encoding="utf-8")
        (folder / "tokenizer.json").write_text('{"stands": "in"}', encoding="utf-8")
        (folder / "model.onnx").write_bytes(b"no model")


def unit(text: str, dimension: int = 16) -> Rows:
    """Return a unit vector that depends on the text alone, float32, shape (dimension,)."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    row = np.random.default_rng(seed).normal(size=dimension)
    return (row / np.linalg.norm(row)).astype(np.float32)


def source(id: str = "folder/one.md", outlet: str | None = None, published: date | None = None) -> Source:
    return Source(id, id, outlet, None, published, None)


def article(text: str, id: str = "folder/one.md", outlet: str | None = None, published: date | None = None) -> Article:
    return articles.make(source(id, outlet, published), text)


def cut(one: Article, budget: int = 160, overlap: int = 1, first: int = 0) -> list[Passage]:
    return passages(one, sentences(one.text), PassageSettings(budget, overlap), first)


class Shelf:
    """The answerer's Library, in memory."""

    def __init__(self, *held: Article) -> None:
        self._held = {one.id: one for one in held}
        self.stories: dict[str, str] = {}

    def article(self, article_id: str) -> Article | None:
        return self._held.get(article_id)

    def sentence_around(self, article: Article, start: int, end: int) -> Extent:
        touched = [(low, high) for low, high in sentences(article.text) if high > start and low < end]
        low, high = touched[0][0], touched[-1][1]
        return Extent(article.text[low:high], low, high)

    def story(self, article_id: str) -> str | None:
        return self.stories.get(article_id)

    def teller(self, article_id: str) -> Article | None:
        return self.article(article_id)

    def copies(self, article_id: str) -> tuple[Source, ...]:
        story = self.story(article_id)
        others = [id for id, name in self.stories.items() if story and name == story and id != article_id]
        return tuple(sorted((self._held[id].source for id in others), key=earliest))
