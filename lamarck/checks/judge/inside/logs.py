"""Logging on both sides: records of the candidate's are the judge's too, records travel as what they say, and levels,
`propagate` and `logging.disable` are the same on both sides. Handlers stay where they were made.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .faults import Malformed

MOST_RECORDS = 10_000
_MOST_LOGGERS = 1_000
_MOST_PARTS = 100
_PLAIN = (type(None), bool, str, float)
_LARGEST = 1 << 63
# What `logging.Logger.makeRecord` takes; `extra` is what a record has besides.
_FIELDS = ("name", "levelno", "pathname", "lineno", "funcName", "created", "thread", "threadName", "process",
           "processName", "taskName")  # fmt: skip
_SETTABLE = frozenset(_FIELDS[5:])

_forwards_records = False  # this is the candidate's side


def told_record(record: Any, encode: Callable[[Any], Any]) -> dict[str, Any]:
    """What a record says. Its arguments go along where they are plain values; else they are in its text already."""
    args = record.args
    is_plain = type(record.msg) is str and (_all_plain(args) if type(args) is tuple else _is_plain(args))
    told: dict[str, Any] = {name: getattr(record, name, None) for name in _FIELDS}
    told = {name: value for name, value in told.items() if _is_plain(value)}
    if is_plain:
        told["msg"], told["args"] = record.msg, list(args) if type(args) is tuple else args
    else:
        told["msg"], told["args"] = str(record.getMessage()), []
    usual = record.__class__("", 0, "", 0, "", (), None).__dict__
    told["extra"] = {n: v for n, v in record.__dict__.items() if n not in usual and type(n) is str and _is_plain(v)}
    error = record.exc_info[1] if type(record.exc_info) is tuple else None
    if isinstance(error, BaseException):
        told["error"] = encode(error)
        told["trace"] = _formatted(record)
    if type(record.stack_info) is str:
        told["stack"] = record.stack_info
    return told


def record_of(told: dict[str, Any], decode: Callable[[Any], Any]) -> Any:
    """A new record that says it. Raises `ValueError`, `TypeError`, `KeyError` for what is none."""
    import logging

    args = told["args"]
    error = decode(told["error"]) if told.get("error") is not None else None
    made = logging.LogRecord(
        str(told["name"]),
        int(told["levelno"]),
        str(told.get("pathname", "")),
        int(told.get("lineno") or 0),
        str(told["msg"]),
        tuple(args) if type(args) is list else ({} if args is None else args,) if type(args) is dict else None,
        (type(error), error, error.__traceback__) if isinstance(error, BaseException) else None,
        str(told.get("funcName", "")),
        told["stack"] if type(told.get("stack")) is str else None,
    )
    for name in _SETTABLE & told.keys():
        setattr(made, name, told[name])
    if type(told.get("trace")) is str and made.exc_info:
        made.exc_text = told["trace"]
    for name, value in told["extra"].items():
        if name.isidentifier() and not name.startswith("_") and not hasattr(made, name):  # nothing of a record's own
            setattr(made, name, value)
    return made


def _formatted(record: Any) -> str:
    import logging

    return logging.Formatter().formatException(record.exc_info)


def _all_plain(values: tuple[Any, ...]) -> bool:
    return len(values) <= _MOST_PARTS and all(map(_is_plain, values))


def _is_plain(value: Any, depth: int = 3) -> bool:
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is int:
        return bool(-_LARGEST < value < _LARGEST)
    if depth == 0 or kind not in (list, dict) or len(value) > _MOST_PARTS:
        return False
    if kind is dict:
        return all(type(k) is str and _is_plain(v, depth - 1) for k, v in value.items())
    return all(_is_plain(each, depth - 1) for each in value)


class Levels:
    """Which loggers log what, followed in both directions."""

    def __init__(self) -> None:
        self._known: dict[str, list[Any]] = {"": [30, True, 0]}
        self._waiting: dict[str, list[Any]] = {}  # until this side has `logging`

    def changed(self) -> dict[str, list[Any]]:
        """Name → [level, propagates] of what is no longer as it was; "" is the root, with what is disabled."""
        logging = _loaded()
        if logging is None:
            return {}
        now = {"": [logging.root.level, logging.root.propagate, logging.root.manager.disable]}
        for name, logger in [*logging.root.manager.loggerDict.items()][:_MOST_LOGGERS]:
            if isinstance(logger, logging.Logger):
                now[name] = [logger.level, bool(logger.propagate)]
        found = {name: each for name, each in now.items() if self._known.get(name, [0, True]) != each}
        self._known.update(now)
        return {name: each for name, each in found.items() if all(type(part) in (int, bool) for part in each)}

    def hear(self, told: dict[str, list[Any]]) -> None:
        """Raises `ValueError` and `TypeError` for what are no levels."""
        for name, each in told.items():
            if len(self._waiting) < _MOST_LOGGERS:
                self._waiting[str(name)] = [int(each[0]), bool(each[1]), *(map(int, each[2:3]))]
        self.settle()

    def settle(self) -> None:
        logging = _loaded()
        if logging is None:
            return
        for name, each in self._waiting.items():
            logger = logging.getLogger(name) if name else logging.root
            if logger.level != each[0]:
                logger.setLevel(each[0])
            logger.propagate = each[1]
            if not name and len(each) > 2:
                logging.disable(each[2])
            self._known[name] = [logger.level, logger.propagate, *each[2:3]]
        self._waiting.clear()


def _loaded() -> Any:
    """`logging`, where this side has it, wholly; loading it for all would cost more than it is worth."""
    logging = sys.modules.get("logging")
    return logging if logging is not None and hasattr(logging, "root") and hasattr(logging, "disable") else None


def forward_records(logged: list[Any], encode: Callable[[Any], Any]) -> bool:
    """From now on every record of this side's is also put into `logged`. False: there is nothing yet that logs."""
    logging = _loaded()
    if logging is None:
        return False
    call_handlers = logging.Logger.callHandlers

    def forwarding(self: Any, record: Any) -> None:
        if _is_registered(logging, self) and len(logged) < MOST_RECORDS:
            try:
                logged.append(told_record(record, encode))
            except Exception:  # the boundary: arguments that do not fit their text; handlers say so
                logging.Handler.handleError(logging.Handler(), record)
        if any(True for _ in _handlers(self)):
            call_handlers(self, record)  # without any, those of the other side are not the last resort's business

    global _forwards_records
    _forwards_records = True
    logging.Logger.callHandlers = forwarding  # type: ignore[method-assign]
    return True


def _handlers(logger: Any) -> Any:
    each = logger
    while each is not None:
        yield from each.handlers
        each = each.parent if each.propagate else None


def _is_registered(logging: Any, logger: Any) -> bool:
    return logger is logging.root or logging.root.manager.loggerDict.get(logger.name) is logger


def is_known(value: Any, kind: type) -> bool:
    """Whether it is a logger, no stand-in of one, that either side's `logging.getLogger` gives for its name. One that
    the candidate gave handlers stays with them, as an object of its own."""
    logging = _loaded()
    if logging is None or kind not in (logging.Logger, logging.RootLogger):
        return False
    return _is_registered(logging, value) and not (_forwards_records and value.handlers)


def is_record(kind: type) -> bool:
    logging = _loaded()
    return logging is not None and kind is logging.LogRecord


def handle(told: list[Any], decode: Callable[[Any], Any]) -> None:
    """Records of the other side, as if they had been made here."""
    import logging

    for each in told:
        try:
            record = record_of(each, decode)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise Malformed(f"no record of a log: {error}"[:300]) from None
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)
