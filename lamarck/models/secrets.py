"""What looks like a secret in a text that would leave the machine.

Meant to stop accidents, not a person who hides something: a prompt is built from files, and files hold keys. A finding
names the kind, never the value. Random-looking text is told from names and prose by how often letters, digits and signs
take turns, because entropy alone cannot tell them apart at these lengths.
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

_SHORTEST_VALUE = 12
_LEAST_BITS = 3.2  # per character; English words in a row reach it too, so it is necessary and not sufficient
_LEAST_TURNS = 3  # between letters, digits and signs within one unbroken run

# Every repetition that could run far before it fails is bounded, so that no text takes more than linear time.
_FORMATS = (
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})")),
    ("a GitLab token", re.compile(r"\bglpat-[\w-]{20,}")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[0-9A-Za-z-]{16,}")),
    ("a Stripe key", re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("a Google API key", re.compile(r"\bAIza[\w-]{35}(?![\w-])")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a package index token", re.compile(r"\bpypi-[\w-]{50,}")),
    ("a JSON web token", re.compile(r"\beyJ[\w-]{8,1000}\.eyJ[\w-]{8,4000}\.[\w-]{16,}")),
    # The header alone stands in every program that reads keys; a key has a body.
    (
        "a private key",
        re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:.|\n){0,200}?[A-Za-z0-9+/]{40}"),
    ),
)

# Formats whose prefix ordinary text has as well: what follows must look random.
_PREFIXED = (
    ("an API key", re.compile(r"\bsk-(?P<value>[\w-]{20,})")),
    (
        "a password in an address",
        re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@'\"]{0,100}:(?P<value>[^\s/@'\"]{8,200})@"),
    ),
    ("a bearer token", re.compile(r"(?i)\bbearer\s+(?P<value>[\w.~+/-]{20,})")),
    (
        "a secret that is assigned",
        re.compile(
            r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|api_?-?key|access_?-?key|auth_?-?key)\w{0,40}"
            r"[\"']?\]?\s*(?::\s*[\w.\[\] |]{1,60}\s*)?(?:=|:|=>|,)\s*[bru]{0,2}[\"'](?P<value>[^\"'\s]{12,400})[\"']"
        ),
    ),
)

_PLACEHOLDER = re.compile(r"(?i)example|placeholder|change-?_?me|dummy|your|x{4,}|\*{3,}|\.\.\.|[{}<>]|%\(|\$\(")
_SECRET_NAME = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)\Z")


def find_secret(text: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The kind of the first thing in `text` that looks like a secret, or None.

    environ: its variables whose names end in KEY, TOKEN, SECRET or PASSWORD are secrets word for word; default
    `os.environ`.
    """
    for name, value in (os.environ if environ is None else environ).items():
        if _SECRET_NAME.search(name.upper()) and len(value) >= _SHORTEST_VALUE and value in text:
            return f"the value of the environment variable {name}"
    for kind, pattern in _FORMATS:
        if pattern.search(text):
            return kind
    for kind, pattern in _PREFIXED:
        if any(looks_random(found["value"]) for found in pattern.finditer(text)):
            return kind
    return None


def looks_random(value: str) -> bool:
    """Whether nobody would choose `value` as a name, a sentence or a placeholder."""
    if _PLACEHOLDER.search(value) or _bits(value) < _LEAST_BITS:
        return False
    return any(_turns(run) >= _LEAST_TURNS for run in re.split(r"[-_./:, ]+", value) if len(run) >= 10)


def _bits(value: str) -> float:
    """Shannon entropy of the characters, bits per character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())


def _turns(run: str) -> int:
    kinds = ["letter" if c.isalpha() else "digit" if c.isdigit() else "sign" for c in run]
    return sum(a != b for a, b in pairwise(kinds))
