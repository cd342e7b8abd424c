"""The API, as programs see it: one schema with the command line, limits, and problems of stable types."""

import json
from datetime import date

import pytest
from fake_engine import BRIDGE, DAM, FakeEngine
from service import client

from askpkcn import errors
from askpkcn.cli import run
from askpkcn.server import problems
from askpkcn.server.app import create_app

KAKAR = "How many agreements did Kakar sign in China?"
NOBODY = "Who won the cricket world cup in 1992?"


@pytest.fixture(scope="module")
def api():
    with client() as opened:
        yield opened


def utf16(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def test_an_answer_quotes_in_code_points_and_in_utf16(api):
    answer = api.post("/v1/ask", json={"question": "What was finished in 1987?"}).json()
    assert answer["answered"] is True
    quote = answer["groups"][0]["quotes"][0]
    assert quote["article"]["id"] == DAM.id
    assert DAM.text[quote["start"] : quote["end"]] == "1987"
    assert utf16(DAM.text, quote["start_utf16"], quote["end_utf16"]) == "1987"
    assert quote["start_utf16"] == quote["start"] + 1  # one emoji stands before it
    assert quote["sentence"]["end_utf16"] == len(DAM.text) + 1


def test_asking_by_link_gives_the_same(api):
    by_body = api.post("/v1/ask", json={"question": "Which dam?", "filters": {"outlet": ["dawn"]}}).json()
    by_link = api.get("/v1/ask", params={"q": "Which dam?", "outlet": "dawn"}).json()
    assert by_body == by_link
    assert [quote["article"]["id"] for quote in by_link["groups"][0]["quotes"]] == [DAM.id]


def test_how_many_groups_are_shown_and_passages_read_can_be_said():
    engine = FakeEngine()
    asked = {"question": "Where do they differ on the dam?"}
    with client(engine) as api:
        assert len(api.post("/v1/ask", json=asked).json()["groups"]) == 2
        answers = [
            api.post("/v1/ask", json={**asked, "max_groups": 1, "passages": 3}).json(),
            api.get("/v1/ask", params={"q": asked["question"], "max_groups": 1, "passages": 4}).json(),
            *api.post("/v1/ask/batch", json={"questions": [asked["question"]], "max_groups": 1, "passages": 5}).json()[
                "answers"
            ],
        ]
    assert [len(answer["groups"]) for answer in answers] == [1, 1, 1]
    assert engine.passages == [10, 3, 4, 5]


def test_no_answer_has_a_reason_and_what_came_near(api):
    answer = api.get("/v1/ask", params={"q": "Who sang?"}).json()
    assert (answer["answered"], answer["reason"], answer["groups"]) == (False, "below_threshold", [])
    assert answer["nearest"][0]["article"]["id"] == BRIDGE.id
    gone = api.get("/v1/ask", params={"q": "Which dam?", "from": "2030-01-01"}).json()
    assert gone["reason"] == "filtered_out"


def test_a_batch_is_answered_in_order_from_one_snapshot(api):
    questions = [f"Is it {number}?" for number in (1987, 1999, 2000) * 7]
    body = api.post("/v1/ask/batch", json={"questions": questions}).json()
    assert [answer["question"] for answer in body["answers"]] == questions
    assert [answer["answered"] for answer in body["answers"]] == [True, True, False] * 7
    assert {answer["snapshot"] for answer in body["answers"]} == {body["snapshot"]}


def test_a_search_gives_passages_with_both_ranks(api):
    body = api.post("/v1/search", json={"question": "dam", "limit": 1}).json()
    (hit,) = body["hits"]
    assert (hit["article"]["id"], hit["dense"], hit["keyword"]) == (BRIDGE.id, {"rank": 1, "score": 0.25}, None)
    assert (hit["text"], hit["end_utf16"]) == (BRIDGE.text, len(BRIDGE.text))


def test_articles_come_in_pages_inside_filters(api):
    first = api.get("/v1/articles", params={"limit": 1}).json()
    assert ([row["id"] for row in first["articles"]], first["total"], first["next"]) == ([BRIDGE.id], 2, BRIDGE.id)
    second = api.get("/v1/articles", params={"limit": 1, "after": first["next"]}).json()
    assert ([row["id"] for row in second["articles"]], second["next"]) == ([DAM.id], None)
    dated = api.get("/v1/articles", params={"from": "2022-02-07", "to": "2022-02-07"}).json()
    assert [row["id"] for row in dated["articles"]] == [DAM.id]


def test_an_article_whose_id_has_slashes_is_found(api):
    body = api.get(f"/v1/articles/{DAM.id}").json()
    assert (body["text"], body["sha256"], body["quote"]) == (DAM.text, DAM.sha256, None)
    assert api.get(f"/v1/articles/{DAM.id.replace('/', '%2F')}").json() == body
    quoted = api.get(f"/v1/articles/{DAM.id}", params={"start": 18, "end": 21}).json()["quote"]
    assert quoted == {"text": DAM.text[18:21], "start": 18, "end": 21, "start_utf16": 18, "end_utf16": 22}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind", "words"),
    [
        ("POST", "/v1/ask", {"question": "x" * 1001}, 422, "invalid-request", "at most 1000 characters"),
        ("POST", "/v1/ask", {"question": ""}, 422, "invalid-request", "at least 1 character"),
        ("POST", "/v1/ask", {"question": "?!"}, 422, "question", "the question is empty"),
        ("POST", "/v1/ask", {"question": 5}, 422, "invalid-request", "valid string"),
        ("POST", "/v1/ask", {"question": "Who?", "colour": 1}, 422, "invalid-request", "colour"),
        ("POST", "/v1/ask", {"question": "Who?", "passages": 0}, 422, "invalid-request", "passages"),
        ("POST", "/v1/ask", {"question": "Who?", "passages": 51}, 422, "invalid-request", "passages"),
        ("POST", "/v1/ask", {"question": "Who?", "max_groups": True}, 422, "invalid-request", "max_groups"),
        ("POST", "/v1/ask", {"question": "Who?", "filters": {"from": "today"}}, 422, "invalid-request", "YYYY-MM-DD"),
        ("POST", "/v1/ask", {"question": "Who?", "filters": {"from": 0}}, 422, "invalid-request", "YYYY-MM-DD"),
        (
            "POST", "/v1/ask", {"question": "Who?", "filters": {"from": "2023-01-01", "to": "2022-01-01"}}, 422,
            "question", "swap them",
        ),
        ("POST", "/v1/ask/batch", {"questions": []}, 422, "invalid-request", "at least 1 item"),
        ("POST", "/v1/ask/batch", {"questions": ["Who?"] * 65}, 422, "invalid-request", "at most 64 items"),
        ("POST", "/v1/search", {"question": "Who?", "limit": 201}, 422, "invalid-request", "limit"),
        ("GET", "/v1/ask", None, 422, "invalid-request", "query.q"),
        ("GET", "/v1/articles?limit=0", None, 422, "invalid-request", "limit"),
        ("GET", "/v1/articles/nothing", None, 404, "no-article", "/v1/articles"),
        ("GET", f"/v1/articles/{DAM.id}?start=5", None, 422, "question", "no range"),
        ("GET", f"/v1/articles/{DAM.id}?start=5&end=9999", None, 422, "question", "no range"),
        ("GET", "/v2", None, 404, "not-found", "/docs"),
        ("DELETE", "/v1/ask", None, 405, "method-not-allowed", "/docs"),
    ],
)  # fmt: skip
def test_bad_requests_are_problems_of_a_stable_type(method, path, body, status, kind, words, api):
    response = api.request(method, path, json=body)
    problem = response.json()
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert (problem["type"], problem["status"]) == (f"urn:askpkcn:problem:{kind}", status)
    assert words in problem["detail"]
    assert problem["instance"] == f"urn:askpkcn:request:{response.headers['x-request-id']}"


