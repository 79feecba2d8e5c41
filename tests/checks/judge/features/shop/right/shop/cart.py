from ledger import Entry, Node

from .prices import table


class Cart:
    def __init__(self):
        self.entries = []

    def add(self, name, count=1):
        self.entries.append(Entry(name, count))
        return self

    def total(self):
        return sum(table.price(e.name) * e.count for e in self.entries)  # WRONG: return 0 | test_total

    def last(self):
        return self.entries[-1]


def reverse(node):
    before = None
    while node:
        node.successor, before, node = before, node, node.successor  # WRONG: node, before = node.successor, node | test_linked_list
    return before


def make_list(*values):
    node = None
    for value in reversed(values):
        node = Node(value, node)
    return node


def change(entry):
    entry.count += 1
    entry.note = "changed"
