"""Who may come in, how often, how large; and what stands in logs and headers."""

import asyncio
import base64
import json
import logging

import pytest
from fake_engine import FakeEngine
from service import client, many

from askpkcn.cli import run
from askpkcn.errors import ServiceError
from askpkcn.server import keys
from askpkcn.server.gate import Gate, Recorder
from askpkcn.server.keys import Allowance, Key
from askpkcn.server.logs import JsonLines
from askpkcn.server.metrics import Metrics
from askpkcn.server.settings import Settings

ASK = {"question": "Which dam?"}


@pytest.fixture(scope="module")
def secret_and_key():
    return keys.make("reader")


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.INFO, logger="askpkcn.server")
    return lambda: [json.loads(JsonLines().format(r)) for r in caplog.records if r.name == "askpkcn.server"]


def test_without_a_key_nothing_is_told(secret_and_key):
    _, key = secret_and_key
    engine = FakeEngine()
    with client(engine, keys=(key,)) as api:
        for path in ("/", "/docs", "/openapi.json", "/v1/articles", "/v1/ask?q=dam", "/metrics", "/static/page.css"):
            response = api.get(path)
            assert (response.status_code, response.json()["type"]) == (401, "urn:askpkcn:problem:unauthorized")
        assert api.get("/v1/articles").headers["www-authenticate"] == "Bearer"
        assert api.get("/").headers["www-authenticate"].startswith("Basic ")
        for path in ("/healthz", "/readyz"):
            assert api.get(path).status_code == 200
    assert not engine.asked


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic", "Basic !!", "Basic d3Jvbmc=", "Digest x", "Bearer \udcff"],
)
def test_wrong_keys_stay_out(header, secret_and_key):
    assert keys.Keyring([secret_and_key[1]]).holder(header) is None


def test_the_hash_is_no_key(secret_and_key):
    ring = keys.Keyring([secret_and_key[1]])
    assert ring.holder(f"Bearer {secret_and_key[1].sha256}") is None


