"""The real engine behind the service while its index is replaced, damaged or deleted, and its disk is full."""

import asyncio
import json
import shutil
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest
from service import many, until
from test_server_process import connect, read_all, service

from askpkcn import building, index
from askpkcn.cli import run
from askpkcn.engine import Engine

pytestmark = pytest.mark.slow
KAKAR = {"question": "How many agreements did Kakar sign in China?", "passages": 2}
SNAPSHOTS = 6


@pytest.fixture(scope="module")
def encoder():
    return building.open_encoder(None)


class Growing:
    """An index of one article, which tells of another number in every snapshot."""

    def __init__(self, folder, article, encoder):
        self.folder, self._article, self._encoder = folder, article, encoder
        self.numbers = {}
        self.grow()

    def grow(self):
        number = str(1000 + len(self.numbers))
        text = f"The dam at Tarnol has {number} gates. Its {number} gates were counted by {number} engineers.\n"
        self._article.write_text(text, encoding="utf-8")
        built = index.build([self._article], self.folder, lambda: self._encoder)
        self.numbers[built.snapshot] = number
        return built.snapshot


@pytest.fixture
def growing(seeds_copy, tmp_path, encoder):
    return Growing(seeds_copy, tmp_path / "dam.md", encoder)


def test_snapshots_replaced_under_load_drop_and_mix_nothing(growing):
    async def go():
        responses = []
        stopped = False
        async with many(Engine(growing.folder), watch=0.05) as api:
            questions = ["How many gates has the dam at Tarnol?", "Who counted the gates?", "How many engineers?"]

            async def ask():
                while not stopped:
                    responses.append(await api.post("/v1/ask/batch", json={"questions": questions, "passages": 1}))

            clients = [asyncio.create_task(ask()) for _ in range(4)]
            for _ in range(SNAPSHOTS):
                made = await asyncio.to_thread(growing.grow)
                await until(lambda made=made: made == _live(api), seconds=30)
            stopped = True
            await asyncio.gather(*clients)
        assert {response.status_code for response in responses} == {200}
        for body in (response.json() for response in responses):
            for answer in body["answers"]:
                assert answer["snapshot"] == body["snapshot"]
                quotes = [quote["sentence"]["text"] for group in answer["groups"] for quote in group["quotes"]]
                shown = quotes + [near["text"] for near in answer["nearest"]]
                assert shown
                assert all(growing.numbers[body["snapshot"]] in text for text in shown)
        assert len({response.json()["snapshot"] for response in responses}) >= 3

    asyncio.run(go())


def _live(api):
    return api._transport.app.state.service.live.snapshot


def test_a_damaged_new_snapshot_leaves_the_old_one_answering_and_is_told_once(growing, caplog):
    async def go():
        async with many(Engine(growing.folder), watch=0.05) as api:
            old = _live(api)
            first = (growing.folder / "CURRENT").read_bytes()
            new = growing.grow()
            (growing.folder / "CURRENT").write_bytes(first)
            overwrite(growing.folder / "snapshots" / new / "vectors.faiss")
            (growing.folder / "CURRENT").write_text(f"{new}\n", encoding="utf-8")
            service = api._transport.app.state.service
            await until(lambda: b'changes_total{outcome="failed"}' in service.metrics.text())
            await asyncio.sleep(0.5)
            assert (await api.post("/v1/ask", json=KAKAR)).json()["snapshot"] == old
            assert (await api.get("/readyz")).json()["snapshot"] == old
            good = growing.grow()
            await until(lambda: _live(api) == good, seconds=30)

    caplog.set_level("INFO", logger="askpkcn.server")
    asyncio.run(go())
    (told,) = [record for record in caplog.records if "cannot be used" in record.getMessage()]
    assert "vectors.faiss is not the file that was written" in told.fields["why"]


def overwrite(file):
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.write(b"\xa5" * size)


