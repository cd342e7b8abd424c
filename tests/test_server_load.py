"""Many clients, impatient clients, and snapshots that change under them."""

import asyncio
import itertools
import time

import pytest
from fake_engine import FakeEngine
from fakes import article
from service import client, many, until

from askpkcn.errors import IndexCorrupt


def test_past_the_queue_comes_503_with_retry_after_and_the_rest_is_answered():
    async def go():
        engine = FakeEngine()
        engine.gate.clear()
        async with many(engine, queue=8, threads=1) as api:
            first = asyncio.create_task(api.get("/v1/ask", params={"q": "first dam"}))
            await until(lambda: engine.asked)
            rest = [asyncio.create_task(api.get("/v1/ask", params={"q": f"{n} dam"})) for n in range(20)]
            done, _ = await asyncio.wait(rest, timeout=0.5)
            refused = [task.result() for task in done]
            assert len(refused) == 12
            assert (await api.get("/readyz")).status_code == 503
            assert (await api.get("/healthz")).status_code == 200
            engine.gate.set()
            answered = [task.result() for task in await asyncio.gather(*map(_settled, [first, *rest]))]
        assert {response.status_code for response in refused} == {503}
        assert all(int(response.headers["retry-after"]) >= 1 for response in refused)
        assert refused[0].json()["type"] == "urn:askpkcn:problem:queue-full"
        assert sorted(response.status_code for response in answered) == [200] * 9 + [503] * 12

    asyncio.run(go())


async def _settled(task):
    await asyncio.wait([task])
    return task


def test_200_clients_at_once_all_get_their_own_answer():
    async def go():
        async with many(FakeEngine(), queue=200) as api:
            asked = [f"{number} dam" for number in range(200)]
            responses = await asyncio.gather(*(api.post("/v1/ask", json={"question": q}) for q in asked))
        assert [response.json()["question"] for response in responses] == asked

    asyncio.run(go())


def test_a_deadline_is_a_problem_and_the_service_goes_on():
    async def go():
        engine = FakeEngine()
        engine.gate.clear()
        async with many(engine, deadline=0.1) as api:
            started = time.monotonic()
            response = await api.get("/v1/ask", params={"q": "dam"})
            assert 0.1 <= time.monotonic() - started < 1
            assert (response.status_code, response.json()["type"]) == (504, "urn:askpkcn:problem:deadline")
            engine.gate.set()
            assert (await api.get("/v1/ask", params={"q": "dam"})).status_code == 200
            counted = (await api.get("/metrics")).text
        assert 'askpkcn_dropped_total{why="deadline"} 1.0' in counted

    asyncio.run(go())


def test_the_event_loop_is_free_while_the_models_work():
    async def go():
        engine = FakeEngine(delay=0.5)
        async with many(engine) as api:
            slow = asyncio.create_task(api.get("/v1/ask", params={"q": "dam"}))
            await until(lambda: engine.asked)
            started = time.monotonic()
            assert (await api.get("/healthz")).status_code == 200
            assert (await api.get("/v1/articles")).status_code == 200
            assert time.monotonic() - started < 0.3
            assert (await slow).status_code == 200

    asyncio.run(go())


def scope(path, query=b""):
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query, "root_path": "",
        "headers": [(b"host", b"test")], "client": ("test", 1), "server": ("test", 80), "state": {},
    }  # fmt: skip


def test_a_client_that_leaves_is_dropped_from_the_queue():
    from askpkcn.server.app import create_app
    from askpkcn.server.settings import Settings

    async def go():
        engine = FakeEngine()
        engine.gate.clear()
        app = create_app(lambda: engine, Settings(threads=1))
        async with app.router.lifespan_context(app):
            gone = asyncio.Event()
            sent = []

            def call(text, leaves):
                messages = [{"type": "http.request", "body": b"", "more_body": False}]

                async def receive():
                    if messages:
                        return messages.pop()
                    await (gone.wait() if leaves else asyncio.Event().wait())
                    return {"type": "http.disconnect"}

                async def send(message):
                    sent.append((text, message))

                return asyncio.create_task(app(scope("/v1/ask", b"q=" + text), receive, send))

            first = call(b"first", leaves=False)
            await until(lambda: engine.asked)
            leaving = [call(b"leaving", leaves=True) for _ in range(3)]
            service = app.state.service
            await until(lambda: service.waiting == 3)
            gone.set()
            await asyncio.gather(*leaving)
            assert service.waiting == 0
            engine.gate.set()
            await first
        assert engine.asked == ["first"]
        statuses = {text: m["status"] for text, m in sent if m["type"] == "http.response.start"}
        assert statuses == {b"first": 200, b"leaving": 499}

    asyncio.run(go())


def chain(count):
    """Return the first of some engines, each with one article that names its snapshot."""
    return [
        FakeEngine(article(f"The dam of {n} has {n} gates.", "dam.md"), snapshot=f"dam of {n}") for n in range(count)
    ]


def test_50_new_snapshots_under_load_drop_and_mix_nothing():
    async def go():
        engines = chain(51)
        for engine in engines:
            engine.delay = 0.001
        stopped = False
        responses = []

        async with many(engines[0], watch=0.002, queue=200) as api:

            async def ask():
                while not stopped:
                    responses.append(await api.post("/v1/ask/batch", json={"questions": ["gates", "dam", "The"]}))

            clients = [asyncio.create_task(ask()) for _ in range(8)]
            service = api._transport.app.state.service
            for old, new in itertools.pairwise(engines):
                old.next = new
                await until(lambda new=new: service.live.snapshot == new.snapshot)
            stopped = True
            await asyncio.gather(*clients)
        assert {response.status_code for response in responses} == {200}
        seen = set()
        for body in (response.json() for response in responses):
            seen.add(body["snapshot"])
            for answer in body["answers"]:
                assert answer["snapshot"] == body["snapshot"]
                assert answer["groups"][0]["quotes"][0]["sentence"]["text"].startswith(f"The {body['snapshot']} has")
        assert len(seen) > 10
        assert all(engine.closed for engine in engines)

    asyncio.run(go())


def test_an_old_snapshot_is_closed_when_its_last_request_is_done():
    async def go():
        old, new = chain(2)
        async with many(old, watch=0.002) as api:
            old.gate.clear()
            slow = asyncio.create_task(api.get("/v1/ask", params={"q": "dam"}))
            await until(lambda: old.asked)
            old.next = new
            service = api._transport.app.state.service
            await until(lambda: service.live.snapshot == new.snapshot)
            assert not old.closed
            old.gate.set()
            assert (await slow).json()["snapshot"] == old.snapshot
            await until(lambda: old.closed)
            assert (await api.get("/v1/ask", params={"q": "dam"})).json()["snapshot"] == new.snapshot

    asyncio.run(go())


def test_a_snapshot_that_cannot_be_opened_leaves_the_old_one_and_says_so_once(caplog):
    async def go():
        old, new = chain(2)
        old.next = IndexCorrupt("vectors.faiss is not the file that was written")
        async with many(old, watch=0.005) as api:
            await until(lambda: "failed" in "".join(map(str, _changes(api))))
            await asyncio.sleep(0.05)
            assert (await api.get("/v1/ask", params={"q": "dam"})).json()["snapshot"] == old.snapshot
            old.next = new
            service = api._transport.app.state.service
            await until(lambda: service.live.snapshot == new.snapshot)

    caplog.set_level("INFO", logger="askpkcn.server")
    asyncio.run(go())
    told = [record for record in caplog.records if "cannot be used" in record.getMessage()]
    assert [record.fields["why"] for record in told] == ["vectors.faiss is not the file that was written"]


def _changes(api):
    text = api._transport.app.state.service.metrics.text().decode()
    return [line for line in text.splitlines() if line.startswith("askpkcn_snapshot_changes_total")]


def test_one_questions_fault_is_not_the_others():
    async def go():
        engine = FakeEngine()
        engine.fault, engine.faulty = IndexCorrupt("damaged"), "bad"
        engine.gate.clear()
        async with many(engine, threads=1) as api:
            first = asyncio.create_task(api.get("/v1/ask", params={"q": "first dam"}))
            await until(lambda: engine.asked)
            rest = [asyncio.create_task(api.get("/v1/ask", params={"q": f"{q} dam"})) for q in ("good", "bad", "fine")]
            await until(lambda: api._transport.app.state.service.waiting == 3)
            engine.gate.set()
            responses = await asyncio.gather(first, *rest)
        assert [response.status_code for response in responses] == [200, 200, 503, 200]

    asyncio.run(go())


def test_stopping_closes_the_engine():
    engine = FakeEngine()
    with client(engine) as api:
        assert api.get("/healthz").status_code == 200
        assert not engine.closed
    assert engine.closed


@pytest.mark.slow
def test_memory_does_not_grow_with_questions():
    import gc
    import logging
    import tracemalloc

    logging.disable(logging.CRITICAL)  # pytest keeps what is logged

    async def go():
        async with many(FakeEngine(), queue=200) as api:

            async def ask(count):
                for _ in range(count):
                    await api.post("/v1/ask", json={"question": "Which dam?"})

            await ask(100)
            tracemalloc.start()
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            await ask(400)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
        assert grown < 200_000, grown

    try:
        asyncio.run(go())
    finally:
        logging.disable(logging.NOTSET)
