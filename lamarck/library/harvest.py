"""Functions out of Python files, by their syntax trees: files are read as text, and nothing in them is ever run."""

from __future__ import annotations

import ast
import email
import email.message
import io
import re
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.library.licences import UNKNOWN, licence_named
from lamarck.library.signature import signature_of
from lamarck.records import Record

_FEWEST = 20  # characters of a docstring that says something
_LARGEST_FILE = 1_000_000  # bytes
_LARGEST_FUNCTION = 20_000  # characters
_LEFT_OUT = {"__pycache__", ".git", ".hg", ".venv", "venv", "node_modules", "build", "dist", ".tox", ".eggs"}


class Harvested(Record, frozen=True, kw_only=True):
    """One function that says in words what it does. place: file and qualified name; goal: how its docstring begins."""

    name: str
    signature: str
    goal: str
    doc: str
    source: str
    place: str
    package: str
    licence: str


class SourceText(Record, frozen=True, kw_only=True):
    """One file of a package, at its path below the package's root."""

    path: str
    text: str


class Collection(Record, frozen=True, kw_only=True):
    """Something that holds Python files: an installed package, a repository's folder or a wheel."""

    name: str  # `package==version`, or the folder's name
    licence: str
    root: str  # a folder, or a wheel
    tops: tuple[str, ...] = ()  # files and folders below the root that belong to it; none: all


def installed() -> Iterator[Collection]:
    """The standard library, then every installed package, by name."""
    import platform
    from importlib.metadata import distributions

    yield Collection(
        name=f"python=={platform.python_version()}", licence="PSF-2.0", root=sysconfig.get_path("stdlib"), tops=()
    )
    found = {d.metadata["Name"].lower(): d for d in distributions() if d.metadata["Name"]}
    for name in sorted(found):
        distribution = found[name]
        tops = {str(file).partition("/")[0] for file in distribution.files or () if str(file).endswith(".py")}
        tops -= {"..", "__pycache__"}
        if tops:
            yield Collection(
                name=f"{distribution.metadata['Name']}=={distribution.version}",
                licence=_licence_of(email.message_from_string(distribution.read_text("METADATA") or "")),
                root=str(distribution.locate_file("")),
                tops=tuple(sorted(tops)),
            )