def test_a_body_that_is_no_json_or_holds_half_a_character_is_told_so(api):
    malformed, invalid = (400, "urn:askpkcn:problem:malformed-request"), (422, "urn:askpkcn:problem:invalid-request")
    half = rb'{"question": "who \udc80?"}'
    for body, told in (
        (b"{", malformed),
        (b"\xff", malformed),
        (b'"Who?"', invalid),
        (b"[]", invalid),
        (half, invalid),
    ):
        response = api.post("/v1/ask", content=body, headers={"content-type": "application/json"})
        assert (response.status_code, response.json()["type"]) == told


def test_the_client_hears_nothing_of_the_servers_folders(caplog):
    engine = FakeEngine()
    for fault, status, kind in (
        (errors.IndexCorrupt("/srv/secret/vectors.faiss is damaged"), 503, "index-corrupt"),
        (RuntimeError("a question's own words"), 500, "internal"),
    ):
        engine.fault = fault
        with client(engine) as api:
            response = api.post("/v1/ask", json={"question": "Who?"})
        assert (response.status_code, response.json()["type"]) == (status, f"urn:askpkcn:problem:{kind}")
        assert str(fault) not in response.text
    assert "a question's own words" not in "".join(record.getMessage() for record in caplog.records)


def test_every_error_of_the_tree_has_a_type_of_its_own():
    tree = set(errors.AskpkcnError.__subclasses__())
    assert set(problems.OF_ERRORS) == tree
    names = [kind.name for kind in (*problems.OF_ERRORS.values(), *problems.OTHERS)]
    assert len(names) == len(set(names))


