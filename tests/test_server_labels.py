"""Labelling on the page: questions and marked answers become a questions file that `askpkcn eval check` passes."""

import json
import os

import pytest
from fake_engine import BRIDGE, DAM, FakeEngine
from service import client

from askpkcn.errors import ServiceError
from askpkcn.evaluation import questions
from askpkcn.server.labels import Labels

YEAR = "When was the dam finished?"
AT = DAM.text.index("1987")
HTML = {"Accept": "text/html"}


def mark(api, start=AT, end=AT + 4, **form):
    marked = {"article": DAM.id, "start": start, "end": end, "text": DAM.text[start:end]}
    return api.post("/label", data={"q": YEAR, **marked, **form}, headers=HTML, follow_redirects=False)


def rows(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def faults(file):
    return questions.check(questions.load(file), lambda id: {DAM.id: DAM.text, BRIDGE.id: BRIDGE.text}.get(id))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "labels.jsonl"


@pytest.fixture
def api(file):
    with client(label=file) as opened:
        yield opened


def test_a_right_quote_becomes_a_question_that_checks(api, file):
    kept = mark(api, outlet="Dawn")
    assert (kept.status_code, kept.headers["location"]) == (
        303,
        "/?q=When+was+the+dam+finished%3F&outlet=Dawn&labelled=yes",
    )
    assert "Your label was kept" in api.get(kept.headers["location"], headers=HTML).text
    assert mark(api, q="Who sang?", none="yes").status_code == 303
    answerable, unanswerable = rows(file)
    assert (answerable["answers"], answerable["kind"], answerable["category"]) == (["1987"], "when", "filtered")
    assert answerable["gold"] == [{"article": DAM.id, "quote": "1987", "start": AT, "end": AT + 4}]
    assert (unanswerable["answerable"], unanswerable["category"], unanswerable["kind"]) == (False, "not told", "who")
    assert faults(file) == []


def test_what_is_selected_in_a_browser_is_found_by_utf16_units(api, file):
    # A blank is selected with the year, from AT - 1 in code points; an emoji before it counts twice.
    form = {"start_utf16": AT, "end_utf16": AT + 5, "text": " 1987"}
    assert DAM.text[AT - 1 : AT + 4] == " 1987"
    assert mark(api, **form).status_code == 303
    assert rows(file)[0]["gold"][0]["start"] == AT
    assert faults(file) == []


def test_labelling_again_adds_a_place_and_the_last_word_counts(api, file):
    dam = DAM.text.index("dam")
    for at in (dam, dam, DAM.text.index("Tarnol")):
        end = at + (3 if at == dam else 6)
        assert mark(api, at, end, q="Which one?").status_code == 303
    (row,) = rows(file)
    assert (row["answers"], [gold["quote"] for gold in row["gold"]]) == (["dam", "Tarnol"], ["dam", "Tarnol"])
    assert mark(api, q="which one", none="yes").status_code == 303
    (row,) = rows(file)
    assert (row["answerable"], row["answers"], row["gold"]) == (False, [], [])
    assert faults(file) == []


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"q": ""}, 422, "the question is empty"),
        ({"article": "gone.md"}, 404, "renamed"),
        ({"text": "1988"}, 422, "mark the answer again"),
        ({"start": 5, "end": 5, "text": ""}, 422, "no letter or digit"),
        ({"start": 3, "end": 4, "text": " "}, 422, "no letter or digit"),
        ({"start": -1}, 422, "numbers"),
        ({"start": 99999999, "end": 999999999, "text": ""}, 422, "no letter or digit"),
        ({"from": "soon"}, 422, "YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_kept_is_told_and_changes_nothing(form, status, words, api, file):
    response = mark(api, **form)
    assert response.status_code == status
    assert words in response.text
    assert not file.exists()


def test_a_full_disk_loses_nothing(api, file, monkeypatch):
    mark(api)
    before = file.read_bytes()

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    response = mark(api, q="Who sang?", none="yes")
    assert response.status_code == 507
    assert "No space left on device" in response.text
    monkeypatch.undo()
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_labelling_is_off_unless_asked_for_and_refuses_other_sites(api, file):
    page = api.get("/", params={"q": YEAR}, headers=HTML).text
    assert 'action="/label"' in page
    other = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert api.post("/label", data={"q": YEAR, "none": "yes"}, headers=other).status_code == 403
    assert not file.exists()
    with client() as off:
        assert 'action="/label"' not in off.get("/", params={"q": YEAR}, headers=HTML).text
        assert mark(off).status_code == 404


def test_a_file_that_is_no_questions_file_is_refused_at_the_start(file):
    for text in ("no json", "[1]", '{"id": 1}'):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ServiceError, match="check --label"):
            Labels(file)
    file.write_text("", encoding="utf-8")
    Labels(file)


def test_hostile_questions_stay_text(file):
    hostile = '<script>alert(1)</script> "x" \u202ewho'
    with client(FakeEngine(), label=file) as api:
        assert mark(api, q=hostile).status_code == 303
        page = api.get("/", params={"q": hostile}, headers=HTML).text
    assert page.count("<script") == 1
    assert "\u202e" not in rows(file)[0]["question"]
