def overlay(changes: dict, defaults: dict) -> dict:
    """Lay the changes of a user over default settings, section by section.

    Sections are dictionaries inside of dictionaries, at any depth; a section that both have is overlaid in its turn.
    Everything else in `changes` replaces what `defaults` has. Both arguments stay as they were.

    >>> overlay({"size": 2}, {"size": 1, "name": "n"}) == {"size": 2, "name": "n"}
    True
    >>> overlay({"ui": {"font": {"size": 14}}}, {"ui": {"font": {"size": 10, "bold": True}, "dark": False}})
    {'ui': {'font': {'size': 14, 'bold': True}, 'dark': False}}
    >>> overlay({"ui": "none"}, {"ui": {"dark": True}})
    {'ui': 'none'}
    >>> overlay({}, {"paths": ["a"]})
    {'paths': ['a']}
    """
    raise NotImplementedError
