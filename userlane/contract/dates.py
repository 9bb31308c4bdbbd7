"""How the start and the end of a window are written in a request."""

from datetime import UTC, datetime, time, timedelta
from typing import Literal

from userlane.contract.query import Query

Dates = Literal["offset", "utc", "utc-milliseconds", "plain", "date", "seconds", "milliseconds"]
"""The ways, by 1 April 2026 as an example:

offset            2026-04-01T00:00:00+00:00
utc               2026-04-01T00:00:00Z
utc-milliseconds  2026-04-01T00:00:00.000Z
plain             2026-04-01T00:00:00, in UTC
date              2026-04-01
seconds           1775001600
milliseconds      1775001600000
"""


def span(query: Query, dates: Dates) -> tuple[str, str]:
    """Start and end of the query's window, the end not included.

    In whole days ("date") and another time zone than UTC, responses are asked for from the UTC day in which
    the window begins through the one in which it ends: rather too much, which is left out later, than too
    little. HEART and Tags carry days of their own, so theirs are asked for as they are.

    >>> from datetime import date
    >>> from userlane.contract.query import Window
    >>> span(Query("nps", "8mkyx", Window(date(2026, 4, 1), date(2026, 5, 1))), "utc")
    ('2026-04-01T00:00:00Z', '2026-05-01T00:00:00Z')
    """
    if dates != "date":
        return _moment(query.start, dates), _moment(query.end, dates)
    if query.dataset in {"heart", "tags"}:
        return query.window.start.isoformat(), query.window.end.isoformat()
    start, end = query.start.astimezone(UTC), query.end.astimezone(UTC)
    whole = end.time() == time()
    return start.date().isoformat(), (end.date() + timedelta(days=0 if whole else 1)).isoformat()


def _moment(moment: datetime, dates: Dates) -> str:
    if dates == "offset":
        return moment.isoformat()
    if dates in {"seconds", "milliseconds"}:
        return str(int(moment.timestamp()) * (1 if dates == "seconds" else 1000))
    plain = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return plain + {"utc": "Z", "utc-milliseconds": ".000Z"}.get(dates, "")
