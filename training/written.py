"""Read and check the texts and questions written for training: `python -m training.written [FILE…]`.

The form stands in written/README.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "written"
STAND_ALONE = "m-01.txt"
"""From this file on, a question tells what it is about, so that it can be asked of all the texts together."""
RIVALS = "t-01.txt"
"""From this file on, the texts are full of rival facts, and the questions aim at each of them."""
PARTS = "za-01.txt"
"""From this file on, questions aim at one of several parts of a sentence, too, and ask for things of every sort."""


@dataclass(frozen=True)
class Asked:
    """A question and the character spans of its answers in the text; no span: the text does not tell."""

    text: str
    answers: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Written:
    """A text, its headline and byline included, with its questions."""

    file: str
    text: str
    questions: tuple[Asked, ...]


def read(file: Path) -> Iterator[Written]:
    """Yield the texts of a file. Raises ValueError at the first text that is wrong."""
    for block in _blocks(file):
        yield parse(file.name, block)


def _blocks(file: Path) -> list[str]:
    return re.split(r"^## ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def parse(file: str, block: str) -> Written:
    """Return one text with its questions. Raises ValueError, with file and headline, naming all that is wrong."""
    body, *lines = re.split(r"^(?=[QAN]: )", block, flags=re.MULTILINE)
    text = re.sub(r"\s*\n\s*", "\n\n", body.strip())  # headline, byline and paragraphs, as articles have them
    wrong, questions = [], []
    asked: str | None = None
    for line in (line.strip() for line in lines):
        sort, said = line[0], " ".join(line[3:].split())
        if sort != "A" and asked is not None:
            wrong.append(f"no answer under: {asked}")
        if sort == "A" and asked is None:
            wrong.append(f"no question above: {said}")
        elif sort == "A" and asked is not None:
            spans = []
            for form in said.split(" | "):
                try:
                    spans.append(find(text, form))
                except ValueError as error:
                    wrong.append(str(error))
            questions.append(Asked(asked, tuple(spans)))
            asked = None
        elif sort == "Q":
            asked = said
        else:
            questions.append(Asked(said, ()))
    if asked is not None:
        wrong.append(f"no answer under: {asked}")
    twice = {q.text for q in questions if sum(o.text.lower() == q.text.lower() for o in questions) > 1}
    wrong += [f"asked twice: {question}" for question in sorted(twice)]
    if not questions:
        wrong.append("no questions")
    if wrong:
        raise ValueError(f"{file}: {text.splitlines()[0] if text else '(no headline)'}: " + "; ".join(wrong))
    return Written(file, text, tuple(questions))


def find(text: str, form: str) -> tuple[int, int]:
    """Return the span of an answer: its first occurrence as a whole word, or the one that braces mark.

    Raises ValueError if it does not stand in the text, or a snippet with braces stands there twice.
    """
    if "{" in form:
        before, inside, after = re.split(r"[{}]", form, maxsplit=2)
        if text.count(before + inside + after) != 1:
            raise ValueError(f"stands {text.count(before + inside + after)} times, not once: {before + inside + after}")
        start = text.index(before + inside + after) + len(before)
        return start, start + len(inside)
    match = re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text)
    if match is None:
        raise ValueError(f"not in the text: {form}")
    return match.span()


def main() -> None:
    """Check the files named, or all of them; print counts; exit 1 if anything is wrong."""
    files = [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.rglob("*.txt"))
    failed, seen = False, set[str]()
    for file in files:
        texts: list[Written] = []
        for block in _blocks(file):
            try:
                written = parse(file.name, block)
                if written.text in seen:
                    raise ValueError(f"{file.name}: a text stands twice: {written.text.splitlines()[0]}")
            except ValueError as error:
                print(error, file=sys.stderr)
                failed = True
            else:
                texts.append(written)
                seen.add(written.text)
        told = sum(bool(q.answers) for w in texts for q in w.questions)
        silent = sum(not q.answers for w in texts for q in w.questions)
        print(f"{file.name}: {len(texts)} texts, {told} questions answered, {silent} not")
    sys.exit(failed)


if __name__ == "__main__":
    main()
