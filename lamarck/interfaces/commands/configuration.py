"""`lamarck config`: every value with where it came from, every key with its meaning, every problem in a line."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamarck.interfaces.options import Json
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean

if TYPE_CHECKING:
    from lamarck.settings import Key


def show(ctx: typer.Context, json: Json = False) -> None:
    """Every setting, its value, and where the value came from."""
    from lamarck.settings import cache_dir, home, keys, load_settings, project_file, user_file

    terminal: Terminal = ctx.obj
    settings, sources = load_settings()
    origin = {source.key: source.origin for source in sources}
    project = project_file(Path.cwd())
    places = {
        "user's file": user_file(),
        "project's file": project,
        "home": home(),
        "cache": cache_dir(),
    }
    rows = [(key.name, key.value_in(settings), _origin(key.name, origin)) for key in keys(settings)]
    if terminal.json:
        terminal.document(
            {
                "settings": [{"key": key, "value": _plain(value), "from": source} for key, value, source in rows],
                "places": {name: None if place is None else str(place) for name, place in places.items()},
            }
        )
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("key", "value", "from"):
        table.add_column(heading, overflow="fold")
    for key, value, source in rows:
        table.add_row(
            key,
            Text(clean(_worded(value)), style="" if source == "default" else "bold"),
            Text(clean(source), style="dim" if source == "default" else ""),
        )
    terminal.show(table, Text())
    here = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, place in places.items():
        there = "none" if place is None else f"{place}" if place.exists() else f"{place} (not there)"
        here.add_row(Text(name, style="dim"), Text(clean(there), overflow="fold"))
    terminal.show(here)


def schema(ctx: typer.Context, json: Json = False) -> None:
    """Every key with its type, default and meaning; with --json the JSON schema of the file."""
    from lamarck import settings

    terminal: Terminal = ctx.obj
    if terminal.json:
        terminal.document(settings.schema())
        return
    from rich.text import Text

    section = ""
    for key in settings.keys(settings.Settings()) + settings.endpoint_keys():
        if key.section != section:
            section = key.section
            terminal.show(Text(f"{'' if section == 'limits' else chr(10)}[{section}]", style="bold"))
        terminal.show(_explained(key))
    terminal.show(
        Text(
            "\nAn environment variable sets a key too: LAMARCK_LIMITS_TOKENS is limits.tokens."
            " LAMARCK_HOME is the folder of the library.",
            style="dim",
        )
    )


def validate(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Default: the files in use.", show_default=False)
    ] = None,
    json: Json = False,
) -> int:
    """Check a settings file, or the files and variables in use: one line per problem."""
    from lamarck.settings import problems, problems_in_use

    terminal: Terminal = ctx.obj
    found = problems_in_use() if file is None else problems(file)
    if terminal.json:
        terminal.document({"ok": not found, "problems": list(found)})
    else:
        for problem in found:
            terminal.note(f"lamarck: {problem}")
        if not found:
            terminal.text(f"{'settings' if file is None else clean(str(file))}: no problem\n")
    return 2 if found else 0


def _explained(key: Key) -> Any:
    from rich.text import Text

    default = "needed" if key.required else _worded(key.default) or '""'
    line = Text.assemble(
        (key.key.ljust(28), "cyan"), (f"{key.type} ".ljust(28), ""), ("default " if not key.required else "", "dim")
    )
    return line + Text.assemble((default, "bold"), "\n    ", (key.meaning, "dim"))


def _origin(key: str, origin: dict[str, str]) -> str:
    return origin.get(key, "default")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _worded(value: Any) -> str:
    """A value as the settings file writes it."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_text.dumps(_plain(value), ensure_ascii=False) if isinstance(value, str | tuple | list) else str(value)
