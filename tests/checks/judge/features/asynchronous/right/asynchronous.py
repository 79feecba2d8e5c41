import asyncio
import contextlib


async def double(x):
    await asyncio.sleep(0)
    return 2 * x  # WRONG: return x | test_run TestUnit::test_await


async def fail():
    await asyncio.sleep(0.001)
    raise ValueError("async")


async def slow(seconds, log):
    log.append("start")
    await asyncio.sleep(seconds)
    log.append("end")
    return seconds


async def gather(function, items):
    return await asyncio.gather(*(function(i) for i in items))  # WRONG: return [await function(i) for i in items] | test_callbacks_run_side_by_side


async def ticks(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


class Pool:
    def __init__(self, size):
        self.semaphore = asyncio.Semaphore(size)
        self.running = self.most = 0

    async def run(self, function):
        async with self.semaphore:
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                return await function()
            finally:
                self.running -= 1


class Session:
    def __init__(self):
        self.events = []

    async def __aenter__(self):
        self.events.append("open")
        return self

    async def __aexit__(self, *error):
        self.events.append("close")


@contextlib.asynccontextmanager
async def lease(log):
    log.append("in")
    try:
        yield "leased"
    finally:
        log.append("out")


class Counter:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration
        self.n -= 1
        return self.n


async def consume(queue):
    found = []
    while (item := await queue.get()) is not None:
        found.append(item)
    return found


async def patient(log):
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
