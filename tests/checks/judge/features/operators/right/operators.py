import functools


class Money:
    def __init__(self, cents):
        self.cents = cents

    def __add__(self, other):
        if isinstance(other, Money):
            return Money(self.cents + other.cents)  # WRONG: return Money(self.cents - other.cents) | test_arithmetic
        if isinstance(other, int):
            return Money(self.cents + other * 100)
        return NotImplemented

    def __radd__(self, other):
        return self + other if isinstance(other, int) else NotImplemented

    def __sub__(self, other):
        return Money(self.cents - other.cents)

    def __mul__(self, times):
        return Money(self.cents * times)

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self.cents / other.cents

    def __divmod__(self, other):
        return divmod(self.cents, other)

    def __iadd__(self, other):
        self.cents += other.cents
        return self

    def __neg__(self):
        return Money(-self.cents)

    def __abs__(self):
        return Money(abs(self.cents))

    def __round__(self, digits=0):
        return Money(round(self.cents, -digits))

    def __int__(self):
        return self.cents // 100

    def __float__(self):
        return self.cents / 100

    def __index__(self):
        return self.cents

    def __bool__(self):
        return self.cents != 0  # WRONG: return True | test_truth

    def __eq__(self, other):
        return self.cents == other.cents if isinstance(other, Money) else NotImplemented

    def __hash__(self):
        return hash(self.cents)


@functools.total_ordering
class Version:
    def __init__(self, text):
        self.parts = tuple(int(p) for p in text.split("."))

    def __eq__(self, other):
        return self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts  # WRONG: return self.parts > other.parts | test_order


class Grid:
    def __init__(self, width, height):
        self.cells = {(x, y): 0 for y in range(height) for x in range(width)}

    def __getitem__(self, key):
        if isinstance(key, slice):
            return [self.cells[c] for c in sorted(self.cells)[key]]
        return self.cells[key]

    def __setitem__(self, key, value):
        if key not in self.cells:
            raise IndexError(key)
        self.cells[key] = value

    def __delitem__(self, key):
        del self.cells[key]

    def __contains__(self, key):
        return key in self.cells  # WRONG: return True | test_items

    def __len__(self):
        return len(self.cells)

    def __iter__(self):
        return iter(sorted(self.cells))

    def __reversed__(self):
        return reversed(sorted(self.cells))

    def __call__(self, x, y):
        return self.cells[x, y]


class Matrix:
    def __init__(self, rows):
        self.rows = rows

    def __matmul__(self, other):
        columns = list(zip(*other.rows, strict=True))
        return Matrix([[sum(a * b for a, b in zip(r, c, strict=True)) for c in columns] for r in self.rows])

    def __eq__(self, other):
        if isinstance(other, list):
            return self.rows == other
        return self.rows == other.rows


class Opened:
    def __init__(self, name, swallow=()):
        self.name, self.swallow, self.events = name, swallow, []

    def __enter__(self):
        self.events.append("enter")
        return self

    def __exit__(self, kind, error, trace):
        self.events.append(kind.__name__ if kind else "exit")  # WRONG: self.events.append("exit") | test_context_manager
        return isinstance(error, tuple(self.swallow))


class Bits(int):
    def __and__(self, other):
        return Bits(int(self) & int(other))

    def flags(self):
        return [n for n in range(8) if self >> n & 1]


class Text(str):
    def shout(self):
        return self.upper() + "!"

    def __eq__(self, other):
        return str(self).lower() == str(other).lower()

    def __hash__(self):
        return hash(str(self).lower())


class Stack(list):
    def push(self, item):
        self.append(item)

    def peek(self):
        return self[-1]


class Config(dict):
    def __missing__(self, key):
        return f"<{key}>"

    def __getattr__(self, name):
        return self[name]
