"""Names for addresses and files."""

import re
import unicodedata


def slugify(title: str, max_length: int = 60) -> str:
    """Turn a title into a name of lower-case letters a-z, digits and single dashes.

    Accents are dropped (é becomes e) and everything else that is no letter or digit becomes a dash, but none stands at
    the beginning or end. The name has at most `max_length` characters; a dash that the cut leaves at the end goes too.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:max_length].rstrip("-")
