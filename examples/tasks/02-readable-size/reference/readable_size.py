def readable_size(count: int) -> str:
    """A number of bytes for people, in steps of 1024 with one decimal."""
    if count < 0:
        raise ValueError("a size is never negative")
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"
