"""The service as a process: real sockets, signals, many and slow and rude clients, and the real engine once."""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

TESTS = Path(__file__).parent
ASK = {"question": "Which dam?"}


@contextmanager
def service(*program):
    """A running service's process and address; afterwards it is gone, whatever the test did."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(
        [sys.executable, *program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        yield process, process.stdout.readline().split()[0]
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


@contextmanager
def fake(delay=0.0, workers=1):
    with service(str(TESTS / "fake_service.py"), str(delay), str(workers)) as running:
        yield running


def test_what_was_asked_before_sigterm_is_answered_and_then_it_ends():
    with fake(delay=0.4) as (process, address), ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(httpx.post, f"{address}/v1/ask", json=ASK, timeout=30) for _ in range(6)]
        wait_for(lambda: "askpkcn_queue_waiting 0.0" not in httpx.get(f"{address}/metrics").text)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{address}/healthz")
        assert [each.result().status_code for each in asked] == [200] * 6
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
    rows = [json.loads(line) for line in err.splitlines()]  # every line is JSON
    assert [row["status"] for row in rows if row.get("route") == "/v1/ask"] == [200] * 6
    assert "dam" not in err


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def connect(address):
    host, _, port = address.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def test_200_connections_and_slow_ones_are_all_served():
    request = b"GET /v1/ask?q=dam HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with fake() as (_, address):
        slow = [connect(address) for _ in range(20)]
        for one in slow:
            one.sendall(request[:20])  # and no more for now
        many = [connect(address) for _ in range(200)]
        for one in many:
            one.sendall(request)
        assert {read_all(one)[:12] for one in many} == {b"HTTP/1.1 200"}
        for one in slow:
            one.sendall(request[20:])
        assert {read_all(one)[:12] for one in slow} == {b"HTTP/1.1 200"}


def read_all(connection):
    with connection:
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def test_responses_do_not_wait_for_the_clients_acknowledgement():
    with fake() as (_, address), httpx.Client(base_url=address) as client:
        seconds = []
        for _ in range(20):
            started = time.monotonic()
            assert client.get("/healthz").status_code == 200
            seconds.append(time.monotonic() - started)
    assert statistics.median(seconds) < 0.03  # Nagle's algorithm would make it 0.04


def test_clients_that_leave_or_talk_nonsense_harm_nobody():
    body = json.dumps(ASK).encode()
    head = (
        "POST /v1/ask HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    post = "\r\n".join([*head, "", ""]).encode()
    with fake(delay=0.3) as (_, address):
        leaving = [connect(address) for _ in range(20)]
        for one in leaving:
            one.sendall(post + body)
        wait_for(lambda: httpx.get(f"{address}/readyz").json()["waiting"] > 10)
        for one in leaving:
            one.close()
        wait_for(lambda: httpx.get(f"{address}/readyz").json()["waiting"] == 0, seconds=2)
        for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\x00" * 70_000, post[:30]):
            with connect(address) as one:
                one.sendall(nonsense)
        with connect(address) as one:
            one.sendall(post + b"{")  # and never the rest
            started = time.monotonic()
            assert b"408" in one.recv(65536)
            assert 0.9 < time.monotonic() - started < 5
        assert httpx.post(f"{address}/v1/ask", json=ASK, timeout=10).status_code == 200
        counted = httpx.get(f"{address}/metrics").text
        left = next(line for line in counted.splitlines() if line.startswith('askpkcn_dropped_total{why="left"}'))
        assert float(left.split()[1]) >= 12  # the few that were under way are read


def test_a_port_that_is_taken_is_told_in_one_line():
    from askpkcn.errors import ServiceError
    from askpkcn.server.run import is_loopback, listen

    with listen("127.0.0.1", 0) as taken, pytest.raises(ServiceError, match="choose another --host or --port"):
        listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(ServiceError, match="cannot be had"):
        listen("no such host", 0)
    assert [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_nothing_of_a_request_outlives_it(workers, seeds_copy, tmp_path, monkeypatch):
    def files():
        return {file: file.stat().st_mtime_ns for file in sorted(tmp_path.rglob("*")) if file.is_file()}

    (tmp_path / "temporary").mkdir()
    for variable in ("TMPDIR", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "temporary")
    options = ("--port", "0", "--workers", workers, "--index", str(seeds_copy))
    before = files()
    with service("-m", "askpkcn", "serve", *options) as (process, address):
        for path in ("/", "/v1/ask", "/v1/ask"):
            question = "How many agreements did Kakar sign in China?"
            response = httpx.get(f"{address}{path}", params={"q": question}, timeout=30)
            assert response.status_code == 200
            assert "set-cookie" not in response.headers
        httpx.post(f"{address}/v1/search", json={"question": "Kakar"}, timeout=30)
        httpx.get(f"{address}/v1/articles/no-Kakar.md")
        assert not any(b"Kakar" in file.read_bytes() for file in files().keys() - before.keys())
        assert "Kakar" not in httpx.get(f"{address}/metrics").text
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert files() == before
    assert "Kakar" not in err


@pytest.mark.slow
def test_askpkcn_serve_answers_and_takes_a_new_snapshot(seeds_copy, tmp_path):
    with service("-m", "askpkcn", "serve", "--port", "0", "--index", str(seeds_copy)) as (process, address):
        question = {"question": "How many agreements did Kakar sign in China?"}
        answer = httpx.post(f"{address}/v1/ask", json=question, timeout=30).json()
        assert answer["groups"][0]["text"] == "20"
        assert "«" not in httpx.get(f"{address}/", params={"q": question["question"]}, timeout=30).text
        assert httpx.get(f"{address}/healthz", headers={"Host": "evil.example"}).status_code == 421
        (tmp_path / "one.txt").write_text("The bridge at Thakot was opened in 1978.\n", encoding="utf-8")
        index = [sys.executable, "-m", "askpkcn", "index", str(tmp_path / "one.txt"), "--index", str(seeds_copy)]
        subprocess.run(index, check=True, capture_output=True)
        wait_for(lambda: httpx.get(f"{address}/readyz").json()["snapshot"] != answer["snapshot"])
        listed = httpx.get(f"{address}/v1/articles").json()
        assert [row["id"] for row in listed["articles"]] == ["one.txt"]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
    assert "Kakar" not in err
