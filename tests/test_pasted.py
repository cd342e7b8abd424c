"""Pasted text: the raw articles, and that no sentence of a body is ever lost."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpkcn import articles
from askpkcn.articles import dates, furniture, pasted
from askpkcn.text import normalise
from askpkcn.types import Article

FURNITURE_OF_THE_FIVE = (
    "Already a subscriber?",
    "Subscribe for full access",
    "Want to read more?",
    "ReplyForward",
    "2 years ago",
    "date 2022-02-07",
    "The Authors",
)


@pytest.fixture
def five(shared_seeds) -> dict[str, Article]:
    return {found.file.name[:3]: articles.read(found) for found in articles.find([shared_seeds])}


def test_metadata_of_the_raw_articles_is_right_or_unknown(five):
    told = {name: (one.source.outlet, one.source.author, one.source.published) for name, one in five.items()}
    assert told == {
        "000": ("The Diplomat", "Umair Jamal", None),
        "001": (None, None, None),
        "002": (None, None, None),
        "003": (None, "Mahnur", None),
        "004": (None, None, date(2022, 2, 7)),
    }


def test_titles_of_the_raw_articles(five):
    assert five["000"].source.title.startswith("Pakistani Prime Minister Kakar")
    assert five["001"].source.title.startswith("Does Imran Khan")
    assert five["000"].text.startswith(five["000"].source.title)
    assert [five[name].source.title[:4] for name in ("002", "003", "004")] == ["002_", "003_", "004_"]  # no headline


def test_no_furniture_is_left_in_the_raw_articles(five):
    for one in five.values():
        assert not any(words in one.text for words in FURNITURE_OF_THE_FIVE)
        lines = [line for line in one.text.split("\n") if line]
        assert not any(line in ("Print", "Share", "12", "Subscribe", "South Asia", "Overview") for line in lines)
    assert "Hunger Problem" not in five["000"].text
    assert "Maldives" not in five["000"].text


def test_no_sentence_of_the_raw_articles_is_lost(five, shared_seeds):
    for file in shared_seeds.iterdir():
        kept = five[file.name[:3]].text
        for line in normalise(file.read_text(encoding="utf-8")).split("\n"):
            line = line.strip().removeprefix("date 2022-02-07 ")
            if len(line.split()) > 12 and re.search(r"[.?!”]$", line):
                assert line in kept, line[:40]
    assert "By Umair Jamal" in five["000"].text.split("\n")
    assert "Imran Khan invites Xi Jinping" in five["004"].text  # a heading within the body
    assert five["003"].text.count("Mahnur") == 1


SENTENCES = (
    "The committee met nine times and could not agree on a bridge.",
    "“Share this burden,” the elder said.",
    "Subscribe to our plan, the bank told them, and you will never walk alone.",
    "Sign up for our army, the posters said.",
    "Print was dead, he wrote.",
    "He went home.",
    "By Monday the money was gone.",
    "Follow us, she cried.",
    "Related by marriage to the king, he kept his post.",
    "Read more: that was her whole advice to the young.",
    "Comments were made by 12 ministers.",
    "Who would pay for it?",
    "More from the river than from the rain came into the cellars.",
    "In 1987 the river took the first bank.",
    "On Monday he wrote to all of them.",
    "Published in 1999, the book was read by nobody.",
    "Already a member of the guild, he paid nothing.",
    "The price was 12.",
)
BUTTONS = (
    "Share", "Print", "12", "Tweet", "Advertisement", "Subscribe", "2 days ago", "Already a subscriber?", "Related",
    "Follow us on Twitter", "1.2K shares", "Leave a comment", "ReplyForward |", "Home", "Sign in", "", "", "",
)  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from(SENTENCES), st.lists(st.sampled_from(BUTTONS), max_size=3)), min_size=1),
    st.sampled_from(["\n", "\n\n"]),
)
def test_no_sentence_is_lost_among_any_furniture(rows, joint):
    lines = [line for sentence, buttons in rows for line in (*buttons, sentence)]
    kept = pasted.read(normalise(joint.join(lines))).text.split("\n")
    assert [line for line in kept if line in SENTENCES] == [sentence for sentence, _ in rows]


@given(st.text(max_size=400))
def test_any_text_is_read_and_nothing_is_made_up(text):
    text = normalise(text)
    made = pasted.read(text)
    lines = {line.strip() for line in text.split("\n")}
    if made.published is None:
        assert all(line in lines for line in made.text.split("\n"))
    assert bool(made.text) == bool(text.strip())


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2022-02-07", date(2022, 2, 7)),
        ("2022-02-07T23:30:00-08:00", date(2022, 2, 7)),  # the day as it is written: no time zone is applied
        ("February 7, 2022", date(2022, 2, 7)),
        ("Feb. 7th, 2022", date(2022, 2, 7)),
        ("Monday, 7 February 2022 at 9:15 PM PKT", date(2022, 2, 7)),
        ("7th of September, 2021", date(2021, 9, 7)),
        ("7-Feb-2022", date(2022, 2, 7)),
        ("2022/02/07", date(2022, 2, 7)),
        ("27/02/2022", date(2022, 2, 27)),
        ("02/27/2022", date(2022, 2, 27)),
        ("02.02.2022", date(2022, 2, 2)),
        ("07/02/2022", None),  # July or February?
        ("February 2022", None),
        ("February 30, 2022", None),
        ("7 Feb", None),
        ("7 Feb 22", None),
        ("2 years ago", None),
        ("yesterday", None),
        ("12", None),
    ],
)
def test_dates_are_read_where_they_can_be_read_in_one_way(written, day):
    assert dates.read_date(written) == day


@pytest.mark.parametrize(
    "line", ["2 years ago", "an hour ago", "Published 3 days ago", "Yesterday", "15 mins ago", "2h ago"]
)
def test_relative_dates_are_known_as_such(line):
    assert dates.RELATIVE.fullmatch(line)


@pytest.mark.parametrize("line", ["1987", "2024", "12 men", "3.5", "twelve"])
def test_what_counts_nothing_is_no_counter(line):
    assert not furniture.is_counter(line)
