"""How often are the right passages among the first? `python benchmarks/retrieval.py [--index DIR] [--articles DIR]`.

For each passage budget, rank constant k and keyword weight: the share of the hand-written answerable questions for
which one of the first n passages is of a gold article and holds an answer (success at n), for questions near the
text and for reworded ones. The question encoder is that of the index.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from askpkcn import articles, keywords
from askpkcn.encoder import QuestionEncoder
from askpkcn.passages import PassageSettings, passages, sentences
from askpkcn.retriever import FusionSettings, Retriever
from askpkcn.snapshot import open_snapshot
from askpkcn.types import Article, Filters, Passage, Ranked

ROOT = Path(__file__).parent.parent
BUDGETS, CONSTANTS, WEIGHTS, DEPTHS = (128, 160, 200), (5.0, 20.0, 60.0), (0.0, 0.5, 0.7, 1.0), (1, 5, 10)


class Fixed:
    """Rankings over passages in memory."""

    def __init__(self, made: list[Passage], found: list[Article], encoder: QuestionEncoder, folder: Path) -> None:
        self.made = made
        self.rows = np.stack([encoder.embed_question(passage.text) for passage in made])
        sources = {article.id: article.source for article in found}
        keywords.write(((passage, sources[passage.article_id]) for passage in made), folder)
        self.keywords = keywords.Keywords(folder)

    def passages(self, numbers: Sequence[int]) -> list[Passage]:
        """Return passages by number."""
        return [self.made[number] for number in numbers]

    def dense(self, vector: np.ndarray, filters: Filters, limit: int) -> list[Ranked]:
        """Rank by cosine similarity."""
        similar = self.rows @ vector
        return [Ranked(int(i), float(similar[i])) for i in np.argsort(-similar)[:limit]]

    def keyword(self, question: str, filters: Filters, limit: int) -> list[Ranked]:
        """Rank by BM25."""
        return self.keywords.best(question, limit, filters)


def golds(found: list[Article], folder: Path) -> dict[str, str]:
    """Return the article's file in folder for each brief's name: itself, or the brief's source."""
    names = {Path(article.id).name for article in found}
    made = {}
    for brief in (ROOT / "seeds").glob("*.md"):
        source = re.search(r'^source: *"?([^"\n]+)', brief.read_text(encoding="utf-8"), re.MULTILINE)
        made[brief.name] = brief.name if brief.name in names else source.group(1) if source else ""
    return made


def main() -> None:
    """Print one row a setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--articles", type=Path, default=ROOT / "seeds")
    options = parser.parse_args()
    encoder = QuestionEncoder(open_snapshot(options.index).encoder_folder)
    found = [articles.read(each) for each in articles.find([options.articles])]
    files = golds(found, options.articles)
    lines = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [row for row in map(json.loads, lines) if row["answerable"] and not row["filters"]]
    vectors = {row["id"]: encoder.embed_question(row["question"]) for row in asked}
    print(
        "| budget | passages | k | keyword weight | " + " | ".join(f"near @{n} | reworded @{n}" for n in DEPTHS) + " |"
    )
    print("|" + "---|" * (4 + 2 * len(DEPTHS)))
    for budget in BUDGETS:
        made: list[Passage] = []
        for article in found:
            made += passages(article, sentences(article.text), PassageSettings(budget), first=len(made))
        with tempfile.TemporaryDirectory() as folder:
            rankings = Fixed(made, found, encoder, Path(folder) / "keywords")
            for k, weight in itertools.product(CONSTANTS, WEIGHTS):
                retriever = Retriever(rankings, rankings.passages, FusionSettings(1.0, weight, k))
                ranks: dict[str, list[int]] = {"near": [], "reworded": []}
                for row in asked:
                    hits = retriever.retrieve(row["question"], vectors[row["id"]], Filters(), max(DEPTHS))
                    right = {files[Path(gold["article"]).name] for gold in row["gold"]}
                    pattern = "|".join(rf"(?<!\w){re.escape(answer)}(?!\w)" for answer in row["answers"])
                    places = (
                        n
                        for n, hit in enumerate(hits, 1)
                        if Path(hit.passage.article_id).name in right and re.search(pattern, hit.passage.text, re.I)
                    )
                    ranks[row["wording"]].append(next(places, 999))
                cells = [f"{np.mean(np.array(ranks[w]) <= n):.2f}" for n in DEPTHS for w in ("near", "reworded")]
                print(f"| {budget} | {len(made)} | {k:g} | {weight} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
