from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.errors import BadInput
from lamarck.records import AcceptanceKind, Trust
from lamarck.tasks.loading import load_task

Write = Callable[[dict[str, str]], Path]

CONFIG = {
    "authors": ["somebody"],
    "files": {"solution": ["two_fer.py"], "test": ["two_fer_test.py"], "example": [".meta/example.py"]},
    "blurb": "Create a sentence.",
}
EXERCISE = {
    ".docs/introduction.md": "# Introduction\n\nOne for you.\n",
    ".docs/instructions.md": "# Instructions\n\nReturn `One for X, one for me.`\n",
    ".docs/instructions.append.md": "# More\n\nUse a default.\n",
    ".docs/hints.md": "# Hints\n",
    ".meta/config.json": json.dumps(CONFIG),
    ".meta/example.py": "SECRET = 'the answer'\n",
    ".meta/template.j2": "SECRET\n",
    "README.md": "SECRET readme\n",
    "two_fer.py": "def two_fer(name):\n    pass\n",
    "two_fer_test.py": (
        "# generated\nimport unittest\n\nfrom two_fer import (\n    two_fer,\n)\n\n\n"
        "class TwoFerTest(unittest.TestCase):\n    def test_no_name_given(self):\n"
        '        self.assertEqual(two_fer(), "One for you, one for me.")\n'
    ),
}


def test_the_practice_form(write: Write) -> None:
    task = load_task(str(write(EXERCISE)))
    assert (task.module, task.entry_point, task.signature) == ("two_fer", "two_fer", "def two_fer(name)")
    assert task.goal.startswith("# Introduction\n\nOne for you.\n\n# Instructions\n\nReturn")
    assert "# More\n\nUse a default." in task.goal
    assert [(s.path, s.text) for s in task.stubs] == [("two_fer.py", EXERCISE["two_fer.py"])]
    assert [(a.path, a.kind, a.trust) for a in task.acceptance] == [
        ("two_fer_test.py", AcceptanceKind.PYTEST, Trust.GIVEN)
    ]
    assert task.support == ()
    assert "SECRET" not in task.to_json()


def test_without_its_configuration_the_names_tell(write: Write) -> None:
    files = {name: text for name, text in EXERCISE.items() if name != ".meta/config.json"}
    assert load_task(str(write(files))).id == load_task(str(write(EXERCISE))).id


def test_editor_files_are_support(write: Write) -> None:
    config = {"files": {**CONFIG["files"], "editor": ["two_fer_data.py"]}}  # type: ignore[dict-item]
    files = EXERCISE | {
        ".meta/config.json": json.dumps(config),
        "two_fer_data.py": "NAMES = ['Alice']\n",
        "two_fer_test.py": "from two_fer_data import NAMES\n" + EXERCISE["two_fer_test.py"],
    }
    assert [s.path for s in load_task(str(write(files))).support] == ["two_fer_data.py"]


def test_several_solution_files(write: Write) -> None:
    files = {
        ".docs/instructions.md": "Make a shop.\n",
        ".meta/config.json": json.dumps({"files": {"solution": ["money.py", "cart.py"], "test": ["cart_test.py"]}}),
        "cart.py": "from money import Money\n\ndef total(): pass\n",
        "money.py": "class Money: pass\n",
        "cart_test.py": "from cart import total\n\ndef test_t():\n    assert total() == total()\n",
    }
    task = load_task(str(write(files)))
    assert [s.path for s in task.stubs] == ["cart.py", "money.py"]
    assert task.module == "cart"


