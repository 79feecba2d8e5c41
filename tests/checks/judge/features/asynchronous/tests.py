import asyncio
import inspect
import unittest

import pytest
from asynchronous import Counter, Pool, Session, consume, double, fail, gather, lease, patient, slow, ticks


def test_run():
    assert asyncio.run(double(2)) == 4
    assert inspect.iscoroutinefunction(double)
    coroutine = double(1)
    assert inspect.iscoroutine(coroutine)
    coroutine.close()


def test_raises():
    with pytest.raises(ValueError, match="async"):
        asyncio.run(fail())


def test_runs_side_by_side():
    log = []

    async def main():
        return await asyncio.gather(slow(0.02, log), slow(0.01, log))

    assert asyncio.run(main()) == [0.02, 0.01]
    assert log == ["start", "start", "end", "end"]


def test_with_the_tests_own_tasks():
    order = []

    async def mine():
        for n in range(3):
            order.append(n)
            await asyncio.sleep(0.001)

    async def main():
        task = asyncio.create_task(mine())
        await slow(0.02, [])
        order.append("slow")
        await task

    asyncio.run(main())
    assert order == [0, 1, 2, "slow"]


def test_callbacks_run_side_by_side():
    running = most = 0

    async def work(item):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1
        return item * 10

    assert asyncio.run(gather(work, [1, 2, 3])) == [10, 20, 30]
    assert most == 3


def test_async_generator():
    async def main():
        return [i async for i in ticks(3)]

    assert asyncio.run(main()) == [0, 1, 2]


def test_limits():
    pool = Pool(2)

    async def job():
        await asyncio.sleep(0.002)
        return 1

    async def main():
        return await asyncio.gather(*(pool.run(job) for _ in range(5)))

    assert asyncio.run(main()) == [1] * 5
    assert pool.most == 2


def test_context_managers():
    log = []

    async def main():
        async with Session() as session:
            assert session.events == ["open"]
        async with lease(log) as leased:
            assert leased == "leased"
        return session.events

    assert asyncio.run(main()) == ["open", "close"]
    assert log == ["in", "out"]


def test_async_iterator():
    async def main():
        return [n async for n in Counter(3)]

    assert asyncio.run(main()) == [2, 1, 0]


def test_the_tests_own_queue():
    async def main():
        queue = asyncio.Queue()
        reader = asyncio.create_task(consume(queue))
        for item in (1, 2, None):
            await queue.put(item)
        return await reader

    assert asyncio.run(main()) == [1, 2]


def test_time_out():
    log = []

    async def main():
        await asyncio.wait_for(patient(log), timeout=0.02)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(main())
    assert log == ["cancelled"]


class TestUnit(unittest.IsolatedAsyncioTestCase):
    async def test_await(self):
        self.assertEqual(await double(3), 6)
