"""The observer that tells each step of a run on standard error, as it happens."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean, count, headline, seconds, short_id, shortened

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from lamarck.records import Attempt, Event, ExitReason, Limits, Task


class Progress:
    """Give it to Lamarck as an observer and use it as a context manager while the run lasts.

    On a terminal a live line shows the step under way; elsewhere only the plain lines of what is over. resumable: the
    run can be resumed, so an interruption says how. clock: seconds that only grow.
    """

    def __init__(self, terminal: Terminal, *, resumable: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.name_of: Callable[[str], str] = short_id  # an artifact, for people
        self._terminal = terminal
        self._resumable = resumable
        self._live: Live | None = None
        self._limits: Limits | None = None
        self._task: Task | None = None
        self._started = clock()
        self._step = ""
        self._phase = ""
        self._step_began = self._started
        self._pieces = 0
        self._first_piece = 0.0
        self._tokens_spent = 0
        self._samples: Counter[str] = Counter()
        self._earlier: Sequence[Attempt] = ()

    def __enter__(self) -> Self:
        if self._terminal.err.is_terminal:
            from rich.live import Live

            self._live = Live(
                console=self._terminal.err, refresh_per_second=8, transient=True, get_renderable=self._line
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._step = ""
            self._live.stop()
            self._live = None

    def __call__(self, event: Event) -> None:
        handle = getattr(self, f"_on_{event.kind}", None)
        if handle is not None:
            handle(event)

    def limits(self, limits: Limits) -> None:
        """What the run may use, for the live line."""
        self._limits = limits

    def begin(self, task: Task, earlier: Sequence[Attempt] = ()) -> None:
        """Say what is asked for, once the run begins. earlier: attempts of the run that is resumed."""
        self._task = task
        self._earlier = earlier

    # --- events, by their names

    def _on_run_started(self, event: Event) -> None:
        self._started = self._step_began = self._clock()
        self._step, self._phase, self._tokens_spent = "", "", 0
        self._samples = Counter(a.tier or "" for a in self._earlier if a.generator == "model")
        self._earlier = ()
        if self._resumable:
            self._terminal.run_under_way = event.run_id
        if self._task is not None:
            self._tell(_asked_for(self._task))
            self._task = None

    def _on_run_ended(self, event: Event) -> None:
        reason: ExitReason | None = event.data.get("exit_reason")
        if reason != "interrupted":
            self._terminal.run_under_way = None

    def _on_step(self, event: Event) -> None:
        step = event.data["step"]
        self._pieces, self._step_began, self._phase = 0, self._clock(), ""
        if step.generator == "model":
            self._samples[step.tier] += 1
        self._step = event.text or self._named(step.generator, step.tier, step.repair_of)

    def _on_token(self, event: Event) -> None:
        if self._pieces == 0:
            self._phase = ""
            self._first_piece = self._clock()
        self._pieces += 1

    def _on_waiting(self, event: Event) -> None:
        self._phase = "waiting: " + event.text
        if self._live is None:
            self._terminal.note(self._phase)

    def _on_checking(self, event: Event) -> None:
        self._phase = "checking"

    def _on_attempt(self, event: Event) -> None:
        attempt: Attempt = event.data["record"]
        self._tokens_spent += attempt.spend.tokens
        took = self._clock() - self._step_began
        self._tell(self._over(attempt, took))
        self._step = ""
        if attempt.verdict is not None and attempt.verdict.decision != "accepted":
            from lamarck.interfaces.report import complaints

            for line in complaints(attempt.verdict, most=2):
                self._tell_detail(line)

    # --- words

    def _named(self, generator: str, tier: str | None, repair_of: int | None) -> str:
        if generator == "model":
            return f"model {tier}, sample {self._samples[tier or '']}"
        if generator == "repair":
            return f"repair of attempt {repair_of} by {tier}"
        if generator == "search":
            return f"search around attempt {repair_of}"
        return generator

    def _over(self, attempt: Attempt, took: float) -> Text:
        """`reuse: slugify (a1b2c3d4e5f6) · tests 3/3 · accepted · 410 ms`"""
        from rich.text import Text

        from lamarck.interfaces.report import tests_of, word

        candidate, verdict = attempt.candidate, attempt.verdict
        name = self._step or attempt.generator
        if attempt.generator == "reuse" and candidate is not None and candidate.parents:
            parent = candidate.parents[0]
            name = f"reuse: {self.name_of(parent)} ({short_id(parent)})"
        elif attempt.generator == "templates" and candidate is not None:
            name = f"template {candidate.origin.template_version}"
        elif attempt.generator == "user":
            name = f"your code: {candidate.entry_point or candidate.files[0].path}" if candidate else "your code"
        parts = [Text(clean(name, newlines=False))]
        if attempt.spend.tokens:
            parts.append(Text(count(attempt.spend.tokens, "token"), style="dim"))
        if verdict is not None:
            parts += [Text(f"{e.check} {tests_of(e)}") for e in verdict.evidence if e.results]
            parts.append(word(verdict.decision))
        elif attempt.note:
            parts.append(Text(clean(attempt.note, newlines=False), style="yellow"))
        parts.append(Text(seconds(took), style="dim"))
        return Text(" · ").join(parts)

    def _line(self) -> Any:
        """What is going on now."""
        from rich.text import Text

        if not self._step:
            return Text("")
        now = self._clock()
        mark = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[int(now * 8) % 10]
        parts = [f"{mark} {clean(self._step, newlines=False)}"]
        if self._phase:
            parts.append(self._phase)
        elif self._pieces:
            # A piece of a stream holds at least one token; the exact count comes with the reply.
            parts.append(f"≥ {count(self._pieces, 'token')}")
            if now - self._first_piece > 0.5:
                parts.append(f"{self._pieces / (now - self._first_piece):.0f} tokens/s")
        parts.append(seconds(now - self._step_began) if now - self._step_began >= 1 else "")
        if self._limits is not None:
            parts.append(f"{now - self._started:.0f} of {self._limits.seconds:.0f} s")
            parts.append(f"{self._tokens_spent:,} of {self._limits.tokens:,} tokens")
        return Text(" · ".join(p for p in parts if p), style="dim", no_wrap=True, overflow="ellipsis")

    def _tell(self, line: Text) -> None:
        if self._live is not None:
            self._live.console.print(line)
        else:
            self._terminal.note(line.plain)

    def _tell_detail(self, line: str) -> None:
        from rich.text import Text

        if self._live is not None:
            self._live.console.print(Text(f"    {line}", style="dim"))
        else:
            self._terminal.note_detail(line)


def _asked_for(task: Task) -> Text:
    from rich.text import Text

    tests = ", ".join(dict.fromkeys(a.path for a in task.acceptance)) or "none given"
    return Text.assemble("task: ", headline(task.goal, 100), (f" · tests: {shortened(tests, 100)}", "dim"))
