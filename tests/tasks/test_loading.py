from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lamarck.errors import BadInput
from lamarck.records import JobLimits, Limits, Task
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.loading import load_existing, load_task, loaders
from lamarck.tasks.reading import MAX_FILE_BYTES, looks_like_path, read_text

STUB = 'def double(x):\n    """Twice x."""\n    ...\n'
TEST = "from double import double\n\ndef test_double():\n    assert double(2) == 4\n"


# --- a path or a sentence? ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Convert km/h to m/s", False),
        ("Write and/or logic", False),
        ("Read config.yaml", False),
        ("reverse a string", False),
        ("reverse", False),
        ("", False),
        ("a\nb/c.py", False),
        ("a\0b.py", False),
        ("x/y", True),
        ("fib.py", True),
        ("task.yaml", True),
        ("TASK.MD", True),
        ("./my tasks/fib.py", True),
        ("~/my tasks", True),
        ("/no where", True),
        ("x" * 5000 + ".py", False),
    ],
)
def test_what_looks_like_a_path(source: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert looks_like_path(source) is expected


def test_what_is_there_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two words").mkdir()
    (tmp_path / "leap").mkdir()
    assert looks_like_path("leap")
    assert looks_like_path("two words")
    assert looks_like_path("two words/missing.py")
    assert not looks_like_path("other words/missing.py")


@pytest.mark.parametrize("source", ["nowhere/fib.py", "fib.py", "task.yaml", "some/folder"])
def test_what_looks_like_a_path_must_exist(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="no such file or folder") as caught:
        load_task(source)
    assert caught.value.mend


def test_exactly_one_loader_accepts(write: object, tmp_path: Path) -> None:
    files = {"stub.py": STUB, "test_a.py": TEST, "b_test.py": TEST, "t.yaml": "goal: x", "t.yml": "", "readme.md": "x"}
    files |= {"broken.py": "def (", "test_broken.py": "def (", "t.txt": "x", "empty.py": "", "checks.py": TEST}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    sources = ["Write fib.", "fib", *(str(tmp_path / name) for name in files), str(tmp_path)]
    for source in sources:
        accepting = [loader.name for loader in loaders(Surroundings()) if loader.accepts(source, ())]
        assert len(accepting) == 1, (source, accepting)


def test_other_suffixes_are_no_task(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("{}")
    with pytest.raises(BadInput, match="is no form of task"):
        load_task(str(tmp_path / "data.json"))


# --- unreadable things --------------------------------------------------------------------------------------------


def test_unreadable_files(tmp_path: Path) -> None:
    cases: dict[str, bytes] = {"binary.py": b"\0\1", "latin.py": b"# ok\n# caf\xe9\n", "huge.py": b"#" * 1_000_001}
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
    said = {"binary.py": "binary", "latin.py": "latin.py:2: is not UTF-8", "huge.py": "1,000,001 bytes"}
    for name, words in said.items():
        with pytest.raises(BadInput, match=words) as caught:
            load_task(str(tmp_path / name))
        assert caught.value.mend
        assert "\n" not in caught.value.line


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop2.py")
    (tmp_path / "loop2.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nothing")
    for name in ("loop.py", "gone.yaml"):
        with pytest.raises(BadInput, match="link"):
            load_task(str(tmp_path / name))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(BadInput, match="not a regular file"):
        load_task(str(tmp_path / "pipe.py"))


def test_text_is_read_with_plain_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree")
    assert read_text(tmp_path / "a.txt") == "one\ntwo\nthree"
    (tmp_path / "b.txt").write_bytes(b"x" * MAX_FILE_BYTES)
    assert len(read_text(tmp_path / "b.txt")) == MAX_FILE_BYTES


def test_a_task_that_is_no_text() -> None:
    with pytest.raises(BadInput, match="UTF-8"):
        load_task("Write \udcff")


# --- limits and identity ------------------------------------------------------------------------------------------


def test_limits_are_the_users_and_no_part_of_the_identity() -> None:
    small = load_task("Double x.", limits=Limits(tokens=1), job_limits=JobLimits(memory_mb=100))
    large = load_task("Double x.")
    assert small.limits.tokens == 1
    assert small.job_limits.memory_mb == 100
    assert small.id == large.id


def test_the_same_files_elsewhere_are_the_same_task(tmp_path: Path) -> None:
    ids = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "double.py").write_text(STUB)
        (folder / "test_double.py").write_text(TEST)
        ids.add(load_task(str(folder / "double.py"), (folder / "test_double.py",)).id)
    assert len(ids) == 1


# --- the user's own code ------------------------------------------------------------------------------------------


def test_existing_code_becomes_a_task_without_its_answer(tmp_path: Path) -> None:
    (tmp_path / "double.py").write_text('def double(x: int) -> int:\n    """Twice x."""\n    return x * 2\n')
    (tmp_path / "test_double.py").write_text(TEST)
    task, files = load_existing((tmp_path / "double.py",), (tmp_path / "test_double.py",))
    assert [f.path for f in files] == ["double.py"]
    assert "return x * 2" in files[0].text
    assert [(s.path, s.text) for s in task.stubs] == [("double.py", "")]
    assert (task.module, task.entry_point, task.signature) == ("double", "double", "def double(x: int) -> int")
    assert task.goal.startswith("Twice x.")
    assert "x * 2" not in task.to_json()


def test_existing_code_of_several_files(tmp_path: Path) -> None:
    (tmp_path / "money.py").write_text("class Money:\n    pass\n")
    (tmp_path / "cart.py").write_text("from money import Money\nimport rates\n\ndef total():\n    return Money()\n")
    (tmp_path / "rates.py").write_text("RATE = 2\n")
    (tmp_path / "test_cart.py").write_text("from cart import total\n\ndef test_total():\n    assert total()\n")
    task, files = load_existing(
        (tmp_path / "money.py", tmp_path / "cart.py"), (tmp_path / "test_cart.py",), goal="Totals."
    )
    assert [f.path for f in files] == ["cart.py", "money.py"]
    assert task.main_path == "cart.py"
    assert task.goal.startswith("Totals.")
    assert [s.path for s in task.support] == ["rates.py"]


def test_existing_code_that_tests_do_not_use(tmp_path: Path) -> None:
    (tmp_path / "triple.py").write_text("def triple(x):\n    return x * 3\n")
    (tmp_path / "test_double.py").write_text(TEST)
    with pytest.raises(BadInput, match=r"do not import 'triple', but double \(.*test_double.py:1\)"):
        load_existing((tmp_path / "triple.py",), (tmp_path / "test_double.py",))
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadInput, match="is not a Python file"):
        load_existing((tmp_path / "notes.txt",), (tmp_path / "test_double.py",))


