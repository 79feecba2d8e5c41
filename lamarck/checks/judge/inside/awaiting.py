"""Coroutines that run on the other side, awaited here without stopping this side's event loop.

Each side has its own loop. To await something of the other side's, it is started there as a task and asked for from
time to time; in between, this side's loop runs on. When asked, a candidate's loop runs until its task is done or
nothing in it is ready; the judge's loop is running anyway, for it is the tests that wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .faults import Ended
from .handles import handle_of

if TYPE_CHECKING:
    import asyncio

_LONGEST_PAUSE = 0.01  # seconds between two questions
_SHORTEST_PAUSE = 0.0005


async def awaited(standin: Any) -> Any:
    """The result of the other side's awaitable; what it raises is raised here."""
    import asyncio

    handle = handle_of(standin)
    assert handle is not None
    task = handle.ask("begin", standin)
    try:
        while True:
            done, value = handle.ask("progress", task)
            if done:
                return value
            await asyncio.sleep(min(max(value, _SHORTEST_PAUSE), _LONGEST_PAUSE))
    except (asyncio.CancelledError, GeneratorExit):
        try:
            handle.ask("cancel", task)
        except Ended:
            pass
        raise


async def _run(awaitable: Any) -> Any:
    return await awaitable


class Tasks:
    """The tasks of this side that the other side waits for."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, awaitable: Any) -> Any:
        import asyncio  # only now: it takes longer to load than all the rest of a candidate's process

        running = asyncio._get_running_loop()
        if running is None:
            running = self._loop = self._loop or asyncio.new_event_loop()
            asyncio.set_event_loop(running)
        if asyncio.isfuture(awaitable):
            return awaitable
        return running.create_task(_run(awaitable))

    def progress(self, task: Any) -> tuple[bool, Any]:
        """(True, result), or (False, seconds until it is worth asking again). Raises what the task raised."""
        import asyncio

        loop = task.get_loop()
        if not task.done() and not loop.is_running() and asyncio._get_running_loop() is None:
            self._advance(loop, task)
        if task.done():
            return True, task.result()
        due = [handle._when for handle in getattr(loop, "_scheduled", ()) if not handle._cancelled]
        return False, max(0.0, min(due) - loop.time()) if due else _LONGEST_PAUSE

    def cancel(self, task: Any) -> None:
        task.cancel()
        loop = task.get_loop()
        if not loop.is_running():
            self._advance(loop, task)

    @staticmethod
    def _advance(loop: Any, task: Any) -> None:
        """Run the loop until nothing in it is ready."""
        while not task.done():
            loop.call_soon(loop.stop)
            loop.run_forever()
            ready = getattr(loop, "_ready", ())
            due = getattr(loop, "_scheduled", ())
            if not ready and not (due and due[0]._when <= loop.time()):
                return
