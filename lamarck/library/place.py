"""Where a library is: a file of this machine, or a Postgres server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from lamarck.errors import BadInput
from lamarck.settings import refuse_password

_SCHEME = re.compile(r"postgres(ql)?:/", re.IGNORECASE)


@dataclass(frozen=True)
class Server:
    """url: as libpq reads it, without a password. libpq finds that in PGPASSWORD, ~/.pgpass or a service file."""

    url: str

    @property
    def name(self) -> str:
        """What people are told: who, where, which database."""
        parts = urlsplit(self.url)
        given = parse_qs(parts.query)
        host = parts.hostname or given.get("host", ["local"])[0]
        user = unquote(parts.username or given.get("user", [""])[0])
        port = f":{parts.port}" if parts.port else ""
        database = parts.path.lstrip("/") or given.get("dbname", [""])[0] or user
        return f"{user + '@' if user else ''}{host}{port}/{database}"


def place_of(text: str | Path) -> Path | Server:
    """Raises `BadInput` for a URL that holds a password, or that is none; the password is never repeated."""
    named = str(text)
    if not _SCHEME.match(named):
        return Path(text).expanduser()
    refuse_password(named)
    try:
        server = Server(named)
        _ = server.name
    except ValueError as error:
        raise BadInput("the library's URL cannot be read", "write postgresql://user@host:port/database") from error
    return server


def name_of(place: Path | Server) -> str:
    return place.name if isinstance(place, Server) else str(place.absolute())
