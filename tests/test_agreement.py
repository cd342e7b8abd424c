import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpkcn.agreement import agree, group, said

SAME = [
    ("20", "twenty"),
    ("20", "Twenty"),
    ("22", "twenty-two"),
    ("105", "one hundred and five"),
    ("3,000", "three thousand"),
    ("46 billion", "46,000,000,000"),
    ("$46 billion", "$46bn"),
    ("1.5 million", "1,500,000"),
    ("5 lakh", "500,000"),
    ("13", "13 people"),
    ("about 20", "20"),
    ("20 agreements", "twenty agreements"),
    ("April 10, 2022", "10 April 2022"),
    ("April 10, 2022", "on the 10th of April, 2022"),
    ("April 2022", "April 10, 2022"),
    ("2022", "April 10, 2022"),
    ("Feb 4", "4 February"),
    ("the 9th", "ninth"),
    ("Kakar", "Anwaar-ul-Haq Kakar"),
    ("Xi", "Xi Jinping"),
    ("Xi Jinping", "President Xi Jinping"),
    ("Beijing", "in Beijing"),
    ("Beijing", "BEIJING"),
    ("U.S.", "US"),
    ("China’s", "China"),
    ("Café", "Cafe\u0301"),
]
DIFFERENT = [
    ("1950", "1951"),
    ("$46 billion", "$9 billion"),
    ("10 Chinese", "13 people"),
    ("20", "twenty-one"),
    ("5 million", "5 billion"),
    ("April 10, 2022", "April 11, 2022"),
    ("April 2022", "May 2022"),
    ("Arif Alvi", "Arif Kamel"),
    ("Imran Khan", "Anwaar-ul-Haq Kakar"),
    ("China", "Pakistan and China"),
    ("Beijing", "Islamabad"),
    ("9th", "10th"),
    ("12345678901", "12345678902"),
    ("😀", "🎉"),
    ("", "20"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_say_the_same(one, other):
    assert agree(said(one), said(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_these_do_not(one, other):
    assert not agree(said(one), said(other))


WORDS = st.sampled_from([w for pair in SAME + DIFFERENT for text in pair for w in text.split()] + ["፩", "٢", "½", "²"])
QUOTES = st.one_of(st.lists(WORDS, max_size=5).map(" ".join), st.text(max_size=20))


@given(QUOTES, QUOTES)
def test_agreeing_is_symmetric_and_everything_agrees_with_itself(one, other):
    assert agree(said(one), said(other)) == agree(said(other), said(one))
    assert agree(said(one), said(one))


@given(st.lists(QUOTES, max_size=8))
def test_groups_part_the_quotes_and_keep_their_order(quotes):
    groups = group(quotes)
    assert sorted(i for members in groups for i in members) == list(range(len(quotes)))
    assert all(members == sorted(members) for members in groups)
    assert [members[0] for members in groups] == sorted(members[0] for members in groups)
    for members in groups:
        assert all(agree(said(quotes[members[0]]), said(quotes[i])) for i in members)


def test_groups_by_example():
    assert group(["20", "1951", "twenty", "1950", "20 agreements"]) == [[0, 2, 4], [1], [3]]
