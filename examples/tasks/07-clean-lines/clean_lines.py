def clean_lines(text: str) -> list[str]:
    """The lines of a text that say something.

    Spaces around each line are removed. Empty lines are left out, and so are comments: lines whose first character
    that is no space is `#`.
    """
