import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askpkcn.text import normalise

ANY = st.text(st.characters(exclude_categories=()))


@given(ANY)
@example("\r\x00\n")
@example("e\x00\u0301")
@example("\ud83d\ud83d\ude00")
def test_normalise_is_idempotent_and_gives_nfc_that_utf8_can_hold(text):
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once.encode().decode() == once


@given(ANY)
def test_no_control_or_direction_override_survives(text):
    left = normalise(text)
    assert {c for c in left if unicodedata.category(c) == "Cc"} <= {"\n", "\t"}
    assert not set(left) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u2028\u2029")


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\x85", "\u2028", "\u2029", "\x0b", "\x0c"])
def test_every_line_break_becomes_a_newline(end):
    assert normalise(f"one{end}two") == "one\ntwo"


def test_tab_joiners_and_right_to_left_marks_stay():
    text = "a\tb 👩\u200d🌾 پاکستان\u200f اور"
    assert normalise(text) == text


def test_combining_marks_are_composed():
    assert normalise("Cafe\u0301") == "Café"


def test_surrogates_are_joined_or_dropped():
    assert normalise("a\ud83d\ude00b\udc80") == "a😀b"
