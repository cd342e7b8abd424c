import copy
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from askpkcn.evaluation import plots, report, summary
from askpkcn.evaluation.rows import STAGES, Row, stage
from askpkcn.evaluation.summary import IN_SLICES, LOWER_IS_BETTER, MEASURES, slices, summarise

TEXT = 'Ann said <b>no</b>. The <script>alert("1")</script> cost $5 & $6 ünder 山 in May. Bob left.'
HOSTILE = '<script>alert("2")</script>'
ARTICLE = 'seeds/<img src=x> $a$ 山 id="y.md'
VOID = {"meta", "br", "input", "img", "link", "hr"}


def extent(start: int, end: int) -> dict[str, Any]:
    return {"text": TEXT[start:end], "start": start, "end": end}


SENTENCE = extent(TEXT.index("The"), TEXT.index(" Bob"))


def place(quote: str) -> dict[str, Any]:
    start = TEXT.index(quote)
    return {"start": start, "end": start + len(quote), "sentence": SENTENCE}


def row(name: str, split: str, *, gold: str = "$5 & $6", given: str = "", best: str = "", found: bool = True) -> Row:
    """Make a row; no gold: unanswerable, no given: abstained, no best: nothing retrieved."""
    right = bool(gold) and (given or best) == gold
    quotes = [{"article": {"id": ARTICLE}, "text": given, "probability": 0.9, **place(given)}] if given else []
    group = {"text": given, "probability": 0.9, "quotes": quotes}
    values: dict[str, float | None] = {
        "probability": 0.9 if given else 0.2 if best else 0.0,
        "right": float(right),
        "abstained": float(not given),
        "quote_exactness": 1.0 if given else None,
    }
    if gold:
        hit = float(found)
        values |= {name: hit if "_at_" in name else float(right and bool(given)) for name in MEASURES if is_mean(name)}
        values |= {"all_sides_shown": None, "span_right": float(right), "quote_exactness": 1.0 if given else None}
    made = {
        "id": name,
        "question": f"What of {name} {HOSTILE}?",
        "split": split,
        "kind": "how much",
        "filters": {"outlet": ["Dawn"], "from": "2022-01-01", "to": None},
        "wording": "near",
        "category": "plain" if gold else "not told",
        "answerable": bool(gold),
        "answers": [gold, HOSTILE] if gold else [],
        "gold": [{"article": ARTICLE, "quote": gold, **place(gold)}] if gold else [],
        "answer": {
            "answered": bool(given),
            "reason": None if given else "below_threshold" if best else "nothing_retrieved",
            "groups": [group, {"text": HOSTILE, "probability": 0.5, "quotes": []}] if given else [],
            "timings_ms": {"encode": 1.5, "retrieve": 2.5, "read": 30.0, "decide": 1.0, "total": 35.0 + len(name)},
        },
        "best": {"article": ARTICLE, "text": best, "probability": 0.2, **place(best)} if best else None,
        "hits": [{"article": "other.md", "start": 0, "end": 90, "score": 0.1, "retrieved": 1}]
        + [{"article": ARTICLE, "start": 0, "end": len(TEXT), "score": 0.1, "retrieved": 2}] * found,
        "values": values,
    }
    return made | {"stage": stage(made)}


def is_mean(name: str) -> bool:
    return name not in LOWER_IS_BETTER and not name.startswith(("answerable", "abstain"))


def measured(rows: list[Row]) -> dict[str, Any]:
    splits = {split: [row for row in rows if row["split"] == split] for split in ("dev", "test")}
    return {
        "format": 1,
        "run": HOSTILE,
        "questions": {"source": "eval/q.jsonl", "sha256": "0", "count": len(rows)},
        "counted_out": {split: sum(not row["gold"] for row in part) for split, part in splits.items()},
        "missing_articles": [f"gone/{HOSTILE}"],
        "index": {"snapshot": "20260101-abc", "settings": {"words": 90}, "counts": {"passages": 7}},
        "settings": {"passages": 10, "threshold": 0.35},
        "machine": {"cores": 2, "system": "Linux", "when": "2026-01-01T00:00:00+00:00"},
        "seconds": {"asking": 1.25},
        **{split: summarise(part) for split, part in splits.items()},
        "slices": {
            split: {
                name: {value: summarise(some, IN_SLICES) for value, some in parts.items()}
                for name, parts in slices(part).items()
            }
            for split, part in splits.items()
        },
    }


