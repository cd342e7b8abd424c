"""Several workers: one is killed, all are stopped, the one that starts them dies, and they count and label as one."""

import json
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest
from fake_engine import DAM, FakeEngine
from test_server_process import ASK, connect, fake, read_all, service, wait_for

from askpkcn.errors import ServiceError
from askpkcn.server import run
from askpkcn.server.keys import Allowance
from askpkcn.server.labels import Labels
from askpkcn.server.processes import HANGS
from askpkcn.server.settings import Settings
from askpkcn.types import Filters

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the workers in /proc")


def workers(process):
    """Return the process ids of a service's workers."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def serve(process):
    """Tell whether both workers do: they catch SIGTERM then, and tell the supervisor that they live."""
    masks = [
        next(line for line in Path(f"/proc/{worker}/status").read_text().splitlines() if line.startswith("SigCgt:"))
        for worker in workers(process)
    ]
    return len(masks) == 2 and all(int(mask.split()[1], 16) & 1 << signal.SIGTERM - 1 for mask in masks)


def ask(address):
    """Ask over a connection of its own, and return the status; 0 where the connection broke."""
    try:
        return httpx.post(f"{address}/v1/ask", json=ASK, timeout=30).status_code
    except httpx.TransportError:
        return 0


def test_a_worker_that_is_killed_is_replaced_and_the_service_goes_on():
    with fake(workers=2) as (process, address):
        wait_for(lambda: serve(process), seconds=30)
        killed, stays = workers(process)
        os.kill(killed, signal.SIGSTOP)
        time.sleep(2)  # the supervisor is waiting for its sign of life now
        os.kill(killed, signal.SIGKILL)
        assert [ask(address) for _ in range(20)] == [200] * 20
        wait_for(lambda: len(set(workers(process)) - {killed, stays}) == 1, seconds=HANGS / 3)
        wait_for(lambda: serve(process), seconds=30)
        (new,) = set(workers(process)) - {killed, stays}
        os.kill(stays, signal.SIGKILL)  # whoever answers now is new
        assert [ask(address) for _ in range(5)] == [200] * 5
        assert new in workers(process)
        counted = httpx.get(f"{address}/metrics").text
        assert 'askpkcn_requests_total{method="POST",route="/v1/ask",status="200"} 25.0' in counted


def test_sigterm_drains_every_worker():
    request = b"GET /v1/ask?q=dam HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with fake(delay=1.0, workers=2) as (process, address):
        wait_for(lambda: serve(process), seconds=30)
        asked = [connect(address) for _ in range(12)]
        for one in asked:
            one.sendall(request)
        time.sleep(1)  # all are taken by either worker, and two thirds of them wait
        process.send_signal(signal.SIGTERM)
        assert {read_all(one)[:12] for one in asked} == {b"HTTP/1.1 200"}
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert ask(address) == 0
    assert all(json.loads(line) for line in err.splitlines())


def test_workers_do_not_outlive_the_process_that_started_them():
    with fake(workers=2) as (process, address):
        assert ask(address) == 200
        orphans = workers(process)
        process.kill()
        wait_for(lambda: not any(Path(f"/proc/{orphan}").exists() for orphan in orphans), seconds=20)
        assert ask(address) == 0


def test_workers_share_an_allowance(tmp_path):
    one, other = (Allowance(10, lambda: 0.0, shared=tmp_path) for _ in range(2))
    assert [one.take("a", 6), other.take("a", 4), one.take("b", 10)] == [0, 0, 0]
    assert one.take("a", 1) == other.take("a", 1) == 6
    one.close()
    other.close()


def test_workers_that_label_at_once_lose_no_label(tmp_path):
    file = tmp_path / "labels.jsonl"
    workers = [Labels(file) for _ in range(4)]
    at = DAM.text.index("1987")
    with ThreadPoolExecutor(4) as pool:
        for number in range(40):
            question = f"When was dam {number} finished?"
            pool.submit(workers[number % 4].add, question, Filters(), (DAM, at, at + 4))
    assert len(file.read_text(encoding="utf-8").splitlines()) == 40


def test_a_label_file_that_is_none_is_refused_before_any_worker_starts(tmp_path, monkeypatch):
    file = tmp_path / "labels.jsonl"
    file.write_text("no json", encoding="utf-8")
    monkeypatch.setattr(run, "Engine", lambda index: FakeEngine())
    with pytest.raises(ServiceError, match="check --label"):
        run.run(Path("none"), "127.0.0.1", 0, Settings(label=file), print, workers=2)


@pytest.mark.slow
def test_a_worker_waits_for_an_index_that_can_be_opened_and_the_others_go_on(seeds_copy):
    options = ("--port", "0", "--workers", "2", "--index", str(seeds_copy))
    with service("-m", "askpkcn", "serve", *options) as (process, address):
        assert ask(address) == 200
        time.sleep(5)
        wait_for(lambda: serve(process), seconds=30)  # both have opened it
        current = seeds_copy / "CURRENT"
        kept = shutil.copy(current, seeds_copy / "kept")
        current.write_text("gone\n", encoding="utf-8")
        killed, stays = workers(process)
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: set(workers(process)) - {killed, stays}, seconds=30)
        time.sleep(5)  # the new one has tried
        assert [ask(address) for _ in range(3)] == [200] * 3
        os.kill(stays, signal.SIGTERM)
        Path(kept).replace(current)
        assert ask(address) == 200  # as soon as one of them has opened it
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0
    told = [json.loads(line) for line in err.splitlines()]
    assert any("cannot open the index" in row["event"] and "'gone'" in row["why"] for row in told)
