def shorten_middle(text: str, width: int) -> str:
    """Make a long text fit a column by leaving out its middle.

    A text of at most `width` characters is returned unchanged. From a longer one, the beginning and the end are kept
    with `...` between them, so that the result is exactly `width` characters long. When the characters that are kept
    can't be shared equally, the beginning gets one more than the end. `width` is always at least 5.

    >>> shorten_middle("report.txt", 10)
    'report.txt'
    >>> shorten_middle("a-very-long-file-name.txt", 11)
    'a-ve....txt'
    >>> shorten_middle("abcdefghij", 7)
    'ab...ij'
    >>> shorten_middle("abcdefghij", 8)
    'abc...ij'
    >>> shorten_middle("abcdefghij", 5)
    'a...j'
    >>> shorten_middle("", 5)
    ''
    """
    raise NotImplementedError
