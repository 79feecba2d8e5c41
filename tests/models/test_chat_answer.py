from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from models_parts import as_events, chat_answer

from lamarck.models.chat_answer import ChatAnswer, EventReader, read_whole

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "delta", "content", "finish_reason", "usage", "error", "prompt_tokens"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def streamed(data: bytes) -> ChatAnswer:
    reader = EventReader()
    for line in data.decode("utf-8", "replace").splitlines():
        reader.add(line)
    return reader.end()


@given(st.text(alphabet="abc \n", min_size=1).filter(str.strip), st.integers(0, 99), st.integers(0, 99))
def test_a_stream_and_a_whole_say_the_same(text: str, prompt: int, completion: int) -> None:
    answer = chat_answer(text, "stop", (prompt, completion))
    expected = ChatAnswer(text=text, finish="stop", prompt_tokens=prompt, completion_tokens=completion)
    assert read_whole(json.dumps(answer).encode()) == expected
    assert streamed(as_events(answer)) == expected


@given(JSON)
def test_any_json_is_an_answer_or_a_problem(value: object) -> None:
    data = json.dumps(value).encode()
    for answer in (read_whole(data), streamed(b"data: " + data)):
        assert bool(answer.problem) or bool(answer.text.strip())
        assert "\n" not in answer.problem


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_problem(data: bytes) -> None:
    assert read_whole(data).problem
    assert streamed(data).problem


def test_deep_nesting_is_a_problem_and_no_crash() -> None:
    assert read_whole(b"[" * 100_000).problem


def test_counts_that_are_none_are_not_believed() -> None:
    for prompt, completion in ((-1, 2), (True, 2), ("3", 2), (1.5, 2), (None, 2)):
        body = chat_answer("x", "stop", None) | {"usage": {"prompt_tokens": prompt, "completion_tokens": completion}}
        answer = read_whole(json.dumps(body).encode())
        assert (answer.prompt_tokens, answer.completion_tokens) == (None, None)
        assert not answer.problem
