"""pytest made ready ahead of a job: its own plug-ins registered and their options declared, which is half of what a
small run of it takes and is the same for all. Nothing of a job is known yet; the configuration is used once in each
process."""

from __future__ import annotations

import inspect
import pathlib
from collections.abc import Callable, Sequence
from typing import Any


def keep_configuration(options: Sequence[str]) -> None:
    """In the process that jobs are forked from. options: those that say which plug-ins are left out; a run that leaves
    out others makes a configuration of its own. Versions of pytest that make them in other ways are left alone."""
    import _pytest.config as pytest_config

    make: Callable[..., Any] | None = getattr(pytest_config, "get_config", None)
    if make is None or not hasattr(pytest_config.Config, "InvocationParams"):
        return
    known = inspect.signature(make).parameters
    wanted = list(options)
    kept = [make(wanted, **({"prog": "pytest.main()"} if "prog" in known else {}))]
    if not hasattr(kept[0], "invocation_params"):
        return

    def get_config(args: Any = None, plugins: Any = None, **more: Any) -> Any:
        if not kept or list(args or ())[: len(wanted)] != wanted:
            return make(args, plugins, **more)
        config = kept.pop()
        del args[: len(wanted)]  # done, and to parse them takes longer than anything else of the command line
        here = pathlib.Path.cwd()
        config.invocation_params = config.InvocationParams(args=args, plugins=plugins, dir=here)
        return config

    pytest_config.get_config = get_config
