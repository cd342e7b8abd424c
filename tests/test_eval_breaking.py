"""Evaluation at its edge, with the real engine over the seeds: what is broken on purpose must move its measure."""

import copy
import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askpkcn import building, index
from askpkcn.cli import run
from askpkcn.engine import Engine
from askpkcn.evaluation import questions, ranking, rows, summary
from askpkcn.evaluation.questions import Question
from askpkcn.evaluation.rows import Row

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "eval" / "questions.jsonl"
LOST = "seeds/kakar-visit.md"
ARTICLES = (LOST, "seeds/khan-fall.md", "seeds/winter-olympics.md")
WRITTEN = {
    "metrics.json",
    "predictions.jsonl",
    "run.trec",
    "qrels.trec",
    "squad-predictions.json",
    "squad-na-probs.json",
    "report.html",
}


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "RESAMPLES", 40)
        yield


def chosen() -> list[Question]:
    """Return a dozen of the shipped questions: some of each of three articles, and some that nobody tells."""
    asked = [each for each in questions.load(SHIPPED) if each.split == "test" and each.filters.empty]
    near = [each for each in asked if each.wording == "near"]
    told = [[each for each in near if {gold.article for gold in each.golds} == {article}][:3] for article in ARTICLES]
    return [*[each for part in told for each in part], *[each for each in near if not each.answerable][:3]]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A questions file of the chosen ones."""
    ids = {each.id for each in chosen()}
    assert len(ids) == 12
    kept = [line for line in SHIPPED.read_text(encoding="utf-8").splitlines() if json.loads(line)["id"] in ids]
    file = tmp_path_factory.mktemp("eval") / "questions.jsonl"
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def whole(small: Path, seeds_index: Path) -> Path:
    """The folder of a run over the whole index."""
    out = small.parent / "results"
    assert run(["eval", *of(small, seeds_index), "--out", str(out), "--run", "whole"]) == 0
    return out / "whole"


@pytest.fixture
def made(whole: Path) -> list[Row]:
    return rows.read(whole)


def of(file: Path, folder: Path) -> list[str]:
    return ["--questions", str(file), "--index", str(folder)]


def metrics(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def steady(measured: dict[str, Any]) -> dict[str, Any]:
    """Return what must not depend on when and how fast a run was made."""
    kept = {name: value for name, value in measured.items() if name not in ("run", "seconds") and "_ms_" not in name}
    kept.pop("when", None)
    return {name: steady(value) if isinstance(value, dict) else value for name, value in kept.items()}


def without(measured: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in measured.items() if name not in names}


def test_a_run_writes_all_its_files(whole, made):
    assert {file.name for file in whole.iterdir()} == WRITTEN
    measured = metrics(whole)
    assert (measured["run"], measured["questions"]["count"], measured["missing_articles"]) == ("whole", 12, [])
    assert measured["index"]["passages"]["budget"] == 200
    assert measured["index"]["counts"] == {"articles": 5, "passages": 31, "sentences": 187}
    assert measured["counted_out"] == {"test": 3}
    assert measured["test"]["success_at_10"]["n"] == 9
    assert measured["test"]["quote_exactness"]["value"] == 1.0
    given = json.loads((whole / "squad-predictions.json").read_text(encoding="utf-8"))
    none = json.loads((whole / "squad-na-probs.json").read_text(encoding="utf-8"))
    assert list(given) == list(none) == [row["id"] for row in made]
    assert set(given) == {each.id for each in chosen()}
    assert "<html" in (whole / "report.html").read_text(encoding="utf-8")


def test_the_engine_is_scored_as_it_answers_users(made, engine):
    for row in (made[0], made[-1]):
        answer = engine.ask(row["question"])
        assert answer.answered == row["answer"]["answered"]
        assert [group.text for group in answer.groups] == [group["text"] for group in row["answer"]["groups"]]


def test_swapping_the_first_two_passages_of_a_question_lowers_its_reciprocal_rank(made):
    judged = {row["id"]: (row["gold"], row["hits"]) for row in made if row["gold"]}
    before = ranking.values(judged)
    assert before == {
        row["id"]: {name: row["values"][name] for name in before[row["id"]]} for row in made if row["gold"]
    }
    told = next(
        row for row in made if row["gold"] and ranking.found(row["gold"], row["hits"][:1])
        and not ranking.found(row["gold"], row["hits"][1:2])
    )  # fmt: skip
    first, second, *others = told["hits"]
    after = ranking.values(judged | {told["id"]: (told["gold"], [second, first, *others])})
    assert (before[told["id"]]["mrr_at_10"], after[told["id"]]["mrr_at_10"]) == (1.0, 0.5)
    assert without(after, told["id"]) == without(before, told["id"])
    summed = summary.summarise(made)
    told["values"].update(after[told["id"]])
    moved = summary.summarise(made)
    assert moved["mrr_at_10"]["value"] == pytest.approx(summed["mrr_at_10"]["value"] - 0.5 / 9, abs=1e-5)
    changed = {name for name in summed if summed[name] != moved[name]}
    assert {"mrr_at_10", "ndcg_at_10", "success_at_1"} <= changed
    assert all("_at_" in name for name in changed)


@pytest.mark.parametrize("by", [-1, 1])
def test_shifting_a_quote_by_a_character_breaks_its_exactness(by, made, engine):
    shown = [row for row in made if row["answer"]["answered"]]
    assert len(shown) > 3
    for row in shown:
        assert rows.quote_exactness(row["answer"], engine.article) == row["values"]["quote_exactness"] == 1.0
        answer = copy.deepcopy(row["answer"])
        quotes = [quote for group in answer["groups"] for quote in group["quotes"]]
        quotes[0]["start"] += by
        quotes[0]["end"] += by
        assert rows.quote_exactness(answer, engine.article) == pytest.approx(1 - 1 / len(quotes))
    before = summary.summarise(made)
    row["values"]["quote_exactness"] = rows.quote_exactness(answer, engine.article)
    after = summary.summarise(made)
    assert after["quote_exactness"]["value"] < before["quote_exactness"]["value"] == 1.0
    assert without(after, "quote_exactness") == without(before, "quote_exactness")


@pytest.mark.slow
def test_a_gold_article_that_is_not_indexed_loses_its_questions_and_no_others(small, whole, made, tmp_path, capsys):
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    (tmp_path / LOST).unlink()
    index.build([tmp_path / "seeds"], tmp_path / "index", lambda: building.open_encoder(None))
    assert run(["eval", *of(small, tmp_path / "index"), "--out", str(tmp_path), "--run", "lost"]) == 0
    assert f"warning: the index lacks {LOST}; its questions count as lost" in capsys.readouterr().err
    measured = metrics(tmp_path / "lost")
    assert measured["missing_articles"] == [LOST]
    lost = measured["slices"]["test"]["article"][LOST]
    for name in ("success_at_5", "recall_at_5", "mrr_at_10", "article_right", "quote_holds_gold", "span_right"):
        assert (lost[name]["value"], lost[name]["n"]) == (0.0, 3), name
    for name in ("success_at_10", "article_right"):
        assert measured["test"][name]["n"] == 9
        assert measured["test"][name]["value"] < metrics(whole)["test"][name]["value"]
    before = {row["id"]: row for row in made}
    for row in rows.read(tmp_path / "lost"):
        if {gold["article"] for gold in row["gold"]} == {LOST}:
            assert (row["values"]["success_at_10"], row["stage"]) == (0.0, "not retrieved")
        elif row["gold"]:
            assert row["values"]["success_at_10"] >= before[row["id"]]["values"]["success_at_10"]


def test_the_same_run_again_gives_the_same_metrics_but_for_time(small, whole, seeds_index, capsys):
    arguments = ["eval", *of(small, seeds_index), "--out", str(whole.parent), "--run", "again", "--json"]
    assert run(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == metrics(whole.parent / "again")
    assert steady(printed) == steady(metrics(whole))
    for name in ("run.trec", "qrels.trec", "squad-predictions.json", "squad-na-probs.json"):
        assert (whole.parent / "again" / name).read_bytes() == (whole / name).read_bytes(), name
    before = {file: file.read_bytes() for file in whole.iterdir()}
    assert run(["eval", *of(small, seeds_index), "--out", str(whole.parent), "--run", "whole"]) == 2
    streams = capsys.readouterr()
    assert "whole holds a run already; choose another --run or remove it" in streams.err
    assert before == {file: file.read_bytes() for file in whole.iterdir()}


@pytest.mark.parametrize(
    ("floors", "code", "told"),
    [
        (["answer_f1=0.0", "ece=1.0"], 0, ""),
        (["success_at_1=1.01"], 1, "failed: success_at_1 is "),
        (["ece=-0.01"], 1, "failed: ece is "),
        (["all_sides_shown=0.0"], 1, "failed: all_sides_shown is not measurable"),
    ],
)
def test_fail_under_exits_with_1_where_a_measure_is_worse(floors, code, told, small, seeds_index, tmp_path, capsys):
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(each.id for each in (chosen()[0], chosen()[-1])))
    options = [option for floor in floors for option in ("--fail-under", floor)]
    common = ["--out", str(tmp_path), "--run", "one", "--ids", str(ids)]
    assert run(["eval", *of(small, seeds_index), *common, *options]) == code
    err = capsys.readouterr().err
    assert err.startswith(told)
    assert err.count("\n") == bool(told)
    assert metrics(tmp_path / "one")["questions"]["count"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fail-under", "answer_f2=0.5"], "there is no measure 'answer_f2'"),
        (["--fail-under", "answer_f1"], "is no MEASURE=VALUE, such as answer_f1=0.80"),
        (["--fail-under", "answer_f1=high"], "is no MEASURE=VALUE"),
        (["--fail-under", "answer_f1=nan"], "is no MEASURE=VALUE"),
        (["--fail-under", "answer_f1=0.5", "--split", "dev"], "--fail-under needs questions of the split 'dev'"),
        (["--run", "../up"], "--run '../up' is no folder name"),
        (["--run", ""], "--run '' is no folder name"),
        (["--ids", "gone.txt"], "gone.txt cannot be read as a list of ids; check --ids"),
        (["--passages", "0"], "see `askpkcn --help`"),
        (["--questions", "gone.jsonl"], "there is no file gone.jsonl; name a questions file with --questions"),
        (["--squad", "gone.json"], "gone.json cannot be read (No such file or directory); check --squad"),
        (["--index", "gone"], "build one with `askpkcn index PATH --index"),
    ],
)
def test_bad_options_are_one_line_and_leave_no_run(options, message, small, seeds_index, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["eval", *of(small, seeds_index), "--out", "out", *options]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("error: ")
    assert message in streams.err
    assert streams.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("ids", "message"), [("", "holds no id; write one a line"), ("zzz", "no question 'zzz'")])
def test_ids_that_are_none_are_named(ids, message, small, seeds_index, tmp_path, capsys):
    (tmp_path / "ids.txt").write_text(ids)
    arguments = [*of(small, seeds_index), "--out", str(tmp_path), "--ids", str(tmp_path / "ids.txt")]
    assert run(["eval", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_index_of_quite_other_articles_is_refused(small, seeds_index, tmp_path, capsys):
    file = tmp_path / "questions.jsonl"
    file.write_text(small.read_text(encoding="utf-8").replace("seeds/", "news/"), encoding="utf-8")
    assert run(["eval", *of(file, seeds_index), "--out", str(tmp_path / "out")]) == 2
    assert "the index holds none of the 3 articles that the questions are about" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_the_extra_eval_says_how_to_install_it(small, seeds_index, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run(["eval", *of(small, seeds_index), "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "ir_measures, jinja2, matplotlib); install them with `pip install 'askpkcn[eval]'`" in err


def test_a_shifted_quote_is_named_by_check_and_mended_by_locate(small, seeds_index, tmp_path, capsys):
    lines = small.read_text(encoding="utf-8").splitlines()
    broken = json.loads(lines[4])
    for name in ("start", "end"):
        broken["gold"][0][name] += 1
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join([*lines[:4], json.dumps(broken), *lines[5:]]) + "\n", encoding="utf-8")
    place = broken["gold"][0]

    assert run(["eval", "check", *of(file, seeds_index)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"{file}: {broken['id']}: {place['article']}[{place['start']}:{place['end']}] holds ")
    assert err.endswith(f"but the gold quote is {place['quote']!r}\n")
    assert run(["eval", *of(file, seeds_index), "--out", str(tmp_path / "out")]) == 2
    assert "has 1 problems, such as" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

    assert run(["eval", "locate", *of(file, seeds_index)]) == 0
    assert capsys.readouterr().out == f"{file}: 1 golds placed anew\n"
    assert file.read_bytes() == small.read_bytes()
    assert run(["eval", "check", *of(file, seeds_index)]) == 0
    assert capsys.readouterr().out == f"{file}: 9 answerable and 3 unanswerable questions, all good\n"


def test_compare_shows_measures_and_changed_questions(small, whole, seeds_index, capsys):
    one = ["eval", *of(small, seeds_index), "--out", str(whole.parent), "--run", "narrow", "--passages", "1"]
    assert run(one) == 0
    capsys.readouterr()
    both = [str(whole), str(whole.parent / "narrow")]
    assert run(["eval", "compare", *both]) == 0
    table = capsys.readouterr().out
    assert table.startswith("whole → narrow, test: 12 questions in both")
    for name in summary.MEASURES:
        assert name == "all_sides_shown" or f" {name} " in table, name
    assert run(["eval", "compare", *both, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    after = {row["id"]: row["stage"] for row in rows.read(whole.parent / "narrow")}
    expected = {row["id"] for row in rows.read(whole) if row["stage"] != after[row["id"]]}
    assert {change["id"] for change in found["changes"]} == expected
    assert all(f"{name}  " in table for name in expected)
    assert all(each["difference"] <= 0 for each in found["differences"] if each["measure"].startswith("success"))
    assert run(["eval", "compare", str(whole), str(whole.parent)]) == 2
    assert "is no run: it has no predictions.jsonl" in capsys.readouterr().err


@pytest.mark.slow
def test_a_squad_file_is_indexed_once_and_scored(tmp_path, capsys, monkeypatch):
    facts = ("The dam at Tarnol was finished in 1987.", "Ann Li paints  boats\r\nin Karachi.", "The mill burned twice.")
    asked = ("When was the dam at Tarnol finished?", "Where does Ann Li paint boats?", "Who owned the mill?")
    answers = [{"text": "1987", "answer_start": 34}], [{"text": "Karachi", "answer_start": 25}], []
    paragraphs = [
        {"context": fact, "qas": [{"id": f"q{n}", "question": question, "answers": given, "is_impossible": not given}]}
        for n, (fact, question, given) in enumerate(zip(facts, asked, answers, strict=True))
    ]
    file = tmp_path / "tiny.v2.json"
    file.write_text(json.dumps({"version": "v2.0", "data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    common = ["eval", "--squad", str(file), "--out", str(tmp_path / "out")]
    assert run([*common, "--run", "one"]) == 0
    made = rows.read(tmp_path / "out" / "one")
    assert [row["gold"][0]["article"] for row in made[:2]] == [
        "tiny/paragraphs.jsonl#000000",
        "tiny/paragraphs.jsonl#000001",
    ]
    assert [row["values"]["success_at_1"] for row in made[:2]] == [1.0, 1.0]
    assert [row["answerable"] for row in made] == [True, True, False]
    given = json.loads((tmp_path / "out" / "one" / "squad-predictions.json").read_text(encoding="utf-8"))
    assert (list(given), given["q0"]) == (["q0", "q1", "q2"], "1987")

    def no_build(*_: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(building, "build_with_bar", no_build)
    assert run([*common, "--run", "two"]) == 0
    one, two = (steady(metrics(tmp_path / "out" / name)) for name in ("one", "two"))
    assert one == two
    assert one["missing_articles"] == []
    (home,) = (tmp_path / "out" / ".squad").iterdir()
    with Engine(home / "index") as engine:
        assert engine.article("tiny/paragraphs.jsonl#000001").text == "Ann Li paints  boats\nin Karachi."