def test_a_key_opens_the_api_and_as_a_password_the_page(secret_and_key, logged):
    secret, key = secret_and_key
    basic = base64.b64encode(f"anyone:{secret}".encode()).decode()
    with client(keys=(key,)) as api:
        assert api.post("/v1/ask", json=ASK, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
        assert api.get("/", headers={"Authorization": f"Basic {basic}"}).status_code == 200
    assert [row.get("key") for row in logged() if row["event"] == "request"] == ["reader", "reader"]
    assert secret not in json.dumps(logged())


def test_a_key_has_its_rate_by_questions():
    (secret, one), (other_secret, other) = keys.make("one"), keys.make("other")
    with client(keys=(one, other), rate=3) as api:
        mine = {"Authorization": f"Bearer {secret}"}
        assert api.post("/v1/ask/batch", json={"questions": ["Which dam?"] * 2}, headers=mine).status_code == 200
        assert api.get("/v1/ask?q=dam", headers=mine).status_code == 200
        refused = api.post("/v1/search", json=ASK, headers=mine)
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:askpkcn:problem:rate-limit")
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert api.get("/v1/articles", headers=mine).status_code == 200
        assert api.get("/v1/ask?q=dam", headers={"Authorization": f"Bearer {other_secret}"}).status_code == 200


def test_an_allowance_comes_back_with_time_and_large_requests_are_owed():
    now = [0.0]
    allowance = Allowance(60, lambda: now[0])
    assert [allowance.take("a", 30), allowance.take("a", 30), allowance.take("a", 1)] == [0, 0, 1]
    now[0] = 1.0
    assert [allowance.take("a", 1), allowance.take("a", 1), allowance.take("b", 60)] == [0, 1, 0]
    now[0] = 1000.0
    small = Allowance(10, lambda: now[0])
    assert small.take("c", 64) == 0
    now[0] += 60
    assert small.take("c", 1) > 200  # it owes 54 questions, and has 10 a minute


def test_keys_are_made_kept_as_hashes_and_read_back(tmp_path, capsys):
    assert run(["serve", "key", "alice"]) == 0
    secret, line = capsys.readouterr().out.splitlines()
    file = tmp_path / "keys"
    file.write_text(f"# who may ask\n\n{line}\n", encoding="utf-8")
    assert secret not in file.read_text(encoding="utf-8")
    (loaded,) = keys.load(file)
    assert loaded.name == "alice"
    assert keys.Keyring([loaded]).holder(f"Bearer {secret}") == "alice"
    assert run(["serve", "key", "bob", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"key", "name", "sha256"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no key"),
        ("alice", "line 1 is no name and sha256"),
        (f"alice {'0' * 63}", "line 1 is no name and sha256"),
        (f"alice {'0' * 64}\nalice {'1' * 64}", "has a name twice"),
    ],
)
def test_a_file_that_holds_no_keys_is_refused(text, message, tmp_path):
    (tmp_path / "keys").write_text(text, encoding="utf-8")
    with pytest.raises(ServiceError, match=message):
        keys.load(tmp_path / "keys")


def test_a_file_that_is_not_there_and_a_name_that_is_none(tmp_path):
    with pytest.raises(ServiceError, match="check --keys"):
        keys.load(tmp_path / "none")
    with pytest.raises(ServiceError, match="is no name of a key"):
        keys.make("a b")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rate", "5"], "--rate is for each key"),
        (["--cors", "example.org"], "is no origin"),
        (["--cors", "https://example.org/path"], "is no origin"),
        (["--keys", "/nowhere/keys"], "check --keys"),
        (["--port", "99999"], "--port"),
        (["--index", "/nowhere/index"], "there is no index in /nowhere/index"),
    ],
)
def test_a_service_set_up_wrongly_does_not_start(arguments, message, capsys):
    assert run(["serve", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_an_open_address_without_a_key_is_told_loudly(capsys):
    assert run(["serve", "--host", "0.0.0.0", "--index", "/nowhere/index"]) == 2
    assert capsys.readouterr().err.startswith("WARNING: 0.0.0.0 can be reached from other machines")
    assert run(["serve", "--host", "127.0.0.1", "--index", "/nowhere/index"]) == 2
    assert "WARNING" not in capsys.readouterr().err


def test_another_sites_name_bent_to_this_service_is_refused():
    with client(hosts=("localhost", "127.0.0.1")) as api:
        for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:1"):
            assert api.get("/healthz", headers={"Host": host}).status_code == 200
        for host in ("evil.example", "localhost.evil.example", ""):
            response = api.get("/v1/articles", headers={"Host": host})
            assert (response.status_code, response.json()["type"]) == (421, "urn:askpkcn:problem:wrong-host")


def test_a_large_body_is_refused_before_any_work():
    engine = FakeEngine()
    with client(engine, max_body=2000) as api:
        for body in ({"content": b"x" * 2001}, {"content": iter([b"x" * 1500, b"x" * 1500])}):
            response = api.post("/v1/ask", headers={"content-type": "application/json"}, **body)
            assert (response.status_code, response.json()["type"]) == (413, "urn:askpkcn:problem:request-too-large")
        lying = {"content-type": "application/json", "content-length": "9" * 30}
        assert api.post("/v1/ask", content=b"{}", headers=lying).status_code == 413
    assert not engine.asked


def test_a_body_that_drips_in_is_given_up():
    async def go():
        async def drip():
            yield b"{"
            await asyncio.sleep(2)
            yield b"}"

        async with many(FakeEngine(), body_time=0.05) as api:
            response = await api.post("/v1/ask", content=drip())
        assert (response.status_code, response.json()["type"]) == (408, "urn:askpkcn:problem:request-too-slow")

    asyncio.run(go())


def test_questions_stand_in_no_log_unless_asked_for(logged):
    with client() as api:
        api.post("/v1/ask", json={"question": "Is it a secret dam?"})
        api.get("/v1/ask", params={"q": "a secret dam"})
        api.get("/", params={"q": "a secret dam"})
        api.get("/a-secret-path")
        api.post("/v1/ask", json={"question": "secret" * 300})
    assert len([row for row in logged() if row["event"] == "request"]) == 5
    assert "secret" not in json.dumps(logged())
    with client(log_questions=True) as api:
        api.post("/v1/ask", json={"question": "Is it a secret dam?"})
    assert logged()[-1]["questions"] == ["Is it a secret dam?"]


def test_a_failure_is_logged_without_its_words(logged):
    engine = FakeEngine()
    engine.fault = ValueError("a secret question")
    with client(engine) as api:
        assert api.post("/v1/ask", json=ASK).status_code == 500
    (failed,) = [row for row in logged() if row["event"] == "a request failed"]
    assert failed["exception"] == "ValueError"
    assert any("fake_engine.py" in place for place in failed["trace"])
    assert "secret" not in json.dumps(logged())


def test_a_log_line_tells_what_happened(logged):
    with client() as api:
        response = api.post("/v1/ask", json=ASK, headers={"X-Request-Id": "trace-1"})
        assert response.headers["x-request-id"] == "trace-1"
        other = api.get("/healthz", headers={"X-Request-Id": "no id\tat all"})
        assert other.headers["x-request-id"] != "no id\tat all"
    row = next(row for row in logged() if row.get("request_id") == "trace-1")
    assert {"time", "level", "event", "request_id", "method", "route", "status", "ms"} == set(row)
    assert (row["route"], row["status"], row["level"]) == ("/v1/ask", 200, "info")


def test_every_response_has_the_headers_that_keep_browsers_safe():
    with client(max_body=100) as api:
        for response in (
            api.get("/"), api.get("/none"), api.post("/v1/ask", json=ASK), api.get("/static/page.js"),
            api.post("/v1/ask", content=b"x" * 101), api.get("/metrics"),
        ):  # fmt: skip
            policy = response.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["referrer-policy"] == "no-referrer"
            assert "server" not in response.headers
        assert api.post("/v1/ask", json=ASK).headers["cache-control"] == "no-store"
        assert api.get("/static/page.js").headers["cache-control"] == "no-cache"


def test_other_origins_may_read_nothing_unless_named():
    origin = {"Origin": "https://example.org"}
    ask = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    with client() as api:
        assert "access-control-allow-origin" not in api.get("/v1/articles", headers=origin).headers
        assert api.options("/v1/ask", headers=ask).status_code == 405
    with client(cors=("https://example.org",)) as api:
        assert api.get("/v1/articles", headers=origin).headers["access-control-allow-origin"] == origin["Origin"]
        assert api.options("/v1/ask", headers=ask).status_code == 200
        other = api.get("/v1/articles", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


def test_what_another_sites_page_loads_unasked_costs_nothing():
    engine = FakeEngine()
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    with client(engine) as api:
        refused = api.get("/v1/ask?q=dam", headers=image)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:askpkcn:problem:cross-site")
        assert api.post("/v1/ask", json=ASK, headers=link).status_code == 403
        assert api.get("/?q=dam", headers={**link, "Sec-Fetch-Dest": "iframe"}).status_code == 403
        assert not engine.asked
        assert [api.get("/?q=dam", headers=h).status_code for h in (link, own)] == [200, 200]
    with client(cors=("https://example.org",)) as api:
        mine = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
        assert api.get("/v1/ask?q=dam", headers=mine).status_code == 200
        assert api.get("/v1/ask?q=dam", headers={**mine, "Origin": "https://evil.example"}).status_code == 403


def test_openapi_tells_of_keys_only_where_they_are_needed(secret_and_key):
    secret, key = secret_and_key
    with client(keys=(key,)) as api:
        document = api.get("/openapi.json", headers={"Authorization": f"Bearer {secret}"}).json()
    assert document["security"] == [{"key": []}]
    with client() as api:
        assert "security" not in api.get("/openapi.json").json()


def test_what_is_no_http_request_passes_both_by():
    async def go():
        seen = []

        async def app(scope, _receive, _send):
            seen.append(scope["type"])

        for wrapped in (Recorder(app, Metrics(), shared=False), Gate(app, Settings(keys=(Key("a", "0" * 64),)))):
            await wrapped({"type": "lifespan"}, None, None)
        assert seen == ["lifespan", "lifespan"]

    asyncio.run(go())
