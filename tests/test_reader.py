import dataclasses
import unicodedata
from unittest import mock

import numpy as np
import pytest
from fakes import article, cut
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from texts import PIECES, texts

from askpkcn import worth
from askpkcn.errors import ModelError
from askpkcn.reader import ONCE, Reader, best_span, whole_words
from askpkcn.types import Passage
from askpkcn.worth import WHOLE

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


TOLD = (
    "Kakar met his hosts in Beijing for a whole week. ",
    "He signed 20 agreements there. ",
    "The weather was fine. ",
    "The press came along, and so did many a minister. ",
    "On the way home he signed 3 more agreements in Urumqi.",
)
BEGINS = np.cumsum([0, *map(len, TOLD[:-1])]).astype(np.int32)


def likeness(*first: int) -> np.ndarray:
    """Return cosines by which these sentences come first, in this order."""
    return np.array([1 - first.index(i) / 10 if i in first else 0.0 for i in range(len(TOLD))], dtype=np.float32)


def test_passages_that_tell_alike_are_read_abridged_and_then_whole(reader):
    passage = alone("".join(TOLD))
    whole, _ = reader.read(QUESTION, [passage, passage], sentences=[BEGINS] * 2)
    agreed = 0
    for first in ((0, 1), (4, 1), (4, 3)):
        spans = reader.read(QUESTION, [passage] * 2, sentences=[BEGINS] * 2, cosines=[likeness(*first)] * 2)
        assert spans[0] == spans[1]
        (span, _), kept = spans, [TOLD[i] for i in sorted(first)]
        short = alone("".join(kept))
        (abridged,) = reader.read(QUESTION, [short], sentences=[np.array([0, len(kept[0])], dtype=np.int32)])
        quote, alike = (each.text[s.start - 10 : s.end - 10] for each, s in ((passage, span), (short, abridged)))
        if quote == alike == passage.text[whole.start - 10 : whole.end - 10]:
            agreed += 1
            assert span.margin == pytest.approx((whole.margin + abridged.margin) / 2, abs=1e-3)
            assert span.null_score == pytest.approx((whole.null_score + abridged.null_score) / 2, abs=1e-3)
        assert quote in ("20", "3", "20 agreements")
    assert agreed


def test_an_answer_that_no_other_comes_near_is_read_once(reader):
    told, kept = alone("".join(TOLD)), alone("".join(TOLD[:2]))
    other = alone("The weather was fine in Lahore, the paper says. " * 6, 1)
    (abridged,) = reader.read(QUESTION, [kept], sentences=[BEGINS[:2]])
    assert abridged.margin > worth.SURE
    plain = np.arange(0, 48 * 6, 48, dtype=np.int32)
    read = {"sentences": [BEGINS, plain], "cosines": [likeness(0, 1), np.full(6, 0.9, dtype=np.float32)]}
    span, least = reader.read(QUESTION, [told, other], **read)
    assert span == dataclasses.replace(abridged, passage=told)
    assert least.margin < span.margin - worth.CLOSE


def test_passages_that_are_not_worth_it_are_not_read(reader):
    told = [alone("".join(TOLD), i) for i in range(4)]
    told[3:] = [alone("".join(TOLD).replace("20", "twelve"), 3), alone("".join(TOLD), 4)]
    like = [likeness(0, 1), likeness(0, 1), likeness(0, 1) - 0.1, likeness(0, 1) - 0.2, likeness(0, 1) - 0.5]
    spans = reader.read(QUESTION, told, sentences=[BEGINS] * 5, cosines=like)
    # The fourth is farther, and holds other words than the answer's; the last, far as it is, has them.
    assert [span is None for span in spans] == [False, False, False, True, False]


def test_what_the_first_reading_leaves_out_is_found_by_the_second(reader):
    passage = alone("".join(TOLD))
    (span,) = reader.read(QUESTION, [passage], sentences=[BEGINS], cosines=[likeness(0, 3)])
    assert passage.text[span.start - 10 : span.end - 10] == "20"


