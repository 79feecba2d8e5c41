"""How many tokens a text has where no tokenizer is at hand: more than it will have, seldom much more."""

from __future__ import annotations

import re

from lamarck.models.model import Message

# The tokenizers of code models cut text into words, single digits, runs of signs and runs of white space before they
# merge. Costs per piece stand below; `tests/models/test_tokens.py` holds them against a real vocabulary.
_PIECE = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<digit>[0-9])|(?P<joined> (?=[^\s0-9]))|(?P<space>\s+)"
    r"|(?P<sign>[!-/:-@\[-`{-~])|(?P<other>.)",
    re.DOTALL | re.ASCII,
)
_PER_MESSAGE = 8  # role, begin and end marks of the chat template
_PER_PROMPT = 24  # what a template puts before and after, such as a system text of its own


def estimate_text_tokens(text: str) -> int:
    """Tokens of `text`, estimated from above."""
    count = 0
    for piece in _PIECE.finditer(text):
        kind, length = piece.lastgroup, piece.end() - piece.start()
        if kind == "word":
            count += 1 + (length - 1) // 4
        elif kind == "space":
            count += 1 + length // 16
        elif kind == "other":
            count += len(piece.group().encode("utf-8", "surrogatepass"))
        elif kind != "joined":  # a single space goes with the word or sign after it
            count += 1
    return count


def estimate_tokens(messages: tuple[Message, ...]) -> int:
    """Prompt tokens of `messages` with a chat template around them, estimated from above."""
    texts = sum(estimate_text_tokens(m.content) + estimate_text_tokens(m.role) + _PER_MESSAGE for m in messages)
    return texts + _PER_PROMPT
