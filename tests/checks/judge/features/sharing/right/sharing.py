class Box:
    def __init__(self, items):
        self.items = list(items)  # WRONG: self.items = items | test_constructor_copies

    def all(self):
        return list(self.items)  # WRONG: return self.items | test_result_is_a_copy

    def shared(self):
        return self.items

    def add(self, item):
        self.items.append(item)
        return self


class Keeper:
    def __init__(self, items):
        self.items = items

    def total(self):
        return sum(self.items)


def sort_in_place(values):
    values.sort()  # WRONG: sorted(values) | test_changes_an_argument


def fill(target, **more):
    target.update(more)
    return target


def grow(data: bytearray):
    data.extend(b"!")


def drop(values: set):
    values.discard(1)


def push(queue):
    queue.appendleft(0)


def transpose_in_place(rows):
    rows[:] = [list(r) for r in zip(*rows, strict=True)]


def first(rows):
    return rows[0]


def same(value):
    return value


def cycle():
    value = [1]
    value.append(value)
    return value


def is_cyclic(value):
    return value[1] is value


def default(item, into=[]):  # noqa: B006  on purpose: the list stays
    into.append(item)
    return into


_memory = {}


def remember(key, value):
    _memory[key] = value


def recall(key):
    return _memory[key]


def swap(pair):
    pair["a"], pair["b"] = pair["b"], pair["a"]


def unchanged(values):
    return [v + 1 for v in values]  # WRONG: values.append(0); return [v + 1 for v in values[:-1]] | test_leaves_an_argument_alone
