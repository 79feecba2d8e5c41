"""Templates for those who keep some: listed, shown, proven by their own tests, added to a project."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lamarck.assemble import Assembly
from lamarck.checks.judge.judge import Subject
from lamarck.errors import BadInput
from lamarck.generators.templates.collection import Collection
from lamarck.generators.templates.matching import Matcher
from lamarck.generators.templates.template import SUFFIX, Case, Template, fault_of, read_template, task_of
from lamarck.generators.templates.templates import Templates, fitted
from lamarck.records import Candidate, Record, Task


class CaseResult(Record, frozen=True, kw_only=True):
    """What became of one of a template's requests. fault: empty where it is served, or left alone, as it has to be."""

    template: str
    request: str
    serves: bool
    fault: str = ""
    variant: int = 0  # which of the candidates passed, from 1
    seconds: float = 0.0


class Templating:
    """What `Lamarck.templates` offers."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    @property
    def collection(self) -> Collection:
        return self._assembly.templates

    def list(self) -> tuple[Template, ...]:
        """A project's own first, each family together."""
        return self.collection.templates

    def show(self, name: str) -> Template:
        """By its id or its name. Raises `BadInput`."""
        return self.collection.get(name)

    def candidates(self, task: Task) -> tuple[Candidate, ...]:
        """What a run would try for a task, likeliest first. Nothing is run."""
        return tuple(self.each_candidate(task))

    def each_candidate(self, task: Task) -> Iterator[Candidate]:
        """As `candidates`, each made when its turn comes."""
        return Templates(self.collection, tries=self._assembly.settings.templates.tries).candidates(task)

    def test(
        self, names: Sequence[str] = (), told: Callable[[CaseResult, int, int], None] | None = None
    ) -> tuple[CaseResult, ...]:
        """Every request of these templates, or of all, through the sandbox. Raises as the sandbox does."""
        chosen = [self.collection.get(n) for n in names] or list(self.collection.templates)
        return self._prove(chosen, self.collection, told)

    def add(self, path: Path) -> tuple[Path, tuple[CaseResult, ...]]:
        """Prove a template by its own tests, and copy it to the project's folder if they hold; where it is then.

        Its family is the folder that it stands in. Raises `BadInput` for a file that is no template, or is not proven.
        """
        if path.suffix != SUFFIX:
            raise BadInput(f"{path}: is no template", f"a template is a {SUFFIX} file, see docs/templates.md")
        family = path.absolute().parent.name
        template = read_template(path, family=family, source=str(path))
        folder = self.collection.own
        assert folder is not None
        others = Collection(None)
        others.templates = (template, *(t for t in self.collection.templates if t.id != template.id))
        others.matcher = Matcher(others.templates)
        results = self._prove([template], others, None)
        if faults := [r for r in results if r.fault]:
            raise BadInput(
                f"{path}: {len(faults)} of its {len(results)} requests fail: {faults[0].request}: {faults[0].fault}",
                "mend the template, or its requests",
            )
        place = folder / family / path.name
        if place.absolute() != path.absolute():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        return place, results

    def _prove(
        self,
        chosen: Sequence[Template],
        collection: Collection,
        told: Callable[[CaseResult, int, int], None] | None,
    ) -> tuple[CaseResult, ...]:
        generator = self._assembly.template_generator(collection)
        total = sum(len(t.serves) + len(t.refuses) for t in chosen)
        results: list[CaseResult] = []
        for template in chosen:
            if fault := fault_of(template):
                raise BadInput(f"template {template.id}: {fault}", "correct its file")
            for case in (*template.serves, *template.refuses):
                served = case in template.serves
                result = self._served(template, case, generator) if served else _refused(template, case)
                results.append(result)
                if told is not None:
                    told(result, len(results), total)
        return tuple(results)

    def _served(self, template: Template, case: Case, generator: Templates) -> CaseResult:
        task = task_of(case)
        result = CaseResult(template=template.id, request=named(case), serves=True)
        matched = generator.collection.matcher.match(task)
        if template.id not in [t.id for t in matched]:
            instead = ", ".join(t.id for t in matched)
            return result.replace(fault="it is not matched" + (f"; instead: {instead}" if instead else ""))
        likely = tuple(fitted([template], task, most=self._assembly.settings.templates.tries))
        result = self._judged(task, likely, result)
        if result.fault:  # its options are chosen by the tests then, as in a run
            chosen = tuple(generator.screened(task, [template]))
            result = self._judged(task, chosen, result)
        return result

    def _judged(self, task: Task, own: tuple[Candidate, ...], result: CaseResult) -> CaseResult:
        if not own:
            return result.replace(fault="it does not fit the request's names and parameters")
        subjects = tuple(Subject(label=str(n), files=c.files) for n, c in enumerate(own))
        report = self._assembly.judge.judge(task, task.acceptance, subjects)
        result = result.replace(seconds=report.seconds)
        if report.broke or report.collect_error:
            return result.replace(fault=report.broke or f"its tests do not collect: {report.collect_error}")
        for subject, candidate in zip(report.subjects, own, strict=True):
            if subject.passed:
                return result.replace(variant=own.index(candidate) + 1, fault="")
        first = report.subjects[0]
        failed = [r.failure.message for r in first.results if r.failure is not None]
        return result.replace(fault=(failed or [first.import_error or first.stop or "its tests fail"])[0])


def _refused(template: Template, case: Case) -> CaseResult:
    task = task_of(case)
    result = CaseResult(template=template.id, request=named(case), serves=False)
    found = list(fitted(Matcher((template,)).match(task), task, most=1))
    return result.replace(fault="it is matched") if found else result


def named(case: Case) -> str:
    """A request in a few words."""
    stub = next((line for line in case.stub.splitlines() if line.startswith(("def ", "class ", "async "))), "")
    return case.signature or stub.rstrip(": .") or case.goal
