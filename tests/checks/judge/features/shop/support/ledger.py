"""Given to both sides."""

import dataclasses
import enum


@dataclasses.dataclass
class Entry:
    name: str
    count: int


class Node:
    def __init__(self, value=None, successor=None):
        self.value = value
        self.successor = successor


class Kind(enum.Enum):
    A = 1


class LedgerError(Exception):
    pass
