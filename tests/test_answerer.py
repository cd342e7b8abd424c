from dataclasses import replace

import pytest
from fakes import Shelf, article, cut

from askpkcn.answerer import Answerer
from askpkcn.calibration import Calibration
from askpkcn.errors import IndexCorrupt
from askpkcn.types import Article, Hit, Passage, Place, Quote, Reason, Span

ONE = article("Kakar signed 20 agreements in China. He left on Monday. 😀 It rained in 1951.", "one.md", "Dawn")
TWO = article("He said that twenty deals were made. Ties began in 1950.", "two.md")
SHELF = Shelf(ONE, TWO)
LIKELY = Calibration({"margin": 10.0}, 0.0, 0.5)
ASKED = "how many were signed"


def whole(one: Article, number: int = 0) -> Passage:
    return Passage(number, one.id, 0, len(one.text), one.text)


def marked(one: Article, text: str, margin: float, number: int = 0, passage: Passage | None = None) -> tuple[Hit, Span]:
    passage = passage or whole(one, number)
    at = one.text.index(text)
    hit = Hit(passage, 0.03, Place(1, 0.5), None)
    return hit, Span(passage, at, at + len(text), margin, 0.0)


def decide(*rows: tuple[Hit, Span | None], calibration: Calibration = LIKELY, max_groups: int = 5):
    hits, spans = [hit for hit, _ in rows], [span for _, span in rows]
    return Answerer(calibration, SHELF).decide(ASKED, hits, spans, max_groups, lambda: Reason.NOTHING_RETRIEVED)


def test_quotes_that_agree_are_one_group_with_every_source():
    decision = decide(marked(ONE, "20", 3.0), marked(TWO, "twenty", 5.0, 1))
    (group,) = decision.groups
    assert (group.text, group.probability) == ("twenty", decision.probability)
    assert [(quote.source.id, quote.text) for quote in group.quotes] == [("two.md", "twenty"), ("one.md", "20")]
    assert group.quotes[0].sentence.text == "He said that twenty deals were made."
    assert (decision.reason, decision.nearest) == (None, ())


def test_quotes_that_disagree_are_all_shown_best_first():
    decision = decide(marked(ONE, "1951", 2.0), marked(TWO, "1950", 4.0, 1))
    assert [group.text for group in decision.groups] == ["1950", "1951"]
    assert decision.groups[0].probability > decision.groups[1].probability
    assert decide(marked(ONE, "1951", 2.0), marked(TWO, "1950", 4.0, 1), max_groups=1).groups == decision.groups[:1]


def test_of_spans_that_overlap_the_most_probable_stays():
    decision = decide(
        marked(ONE, "20 agreements", 2.0),
        marked(ONE, "20", 4.0, 1),
        marked(ONE, "agreements in China", 1.0, 2),  # overlaps the first alone, which is gone
    )
    assert [group.text for group in decision.groups] == ["20", "agreements in China"]


def test_hits_are_ranked_by_what_reading_marks_in_them():
    second, silent = marked(TWO, "1950", 4.0, 1), (marked(TWO, "He sa", 0.0, 2)[0], None)
    first, same = marked(ONE, "20", 5.0, 3), marked(ONE, "20 agreements", 4.5, 4)
    for calibration in (LIKELY, replace(LIKELY, threshold=1.0)):
        decision = decide(silent, second, same, first, calibration=calibration)
        assert [hit.passage.number for hit in decision.ranked] == [3, 1, 4, 2]


def test_spans_that_only_touch_both_stay():
    assert len(decide(marked(ONE, "Kakar ", 2.0), marked(ONE, "signed", 2.0, 1)).groups) == 2


def test_the_same_place_in_two_articles_is_two_places():
    decision = decide(marked(ONE, "Kakar", 2.0), marked(TWO, "He sa", 2.0, 1))
    assert len(decision.groups) == 2