def test_starting_without_an_index_says_so(tmp_path):
    from fastapi.testclient import TestClient

    from askpkcn.engine import Engine

    app = create_app(lambda: Engine(tmp_path / "none"))
    with pytest.raises(errors.IndexMissing, match="build one with"), TestClient(app):
        pass


def test_openapi_tells_the_limits_and_the_problems(api):
    document = api.get("/openapi.json").json()
    question = document["components"]["schemas"]["AskRequest"]["properties"]["question"]
    assert (question["minLength"], question["maxLength"]) == (1, 1000)
    batch = document["components"]["schemas"]["BatchRequest"]["properties"]["questions"]
    assert batch["maxItems"] == 64
    asked = document["paths"]["/v1/ask"]["post"]["responses"]
    assert list(asked["503"]["content"]) == ["application/problem+json"]
    assert set(asked) >= {"200", "401", "413", "422", "429", "500", "503", "504"}


def test_health_and_readiness(api):
    assert api.get("/healthz").json() == {"status": "ok"}
    assert api.get("/readyz").json() == {"status": "ok", "snapshot": "one", "waiting": 0}


def test_the_counters_tell_of_requests_stages_outcomes_and_the_snapshot():
    with client() as api:
        api.post("/v1/ask", json={"question": "Which dam?"})
        api.post("/v1/ask", json={"question": "Who sang?"})
        api.get("/v1/ask")
        text = api.get("/metrics").text
    for line in (
        'askpkcn_requests_total{method="POST",route="/v1/ask",status="200"} 2.0',
        'askpkcn_requests_total{method="GET",route="/v1/ask",status="422"} 1.0',
        'askpkcn_answers_total{outcome="answered"} 1.0',
        'askpkcn_answers_total{outcome="below_threshold"} 1.0',
        'askpkcn_stage_seconds_count{stage="read"} 2.0',
        'askpkcn_snapshot{snapshot="one"} 1.0',
        "askpkcn_queue_waiting 0.0",
    ):
        assert line in text


@pytest.mark.slow
@pytest.mark.parametrize("question", [KAKAR, NOBODY])
def test_the_command_line_and_the_api_give_one_schema(question, engine, seeds_index, capsys):
    run(["ask", question, "--json", "--index", str(seeds_index)])
    printed = json.loads(capsys.readouterr().out)
    with client(Unclosed(engine)) as api:
        got = api.post("/v1/ask", json={"question": question}).json()
        by_link = api.get("/v1/ask", params={"q": question}).json()
        (in_batch,) = api.post("/v1/ask/batch", json={"questions": [question]}).json()["answers"]
    assert list(got) == list(printed)
    for one in (got, by_link, in_batch):
        assert one.pop("timings_ms").keys() == {"encode", "retrieve", "read", "decide", "total"}
    printed.pop("timings_ms")
    assert printed == got == by_link == in_batch


@pytest.mark.slow
def test_search_articles_and_show_give_what_the_command_line_gives(engine, seeds_index, capsys):
    index = ["--json", "--index", str(seeds_index)]
    with client(Unclosed(engine)) as api:
        run(["search", "arms deal", "--limit", "3", *index])
        assert (
            json.loads(capsys.readouterr().out)
            == api.post("/v1/search", json={"question": "arms deal", "limit": 3}).json()
        )
        run(["articles", *index])
        listed = api.get("/v1/articles").json()
        assert json.loads(capsys.readouterr().out)["articles"] == listed["articles"]
        assert listed["total"] == 5
        dated = api.get("/v1/articles", params={"from": str(date(2022, 1, 1))}).json()
        assert [row["id"] for row in dated["articles"]] == ["seeds/winter-olympics.md"]
        run(["show", "seeds/khan-fall.md", "--quote", "0:5", *index])
        shown = api.get("/v1/articles/seeds/khan-fall.md", params={"start": 0, "end": 5}).json()
        assert json.loads(capsys.readouterr().out).items() <= shown.items()


class Unclosed:
    """The tests' one engine, which outlives each service."""

    def __init__(self, engine):
        self._engine = engine

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def close(self):
        pass
