"""Merging dictionaries that hold dictionaries."""

from collections.abc import Mapping
from typing import Any


def merge_nested(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `override` on top; neither of the two is changed.

    Where both hold a dictionary for a key, the two are merged in the same way. In all other cases, lists too, the value
    of `override` takes the place of the one in `base`.
    """
    merged = {key: merge_nested(value, {}) if isinstance(value, dict) else value for key, value in base.items()}
    for key, value in override.items():
        if isinstance(value, dict):
            below = merged.get(key)
            merged[key] = merge_nested(below if isinstance(below, dict) else {}, value)
        else:
            merged[key] = value
    return merged
