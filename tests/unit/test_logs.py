"""The log leads from an error ID to its cause, and no token ever gets into it."""

import base64
import json
import logging
import os
import re
import secrets
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import click
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tests import secret_search
from tests.stand_in import UNHURRIED
from userlane import errors, logs
from userlane.__main__ import commands
from userlane.cli.console import Command
from userlane.contract import Token
from userlane.contract.connection import remove_tokens
from userlane.errors import ServerFailed, SettingsUnusable, UploadRefused, UserlaneError

ROOT = Path(__file__).parents[2]
SECRET = "sentinel+4f2a/b7=Zq"
HELD = Token(SECRET)

log = structlog.get_logger("userlane.tests")


class Lines:
    """What goes to standard error, line by line."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def text(self) -> str:
        """What was written since the last look."""
        return self._captured.readouterr().err

    def taken(self) -> list[dict[str, Any]]:
        """The same, decoded."""
        return [json.loads(line) for line in self.text().splitlines()]


@contextmanager
def logging_on(*, quiet: bool = False, level: str = "") -> Iterator[None]:
    """The log set up as a process does it; afterwards all is as it was."""
    root = logging.getLogger()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(logs.SETTING, level)
        for owner, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
            patch.setattr(owner, name, getattr(owner, name))
        before = root.level, root.handlers[:], logging.getLoggerClass(), structlog.get_config()
        classes = {
            each: each.__class__
            for each in root.manager.loggerDict.values()
            if isinstance(each, logging.Logger)
        }
        try:
            logs.configure(quiet=quiet)
            root.handlers[:] = [each for each in root.handlers if each not in before[1]]  # not the tests' own
            yield
        finally:
            root.setLevel(before[0])
            root.handlers[:] = before[1]
            logging.setLoggerClass(before[2])
            structlog.configure(**before[3])
            structlog.contextvars.clear_contextvars()
            logging.captureWarnings(False)
            for each, kind in classes.items():
                each.__class__ = kind


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What this process says on standard error."""
    return Lines(capsys)


@pytest.fixture
def lines(said: Lines) -> Iterator[Lines]:
    """A server's log."""
    with logging_on():
        yield said


ESCAPES: tuple[Callable[[str], str], ...] = (
    str,
    repr,
    json.dumps,
    quote,
    lambda text: quote(text, safe=""),
    lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text, safe="")),
    lambda text: "".join(f"%{ord(sign):02x}" for sign in text),
    lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    lambda text: f"https://user:{text}@api.example/path?token={text}#{text}",
    lambda text: f"Authorization: Bearer {text}",
)
TOKENS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40)


class Wrapped:
    """An object that shows what it holds."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __repr__(self) -> str:
        return f"<Wrapped {self.held!r}>"


def nested(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = leaf.filter(lambda each: isinstance(each, str))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.tuples(inner, inner),
            st.dictionaries(keys, inner, max_size=3),
            inner.map(Wrapped),
            inner.map(lambda each: ValueError(each, "told")),
        ),
        max_leaves=6,
    )


@st.composite
def leaves(draw: st.DrawFn, secret: str) -> Any:
    """A text with the secret in it, escaped up to twice; sometimes as bytes."""
    text = secret
    for escape in draw(st.lists(st.sampled_from(ESCAPES), max_size=2)):
        text = escape(text)
    text = draw(st.sampled_from(("", "before ", "x=", "(", '{"a": '))) + text
    text += draw(st.sampled_from(("", ".", " after")))
    return text.encode() if draw(st.booleans()) else text


def texts(value: Any) -> Iterator[str]:
    """Every text in a decoded line, names included."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    else:
        yield str(value)


def readings(text: str) -> set[str]:
    """A text, and what it turns into for a reader who undoes escapes."""
    found = {text}
    for _ in range(3):
        found |= {unquote(each) for each in found}
        found |= {re.sub(r"\\u00(..)", lambda code: chr(int(code[1], 16)), each) for each in found}
        found |= {each.replace("\\", "") for each in found}
    return found


def test_whatever_is_logged_no_token_comes_out(said: Lines) -> None:
    """As event, name or value, at any depth, in any escaping, in exceptions and in what caused them."""
    tried = 0

    @UNHURRIED
    @given(st.data(), TOKENS)
    def holds(data: st.DataObject, typed: str) -> None:
        nonlocal tried
        held = Token(f"a{typed}z")
        secret = held.header("")
        event, value = data.draw(leaves(secret)), data.draw(nested(leaves(secret)))
        log.info(str(event), value=value, **{str(event): [value]})
        logging.getLogger("library").warning("it says %s and %r", event, value)
        cause, failure = KeyError(value), RuntimeError(str(value), event)
        cause.add_note(str(event))
        failure.__cause__ = cause
        log.error("failed", exc_info=failure)
        logs.log_error(failure)
        written = said.taken()
        assert len(written) == 4
        seen = set().union(*map(readings, texts(written)))
        assert not any(secret in each or secret.replace("\\", "") in each for each in seen)
        tried += 1

    with logging_on(level="debug"):
        holds()
    assert tried > 50


