"""SQuAD files: what is read of them, where their answers stand in the articles, and what is refused."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scored import row
from texts import PIECES, texts

from askpkcn import articles
from askpkcn.errors import EvaluationError
from askpkcn.evaluation import squad
from askpkcn.evaluation.questions import Gold
from askpkcn.text import normalise

Json = dict[str, Any]
CONTEXT = "Kakar signed 20 agreements. Khan signed 20 treaties in 1951."
MARKS = ("\ue000", "\ue001")
"""Characters for private use: set around an answer, they show where normalisation moves it."""
ROUGH = st.lists(
    st.one_of(st.sampled_from([*PIECES, "e\u0301", "\r\n", "\r", "  ", "\u2028", "\ufeff", "👍🏽", "a\0b", "x "])),
    min_size=1,
    max_size=6,
).map("".join)


def asked(id: str, question: str, *answers: tuple[str, int], **more: object) -> Json:
    return {"id": id, "question": question, "answers": [{"text": t, "answer_start": s} for t, s in answers], **more}


def paragraph(context: str, *qas: Json) -> Json:
    return {"context": context, "qas": list(qas)}


def written(folder: Path, *paragraphs: Json, name: str = "dev.json") -> Path:
    file = folder / name
    file.write_text(json.dumps({"data": [{"title": "x", "paragraphs": list(paragraphs)}]}), encoding="utf-8")
    return file


def asked_of(file: Path, folder: Path) -> tuple[list[squad.Question], dict[str, str]]:
    """Return a file's questions, and its articles' texts as they are read for an index."""
    whole = squad.read(file)
    ids = squad.write_articles(whole, folder)
    (found,) = articles.find([folder])
    with articles.open_reading() as reading:
        text = {article.id: article.text for article in reading.contents(found).articles}
    assert list(text) == ids
    assert list(text.values()) == list(whole.paragraphs)
    return list(squad.questions(whole, ids, text.get)), text


def test_v1_is_read_with_the_offsets_of_its_answers(tmp_path):
    file = written(tmp_path, paragraph(CONTEXT, asked("q1", "How many  treaties?", ("20", 40), ("20 treaties", 40))))
    (question,), _ = asked_of(file, tmp_path / "dev")
    assert question.id == "q1"
    assert question.text == "How many treaties?"
    assert question.kind == "how many"
    assert question.answers == ("20", "20 treaties")
    assert question.golds == (
        Gold("dev/paragraphs.jsonl#000000", "20", 40, 42),
        Gold("dev/paragraphs.jsonl#000000", "20 treaties", 40, 51),
    )
    assert (question.split, question.wording, question.category, question.filters.empty) == ("test", "", "", True)


def test_v2_has_questions_that_are_impossible(tmp_path):
    plausible = {"plausible_answers": [{"text": "20", "answer_start": 13}]}
    file = written(
        tmp_path,
        paragraph(
            CONTEXT,
            asked("q1", "When?", ("1951", 55), is_impossible=False),
            asked("q2", "When not?", is_impossible=True, **plausible),
            asked("q3", "Whither?", ("Kakar", 0), is_impossible=True),
            asked("q4", "Why?"),
        ),
    )
    questions, _ = asked_of(file, tmp_path / "dev")
    assert [each.answers for each in questions] == [("1951",), (), (), ()]
    assert [bool(each.golds) for each in questions] == [True, False, False, False]
    assert [each.answerable for each in questions] == [True, False, False, False]
    assert [each.category for each in questions] == ["", *["unanswerable"] * 3]


def test_a_gzipped_file_is_the_same_file(tmp_path):
    plain = written(tmp_path, paragraph(CONTEXT, asked("q1", "When?", ("1951", 55))))
    packed = tmp_path / "dev.json.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = squad.read(plain), squad.read(packed)
    assert (one.paragraphs, one.questions) == (other.paragraphs, other.questions)
    assert one.sha256 != other.sha256


def test_the_same_paragraph_again_is_one_article(tmp_path):
    file = written(
        tmp_path,
        paragraph(CONTEXT, asked("q1", "When?", ("1951", 55))),
        paragraph("Another.", asked("q2", "What?", ("Another", 0))),
        paragraph(CONTEXT, asked("q3", "Who?", ("Kakar", 0))),
        paragraph(f"  {CONTEXT}\r\n", asked("q4", "Who?", ("Khan", 30))),
    )
    questions, text = asked_of(file, tmp_path / "dev")
    assert text == {"dev/paragraphs.jsonl#000000": CONTEXT, "dev/paragraphs.jsonl#000001": "Another."}
    assert [(each.golds[0].article[-1], each.golds[0].start) for each in questions] == [
        ("0", 55), ("1", 0), ("0", 0), ("0", 28)
    ]  # fmt: skip


@given(ROUGH, st.data())
@example("  Xi. e\u0301 Xi.", None)
def test_an_answer_stands_in_the_article_where_it_stood_in_the_paragraph(tmp_path_factory, raw, data):
    """The oracle: read an article with marks set around the answer, and see where they come to stand."""
    if data is None:
        start, end = raw.rindex("Xi"), len(raw) - 1
    else:
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, len(raw)))
    marked = normalise(raw[:start] + MARKS[0] + raw[start:end] + MARKS[1] + raw[end:])
    unmarked = marked.replace(MARKS[0], "").replace(MARKS[1], "")
    assume(unmarked == normalise(raw))  # else the answer's edge cuts through a character
    before, inside, _ = re.split("|".join(MARKS), marked)
    assume(inside.strip())
    folder = tmp_path_factory.mktemp("squad")
    file = written(folder, paragraph(raw, asked("q1", "What?", (raw[start:end], start))))
    (question,), text = asked_of(file, folder / "dev")
    (gold,) = question.golds
    assert text[gold.article][gold.start : gold.end] == gold.quote == inside.strip()
    expected = len(before) + len(inside) - len(inside.lstrip()) - (len(unmarked) - len(unmarked.lstrip()))
    assert gold.start == expected
    assert question.answers == (gold.quote,)


@given(texts(3), st.data())
def test_an_answer_whose_edge_cuts_a_character_is_still_near_its_place(tmp_path_factory, raw, data):
    start = data.draw(st.integers(0, len(raw)))
    answer = raw[start : data.draw(st.integers(start, min(len(raw), start + 30)))]
    assume(normalise(answer).strip())
    folder = tmp_path_factory.mktemp("squad")
    file = written(folder, paragraph(raw, asked("q1", "What?", (answer, start))))
    (question,), text = asked_of(file, folder / "dev")
    (gold,) = question.golds
    assert 0 <= gold.start < gold.end
    assert gold.start <= len(text[gold.article])
    assert gold.end - gold.start == len(gold.quote)


def test_of_several_like_answers_the_nearest_to_the_told_offset_is_meant(tmp_path):
    for told, meant in ((13, 13), (14, 13), (39, 40), (99, 40), (-5, 13)):
        file = written(tmp_path, paragraph(CONTEXT, asked("q1", "How many?", ("20", told))))
        (question,), _ = asked_of(file, tmp_path / "dev")
        assert question.golds[0].start == meant


@pytest.mark.parametrize("before", ["e\u0301" * 9, "\r\n" * 9 + "x", "x" + "\r\n" * 9, "\ufeff" * 9, "\0" * 9, " " * 9])
def test_what_normalisation_takes_away_before_an_answer_does_not_move_it_to_another(before, tmp_path):
    raw = f"{before} 20 20 20 20 20 20 20"
    start = raw.index("20") + 6
    file = written(tmp_path, paragraph(raw, asked("q1", "How many?", ("20", start))))
    (question,), text = asked_of(file, tmp_path / "dev")
    gold = question.golds[0]
    assert gold.start == text[gold.article].index("20") + 6


def test_leading_space_of_an_answer_does_not_move_it_to_another(tmp_path):
    file = written(tmp_path, paragraph("a  a", asked("q1", "What?", ("  a", 1))))
    (question,), _ = asked_of(file, tmp_path / "dev")
    assert question.golds == (Gold("dev/paragraphs.jsonl#000000", "a", 3, 4),)


def test_an_answer_of_a_paragraph_that_is_not_indexed_keeps_its_gold(tmp_path):
    file = written(tmp_path, paragraph(CONTEXT, asked("q1", "When?", ("1951", 55))))
    (question,) = squad.questions(squad.read(file), ["dev/paragraphs.jsonl#000000"], lambda _: None)
    assert question.golds == (Gold("dev/paragraphs.jsonl#000000", "1951", 55, 59),)


@pytest.mark.parametrize("answer", ["", "  ", "\u202e", "\x00"])
def test_an_answer_of_nothing_is_none(answer, tmp_path):
    file = written(tmp_path, paragraph(CONTEXT, asked("q1", "When?", (answer, 0))))
    assert squad.read(file).questions[0].answers == ()


def test_answers_given_several_times_are_one_gold(tmp_path):
    file = written(tmp_path, paragraph(CONTEXT, asked("q1", "When?", *[("1951", 55)] * 3, ("1951.", 55))))
    (question,), _ = asked_of(file, tmp_path / "dev")
    assert question.answers == ("1951", "1951.")
    assert [gold.quote for gold in question.golds] == ["1951", "1951."]


def test_an_id_that_stands_twice_is_asked_once(tmp_path):
    file = written(tmp_path, paragraph(CONTEXT, asked("q1", "When?", ("1951", 55)), asked("q1", "Who?")))
    assert [(each.id, each.text) for each in squad.read(file).questions] == [("q1", "When?")]


@pytest.mark.parametrize("question", ["", " ?! ", "\u200b", "why " * 300])
def test_what_the_engine_cannot_be_asked_is_left_out(question, tmp_path):
    file = written(tmp_path, paragraph(CONTEXT, asked("q1", question), asked("q2", "Why?")))
    assert [each.id for each in squad.read(file).questions] == ["q2"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("How many came?", "how many"),
        ("WHO came?", "who"),
        ("In what year did it end", "what"),
        ("Name the river.", "other"),
        ("He did so how", "how"),
        ("Whoever came first?", "other"),
    ],
)
def test_the_kind_of_a_question_is_its_question_word(text, kind, tmp_path):
    file = written(tmp_path, paragraph(CONTEXT, asked("q1", text)))
    assert [each.kind for each in asked_of(file, tmp_path / "dev")[0]] == [kind]


def whole(*qas: object) -> str:
    return json.dumps({"data": [{"paragraphs": [{"context": CONTEXT, "qas": qas}]}]})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is no SQuAD file"),
        (b"{", "is no SQuAD file"),
        (b"\xff\xfe\x00", "is no SQuAD file"),
        (b"[" * 100_000, "is no SQuAD file"),
        (gzip.compress(whole().encode())[:-9], "is no SQuAD file .*end-of-stream"),
        (gzip.compress(whole().encode())[:4], "is no SQuAD file"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\0nonsense", "is no SQuAD file"),
        (gzip.compress(b"{")[:-8] + bytes(8), "cannot be read .*CRC"),
        (b"\x1f\x8bnonsense", "cannot be read"),
        (b"[]", "is no SQuAD file"),
        (b"20", "is no SQuAD file"),
        (b"{}", "is no SQuAD file .*no 'data'"),
        (b'{"data": null}', "is no SQuAD file"),
        (b'{"data": [1]}', "is no SQuAD file"),
        (b'{"data": [{}]}', "no 'paragraphs'"),
        (b'{"data": [{"paragraphs": [{"qas": []}]}]}', "no 'context'"),
        (b'{"data": [{"paragraphs": [{"context": "x"}]}]}', "no 'qas'"),
        (whole({"question": "Who?", "answers": []}), "no 'id'"),
        (whole({"id": "1", "answers": []}), "no 'question'"),
        (whole({"id": "1", "question": "Who?"}), "no 'answers'"),
        (whole({"id": "1", "question": "Who?", "answers": [{"text": "20"}]}), "no 'answer_start'"),
        (whole(asked("1", "Who?", ("20", None))), "is no SQuAD file"),
        (whole(asked("1", "Who?", ("20", float("inf")))), "is no SQuAD file"),
        (b'{"data": []}', "holds no question; name another --squad"),
        (whole(), "holds no question"),
        (whole(asked("1", "?")), "holds no question"),
    ],
)
def test_a_file_that_is_no_squad_file_is_named_in_one_line(data, why, tmp_path):
    file = tmp_path / "dev.json"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(EvaluationError, match=rf"dev\.json {'.*' if why.startswith('no') else ''}{why}") as raised:
        squad.read(file)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300 + len(str(tmp_path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path / "gone.json", tmp_path):
        with pytest.raises(EvaluationError, match=rf"{re.escape(str(path))} cannot be read .*; check --squad"):
            squad.read(path)


def test_predictions_are_what_the_official_scripts_read(tmp_path):
    rows = [row("q1", p=0.75), row("q2", given=False, p=0.2), row("q\udc803", answerable=False, p=1.0)]
    squad.write_predictions(rows, tmp_path)
    given, none = (
        json.loads((tmp_path / name).read_text(encoding="utf-8"))
        for name in ("squad-predictions.json", "squad-na-probs.json")
    )
    assert given == {"q1": "1951", "q2": "", "q\udc803": "1950"}
    assert none == {"q1": 0.25, "q2": 0.8, "q\udc803": 0.0}
