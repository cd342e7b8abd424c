import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from fakes import article, cut
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import texts

from askpkcn import keywords
from askpkcn.catalogue import Catalogue, Entry, Writer
from askpkcn.errors import IndexCorrupt
from askpkcn.keywords import Keywords
from askpkcn.passages import sentences
from askpkcn.types import Article, Filters, Passage


def write(file: Path, *held: Article, budget: int = 160) -> list[Passage]:
    made: list[Passage] = []
    with Writer(file) as writer:
        for one in held:
            packed = cut(one, budget=budget, first=len(made))
            writer.add(Entry(one, sentences(one.text), packed))
            made += packed
    return made


@settings(max_examples=100, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=4), st.integers(16, 200), st.integers(0, 4))
def test_every_passage_has_the_rows_of_exactly_its_sentences(raw, budget, overlap):
    held = [article(text, f"{i}.md") for i, text in enumerate(raw)][::-1]  # not in order of id
    with tempfile.TemporaryDirectory() as folder:
        file, made = Path(folder) / "c", list[Passage]()
        with Writer(file) as writer:
            for one in held:
                packed = cut(one, budget, overlap, first=len(made))
                writer.add(Entry(one, sentences(one.text), packed))
                made += packed
        with closing(Catalogue(file)) as opened:
            said = [one.text[start:end] for one in held for start, end in sentences(one.text)]
            assert list(opened.all_sentences()) == said
            assert opened.count_sentences() == len(said)
            asked = made[::-1]
            covered = set()
            for passage, (low, high) in zip(asked, opened.sentence_rows([p.number for p in asked]), strict=True):
                own = next(one for one in held if one.id == passage.article_id).text
                within = [b for b in sentences(own) if passage.start <= b[0] and b[1] <= passage.end]
                assert said[low:high] == [own[start:end] for start, end in within]
                assert (within[0][0], within[-1][1]) == (passage.start, passage.end)
                covered |= set(range(low, high))
            assert covered == set(range(len(said)))


def test_the_rows_of_a_passage_that_is_not_there_are_corrupt(opened):
    with pytest.raises(IndexCorrupt, match="name passage 999, which the catalogue lacks; rebuild"):
        opened.sentence_rows([0, 999])
    assert opened.sentence_rows([]).shape == (0, 2)


@pytest.fixture
def held() -> list[Article]:
    text = "😀👩‍👩‍👧‍👦 Kakar signed. وزیر اعظم چین گئے۔ 𝔘𝔫𝔦 code. He left."
    return [
        article(text * 9, "seeds/a.md", "The Diplomat", date(2022, 2, 7)),
        article("Khan spoke. He left.", "seeds/b.md", "Dawn", None),
        article("Nobody spoke.", "seeds/c.md", None, date(2023, 1, 1)),
    ]


@pytest.fixture
def file(tmp_path, held) -> Path:
    write(tmp_path / "catalogue.sqlite", *held, budget=16)
    return tmp_path / "catalogue.sqlite"


@pytest.fixture
def opened(file):
    with closing(Catalogue(file)) as catalogue:
        yield catalogue


def test_articles_come_back_whole(opened, held):
    assert [opened.article(one.id) for one in held] == held
    assert [source for source, _ in opened.sources()] == [one.source for one in held]
    assert opened.source("seeds/b.md") == held[1].source
    assert opened.article("nowhere") is opened.source("nowhere") is None


def test_digests_and_undated_articles_are_told(opened, held):
    assert [opened.told(one.id) for one in held] == [(one.source, one.sha256) for one in held]
    assert opened.told("nothing") is None
    assert opened.undated() == opened.undated(["DAWN"]) == opened.undated(["Dawn", "The Diplomat"]) == 1
    assert opened.undated(["The Diplomat"]) == 0


def test_offsets_count_characters_past_the_basic_plane_once(opened, held):
    all_passages = list(opened.all_passages())
    assert opened.counts() == (3, len(all_passages))
    assert sum(count for _, count in opened.sources()) == len(all_passages)
    texts = {one.id: one.text for one in held}
    assert all(texts[p.article_id][p.start : p.end] == p.text for p in all_passages)
    assert [tuple(row) for row in opened.sentence_bounds("seeds/a.md").tolist()] == sentences(held[0].text)