@pytest.mark.parametrize("escape", ESCAPES)
def test_the_look_for_tokens_finds_one_that_came_out(escape: Callable[[str], str]) -> None:
    """The property above would fail if the log wrote what it is given."""
    line = json.dumps({"event": f"before {escape(SECRET)} after"})
    assert any(SECRET in each for text in texts(json.loads(line)) for each in readings(text))


@pytest.mark.parametrize("form", secret_search.forms(SECRET))
def test_the_sweep_finds_a_planted_secret_in_every_form(form: str) -> None:
    """Whatever stands around it."""
    planted = b"begin\x00" + secret_search.forms(SECRET)[form] + b"\xffend"
    assert f"place: {form}" in secret_search.found(SECRET, {"place": planted, "other": b"nothing"})


@pytest.mark.parametrize("around", range(6))
def test_the_sweep_finds_a_secret_within_encoded_text(around: int) -> None:
    """Base64 and hex of more than the secret, wherever in it the secret stands."""
    text = b"x" * around + SECRET.encode() + b"y" * (7 - around)
    for encoded in (base64.b64encode(text), base64.urlsafe_b64encode(text), text.hex().encode()):
        assert secret_search.found(SECRET, {"place": encoded})


@pytest.mark.parametrize("between", ["\x1b[1;32m", "\\", "\u2060"])
def test_the_sweep_finds_a_secret_that_is_coloured_or_kept_from_being_markdown(between: str) -> None:
    assert secret_search.found(SECRET, {"place": between.join(SECRET)})


def test_tokens_are_known_as_long_as_somebody_holds_them() -> None:
    """Each of several equal ones on its own; a token that is gone is no longer looked for."""
    first, second = Token("made-up-once-1b"), Token("made-up-once-1b")
    del first
    assert remove_tokens("a made-up-once-1b") == "a …"
    del second
    assert remove_tokens("a made-up-once-1b") == "a made-up-once-1b"


def test_a_short_text_given_as_a_token_does_not_blank_out_the_log() -> None:
    """Whoever types “e” for a token changes nothing for others."""
    held = Token("e")
    assert remove_tokens("the event") == "the event"
    assert held.header("") == "e"


def test_a_token_of_digits_does_not_come_out_as_a_number(lines: Lines) -> None:
    held = Token("20260401123456")
    log.info("numbers", count=20260401123456, share=0.25, rows=7, day=float(held.header("")))
    (line,) = lines.taken()
    assert (line["count"], line["share"], line["rows"]) == ("…", 0.25, 7)
    assert "20260401123456" not in json.dumps(line)


def test_secrets_that_are_no_token_of_ours_are_cut_by_what_stands_before_them(lines: Lines) -> None:
    """Headers, cookies and keys by name; what follows `Bearer`; user, query and fragment of a URL."""
    log.info(
        "https://me:hunter2@api.example:8443/v1/nps?key=hunter2&page=1 then /v1?a=hunter2 or /v1#hunter2",
        headers={"Authorization": "hunter2", "X-Api-Key": ["hunter2"], "Set-Cookie": "hunter2"},
        deep=[{"a": ({"client_secret": {"x": "hunter2"}, "password": b"hunter2", "apiKey": "hunter2"},)}],
        said="it was sent with Bearer hunter2-and-more, bearer%20hunter2",
    )
    text = lines.text()
    assert "hunter2" not in text
    assert "https://…@api.example:8443/v1/nps?… then /v1?… or /v1#…" in text


def test_what_an_operator_needs_stays_readable(lines: Lines) -> None:
    """Redaction leaves words, paths, questions, dates, counts and hosts alone."""
    log.warning(
        "load failed", host="api.example", window="2026-04-01", records=1200, why="Is it up? Yes/no? #1"
    )
    (line,) = lines.taken()
    assert line["event"] == "load failed"
    assert (line["host"], line["window"], line["records"]) == ("api.example", "2026-04-01", 1200)
    assert line["why"] == "Is it up? Yes/no? #1"
    assert (line["level"], line["logger"]) == ("warning", "userlane.tests")
    assert line["time"].endswith("+00:00")


