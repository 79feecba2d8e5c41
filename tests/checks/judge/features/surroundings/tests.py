import io
import logging
import os
import random
import sys
import time
from unittest import mock

import pytest
import surroundings
from surroundings import ask, count_lines, fetch, greet, here, home, load, notify, old, rated, read_all, roll, save
from surroundings import set_home, uses_helper, wait, work, write_to


def test_prints(capsys):
    greet("Ann")
    captured = capsys.readouterr()
    assert captured.out == "Hello Ann\n"
    assert captured.err == "warn\n"


def test_redirected():
    import contextlib

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        surroundings.greet("Bob")
    assert "Bob" in out.getvalue()


def test_input(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda prompt: "41")
    assert ask() == 42


def test_input_by_mock():
    with mock.patch("builtins.input", return_value="1") as asked:
        assert ask() == 2
    asked.assert_called_once_with("age? ")


def test_standard_input(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("7\na\nb\n"))
    assert ask() == 8
    assert capsys.readouterr().out == "age? "
    assert read_all() == ["a", "b"]


def test_files(tmp_path):
    path = save(tmp_path, "text")
    assert path == tmp_path / "out.txt"
    assert path.read_text() == "text"
    (tmp_path / "in.txt").write_text("mine")
    assert load(tmp_path / "in.txt") == "mine"
    assert load(str(tmp_path / "in.txt")) == "mine"


def test_streams(tmp_path):
    (tmp_path / "in.txt").write_text("a\nb\n")
    with open(tmp_path / "in.txt") as file:
        assert count_lines(file) == 2
    out = io.StringIO()
    write_to(out, "x")
    assert out.getvalue() == "xprinted\n"


def test_environment(monkeypatch):
    assert home() == "none"
    monkeypatch.setenv("SHOP_HOME", "/shop")
    assert home() == "/shop"
    monkeypatch.delenv("SHOP_HOME")
    assert home() == "none"
    with mock.patch.dict(os.environ, {"SHOP_HOME": "/other"}):
        assert home() == "/other"
    assert home() == "none"


def test_environment_set_there(monkeypatch):
    monkeypatch.setenv("SHOP_HOME", "before")
    set_home("after")
    assert os.environ["SHOP_HOME"] == "after"


def test_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert here() == str(tmp_path)
    with open("local.txt", "w") as file:
        file.write("x")
    assert load("local.txt") == "x" or load("local.txt") == "X"
    assert surroundings.exists("local.txt")


def test_seed():
    random.seed(7)
    first = roll()
    random.seed(7)
    assert roll() == first
    random.seed(7)
    assert [random.randint(1, 6) for _ in range(5)] == first


def test_patched_module_of_both(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    assert wait() == "waited"
    assert slept == [60]
    monkeypatch.setattr("time.time", lambda: 5.0)
    assert surroundings.now() == 5.0
    monkeypatch.undo()
    assert surroundings.now() > 5


def test_patched_in_the_module(monkeypatch):
    slept = []
    monkeypatch.setattr(surroundings.time, "sleep", lambda s: slept.append(s))
    wait()
    assert slept == [60]


def test_patched_attribute(monkeypatch):
    monkeypatch.setattr(surroundings, "RATE", 10)
    assert rated(3) == 30
    monkeypatch.undo()
    assert rated(3) == 6
    monkeypatch.setattr(surroundings, "helper", lambda: "fake")
    assert uses_helper() == "fake"


def test_patched_by_mock():
    with mock.patch("surroundings.helper", return_value="mocked") as helper:
        assert uses_helper() == "mocked"
    helper.assert_called_once_with()
    assert uses_helper() == "real"
    with mock.patch.object(surroundings, "helper", side_effect=KeyError("x")), pytest.raises(KeyError):
        uses_helper()


def test_patched_open():
    with mock.patch("builtins.open", mock.mock_open(read_data="faked")):
        assert load("nowhere") == "faked" or load("nowhere") == "FAKED"


def test_mocks():
    client = mock.Mock()
    client.get.return_value.json.return_value = [{"name": "pen"}]
    assert fetch(client) == ["pen"]
    client.get.assert_called_once_with("/items", timeout=3)
    callback = mock.Mock()
    notify(callback, 1, 2)
    assert callback.call_args_list == [mock.call(1, kind="note"), mock.call(2, kind="note")]


class FakeClient:
    def __init__(self):
        self.asked = []

    def get(self, path, timeout):
        self.asked.append(path)
        return self

    def json(self):
        return [{"name": "cup"}]


def test_fakes():
    client = FakeClient()
    assert fetch(client) == ["cup"]
    assert client.asked == ["/items"]


def test_warnings():
    with pytest.warns(DeprecationWarning, match="use new"):
        assert old() == 1


def test_log(caplog):
    with caplog.at_level(logging.INFO):
        work()
    assert "working 1" in caplog.text
    assert caplog.records[-1].levelname == "WARNING"
    assert caplog.records[-1].name == "shop"


def test_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["prog", "-v"])
    assert surroundings.arguments() == ["-v"]


def test_processes_of_its_own():
    assert surroundings.script() == "1\n"
