"""Copies of an article are found, other articles are not; and an answer counts a story once."""

import random
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fakes import HashEncoder, Shelf, article
from test_answerer import ASKED, LIKELY, marked

from askpkcn import schema, stories
from askpkcn.answerer import Answerer
from askpkcn.catalogue import Catalogue
from askpkcn.index import build
from askpkcn.render import elsewhere
from askpkcn.retriever import without_copies
from askpkcn.snapshot import open_snapshot
from askpkcn.types import Hit, Passage, Reason

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import made  # noqa: E402


def group(texts: list[str]) -> list[list[int]]:
    return stories.group([stories.bands_of(text) for text in texts], lambda i: texts[i])


def grouped(texts: list[str]) -> set[int]:
    return {i for members in group(texts) for i in members}


@pytest.fixture
def chance() -> random.Random:
    return random.Random(5)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.15, 0.3])
def test_an_edited_copy_with_its_paragraphs_moved_is_found(chance, share):
    first = made.report(made.event(chance), chance)
    assert group([first.text, made.copy(first, share, chance).text]) == [[0, 1]]


def test_two_reporters_on_one_event_tell_two_stories(chance):
    for _ in range(20):
        on = made.event(chance)
        assert group([made.report(on, chance, 8).text, made.report(on, chance, 8).text]) == []


def test_routine_news_with_other_figures_is_no_copy():
    said = (
        "The market closed at {} points on Monday. Shares of the cement works rose by {} per cent. The bank index "
        "fell by {} per cent in busy trade. Brokers spoke of {} million shares sold, and of a quiet week to come."
    )
    assert group([said.format(41, 7, 3, 212), said.format(39, 5, 9, 187)]) == []
    assert group([said.format(41, 7, 3, 212), said.format(41, 7, 3, 212)[:-40] + " and more."]) == [[0, 1]]


def test_a_copy_that_was_cut_is_found_and_a_brief_mention_is_not():
    facts = [f"The {word} commission met in {word}abad and heard of the {word} dispute." for word in made.SPARE[:16]]
    whole = "\n\n".join(facts)
    assert group([whole, "\n\n".join(facts[:8])]) == [[0, 1]]
    assert group([whole, "\n\n".join(facts[:3])]) == []


def test_copies_of_copies_are_of_one_story_and_short_texts_of_none(chance):
    first = made.report(made.event(chance), chance)
    second = made.copy(first, 0.2, chance)
    other = made.report(made.event(chance), chance)
    texts = [other.text, first.text, "He went.", second.text, "He went.", made.copy(second, 0.2, chance).text]
    assert group(texts) == [[1, 3, 5]]
    assert group([]) == group(["He went.", ""]) == []


def test_a_crowd_that_says_the_same_few_words_is_compared_with_its_neighbours_alone():
    table = (
        "Final result of the match between the two teams in the northern league on the ground of the old university "
        "of Kasur today."
    )
    assert len(group([table] * (stories.CROWD + 50))[0]) == stories.CROWD + 50


