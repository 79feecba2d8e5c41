def mask_end(secret: str, visible: int) -> str:
    """Hide the end of a secret for a log line.

    The first `visible` characters stay readable and every character after them becomes `*`. A secret that is not longer
    than `visible` is hidden whole, so that a short one never shows.

    >>> mask_end("sk-12345678", 3)
    'sk-********'
    >>> mask_end("swordfish", 2)
    'sw*******'
    >>> mask_end("abcd", 4)
    '****'
    >>> mask_end("hello", 0)
    '*****'
    """
    raise NotImplementedError
