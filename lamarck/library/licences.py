"""Which code of others may be served and shared: only what its licence lets anybody use freely, or was allowed by name.

A licence is read as its authors state it. What is not recognised counts as unknown; nothing here is legal advice.
"""

from __future__ import annotations

import re

UNKNOWN = "unknown"

# SPDX identifiers that ask for no more than naming the authors.
PERMISSIVE = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSD", "BSL-1.0", "CC0-1.0", "HPND",
        "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Python-2.0", "Unlicense", "WTFPL", "ZPL-2.1", "Zlib",
    }
)  # fmt: skip

# As people write them in metadata, in lower case without punctuation; longest first where one holds another.
_SPOKEN = (
    (r"\bmit cmu\b", "MIT-CMU"),
    (r"\bmit no attribution\b|\bmit 0\b", "MIT-0"),
    (r"\bmit\b|\bexpat\b", "MIT"),
    (r"\bapache\b", "Apache-2.0"),
    (r"\b(bsd 3 clause|3 clause bsd|new bsd|modified bsd|three clause bsd)\b", "BSD-3-Clause"),
    (r"\b(bsd 2 clause|2 clause bsd|simplified bsd|two clause bsd)\b", "BSD-2-Clause"),
    (r"\b0bsd\b|\bzero clause bsd\b", "0BSD"),
    (r"\bbsd\b", "BSD"),
    (r"\bisc\b|\biscl\b", "ISC"),
    (r"\b(psf|python software foundation|psf 2 0)\b", "PSF-2.0"),
    (r"\bpython 2 0\b", "Python-2.0"),
    (r"\bunlicense\b", "Unlicense"),
    (r"\bcc0\b", "CC0-1.0"),
    (r"\bzlib\b", "Zlib"),
    (r"\bzope\b|\bzpl\b", "ZPL-2.1"),
    (r"\bboost\b|\bbsl 1 0\b", "BSL-1.0"),
    (r"\bwtfpl\b", "WTFPL"),
    (r"\bhpnd\b|\bhistorical permission notice\b", "HPND"),
)
_COPYLEFT = (
    (r"\b(agpl|affero)\b", "AGPL"),
    (r"\b(lgpl\w*|lesser general public)\b", "LGPL"),
    (r"\b(gpl\w*|gnu general public|general public licen[cs]e)\b", "GPL"),
    (r"\b(mpl|mozilla public)\b", "MPL-2.0"),
    (r"\b(epl|eclipse public)\b", "EPL"),
    (r"\b(eupl|european union public)\b", "EUPL"),
    (r"\b(cddl|common development and distribution)\b", "CDDL"),
    (r"\bsspl\b|\bserver side public\b", "SSPL-1.0"),
    (r"\bcc by (sa|nc)\b", "CC-BY-SA"),
)
_LONGEST = 200  # characters; more is the text of a licence, not its name


def licence_named(stated: str) -> str:
    """The short name of one licence as people state it; what is not recognised comes back `unknown`.

    An SPDX expression stays as it is written, so that `MIT OR GPL-3.0-only` can be judged part by part.
    """
    text = stated.strip()
    if not text:
        return UNKNOWN
    if re.fullmatch(r"[\w.+() -]+", text) and re.search(r"\b(AND|OR|WITH)\b", text):
        return text
    if text in PERMISSIVE:
        return text
    words = " ".join(re.findall(r"[a-z0-9]+", text[:_LONGEST].lower()))
    for pattern, name in (*_COPYLEFT, *_SPOKEN):  # copyleft first: "LGPL or MIT" in prose is not ours to choose
        if re.search(pattern, words):
            return name
    return UNKNOWN


def is_free(licence: str | None, allowed: frozenset[str] = frozenset()) -> bool:
    """Whether code under this licence may be served and shared; None: it is the user's own. allowed: by name.

    Of alternatives (`OR`) one is enough, of a sum (`AND`) each part is needed; an exception (`WITH`) is not read.
    """
    if licence is None or licence in allowed:
        return True
    if " WITH " in licence:
        return False
    alternatives = re.split(r"\s+OR\s+", licence.replace("(", " ").replace(")", " ").strip())
    if "(" in licence and len(alternatives) > 1 and " AND " in licence:
        parts = re.findall(r"[\w.+-]+", licence)
        return all(part in PERMISSIVE | allowed for part in parts if part not in {"AND", "OR"})
    return any(
        all(part.strip() in PERMISSIVE | allowed for part in re.split(r"\s+AND\s+", alternative))
        for alternative in alternatives
    )
