"""The file of hand-written questions: reading, checking, and finding the offsets of its golds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from askpkcn.engine import check_question
from askpkcn.errors import EvaluationError, QuestionError
from askpkcn.evaluation.measures import hold_one_another
from askpkcn.types import Filters

KINDS = ("who", "when", "where", "how many", "how much", "which", "what", "why/how")
WORDINGS = ("near", "reworded")
SPLITS = ("dev", "test")
ANSWERABLE = ("plain", "differs", "several", "filtered", "list")
UNANSWERABLE = ("off topic", "not told", "near miss", "false premise")

TextOf = Callable[[str], str | None]
"""The text of the article with an id, or None if there is no such article."""


@dataclass(frozen=True, slots=True)
class Gold:
    """A place that answers a question: `article.text[start:end] == quote`; context tells it from its like."""

    article: str
    quote: str
    start: int
    end: int
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question with all acceptable answers and the places that tell them; no answers: the articles don't tell."""

    id: str
    text: str
    kind: str
    answers: tuple[str, ...]
    golds: tuple[Gold, ...]
    wording: str
    category: str
    split: str
    filters: Filters

    @property
    def answerable(self) -> bool:
        """Tell whether the articles answer it."""
        return bool(self.answers)


def load(file: Path) -> list[Question]:
    """Read a questions file. Raises EvaluationError, naming the line, if it is none."""
    questions = []
    for number, row in rows(file):
        try:
            questions.append(_question(row))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            why = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise EvaluationError(
                f"{file}, line {number}: {why}; docs/evaluation.md tells the format, and "
                "`askpkcn eval locate` fills in offsets"
            ) from error
    if not questions:
        raise EvaluationError(f"{file} holds no question; write some, as docs/evaluation.md tells")
    return questions


def rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, JSON object) of every line. Raises EvaluationError."""
    if not file.is_file():
        raise EvaluationError(f"there is no file {file}; name a questions file with --questions")
    try:
        lines = file.read_text(encoding="utf-8").split("\n")  # JSON strings may hold U+2028 and its like as they are
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{file} is not UTF-8; convert it, for example with `iconv`") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise EvaluationError(f"{file}, line {number} is no JSON ({error}); mend it") from error
            if not isinstance(row, dict):
                raise EvaluationError(f"{file}, line {number} is no JSON object; mend it")
            yield number, row


def _question(row: Mapping[str, Any]) -> Question:
    if bool(row["answers"]) != row["answerable"]:
        raise ValueError('"answerable" and "answers" contradict one another')
    for name in ("id", "question", "kind", "wording", "category", "split"):
        if not isinstance(row[name], str) or not row[name].strip():
            raise ValueError(f'"{name}" is no text')
    for name, value in (("answers", row["answers"]), ("outlet", row["filters"].get("outlet", []))):
        if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
            raise ValueError(f'"{name}" is no list of texts')
    unknown = set(row["filters"]) - {"outlet", "from", "to"}
    if unknown:
        raise ValueError(f"there is no filter {min(unknown)!r}")
    days = [date.fromisoformat(row["filters"][name]) if name in row["filters"] else None for name in ("from", "to")]
    return Question(
        id=row["id"],
        text=row["question"],
        kind=row["kind"],
        answers=tuple(row["answers"]),
        golds=tuple(
            Gold(str(g["article"]), str(g["quote"]), int(g["start"]), int(g["end"]), g.get("context"))
            for g in _golds(row["gold"])
        ),
        wording=row["wording"],
        category=row["category"],
        split=row["split"],
        filters=Filters(tuple(row["filters"].get("outlet", ())), *days),
    )


def _golds(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(gold, dict) for gold in value):
        raise ValueError('"gold" is no list of objects')
    return value


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a question; absent tells that the index lacks its article, which is no fault of the file."""

    question: str
    text: str
    absent: bool = False

    def __str__(self) -> str:
        return f"{self.question}: {self.text}"