ROWS = [
    row("r1", "test", given="$5 & $6"),
    row("r2", "test", given="$5 & $6", found=False),
    row("n1", "test", given="May", found=False),
    row("n2", "dev", found=False),
    row("m1", "test", given="May"),
    row("a1", "test", best="$5 & $6"),
    row("s1", "test", gold="", given="山"),
    row("s2", "dev", gold="", given="May"),
    row("u1", "test", gold="", best="May"),
]
LOST = {"n1", "n2", "m1", "a1", "s1", "s2"}


class Page(HTMLParser):
    """Reads a page, holding every tag to be closed, and keeps what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.marks: list[tuple[str | None, str]] = []
        self.cards: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "mark":
            self.marks.append((dict(attrs)["class"], ""))
        if tag == "article":
            self.cards.append("")
        if tag == "dd":
            self.handle_data(" ")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "mark" in self.open:
            self.marks[-1] = (self.marks[-1][0], self.marks[-1][1] + data)
        if "article" in self.open:
            self.cards[-1] += data

    def values(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.tags if attrs.get(name)]


@pytest.fixture(scope="module", autouse=True)
def few_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "RESAMPLES", 50)
        yield


@pytest.fixture(scope="module")
def metrics() -> dict[str, Any]:
    return measured(ROWS)


@pytest.fixture(scope="module")
def text(metrics) -> str:
    return report.render(metrics, ROWS)


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


@pytest.fixture
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare a test the plots that it does not look at."""
    monkeypatch.setattr(report, "_plots", lambda *_: [])


def card(page: Page, name: str) -> str:
    return next(" ".join(card.split()) for card in page.cards if card.split()[0] == name)


def test_the_made_up_rows_are_lost_at_every_stage():
    assert {row["stage"] for row in ROWS} == set(STAGES)
    assert {row["id"] for row in ROWS if row["stage"] != "right"} == LOST


def test_every_measure_has_its_line():
    lines = [name for group in report.MEASURES.values() for name in group]
    assert sorted(lines) == sorted(MEASURES)
    assert set(report.HEADLINE) <= set(MEASURES)
    assert set(report.LOST) == set(STAGES) - {"right"}