# --- whatever comes -----------------------------------------------------------------------------------------------


def loaded(source: str, *tests: Path) -> Task | None:
    try:
        task = load_task(source, tests)
    except BadInput as error:
        assert error.mend
        assert "\n" not in error.line
        return None
    assert Task.from_json(task.to_json()) == task
    assert task.goal.strip()
    assert task.module
    return task


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
@example("f(" * 500)
@example("`def f(x=" + "-" * 3000 + "1)`")
@example("`f(x: " + "a[" * 200 + "]" * 200 + ")` -> int")
@example("f('" + "\\" * 100)
@example(">>> f(1)\n  x\n >>> f(2)\n y")
@example("for {} gives {}, given [[[[")
def test_any_sentence_becomes_a_task_or_is_refused(text: str) -> None:
    loaded(text)


words = st.lists(
    st.sampled_from(
        [
            "f(2)",
            "returns",
            "4",
            "`",
            ">>> f(1)\n",
            "1\n",
            "for",
            "gives",
            "->",
            "==",
            "def f(a: int) -> str",
            "class",
            "A",
            "called",
            "raises ValueError",
            "[1, 2]",
            "'a'",
            "function",
            "(",
            ")",
            ",",
            ".",
            "or",
            "and",
            "word(s)",
            "\n",
        ]
    ),
    max_size=20,
).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(words)
def test_any_mixture_of_words_becomes_a_task_or_is_refused(text: str) -> None:
    loaded(text)


sources = (
    st.binary(max_size=300)
    | st.text(max_size=300).map(str.encode)
    | st.sampled_from(
        [
            STUB.encode(),
            TEST.encode(),
            b"goal: x\nexamples: [{call: f(1), equals: 2}]",
            b"- a\n- b",
            b"{a: {b: [c]}}",
            b"x=1" + b"+1" * 2000,
            b"x=a" + b".a" * 2500,
            b"def f(a=" + b"-" * 900 + b"1): ...",
            b"\xef\xbb\xbfdef f(): ...",
            b"# coding: latin-1\ndef f(): ...",
            b"if 1:\n pass\n" + b"elif 1:\n pass\n" * 900,
            b"goal: " + b"[" * 2000,
            b"a: &a [*a]",
            b"from . import x\ndef test_a(): assert 1",
            b"import a.b, c\nfrom d import *\ndef test_a(): assert x",
            b'def f():\n    """\n    >>> f()\n  1\n    """',
        ]
    )
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sources, st.sampled_from(["stub.py", "test_it.py", "task.yaml", "notes.md"]))
def test_any_file_becomes_a_task_or_is_refused(tmp_path: Path, data: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(data)
    loaded(str(tmp_path / name))
    (tmp_path / "test_given.py").write_text(TEST)
    loaded(str(tmp_path / name), tmp_path / "test_given.py")
    loaded("Double x.", tmp_path / name)
    (tmp_path / name).unlink()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            sources,
            st.sampled_from(
                [
                    "stub.py",
                    "test_it.py",
                    "it_test.py",
                    "README.md",
                    ".docs/instructions.md",
                    ".meta/config.json",
                    "data.bin",
                    "a/b.py",
                    "tests/test_b.py",
                    "conftest.py",
                ]
            ),
        ),
        max_size=5,
    )
)
def test_any_folder_becomes_a_task_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[bytes, str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for data, name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    loaded(str(folder))
