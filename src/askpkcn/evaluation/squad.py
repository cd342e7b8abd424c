"""Any SQuAD file as articles and questions: each paragraph one article, the whole file the collection."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askpkcn.errors import EvaluationError
from askpkcn.evaluation.questions import Gold, Question, TextOf
from askpkcn.evaluation.rows import Row
from askpkcn.text import normalise
from askpkcn.types import Filters

SPLIT = "test"
"""Nothing is chosen on such a file."""
KINDS = ("how many", "how much", "who", "when", "where", "which", "why", "how", "what")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the file with its answers' offsets in the raw paragraph, which is `paragraph` in the file."""

    id: str
    text: str
    paragraph: int
    answers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Squad:
    """A SQuAD file: its paragraphs, its questions, and the sha256 of its bytes."""

    paragraphs: tuple[str, ...]
    questions: tuple[Asked, ...]
    sha256: str


def read(file: Path) -> Squad:
    """Read a SQuAD v1.1 or v2.0 file, gzipped or not. Raises EvaluationError if it is none."""
    try:
        data = file.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        paragraphs, questions = _parse(json.loads(text))
    except OSError as error:
        raise EvaluationError(f"{file} cannot be read ({error.strerror or error}); check --squad") from error
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zlib.error) as error:
        why = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise EvaluationError(f"{file} is no SQuAD file ({why}); it needs data[].paragraphs[].qas[]") from error
    if not questions:
        raise EvaluationError(f"{file} holds no question; name another --squad")
    return Squad(tuple(paragraphs), tuple(questions), hashlib.sha256(data).hexdigest())


def _parse(whole: Mapping[str, Any]) -> tuple[list[str], list[Asked]]:
    numbers: dict[str, int] = {}  # one article for a paragraph that stands in the file twice
    questions: dict[str, Asked] = {}
    for article in whole["data"]:
        for paragraph in article["paragraphs"]:
            number = numbers.setdefault(str(paragraph["context"]), len(numbers))
            for asked in paragraph["qas"]:
                known = () if asked.get("is_impossible") else asked["answers"]
                answers = tuple((str(a["text"]), int(a["answer_start"])) for a in known if str(a["text"]).strip())
                text = " ".join(str(asked["question"]).split())
                questions.setdefault(str(asked["id"]), Asked(str(asked["id"]), text, number, answers))
    return list(numbers), [q for q in questions.values() if any(c.isalnum() for c in q.text)]


def write_articles(squad: Squad, folder: Path) -> list[str]:
    """Write each paragraph as a plain text file and return their article ids, in order of the paragraphs."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = []
    for number, paragraph in enumerate(squad.paragraphs):
        (folder / f"{number:06}.txt").write_text(paragraph, encoding="utf-8", errors="ignore", newline="")
        ids.append(f"{folder.name}/{number:06}.txt")
    return ids


def questions(squad: Squad, ids: Sequence[str], text_of: TextOf) -> Iterator[Question]:
    """Yield the file's questions with golds in the articles of `ids`, whose texts `text_of` gives.

    A question with answers whose paragraph is not indexed keeps a gold that nothing can find: it counts as lost.
    """
    for asked in squad.questions:
        article = ids[asked.paragraph]
        text, raw = text_of(article), squad.paragraphs[asked.paragraph]
        golds = [_gold(article, text, raw, answer, start) for answer, start in asked.answers]
        yield Question(
            id=asked.id,
            text=asked.text,
            kind=next((kind for kind in KINDS if f"{kind} " in f"{asked.text.lower()} "), "other"),
            answers=tuple(dict.fromkeys(normalise(answer).strip() for answer, _ in asked.answers)),
            golds=tuple(dict.fromkeys(golds)),
            wording="",
            category="" if asked.answers else "unanswerable",
            split=SPLIT,
            filters=Filters(),
        )


def _gold(article: str, text: str | None, raw: str, answer: str, start: int) -> Gold:
    """Place an answer in the article's text, which is the raw paragraph, normalised and stripped."""
    quote = normalise(answer).strip()
    if text is None:
        return Gold(article, quote, start, start + len(quote))
    lead = len(normalise(raw)) - len(normalise(raw).lstrip())
    guess = len(normalise(raw[:start])) - lead
    places = list(_occurrences(text, quote))
    at = min(places, key=lambda place: abs(place - guess)) if places else max(guess, 0)
    return Gold(article, quote, at, at + len(quote))


def _occurrences(text: str, quote: str) -> Iterator[int]:
    at = text.find(quote)
    while at >= 0:
        yield at
        at = text.find(quote, at + 1)


def write_predictions(rows: Iterable[Row], folder: Path) -> None:
    """Write what SQuAD's official scripts read: answers by question id ("" for none), and how sure there is none."""
    kept = list(rows)
    given = {row["id"]: row["answer"]["groups"][0]["text"] if row["answer"]["groups"] else "" for row in kept}
    none = {row["id"]: round(1 - row["values"]["probability"], 6) for row in kept}
    for name, values in (("squad-predictions.json", given), ("squad-na-probs.json", none)):
        (folder / name).write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
