import pytest
from subclasses import BaseError, Handler, Node, Registry, Report, guard, run


class Mine(Report):
    title = "mine"

    def body(self):
        return f"body of {self.name}"


def test_template_method():
    mine = Mine("Ann")
    assert mine.render() == "mine:head:body of Ann"
    assert isinstance(mine, Report)
    assert type(mine) is Mine


def test_missing_method():
    class Empty(Report):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Empty()


class Counting(Handler):
    def __init__(self, step):
        super().__init__()
        self.step = step
        self.total = 0

    def on_event(self, event):
        self.total += self.step
        return event * 2

    def handle(self, event):
        return super().handle(event) + 1

    @property
    def size(self):
        return super().size * 100


def test_calls_up_and_down():
    counting = Counting(5)
    assert run(counting, [1, 2]) == [3, 5]
    assert counting.total == 10
    assert counting.seen == [1, 2]
    assert counting.size == 200


class Loud:
    def head(self):
        return "HEAD"


def test_mixin():
    class Mixed(Loud, Report):
        def body(self):
            return "b"

    assert Mixed().render() == "report:HEAD:b"


def test_inherited_comparison():
    class Leaf(Node):
        pass

    assert Leaf(1) == Leaf(1)
    assert Leaf(1) == Node(1)
    assert Leaf(1) != Leaf(2)


class MyError(BaseError):
    pass


def test_own_exception():
    def fail():
        raise MyError(7)

    assert guard(fail) == 7
    with pytest.raises(BaseError, match="error 3") as caught:
        raise MyError(3)
    assert caught.value.code == 3


def test_class_handed_over():
    registry = Registry()

    @registry.register
    class Thing:
        def __init__(self, n):
            self.n = n

    made = registry.make("Thing", 4)
    assert isinstance(made, Thing)
    assert made.n == 4


def test_subclass_handed_over():
    registry = Registry()
    registry.register(Mine)
    assert registry.make("Mine", "Bob").body() == "body of Bob"


def test_class_attributes_of_its_own():
    class Other(Mine):
        title = "other"
        limits = [1]

    other = Other()
    other.limits.append(2)
    assert Other.limits == [1, 2]
    other.title = "changed"
    assert other.render().startswith("changed:")
    assert Other.title == "other"
