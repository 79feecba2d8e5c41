"""What differs from a git revision, read by git itself; nothing that a repository's settings name is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lamarck.errors import BadInput

_SECONDS = 60
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")


def changed_since(revision: str, path: Path) -> dict[str, str | None]:
    """Absolute path of every Python file at or below `path` that differs from the revision or is new → its text then,
    None for a new one. Files that are gone are not told.

    Raises `BadInput` where there is no repository, no git, or no such revision.
    """
    path = Path(os.path.abspath(path))
    folder = path if path.is_dir() else path.parent
    top = Path(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
    if revision.startswith("-"):
        raise BadInput(f"'{revision}' is no revision", "name a commit, a branch or a tag")
    _git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    below = os.path.relpath(path.resolve(), top.resolve())
    differing = _names(
        _git(top, "diff", "--name-only", "-z", "--no-ext-diff", "--diff-filter=d", revision, "--", below)
    )
    new = _names(_git(top, "ls-files", "--others", "--exclude-standard", "-z", "--", below))
    found: dict[str, str | None] = {}
    for name in [*differing, *new]:
        if name.endswith(".py"):
            found[str(top / name)] = None if name in new else _text(top, revision, name)
    return found


def _text(top: Path, revision: str, name: str) -> str | None:
    """None for a file that the revision does not have."""
    done = _run(top, "show", "--no-textconv", f"{revision}:{name}")
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _names(told: str) -> list[str]:
    return [name for name in told.split("\0") if name]


def _git(folder: Path, *arguments: str) -> str:
    done = _run(folder, *arguments)
    if done.returncode != 0:
        said = " ".join(done.stderr.decode(errors="replace").split())
        if arguments[0] == "rev-parse" and "--verify" in arguments:
            raise BadInput(f"git knows no revision '{arguments[-1].removesuffix('^{commit}')}'", "see `git log`")
        raise BadInput(f"git: {said[-200:] or 'it failed'}", "--changed needs a git repository around the code")
    return done.stdout.decode("utf-8", "surrogateescape")


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0"}
    environment |= {k: v for k in ("HOME", "GIT_DIR", "GIT_INDEX_FILE") if (v := os.environ.get(k))}
    try:
        return subprocess.run(
            ["git", *_SAFE, *arguments],  # noqa: S607  the user's git
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise BadInput("git is not installed", "--changed asks git what differs") from error
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"git took longer than {_SECONDS} s", "try again") from error
