from datetime import date

import pytest
from fakes import source

from askpkcn import keywords
from askpkcn.errors import IndexCorrupt
from askpkcn.keywords import Keywords
from askpkcn.types import Filters, Passage

TEXTS = (
    "Kakar signed twenty agreements in China.",
    "The corridor was agreed in Islamabad; China pays.",
    "China, China and China again: nothing but China.",
    "وزیر اعظم نے چین کا دورہ کیا",
    "Café and 5G in Gwadar",
)
SOURCES = (
    source("a", "The Diplomat", date(2022, 2, 7)),
    source("b", "the diplomat", date(2023, 1, 1)),
    source("c", "Dawn", None),
    source("d", None, date(2020, 1, 1)),
    source("e", "Straße Post", date(1, 1, 1)),
)
NONE = Filters()


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Keywords:
    folder = tmp_path_factory.mktemp("keywords") / "keywords"
    rows = [(Passage(i, one.id, 0, len(text), text), one) for i, (text, one) in enumerate(zip(TEXTS, SOURCES))]  # noqa: B905
    keywords.write(rows, folder)
    return Keywords(folder)


def numbers(opened: Keywords, question: str, filters: Filters = NONE, limit: int = 10) -> list[int]:
    return [row.passage for row in opened.best(question, limit, filters)]


def test_every_passage_counts(opened):
    assert len(opened) == len(TEXTS)


def test_passages_with_more_of_the_words_come_first(opened):
    found = opened.best("Which agreements were signed in China?", 10, NONE)
    assert found[0].passage == 0
    assert [row.score for row in found] == sorted((row.score for row in found), reverse=True)


@pytest.mark.parametrize(
    ("question", "passage"), [("agreement sign", 0), ("corridors", 1), ("CAFÉ", 4), ("5g", 4), ("چین", 3)]
)
def test_inflected_capital_and_foreign_words_are_found(opened, question, passage):
    assert passage in numbers(opened, question)


@pytest.mark.parametrize(
    "question",
    ["", "?!", "😀", "AND OR NOT (", "text:china)", '"corridor', "a^b~2 [x TO y] *", "-corridor +", "\\", "IN [a b]"],
)
def test_the_query_language_means_nothing_in_a_question(opened, question):
    assert set(numbers(opened, question)) <= set(range(len(TEXTS)))


def test_a_minus_before_a_word_excludes_nothing(opened):
    assert 1 in numbers(opened, "-corridor")


def test_the_limit_holds(opened):
    assert numbers(opened, "china", limit=1) == numbers(opened, "china")[:1]
    assert numbers(opened, "china", limit=0) == []


@pytest.mark.parametrize(
    ("filters", "inside"),
    [
        (Filters(outlets=("THE DIPLOMAT",)), {0, 1}),
        (Filters(outlets=("dawn", "STRASSE POST")), {2, 4}),
        (Filters(outlets=("Nobody",)), set()),
        (Filters(first=date(2022, 2, 7)), {0, 1}),
        (Filters(last=date(2022, 2, 7)), {0, 3, 4}),
        (Filters(first=date(2022, 2, 8), last=date(2022, 12, 31)), set()),
        (Filters(outlets=("The Diplomat",), last=date(2022, 2, 7)), {0}),
    ],
)
def test_filters_hold_and_undated_articles_are_outside_every_range(opened, filters, inside):
    assert set(numbers(opened, "china corridor gwadar وزیر", filters)) == inside


def test_common_words_are_left_out_where_passages_are_many(opened, monkeypatch):
    assert numbers(opened, "china agreements") == [0, 2, 1]
    monkeypatch.setattr(keywords, "MANY", 2)
    assert numbers(opened, "china agreements") == [0]  # China stands in three
    assert numbers(opened, "china") == numbers(opened, "china zzzz") == [2, 0, 1]
    assert numbers(opened, "china agreements", Filters(outlets=("Dawn",))) == [2]


def test_filters_do_not_change_the_scores(opened):
    free = {row.passage: row.score for row in opened.best("china agreements", 10, NONE)}
    kept = opened.best("china agreements", 10, Filters(outlets=("Dawn",)))
    assert [(row.passage, row.score) for row in kept] == [(2, pytest.approx(free[2]))]


def test_a_rare_passage_is_found_inside_filters(tmp_path):
    rows = [(Passage(i, "a", 0, 1, "China China China"), source("a", "Dawn")) for i in range(300)]
    rare = Passage(300, "b", 0, 1, "a long passage that speaks of many things and only once of China among them all")
    keywords.write([*rows, (rare, source("b", "Rare"))], tmp_path / "k")
    opened = Keywords(tmp_path / "k")
    assert 300 not in numbers(opened, "China", limit=50)
    assert numbers(opened, "China", Filters(outlets=("rare",)), limit=50) == [300]


def test_an_index_of_nothing_finds_nothing(tmp_path):
    keywords.write([], tmp_path / "k")
    assert numbers(Keywords(tmp_path / "k"), "china") == []


@pytest.mark.parametrize("present", [True, False])
def test_a_folder_that_is_no_index_names_the_remedy(tmp_path, present):
    if present:
        (tmp_path / "meta.json").write_text("{")
    with pytest.raises(IndexCorrupt, match=r"is no tantivy index \(.*\); rebuild it with `askpkcn index PATH"):
        Keywords(tmp_path)
