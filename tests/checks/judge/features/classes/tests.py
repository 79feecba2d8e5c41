from unittest import mock

import classes
import pytest
from classes import Account, Animal, Cat, Dog, Dynamic, Plugin, Registry, Shape, Slotted, Square, make, same


def test_attributes():
    dog = Dog("Rex")
    assert dog.name == "Rex"
    dog.name = "Max"
    assert dog.speak() == "Max woof" or dog.speak() == "Max meow"
    dog.extra = {"a": 1}
    assert dog.extra == {"a": 1}
    assert vars(dog)["extra"] == {"a": 1}
    del dog.extra
    assert not hasattr(dog, "extra")
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        dog.missing


def test_property():
    dog = Dog("Rex", age=3)
    dog.age = 4
    assert dog.age == 4
    with pytest.raises(ValueError, match="negative"):
        dog.age = -1


def test_class_and_static_methods():
    dog = Dog.parse("Rex:5")
    assert isinstance(dog, Dog)
    assert dog.age == 5
    assert not Animal.is_name("R2")


def test_inheritance():
    dog = make("Rex")
    assert isinstance(dog, Animal)
    assert not isinstance(dog, Cat)
    assert issubclass(Dog, Animal)
    assert type(dog) is Dog
    assert Dog.__mro__[1] is Animal
    assert dog.sound() == "woof"
    assert Animal.sound(dog) == "?"


def test_class_attributes():
    before = Animal.count
    Dog("x")
    assert Animal.count == before + 1
    assert Dog.legs == 4
    Dog.legs = 3
    assert Dog("y").legs == 3
    del Dog.legs
    assert Dog.legs == 4


def test_text():
    dog = Dog("Rex")
    assert repr(dog) == "Dog('Rex')"
    assert str(dog) == "Dog('Rex')"
    assert f"{dog:!} {dog}" == "REX Rex"
    assert Animal.__doc__ == "Makes a sound."
    assert Dog.__name__ == "Dog"
    assert type(dog).__name__ == "Dog"


def test_nested_class():
    toy = Cat("Tom").toy("red")
    assert toy.colour == "red"
    assert isinstance(toy, Cat.Toy)


def test_slots():
    slotted = Slotted(1)
    slotted.x = 2
    assert slotted.x == 2
    with pytest.raises(AttributeError):
        slotted.y = 1


def test_metaclass():
    assert "Plugin" in Registry.known
    assert type(Plugin()).__name__ == "Plugin"


def test_abstract_class():
    with pytest.raises(TypeError, match="abstract"):
        Shape()
    assert Square(3).area() == 9
    assert isinstance(Square(1), Shape)


def test_subclass_hook():
    class Mine:
        def area(self):
            return 1

    assert isinstance(Mine(), Shape)
    assert not isinstance(3, Shape)


def test_dynamic_attributes():
    dynamic = Dynamic()
    assert dynamic.get_name() == "name"
    with pytest.raises(AttributeError):
        dynamic.other


def test_descriptor():
    account = Account(5)
    account.balance = 7
    assert account.balance == 7
    with pytest.raises(ValueError, match="not positive"):
        account.balance = -1


def test_identity():
    dog = Dog("Rex")
    assert same(dog) is dog
    account = Account(1)
    assert account.merge(Account(2)) is account
    assert account.balance == 3
    assert Account(1) != Account(1)


def test_cached_property():
    dog = Dog("Rex")
    dog.tricks.append("roll")
    assert dog.tricks == ["sit", "roll"]


def test_instances_in_containers():
    dogs = [Dog("a"), Dog("b")]
    assert same(dogs) is dogs
    assert [d.name for d in dogs] == ["a", "b"]
    assert dogs[0] in dogs
    assert {dogs[0]: 1}[dogs[0]] == 1


def test_module_is_callable_through_its_name():
    assert classes.Dog is Dog
    assert getattr(classes, "Dog")("Rex").name == "Rex"


def test_patched_classes(monkeypatch):
    monkeypatch.setattr(Dog, "sound", lambda self: "patched")
    assert Dog("Rex").speak() == "Rex patched"
    monkeypatch.setattr(Animal, "legs", 5)
    assert Dog.legs == 5
    monkeypatch.undo()
    assert Dog("Rex").speak() in ("Rex woof", "Rex meow")
    assert Animal.legs == 4
    with mock.patch.object(Dog, "sound", return_value="mocked"):
        assert make("Rex").sound() == "mocked"
    assert make("Rex").sound() in ("woof", "meow")
    with mock.patch.object(Animal, "legs", 7):
        assert Animal.legs == 7
    assert Animal.legs == 4
