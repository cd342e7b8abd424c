"""Does it still answer as well as it is said to? The hand-written questions, against floors a little under what was
measured (see README); these floors are for noticing damage, not for choosing settings."""

import json
from datetime import date
from pathlib import Path

import pytest

from askpkcn.building import open_encoder
from askpkcn.engine import Engine
from askpkcn.evaluation.measures import hold_one_another
from askpkcn.index import build
from askpkcn.types import Filters

ROOT = Path(__file__).parent.parent
QUESTIONS = [json.loads(line) for line in (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def filters(row: dict) -> Filters:
    first, last = (date.fromisoformat(row["filters"][k]) if k in row["filters"] else None for k in ("from", "to"))
    return Filters((), first, last)


def shares(engine: Engine) -> dict[str, float]:
    """Return the share of right first answers by wording, and of abstentions by category."""
    outcomes: dict[str, list[bool]] = {}
    for row in QUESTIONS:
        if row["filters"] and not any(source.published for source, _ in engine.articles()):
            continue
        answer = engine.ask(row["question"], filters(row))
        for group in answer.groups:
            for quote in group.quotes:
                quote.check(engine.article(quote.source.id))
        if row["answerable"]:
            right = answer.answered and any(hold_one_another(answer.groups[0].text, gold) for gold in row["answers"])
            outcomes.setdefault(row["wording"], []).append(right)
        else:
            outcomes.setdefault(row["category"], []).append(not answer.answered)
    return {name: sum(found) / len(found) for name, found in outcomes.items()}


FLOORS = {"near": 0.85, "off topic": 0.9, "near miss": 0.7, "not told": 0.5}


@pytest.mark.slow
def test_the_briefs_are_answered_as_well_as_was_measured(engine):
    found = shares(engine)
    assert {name: share for name, share in found.items() if share < FLOORS.get(name, 0.0)} == {}


@pytest.mark.slow
def test_the_raw_articles_are_answered_as_well_as_was_measured(shared_seeds, tmp_path):
    build([shared_seeds], tmp_path / "index", lambda: open_encoder(None))
    with Engine(tmp_path / "index") as engine:
        found = shares(engine)
    assert {name: share for name, share in found.items() if share < FLOORS.get(name, 0.0)} == {}


def test_the_questions_stand_by_the_rules():
    ids = [row["id"] for row in QUESTIONS]
    assert len(set(ids)) == len(ids)
    assert len({row["question"].casefold() for row in QUESTIONS}) == len(QUESTIONS)
    for row in QUESTIONS:
        assert row["answerable"] == bool(row["answers"]) == bool(row["gold"])


def test_every_gold_quote_stands_in_its_brief(engine):
    for row in QUESTIONS:
        for gold in row["gold"]:
            assert engine.article(gold["article"]).text[gold["start"] : gold["end"]] == gold["quote"], row["id"]
