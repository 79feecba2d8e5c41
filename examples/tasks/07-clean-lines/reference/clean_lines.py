def clean_lines(text: str) -> list[str]:
    """The lines of a text that say something."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