def test_the_page_is_well_formed_and_its_links_lead_somewhere(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    links = [link for name in ("href", "xlink:href") for link in page.values(name)]
    assert {"#lost-not-retrieved", "#lost-misread", "#lost-abstained", "#lost-should-have-abstained"} <= set(links)
    assert all(link[0] == "#" and link[1:] in ids for link in links)


def test_the_page_needs_nothing_from_outside(page, text):
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert policy in page.values("content")
    assert not {"script", "img", "link", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in page.tags}
    assert not page.values("src")
    assert not re.search(r"@import|url\((?!#)", text)
    assert all(found in ids_of(page) for found in re.findall(r"url\(#([^)]*)\)", text))


def ids_of(page: Page) -> set[str]:
    return set(page.values("id"))


def test_every_lost_question_stands_there_once(page):
    assert sorted(card.split()[0] for card in page.cards) == sorted(LOST)


def test_quotes_are_marked_in_their_sentences(page):
    marked = [pair for pair in page.marks if pair[1] not in ("Gold", "given", "rejected")]
    assert sorted(marked) == sorted(
        [("gold", "$5 & $6")] * 4 + [("given", "May")] * 3 + [("given", "山")] + [("rejected", "$5 & $6")]
    )
    for name in LOST - {"n2"}:
        assert SENTENCE["text"] in card(page, name)


def test_a_card_tells_what_was_found_and_given(page):
    assert "First gold passage not among the 1 hits" in card(page, "n1")
    assert "First gold passage rank 2 of 2" in card(page, "m1")
    assert f"Given below it {HOSTILE} (probability 0.50)" in card(page, "m1")
    assert "Rejected, so nothing was given" in card(page, "a1")
    assert "probability 0.20" in card(page, "a1")
    assert "nothing to reject (nothing_retrieved)" in card(page, "n2")
    assert "none: the articles do not tell" in card(page, "s1")
    assert "test · how much · near · plain" in card(page, "m1")


def test_a_gold_without_a_sentence_is_shown_as_it_is():
    gold = {"start": 5, "end": 9, "sentence": None}
    assert report._marked("here", gold, "gone.md", "not indexed") == report.Marked(
        "", "here", "", "gone.md", "not indexed"
    )


def test_no_text_becomes_markup(page, text):
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(" in text
    assert page.values("onerror") == []


def test_the_head_tells_the_run(text):
    for fact in (
        "9 questions of eval/q.jsonl, on 2026-01-01",
        "10 passages looked at, threshold 0.3500",
        "snapshot 20260101-abc, words 90, passages 7",
        "the index lacks 1 of the articles",
        "test: 7 questions",
    ):
        assert fact in text


def test_two_renders_are_equal(metrics, text):
    assert report.render(metrics, ROWS) == text


def test_there_is_every_plot_of_the_test_split(page, text):
    assert [tag for tag, _ in page.tags].count("svg") == 7
    assert "Plots of test" in text
    assert "currentColor" in text
    assert not any(colour in text for colour in (plots.INK, "font-family", "<?xml", "<metadata"))


def nothing(found: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": None, "low": None, "high": None, "n": 0} for name in found}


def test_measures_of_nothing_are_dashes(metrics):
    empty = copy.deepcopy(metrics)
    for split in ("dev", "test"):
        empty[split] = nothing(empty[split])
        for parts in empty["slices"][split].values():
            parts.update({value: nothing(found) for value, found in parts.items()})
    text = report.render(empty, ROWS)
    Page(text)
    assert "<b>–</b>" in text
    assert "None" not in text
    assert text.count("No question counts here.") == 3


def test_a_run_of_unanswerable_questions_only_has_a_page():
    rows = [row("s1", "dev", gold="", given="May"), row("u1", "dev", gold="")]
    found = measured(rows)
    del found["test"], found["slices"]["test"], found["counted_out"]["test"]
    text = report.render(found | {"missing_articles": []}, rows)
    page = Page(text)
    assert "Plots of dev" in text
    assert "Warning" not in text
    assert "show-0" not in text
    assert len(page.cards) == 1


def test_a_run_of_no_question_has_a_page(metrics):
    Page(report.render({**metrics, "slices": {}, "counted_out": {}}, []))


def many(number: int) -> Iterator[Row]:
    for n in range(number):
        yield {**ROWS[4], "id": f"m{n}"}


def test_so_many_lost_questions_are_cut(metrics, without_plots):
    text = report.render(metrics, [*ROWS, *many(249)])
    page = Page(text)
    assert "misread (250)" in text
    assert "50 more are left out" in text
    assert len(page.cards) == 200 + len(LOST) - 1


def test_so_many_slices_are_cut(metrics, without_plots):
    wide = copy.deepcopy(metrics)
    part = wide["slices"]["test"]["article"][ARTICLE]
    wide["slices"]["test"]["article"] = {f"article {n}": part for n in range(230)}
    text = report.render(wide, ROWS)
    assert "30 more with fewer questions" in text
    svg = plots.by_slice(wide["slices"]["test"])
    assert svg.count(">article ") == plots.PER_SLICE


def test_long_labels_keep_their_end():
    assert plots._short("seeds/one\n two.md") == "seeds/one two.md"
    long = plots._short(f"seeds/{'x' * 40}/end.md")
    assert len(long) == plots.LABEL
    assert long.endswith("/end.md")