def test_an_index_overwritten_under_the_service_is_told_and_the_next_one_answers(seeds_copy, tmp_path, encoder, caplog):
    async def go():
        async with many(Engine(seeds_copy), watch=0.05) as api:
            overwrite(seeds_copy / "snapshots" / _live(api) / "catalogue.sqlite")
            response = await api.post("/v1/ask", json=KAKAR)
            assert (response.status_code, response.json()["type"]) == (503, "urn:askpkcn:problem:index-corrupt")
            shutil.rmtree(seeds_copy / "snapshots")
            made = Growing(seeds_copy, tmp_path / "dam.md", encoder)
            await until(lambda: _live(api) in made.numbers, seconds=30)
            assert (await api.post("/v1/ask", json=KAKAR)).status_code == 200

    asyncio.run(go())
    told = [record.fields["why"] for record in caplog.records if record.getMessage() == "the engine failed"]
    assert len(told) == 1
    assert "rebuild" in told[0]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_index_that_is_missing_or_damaged_stops_the_start(workers, seeds_copy, capsys):
    serve = ["serve", "--port", "0", "--workers", workers, "--index"]
    assert run([*serve, str(seeds_copy / "gone")]) == 2
    assert "build one with" in capsys.readouterr().err
    overwrite(seeds_copy / "snapshots" / (seeds_copy / "CURRENT").read_text().strip() / "vectors.faiss")
    assert run([*serve, str(seeds_copy)]) == 2
    assert "vectors.faiss is not the file that was written" in capsys.readouterr().err


def test_a_deleted_index_goes_on_answering(growing):
    async def go():
        async with many(Engine(growing.folder), watch=0.05) as api:
            shutil.rmtree(growing.folder)
            await asyncio.sleep(0.2)
            assert (await api.post("/v1/ask", json=KAKAR)).status_code == 200
            assert (await api.get("/v1/articles/dam.md")).status_code == 200

    asyncio.run(go())


def test_200_connections_slow_and_leaving_clients(seeds_index):
    body = json.dumps({**KAKAR, "passages": 1}).encode()
    head = (
        "POST /v1/ask HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    request = "\r\n".join([*head, "", ""]).encode() + body
    options = ("--port", "0", "--index", str(seeds_index), "--queue", "300", "--deadline", "50")
    with service("-m", "askpkcn", "serve", *options) as (process, address):
        slow = connect(address)
        slow.sendall(request[:-5])
        leaving = [connect(address) for _ in range(50)]
        for one in leaving:
            one.sendall(request)
        for one in leaving:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # reset, not closed
            one.close()
        with ThreadPoolExecutor(200) as pool:
            asked = [pool.submit(ask, address, request) for _ in range(200)]
            time.sleep(1)
            slow.sendall(request[-5:])
        assert {each.result() for each in asked} == {b"HTTP/1.1 200"}
        assert read_all(slow)[:12] == b"HTTP/1.1 200"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
    assert "Kakar" not in err
    assert '"level": "error"' not in err


def ask(address, request):
    one = connect(address)
    one.settimeout(60)
    one.sendall(request)
    return read_all(one)[:12]


def test_a_full_disk_loses_no_label(seeds_index, tmp_path):
    file = tmp_path / "labels.jsonl"
    serve = f"exec {{}} -m askpkcn serve --port 0 --index {seeds_index} --label {file}"
    limited = ("-c", "import os, sys; os.execvp('bash', ['bash', '-c', sys.argv[1].format(sys.executable)])")
    with service(*limited, f"ulimit -f 2; {serve}") as (_, address):  # no file over 2 kB, as if the disk were full

        def label(number):
            form = {"q": f"Who built dam {number}?", "none": "yes"}
            return httpx.post(f"{address}/label", data=form, timeout=30).status_code

        statuses = [label(number) for number in range(12)]
        kept = statuses.count(303)
        assert statuses == [303] * kept + [507] * (12 - kept)
        assert 0 < kept < 12
        assert len(file.read_text(encoding="utf-8").splitlines()) == kept
        assert [each for each in tmp_path.iterdir() if each != file] == []
        answered = httpx.post(f"{address}/v1/ask", json=KAKAR, timeout=30)
        assert answered.json()["groups"][0]["text"] == "20"
