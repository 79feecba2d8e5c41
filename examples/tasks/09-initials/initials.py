def initials(name: str) -> str:
    """The initials of a name: the first letter of each word as a capital, each followed by a full stop.

    >>> initials("Ada Lovelace")
    'A.L.'
    >>> initials("grace brewster murray hopper")
    'G.B.M.H.'
    >>> initials("  Plato ")
    'P.'
    >>> initials("")
    ''
    """
    raise NotImplementedError
