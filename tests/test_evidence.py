import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpkcn.evidence import Evidence, question_terms, stem, weigh, words_of


def lacks(question: str, text: str) -> int:
    return weigh(question_terms(question), text, text, text).missing_near


def rivals(question: str, text: str) -> int:
    return weigh(question_terms(question), text, text, text).rivals


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When was the 10th meeting held?", "The 9th meeting was held on Sunday."),
        ("When was the 10th meeting held?", "The ninth meeting was held on Sunday."),
        ("What was signed in 2020?", "Much was signed in 2019."),
        ("What was signed in May?", "Much was signed in April."),
        ("Who visited India?", "Kakar visited China."),
        ("How many Japanese workers died?", "Ten Chinese workers died."),
        ("Who got 46 billion?", "They got 9 million."),
    ],
)
def test_another_of_its_kind_in_the_place_of_a_term_is_a_rival(question, text):
    assert lacks(question, text) >= 1
    assert rivals(question, text) >= 1


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When was the 10th meeting held?", "The tenth meeting was held."),
        ("When was the 9th meeting held?", "The ninth meeting was held."),
        ("What was signed in 2020?", "In 2020 much was signed."),
        ("Did the PM visit?", "The Prime Minister visited."),
        ("What is CPEC?", "The China-Pakistan Economic Corridor is a project."),
        ("Who visited China?", "He went to Beijing."),
        ("What did Beijing say?", "A Chinese spokesman spoke."),
        ("How many Japanese workers died?", "In Japan three workers died."),
        ("Who attacked the Uyghurs?", "A Uyghur man was attacked."),
        ("Which Agreements did he sign?", "He signed an agreement."),
        ("Was it February?", "It was in Feb."),
        ("Which U.S. official came?", "An American official came."),
        ("What did Khan’s party say?", "Khan said nothing."),
        ("Were 20 signed?", "Twenty were signed."),
    ],
)
def test_aliases_and_inflections_hold_a_term(question, text):
    assert lacks(question, text) == 0


def test_a_name_that_is_nowhere_is_missing_but_has_no_rival():
    found = weigh(question_terms("Did Modi meet Kakar?"), "Kakar spoke.", "Kakar spoke.", "Kakar spoke. Modi left.")
    assert (found.missing_near, found.missing_passage, found.missing_article, found.rivals) == (1, 1, 0, 0)


def test_overlap_is_the_share_of_content_words_in_the_passage():
    terms = question_terms("how many agreements were signed yesterday")
    assert weigh(terms, "", "Agreements signed.", "").overlap == pytest.approx(2 / 4)  # of many, agreements, ...
    assert weigh(question_terms("who is it"), "", "", "").overlap == 1.0


def test_a_question_in_lower_case_still_has_countries_and_numbers():
    assert question_terms("how many chinese died in 2021").hard == {("country", "china"), ("year", "2021")}


def test_a_question_in_capitals_has_no_names_by_capitals():
    assert question_terms("WHO VISITED THE REGION").hard == frozenset()


def test_us_the_pronoun_is_no_country():
    assert question_terms("what did he tell us").hard == frozenset()
    assert question_terms("Did the US reply?").hard == {("country", "us")}


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_weighed(question, text):
    found = weigh(question_terms(question), text, text, text)
    assert isinstance(found, Evidence)
    assert found.missing_near == found.missing_passage == found.missing_article
    assert 0 <= found.rivals <= found.missing_near
    assert 0.0 <= found.overlap <= 1.0


@given(st.text(min_size=1, max_size=60))
def test_a_text_lacks_none_of_its_own_numbers_and_countries(text):
    assert {kind for kind, _ in question_terms(text).hard - words_of(text).terms} <= {"name"}


@pytest.mark.parametrize(
    ("one", "other"), [("agreements", "agreement"), ("ties", "tie"), ("visited", "visits"), ("countries", "country")]
)
def test_endings_are_cut_alike(one, other):
    assert stem(one) == stem(other)
