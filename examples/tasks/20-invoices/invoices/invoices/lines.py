class BadLine(ValueError):
    pass


class Line:
    pass


def parse_line(text):
    pass
