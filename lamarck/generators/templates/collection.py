"""The templates that come with Lamarck, and those of a project, which go first."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path, PurePath

from lamarck.errors import BadInput
from lamarck.generators.templates.matching import Matcher
from lamarck.generators.templates.template import SUFFIX, Template, read_template

SHIPPED = Path(__file__).parent / "shipped"


class Collection:
    """Read when it is first asked. own: a project's folder of templates, `family/name.toml`; it need not be there."""

    def __init__(self, own: Path | None) -> None:
        self.own = own

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """A project's first, each once: its own of an id stands for the shipped one. Raises `BadInput`."""
        found: dict[str, Template] = {}
        for folder in (self.own, SHIPPED):
            if folder is not None and folder.is_dir():
                for template in read_folder(folder, source="shipped" if folder == SHIPPED else str(folder)):
                    found.setdefault(template.id, template)
        return tuple(found.values())

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher(self.templates)

    def get(self, name: str) -> Template:
        """By its id, or by its name alone where that tells. Raises `BadInput`."""
        found = [t for t in self.templates if name in {t.id, t.id.partition("/")[2]}]
        if len(found) != 1:
            what = f"no template is called '{name}'" if not found else f"several templates are called '{name}'"
            near = ", ".join(t.id for t in found) or "`lamarck templates list` shows all"
            raise BadInput(what, near if not found else f"name one of {near}")
        return found[0]


def read_folder(folder: Path, *, source: str) -> list[Template]:
    """Of `folder/family/name.toml`. Links are not followed: what a project's folder holds stands in the project."""
    paths = sorted(p for p in folder.glob(f"*/*{SUFFIX}") if not p.is_symlink() and not p.parent.is_symlink())
    return [read_template(p, family=p.parent.name, source=source) for p in paths]


def own_folder(setting: str, project: Path) -> Path:
    """Where a project's templates are. Raises `BadInput` for a place outside the project."""
    place = PurePath(setting)
    if place.is_absolute() or ".." in place.parts:
        raise BadInput(
            f"setting 'templates.folder' must name a folder inside the project, not '{setting}'",
            "give it relative to the project",
        )
    return project / place
