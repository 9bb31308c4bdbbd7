"""The log on standard error: one JSON object on each line, or plain lines on a terminal, without secrets.

The loggers of libraries write to it too, so `redact` sees every line that this process logs.

The text of an error is never logged, since it may quote a comment or a user ID. The log has the type of an
error and the places in the code that it passed.
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
from structlog.contextvars import merge_contextvars
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
_ID, _LOGGED = "userlane_error_id", "userlane_noted"

log = structlog.get_logger("userlane.logs")

Event = MutableMapping[str, Any]


def configure(*, quiet: bool = False) -> None:
    """Send the log of this process to standard error, from the level in `USERLANE_LOG_LEVEL` (default: info).

    Exceptions that nobody catches are logged too. May be called again.

    Args:
        quiet: Log nothing unless the variable is set. For commands, which have messages of their own.

    Raises:
        SettingsUnusable: The variable is not the name of a level.
    """
    level = _read_level(os.environ.get(SETTING, ""))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter],
        logger_factory=logging.getLogger,
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _StandardErrorHandler)]:
        root.removeHandler(earlier)
    root.addHandler(_StandardErrorHandler(level or (_SILENT if quiet else logging.INFO)))
    if level or not quiet:
        root.setLevel(level or logging.INFO)
    if not quiet:
        _capture_all_output()


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """Remove secrets from a log event; the last step before it is written, and the only place that does so.

    “…” replaces every token of this process, however escaped; the word after `Bearer`; user names, queries
    and fragments of addresses; and values under keys such as `authorization`, `cookie` or `api_key`, at any
    depth. Exceptions become their types. The result has only texts, numbers, lists and objects of bounded
    size.
    """
    return _redact_mapping(event, _DEEPEST)


def log_error(error: BaseException, **about: object) -> str:
    """Log an error the first time it is seen, with the values `about` it; return its ID for the screen."""
    identity = error_id(error)
    if _LOGGED not in vars(error):
        vars(error)[_LOGGED] = True
        if not isinstance(error, UserlaneError):
            log.error("unexpected error", error_id=identity, exc_info=error, **about)
            return identity
        # The text is not logged: it may quote user input, the API, or a record.
        about = {"error": type(error).__name__, **about}
        if error.status is not None:
            about["status"] = error.status
        if isinstance(error, InputUnusable):
            log.info("input refused", error_id=identity, **about)
        else:
            log.warning("load failed", error_id=identity, **about)
    return identity


def error_id(error: BaseException) -> str:
    """Return the ID of an error and of the errors it causes: 8 characters, on screen and in the log."""
    origin = error
    for _ in range(_DEEPEST):
        origin = origin.__cause__ or origin
    identity: str = vars(origin).setdefault(_ID, secrets.token_hex(4))
    return identity


class _StandardErrorHandler(logging.Handler):
    """Writes to the current `sys.stderr`."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
        if sys.stderr.isatty():
            renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        steps = [_describe_record, merge_contextvars, _describe_exception, redact, renderer]
        self.setFormatter(ProcessorFormatter(processors=steps))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(_without_error_texts(record))
        except Exception as error:  # noqa: BLE001  # the default handling would print the record unredacted
            line = f'{{"event": "a line could not be logged", "error": "{type(error).__name__}"}}'
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _without_error_texts(record: logging.LogRecord) -> logging.LogRecord:
    """Return the record with the types of exceptions in place of exceptions in its message."""
    given = record.args
    if not isinstance(given, tuple) or not any(isinstance(each, BaseException) for each in given):
        return record
    changed = copy(record)
    changed.args = tuple(_type_name(each) if isinstance(each, BaseException) else each for each in given)
    return changed


class _RootLogger(logging.Logger):
    """A logger whose records go to the handlers of the root logger, whatever handlers its library adds."""

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        logging.getLogger().callHandlers(record)


