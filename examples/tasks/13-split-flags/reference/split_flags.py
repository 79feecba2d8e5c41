def split_flags(args: list[str]) -> tuple[dict[str, str | bool], list[str]]:
    """Split command line arguments into a dictionary of `--` flags and a list of the rest."""
    flags: dict[str, str | bool] = {}
    rest: list[str] = []
    for position, arg in enumerate(args):
        if arg == "--":
            rest.extend(args[position + 1 :])
            break
        if not arg.startswith("--"):
            rest.append(arg)
        elif "=" in arg:
            name, _, value = arg[2:].partition("=")
            flags[name] = value
        elif arg.startswith("--no-"):
            flags[arg[5:]] = False
        else:
            flags[arg[2:]] = True
    return flags, rest
