"""Sends a few requests to each API and interprets the responses."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

from userlane.client import (
    Client,
    DaemonPool,
    Exchange,
    HttpPool,
    Limits,
    LoadDeadline,
    Paginator,
    Transport,
    open_http_pool,
)
from userlane.contract import ASSUMED, COLUMNS, Connection, DatasetName, Query, Route, Window
from userlane.contract.profile import BASE_URL
from userlane.decode import Decoder, Page, PaginationInfo
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
    limits: Limits = LIMITS,
    now: datetime | None = None,
) -> Report:
    """Request the last 7 whole days of a property from every API and report the result.

    Args:
        connection: The API and the token.
        property_id: The property.
        survey_ids: The surveys to check.
        timezone: The time zone of the days.
        transport: Replaces the network in tests.
        limits: Deadlines; each request is sent once.
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
    http = open_http_pool(transport)
    try:
        with DaemonPool(len(queries), "userlane-doctor") as pool:
            jobs = [pool.submit(_Examination(connection, query, http, limits).check) for query in queries]
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
    """The check of one API."""

    def __init__(self, connection: Connection, query: Query, http: HttpPool, limits: Limits) -> None:
        self._connection = connection
        self._query = query
        self._route = connection.profile.route(query.dataset)
        self._exchanges: list[Exchange] = []
        self._client = Client(connection, http, LoadDeadline(limits), listener=self._exchanges.append)
        self._decoder = Decoder(query, self._route.fields)
        self._requests = 0
        self._recent: list[Page] = []
        self._older: list[Page] = []
        self._known = False
        self._at_least = False
        self._base: int | None = None
        self._notes: list[str] = []
        self._problems: list[Problem] = []
        self._access_refused = False

    def check(self) -> Check:
        """Send the requests and return the findings."""
        try:
            self._load_recent_days()
            self._known = True
            if not self._recent:
                self._load_longer_period()
        except UserlaneError as error:
            self._access_refused = isinstance(error, AccessRefused)
            self._add_problem(error.cause, error.next_step or "Check the API address and the API profile.")
        self._judge_records()
        return self._make_check()

    def _load_recent_days(self) -> None:
        """Load the last 7 days, including page 0 whatever the profile says, since it may have records."""
        try:
            paginator = self._load_pages("auto", self._recent)
        except ServerFailed:
            if self._requests > 1:
                raise
            paginator = self._load_pages(1, self._recent)
            if self._recent and self._route.first_page != 1:
                self._add_problem(
                    "The API fails when asked for page 0, and answers page 1.",
                    self._profile_hint("first_page = 1"),
                )
        self._base = paginator.base
        if paginator.base is not None and self._route.first_page not in {"auto", paginator.base}:
            self._add_problem(
                f"Pages begin with {paginator.base}, and the API profile says {self._route.first_page}.",
                self._profile_hint(f"first_page = {paginator.base}"),
            )
        if paginator.ends_load:
            self._add_problem(
                paginator.reason or "", self._profile_hint("page = the name the API has for it")
            )
        elif paginator.reason:
            self._add_problem(
                paginator.reason, "Check again in a while; if it stays so, ask Userlane's support."
            )

    def _load_longer_period(self) -> None:
        """Look for records in the last 90 days, since the fields can be recognised only in records."""
        end = self._query.window.end
        longer = self._query.over(Window(end - timedelta(days=_LONGER_DAYS), end))
        try:
            self._load_pages("auto", self._older, longer)
        except UserlaneError as error:
            self._notes.append(
                f"None in {_RECENT_DAYS} days; asking for {_LONGER_DAYS} failed: {error.cause}"
            )
        else:
            some = "There are some" if self._older else "There are none"
            self._notes.append(f"{some} in the last {_LONGER_DAYS} days.")

    def _load_pages(
        self, first: Literal["auto", 1], pages: list[Page], longer: Query | None = None
    ) -> Paginator[Page]:
        """Load pages as far as the requests last; of the longer period only one."""
        most = MOST_REQUESTS if longer else MOST_REQUESTS - 1

        def ask(page: int) -> bytes:
            if self._requests >= most:
                raise _RequestsUsedUp("These were enough.")
            self._requests += 1
            return self._client.page(longer or self._query, page)

        paginator = Paginator(ask, self._decoder.decode, first=first, in_flight=1)
        try:
            for page in paginator:
                pages.append(page)
                if longer:
                    break
        except _RequestsUsedUp:
            self._at_least = longer is None
        return paginator

    def _judge_records(self) -> None:
        pages = [*self._recent, *self._older]
        refused: Counter[str] = Counter()
        for page in pages:
            for (reason, _), count in page.refused.items():
                refused[reason] += count
        reasons = ", ".join(f"{format_number(count)} × {reason}" for reason, count in refused.items())
        if pages and not any(page.table.num_rows for page in pages):
            self._add_problem(
                f"No record can be used: {reasons}.", self._profile_hint("which key is which", ".fields")
            )
        elif reasons:
            self._notes.append(f"Records or values left out: {reasons}.")
        self._notes.extend(notes(self._query, [page.table for page in pages]))

    def _make_check(self) -> Check:
        secret = self._connection.token.header("")
        schema = self._decoder.schema
        fields = {name: mask(join_path(path), secret) for name, path in schema.fields} if schema else {}
        last = self._exchanges[-1] if self._exchanges else None
        ahead = [each.clock_ahead for each in self._exchanges if each.clock_ahead is not None]
        declared = self._recent[-1].declared if self._recent else PaginationInfo()
        records = sum(page.records for page in self._recent)
        if self._at_least and declared.total is not None and declared.total > records:
            records, self._at_least = declared.total, False
        return Check(
            dataset=self._query.dataset,
            survey_id=self._query.survey_id,
            url=mask(_url_pattern(self._connection.base_url, self._route), secret),
            requests=self._client.requests,
            status=last.status if last else None,
            seconds=last.seconds if last else None,
            clock_ahead=median(ahead) if ahead else None,
            envelope=mask(join_path(schema.envelope), secret) if schema else None,
            fields=tuple(fields.items()),
            not_found=_find_missing(self._query.dataset, fields) if schema else (),
            first_page=self._base,
            declared=declared,
            records=records if self._known else None,
            at_least=self._at_least,
            notes=tuple(mask(note, secret) for note in self._notes),
            problems=tuple(
                Problem(mask(each.cause, secret), mask(each.next_step, secret)) for each in self._problems
            ),
            refused=self._access_refused,
        )

    def _add_problem(self, cause: str, next_step: str) -> None:
        self._problems.append(Problem(cause, next_step))

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
