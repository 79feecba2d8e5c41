"""The options that several commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# Read by the boundary before anything is parsed, so that errors of parsing obey it too; declared here for --help.
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Library = Annotated[
    str | None,
    typer.Option(
        "--library",
        metavar="PLACE",
        help="A library of its own: a file, or postgresql://user@host/database.",
        show_default=False,
    ),
]
Python = Annotated[
    str | None,
    typer.Option(
        "--python",
        metavar="PATH",
        help="The interpreter whose packages the code may use. Default: the project's .venv, else Lamarck's.",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="Use this model instead of models.tiers.", show_default=False),
]
Tests = Annotated[
    list[Path] | None,
    typer.Option("--tests", metavar="FILE", help="A file with tests. May be given several times.", show_default=False),
]
Tokens = Annotated[
    int | None,
    typer.Option("--tokens", metavar="N", help="Prompt and generated tokens it may use.", show_default=False),
]
Seconds = Annotated[
    float | None, typer.Option("--seconds", metavar="N", help="Wall-clock seconds it may take.", show_default=False)
]
Usd = Annotated[
    float | None, typer.Option("--usd", metavar="X", help="Money it may spend, US dollars.", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="PATH", help="Write the code there: a file, or a folder.", show_default=False),
]
AllowDegraded = Annotated[
    bool | None,
    typer.Option(
        "--allow-degraded/--no-allow-degraded",
        help="Run although isolation is only partly enforced; the evidence records it.",
        show_default=False,
    ),
]
AllowLicence = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-licence",
        metavar="NAME",
        help="Also code of others under this licence, which not everybody may use freely. May be given several times.",
        show_default=False,
    ),
]
