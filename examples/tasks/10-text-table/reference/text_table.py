def format_table(headers: list[str], rows: list[list]) -> str:
    """Lay out rows as a plain text table: text left, numbers right, two spaces between columns."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(headers, *rows, strict=True)]

    def line(cells: list) -> str:
        parts = []
        for cell, width in zip(cells, widths, strict=True):
            text = str(cell)
            parts.append(text.rjust(width) if isinstance(cell, int | float) else text.ljust(width))
        return "  ".join(parts).rstrip(" ")

    return "\n".join([line(headers), line(["-" * width for width in widths]), *map(line, rows)])
