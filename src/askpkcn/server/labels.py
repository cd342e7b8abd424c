"""Labelling: what people mark as the right answer, in a file of the format of eval/questions.jsonl."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from askpkcn.errors import QuestionError, ServiceError
from askpkcn.types import Article, Filters

Row = dict[str, Any]
KINDS = (
    (r"how many", "how many"),
    (r"how much", "how much"),
    (r"who|whom|whose", "who"),
    (r"when|in (?:what|which) year", "when"),
    (r"where", "where"),
    (r"which|in which", "which"),
    (r"why|how", "why/how"),
)


class Labels:
    """A questions file that grows; it is replaced whole or not at all, so that a full disk loses nothing."""

    def __init__(self, file: Path) -> None:
        """Take a file, which need not exist. Raises ServiceError if it holds something else."""
        self._file = file
        self._rows()

    def add(self, question: str, filters: Filters, right: tuple[Article, int, int] | None) -> None:
        """Write that [start, end) of an article answers a question, or that the articles don't tell.

        A question that stands there gets the place besides those it has; "don't tell" and a place replace one another.
        Raises QuestionError if the range is none, and OSError if it cannot be written.
        """
        made = _row(question, filters, right)
        with _alone_in(self._file.parent):
            rows = {row["id"]: row for row in self._rows()}
            old = rows.get(made["id"])
            if old and old["answerable"] and right:
                made["answers"] = list(dict.fromkeys([*old["answers"], *made["answers"]]))
                made["gold"] = old["gold"] + [gold for gold in made["gold"] if gold not in old["gold"]]
            self._write([*{**rows, made["id"]: made}.values()])

    def _rows(self) -> list[Row]:
        try:
            text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
            rows = [json.loads(line) for line in text.split("\n") if line.strip()]
            if all(isinstance(row, dict) and {"id", "answerable", "answers", "gold"} <= row.keys() for row in rows):
                return rows
        except (OSError, ValueError) as error:
            raise ServiceError(f"{self._file} cannot be read as a questions file; check --label") from error
        raise ServiceError(f"{self._file} is no questions file; check --label")

    def _write(self, rows: list[Row]) -> None:
        partial = self._file.with_name(f".{self._file.name}.partial")
        try:
            with partial.open("w", encoding="utf-8") as stream:
                stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(self._file)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep out other threads, and the other workers, which label to the same file."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _row(question: str, filters: Filters, right: tuple[Article, int, int] | None) -> Row:
    inside: dict[str, Any] = {"outlet": list(filters.outlets)} if filters.outlets else {}
    inside |= {name: day.isoformat() for name, day in (("from", filters.first), ("to", filters.last)) if day}
    answers, golds = [], []
    if right is not None:
        article, start, end = right
        text = article.text[start:end]
        if not 0 <= start < end <= len(article.text) or not any(c.isalnum() for c in text):
            raise QuestionError("what is marked holds no letter or digit; mark the answer in the article")
        answers = [text]
        golds = [{"article": article.id, "quote": text, "start": start, "end": end}]
    words = question.lower().rstrip("?!. ")
    key = json.dumps([words, inside], ensure_ascii=False, sort_keys=True)
    return {
        "id": "label-" + hashlib.sha256(key.encode()).hexdigest()[:12],
        "question": question,
        "kind": next((kind for start, kind in KINDS if re.match(rf"(?:{start})\b", words)), "what"),
        "answerable": right is not None,
        "answers": answers,
        "gold": golds,
        "wording": "near",
        "category": "filtered" if inside and right else "plain" if right else "not told",
        "split": "dev",
        "filters": inside,
    }
