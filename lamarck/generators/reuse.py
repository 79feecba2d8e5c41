"""Proven code from the library as candidates: near in words or meaning, aligned, and proven again or dropped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import log2

from lamarck.budget import Budget
from lamarck.errors import BadInput
from lamarck.generators.alignment import variants
from lamarck.generators.generator import Proposal
from lamarck.generators.telling import bits_of, container_of
from lamarck.library.contradiction import contradicts
from lamarck.library.library import Hit, Library
from lamarck.policy import Step
from lamarck.records import Artifact, Attempt, Candidate, Origin, Spend, Task, make_candidate, tree_hash
from lamarck.tasks.uses import without_provided

_VARIANTS_PER_ARTIFACT = 3
_MOST_ALIGNED = 20  # names that one program may have got one after another
_NEARLY_ALL = 0.8  # of a request's words
_MEANS_THE_SAME = 0.6  # cosine; what merely passed a single case by chance had 0.38 to 0.51 (docs/benchmarks.md)
_LOOKED_AT = (4, 16)  # hits for each candidate, since those that contradict the request are left out


class Reuse:
    """Proposes library artifacts, best hit first, a few alignments each. Costs no token.

    How near an artifact is only orders the tries: a near match is a candidate like any other. But of many programs that
    have nothing to do with a task one soon passes a test that tells little. So the k-th program is tried only where the
    given tests tell `bits` + log2(k) and more (0: always), or where it is called as asked, has nearly all of the
    request's words or means nearly the same.
    """

    name = "reuse"

    def __init__(self, library: Library, *, candidates: int, bits: float = 7.0) -> None:
        self._library = library
        self._candidates = candidates
        self._bits = bits
        self._found: Iterator[Candidate] = iter(())

    def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
        """The next aligned artifact that was not tried yet in this run. See `Generator.propose`."""
        tried = {a.candidate.id for a in history if a.candidate}
        if not any(a.generator == self.name for a in history):
            self._found = self._all(task)  # a run's first step asks the library anew
        for candidate in self._found:
            if candidate.id not in tried:
                return Proposal(candidate=candidate, spend=Spend())
        return None

    def _all(self, task: Task) -> Iterator[Candidate]:
        seen: set[str] = set()
        told, container = bits_of(task), container_of(task)
        for artifact, is_sure in self._proposed(task):
            if self._bits and not is_sure and told < self._bits + log2(len(seen) + 1):
                continue
            for candidate in islice(aligned(artifact, task, container), _VARIANTS_PER_ARTIFACT):
                tree = tree_hash(candidate.files[0].text) or candidate.id
                if tree not in seen:
                    seen.add(tree)
                    yield candidate

    def _proposed(self, task: Task) -> Iterator[tuple[Artifact, bool]]:
        """What served the same request before, without a search; when that does not do, what a search brings. With each
        whether it is nearly the same request."""
        known = self._library.recognise(task)
        if known is not None:
            yield self._library.get(known), True
            self._library.forget(task)
        left = self._candidates
        roots: set[str] = set()
        for hit in self._hits(task):
            if hit.artifact.id == known:
                continue
            root = self._root(hit.artifact)
            if root in roots:
                continue  # the same code under another name does the same
            roots.add(root)
            yield hit.artifact, _is_clear(hit, task) or _means_so(hit)
            left -= 1
            if not left:
                return

    def _hits(self, task: Task) -> Iterator[Hit]:
        """The best by words where they leave little doubt, then the best by words and meaning: to find out what a
        request means takes longer than all else of a search."""
        wanted = query(task)
        found = self._library.find(wanted, limit=_LOOKED_AT[0], signature=task.signature, by="words")
        clear = (hit for hit in found if _is_clear(hit, task))
        yield from (hit for hit in islice(clear, 1) if _fits(hit, task))
        known = 0
        for many in _LOOKED_AT:  # deeper where what is asked for stands in a crowd that says the opposite
            found = self._library.find(wanted, limit=many * self._candidates, signature=task.signature)
            yield from (hit for hit in found[known:] if _fits(hit, task))
            if len(found) < many * self._candidates:
                return
            known = len(found)

    def _root(self, artifact: Artifact) -> str:
        """The id of what an artifact was aligned from; its own when it was written."""
        for _ in range(_MOST_ALIGNED):
            if artifact.candidate.origin.generator != self.name or not artifact.lineage:
                break
            try:
                artifact = self._library.get(artifact.lineage[0])
            except BadInput:  # it was never here, or is gone
                return artifact.lineage[0]
        return artifact.id


def _fits(hit: Hit, task: Task) -> bool:
    """Whether the two say nothing that excludes each other. With how many arguments tests call something is none of
    the numbers that they name."""
    request, known = (without_provided(query(each)) for each in (task, hit.artifact.task))
    return not contradicts(request, known)


def _is_named_so(artifact: Artifact, task: Task) -> bool:
    """Whether it is called what the task asks for."""
    return task.entry_point is not None and artifact.task.entry_point == task.entry_point


def _is_clear(hit: Hit, task: Task) -> bool:
    """By words alone."""
    return _is_named_so(hit.artifact, task) or hit.words >= _NEARLY_ALL


def _means_so(hit: Hit) -> bool:
    return hit.cosine is not None and hit.cosine >= _MEANS_THE_SAME


def query(task: Task) -> str:
    """What the library is asked for: what is wanted, not how it is tested.

    The signature is asked for apart: as words it makes unrelated functions look alike.
    """
    return "\n".join(x for x in (task.goal, task.entry_point) if x)


def aligned(artifact: Artifact, task: Task, container: str | None) -> Iterator[Candidate]:
    """Candidates for `task` made of a proven artifact, likeliest alignment first. container: see `container_of`."""
    source = artifact.candidate
    several = len(source.files) > 1
    if several and {f.path for f in source.files} != {s.path for s in task.stubs}:
        return  # modules import each other by name, so only the same layout can serve
    path = source.files[0].path if several else task.main_path
    for files in variants(
        source.files,
        source.entry_point,
        path=path,
        wanted=task.entry_point,
        signature=task.signature,
        container=container,
    ):
        yield make_candidate(
            files=files,
            entry_point=task.entry_point,
            origin=Origin(generator="reuse", template_version="align-2"),
            parents=(artifact.id,),
        )
