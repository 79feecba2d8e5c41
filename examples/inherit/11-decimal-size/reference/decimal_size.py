def decimal_size(count: int) -> str:
    """A number of bytes for people, in steps of 1000 with one decimal."""
    if count < 0:
        raise ValueError("a size is never negative")
    if count < 1000:
        return f"{count} B"
    size = float(count)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} TB"
