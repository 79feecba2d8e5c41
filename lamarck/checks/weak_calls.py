"""Calls that are weak by themselves, wherever their arguments come from: a table of rules over one call each."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

SURE, MAYBE = "high", "medium"  # confidence

_WEAK_HASHES = re.compile(
    r"^hashlib\.(?:md[45]|sha1)$|^(?:Crypto|Cryptodome)\.Hash\.(?:MD[245]|SHA1?)\.new$|^md5\.new$|^crypt\.crypt$"
)
_WEAK_CIPHERS = re.compile(
    r"(?:Crypto|Cryptodome)\.Cipher\.(?:DES3?|ARC2|ARC4|Blowfish|XOR)\.new|.*PKCS1_v1_5"
    r"|.*algorithms\.(?:ARC4|Blowfish|IDEA|CAST5|SEED|TripleDES)$|.*modes\.ECB$"
)
_KEYS = re.compile(r"(?:RSA|DSA|rsa|dsa)\.(?:generate|generate_private_key|newkeys|importKey)$")
_DERIVES = re.compile(r"(?:pbkdf2_hmac|PBKDF2(?:HMAC)?)$")
_XML = re.compile(
    r"^(?:lxml\.etree|xml\.etree\.c?ElementTree|xml\.dom\.(?:minidom|pulldom)|xml\.sax(?:\.expatreader)?)\."
    r"(?:parse|fromstring|parseString|iterparse|XML|XMLParser|make_parser|create_parser|XMLTreeBuilder)$"
)
_REGEX = re.compile(r"^re\.(?:compile|search|match|fullmatch|findall|sub|split|finditer)$")
_REPEATED = re.compile(r"\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)[+*{]|\((?:[^()|]+\|)+[^()|]+\)[+*]\$?")
_LOGS = re.compile(
    r"^(?:print|(?:logging|logger|log|app\.logger|current_app\.logger|self\.logger|self\.log|LOG|LOGGER)"
    r"\.(?:debug|info|warning|warn|error|critical|exception|log))$"
)
_PERSONAL = re.compile(
    r"(?:^|_)(?:pass(?:word|wd)?|pwd|secret|token|ssn|credit_?card|card_?number|cvv|api_?key|private_?key)(?:_|$)", re.I
)
_OLD = re.compile(r"PROTOCOL_(?:SSLv[23]|TLSv1(?:_1)?)\b|SSLv[23]_METHOD|TLSv1_METHOD")
_CIPHERS = re.compile(r"(?:AES|DES3?|ChaCha20)\.new$|modes\.(?:CBC|CTR|GCM|CFB|OFB)$|Fernet$")
_DECODES = frozenset(
    {"yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "yaml.unsafe_load_all", "jsonpickle.decode"}
    | {"dill.load", "dill.loads", "cPickle.load", "cPickle.loads", "_pickle.loads", "pickle.load", "pickle.loads"}
    | {"marshal.load", "marshal.loads"}
)
_SECRET_WORD = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|private_?key|auth_?key|credential|secret_?key)"  # noqa: S105 - a pattern
_SECRET_NAME = re.compile(rf"(?:^|_){_SECRET_WORD}(?:_|s?$|\d*$)", re.I)
_PLACEHOLDER = re.compile(
    r"^(?:.{0,2}|<.*>|\{.*\}|\$.*|x+|\*+|none|null|change_?me|todo|your.*|example.*|test|dummy.*|\.\.\.)$", re.I
)


@dataclass(frozen=True)
class Call:
    """name: dotted, as imported. tops: top-level names that the file imports. text: the whole file."""

    node: ast.Call
    name: str
    tops: frozenset[str]
    is_web: bool
    text: str
    words: dict[str, ast.expr] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return self.node.func.attr if isinstance(self.node.func, ast.Attribute) else self.name

    @cached_property
    def written(self) -> str:
        return ast.unparse(self.node)

    @property
    def values(self) -> list[ast.expr]:
        return [*self.node.args, *self.words.values()]

    @property
    def numbers(self) -> list[int]:
        return [v.value for v in self.values if isinstance(v, ast.Constant) and type(v.value) is int]

    def argument(self, place: int) -> ast.expr | None:
        return self.node.args[place] if len(self.node.args) > place else None

    def has(self, word: str, value: object) -> bool:
        return is_constant(self.words.get(word), value)


@dataclass(frozen=True)
class CallRule:
    rule: str
    message: str
    confidence: str
    holds: Callable[[Call], bool]


def weak_calls(call: Call) -> Iterator[tuple[str, str, str, int]]:
    for each in CALL_RULES:
        if each.holds(call):
            yield each.rule, each.message, each.confidence, call.node.lineno
    for key, value in call.words.items():
        if is_secret_name(key) and is_secret_text(value):
            yield "hard-coded-secret", f"a secret stands in the code: {key} (CWE-798)", MAYBE, call.node.lineno


def is_constant(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is type(value) and node.value == value


def is_secret_name(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def is_secret_text(node: ast.expr | None) -> bool:
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
        return False
    text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
    return not _PLACEHOLDER.match(text) and " " not in text and not text.startswith(("http", "/"))


def _is_bytes(node: ast.expr | None, kinds: type | tuple[type, ...] = bytes) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, kinds)


def _forgeable(call: Call) -> bool:
    first = call.argument(0)
    named = (
        call.name == "hashlib.new" and first is not None and re.search(r"md[245]|sha-?1\b", ast.unparse(first), re.I)
    )
    return bool(_WEAK_HASHES.match(call.name) or named) and not call.has("usedforsecurity", False)


def _few_rounds(call: Call) -> bool:
    rounds = [n for n in call.numbers if n > 1 and n not in {16, 24, 32, 64}]
    return bool(_DERIVES.search(call.name)) and any(n < 10_000 for n in rounds)


def _fixed_salt(call: Call) -> bool:
    return bool(_DERIVES.search(call.name)) and any(map(_is_bytes, [*call.node.args[1:], call.words.get("salt")]))


def _unverified(call: Call) -> bool:
    off = call.has("verify", False) or call.has("verify_ssl", False)
    return off or call.name.endswith("_create_unverified_context")


def _any_token(call: Call) -> bool:
    if call.method != "decode" or not call.name.startswith("jwt"):
        return False
    return re.search(r"verify\w*'?\s*[:=]\s*False|'none'", call.written, re.I) is not None


def _any_host(call: Call) -> bool:
    return call.method == "set_missing_host_key_policy" and bool(re.search("AutoAdd|WarningPolicy", call.written))


def _open_mode(call: Call) -> bool:
    if call.name not in {"os.chmod", "os.fchmod", "os.mkdir", "os.makedirs", "os.open"} or len(call.node.args) < 2:
        return False
    mode = call.node.args[-1]
    if isinstance(mode, ast.Constant) and type(mode.value) is int:
        return bool(mode.value & 0o022)
    return bool(re.search(r"S_I(?:RWXO|WOTH|ROTH|WGRP)", ast.unparse(mode)))


def _unpacks(call: Call) -> bool:
    if "filter" in call.words:
        return False
    extracts = call.method in {"extractall", "extract"} and "tarfile" in call.tops
    return extracts or call.name == "shutil.unpack_archive"


def _decodes(call: Call) -> bool:
    return call.name in _DECODES and not re.search(r"Safe(?:Loader)?\b|safe_load", call.written)


def _entities(call: Call) -> bool:
    if not _XML.match(call.name) or "defusedxml" in call.tops:
        return False
    closed = call.has("resolve_entities", False) or "resolve_entities=False" in call.text
    return (call.is_web or "lxml" in call.name or call.name.endswith("make_parser")) and not closed


def _wants_entities(call: Call) -> bool:
    if call.name.endswith("XMLParser"):
        return call.has("resolve_entities", True)
    first = call.argument(0)
    external = first is not None and "external" in ast.unparse(first)
    return call.method == "setFeature" and external and not is_constant(call.node.args[-1], False)


def _slow_pattern(call: Call) -> bool:
    first = call.argument(0)
    if not (_REGEX.match(call.name) and isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return False
    return _REPEATED.search(first.value) is not None


def _everybody(call: Call) -> bool:
    first = call.argument(0)
    return (
        call.method == "bind" and first is not None and bool(re.match(r"\(\s*(?:''|'0\.0\.0\.0')", ast.unparse(first)))
    )


def _logs_secret(call: Call) -> bool:
    nodes = (n for a in call.node.args for n in ast.walk(a))
    names = (n.id if isinstance(n, ast.Name) else n.attr if isinstance(n, ast.Attribute) else "" for n in nodes)
    return bool(_LOGS.search(call.name)) and any(_PERSONAL.search(name) for name in names if name)


CALL_RULES: tuple[CallRule, ...] = (
    CallRule("weak-hash", "a hash that can be forged (CWE-328)", MAYBE, _forgeable),
    CallRule("weak-cipher", "a cipher or mode that can be broken (CWE-327)", MAYBE,
             lambda c: bool(_WEAK_CIPHERS.match(c.name))),
    CallRule("short-key", "a key that is too short (CWE-326)", SURE,
             lambda c: bool(_KEYS.search(c.name)) and any(256 <= n < 2048 for n in c.numbers)),
    CallRule("weak-key", "a key that is derived in too few rounds (CWE-916)", MAYBE, _few_rounds),
    CallRule("fixed-salt", "a salt that is the same for everybody (CWE-760)", MAYBE, _fixed_salt),
    CallRule("fixed-key", "a key or start value that stands in the code (CWE-321, CWE-329)", MAYBE,
             lambda c: bool(_CIPHERS.search(c.name)) and any(_is_bytes(v, (bytes, str)) for v in c.values)),
    CallRule("unverified", "believes any certificate (CWE-295)", SURE, _unverified),
    CallRule("unverified", "believes any token (CWE-347)", SURE, _any_token),
    CallRule("unverified", "believes any host key (CWE-295)", SURE, _any_host),
    CallRule("old-protocol", "a protocol that can be broken (CWE-327)", SURE, lambda c: bool(_OLD.search(c.written))),
    CallRule("debugging", "offers a debugger to whoever asks (CWE-489)", SURE,
             lambda c: c.method == "run" and c.is_web and c.has("debug", True)),
    CallRule("open-file", "lets everybody write or read the file (CWE-732)", MAYBE, _open_mode),
    CallRule("open-file", "lets everybody write new files (CWE-276)", SURE,
             lambda c: c.name == "os.umask" and is_constant(c.argument(0), 0)),
    CallRule("archive", "unpacks files to wherever the archive says (CWE-22)", MAYBE, _unpacks),
    CallRule("deserialise", "can run code that stands in the data (CWE-502)", MAYBE, _decodes),
    CallRule("xml-entities", "reads XML with entities that name files (CWE-611)", MAYBE, _entities),
    CallRule("xml-entities", "reads XML with entities that name files (CWE-611)", SURE, _wants_entities),
    CallRule("open-cookie", "a cookie that scripts or plain connections can read (CWE-614)", MAYBE,
             lambda c: c.method == "set_cookie" and not {"secure", "httponly"} <= c.words.keys()),
    CallRule("slow-pattern", "a pattern that can take exponential time (CWE-1333)", MAYBE, _slow_pattern),
    CallRule("open-port", "listens to everybody (CWE-605)", MAYBE, _everybody),
    CallRule("logged-secret", "writes a secret where others read (CWE-532)", MAYBE, _logs_secret),
    CallRule("cleartext", "sends in plain text (CWE-319)", MAYBE,
             lambda c: c.name in {"ftplib.FTP", "telnetlib.Telnet"}),
    CallRule("scripting", "renders pages without escaping (CWE-79)", MAYBE,
             lambda c: c.method == "Environment" and "jinja2" in c.tops and "autoescape" not in c.words),
)  # fmt: skip