def test_a_line_is_bounded_and_ends_where_it_ends(lines: Lines) -> None:
    """A comment of megabytes, a list without end in sight, a structure within itself, control characters."""
    endless: list[Any] = []
    endless.append(endless)
    log.info("x\r\x1b[2Jy\nz", comment="c" * 5_000_000, many=list(range(10_000)), endless=endless)
    text = lines.text()
    assert len(text) < 30_000
    assert text.count("\n") == 1
    assert json.loads(text)["event"] == "x  [2Jy\nz"


def test_a_record_that_cannot_be_formatted_is_not_printed_as_it_is(said: Lines) -> None:
    """The library's own way out would print its arguments."""
    with logging_on():
        logging.getLogger("library").warning("%d", SECRET)
    (line,) = said.taken()
    assert line == {"event": "a line could not be logged", "error": "TypeError"}


def test_an_object_that_cannot_say_what_it_is_stops_nothing(said: Lines) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise ValueError(SECRET)

    with logging_on():
        log.info("it goes on", value=Broken())
    assert said.taken()[0]["value"] == "Broken whose repr raises ValueError"


def test_an_error_is_logged_once_with_its_traceback_and_keeps_its_id(lines: Lines) -> None:
    """Eight signs, the same for the error it causes elsewhere; another error has others. No variables."""
    try:
        hidden = 17_000_000 + 1
        int(str(hidden)[:0])
    except ValueError as error:
        first = error
    on_top = LookupError("on top")
    on_top.__cause__ = first
    identity = logs.log_error(first)
    assert [logs.log_error(first), logs.error_id(on_top)] == [identity, identity]
    (line,) = lines.taken()
    assert line["error_id"] == identity
    assert len(identity) == 8
    assert "test_logs.py" in line["exception"]
    assert "17000001" not in line["exception"]
    assert logs.log_error(ValueError("again")) != identity


def test_known_errors_are_logged_by_their_kind_and_never_in_their_words(lines: Lines) -> None:
    """With what is known about them: those words quote the API, a record or what was typed."""
    failed = ServerFailed("The API failed (500): no Alice.", "Load again.")
    failed.status = 500
    logs.log_error(failed, dataset="nps")
    logs.log_error(UploadRefused("Line 7: “Alice” is no tag ID.", "Mend it."))
    first, second = lines.taken()
    assert (first["level"], first["error"], first["dataset"], first["status"]) == (
        *("warning", "ServerFailed"),
        *("nps", 500),
    )
    assert (second["level"], second["error"]) == ("info", "UploadRefused")
    assert "Alice" not in json.dumps([first, second], ensure_ascii=False)


COMMENT, USER = "sentinel: the tour is too long", "sentinel-user-00017"


def _misunderstood() -> None:
    """Fail as pandas and the decoder do: in words that quote a record."""
    try:
        float(COMMENT)
    except ValueError as error:
        error.add_note(f"in the record of {USER}")
        raise LookupError(USER) from error


def _grouped() -> None:
    try:
        _misunderstood()
    except LookupError as error:
        raise ExceptionGroup(COMMENT, [error, KeyError(USER)]) from None


@pytest.mark.parametrize("fail", [_misunderstood, _grouped])
@pytest.mark.parametrize("terminal", [False, True])
def test_no_comment_and_no_user_id_that_an_error_quotes_gets_into_the_log(
    fail: Callable[[], None], *, terminal: bool, said: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The types and the places are there, by which a defect is found."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with logging_on():
        try:
            fail()
        except Exception as error:
            logs.log_error(error)
            log.exception("it failed", value=error, deep=[{"values": (error,)}])
            logging.getLogger("library").warning("it failed: %s and %r", error, error, exc_info=error)
        text = said.text()
    assert COMMENT not in text
    assert USER not in text
    assert text.count("ValueError") >= 3
    assert text.count("in _misunderstood") >= 3
    assert "test_logs.py" in text
    assert "LookupError" in text


OURS = [
    kind
    for kind in vars(errors).values()
    # A long load has no words but its own.
    if isinstance(kind, type) and issubclass(kind, UserlaneError) and kind is not errors.ConsentNeeded
]


@pytest.mark.parametrize("kind", OURS)
def test_no_error_of_ours_gets_its_words_into_the_log(kind: type[UserlaneError], lines: Lines) -> None:
    logs.log_error(kind(f"The API said: {COMMENT}.", f"Look at {USER}."))
    log.warning("noticed", exc_info=kind(f"The API said: {COMMENT}."), value=kind(USER))
    text = lines.text()
    assert text.count(kind.__name__) == 3
    assert "sentinel" not in text


def test_the_log_says_on_whose_page_it_was(lines: Lines) -> None:
    """What is bound to the thread is in our lines and in those of libraries."""
    structlog.contextvars.bind_contextvars(page="NPS", visitor="0a1b2c3d")
    log.info("ours")
    logging.getLogger("library").warning("theirs")
    assert [(line["page"], line["visitor"]) for line in lines.taken()] == [("NPS", "0a1b2c3d")] * 2


def test_libraries_with_handlers_of_their_own_are_heard_once_and_redacted(said: Lines) -> None:
    """Those that exist already, and those that come later and close themselves off."""

    def closed_off(name: str) -> logging.Logger:
        library = logging.getLogger(name)
        library.propagate = False
        library.addHandler(logging.StreamHandler(sys.stderr))
        return library

    name = secrets.token_hex(4)
    early = closed_off(f"early-{name}")
    with logging_on():
        for library in (early, closed_off(f"late-{name}")):
            library.error("sent %s", SECRET)
        assert [line["event"] for line in said.taken()] == ["sent …", "sent …"]


def test_what_nobody_catches_goes_through_the_log(lines: Lines) -> None:
    """In a thread, in the main one, in a finaliser; and warnings."""

    class Finalised:
        def __del__(self) -> None:
            raise ValueError(SECRET)

    def fail() -> None:
        raise RuntimeError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError(SECRET), None)
    Finalised()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.configure()  # the block above has put the warnings' own way of speaking back
        warnings.warn(SECRET, stacklevel=1)
    written = lines.taken()
    assert [line["level"] for line in written] == ["error", "error", "error", "warning"]
    assert SECRET not in json.dumps(written)