@pytest.mark.parametrize("role", ["solution", "test"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".meta/example.py", "none of the task's files"),
        ("../outside.py", "none of the task's files"),
        ("/etc/passwd", "none of the task's files"),
        ("gone.py", "is not there"),
    ],
)
def test_a_configuration_cannot_name_just_anything(write: Write, role: str, name: str, message: str) -> None:
    config = {"files": {**CONFIG["files"], role: [name]}}  # type: ignore[dict-item]
    with pytest.raises(BadInput, match=message):
        load_task(str(write(EXERCISE | {".meta/config.json": json.dumps(config)})))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('{"files": \n [}', r"config\.json:2:3: "),
        ("[]", "'files' must be an object"),
        ('{"files": []}', "'files' must be an object"),
        ('{"files": {"solution": "x.py"}}', "'solution' must be a list of file names"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_configuration(write: Write, config: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        load_task(str(write(EXERCISE | {".meta/config.json": config})))


def test_an_answer_behind_a_link_is_refused(write: Write) -> None:
    folder = write(EXERCISE | {".meta/config.json": json.dumps({"files": {}})})
    (folder / "two_fer.py").unlink()
    (folder / "two_fer.py").symlink_to(folder / ".meta" / "example.py")
    with pytest.raises(BadInput, match="link"):
        load_task(str(folder))


# --- plain folders ------------------------------------------------------------------------------------------------

PLAIN = {
    "README.md": "# Words\n\nCount the words of a text with `count(text)`.\n",
    "words.py": 'def count(text: str) -> int:\n    """How many."""\n    raise NotImplementedError\n',
    "tests/test_words.py": "from words import count\nimport helpers\n\ndef test_c():\n    assert count('a b') == 2\n",
    "tests/helpers.py": "X = 1\n",
    "tests/conftest.py": "",
    "data/sample.txt": "a b c\n",
    "splitting.py": "def split(text):\n    return text.split()\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-x'\n",
    ".git/config": "SECRET",
    ".env": "SECRET",
    "__pycache__/words.pyc": "SECRET",
    "notes.md": "SECRET",
}


def test_a_plain_folder(write: Write) -> None:
    task = load_task(str(write(PLAIN)))
    assert (task.module, task.entry_point, task.signature) == ("words", "count", "def count(text: str) -> int")
    assert task.goal.startswith("# Words")
    assert [s.path for s in task.stubs] == ["words.py"]
    assert [s.path for s in task.support] == [
        "data/sample.txt", "splitting.py", "tests/conftest.py", "tests/helpers.py",
    ]  # fmt: skip
    assert [a.path for a in task.acceptance] == ["tests/test_words.py"]
    assert "SECRET" not in task.to_json()


@pytest.mark.parametrize("name", ["TASK.md", "instructions.md", "Instructions.txt", "readme.rst"])
def test_names_of_instructions(write: Write, name: str) -> None:
    task = load_task(str(write({name: "Write `f(x)`.\n", "f.py": "def f(x): ...\n"})))
    assert task.goal == "Write `f(x)`."


def test_a_folder_without_instructions(write: Write) -> None:
    files = {name: text for name, text in PLAIN.items() if name != "README.md"}
    assert load_task(str(write(files))).goal.startswith("How many.")


def test_a_folder_without_a_stub(write: Write) -> None:
    task = load_task(
        str(write({"README.md": "Count.\n", "test_w.py": "from w import c\n\ndef test_c():\n    assert c()\n"}))
    )
    assert (task.module, task.entry_point, task.stubs) == ("w", "c", ())


def test_a_folder_with_words_alone(write: Write) -> None:
    task = load_task(str(write({"README.md": "Count the vowels: `vowels('aeb')` returns 2.\n", "data.csv": "1\n"})))
    assert (task.module, task.entry_point) == ("vowels", "vowels")
    assert [a.trust for a in task.acceptance] == [Trust.DERIVED]
    assert [s.path for s in task.support] == ["data.csv"]


def test_a_folder_with_a_stub_alone(write: Write) -> None:
    task = load_task(str(write({"f.py": 'def f(x):\n    """Twice.\n\n    >>> f(1)\n    2\n    """\n'})))
    assert (task.goal, task.module) == ("Twice.", "f")
    assert [a.kind for a in task.acceptance] == [AcceptanceKind.DOCTEST]


def test_the_finished_file_that_the_tests_import_is_replaced(write: Write) -> None:
    files = {
        "f.py": "def f(x):\n    return 2 * x\n",
        "other.py": "X = 1\n",
        "test_f.py": "from f import f\n\ndef test_f():\n    assert f(1) == 2\n",
    }
    task = load_task(str(write(files)))
    assert ([s.path for s in task.stubs], [s.path for s in task.support]) == (["f.py"], ["other.py"])
    with pytest.raises(BadInput, match=r"the tests import f\.py, other\.py, and nothing says which"):
        load_task(str(write({"test_f.py": "from f import f\nimport other\n\ndef test_f():\n    assert f(1) == 2\n"})))


def test_code_in_a_source_folder(write: Write) -> None:
    files = {
        "src/f.py": "def f(x): ...\n",
        "tests/test_f.py": "from f import f\n\ndef test_f():\n    assert f(1) == 2\n",
    }
    for body in (files["src/f.py"], "def f(x):\n    return 1\n"):
        task = load_task(str(write(files | {"src/f.py": body})))
        assert (task.module, [s.path for s in task.stubs], task.support) == ("f", ["f.py"], ())
        assert [a.path for a in task.acceptance] == ["tests/test_f.py"]


def test_a_package_of_stubs(write: Write) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/cart.py": "from shop.money import Money\n\ndef total(): ...\n",
        "shop/money.py": "class Money:\n    def add(self): ...\n",
        "test_shop.py": "from shop.cart import total\n\ndef test_t():\n    assert total()\n",
    }
    task = load_task(str(write(files)))
    assert [s.path for s in task.stubs] == ["shop/cart.py", "shop/money.py"]
    assert [s.path for s in task.support] == ["shop/__init__.py"]
    assert task.module == "shop.cart"


def test_further_tests_are_added(write: Write, tmp_path_factory: pytest.TempPathFactory) -> None:
    more = tmp_path_factory.mktemp("more") / "test_more.py"
    more.write_text("import words\n\ndef test_m():\n    assert words.count('') == 0\n")
    task = load_task(str(write(PLAIN)), (more,))
    assert [a.path for a in task.acceptance] == ["tests/test_words.py", "test_more.py"]
    bare = load_task(str(write({})), (more,))
    assert len(bare.acceptance) == 2


# --- what cannot be worked with -----------------------------------------------------------------------------------


def test_a_folder_without_anything(write: Write, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds nothing that makes a task") as caught:
        load_task(str(tmp_path))
    assert "instructions.md" in caught.value.mend
    write({"data.csv": "1\n", "task.yaml": "goal: x\n"})
    with pytest.raises(BadInput) as caught:
        load_task(str(tmp_path))
    assert "task.yaml" in caught.value.mend


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"README.md": "x\n", "a.py": "X = 1\n", "b.py": "X = 1\n"}, r"nothing says which of a\.py, b\.py to write"),
        ({"f.py": "def f(x): ...\n", "test_f.py": "def test_f(:\n"}, r"test_f\.py:1: does not parse"),
        ({"f.py": "def f(x): ...\n", "test_f.py": ""}, "holds no test functions"),
        (
            {"f.py": "def f(x): ...\n", "test_f.py": "import g\n\ndef test_f():\n    assert 1\n"},
            "do not import 'f', but g",
        ),
        ({"test_f.py": "import g, h\n\ndef test_f():\n    assert 1\n"}, "several modules that are nowhere: g .*, h "),
        ({f"d/{n}.txt": "x" for n in range(201)}, "more than 200 files"),
        ({f"{n}.txt": "x" * 900_000 for n in range(6)}, "5 MB"),
    ],
)
def test_folders_that_cannot_be_worked_with(write: Write, files: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        load_task(str(write(files)))
    assert caught.value.mend


def test_links(write: Write, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.txt").write_text("SECRET")
    folder = write(PLAIN)
    (folder / "loop").symlink_to(folder)
    (folder / "broken.txt").symlink_to(folder / "nothing")
    (folder / "away").symlink_to(elsewhere)
    assert "SECRET" not in load_task(str(folder)).to_json()
    (folder / "secret.txt").symlink_to(elsewhere / "secret.txt")
    with pytest.raises(BadInput, match="leads out of its folder"):
        load_task(str(folder))


def test_binary_files_stay_behind(write: Write) -> None:
    folder = write(PLAIN)
    (folder / "data" / "picture.png").write_bytes(b"\0\1")
    assert all(s.path != "data/picture.png" for s in load_task(str(folder)).support)


def test_an_example_outside_of_meta_is_never_read_either(write: Write) -> None:
    config = {"files": {"solution": ["two_fer.py"], "test": ["two_fer_test.py"], "example": ["example.py"]}}
    files = EXERCISE | {".meta/config.json": json.dumps(config), "example.py": "SECRET = 1\n"}
    assert "SECRET" not in load_task(str(write(files))).to_json()
    config["files"]["solution"] = ["example.py"]
    with pytest.raises(BadInput, match="none of the task's files"):
        load_task(str(write({".meta/config.json": json.dumps(config)})))


def test_a_folder_a_module_and_a_function_of_one_name(tmp_path: Path) -> None:
    folder = tmp_path / "meetup"
    folder.mkdir()
    (folder / "instructions.md").write_text("Find the day.\n")
    (folder / "meetup.py").write_text("class NoDay(ValueError): ...\n\ndef meetup(year): ...\n")
    (folder / "meetup_test.py").write_text(
        "from meetup import meetup, NoDay\n\ndef test_m():\n    assert meetup(2013) == 13\n"
    )
    task = load_task(str(folder))
    assert (task.module, task.entry_point) == ("meetup", "meetup")
    assert [s.path for s in task.stubs] == ["meetup.py"]
    assert [a.path for a in task.acceptance] == ["meetup_test.py"]
