def read_argv(*, argv: list[str]) -> tuple[dict[str, str | bool], list[str]]:
    """Sort what a program was called with into options and the remaining words.

    `--option=text` is an option with a text (up to the first `=` is its name), `--option` is True and `--no-option` is
    False. Words that don't begin with two dashes remain. So does everything behind a lone `--`, which itself goes away.
    The last of several equal options counts. The answer is the options as a dictionary, and the list of the words.

    >>> read_argv(argv=["copy", "--depth=2", "--force", "src"])
    ({'depth': '2', 'force': True}, ['copy', 'src'])
    >>> read_argv(argv=["--no-links", "--", "--force"])
    ({'links': False}, ['--force'])
    >>> read_argv(argv=["--mode=a", "--mode=b=c"])
    ({'mode': 'b=c'}, [])
    >>> read_argv(argv=["-q"])
    ({}, ['-q'])
    """
    raise NotImplementedError
