"""The log: one JSON object a line on standard error, or plain lines on a terminal, with nothing secret in it.

The loggers of libraries end here too, so `redact` sees every line that this process logs.

An error's own words never get into it: they quote what could not be understood, which may be a comment or a
user ID. Of errors the log has the types, and the places they passed.
"""

import logging
import math
import os
import re
import secrets
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from copy import copy
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter

from userlane.contract.connection import remove_tokens
from userlane.errors import InputUnusable, SettingsUnusable, UserlaneError

SETTING = "USERLANE_LOG_LEVEL"
LEVELS = ("debug", "info", "warning", "error")

_SILENT = logging.CRITICAL + 1
_CUT = "…"
_LONGEST, _WIDEST, _DEEPEST = 20_000, 200, 8
_SECRET_KEY = re.compile(r"authori[sz]ation|token|api.?key|cookie|passw|secret|credential", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer)(?:\s|%20|\+)+[^\s\"',;]+", re.IGNORECASE)
_RUN = re.compile(r"[^\s\"'<>]+")
_CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), " ")
_ID, _NOTED = "userlane_error_id", "userlane_noted"

log = structlog.get_logger("userlane.logs")

Event = MutableMapping[str, Any]


def configure(*, quiet: bool = False) -> None:
    """Send what this process logs to standard error, redacted, from the level in `USERLANE_LOG_LEVEL` on.

    By default that is “info", and failures that nobody catches are logged as well. A `quiet` process, such
    as a command with words of its own, logs nothing unless the variable is set. May be called again.

    Raises `SettingsUnusable` when the variable holds no level.
    """
    level = _level(os.environ.get(SETTING, ""))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter],
        logger_factory=logging.getLogger,
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _StandardError)]:
        root.removeHandler(earlier)
    root.addHandler(_StandardError(level or (_SILENT if quiet else logging.INFO)))
    if level or not quiet:
        root.setLevel(level or logging.INFO)
    if not quiet:
        _take_over()


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """The last step before a line is written; the one place where secrets are taken out.

    “…” replaces every token this process holds, in any escaping; all that follows `Bearer`; user names,
    queries and fragments of addresses; and whatever is kept under a key such as `authorization`, `cookie` or
    `api_key`. That goes for names and values at any depth. Of exceptions the type is left. What is left is
    made of texts, numbers, lists and objects only, each of bounded size.
    """
    return _members(event, _DEEPEST)


def noted(error: BaseException, **about: object) -> str:
    """The ID of an error, for the screen. The first time it is asked for, the error is logged under it, with
    what is known `about` it.
    """
    identity = error_id(error)
    if _NOTED not in vars(error):
        vars(error)[_NOTED] = True
        if not isinstance(error, UserlaneError):
            log.error("unforeseen failure", error_id=identity, exc_info=error, **about)
            return identity
        # Its words may quote what was typed or uploaded, the API, or a record.
        about = {"error": type(error).__name__, **about}
        if error.status is not None:
            about["status"] = error.status
        if isinstance(error, InputUnusable):
            log.info("input refused", error_id=identity, **about)
        else:
            log.warning("load failed", error_id=identity, **about)
    return identity


def error_id(error: BaseException) -> str:
    """Eight signs that lead from the screen to the log: the same for an error and for those it causes."""
    origin = error
    for _ in range(_DEEPEST):
        origin = origin.__cause__ or origin
    identity: str = vars(origin).setdefault(_ID, secrets.token_hex(4))
    return identity


class _StandardError(logging.Handler):
    """Writes to what is standard error at that moment, and never to anything else."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        terminal = sys.stderr.isatty()
        renderer: structlog.typing.Processor = (
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if terminal
            else structlog.processors.JSONRenderer(ensure_ascii=False)
        )
        self.setFormatter(
            ProcessorFormatter(
                processors=[_described, structlog.contextvars.merge_contextvars, _traced, redact, renderer]
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(_wordless(record))
        except Exception as error:  # noqa: BLE001  # logging's own handling would print the record as it is
            line = f'{{"event": "a line could not be logged", "error": "{type(error).__name__}"}}'
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _wordless(record: logging.LogRecord) -> logging.LogRecord:
    """The record; an exception that is part of its message is told by its type."""
    given = record.args
    if not isinstance(given, tuple) or not any(isinstance(each, BaseException) for each in given):
        return record
    changed = copy(record)
    changed.args = tuple(_type(each) if isinstance(each, BaseException) else each for each in given)
    return changed


class _Through(logging.Logger):
    """A logger whose records all go to the root's handlers, whatever handlers its library gives it."""

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        logging.getLogger().callHandlers(record)


