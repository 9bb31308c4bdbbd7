"""The findings of a check, as data for the screen and as text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from urllib.parse import quote

from userlane.contract import NAMES, DatasetName, Window
from userlane.contract.pagination import NO_INFO, PaginationInfo
from userlane.formatting import format_count, format_number

CLOCK_SECONDS = 60.0
"""A larger difference between the clocks is a problem."""

_TITLES = {**NAMES, "surveys": "Surveys"}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem and the next step, in a sentence or two each."""

    cause: str
    next_step: str


@dataclass(slots=True)
class Check:
    """The findings for one API, filled in while requests are sent.

    Attributes:
        dataset: The API.
        survey_id: The survey, for surveys.
        url: A pattern of the address, without the token.
        requests: The number of requests sent.
        status: The HTTP status of the last response; None without a response.
        seconds: The time until the last response.
        clock_ahead: By how many seconds the API's clock is ahead of this machine's.
        envelope: The key path of the list of records: "" for a bare list, None if no record was seen.
        fields: Canonical names with their keys.
        not_found: Canonical names without a key.
        first_page: The number of the first page; None if unknown.
        declared: What the API says about totals and further pages.
        records: The number of records of the last 7 days; None if unknown.
        at_least: Whether there may be more than `records`.
        notes: Sentences that are worth knowing but are no problems.
        problems: The problems.
        refused: Whether the API refused the token or its rights.
    """

    dataset: DatasetName
    survey_id: str | None
    url: str
    requests: int = 0
    status: int | None = None
    seconds: float | None = None
    clock_ahead: float | None = None
    envelope: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    not_found: tuple[str, ...] = ()
    first_page: int | None = None
    declared: PaginationInfo = NO_INFO
    records: int | None = None
    at_least: bool = False
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    refused: bool = False

    @property
    def title(self) -> str:
        """The name of the API, with the ID of the survey."""
        return f"{_TITLES[self.dataset]} {self.survey_id or ''}".strip()

    def lines(self) -> Iterator[tuple[str, str]]:
        """Each finding as a label and its text."""
        requests = format_count(self.requests, "request")
        yield "address", f"GET {self.url}"
        if self.status is None or self.seconds is None:
            yield "answer", f"none ({requests})"
        else:
            yield "answer", f"{self.status} after {_duration(self.seconds)} ({requests})"
        if self.envelope is not None:
            pages = "cannot be told from so few" if self.first_page is None else str(self.first_page)
            yield "envelope", self.envelope or "none, a bare list"
            yield "fields", ", ".join(f"{name} ← {key}" for name, key in self.fields)
            if self.not_found:
                yield "not found", ", ".join(self.not_found)
            yield "first page", pages
            yield "declares", _describe_pagination(self.declared)
        if self.records is not None:
            yield (
                "records",
                f"{'at least ' if self.at_least else ''}{format_number(self.records)} in the last 7 days",
            )
        yield from (("note", note) for note in self.notes)


@dataclass(frozen=True, slots=True)
class Report:
    """The findings for all APIs.

    `token_header` is the header with “…” in place of the token. `clock_ahead` is by how many seconds the
    API's clock is ahead of this machine's, None if the API does not send its time.
    """

    property_id: str
    made_at: datetime
    window: Window
    timezone: str
    token_header: str
    checks: tuple[Check, ...]
    clock_ahead: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, each once."""
        found = chain.from_iterable(check.problems for check in self.checks)
        return tuple(dict.fromkeys((*found, *self._clock_problems)))

    @property
    def exit_code(self) -> int:
        """The exit code: 0 without problems, 4 if the token or its rights are refused, else 5."""
        if any(check.refused for check in self.checks):
            return 4
        return 5 if self.problems else 0

    def text(self) -> str:
        """The report as plain text."""
        lines = [
            f"Userlane connection, checked {self.made_at:%Y-%m-%d %H:%M} UTC",
            f"Property {self.property_id}, {self.window.describe()} in {self.timezone}",
            f"Token sent as {self.token_header}",
        ]
        for check in self.checks:
            lines += ["", f"{check.title}: {_verdict(check.problems)}"]
            lines += [f"  {label:<11} {words}" for label, words in check.lines()]
            lines += _problem_lines(check.problems)
        lines += ["", f"Clock: {self.describe_clocks()}", *_problem_lines(self._clock_problems)]
        lines += [f"Note: {note}" for note in self.notes]
        lines += ["", f"Result: {_verdict(self.problems)}"]
        return "\n".join(lines) + "\n"

    def describe_clocks(self) -> str:
        """Describe the difference between the clocks."""
        if self.clock_ahead is None:
            return "the API does not show its time"
        seconds = round(abs(self.clock_ahead))
        where = "ahead of" if self.clock_ahead > 0 else "behind"
        return (
            f"the API's is {format_number(seconds)} s {where} this machine's" if seconds > 1 else "the same"
        )

    @property
    def _clock_problems(self) -> tuple[Problem, ...]:
        if self.clock_ahead is None or abs(self.clock_ahead) <= CLOCK_SECONDS:
            return ()
        step = "Set this machine's clock, best by a time server (NTP)."
        return (Problem(f"The clocks differ: {self.describe_clocks()}.", step),)


def mask(text: str, secret: str) -> str:
    """Return `text` as one line of printable characters, with “…” in place of `secret`."""
    for written in (secret, quote(secret, safe="")):
        text = text.replace(written, "…")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _verdict(problems: tuple[Problem, ...]) -> str:
    return format_count(len(problems), "problem") if problems else "all well"


def _problem_lines(problems: Iterable[Problem]) -> list[str]:
    return [line for each in problems for line in (f"  ! {each.cause}", f"    → {each.next_step}")]


def _describe_pagination(declared: PaginationInfo) -> str:
    said = []
    if declared.total is not None:
        said.append(f"{format_number(declared.total)} records")
    if declared.pages is not None:
        said.append(format_count(declared.pages, "page"))
    if declared.more is not None:
        said.append("whether more follow")
    return ", ".join(said) or "nothing about further pages"
