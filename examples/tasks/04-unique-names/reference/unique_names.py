def rename_duplicates(names: list[str]) -> list[str]:
    """The names in the same order, with " (2)", " (3)", … after a name that appeared before."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique
