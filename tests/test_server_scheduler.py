"""The line before the models: bounded, with deadlines, and left as soon as a client leaves."""

import asyncio
import random
import threading
import time

import pytest
from service import until

from askpkcn.server.scheduler import Busy, DeadlinePassed, Scheduler


class Models:
    """Doubles numbers; held back until `go` is set."""

    def __init__(self):
        self.go = threading.Event()
        self.seen = []

    def __call__(self, number):
        self.seen.append(number)
        self.go.wait(10)
        if number < 0:
            raise ValueError(number)
        return 2 * number


def scheduler(models, line=8, threads=1):
    return Scheduler(models, line=line, threads=threads)


def test_what_waits_is_done_in_order_and_each_gets_its_own():
    async def go():
        models = Models()
        async with scheduler(models) as line:
            tasks = [asyncio.create_task(line.submit(number, 5)) for number in (1, 2, -3, 4)]
            await until(lambda: models.seen)
            models.go.set()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert models.seen == [1, 2, -3, 4]
        assert [r if isinstance(r, int) else repr(r) for r in results] == [2, 4, "ValueError(-3)", 8]

    asyncio.run(go())


def test_as_many_are_under_way_as_there_are_threads():
    async def go():
        models = Models()
        async with scheduler(models, threads=3) as line:
            tasks = [asyncio.create_task(line.submit(n, 5)) for n in range(5)]
            await until(lambda: len(models.seen) == 3)
            await asyncio.sleep(0.02)
            assert (len(models.seen), line.waiting) == (3, 2)
            models.go.set()
            assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 8]

    asyncio.run(go())


def test_past_the_line_the_answer_is_busy_at_once_and_says_when():
    async def go():
        models = Models()
        async with scheduler(models, line=2) as line:
            tasks = [asyncio.create_task(line.submit(1, 5))]
            await until(lambda: models.seen)
            tasks += [asyncio.create_task(line.submit(n, 5)) for n in (2, 3)]
            await asyncio.sleep(0)
            started = time.monotonic()
            with pytest.raises(Busy) as busy:
                await line.submit(4, 5)
            assert time.monotonic() - started < 0.05
            assert busy.value.seconds >= 1
            models.go.set()
            assert await asyncio.gather(*tasks) == [2, 4, 6]
            assert await line.submit(4, 5) == 8

    asyncio.run(go())


def test_a_deadline_is_kept_and_frees_the_place():
    async def go():
        models = Models()
        async with scheduler(models, line=1) as line:
            first = asyncio.create_task(line.submit(1, 5))
            await until(lambda: models.seen)
            with pytest.raises(DeadlinePassed):
                await line.submit(2, 0.02)
            assert line.waiting == 0
            models.go.set()
            assert await first == 2
        assert models.seen == [1]  # the late one was never read

    asyncio.run(go())


def test_who_leaves_is_never_read():
    async def go():
        models = Models()
        async with scheduler(models) as line:
            first = asyncio.create_task(line.submit(1, 5))
            await until(lambda: models.seen)
            leaving = [asyncio.create_task(line.submit(n, 5)) for n in (2, 3)]
            await asyncio.sleep(0)
            assert line.waiting == 2
            for task in leaving:
                task.cancel()
            await asyncio.gather(*leaving, return_exceptions=True)
            assert line.waiting == 0
            models.go.set()
            assert await first == 2
            assert await line.submit(4, 5) == 8
        assert models.seen == [1, 4]

    asyncio.run(go())


def test_many_of_one_request_leave_room_for_others():
    async def go():
        models = Models()
        async with scheduler(models, threads=2) as line:
            many = asyncio.create_task(line.submit_all(list(range(10, 20)), 5))
            await until(lambda: len(models.seen) == 2)
            other = asyncio.create_task(line.submit(1, 5))
            await asyncio.sleep(0)
            models.go.set()
            assert await many == list(range(20, 40, 2))
            assert await other == 2
        assert models.seen[2] == 1  # before the rest of the many

    asyncio.run(go())


def test_one_failure_of_many_takes_the_others_out_of_the_line():
    async def go():
        models = Models()
        models.go.set()
        async with scheduler(models, threads=2) as line:
            with pytest.raises(ValueError, match="-1"):
                await line.submit_all([1, -1, 5, 6], 5)
            assert line.waiting == 0
        assert sorted(models.seen) == [-1, 1]

    asyncio.run(go())


def test_a_thread_that_breaks_fails_its_own_work_and_works_on():
    async def go():
        broken = [True]

        def run(number):
            if broken.pop() if broken else False:
                raise MemoryError("too much")
            return number

        async with scheduler(run) as line:
            with pytest.raises(MemoryError):
                await line.submit(1, 5)
            assert await line.submit(2, 5) == 2

    asyncio.run(go())


@pytest.mark.parametrize("seed", range(5))
def test_whatever_clients_do_each_gets_one_end_and_the_line_is_empty(seed):
    chance = random.Random(seed)

    def run(number):
        time.sleep(0.001)
        if number % 7 == 0:
            raise ValueError(number)
        return 2 * number

    async def one(line, number):
        await asyncio.sleep(chance.random() / 20)
        try:
            return number, await line.submit(number, chance.choice([0.002, 1.0]))
        except (Busy, DeadlinePassed) as error:
            return number, type(error)
        except ValueError as error:
            return number, error.args[0]

    async def go():
        async with scheduler(run, line=10, threads=2) as line:
            tasks = [asyncio.create_task(one(line, number)) for number in range(1, 200)]
            for task in chance.sample(tasks, 40):
                asyncio.get_running_loop().call_later(chance.random() / 20, task.cancel)
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert line.waiting == 0
        for number, end in (each for each in ends if not isinstance(each, BaseException)):
            assert end in (Busy, DeadlinePassed, number if number % 7 == 0 else 2 * number)
        assert all(isinstance(end, (tuple, asyncio.CancelledError)) for end in ends)

    asyncio.run(go())
