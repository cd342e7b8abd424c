"""What was never trained on, for `askpkcn eval --squad FILE [--ids IDS]`.

`python -m training.heldout --file FILE.json.gz > IDS` prints the ids of a file's questions, one a line;
`python -m training.heldout --written > FILE.json` prints the texts of training/written as a SQuAD 2 file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from training import written
from training.corpus import paragraphs_of, split_of, written_split


def main() -> None:
    """Print the ids, or the texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--written", action="store_true")
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test")
    options = parser.parse_args()
    if options.written:
        print(json.dumps(squad(options.split), indent=1))
        return
    if options.file is None:
        parser.error("name a file with --file, or say --written")
    for _, text, questions in paragraphs_of(options.file):
        if split_of(text) == options.split:
            print("\n".join(question["id"] for question in questions))


def squad(split: str) -> dict[str, object]:
    """Return the written texts of a split with their questions, in SQuAD 2's form."""
    articles = []
    for text in (text for file in sorted(written.FOLDER.glob("*.txt")) for text in written.read(file)):
        if written_split(text.text) != split:
            continue
        asked = [
            {
                "id": f"{text.file}/{len(articles)}/{number}",
                "question": question.text,
                "is_impossible": not question.answers,
                "answers": [{"text": text.text[start:end], "answer_start": start} for start, end in question.answers],
            }
            for number, question in enumerate(text.questions)
        ]
        title = text.text.split("\n", 1)[0]
        articles.append({"title": title, "paragraphs": [{"context": text.text, "qas": asked}]})
    return {"version": "v2.0", "data": articles}


if __name__ == "__main__":
    main()
