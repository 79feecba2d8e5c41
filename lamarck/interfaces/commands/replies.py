"""`lamarck replies`: recorded replies as lines, to keep beside results and to replay elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lamarck.interfaces import options
from lamarck.interfaces.terminal import Terminal

BankPath = Annotated[Path, typer.Argument(metavar="BANK", help="A bank, as --replies of `lamarck bench` names it.")]
Lines = Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines; packed where the name ends in .gz.")]


def export(ctx: typer.Context, bank: BankPath, file: Lines, json: options.Json = False) -> None:
    """Write what models answered as JSON lines: request, reply, tokens, seconds."""
    from lamarck.errors import BadInput
    from lamarck.models.bank import Bank

    terminal: Terminal = ctx.obj
    if not bank.is_file():
        raise BadInput(f"{bank}: no such bank of replies", "name a file that was recorded with --replies")
    opened = Bank(bank)
    try:
        count = opened.export_lines(file)
    finally:
        opened.close()
    _tell(terminal, {"replies": count, "file": str(file)}, f"{file}: {count} replies")


def take(ctx: typer.Context, file: Lines, bank: BankPath, json: options.Json = False) -> None:
    """Take the replies of exported lines into a bank, all or none; each line's key is checked."""
    from lamarck.models.bank import Bank

    terminal: Terminal = ctx.obj
    opened = Bank(bank)
    try:
        new = opened.import_lines(file)
        count = len(opened)
    finally:
        opened.close()
    _tell(terminal, {"new": new, "replies": count, "bank": str(bank)}, f"{bank}: {new} new of {count} replies")


def _tell(terminal: Terminal, document: dict[str, object], text: str) -> None:
    if terminal.json:
        terminal.document(document)
    else:
        terminal.text(f"{text}\n")
