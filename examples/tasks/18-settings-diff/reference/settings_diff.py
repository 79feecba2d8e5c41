from typing import Any


def _differences(old: dict[str, Any], new: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    """(path, line) for each difference."""
    found = []
    for key in old.keys() | new.keys():
        path = f"{prefix}{key}"
        if key not in old:
            found.append((path, f"+ {path} = {new[key]!r}"))
        elif key not in new:
            found.append((path, f"- {path} = {old[key]!r}"))
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            found.extend(_differences(old[key], new[key], f"{path}."))
        elif old[key] != new[key]:
            found.append((path, f"~ {path}: {old[key]!r} -> {new[key]!r}"))
    return found


def diff_settings(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """One line for each difference between two nested dictionaries, sorted by path."""
    return [line for _, line in sorted(_differences(old, new, ""))]
