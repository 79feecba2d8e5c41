"""The only place that chooses implementations. Everything is opened when it is first needed."""

from __future__ import annotations

import contextlib
import importlib.util
import platform
import shutil
import threading
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamarck import __version__
from lamarck import settings as settings_module
from lamarck.budget import Budget
from lamarck.checks.check import Check
from lamarck.context.rules import RuleContext
from lamarck.errors import LamarckError, ModelUnavailable
from lamarck.generators.model_tier import CONTEXT_TOKENS, ModelTier, Style
from lamarck.generators.prompt import render
from lamarck.generators.reuse import Reuse
from lamarck.generators.search.mending import Mender, SearchRepair
from lamarck.generators.templates.templates import Templates
from lamarck.library.place import Server, place_of
from lamarck.models.model import Message, Model
from lamarck.policy import Rules, Step
from lamarck.records import Acceptance, Artifact, Attempt, Context, Diagnosis, Event, Spend, Task, now
from lamarck.sandbox.interpreter import Interpreter
from lamarck.sandbox.sandbox import Sandbox
from lamarck.settings import Settings
from lamarck.solve import Deadline, Observer, Parts

if TYPE_CHECKING:
    from lamarck.checks.gate import Means
    from lamarck.checks.stages import StageCache
    from lamarck.generators.search.lessons.guide import Guide
    from lamarck.generators.templates.collection import Collection
    from lamarck.library.stored import StoredLibrary

EMBEDDING_WEIGHTS = "all-minilm-l6-v2-int8"