def test_a_probability_at_the_threshold_answers_and_one_under_it_does_not():
    even = Calibration({"margin": 0.0}, 0.0, 0.5)
    assert decide(marked(ONE, "20", 0.0), calibration=even).reason is None
    above = replace(even, threshold=0.5000001)
    decision = decide(marked(ONE, "20", 0.0), calibration=above)
    assert (decision.groups, decision.probability, decision.reason) == ((), 0.5, Reason.BELOW_THRESHOLD)


def test_an_explicit_threshold_of_nought_answers_always():
    assert decide(marked(ONE, "20", -30.0), calibration=replace(LIKELY, threshold=0.0)).reason is None


def test_only_quotes_over_the_threshold_are_shown():
    decision = decide(marked(ONE, "1951", -20.0), marked(TWO, "1950", 4.0, 1))
    assert [group.text for group in decision.groups] == ["1950"]


def test_a_rejected_answer_shows_the_passages_that_came_nearest():
    pieces = cut(ONE, budget=16, overlap=0)
    rows = [
        marked(ONE, "20", -9.0, passage=pieces[0]),
        marked(TWO, "1950", -5.0, 7),
        (marked(ONE, "20", 0.0, 8)[0], None),
    ]
    rows += [(Hit(replace(whole(TWO), number=9), 0.0, None, None), None)]
    decision = decide(*rows)
    assert [(near.source.id, near.start, near.end) for near in decision.nearest] == [
        ("two.md", 0, len(TWO.text)),
        ("one.md", pieces[0].start, pieces[0].end),
        ("one.md", 0, len(ONE.text)),
    ]
    assert decision.nearest[1].text == pieces[0].text
    assert 0.0 < decision.probability < 0.5


def test_no_hits_give_the_reason_that_the_caller_knows():
    for reason in (Reason.NOTHING_RETRIEVED, Reason.FILTERED_OUT):
        decision = Answerer(LIKELY, SHELF).decide(ASKED, [], [], 5, lambda given=reason: given)
        assert (decision.groups, decision.probability, decision.reason, decision.nearest) == ((), 0.0, reason, ())


def test_hits_without_any_span_are_below_the_threshold():
    decision = decide((marked(ONE, "20", 0.0)[0], None), calibration=replace(LIKELY, threshold=0.0))
    assert (decision.reason, decision.probability, len(decision.nearest)) == (Reason.BELOW_THRESHOLD, 0.0, 1)


def test_a_passage_of_an_article_that_is_not_there_is_no_silent_matter():
    gone = article("Gone.", "gone.md")
    with pytest.raises(IndexCorrupt, match=r"names article 'gone\.md', which the catalogue lacks"):
        decide(marked(gone, "Gone", 3.0))


def quote(**changes: object) -> Quote:
    (group,) = decide(marked(ONE, "1951", 3.0)).groups
    return replace(group.quotes[0], **changes)


def test_a_quote_stands_in_its_article_past_an_emoji():
    made = quote()
    made.check(ONE)
    assert ONE.text[made.start : made.end] == made.text == "1951"


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_quote_with_shifted_offsets_is_refused(shift):
    made = quote()
    with pytest.raises(ValueError, match="but the quote says '1951'"):
        replace(made, start=made.start + shift, end=made.end + shift).check(ONE)
    around = made.sentence
    with pytest.raises(ValueError, match="but the quote says"):
        replace(made, sentence=replace(around, start=around.start + shift, end=around.end + shift)).check(ONE)


def test_a_quote_is_refused_of_another_article_when_empty_or_outside_its_sentence():
    made = quote()
    with pytest.raises(ValueError, match=r"checked against article 'two.md'"):
        made.check(TWO)
    with pytest.raises(ValueError, match="but the quote says ''"):
        replace(made, text="", end=made.start).check(ONE)
    with pytest.raises(ValueError, match="but the quote says"):
        replace(made, start=made.start - len(ONE.text), end=made.end - len(ONE.text)).check(ONE)
    elsewhere = replace(made.sentence, text="He left on Monday.", start=37, end=55)
    with pytest.raises(ValueError, match="is outside its sentence"):
        replace(made, sentence=elsewhere).check(ONE)
