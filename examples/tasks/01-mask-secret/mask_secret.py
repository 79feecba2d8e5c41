def mask_secret(secret: str, visible: int) -> str:
    """Hide a secret for a log line.

    The last `visible` characters stay readable and every character before them becomes `*`. A secret that is not
    longer than `visible` is hidden whole, so that a short one never shows.

    >>> mask_secret("sk-12345678", 4)
    '*******5678'
    >>> mask_secret("swordfish", 2)
    '*******sh'
    >>> mask_secret("abcd", 4)
    '****'
    >>> mask_secret("abc", 4)
    '***'
    >>> mask_secret("hello", 0)
    '*****'
    >>> mask_secret("", 3)
    ''
    """
    raise NotImplementedError
