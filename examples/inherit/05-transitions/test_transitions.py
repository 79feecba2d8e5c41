"""Find where a series of states switches.

`transitions(stream)` goes through any iterable of states and yields, for every state that is not equal to its
predecessor, the tuple `(index, predecessor, state)`, where the index counts from 0. It reads no further than it
has to, so it serves endless streams too.
"""

from itertools import chain, repeat

from states import transitions


def test_a_traffic_light():
    light = ["red", "red", "green", "yellow", "yellow", "red"]
    assert list(transitions(light)) == [(2, "red", "green"), (3, "green", "yellow"), (5, "yellow", "red")]


def test_steady_states():
    assert list(transitions("aaaa")) == []
    assert list(transitions([])) == []


def test_booleans():
    assert list(transitions([False, True, True])) == [(1, False, True)]


def test_an_endless_stream():
    stream = transitions(chain([0, 0, 0], repeat(8)))
    assert next(stream) == (3, 0, 8)
