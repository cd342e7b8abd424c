import pytest

from askpkcn.expected import fits


@pytest.mark.parametrize(
    ("question", "span", "form"),
    [
        ("How many agreements were signed?", "20", 1.0),
        ("How many agreements were signed?", "twenty", 1.0),
        ("How many agreements were signed?", "Beijing", -1.0),
        ("By how much did it rise?", "most of it", -1.0),
        ("When did he arrive?", "on Monday", 1.0),
        ("When did he arrive?", "late October", 1.0),
        ("In which year did he arrive?", "2019", 1.0),
        ("When did he arrive?", "Xinjiang", -1.0),
        ("Who wrote it?", "Umair Jamal", 1.0),
        ("Who wrote it?", "عمیر جمال", 1.0),
        ("Who wrote it?", "because of the rain", -1.0),
        ("In which Chinese city did they meet?", "Beijing", 1.0),
        ("In which Chinese city did they meet?", "privately", -1.0),
        ("In which city did they meet?", "the Pakistani", -1.0),
        ("In what city did they meet?", "Pakistan", -1.0),
        ("Which Indian city hosted them?", "Mumbai in India", 1.0),
        ("In which year did he arrive?", "12 March", -1.0),
        ("In which year did he arrive?", "the same year", 1.0),
        ("In what month did he arrive?", "2019", -1.0),
        ("Which month was it?", "late May", 1.0),
        ("On which day of the week was it?", "23 March 2022", -1.0),
        ("On what day of the week was it?", "On Monday", 1.0),
        ("On which day was it?", "23 March 2022", 1.0),
        ("Why did he leave?", "20", 0.0),
        ("What did he say?", "nothing", 0.0),
        ("  HOW   MANY came?", "nobody", -1.0),
    ],
)
def test_a_span_has_the_form_that_the_question_asks_for(question, span, form):
    assert fits(question, span) == form


def test_an_empty_span_has_no_form():
    assert fits("How many?", "…") == -1.0
    assert fits("Why?", "") == 0.0
