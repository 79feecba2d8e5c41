import abc
import functools


class Animal:
    """Makes a sound."""

    legs = 4
    count = 0

    def __init__(self, name, age=0):
        self.name = name
        self._age = age
        Animal.count += 1

    def speak(self):
        return f"{self.name} {self.sound()}"

    def sound(self):
        return "?"

    @property
    def age(self):
        return self._age

    @age.setter
    def age(self, value):
        if value < 0:  # WRONG: if value < -100: | test_property
            raise ValueError("negative age")
        self._age = value

    @classmethod
    def parse(cls, text):
        name, _, age = text.partition(":")
        return cls(name, int(age))

    @staticmethod
    def is_name(text):
        return text.isalpha()  # WRONG: return True | test_class_and_static_methods

    def __repr__(self):
        return f"{type(self).__name__}({self.name!r})"

    def __format__(self, spec):
        return self.name.upper() if spec == "!" else self.name


class Dog(Animal):
    def sound(self):
        return "woof"  # WRONG: return "meow" | test_inheritance

    @functools.cached_property
    def tricks(self):
        return ["sit"]


class Cat(Animal):
    class Toy:
        def __init__(self, colour):
            self.colour = colour

    def toy(self, colour):
        return Cat.Toy(colour)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Registry(type):
    known = []

    def __new__(mcls, name, bases, body):
        cls = super().__new__(mcls, name, bases, body)
        Registry.known.append(name)
        return cls


class Plugin(metaclass=Registry):
    pass


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    @classmethod
    def __subclasshook__(cls, other):
        return True if hasattr(other, "area") else NotImplemented


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2


class Dynamic:
    def __getattr__(self, name):
        if name.startswith("get_"):
            return lambda: name[4:]
        raise AttributeError(name)


class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, owner, kind=None):
        return getattr(owner, self.name) if owner is not None else self

    def __set__(self, owner, value):
        if value <= 0:
            raise ValueError("not positive")
        setattr(owner, self.name, value)


class Account:
    balance = Positive()

    def __init__(self, balance):
        self.balance = balance

    def merge(self, other):
        if not isinstance(other, Account):
            return NotImplemented
        self.balance += other.balance
        return self  # WRONG: return Account(self.balance) | test_identity


def make(name):
    return Dog(name)


def same(animal):
    return animal