def test_a_title_that_the_passage_begins_with_is_read_once_and_whole(reader):
    title = "Who pays? Kakar signs 20 agreements in China"
    sentences = ["Who pays? ", "Kakar signs 20 agreements in China\n\n", *TOLD[2:4], "The rest is for the press. "]
    passage = alone("".join(sentences))
    begins = np.cumsum([0, *map(len, sentences[:-1])]).astype(np.int32)
    last = np.array([0, 0, 0, 0.9, 1], dtype=np.float32)
    (without,) = reader.read(QUESTION, [passage], sentences=[begins])
    (span,) = reader.read(QUESTION, [passage], titles=[title], sentences=[begins])
    assert span == without
    for name, found in ((title, "20"), ("", None)):
        with mock.patch.object(worth, "WHOLE", 0):
            (span,) = reader.read(QUESTION, [passage], titles=[name], sentences=[begins], cosines=[last])
        assert (passage.text[span.start - 10 : span.end - 10] == "20") == (found == "20")


def test_a_span_that_only_the_second_reading_saw_loses_a_little(reader):
    passage = alone("".join(TOLD))
    (once,) = reader.read(QUESTION, [passage], sentences=[BEGINS])
    (span,) = reader.read(QUESTION, [passage], sentences=[BEGINS], cosines=[likeness(0, 3)])
    assert (span.start, span.end) == (once.start, once.end)
    assert span.margin == pytest.approx(once.margin - ONCE, abs=1e-3)


def test_an_abridged_passage_longer_than_the_model_is_read_to_its_end_twice(reader):
    filler = ["The weather was fine and nothing else was reported that day. "] * 120
    sentences = [*filler, "Kakar signed 20 agreements in China."]
    passage = alone("".join(sentences))
    begins = np.cumsum([0, *map(len, sentences[:-1])]).astype(np.int32)
    cosines = np.array([i % 2 / 2 for i in range(120)] + [1.0], dtype=np.float32)
    (once,) = reader.read(QUESTION, [passage], sentences=[begins])
    (span,) = reader.read(QUESTION, [passage], sentences=[begins], cosines=[cosines])
    assert passage.text[span.start - 10 : span.end - 10] == passage.text[once.start - 10 : once.end - 10] == "20"
    assert span.margin > once.margin / 2 - 2


def test_only_the_most_promising_passages_are_read_whole(reader):
    held = [alone("".join(TOLD), i) for i in range(WHOLE + 1)]
    rest = [alone("The weather was fine in Lahore, the paper says. " * 6, WHOLE + 1 + i) for i in range(3)]
    plain = np.arange(0, 48 * 6, 48, dtype=np.int32)
    spans = reader.read(
        QUESTION,
        held + rest,
        sentences=[BEGINS] * len(held) + [plain] * 3,
        cosines=[likeness(0, 3)] * len(held) + [np.ones(6, dtype=np.float32)] * 3,
    )
    found = [p.text[s.start - 10 : s.end - 10] for p, s in zip(held, spans, strict=False)]
    assert found[:WHOLE] == ["20"] * WHOLE
    assert found[WHOLE] != "20"  # the sentence that tells it was never read


@settings(max_examples=15, deadline=None, derandomize=True)
@given(texts(6), st.data())
def test_spans_read_twice_lie_in_their_passages_too(reader, text, data):
    held = cut(article(text), first=3)
    begins = [np.array([0, *range(9, len(p.text), 30)], dtype=np.int32) for p in held]
    cosines = [data.draw(arrays(np.float32, len(each), elements=st.floats(-1, 1, width=32))) for each in begins]
    spans = reader.read(QUESTION, held, titles=[p.text[:5] for p in held], sentences=begins, cosines=cosines)
    once = reader.read(QUESTION, held)
    for passage, span, other in zip(held, spans, once, strict=True):
        assert (span is None) == (other is None)
        if span is not None:
            assert passage.start <= span.start < span.end <= passage.end


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
