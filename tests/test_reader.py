import unicodedata

import numpy as np
import pytest
from fakes import article, cut
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from texts import PIECES, texts

from askpkcn.errors import ModelError
from askpkcn.reader import Reader, best_span, whole_words
from askpkcn.types import Passage

QUESTION = "How many agreements did Kakar sign in China?"
LOGITS = arrays(np.float32, st.integers(1, 45), elements=st.integers(-8, 8).map(float))


@given(st.data(), LOGITS, st.integers(1, 40))
def test_best_span_is_the_first_of_the_best_pairs(data, start, longest):
    end = data.draw(arrays(np.float32, len(start), elements=st.integers(-8, 8).map(float)))
    blocks = np.cumsum(data.draw(arrays(np.int32, len(start), elements=st.integers(0, 1)))).astype(np.int32)
    pairs = [
        (i, j) for i in range(len(start)) for j in range(i, min(i + longest, len(start))) if blocks[i] == blocks[j]
    ]
    first, last = max(pairs, key=lambda pair: (start[pair[0]] + end[pair[1]], -pair[0], -pair[1]))
    assert best_span(start, end, blocks, longest) == (first, last, start[first] + end[last])


@given(texts(4), st.data())
def test_whole_words_widens_and_cuts_nothing(text, data):
    end = data.draw(st.integers(1, len(text))) if text else 0
    start = data.draw(st.integers(0, end - 1)) if text else 0
    low, high = whole_words(text, start, end)
    assert low <= start <= end <= high
    for edge in {low, high} - {0, len(text)}:
        left, right = text[edge - 1], text[edge]
        assert not (left.isalnum() and right.isalnum())
        assert "\u200d" not in (left, right)
        assert not unicodedata.combining(right)
        assert not (unicodedata.combining(left) and right.isalnum())
    assert whole_words(text, low, high) == (low, high)


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("the agreements were", "greem", "agreements"),
        ("in 2022.", "02", "2022"),
        ("👩‍👩‍👧‍👦 family", "👧", "👩‍👩‍👧‍👦"),
        ("a 👍🏽!", "👍", "👍🏽"),
        ("q\u0307\u0323 x", "\u0307", "q\u0307\u0323"),
        ("یہ کِتَاب ہے", "ت", "کِتَاب"),
        ("Kakar's visit", "aka", "Kakar"),
    ],
)
def test_whole_words_by_example(text, part, whole):
    at = text.index(part)
    low, high = whole_words(text, at, at + len(part))
    assert text[low:high] == whole


@settings(max_examples=15, deadline=None, derandomize=True)
@given(texts(6))
def test_spans_lie_in_their_passages_and_reading_again_gives_the_same(reader, text):
    held = cut(article(text), first=3)
    spans = reader.read(QUESTION, held)
    assert len(spans) == len(held)
    for passage, span in zip(held, spans, strict=True):
        if span is not None:
            assert span.passage is passage
            assert passage.start <= span.start < span.end <= passage.end
    assert reader.read(QUESTION, held) == spans


def alone(text: str, number: int = 0) -> Passage:
    return Passage(number, "folder/one.md", 10, 10 + len(text), text)


def test_spans_keep_the_order_of_the_passages_whatever_their_lengths(reader):
    held = [alone(text, i) for i, text in enumerate((PIECES[0] * 9, "x", PIECES[3], PIECES[1] * 20, PIECES[0]) * 3)]
    spans = reader.read(QUESTION, held)
    assert [span.passage for span in spans] == held


def test_a_passage_longer_than_the_model_is_read_to_its_end(reader):
    filler = "The weather was fine and nothing else was reported that day. " * 100
    late = alone(filler + "Kakar signed 20 agreements in China.")
    (span,) = reader.read(QUESTION, [late])
    assert span.start - late.start >= len(filler)


@pytest.mark.parametrize("gap", ["\n\n", "\n\n\n\n"])
def test_no_span_runs_from_a_headline_through_a_byline_into_the_text(reader, gap):
    body = (
        "Anwaar-ul-Haq Kakar, interim Prime Minister of Pakistan, recently visited China, and the trip has been "
        "praised as a diplomatic triumph for Islamabad."
    )
    text = gap.join(("Pakistani Prime Minister Kakar's Rare Xinjiang Visit", "By Umair Jamal", body))
    for question in ("Which interim prime minister of Pakistan recently visited China?", "Who wrote of whose visit?"):
        (span,) = reader.read(question, [alone(text)])
        assert "\n\n" not in text[span.start - 10 : span.end - 10]


def test_no_span_runs_from_one_sentence_into_the_next(reader):
    first = "Kakar signed agreements in Beijing with the Chinese president"
    text = f"{first} and 20 ministers on 17 October 2023 at the Great Hall of the People."
    whole, parted = alone(text), len(first) + 1
    crossed = 0
    for question in (QUESTION, "What did Kakar sign, with whom, where and when?", text):
        (free,) = reader.read(question, [whole])
        crossed += free.start - 10 < parted < free.end - 10
        (span,) = reader.read(question, [whole], sentences=[np.array([0, parted], dtype=np.int32)])
        assert not span.start - 10 < parted < span.end - 10
    assert crossed


@pytest.mark.parametrize("title", ["Kakar signs 20 agreements in China", "Kakar signs 20 agreements in China " * 40])
def test_a_title_is_read_and_never_quoted(reader, title):
    passage = alone("The prime minister signed 20 of them on Tuesday, and 3 more the day after.")
    (without,) = reader.read(QUESTION, [passage])
    (span,) = reader.read(QUESTION, [passage], titles=[title])
    assert passage.start <= span.start < span.end <= passage.end
    assert span.margin != without.margin
    assert reader.read(QUESTION, [passage], titles=[""]) == [without]
    (long,) = reader.read("why " * 900, [alone(PIECES[0] * 40)], titles=[title])
    assert 10 <= long.start < long.end


def test_a_question_longer_than_the_model_is_cut_not_refused(reader):
    (span,) = reader.read("why " * 900, [alone(PIECES[0] * 40)])
    assert 10 <= span.start < span.end


@pytest.mark.parametrize("text", ["\u200b", " \u200d\u00ad", "\t"])
def test_a_passage_without_a_token_gives_no_span(reader, text):
    spans = reader.read(QUESTION, [alone(text), alone(PIECES[0], 1)])
    assert spans[0] is None
    assert spans[1] is not None
    assert reader.read(QUESTION, [alone(text)]) == [None]


def test_no_passages_give_no_spans(reader):
    assert reader.read(QUESTION, []) == []


def test_a_folder_without_a_reader_names_the_remedy(tmp_path):
    with pytest.raises(ModelError, match=r"holds no usable reader .*; reinstall askpkcn"):
        Reader(tmp_path)


def test_a_damaged_reader_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "reader.onnx").write_bytes(b"\0" * 100)
    with pytest.raises(ModelError, match="holds no usable reader"):
        Reader(tmp_path)