def test_on_a_terminal_the_lines_are_plain_and_as_clean(said: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with logging_on():
        log.error("sent to", host="api.example", header=SECRET, exc_info=ValueError(SECRET))
    text = said.text()
    assert not text.startswith("{")
    assert "api.example" in text
    assert "ValueError" in text
    assert secret_search.found(SECRET, {"terminal": text}) == []


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("", ["info", "warning", "error"]),
        ("debug", ["debug", "info", "warning", "error"]),
        (" ERROR ", ["error"]),
    ],
)
def test_the_level_is_the_variables(level: str, heard: list[str], said: Lines) -> None:
    with logging_on(level=level):
        for name in logs.LEVELS:
            getattr(log, name)("event")
            getattr(logging.getLogger("library"), name)("event")
        written = [line["level"] for line in said.taken()]
    assert written == [name for name in heard for _ in range(2)]


def test_a_level_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(SettingsUnusable, match="USERLANE_LOG_LEVEL: “loud”"), logging_on(level="loud"):
        pass


def test_a_quiet_process_logs_nothing_until_it_is_asked_to(said: Lines) -> None:
    with logging_on(quiet=True):
        log.error("event")
        logging.getLogger("library").error("event")
        assert said.taken() == []
    with logging_on(quiet=True, level="warning"):
        log.error("event")
        assert len(said.taken()) == 1


def test_every_command_is_quiet() -> None:
    """A command of another kind would log to standard output, into the data."""
    every = list(commands.commands.values())
    for each in every:
        every += each.commands.values() if isinstance(each, click.Group) else ()
    assert {type(each) for each in every if not isinstance(each, click.Group)} == {Command}


DEFECT = """
import sys
from userlane import __main__, export
from userlane.contract import Token
held = Token(sys.argv.pop())
def broken(*_arguments):
    raise ValueError(held.header("Bearer"))
export.write_records = broken
sys.exit(__main__.main())
"""


@pytest.mark.parametrize("level", ["", "debug"])
def test_a_defect_in_a_command_is_one_line_and_a_traceback_only_on_request(
    level: str, tmp_path: Path
) -> None:
    """The line has the error ID that the log has; standard output stays empty; no token in either."""
    (tmp_path / "nps.json").write_text(
        '[{"id": 1, "userId": "u", "score": 9, "timestamp": "2026-04-01T00:00:00Z"}]'
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("USERLANE_")}
    arguments = ["export", "nps", "--from-file", "nps.json", "--out", "-", SECRET]
    ended = subprocess.run(
        [sys.executable, "-c", DEFECT, *arguments],
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(ROOT), logs.SETTING: level, "USERLANE_STORE": "none"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = ended.stderr.decode()
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert secret_search.found(SECRET, {"standard error": said}) == []
    (line,) = [
        line for line in said.splitlines() if line.startswith("error: This should not happen: ValueError")
    ]
    identity = line.split("error ID ")[1][:8]
    logged = [json.loads(each) for each in said.splitlines() if each.startswith("{")]
    if level:
        (failure,) = [each for each in logged if each["level"] == "error"]
        assert failure["error_id"] == identity
        assert "in broken" in failure["exception"]
    else:
        assert logged == []
        assert said.count("\n") == 1