class Assembly:
    """The parts of one Lamarck, chosen from its settings. See `api.Lamarck` for the arguments."""

    def __init__(
        self,
        settings: Settings,
        *,
        library_path: Path | str | None,
        python: str | None,
        folder: Path,
        observers: tuple[Observer, ...],
        model: Model | None = None,
        replies: Path | None = None,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.observers = observers
        self._library_path = library_path
        self._python = python
        self._model = model
        self._replies = replies
        self._close: list[Callable[[], None]] = []
        self._deadline = Deadline()
        self._starting: threading.Thread | None = None

    def close(self) -> None:
        if self._starting is not None:
            self._starting.join()
        while self._close:
            self._close.pop()()

    def beside(self, settings: Settings, *, library_path: Path | str, model: Model | None) -> Assembly:
        """Another library, settings and model over what is dear to open: sandbox, judge, interpreter, embedder."""
        other = Assembly(
            settings,
            library_path=library_path,
            python=self._python,
            folder=self.folder,
            observers=self.observers,
            model=model,
            replies=self._replies,
        )
        for shared in ("embedder", "interpreter", "importable", "sandbox", "judge", "tests", "checks", "templates"):
            setattr(other, shared, getattr(self, shared))
        return other

    # --- rooms

    @cached_property
    def library_place(self) -> Path | Server:
        named = self._library_path or self.settings.library.path
        return place_of(named) if named else settings_module.home() / "library.sqlite"

    @cached_property
    def library(self) -> StoredLibrary:
        library = self.open_library(self.library_place)
        self._close.append(library.close)
        if self.embedder is not None and not library.reads_only:
            from lamarck.library.catching_up import CatchingUp

            self._close.append(CatchingUp(library).close)
        return library

    def open_library(self, place: Path | Server) -> StoredLibrary:
        """Another library, with this one's embedder. The caller closes it."""
        from lamarck.library.opening import open_library

        wanted = self.settings.library
        return open_library(
            place,
            lock_seconds=wanted.lock_seconds,
            statement_seconds=wanted.statement_seconds,
            embedder=self.embedder,
            recognised=self.settings.reuse.remembered,
        )

    @cached_property
    def results(self) -> StageCache:
        """What pure functions returned, apart from the library."""
        from lamarck.checks.stages import StageCache

        kept = StageCache(settings_module.cache_dir() / "results.sqlite")
        self._close.append(kept.close)
        return kept

    @cached_property
    def embedder(self) -> Any:
        """The embedder where its weights and engine are, else None: the library then searches by words alone."""
        from lamarck.models.weights import weights_path

        weights = weights_path(EMBEDDING_WEIGHTS)
        engine = all(importlib.util.find_spec(m) for m in ("numpy", "onnxruntime", "tokenizers"))
        if not (engine and weights.is_file()):
            return None
        from lamarck.library.embedding import MiniLmEmbedder

        return MiniLmEmbedder(weights)

    @cached_property
    def interpreter(self) -> Interpreter:
        from lamarck.sandbox.interpreter import find_interpreter

        return find_interpreter(self._python, self.folder)

    @cached_property
    def importable(self) -> frozenset[str]:
        """Top-level names that code for this interpreter may import."""
        from lamarck.sandbox.interpreter import importable

        return importable(self.interpreter)

    @cached_property
    def sandbox(self) -> Sandbox:
        from lamarck.sandbox.selection import choose_sandbox

        return choose_sandbox(self.settings.sandbox)

    @cached_property
    def judge(self) -> Any:
        from lamarck.checks.judge.judge import Judge

        return Judge(self.sandbox, self.interpreter)

    def expect(self, task: Task) -> None:
        """A task is about to be solved: what judges its tests starts while the library is opened and searched."""
        if task.acceptance:
            with contextlib.suppress(LamarckError):  # told where it is needed
                self._starting = threading.Thread(
                    target=_prepare, args=(self.judge,), name="lamarck-prepare", daemon=True
                )
                self._starting.start()

    @cached_property
    def tests(self) -> Any:
        """The given tests' check, which also looks at the tests before anything is spent on them."""
        return next(check for check in self.checks if check.name == "tests")

    @cached_property
    def means(self) -> Means:
        """What checks are built from."""
        from lamarck.checks.gate import Means
        from lamarck.checks.waivers import Waivers

        return Means(
            settings=self.settings,
            judge=self.judge,
            sandbox=self.sandbox,
            interpreter=self.interpreter,
            importable=self.importable,
            folder=self.folder,
            waivers=Waivers(self.settings.trust.waivers),
            open_model=(lambda: self.open_tier(self.first_tier)) if self.settings.checks.model_review else None,
        )

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Those of the loop, cheapest first."""
        from lamarck.checks.gate import build_checks

        return build_checks(self.means, names=("parse", "security", "tests", "bdd", "derived-tests", "generated-tests"))

    @cached_property
    def agreement(self) -> Any:
        from lamarck.checks.agreement.agreement import Agreement

        return Agreement(self.judge, below=self.settings.models.agreement_below)

    @cached_property
    def bank(self) -> Any:
        from lamarck.models.bank import Bank

        bank = Bank(self._replies or settings_module.home() / "replies.sqlite")
        self._close.append(bank.close)
        return bank

    def open_tier(self, name: str) -> Model:
        if self._model is not None and name == self._model.name:
            return self._model
        from lamarck.models.build import open_model

        return open_model(name, self.settings, bank=self.bank, waiting=self._waiting)

    @cached_property
    def model_tier(self) -> ModelTier:
        tier = ModelTier(
            self.open_tier,
            self._build_context,
            max_tokens=self.settings.models.max_tokens,
            samples=self.settings.models.samples,
            together=self.settings.models.parallel,
            style=self.settings.models.prompt,
            related=self._related,
            on_token=self._on_token,
        )
        self._close.append(tier.close)
        return tier

    @cached_property
    def mender(self) -> Mender:
        from lamarck.checks.judge.rendering import rendered

        return Mender(lambda: self.sandbox, lambda: self.interpreter, rendered, self.guide)

    def guide(self) -> Guide:
        """What a search is told of lessons: nothing, unless the setting lets it."""
        from lamarck.generators.search.lessons.guide import Guide
        from lamarck.generators.search.lessons.keeping import guide_of, kept_in

        return guide_of(kept_in(self.library)) if self.settings.lessons.use else Guide()

    @cached_property
    def _search_repair(self) -> SearchRepair:
        wanted = self.settings.search
        search = SearchRepair(
            self.mender, seconds=wanted.seconds, fewest=wanted.fewest_cases, stop=self._deadline.check
        )
        self._close.append(search.close)
        return search

    def _build_context(
        self, task: Task, related: tuple[Artifact, ...], failed: Attempt | None, tokens: int, style: Style
    ) -> Context:
        context = RuleContext(style, _standards(self.settings)).build(
            task, related=related, failed=failed, tokens=tokens
        )
        if failed is None or not self.settings.lessons.prompts:
            return context
        from lamarck.generators.search.lessons.keeping import guide_of, kept_in
        from lamarck.generators.search.lessons.showing import with_lessons

        return with_lessons(context, guide_of(kept_in(self.library)), failed)

    def _related(self, task: Task) -> tuple[Artifact, ...]:
        from lamarck.generators.blocks import Blocks

        reuse = self.settings.reuse
        return Blocks(self.library, most=reuse.blocks if reuse.enabled else 0, least=reuse.blocks_from).for_task(task)

    def _on_token(self, text: str) -> None:
        self._deadline.check()
        self._tell("token", text)

    def _waiting(self) -> None:
        self._tell("waiting", "another process uses the embedded model")

    def _tell(self, kind: str, text: str) -> None:
        event = Event(kind=kind, run_id="", at=now(), text=text)
        for observer in self.observers:
            observer(event)

    @cached_property
    def templates(self) -> Collection:
        from lamarck.generators.templates.collection import Collection, own_folder

        project = settings_module.project_file(self.folder)
        root = project.parent if project is not None else self.folder
        return Collection(own_folder(self.settings.templates.folder, root))

    def template_generator(self, collection: Collection) -> Templates:
        """Of these templates, with their options chosen by the given tests."""
        from lamarck.generators.templates.choosing import Choosing

        wanted = self.settings.templates
        start = partial(self.mender.screening, seconds=wanted.seconds)
        choosing = Choosing(start, runs=wanted.runs, seconds=wanted.seconds)
        return Templates(collection, tries=wanted.tries, choosing=choosing if wanted.runs else None)

    # --- the loop

    @cached_property
    def parts(self) -> Parts:
        models = self.settings.models
        return Parts(
            library=self.library,
            checks=self.checks,
            generators={
                "templates": self.template_generator(self.templates),
                "reuse": Reuse(
                    self.library,
                    candidates=self.settings.reuse.candidates,
                    bits=self.settings.reuse.fewest_bits,
                ),
                "model": self.model_tier,
                "repair": self.model_tier,
                "search": self._search_repair,
            },
            rules=Rules(
                reuse=self.settings.reuse.enabled and self.settings.reuse.candidates > 0,
                templates=self.settings.templates.tries if self.settings.templates.enabled else 0,
                tiers=models.tiers,
                samples=models.samples,
                repairs=models.repairs,
                agreement=models.agreement,
                search_seconds=self.settings.search.seconds if self.settings.search.enabled else 0.0,
            ),
            agreement=self.agreement,
            environment=self.interpreter.environment_hash,
            accept_claimed=self.settings.trust.accept_claimed,
            preflight=self.tests.preflight,
            write_tests=self._write_tests,
            deadline=self._deadline,
            observers=self.observers,
        )

    def prompt(self, task: Task, settings: Settings) -> tuple[Message, ...]:
        """What a model is asked first for a task."""
        style = settings.models.prompt
        context = RuleContext(style, _standards(settings)).build(task, related=(), failed=None, tokens=CONTEXT_TOKENS)
        return render(task, context, terse=style == "lean")

    def _write_tests(self, task: Task, step: Step, budget: Budget) -> tuple[Acceptance | None, Spend, str]:
        from lamarck.generators.test_writer import write_tests

        return write_tests(self.model_tier.model(self.first_tier), task, step, budget)

    @property
    def first_tier(self) -> str:
        if not self.settings.models.tiers:
            raise ModelUnavailable("no model is set", "set models.tiers, see `lamarck models list`")
        return self.settings.models.tiers[0]


# --- the machine


def _prepare(judge: Any) -> None:
    with contextlib.suppress(LamarckError):
        judge.prepare(_SUBJECTS)


_SUBJECTS = 3  # of a first judgement: the candidate, and two hollow bodies that its tests have to refuse
_ROOM_NEEDED_MB = 100  # a library with its runs, and the scratch of a few jobs


def diagnose(assembly: Assembly) -> tuple[Diagnosis, ...]:
    """What works on this machine, part by part. Starts jobs in the sandbox; loads no weights and calls no endpoint."""
    from lamarck.library.diagnosis import diagnose_library
    from lamarck.models.diagnosis import diagnose_embeddings, diagnose_models
    from lamarck.sandbox.diagnosis import diagnose_interpreter, diagnose_platform, diagnose_sandbox

    place = assembly.library_place
    try:
        interpreter = diagnose_interpreter(assembly.interpreter)
    except LamarckError as error:
        interpreter = Diagnosis(name="interpreter", ok=False, found=str(error), mend=error.mend)
    return (
        Diagnosis(name="lamarck", ok=True, found=f"{__version__} on Python {platform.python_version()}"),
        diagnose_platform(),
        diagnose_sandbox(assembly.settings.sandbox),
        interpreter,
        *diagnose_models(assembly.settings),
        diagnose_embeddings(EMBEDDING_WEIGHTS),
        diagnose_library(assembly.library_place, lambda: assembly.library),
        _diagnose_disk(place.absolute().parent if isinstance(place, Path) else settings_module.home()),
    )


def _diagnose_disk(folder: Path) -> Diagnosis:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e6
    enough = free >= _ROOM_NEEDED_MB
    return Diagnosis(
        name="disk",
        ok=enough,
        found=f"{free:,.0f} MB free in {folder}",
        mend="" if enough else f"free at least {_ROOM_NEEDED_MB} MB",
    )


def _standards(settings: Settings) -> Callable[[Task], Sequence[str]] | None:
    """The lines of the coding standards that a prompt carries."""
    if settings.models.standards == "none":
        return None
    from lamarck.checks import standards

    if settings.models.standards == "full":
        return lambda task: standards.full(settings)
    return lambda task: standards.compressed(task, settings)
