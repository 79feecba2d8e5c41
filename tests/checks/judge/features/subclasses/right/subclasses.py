import abc


class Report(abc.ABC):
    title = "report"

    def __init__(self, name="x"):
        self.name = name

    def render(self):
        return f"{self.title}:{self.head()}:{self.body()}"  # WRONG: return f"{self.title}:{self.body()}" | test_template_method test_mixin

    def head(self):
        return "head"

    @abc.abstractmethod
    def body(self): ...


class Handler:
    def __init__(self):
        self.seen = []

    def handle(self, event):
        self.seen.append(event)
        return self.on_event(event)

    def on_event(self, event):
        return None

    @property
    def size(self):
        return len(self.seen)


class Node:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Node) and self.value == other.value

    __hash__ = None


class BaseError(Exception):
    def __init__(self, code):
        super().__init__(f"error {code}")
        self.code = code


def run(handler, events):
    return [handler.handle(e) for e in events]


def guard(function):
    try:
        return function()
    except BaseError as error:
        return error.code


class Registry:
    def __init__(self):
        self.classes = {}

    def register(self, cls):
        self.classes[cls.__name__] = cls
        return cls

    def make(self, name, *args):
        return self.classes[name](*args)