def test_precision_and_recall_on_made_copies_are_over_95_percent():
    command = [sys.executable, str(BENCHMARKS / "copies.py"), "--events", "60", "--seed", "23"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.split()
    assert float(out[out.index("precision") + 1]) >= 0.95
    assert float(out[out.index("recall") + 1]) >= 0.95


WIRE = "\n\n".join(
    f"The {word} commission met in {word}abad and heard of the {word} dispute." for word in made.SPARE[:9]
)


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    for name, outlet, day, text in (
        ("a", "Dawn", "2022-02-09", WIRE),
        ("b", "The Post", "2022-02-07", WIRE.replace("met in", "gathered in") + "\n\nReporting by staff."),
        ("c", "The Post", "2022-02-08", WIRE),
        ("d", "Dawn", "2022-02-01", "Somebody spoke of the weather."),
    ):
        (folder / f"{name}.md").write_text(f"---\noutlet: {outlet}\npublished: {day}\n---\n{text}\n")
    return folder


def told(index: Path) -> list[list[str]]:
    opened = Catalogue(open_snapshot(index).catalogue)
    found = [[source.id for source in members] for members in opened.stories()]
    opened.close()
    return found


def test_a_build_keeps_stories_with_repeats_in_them_earliest_first(folder, tmp_path):
    build([folder], tmp_path / "index", HashEncoder)
    assert told(tmp_path / "index") == [["news/b.md", "news/c.md", "news/a.md"]]
    opened = Catalogue(open_snapshot(tmp_path / "index").catalogue)
    assert [source.id for source in opened.copies("news/a.md")] == ["news/b.md", "news/c.md"]
    assert [source.id for source in opened.copies("news/b.md")] == ["news/c.md", "news/a.md"]
    assert opened.copies("news/d.md") == ()
    assert opened.story("news/a.md") == opened.story("news/b.md") == "news/a.md"
    assert opened.story("news/d.md") is None
    opened.close()


def test_stories_change_with_the_articles_and_are_those_of_a_fresh_build(folder, tmp_path):
    index = tmp_path / "index"
    build([folder], index, HashEncoder)
    (folder / "b.md").unlink()
    build([folder], index, HashEncoder)
    assert told(index) == [["news/c.md", "news/a.md"]]  # of one text: a repeat is no article, but a copy
    (folder / "e.md").write_text(WIRE.replace("heard of", "was told of"))
    build([folder], index, HashEncoder)
    build([folder], tmp_path / "fresh", HashEncoder)
    assert told(index) == told(tmp_path / "fresh") == [["news/c.md", "news/a.md", "news/e.md"]]
    (folder / "a.md").unlink()  # the text is still there, in what was a repeat
    build([folder], index, HashEncoder)
    assert told(index) == [["news/c.md", "news/e.md"]]


ONE = article("Kakar signed 20 agreements in China. He left on Monday.", "one.md", "Dawn", date(2022, 2, 9))
COPY = article("Kakar has signed 20 agreements in China. He left on Monday.", "copy.md", "The Post", date(2022, 2, 7))
OTHER = article("He said that twenty deals were made.", "other.md", "Dawn")


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf(ONE, COPY, OTHER)
    shelf.stories = {ONE.id: "one.md", COPY.id: "one.md"}
    return shelf


def test_an_answer_has_one_quote_a_story_and_says_where_else_it_stands(shelf):
    rows = [marked(ONE, "20", 5.0), marked(COPY, "20", 4.0, 1), marked(OTHER, "twenty", 3.0, 2)]
    hits, spans = [hit for hit, _ in rows], [span for _, span in rows]
    decision = Answerer(LIKELY, shelf).decide(ASKED, hits, spans, 5, lambda: Reason.NOTHING_RETRIEVED)
    (group,) = decision.groups
    assert [quote.source.id for quote in group.quotes] == ["one.md", "other.md"]
    first, second = group.quotes
    assert [copy.id for copy in first.copies] == ["copy.md"]
    assert elsewhere(first) == "also in 1 outlet; the earliest: copy.md, The Post, 2022-02-07, copy.md"
    assert second.copies == ()
    assert schema._story(second) is None
    assert schema._story(first) == {
        "outlets": 1,
        "earliest": schema.source(COPY.source),
        "articles": [schema.source(COPY.source)],
    }
    assert elsewhere(replace(first, copies=(OTHER.source, ONE.source))) == "also in 2 articles; this is the earliest"
    assert elsewhere(replace(first, source=OTHER.source, copies=(OTHER.source,))) == "also in 1 article"  # undated


def test_a_copy_that_says_otherwise_is_no_other_place_of_a_quote():
    other = "Kakar has signed 21 agreements in China. He left on Monday. The press counted 20 cars."
    differs = article(other, "differs.md", "The Post", date(2022, 2, 7))
    shelf = Shelf(ONE, differs, COPY)
    shelf.stories = {ONE.id: "one.md", differs.id: "one.md", COPY.id: "one.md"}
    rows = [marked(ONE, "20", 5.0), marked(differs, "21", 4.0, 1)]
    hits, spans = [hit for hit, _ in rows], [span for _, span in rows]
    decision = Answerer(LIKELY, shelf).decide(ASKED, hits, spans, 5, lambda: Reason.NOTHING_RETRIEVED)
    assert [group.text for group in decision.groups] == ["20", "21"]
    assert [[copy.id for copy in group.quotes[0].copies] for group in decision.groups] == [["copy.md"], []]


def test_what_is_kept_as_a_repetition_tells_what_its_article_tells(folder, tmp_path):
    build([folder], tmp_path / "index", HashEncoder)
    opened = Catalogue(open_snapshot(tmp_path / "index").catalogue)
    assert opened.article("news/c.md") is None
    assert opened.teller("news/c.md").text == opened.article("news/a.md").text
    assert opened.teller("news/b.md") == opened.article("news/b.md")
    assert opened.teller("news/z.md") is None
    opened.close()


def test_two_places_of_one_article_that_say_the_same_are_both_shown(shelf):
    twice = article("It has 20 towers. Later reports speak of 20 towers too.", "twice.md")
    shelf = Shelf(twice)
    end = marked(twice, "20 towers too", 4.0, 1)
    rows = [marked(twice, "20 towers", 5.0), (end[0], replace(end[1], end=end[1].end - 4))]
    decision = Answerer(LIKELY, shelf).decide(ASKED, [h for h, _ in rows], [s for _, s in rows], 5, lambda: Reason("x"))
    assert [quote.start for quote in decision.groups[0].quotes] == [7, 41]


def hit(number: int, article_id: str, text: str) -> Hit:
    return Hit(Passage(number, article_id, 0, len(text), text), 1.0 / number, None, None)


def test_what_copies_repeat_gives_its_place_to_others():
    hits = [
        hit(1, "one", "Kakar signed twenty agreements in China on Monday."),
        hit(2, "copy", "Kakar has signed twenty agreements in China on Monday."),
        hit(3, "copy", "The weather in Beijing was cold and dry."),
        hit(4, "changed", "Kakar signed 30 agreements in China on Monday."),
        hit(5, "alone", "Kakar signed twenty agreements in China on Monday."),
        hit(6, "one", "Kakar signed twenty agreements in China on Monday."),
    ]
    story = {"one": "s", "copy": "s", "changed": "s"}
    assert [each.passage.number for each in without_copies(hits, story.get)] == [1, 3, 4, 5, 6]


def test_asking_imports_nothing_that_only_building_needs(tmp_path, folder):
    build([folder], tmp_path / "index", HashEncoder)
    lines = (
        "import sys",
        "from pathlib import Path",
        "from askpkcn.engine import Engine",
        f"engine = Engine(Path({str(tmp_path / 'index')!r}))",
        "assert len(list(engine.stories())) == 1",
        "heavy = {'datasketch', 'scipy', 'watchfiles', 'nupunkt', 'tiktoken', 'torch', 'lxml', 'pypdf'}",
        "print(sorted(heavy & set(sys.modules)))",
    )
    out = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"
