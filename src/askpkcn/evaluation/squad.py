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

from askpkcn.engine import check_question
from askpkcn.errors import EvaluationError, QuestionError
from askpkcn.evaluation.questions import Gold, Question, TextOf
from askpkcn.evaluation.rows import Row
from askpkcn.text import normalise
from askpkcn.types import Filters

PARAGRAPHS = "paragraphs.jsonl"
SPLIT = "test"
"""Nothing is chosen on such a file."""
BROKEN = (EOFError, RecursionError, zlib.error)
KINDS = ("how many", "how much", "who", "when", "where", "which", "why", "how", "what")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a paragraph, by number; each answer as its text has it, and about where it stands there."""

    id: str
    text: str
    paragraph: int
    answers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Squad:
    """A SQuAD file: its paragraphs as articles have them, its questions, and the sha256 of its bytes."""

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
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, *BROKEN) as error:
        why = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise EvaluationError(f"{file} is no SQuAD file ({why}); it needs data[].paragraphs[].qas[]") from error
    if not questions:
        raise EvaluationError(f"{file} holds no question; name another --squad")
    return Squad(tuple(paragraphs), tuple(questions), hashlib.sha256(data).hexdigest())


def _parse(whole: Mapping[str, Any]) -> tuple[list[str], list[Asked]]:
    numbers: dict[str, int] = {}  # one article for a text that stands in the file twice
    questions: dict[str, Asked] = {}
    for article in whole["data"]:
        for paragraph in article["paragraphs"]:
            raw = str(paragraph["context"])
            number = numbers.setdefault(normalise(raw).strip(), len(numbers))
            for asked in paragraph["qas"]:
                known = () if asked.get("is_impossible") else asked["answers"]
                answers = tuple(_answer(raw, str(a["text"]), int(a["answer_start"])) for a in known)
                answers = tuple((answer, about) for answer, about in answers if answer)
                text = " ".join(normalise(str(asked["question"])).split())
                questions.setdefault(str(asked["id"]), Asked(str(asked["id"]), text, number, answers))
    return list(numbers), [q for q in questions.values() if _askable(q.text)]


def _askable(text: str) -> bool:
    try:
        return bool(check_question(text))
    except QuestionError:
        return False


def _answer(raw: str, answer: str, start: int) -> tuple[str, int]:
    """Return an answer and its offset, both as if the paragraph had been normalised and stripped.

    The offset can be off by one where normalisation joins characters across the answer's start.
    """
    whole, found = normalise(raw), normalise(answer)
    lead, indent = (len(text) - len(text.lstrip()) for text in (whole, found))
    return found.strip(), max(len(normalise(raw[: max(start, 0)])) + indent - lead, 0)


def write_articles(squad: Squad, folder: Path) -> list[str]:
    """Write the paragraphs as JSON Lines, which are read as they are, and return their article ids, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number:06}" for number in range(len(squad.paragraphs))]
    rows = (json.dumps({"id": name, "text": text}) for name, text in zip(names, squad.paragraphs, strict=True))
    (folder / PARAGRAPHS).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return [f"{folder.name}/{PARAGRAPHS}#{name}" for name in names]


def questions(squad: Squad, ids: Sequence[str], text_of: TextOf) -> Iterator[Question]:
    """Yield the file's questions with golds in the articles of `ids`, whose texts `text_of` gives.

    A question with answers whose paragraph is not indexed keeps a gold that nothing can find: it counts as lost.
    """
    for asked in squad.questions:
        article = ids[asked.paragraph]
        text = text_of(article)
        golds = [_gold(article, text, answer, about) for answer, about in asked.answers]
        yield Question(
            id=asked.id,
            text=asked.text,
            kind=next((kind for kind in KINDS if f"{kind} " in f"{asked.text.lower()} "), "other"),
            answers=tuple(dict.fromkeys(answer for answer, _ in asked.answers)),
            golds=tuple(dict.fromkeys(golds)),
            wording="",
            category="" if asked.answers else "unanswerable",
            split=SPLIT,
            filters=Filters(),
        )


def _gold(article: str, text: str | None, quote: str, about: int) -> Gold:
    """Place an answer where the article has it nearest to `about`."""
    places = _occurrences(text, quote) if text else ()
    at = min(places, key=lambda place: abs(place - about), default=about)
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
        text = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