def collection(named: str) -> Collection:
    """An installed package by its name, a wheel or a folder by its path. Raises `BadInput`."""
    path = Path(named).expanduser()
    if path.is_dir():
        return Collection(name=path.resolve().name, licence=_licence_of_folder(path), root=str(path.resolve()))
    if path.suffix == ".whl" and path.is_file():
        try:
            with zipfile.ZipFile(path) as wheel:
                metadata = next((n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")), None)
                text = wheel.read(metadata).decode(errors="replace") if metadata else ""
        except (OSError, zipfile.BadZipFile) as error:
            raise BadInput(f"{path}: is no wheel that can be read ({error})", "download it again") from error
        name, version, *_ = path.name.split("-")
        return Collection(
            name=f"{name}=={version}", licence=_licence_of(email.message_from_string(text)), root=str(path.resolve())
        )
    wanted = re.sub(r"[-_.]+", "-", named).lower()
    if wanted == "python":
        return next(installed())
    for found in installed():
        if re.sub(r"[-_.]+", "-", found.name.partition("==")[0]).lower() == wanted:
            return found
    raise BadInput(
        f"{named}: is no installed package, folder or wheel", "install it, or name a folder of sources or a .whl file"
    )


def files_of(found: Collection) -> Iterator[SourceText]:
    """Its Python files in order; what is no text or too large is left out."""
    root = Path(found.root)
    if root.suffix == ".whl":
        with zipfile.ZipFile(root) as wheel:
            for name in sorted(n for n in wheel.namelist() if n.endswith(".py")):
                if wheel.getinfo(name).file_size <= _LARGEST_FILE:
                    yield from _decoded(name, wheel.read(name))
        return
    tops = [root / top for top in found.tops] if found.tops else [root]
    for top in tops:
        for path in [top] if top.is_file() else _python_files(top):
            try:
                if path.stat().st_size <= _LARGEST_FILE:
                    yield from _decoded(path.relative_to(root).as_posix(), path.read_bytes())
            except OSError:
                continue  # it went away, or is not ours to read


def _python_files(folder: Path) -> Iterator[Path]:
    """In order; not into what belongs to others: the packages of an environment, links, caches."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            continue
        if entry.is_dir():
            if entry.name not in _LEFT_OUT and entry.name not in {"site-packages", "dist-packages"}:
                yield from _python_files(entry)
        elif entry.suffix == ".py":
            yield entry


def _decoded(path: str, content: bytes) -> Iterator[SourceText]:
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        yield SourceText(path=path, text=content.decode(encoding))
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return


def functions_of(found: Collection) -> Iterator[Harvested]:
    """Every function and method with a docstring, in the order of the files."""
    for file in files_of(found):
        yield from functions_in(file, package=found.name, licence=found.licence)


def functions_in(file: SourceText, *, package: str, licence: str) -> Iterator[Harvested]:
    tree = parsed(file.text)
    if tree is None:
        return
    lines = file.text.splitlines(keepends=True)
    for qualified, node in _defined(tree, ""):
        doc = (ast.get_docstring(node) or "").strip()
        source = "".join(lines[node.lineno - 1 : node.end_lineno])
        if len(doc) < _FEWEST or len(source) > _LARGEST_FUNCTION:
            continue
        yield Harvested(
            name=node.name,
            signature=signature_of(node),
            goal=first_paragraph(doc),
            doc=doc,
            source=source,
            place=f"{file.path}::{qualified}",
            package=package,
            licence=licence,
        )


def parsed(text: str) -> ast.Module | None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's escape sequences
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def first_paragraph(doc: str) -> str:
    return " ".join(re.split(r"\n\s*\n", doc.strip(), maxsplit=1)[0].split())


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _defined(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child
        elif isinstance(child, ast.ClassDef):
            yield from _defined(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.If | ast.Try):
            yield from _defined(child, prefix)


def _licence_of(told: email.message.Message) -> str:
    """Out of the core metadata of a package, whose form is that of mail headers."""
    expression = told.get("License-Expression")
    if expression:
        return expression.strip()
    classified = [
        licence_named(c.rpartition("::")[2]) for c in told.get_all("Classifier") or () if c.startswith("License ::")
    ]
    named = sorted({c for c in classified if c != UNKNOWN})
    if named:
        return " AND ".join(named)  # nobody says which of them one may choose
    stated = str(told.get("License") or "")
    return licence_named(stated) if len(stated) < 100 else licence_named(stated.strip().splitlines()[0])


_TEXTS = (
    (r"GNU AFFERO GENERAL PUBLIC", "AGPL"),
    (r"GNU LESSER GENERAL PUBLIC", "LGPL"),
    (r"GNU GENERAL PUBLIC", "GPL"),
    (r"Mozilla Public License", "MPL-2.0"),
    (r"Apache License\s+Version 2\.0", "Apache-2.0"),
    (r"Permission is hereby granted, free of charge", "MIT"),
    (r"Redistribution and use in source and binary forms(?s:.*)Neither the name", "BSD-3-Clause"),
    (r"Redistribution and use in source and binary forms", "BSD-2-Clause"),
    (r"Permission to use, copy, modify, and(/or)? distribute", "ISC"),
    (r"This is free and unencumbered software", "Unlicense"),
    (r"PYTHON SOFTWARE FOUNDATION LICENSE", "PSF-2.0"),
)


def _licence_of_folder(folder: Path) -> str:
    """By the text of its licence file; `unknown` without one, or with one that is not recognised."""
    texts = [p for p in sorted(folder.iterdir()) if re.match(r"(?i)(licen[cs]e|copying)", p.name) and p.is_file()]
    named: set[str] = set()
    for path in texts:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")[:20_000]
        except OSError:
            continue
        named.add(next((name for pattern, name in _TEXTS if re.search(pattern, text)), UNKNOWN))
    return " AND ".join(sorted(named)) if named else UNKNOWN
