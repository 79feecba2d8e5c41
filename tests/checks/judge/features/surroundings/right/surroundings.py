import logging
import os
import pathlib
import random
import subprocess
import sys
import time
import warnings

RATE = 2
log = logging.getLogger("shop")


def greet(name):
    print("Hello", name)  # WRONG: print("Hullo", name) | test_prints
    print("warn", file=sys.stderr)


def ask():
    return int(input("age? ")) + 1


def read_all():
    return [line.strip() for line in sys.stdin]


def save(folder, text):
    path = pathlib.Path(folder) / "out.txt"
    path.write_text(text)
    return path


def load(path):
    with open(path) as file:
        return file.read()  # WRONG: return file.read().upper() | test_files


def count_lines(file):
    return sum(1 for _ in file)


def write_to(file, text):
    file.write(text)
    print("printed", file=file)


def home():
    return os.environ.get("SHOP_HOME", "none")


def set_home(value):
    os.environ["SHOP_HOME"] = value


def here():
    return os.getcwd()


def roll():
    return [random.randint(1, 6) for _ in range(5)]


def wait():
    time.sleep(60)
    return "waited"


def now():
    return time.time()


def old():
    warnings.warn("use new", DeprecationWarning, stacklevel=2)
    return 1


def work():
    log.info("working %s", 1)
    log.warning("careful")


def rated(x):
    return x * RATE


def fetch(client):
    response = client.get("/items", timeout=3)
    return [i["name"] for i in response.json()]


def helper():
    return "real"


def uses_helper():
    return helper()


def arguments():
    return sys.argv[1:]


def script():
    return subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True).stdout


def exists(path):
    return os.path.exists(path)


def notify(callback, *values):
    for value in values:
        callback(value, kind="note")
