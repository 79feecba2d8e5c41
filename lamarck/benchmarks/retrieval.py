"""Does a search bring what was asked for? Requests in other words than the functions use, among ten thousand others.

The data (`data/retrieval_*.txt`) was written for this: functions as people document them, each with wordings that share
few words with that; and pairs of opposites, which lie close together and must not be taken for each other. Three files
hold requests as people ask them, one for each function: `retrieval_wordings.txt`, looked at while the search was tuned,
`retrieval_held_out.txt`, set aside then, and `retrieval_later.txt`, written after its last change. The wordings that
stand beside the functions are riddles, written to share no word with them. The functions have no bodies: a search reads
none. Among the others there are functions that do the same; only the one that was written for a request counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lamarck.benchmarks.corpus import Corpus, Embedded, as_artifact, distractors
from lamarck.benchmarks.library import open_embedder
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.significance import clopper_pearson
from lamarck.errors import BadInput
from lamarck.library.embedding import Embedder
from lamarck.library.filters import Filter
from lamarck.library.harvest import Harvested
from lamarck.library.index_entry import index_entry, split_words
from lamarck.library.numbers import one_thread
from lamarck.library.rewording import request_vector, reworded
from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import Artifact, Record
from lamarck.temporary import temporary_folder

Say = Callable[[str], None]
DATA = Path(__file__).with_name("data")
_DEEP = 50  # ranks that are looked at
_CACHE_AT = 0.8  # the cosine from which the usual similarity cache serves
GROUPS = {
    "worded": "requests, looked at",
    "held out": "requests, held out",
    "later": "requests, written later",
    "tuned": "riddles",
    "opposite": "pairs of opposites",
}
_WORDED = {
    "worded": "retrieval_wordings.txt",
    "held out": "retrieval_held_out.txt",
    "later": "retrieval_later.txt",
}
_STOP_TEXT = "a an and as at be by for from in into is it of on or so than that the them then to what with"
_STOP = frozenset(_STOP_TEXT.split())


class Request(Record, frozen=True, kw_only=True):
    """What is asked, the function that answers it, and for a pair its opposite. group: of `GROUPS`."""

    text: str
    wanted: str
    group: str
    opposite: str = ""


class Ranks(Record, frozen=True, kw_only=True):
    """One way of searching over one group: share of the requests whose function is first, among the first 5 (with its
    95% interval, Clopper-Pearson), 10 and 50, and the mean reciprocal rank; for opposites, how often the opposite
    stands before it."""

    way: str
    group: str
    requests: int
    at_1: float
    at_5: float
    at_5_between: tuple[float, float]
    at_10: float
    at_50: float
    reciprocal: float
    opposite_first: float | None = None
    milliseconds: float


class RetrievalFigures(Record, frozen=True, kw_only=True):
    """overlap: mean share of a request's words that its function's documentation has. cache: what a similarity cache
    would do with the pairs of opposites at the cosine 0.8: how many requests for one it would serve with the other."""

    machine: Machine
    functions: int
    distractors: int
    requests: int
    overlap: float
    ranks: tuple[Ranks, ...]
    cache: Mapping[str, int]
    missed: tuple[str, ...]


def measure_retrieval(*, data: Path | None, among: int, say: Say, corpus: Path | None = None) -> RetrievalFigures:
    """Raises `BadInput` when the sources hold fewer than `among` functions."""
    one_thread()
    embedder = open_embedder()
    functions, requests = read_functions(), read_requests()
    others: list[Artifact] = []
    if among:
        source = Corpus(10 * among, data=data, folder=corpus)
        source.build(say)
        others = distractors(source, among)
        if len(others) < among:
            raise BadInput(
                f"the standard library and what is installed hold {len(others):,} functions that say what they do",
                "name a folder of further sources or wheels with --data, or ask for fewer with --artifacts",
            )
    artifacts = [*functions.values(), *others]
    cache = Embedded(embedder) if embedder is not None else None
    say(f"{len(artifacts):,} functions, {len(requests)} requests")
    vectors = cache.embed([index_entry(a).meaning for a in artifacts], say) if cache else [None] * len(artifacts)
    asked = _asked(cache, requests, say)
    with (
        temporary_folder("bench") as folder,
        SqliteLibrary(Path(folder) / "library.sqlite", embedder=embedder) as library,
    ):
        library.save_many(list(zip(artifacts, vectors, strict=True)))
        ways = ("words", "meaning", "both") if cache else ("words",)
        ranked = {way: _ranked(library, requests, asked, way) for way in ways}
    names = {functions[name].id: name for name in functions}
    best = ways[-1]
    return RetrievalFigures(
        machine=this_machine(),
        functions=len(functions),
        distractors=len(others),
        requests=len(requests),
        overlap=_overlap(functions, requests),
        ranks=_all(ranked, requests, names),
        cache=_similarity_cache(embedder, cache, functions, requests),
        missed=_missed(ranked[best][0], requests, names),
    )


def _asked(cache: Embedded | None, requests: Sequence[Request], say: Say) -> list[bytes | None]:
    """The vectors of the requests as a search has them."""
    if cache is None:
        return [None] * len(requests)
    cache.embed([text for r in requests for text in (r.text, *reworded(r.text))], say)
    return [request_vector(cache, r.text) for r in requests]


# --- the data


def read_functions() -> dict[str, Artifact]:
    """By name: those with several wordings, and both of every pair of opposites."""
    found: dict[str, Artifact] = {}
    lines = [line.split(" | ")[:2] for line in _lines("retrieval_functions.txt")]
    lines += [half.split(" | ")[:2] for line in _lines("retrieval_opposites.txt") for half in line.split(" || ")]
    for number, (signature, goal) in enumerate(lines):
        name = signature.partition("(")[0]
        function = Harvested(
            name=name,
            signature=f"def {signature}",
            goal=goal,
            doc=goal,
            source=f'def {signature}:\n    """{goal}"""\n    ...\n',
            place=name,
            package="retrieval==1",
            licence="Apache-2.0",
        )
        found[name] = as_artifact(function, number)
    return found


def read_requests() -> tuple[Request, ...]:
    requests: list[Request] = []
    for line in _lines("retrieval_functions.txt"):
        signature, _, *wordings = line.split(" | ")
        requests += [Request(text=text, wanted=signature.partition("(")[0], group="tuned") for text in wordings]
    for group, file in _WORDED.items():
        named = (line.split(" | ") for line in _lines(file))
        requests += [Request(text=text, wanted=name, group=group) for name, text in named]
    for line in _lines("retrieval_opposites.txt"):
        one, other = (half.split(" | ") for half in line.split(" || "))
        names = [half[0].partition("(")[0] for half in (one, other)]
        requests.append(Request(text=one[2], wanted=names[0], opposite=names[1], group="opposite"))
        requests.append(Request(text=other[2], wanted=names[1], opposite=names[0], group="opposite"))
    return tuple(requests)


def _lines(name: str) -> list[str]:
    text = (DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _overlap(functions: Mapping[str, Artifact], requests: Sequence[Request]) -> float:
    shares = []
    for request in requests:
        asked = {w for w in split_words(request.text) if w not in _STOP}
        entry = index_entry(functions[request.wanted])
        told = set(f"{entry.name} {entry.goal} {entry.doc} {entry.signature}".split())
        if asked:
            shares.append(len(asked & told) / len(asked))
    return sum(shares) / len(shares)


# --- the ranks

Found = tuple[list[list[str]], float]  # ids for every request, and milliseconds a request


def _ranked(library: SqliteLibrary, requests: Sequence[Request], asked: Sequence[bytes | None], way: str) -> Found:
    everything = Filter(licences=None)
    found: list[list[str]] = []
    began = time.perf_counter()
    for request, vector in zip(requests, asked, strict=True):
        hits = library.find_near(
            request.text if way != "meaning" else "",
            vector if way != "words" else None,
            limit=_DEEP,
            filter=everything,
        )
        found.append([hit.artifact.id for hit in hits])
    return found, 1000 * (time.perf_counter() - began) / len(requests)


def _all(ranked: Mapping[str, Found], requests: Sequence[Request], names: Mapping[str, str]) -> tuple[Ranks, ...]:
    groups = [g for g in GROUPS if any(r.group == g for r in requests)]
    return tuple(
        _ranks(way, found, [(n, r) for n, r in enumerate(requests) if group in {r.group, "all"}], group, names)
        for way, found in ranked.items()
        for group in (*groups, "all")
    )


def _ranks(
    way: str, found: Found, numbered: Sequence[tuple[int, Request]], group: str, names: Mapping[str, str]
) -> Ranks:
    places: list[int | None] = []
    confused = 0
    for number, request in numbered:
        ids = [names.get(id_, "") for id_ in found[0][number]]
        place = ids.index(request.wanted) + 1 if request.wanted in ids else None
        places.append(place)
        if request.opposite and request.opposite in ids:
            confused += place is None or ids.index(request.opposite) + 1 < place
    count = len(places)
    among_5 = sum(p is not None and p <= 5 for p in places)
    between = clopper_pearson(among_5, count)
    return Ranks(
        way=way,
        group=group,
        requests=count,
        at_1=sum(p == 1 for p in places) / count,
        at_5=among_5 / count,
        at_5_between=(between.low, between.high),
        at_50=sum(p is not None for p in places) / count,
        at_10=sum(p is not None and p <= 10 for p in places) / count,
        reciprocal=sum(1 / p for p in places if p is not None) / count,
        opposite_first=confused / count if group == "opposite" else None,
        milliseconds=found[1],
    )


def _missed(found: Sequence[Sequence[str]], requests: Sequence[Request], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{request.wanted}: {request.text}"
        for request, ids in zip(requests, found, strict=True)
        if request.wanted not in [names.get(id_, "") for id_ in ids[:5]]
    )


def _similarity_cache(
    embedder: Embedder | None,
    cache: Embedded | None,
    functions: Mapping[str, Artifact],
    requests: Sequence[Request],
) -> dict[str, int]:
    """What a cache does that serves the nearest earlier request at 0.8: the goals of the functions are what was asked
    before."""
    if embedder is None or cache is None:
        return {}
    import numpy as np

    goals = {name: artifact.task.goal for name, artifact in functions.items()}
    names = list(goals)
    matrix = np.frombuffer(b"".join(cache.embed(list(goals.values()), lambda _: None)), dtype="<f4")
    matrix = matrix.reshape(len(names), embedder.dimension)
    told = {"requests": len(requests), "served": 0, "wrong": 0, "pairs_above": 0, "pairs": 0}
    for request, vector in zip(requests, cache.embed([r.text for r in requests]), strict=True):
        cosines = matrix @ np.frombuffer(vector, dtype="<f4")
        nearest = int(np.argmax(cosines))
        if cosines[nearest] >= _CACHE_AT:
            told["served"] += 1
            told["wrong"] += names[nearest] != request.wanted
        if request.opposite and request.wanted < request.opposite:
            told["pairs"] += 1
            pair = matrix[names.index(request.wanted)] @ matrix[names.index(request.opposite)]
            told["pairs_above"] += bool(pair >= _CACHE_AT)
    return told


def retrieval_text(figures: RetrievalFigures) -> str:
    lines = [
        f"{figures.functions} functions among {figures.distractors:,} others, {figures.requests} requests;"
        f" a request shares {figures.overlap:.0%} of its words with its function",
        figures.machine.line(),
        "",
        f"{'way':10} {'requests':24} {'n':>4} {'@1':>6} {'@5':>6} {'95%':>16} {'@10':>6} {'@50':>6} {'MRR':>6}"
        f" {'opposite first':>15} {'ms':>6}",
    ]
    for r in figures.ranks:
        between = f"[{r.at_5_between[0]:.1%}, {r.at_5_between[1]:.1%}]"
        confused = "" if r.opposite_first is None else f"{r.opposite_first:.1%}"
        lines.append(
            f"{r.way:10} {GROUPS.get(r.group, r.group):24} {r.requests:4} {r.at_1:6.1%} {r.at_5:6.1%} {between:>16}"
            f" {r.at_10:6.1%} {r.at_50:6.1%} {r.reciprocal:6.3f} {confused:>15} {r.milliseconds:6.1f}"
        )
    if figures.cache:
        c = figures.cache
        lines.append(
            f"\na similarity cache at {_CACHE_AT} would serve {c['served']} of {c['requests']} requests,"
            f" {c['wrong']} of them wrong; of {c['pairs']} pairs of opposites {c['pairs_above']} lie above it"
        )
    return "\n".join(lines)