def test_passages_come_in_the_order_asked(opened):
    assert [p.number for p in opened.passages([3, 0, 2])] == [3, 0, 2]
    assert opened.passages([]) == []


def test_a_passage_that_is_not_there_is_corruption(opened):
    with pytest.raises(IndexCorrupt, match="name passage 999, which the catalogue lacks; rebuild"):
        opened.passages([0, 999])


def test_sentences_of_an_article_that_is_not_there_are_corruption(opened):
    with pytest.raises(IndexCorrupt, match="passages of 'gone' but not the article; rebuild"):
        opened.sentence_bounds("gone")


def test_the_sentence_around_a_span_holds_it(opened, held):
    one = held[1]
    assert opened.sentence_around(one, 0, 4).text == "Khan spoke."
    assert opened.sentence_around(one, 12, 14).text == "He left."
    assert opened.sentence_around(one, 5, 14).text == one.text  # over two sentences
    assert opened.sentence_around(one, 11, 12).text == " "  # between them


@settings(max_examples=40, deadline=None)
@given(texts(6), st.data())
def test_the_sentence_around_any_span_holds_it(text, data):
    one = article(text)
    low = data.draw(st.integers(0, max(0, len(one.text) - 1)))
    high = data.draw(st.integers(low, len(one.text)))
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "c", one)
        with closing(Catalogue(Path(folder) / "c")) as opened:
            around = opened.sentence_around(one, low, high)
    assert around.start <= low <= high <= around.end
    assert around.text == one.text[around.start : around.end]


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_catalogue_names_the_remedy(tmp_path, data):
    (tmp_path / "c").write_bytes(data)
    with pytest.raises(IndexCorrupt, match=r"is no catalogue .*; rebuild it with `askpkcn index PATH"):
        Catalogue(tmp_path / "c")


def test_a_path_with_signs_of_a_url_opens(tmp_path, held):
    folder = tmp_path / "what? 100%#1"
    folder.mkdir()
    write(folder / "c", *held)
    with closing(Catalogue(folder / "c")) as opened:
        assert opened.counts()[0] == 3


OUTLETS = st.sampled_from([None, "Dawn", "DAWN", "The Diplomat", "Straße", "STRASSE", "İstanbul", ""])
DATES = st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2020, 1, 5)), st.sampled_from([date.min, date.max]))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(OUTLETS, DATES), min_size=1, max_size=8),
    st.lists(st.tuples(st.lists(OUTLETS.filter(lambda o: o is not None), max_size=2), DATES, DATES), max_size=6),
)
def test_catalogue_and_keywords_agree_on_who_is_inside_the_filters(sources, asked):
    held = [article("China.", f"{i}.md", outlet, day) for i, (outlet, day) in enumerate(sources)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = write(folder / "c", *held)
        keywords.write(((p, held[p.number].source) for p in made), folder / "k")
        with closing(Catalogue(folder / "c")) as opened:
            for outlets, first, last in asked:
                filters = Filters(tuple(outlets), first, last)
                found = [row.passage for row in Keywords(folder / "k").best("china", 99, filters)]
                assert sorted(found) == opened.numbers(filters)


def test_articles_are_listed_in_pages_inside_filters(opened, held):
    rows, total = opened.list_sources(Filters(), "", 2)
    assert ([source.id for source, _ in rows], total) == (["seeds/a.md", "seeds/b.md"], 3)
    assert rows == list(opened.sources())[:2]
    rows, total = opened.list_sources(Filters(), "seeds/b.md", 2)
    assert ([source.id for source, _ in rows], total) == (["seeds/c.md"], 3)
    rows, total = opened.list_sources(Filters(outlets=("DAWN", "the diplomat"), first=date(2022, 1, 1)), "", 9)
    assert ([source.id for source, _ in rows], total) == (["seeds/a.md"], 1)
    assert opened.list_sources(Filters(outlets=("Nobody",)), "", 9) == ([], 0)


def test_outlets_are_those_with_most_articles(opened):
    assert opened.outlets(9) == ["Dawn", "The Diplomat"]
    assert len(opened.outlets(1)) == 1
