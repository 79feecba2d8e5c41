def initials(name: str) -> str:
    """The initials of a name, each followed by a full stop."""
    return "".join(f"{word[0].upper()}." for word in name.split())
