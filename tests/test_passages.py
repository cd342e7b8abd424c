import itertools
import re

import pytest
from fakes import article, cut
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import texts

from askpkcn.passages import MAX_SENTENCE_TOKENS, PassageSettings, count_tokens, passages, sentences
from askpkcn.text import normalise


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@settings(max_examples=150, deadline=None)
@given(texts().map(normalise))
def test_sentences_are_ordered_apart_and_hold_every_visible_character_once(text):
    at = 0
    for start, end in sentences(text):
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        assert count_tokens(text[start:end]) <= MAX_SENTENCE_TOKENS
        at = end
    assert not text[at:].strip()


@settings(max_examples=150, deadline=None)
@given(texts(), st.integers(16, 320), st.integers(0, 8), st.integers(0, 5))
def test_passages_are_slices_of_whole_sentences_within_the_budget(text, budget, overlap, first):
    one = article(text)
    bounds = sentences(one.text)
    made = passages(one, bounds, PassageSettings(budget, overlap), first)
    counts = [count_tokens(one.text[start:end]) for start, end in bounds]
    starts, ends = {start: i for i, (start, _) in enumerate(bounds)}, {end: i for i, (_, end) in enumerate(bounds)}
    covered = -1  # the last sentence that some passage holds
    for number, each in enumerate(made, first):
        assert (each.number, each.article_id) == (number, one.id)
        assert each.text == one.text[each.start : each.end]
        low, high = starts[each.start], ends[each.end]
        assert low == high or sum(counts[low : high + 1]) <= budget
        assert covered - overlap < low <= covered + 1
        assert high > covered
        covered = high
    assert covered == len(bounds) - 1


def test_a_passage_begins_with_the_last_sentences_of_the_one_before():
    text = " ".join(f"Minister number {i} met his colleague in Beijing on Monday." for i in range(40))
    bounds = sentences(text)
    for overlap in (0, 1, 2):
        made = cut(article(text), budget=60, overlap=overlap)
        ends = [end for _, end in bounds]
        for one, following in itertools.pairwise(made):
            following_first = bounds.index(next(b for b in bounds if b[0] == following.start))
            assert ends.index(one.end) + 1 - following_first == overlap


@pytest.mark.parametrize("text", ["The word is out.\n" * 120_000, "word " * 400_000, "x" * 2_000_000])
def test_two_megabytes_are_cut_whatever_they_hold(text):
    made = cut(article(text))
    assert made[0].start == 0
    assert made[-1].end == len(text.rstrip())


@pytest.mark.parametrize(
    "text",
    [
        "Army chief Gen. Asim Munir visited Beijing in April.",
        "The project cost Rs. 5 billion according to officials.",
        "He met Lt. Col. Ahmed Khan near the border on Monday.",
        "Maj. Gen. Ahmed Sharif (Retd.) spoke for St. Mary's school.",
        "The U.S. Congress and the U.K. Parliament debated it.",
        "It begins on Sept. 5 at 10 a.m. in Islamabad.",
        "Mr. Li and Dr. Khan signed the deal for Huawei Co. Ltd. in Lahore.",
        "It lies some 5 km. from the port of Gwadar, approx. 3 miles away.",
    ],
)
def test_abbreviations_of_the_news_end_no_sentence(text):
    assert said(text) == [text]


def test_sentences_end_at_full_stops():
    text = "Khan went to Beijing. He met Xi Jinping. They spoke about trade."
    assert said(text) == ["Khan went to Beijing.", "He met Xi Jinping.", "They spoke about trade."]


@pytest.mark.parametrize("blank", ["\n\n", "\n \n", "\n\t\n\n\n"])
def test_a_blank_line_always_ends_a_sentence(blank):
    assert said(f"A headline without a full stop{blank}Kakar went to Beijing") == [
        "A headline without a full stop",
        "Kakar went to Beijing",
    ]


def test_hard_wrapped_text_is_not_cut_at_its_line_breaks():
    wrapped = (
        "The minister said on Monday that both of the countries would\n"
        "sign the agreement in the coming weeks, and that the corridor\n"
        "would bring investment to the region. He then left for home."
    )
    assert said(wrapped) == [re.split(r"(?<=region\.) ", wrapped)[0], "He then left for home."]


def test_short_lines_are_sentences_of_their_own():
    assert said("Title of the page\nBy Umair Jamal\nKakar went to Beijing.") == [
        "Title of the page",
        "By Umair Jamal",
        "Kakar went to Beijing.",
    ]


def test_an_article_without_any_sentence_has_no_passage():
    assert cut(article("")) == []


@pytest.mark.parametrize("budget", [0, 15, 321, -1])
def test_a_budget_that_cannot_pack_is_refused(budget):
    with pytest.raises(ValueError, match=f"budget of {budget} tokens; it must be 16 to 320"):
        PassageSettings(budget=budget)


@pytest.mark.parametrize("overlap", [-1, 9])
def test_an_overlap_that_cannot_pack_is_refused(overlap):
    with pytest.raises(ValueError, match=f"overlap of {overlap} sentences; it must be 0 to 8"):
        PassageSettings(overlap=overlap)
