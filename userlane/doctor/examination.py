"""Sends a few requests to each API and interprets the responses."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

from userlane.client import Client, DaemonPool, Exchange, HttpPool, Limits, LoadDeadline, Paginator, Transport
from userlane.contract import ASSUMED, COLUMNS, Connection, DatasetName, Query, Route, Window
from userlane.contract.profile import BASE_URL
from userlane.decode import Decoder, Page
from userlane.decode.envelope import join_path
from userlane.doctor.report import Check, Problem, Report, mask
from userlane.errors import AccessRefused, ServerFailed, UserlaneError
from userlane.formatting import format_number
from userlane.store import notes

LIMITS = Limits(page_seconds=20.0, load_seconds=60.0, tries=1)
"""Each request is sent once, since the report says what happened and does not wait for success."""

MOST_REQUESTS = 4
"""The most requests to each API; the last is for the longer period."""

_RECENT_DAYS = 7
_LONGER_DAYS = 90
_NOT_FROM_RECORDS = frozenset({"bucket", "tag_name", "survey_id"})


def examine(
    connection: Connection,
    property_id: str,
    survey_ids: Sequence[str] = (),
    *,
    timezone: str = "UTC",
    transport: Transport | None = None,
    now: datetime | None = None,
) -> Report:
    """Request the last 7 whole days of a property from every API and report the result.

    Args:
        connection: The API and the token.
        property_id: The property.
        survey_ids: The surveys to check.
        timezone: The time zone of the days.
        transport: Replaces the network in tests.
        now: The current time.

    Returns:
        The report, with failures in it.

    Raises:
        IdentifierUnusable: An ID does not have the form of one.
    """
    now = now or datetime.now(UTC)
    today = now.astimezone(ZoneInfo(timezone)).date()
    window = Window(today - timedelta(days=_RECENT_DAYS), today)
    wanted: list[tuple[DatasetName, str | None]] = [
        ("heart", None),
        ("nps", None),
        *(("surveys", survey_id) for survey_id in survey_ids),
        ("tags", None),
    ]
    queries = [Query(dataset, property_id, window, survey_id, timezone) for dataset, survey_id in wanted]
    http = HttpPool(transport)
    try:
        with DaemonPool(len(queries), "userlane-doctor") as pool:
            jobs = [pool.submit(_Examination(connection, query, http).run) for query in queries]
            checks = tuple(job.result() for job in jobs)
    finally:
        http.close()
    ahead = [check.clock_ahead for check in checks if check.clock_ahead is not None]
    auth = connection.profile.auth
    worth_knowing = {
        "No survey was looked at, because no survey ID was given.": not survey_ids,
        "No API profile is in use: addresses and names are assumed.": connection.profile == ASSUMED,
    }
    return Report(
        property_id,
        now,
        window,
        timezone,
        f"“{auth.header}: {auth.scheme} …”" if auth.scheme else f"“{auth.header}: …”",
        checks,
        median(ahead) if ahead else None,
        tuple(note for note, holds in worth_knowing.items() if holds),
    )


class _RequestsUsedUp(UserlaneError):
    """All requests that this API may get were sent."""


class _Examination:
    """The check of one API: sends the requests and fills `check`."""

    def __init__(self, connection: Connection, query: Query, http: HttpPool) -> None:
        self._query = query
        self._route = connection.profile.route(query.dataset)
        self._exchanges: list[Exchange] = []
        self._client = Client(connection, http, LoadDeadline(LIMITS), listener=self._exchanges.append)
        self._decoder = Decoder(query, self._route.fields)
        self._pages: list[Page] = []
        self._secret = connection.token.header("")
        url = _url_pattern(connection.base_url, self._route)
        self.check = Check(query.dataset, query.survey_id, mask(url, self._secret))

    def run(self) -> Check:
        """Send the requests and return the findings."""
        try:
            self._load_recent_days()
            if not self._pages:
                self._load_longer_period()
        except UserlaneError as error:
            self.check.refused = isinstance(error, AccessRefused)
            self._add_problem(error.cause, error.next_step or "Check the API address and the API profile.")
        self._judge_records()
        self._describe_schema()
        self.check.requests = self._client.requests
        if self._exchanges:
            last = self._exchanges[-1]
            self.check.status, self.check.seconds = last.status, last.seconds
            self.check.clock_ahead = last.clock_ahead
        return self.check

    def _load_recent_days(self) -> None:
        """Load the last 7 days, including page 0 whatever the profile says, since it may have records."""
        paginator = self._paginate("auto")
        try:
            self._load_pages(paginator)
        except ServerFailed:
            if self._client.requests > 1:
                raise
            paginator = self._paginate(1)
            self._load_pages(paginator)
            if self._pages and self._route.first_page != 1:
                self._add_problem(
                    "The API fails when asked for page 0, and answers page 1.",
                    self._profile_hint("first_page = 1"),
                )
        self.check.first_page = paginator.base
        if paginator.base is not None and self._route.first_page not in {"auto", paginator.base}:
            self._add_problem(
                f"Pages begin with {paginator.base}, and the API profile says {self._route.first_page}.",
                self._profile_hint(f"first_page = {paginator.base}"),
            )
        if paginator.reason:
            hint = self._profile_hint("page = the name the API has for it")
            again = "Check again in a while; if it stays so, ask Userlane's support."
            self._add_problem(paginator.reason, hint if paginator.ends_load else again)

    def _load_pages(self, paginator: Paginator[Page]) -> None:
        """Load and count the records as far as the requests last."""
        try:
            for page in paginator:
                self._pages.append(page)
                self.check.declared = page.declared
        except _RequestsUsedUp:
            self.check.at_least = True
        records = sum(page.records for page in self._pages)
        total = self.check.declared.total
        if self.check.at_least and total is not None and total > records:
            records, self.check.at_least = total, False
        self.check.records = records

    def _load_longer_period(self) -> None:
        """Look for records in the last 90 days, since the fields can be recognised only in records."""
        end = self._query.window.end
        longer = self._query.over(Window(end - timedelta(days=_LONGER_DAYS), end))
        try:
            self._pages.extend(islice(self._paginate("auto", longer), 1))
        except _RequestsUsedUp:
            pass
        except UserlaneError as error:
            self._add_note(f"None in {_RECENT_DAYS} days; asking for {_LONGER_DAYS} failed: {error.cause}")
            return
        some = "There are some" if self._pages else "There are none"
        self._add_note(f"{some} in the last {_LONGER_DAYS} days.")

    def _paginate(self, first: Literal["auto", 1], longer: Query | None = None) -> Paginator[Page]:
        """Return the pages of the query, or of `longer`, for which the last request is reserved."""
        most = MOST_REQUESTS if longer else MOST_REQUESTS - 1

        def ask(page: int) -> bytes:
            if self._client.requests >= most:
                raise _RequestsUsedUp("These were enough.")
            return self._client.page(longer or self._query, page)

        return Paginator(ask, self._decoder.decode, first=first, in_flight=1)

    def _judge_records(self) -> None:
        refused: Counter[str] = Counter()
        for page in self._pages:
            for (reason, _), count in page.refused.items():
                refused[reason] += count
        reasons = ", ".join(f"{format_number(count)} × {reason}" for reason, count in refused.items())
        if self._pages and not any(page.table.num_rows for page in self._pages):
            self._add_problem(
                f"No record can be used: {reasons}.", self._profile_hint("which key is which", ".fields")
            )
        elif reasons:
            self._add_note(f"Records or values left out: {reasons}.")
        for note in notes(self._query, [page.table for page in self._pages]):
            self._add_note(note)

    def _describe_schema(self) -> None:
        if schema := self._decoder.schema:
            fields = {name: mask(join_path(path), self._secret) for name, path in schema.fields}
            self.check.fields = tuple(fields.items())
            self.check.not_found = _find_missing(self._query.dataset, fields)
            self.check.envelope = mask(join_path(schema.envelope), self._secret)

    def _add_note(self, note: str) -> None:
        self.check.notes += (mask(note, self._secret),)

    def _add_problem(self, cause: str, next_step: str) -> None:
        self.check.problems += (Problem(mask(cause, self._secret), mask(next_step, self._secret)),)

    def _profile_hint(self, what: str, below: str = "") -> str:
        return f"Say {what} under [{self._query.dataset}{below}] in the API profile."


def _find_missing(dataset: DatasetName, found: Collection[str]) -> tuple[str, ...]:
    expected = (name for name in COLUMNS[dataset].names if name not in _NOT_FROM_RECORDS)
    return tuple(name for name in expected if name not in found)


def _url_pattern(base_url: str, route: Route) -> str:
    """The address of all requests, with “…” in place of what differs."""
    url = route.url.replace(BASE_URL, base_url)
    parameters = "&".join(f"{name}=…" for name in (route.start, route.end, route.page, route.limit))
    return f"{url}{'&' if '?' in url else '?'}{parameters}"
