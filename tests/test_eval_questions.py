"""The questions file: what is refused, what is told of it, and the offsets that are written into it."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from texts import texts

from askpkcn import articles
from askpkcn.errors import EvaluationError
from askpkcn.evaluation import questions
from askpkcn.evaluation.measures import sides
from askpkcn.evaluation.questions import Gold, Question, check, load, locate, named
from askpkcn.text import normalise
from askpkcn.types import Filters

ROOT = Path(__file__).parent.parent
TEXTS = {
    "seeds/kakar.md": "Kakar signed 20 agreements with China. Khan signed 20 treaties with Russia in 1951.",
    "seeds/khan.md": "Relations were established in 1951.",
}
GOOD = Question(
    id="a001",
    text="When were relations established?",
    kind="when",
    answers=("1951", "in 1951"),
    golds=(Gold("seeds/khan.md", "1951", 30, 34),),
    wording="near",
    category="plain",
    split="dev",
    filters=Filters(),
)
NOT_TOLD = replace(GOOD, id="b001", text="When did they end?", answers=(), golds=(), category="not told")
ROW = {
    "id": "a001",
    "question": "How many agreements did Kakar sign?",
    "kind": "how many",
    "answerable": True,
    "answers": ["20", "twenty"],
    "gold": [{"article": "seeds/kakar.md", "quote": "20", "context": "signed 20 agreements", "start": 13, "end": 15}],
    "wording": "near",
    "category": "plain",
    "split": "dev",
    "filters": {},
}


def gold(**changed: object) -> dict[str, object]:
    return {**ROW["gold"][0], **changed}


def written(folder: Path, *lines: str | dict[str, object], ascii: bool = False) -> Path:
    file = folder / "questions.jsonl"
    made = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=ascii) for line in lines]
    file.write_text("".join(f"{line}\n" for line in made), encoding="utf-8")
    return file


def faults(*asked: Question) -> list[str]:
    return [str(problem) for problem in check(asked, TEXTS.get)]


def test_good_questions_have_no_faults():
    assert faults(GOOD, NOT_TOLD) == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"golds": (Gold("seeds/khan.md", "1951", 29, 33),)}, "seeds/khan.md[29:33] holds ' 195', but the gold quote"),
        ({"golds": (Gold("seeds/khan.md", "1951", 30, 35),)}, "[30:35] holds '1951.', but the gold quote is '1951'"),
        ({"golds": (Gold("seeds/khan.md", "1951", -5, -1),)}, "seeds/khan.md[-5:-1] holds"),
        ({"golds": (Gold("seeds/khan.md", "1951.", 30, 99),)}, "seeds/khan.md[30:99] holds"),
        ({"golds": (Gold("seeds/gone.md", "1951", 30, 34),)}, "there is no article 'seeds/gone.md'"),
        ({"golds": ()}, "answerable, but without gold"),
        ({"answers": ("1950",)}, "the gold quote '1951' agrees with none of its answers"),
        ({"answers": ("951",)}, "the gold quote '1951' agrees with none of its answers"),
        ({"kind": "whither"}, "kind 'whither' is none of who, when"),
        ({"wording": "far"}, "wording 'far' is none of near, reworded"),
        ({"split": "train"}, "split 'train' is none of dev, test"),
        ({"category": "not told"}, "category 'not told' is none of plain, differs"),
        ({"category": "easy"}, "category 'easy' is none of plain, differs"),
    ],
)
def test_each_fault_of_an_answerable_question_has_its_line(changed, problem):
    found = faults(NOT_TOLD, replace(GOOD, **changed))
    assert len(found) == 1
    assert found[0].startswith("a001: ")
    assert problem in found[0]


def test_a_category_of_answerable_questions_is_none_of_unanswerable_ones():
    assert faults(replace(NOT_TOLD, category="plain")) == [
        "b001: category 'plain' is none of off topic, not told, near miss, false premise"
    ]


def test_an_unanswerable_question_with_gold_is_told():
    assert "b001: unanswerable, but with gold" in faults(replace(NOT_TOLD, golds=GOOD.golds))


def test_an_empty_quote_is_no_gold():
    found = faults(replace(GOOD, golds=(*GOOD.golds, Gold("seeds/khan.md", "", 0, 0))))
    assert any("seeds/khan.md[0:0] holds '', but the gold quote is ''" in problem for problem in found)


def test_an_id_used_twice_is_told_once_for_each_time_too_many():
    others = [replace(NOT_TOLD, id=GOOD.id, text=f"When did it end {n}?") for n in range(2)]
    assert faults(GOOD, *others) == ["a001: this id is used twice"] * 2


@pytest.mark.parametrize("again", [GOOD.text, "when were  relations established", "WHEN were relations established ?"])
def test_the_same_question_in_other_letters_and_marks_is_the_same(again):
    assert faults(GOOD, replace(GOOD, id="a002", text=again)) == ["a002: the same question as a001"]


def test_the_same_question_with_other_filters_is_another():
    assert faults(GOOD, replace(GOOD, id="a002", filters=Filters(first=date(2022, 1, 1)))) == []


def test_all_faults_of_all_questions_are_told():
    found = faults(replace(GOOD, kind="x", split="y"), replace(GOOD, golds=()))
    assert len(found) == 5  # two of the first; its id, its text and its gold of the second


def test_loading_gives_what_was_written(tmp_path):
    filters = {"outlet": ["The Diplomat"], "from": "2022-01-01", "to": "2022-12-31"}
    file = written(tmp_path, {**ROW, "filters": filters}, "", {**ROW, "id": "a002"})
    first, second = load(file)
    assert second.id == "a002"
    assert first == Question(
        "a001",
        "How many agreements did Kakar sign?",
        "how many",
        ("20", "twenty"),
        (Gold("seeds/kakar.md", "20", 13, 15, "signed 20 agreements"),),
        "near",
        "plain",
        "dev",
        Filters(("The Diplomat",), date(2022, 1, 1), date(2022, 12, 31)),
    )
    assert first.answerable
    assert check([first], TEXTS.get) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no JSON object"),
        ("20", "is no JSON object"),
        ("{}", "lacks 'answers'"),
        *[({name: value for name, value in ROW.items() if name != lost}, f"lacks '{lost}'") for lost in ROW],
        ({**ROW, "gold": [{"article": "seeds/kakar.md", "quote": "20"}]}, "lacks 'start'; .*`askpkcn eval locate`"),
        ({**ROW, "gold": [gold(start="here")]}, "invalid literal"),
        ({**ROW, "gold": [gold(start=None)]}, "None"),
        ({**ROW, "gold": [gold(end=float("inf"))]}, "infinity"),
        ({**ROW, "gold": ["20"]}, '"gold" is no list of objects'),
        ({**ROW, "gold": {"article": "seeds/kakar.md"}}, '"gold" is no list of objects'),
        ({**ROW, "answerable": False}, '"answerable" and "answers" contradict one another'),
        ({**ROW, "answers": []}, '"answerable" and "answers" contradict one another'),
        ({**ROW, "answers": "20"}, '"answers" is no list of texts'),
        ({**ROW, "answers": ["20", 20]}, '"answers" is no list of texts'),
        ({**ROW, "question": " "}, '"question" is no text'),
        ({**ROW, "id": 7}, '"id" is no text'),
        ({**ROW, "kind": None}, '"kind" is no text'),
        ({**ROW, "filters": {"from": "yesterday"}}, "yesterday"),
        ({**ROW, "filters": {"form": "2022-01-01"}}, "there is no filter 'form'"),
        ({**ROW, "filters": {"outlet": "The Diplomat"}}, '"outlet" is no list of texts'),
        ({**ROW, "filters": []}, "no attribute 'get'"),
    ],
)
def test_a_line_that_is_no_question_is_named(line, why, tmp_path):
    file = written(tmp_path, ROW, "", line, ROW)
    with pytest.raises(EvaluationError, match=rf"questions\.jsonl, line 3[:,]? .*{why}") as raised:
        load(file)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_none_or_not_utf8_or_empty_is_named(tmp_path):
    with pytest.raises(EvaluationError, match=r"no file .*gone\.jsonl; name a questions file with --questions"):
        load(tmp_path / "gone.jsonl")
    with pytest.raises(EvaluationError, match="there is no file"):
        load(tmp_path)
    (tmp_path / "latin.jsonl").write_bytes("Café".encode("latin-1"))
    with pytest.raises(EvaluationError, match=r"latin\.jsonl is not UTF-8"):
        load(tmp_path / "latin.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n \n")
    with pytest.raises(EvaluationError, match=r"empty\.jsonl holds no question; write some"):
        load(tmp_path / "empty.jsonl")


@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("strange", ["\u2028", "\u0085", "\x1c", "😀", "چین"])
def test_any_character_may_stand_in_a_question(strange, ascii, tmp_path):
    file = written(tmp_path, {**ROW, "question": f"How{strange}many?"}, ascii=ascii)
    locate(file, TEXTS.get)
    assert [each.text for each in load(file)] == [f"How{strange}many?"]


def test_a_lone_surrogate_survives_locating(tmp_path):
    file = written(tmp_path, {**ROW, "question": "How\udc80many?"}, ascii=True)
    locate(file, TEXTS.get)
    assert load(file)[0].text == "How\udc80many?"


def test_locating_writes_the_offsets_and_tells_how_many_changed(tmp_path):
    twice = {**ROW, "id": "a002", "gold": [gold(), {"article": "seeds/khan.md", "quote": "1951"}], "note": "kept"}
    file = written(tmp_path, {**ROW, "gold": [gold(start=0, end=99)]}, "", twice)
    assert locate(file, TEXTS.get) == 2
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    places = [(g["start"], g["end"]) for row in rows for g in row["gold"]]
    assert places == [(13, 15), (13, 15), (30, 34)]
    assert rows[1]["note"] == "kept"
    assert rows[0] == ROW


def test_locating_again_changes_nothing(tmp_path):
    file = written(tmp_path, {**ROW, "gold": [gold(start=0, end=0)]}, ROW)
    assert locate(file, TEXTS.get) == 1
    before = file.read_bytes()
    assert locate(file, TEXTS.get) == 0
    assert file.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"context": None}, "'20' stands there 2 times; give its \"context\""),
        ({"context": "signed 20"}, "'signed 20' stands there 2 times"),
        ({"context": "signed 30 agreements"}, "'signed 30 agreements' stands there 0 times"),
        ({"context": "Kakar signed"}, "'20' stands in its context 'Kakar signed' 0 times"),
        ({"context": TEXTS["seeds/kakar.md"]}, "2 times"),
        ({"context": 20}, "line 2: seeds/kakar.md: "),
        ({"quote": "thirty", "context": None}, "'thirty' stands there 0 times"),
        ({"quote": ""}, "'' stands in its context"),
        ({"quote": "", "context": ""}, "'' stands there 0 times"),
        ({"article": "seeds/gone.md"}, "seeds/gone.md: there is no such article; is it indexed?"),
    ],
)
def test_a_gold_that_cannot_be_placed_leaves_the_file_as_it_is(changed, why, tmp_path):
    movable = {**ROW, "gold": [gold(start=0, end=0)]}
    file = written(tmp_path, movable, {**ROW, "gold": [gold(**changed)]})
    before = file.read_bytes()
    with pytest.raises(EvaluationError, match=r"questions\.jsonl is unchanged: line 2: ") as raised:
        locate(file, TEXTS.get)
    assert why in str(raised.value)
    assert file.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [file]


def test_every_gold_that_cannot_be_placed_is_named(tmp_path):
    lost = {**ROW, "gold": [gold(context=None), gold(quote="thirty", context=None)]}
    file = written(tmp_path, lost, {**ROW, "gold": [{"article": "seeds/khan.md"}]}, {**ROW, "gold": ["20"]})
    with pytest.raises(EvaluationError) as raised:
        locate(file, TEXTS.get)
    told = str(raised.value)
    assert told.count("line 1: seeds/kakar.md") == 2
    assert "line 2: seeds/khan.md: lacks 'quote'" in told
    assert 'line 3: "gold" is no list of objects' in told


def test_a_quote_that_overlaps_itself_stands_there_twice(tmp_path):
    file = written(tmp_path, {**ROW, "gold": [{"article": "one", "quote": "1-1"}]})
    with pytest.raises(EvaluationError, match="'1-1' stands there 2 times"):
        locate(file, {"one": "It was 1-1-1."}.get)


@settings(max_examples=50)
@given(texts(4), st.data())
def test_what_stands_once_is_placed_there_and_what_stands_twice_is_not(tmp_path_factory, raw, data):
    text = normalise(raw)
    assume(text)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, min(len(text), start + 12)))
    quote = text[start:end]
    file = written(tmp_path_factory.getbasetemp(), {"gold": [{"article": "one", "quote": quote}]})
    if sum(text.startswith(quote, at) for at in range(len(text))) > 1:
        with pytest.raises(EvaluationError, match="times"):
            locate(file, {"one": text}.get)
    else:
        assert locate(file, {"one": text}.get) == 1
        placed = json.loads(file.read_text(encoding="utf-8"))["gold"][0]
        assert (placed["start"], placed["end"]) == (start, end)


def test_named_gives_the_questions_in_their_order_and_names_one_that_is_not_there():
    assert named([GOOD, NOT_TOLD], {"b001", "a001"}) == [GOOD, NOT_TOLD]
    assert named([GOOD, NOT_TOLD], {"b001"}) == [NOT_TOLD]
    with pytest.raises(EvaluationError, match="there is no question 'c001'"):
        named([GOOD, NOT_TOLD], {"c001", "a001"})


@pytest.fixture(scope="module")
def shipped() -> list[Question]:
    return load(ROOT / "eval" / "questions.jsonl")


@pytest.mark.parametrize("name", ["questions.jsonl", "independent.jsonl"])
def test_the_shipped_questions_have_no_fault(name):
    read = {found.id: articles.read(found).text for found in articles.find([ROOT / "seeds"])}
    assert check(load(ROOT / "eval" / name), read.get) == []


def test_no_question_by_another_hand_is_one_of_ours(shipped):
    theirs = load(ROOT / "eval" / "independent.jsonl")
    assert not {each.text.casefold() for each in theirs} & {each.text.casefold() for each in shipped}
    assert {each.split for each in theirs} == {"test"}  # for reporting alone


@pytest.mark.parametrize("name", ["questions.jsonl", "independent.jsonl"])
def test_locating_the_shipped_questions_changes_nothing(tmp_path, name):
    read = {found.id: articles.read(found).text for found in articles.find([ROOT / "seeds"])}
    copied = tmp_path / name
    copied.write_bytes((ROOT / "eval" / name).read_bytes())
    assert locate(copied, read.get) == 0
    assert copied.read_bytes() == (ROOT / "eval" / name).read_bytes()


def test_there_are_enough_shipped_questions_of_each_sort(shipped):
    answerable = [each for each in shipped if each.answerable]
    others = [each for each in shipped if not each.answerable]
    assert len(answerable) >= 120
    assert len(others) >= 50
    assert {each.kind for each in answerable} == set(questions.KINDS)
    for part in (answerable, others):
        assert {each.wording for each in part} == {"near", "reworded"}
        assert {each.split for each in part} == {"dev", "test"}
    assert {each.category for each in others} == {"off topic", "not told", "near miss", "false premise"}
    for split in ("dev", "test"):
        categories = Counter(each.category for each in shipped if each.split == split)
        assert set(categories) == {*questions.ANSWERABLE, *questions.UNANSWERABLE}


def test_shipped_questions_that_differ_have_sides_and_filtered_ones_a_filter(shipped):
    for each in shipped:
        assert (each.category == "filtered") != each.filters.empty
        if each.category == "differs":
            assert len(sides([gold.quote for gold in each.golds])) > 1, each.id