def _take_over() -> None:
    """Let everything that would be written to standard error past the log go through it."""
    logging.setLoggerClass(_Through)
    for each in logging.root.manager.loggerDict.values():
        if type(each) is logging.Logger:
            each.__class__ = _Through
    logging.captureWarnings(True)
    sys.excepthook = lambda _kind, error, _trace: _uncaught(error)
    sys.unraisablehook = lambda unraisable: _uncaught(unraisable.exc_value)
    threading.excepthook = lambda failed: _uncaught(failed.exc_value)


def _uncaught(error: BaseException | None) -> None:
    if isinstance(error, Exception):
        noted(error)


def _level(text: str) -> int | None:
    name = text.strip().lower()
    if name and name not in LEVELS:
        raise SettingsUnusable(f"{SETTING}: “{text}” is not a level.", f"It is one of {', '.join(LEVELS)}.")
    return logging.getLevelNamesMapping()[name.upper()] if name else None


def _described(_logger: Any, _method: str, event: Event) -> Event:
    record = event.pop("_record")
    del event["_from_structlog"]
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    first = {"time": at, "level": record.levelname.lower(), "event": event.pop("event")}
    return {**first, "logger": record.name, **event}


def _traced(_logger: Any, _method: str, event: Event) -> Event:
    """An exception as the places it passed, without its words and values of variables, and under its ID."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error_id"] = error_id(error)
        event["exception"] = "\n".join(_places(error, _DEEPEST))
    return event


def _places(error: BaseException, depth: int) -> Iterator[str]:
    """The types of an error and of those that led to it, first things first, each below its frames."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if depth and earlier is not None:
        yield from _places(earlier, depth - 1)
    if depth and isinstance(error, BaseExceptionGroup):
        for each in error.exceptions[:_DEEPEST]:
            yield from _places(each, depth - 1)
    for frame, line in islice(traceback.walk_tb(error.__traceback__), _WIDEST):
        yield f'  File "{frame.f_code.co_filename}", line {line}, in {frame.f_code.co_name}'
    yield _type(error)


def _type(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _members(mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    return {
        _text(str(key)): _CUT if _SECRET_KEY.search(str(key)) else _clean(value, depth - 1)
        for key, value in islice(mapping.items(), _WIDEST)
    }


def _clean(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value if _text(str(value)) == str(value) else _CUT
    if isinstance(value, BaseException):
        value = _type(value)
    if isinstance(value, bytes | bytearray):
        value = value.decode(errors="backslashreplace")
    if isinstance(value, str):
        return _text(value)
    if depth and isinstance(value, Mapping):
        return _members(value, depth)
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_clean(each, depth - 1) for each in islice(value, _WIDEST)]
    return _text(_written(value))


def _written(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001  # what cannot say what it is must not stop the line
        return f"{type(value).__name__} whose repr raises {type(error).__name__}"


def _text(text: str) -> str:
    text = _BEARER.sub(rf"\1 {_CUT}", remove_tokens(text))
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} {_CUT} {text[-half:]}"
    return _RUN.sub(lambda run: _address(run[0]), text).translate(_CONTROL)


def _address(run: str) -> str:
    """A web address without user name, query and fragment; any other run of characters as it is."""
    start = next((at for at, sign in enumerate(run) if sign in "?#"), len(run))
    place = run[:start]
    if "/" not in place:
        return run
    scheme, slashes, rest = place.partition("://")
    authority, slash, path = rest.partition("/")
    host = f"{_CUT}@{authority.rpartition('@')[2]}" if "@" in authority else authority
    cut = run[start] + _CUT if len(run) > start + 1 else run[start:]
    return f"{scheme}{slashes}{host}{slash}{path}{cut}"
