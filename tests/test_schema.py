"""Places in two units: what a browser cuts out by UTF-16 units is what Python cuts out by code points."""

import pytest
from fakes import article
from hypothesis import given
from hypothesis import strategies as st
from texts import texts

from askpkcn import schema
from askpkcn.errors import IndexCorrupt
from askpkcn.types import Answer, Near, Reason, Timings


@given(texts(6), st.data())
def test_both_units_name_the_same_piece(raw, data):
    one = article(raw + "x")
    start = data.draw(st.integers(0, len(one.text) - 1))
    end = data.draw(st.integers(start + 1, len(one.text)))
    quote = schema.article(one, (start, end))["quote"]
    units = one.text.encode("utf-16-le")
    assert one.text[quote["start"] : quote["end"]] == quote["text"]
    assert units[2 * quote["start_utf16"] : 2 * quote["end_utf16"]].decode("utf-16-le") == quote["text"]


def test_an_answer_from_an_article_that_is_gone_is_a_fault_of_the_index():
    near = Near(article("x").source, "x", 0, 1)
    times = Timings(0.0, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(IndexCorrupt, match="which the catalogue lacks; rebuild it"):
        schema.answer(Answer("who", (), 0.1, Reason.BELOW_THRESHOLD, (near,), times, "s"), lambda _: None)
