import itertools


def naturals():
    n = 0
    while True:
        yield n
        n += 1


def averages():
    total, count, value = 0, 0, None
    while True:
        try:
            value = yield (total / count if count else None)
        except ValueError:
            total = count = 0
            continue
        total, count = total + value, count + 1  # WRONG: total, count = total + value, count + 2 | test_send


log = []


def cleaned():
    try:
        yield 1
        yield 2
    finally:
        log.append("closed")


def delegating():
    got = yield from returning()
    yield got


def returning():
    yield "a"
    return "result"


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:  # WRONG: if self.n < 0: | test_iterator_class
            raise StopIteration
        self.n -= 1
        return self.n + 1


class Tree:
    def __init__(self, value, *children):
        self.value, self.children = value, children

    def __iter__(self):
        yield self.value
        for child in self.children:
            yield from child


def take(n, items):
    return list(itertools.islice(items, n))


def pairs(items):
    return zip(items, items[1:])


def doubled(items):
    return (2 * i for i in items)


def chunks(items, size):
    items = iter(items)
    while chunk := list(itertools.islice(items, size)):
        yield chunk
