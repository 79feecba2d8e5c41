class SettingsError(ValueError):
    """A line that is no setting. `line` is its number; the first line of the text is line 1."""

    def __init__(self, line: int) -> None:
        raise NotImplementedError


def parse_settings(text: str) -> dict[str, str]:
    """Read `key = value` lines.

    Spaces around key and value are dropped. The first `=` of a line ends the key, so a value may contain `=`; a
    value may be empty. Empty lines, and lines whose first character that is no space is `#`, are skipped. When a
    key appears again, the later value wins.

    A line without `=`, or with nothing before it, raises `SettingsError` with the number of the line.
    """
    raise NotImplementedError
