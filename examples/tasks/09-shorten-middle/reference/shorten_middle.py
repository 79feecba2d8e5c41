def shorten_middle(text: str, width: int) -> str:
    """Make a long text exactly `width` characters long by putting `...` for its middle."""
    if len(text) <= width:
        return text
    kept = width - 3
    tail = kept // 2
    return text[: kept - tail] + "..." + text[len(text) - tail :]
