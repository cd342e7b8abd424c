"""The texts and questions written for training: their form, their check, and that none leaks into the evaluation."""

import json
import re
from pathlib import Path

import pytest

from training.written import FOLDER, find, main, parse, read

ROOT = Path(__file__).parent.parent
BLOCK = """A headline
By Lena Ortiz

The ministry signed 20 accords. It had signed 3 accords in May.

Q: How many pacts were inked?
A: 20 | 20 accords
Q: How many earlier?
A: signed {3} accords
N: How many in June?
"""


def test_a_text_has_its_headline_byline_and_paragraphs_apart_and_its_spans():
    made = parse("a.txt", BLOCK)
    assert made.text.split("\n\n")[:2] == ["A headline", "By Lena Ortiz"]
    said = [[made.text[start:end] for start, end in question.answers] for question in made.questions]
    assert said == [["20", "20 accords"], ["3"], []]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("A: 20 | 20 accords\n", "", "no answer under: How many pacts were inked?"),
        ("A: 20 |", "A: twenty |", "not in the text: twenty"),
        ("Q: How many earlier?\n", "", "no question above: signed {3} accords"),
        ("signed {3} accords", "signed {7} accords", "stands 0 times, not once: signed 7 accords"),
        ("N: How many in June?", "N: How many earlier?", "asked twice: How many earlier?"),
    ],
)
def test_what_is_wrong_is_named(old, new, told):
    with pytest.raises(ValueError, match=f"a.txt: A headline: .*{re.escape(told)}"):
        parse("a.txt", BLOCK.replace(old, new))


def test_an_answer_is_a_whole_word():
    assert find("2023 and 20 and 3", "20") == (9, 11)


def test_every_text_passes_the_check(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["written"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert (stopped.value.code, capsys.readouterr().err) == (0, "")


def test_no_text_names_what_the_evaluation_asks_about():
    files = [ROOT / "eval" / name for name in ("questions.jsonl", "independent.jsonl")]
    asked = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    known = {row["question"].casefold() for row in asked}
    for text in (text for file in FOLDER.rglob("*.txt") for text in read(file)):
        assert not {question.text.casefold() for question in text.questions} & known
        for name in ("Anwaar-ul-Haq Kakar", "Imran Khan", "Arif Alvi", "Nong Rong", "Yang Jiechi", "Saif Anjum"):
            assert name not in text.text, f"{text.file}: {text.text.splitlines()[0]} tells of {name}"