def check(questions: Sequence[Question], text_of: TextOf) -> list[Problem]:
    """Return what is wrong with the questions; text_of gives the articles that they are about."""
    problems = []
    ids: set[str] = set()
    asked: dict[str, str] = {}
    for question in questions:
        if question.id in ids:
            problems.append(Problem(question.id, "this id is used twice"))
        ids.add(question.id)
        words = " ".join(question.text.lower().split()).rstrip("?!. ")
        key = f"{words} {question.filters}"
        if key in asked:
            problems.append(Problem(question.id, f"the same question as {asked[key]}"))
        asked.setdefault(key, question.id)
        problems.extend(Problem(question.id, fault) for fault in _faults(question))
        problems.extend(problem for gold in question.golds for problem in _misplaced(question, gold, text_of))
    return problems


def _faults(question: Question) -> Iterator[str]:
    categories = ANSWERABLE if question.answerable else UNANSWERABLE
    for name, value, allowed in (
        ("kind", question.kind, KINDS),
        ("wording", question.wording, WORDINGS),
        ("split", question.split, SPLITS),
        ("category", question.category, categories),
    ):
        if value not in allowed:
            yield f"{name} {value!r} is none of {', '.join(allowed)}"
    try:
        check_question(question.text)
    except QuestionError as error:
        yield str(error)
    if question.answerable and not question.golds:
        yield "answerable, but without gold"
    if question.golds and not question.answerable:
        yield "unanswerable, but with gold"
    for gold in question.golds:
        if not any(hold_one_another(gold.quote, answer) for answer in question.answers):
            yield f"the gold quote {gold.quote!r} agrees with none of its answers"


def _misplaced(question: Question, gold: Gold, text_of: TextOf) -> Iterator[Problem]:
    text = text_of(gold.article)
    if text is None:
        yield Problem(question.id, f"there is no article {gold.article!r}", absent=True)
    elif not _stands(gold, text):
        found = text[gold.start : gold.end]
        where = f"{gold.article}[{gold.start}:{gold.end}]"
        yield Problem(question.id, f"{where} holds {found!r}, but the gold quote is {gold.quote!r}")


def _stands(gold: Gold, text: str) -> bool:
    inside = 0 <= gold.start < gold.end <= len(text)  # a slice would take others too
    return inside and text[gold.start : gold.end] == gold.quote


def locate(file: Path, text_of: TextOf) -> int:
    """Write the offsets of every gold into a questions file, whole or not at all; return how many changed.

    A quote that stands in its article more than once needs a "context": a longer piece of the text that stands there
    once. Raises EvaluationError, naming every gold that cannot be placed.
    """
    made, problems, changed = [], [], 0
    for number, row in rows(file):
        try:
            golds = _golds(row.get("gold", []))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        for gold in golds:
            try:
                start = _place(str(gold["quote"]), gold.get("context"), text_of(str(gold["article"])))
            except (KeyError, TypeError, ValueError) as error:
                why = f"lacks {error}" if isinstance(error, KeyError) else str(error)
                problems.append(f"line {number}: {gold.get('article')}: {why}")
                continue
            place = {"start": start, "end": start + len(str(gold["quote"]))}
            changed += any(gold.get(name) != value for name, value in place.items())
            gold.update(place)
        made.append(json.dumps(row, ensure_ascii=False))
    if problems:
        raise EvaluationError(f"{file} is unchanged: {'; '.join(problems)}")
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text("\n".join(made) + "\n", encoding="utf-8", errors="backslashreplace")  # a lone surrogate: \\udc80
    partial.replace(file)
    return changed


def _place(quote: str, context: str | None, text: str | None) -> int:
    """Return where the quote starts. Raises ValueError where that is not certain."""
    if text is None:
        raise ValueError("there is no such article; is it indexed?")
    around = context or quote
    count = _count(around, text)
    if count != 1:
        hint = "" if context or not count else '; give its "context"'
        raise ValueError(f"{around!r} stands there {count} times{hint}")
    if _count(quote, around) != 1:
        raise ValueError(f"{quote!r} stands in its context {around!r} {_count(quote, around)} times")
    return text.index(around) + around.index(quote)


def _count(piece: str, text: str) -> int:
    """Count where a piece stands, also overlapping itself."""
    return len(re.findall(f"(?={re.escape(piece)})", text)) if piece else 0


def named(questions: Iterable[Question], ids: set[str]) -> list[Question]:
    """Return the questions with these ids. Raises EvaluationError if one is not there."""
    chosen = [question for question in questions if question.id in ids]
    missing = ids - {question.id for question in chosen}
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise EvaluationError(f"there is no question {min(missing)!r}{more}; check --ids")
    return chosen
