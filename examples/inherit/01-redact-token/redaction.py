def redact(keep: int, token: str) -> str:
    """Star out an access token before it goes into a report.

    Only the last `keep` characters remain legible; a star stands for each of the others. A token with no more than
    `keep` characters is starred out completely.

    >>> redact(3, "ghp_A1B2C3")
    '*******2C3'
    >>> redact(1, "pin")
    '**n'
    >>> redact(6, "secret")
    '******'
    >>> redact(9, "tiny")
    '****'
    >>> redact(0, "no")
    '**'
    """
    raise NotImplementedError