def _capture_all_output() -> None:
    """Send everything to the log that would go to standard error without it."""
    logging.setLoggerClass(_RootLogger)
    for each in logging.root.manager.loggerDict.values():
        if type(each) is logging.Logger:
            each.__class__ = _RootLogger
    logging.captureWarnings(True)
    sys.excepthook = lambda _kind, error, _trace: _log_uncaught(error)
    sys.unraisablehook = lambda unraisable: _log_uncaught(unraisable.exc_value)
    threading.excepthook = lambda failed: _log_uncaught(failed.exc_value)


def _log_uncaught(error: BaseException | None) -> None:
    if isinstance(error, Exception):
        log_error(error)


def _read_level(text: str) -> int | None:
    name = text.strip().lower()
    if name and name not in LEVELS:
        raise SettingsUnusable(f"{SETTING}: “{text}” is not a level.", f"It is one of {', '.join(LEVELS)}.")
    return logging.getLevelNamesMapping()[name.upper()] if name else None


def _describe_record(_logger: Any, _method: str, event: Event) -> Event:
    record = event.pop("_record")
    del event["_from_structlog"]
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    first = {"time": at, "level": record.levelname.lower(), "event": event.pop("event")}
    return {**first, "logger": record.name, **event}


def _describe_exception(_logger: Any, _method: str, event: Event) -> Event:
    """Replace an exception by its ID and the places it passed, without its text and values of variables."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error_id"] = error_id(error)
        event["exception"] = "\n".join(_exception_lines(error, _DEEPEST))
    return event


def _exception_lines(error: BaseException, depth: int) -> Iterator[str]:
    """Yield frames and types of the errors that led to `error`, the first one first, then of itself."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if depth and earlier is not None:
        yield from _exception_lines(earlier, depth - 1)
    if depth and isinstance(error, BaseExceptionGroup):
        for each in error.exceptions[:_DEEPEST]:
            yield from _exception_lines(each, depth - 1)
    for frame, line in islice(traceback.walk_tb(error.__traceback__), _WIDEST):
        yield f'  File "{frame.f_code.co_filename}", line {line}, in {frame.f_code.co_name}'
    yield _type_name(error)


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _redact_mapping(mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    return {
        _redact_text(str(key)): _CUT if _SECRET_KEY.search(str(key)) else _redact_value(value, depth - 1)
        for key, value in islice(mapping.items(), _WIDEST)
    }


def _redact_value(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value if _redact_text(str(value)) == str(value) else _CUT
    if isinstance(value, BaseException):
        value = _type_name(value)
    if isinstance(value, bytes | bytearray):
        value = value.decode(errors="backslashreplace")
    if isinstance(value, str):
        return _redact_text(value)
    if depth and isinstance(value, Mapping):
        return _redact_mapping(value, depth)
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_redact_value(each, depth - 1) for each in islice(value, _WIDEST)]
    return _redact_text(_safe_repr(value))


def _safe_repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001  # what cannot say what it is must not stop the line
        return f"{type(value).__name__} whose repr raises {type(error).__name__}"


def _redact_text(text: str) -> str:
    text = _BEARER.sub(rf"\1 {_CUT}", remove_tokens(text))
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} {_CUT} {text[-half:]}"
    return _RUN.sub(lambda run: _redact_address(run[0]), text).translate(_CONTROL)


def _redact_address(run: str) -> str:
    """Remove user name, query and fragment of a web address; other text stays as it is."""
    start = next((at for at, sign in enumerate(run) if sign in "?#"), len(run))
    place = run[:start]
    if "/" not in place:
        return run
    scheme, slashes, rest = place.partition("://")
    authority, slash, path = rest.partition("/")
    host = f"{_CUT}@{authority.rpartition('@')[2]}" if "@" in authority else authority
    cut = run[start] + _CUT if len(run) > start + 1 else run[start:]
    return f"{scheme}{slashes}{host}{slash}{path}{cut}"
