class SettingsError(ValueError):
    """A line that is no setting. `line` is its number; the first line of the text is line 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is not `key = value`")
        self.line = line


def parse_settings(text: str) -> dict[str, str]:
    """Read `key = value` lines; `#` starts a comment line. Raises `SettingsError` with the number of a bad line."""
    settings = {}
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = stripped.partition("=")
        if not equals or not key.strip():
            raise SettingsError(number)
        settings[key.strip()] = value.strip()
    return settings
