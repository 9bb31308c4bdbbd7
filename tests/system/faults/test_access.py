"""Who may see what: rejected and revoked tokens, missing rights, pasted tokens, two users."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.responses import status
from tests.server import Request, Response, Server
from tests.system.faults.leaks import SECRET, SENTINEL, silent, told_by
from tests.system.faults.loads import Driver, fetching, is_marked, is_refused, is_whole
from tests.system.faults.records import APRIL, Api, Record, exported, nps, query, surveys
from tests.system.faults.table import Notes, covers
from userlane.contract import DatasetName, Token
from userlane.errors import NotFound, RightsMissing, TokenRejected, TokenUnusable, UserlaneError

CAP = 25
RECORDS = nps(12 * CAP)
OTHER = f"Other{SECRET}"
WRAPPED = {
    "token with spaces": f"  {SENTINEL[:10]} {SENTINEL[10:]} \t",
    "token with a newline": f"{SENTINEL[:12]}\r\n{SENTINEL[12:]}\n",
    "token with NBSP": f"\u00a0{SENTINEL}\u202f",
    "token with zero-width signs": f"\ufeff{SENTINEL[:9]}\u200b{SENTINEL[9:]}\u2060",
    "token in quotes": f"“{SENTINEL}”",
    "token after Bearer": f"Authorization: Bearer {SENTINEL}",
}


@covers("401 at once")
def test_a_token_that_is_rejected_at_once_costs_one_request(notes: Notes) -> None:
    with (
        notes.line("401 at once") as line,
        fetching(in_flight=4) as fetcher,
        Server(lambda _: status(401, says=f"bad token {SENTINEL}")) as over,
    ):
        loaded = Driver(over, fetcher).load(query("nps"))
        error = is_refused(loaded, TokenRejected, "rejected the token")
        assert "Settings > API Token" in error.next_step
        assert len(loaded.requests) == 1
        line.add(len(loaded.requests), loaded.shown, 1)


@covers("401 midway")
@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_token_that_is_rejected_at_page_7_of_12_stops_the_load(in_flight: int, notes: Notes) -> None:
    def override(request: Request, _: bytes) -> Response | None:
        return status(401) if request.page >= 7 else None

    with (
        notes.line("401 midway") as line,
        fetching(in_flight=in_flight) as fetcher,
        Server(Api(RECORDS, CAP, override)) as over,
    ):
        drive = Driver(over, fetcher)
        first = drive.load(query("nps"))
        is_marked(first, exported("nps", RECORDS[: 6 * CAP]), [APRIL], "rejected the token")
        assert len(first.requests) <= 6 + in_flight
        line.add(len(first.requests), first.shown, 7)
        over.respond = Api(RECORDS, CAP, lambda *_: status(401))
        again = drive.load(query("nps"))
        is_refused(again, TokenRejected, "rejected the token")
        assert len(again.requests) == 1


@covers("403", "404 property", "404 survey")
@pytest.mark.parametrize(
    ("fault", "dataset", "code", "error", "named"),
    [
        ("403", "nps", 403, RightsMissing, "no right to read NPS of property “demo”"),
        ("404 property", "nps", 404, NotFound, "no property “demo”"),
        ("404 survey", "surveys", 404, NotFound, "survey “512” in property “demo”"),
    ],
)
def test_what_is_missing_is_named_once_and_the_rest_stays_usable(  # noqa: PLR0917 - pytest passes by name
    fault: str, dataset: DatasetName, code: int, error: type[UserlaneError], named: str, notes: Notes
) -> None:
    records: dict[str, Sequence[Record]] = {"nps": RECORDS, "surveys": surveys(40)}

    def respond(request: Request) -> Response:
        kind = "surveys" if "/surveys/" in request.path else "nps"
        return status(code) if kind == dataset else Api(records[kind], CAP)(request)

    with notes.line(fault) as line, fetching(in_flight=4) as fetcher, Server(respond) as over:
        drive = Driver(over, fetcher)
        loaded = drive.load(query(dataset))
        is_refused(loaded, error, named)
        assert len(loaded.requests) == 1
        line.add(len(loaded.requests), loaded.shown, 1)
        other: DatasetName = "nps" if dataset == "surveys" else "surveys"
        is_whole(drive.load(query(other)), exported(other, records[other]))


@covers(*WRAPPED)
@pytest.mark.parametrize("name", WRAPPED)
def test_a_pasted_token_is_cleaned_before_it_travels(name: str, notes: Notes) -> None:
    with notes.line(name) as line, fetching() as fetcher, Server(Api(RECORDS, CAP)) as over:
        loaded = Driver(over, fetcher, SENTINEL, pasted=WRAPPED[name]).load(query("nps"))
        is_whole(loaded, exported("nps", RECORDS))
        line.add(len(loaded.requests), loaded.shown)


@covers("token not ASCII")
@pytest.mark.parametrize("inside", ["ü", "😕", "\x07", "\u0430"])
def test_a_token_no_header_can_hold_is_refused_without_a_request(inside: str, notes: Notes) -> None:
    with notes.line("token not ASCII") as line, Server(Api(RECORDS, CAP)) as over:
        with pytest.raises(TokenUnusable) as caught:
            Token(f"{SENTINEL}{inside}")
        assert caught.value.next_step
        silent(told_by(caught.value))
        line.add(len(over.requests), f"exit {caught.value.exit_code}")


@covers("two users", "second user refused")
@pytest.mark.parametrize("first", [SENTINEL, OTHER], ids=["one first", "other first"])
@pytest.mark.parametrize("in_flight", [1, 4])
def test_two_users_who_ask_the_same_each_see_their_own(first: str, in_flight: int, notes: Notes) -> None:
    own = {SENTINEL: nps(60, user="a"), OTHER: nps(85, user="b")}
    second = OTHER if first == SENTINEL else SENTINEL
    with (
        notes.line("two users") as line,
        fetching(in_flight=in_flight) as fetcher,
        Server(Api([], CAP, by_token=own)) as over,
    ):
        for token in (first, second, first, second):
            loaded = Driver(over, fetcher, token).load(query("nps"))
            is_whole(loaded, exported("nps", own[token]))
            line.add(len(loaded.requests), loaded.shown)


@covers("second user refused")
@pytest.mark.parametrize(("code", "error"), [(401, TokenRejected), (403, RightsMissing)])
def test_what_one_user_loaded_is_shut_for_one_who_is_refused(
    code: int, error: type[UserlaneError], notes: Notes
) -> None:
    def override(request: Request, _: bytes) -> Response | None:
        return status(code) if request.token == OTHER else None

    with (
        notes.line("second user refused") as line,
        fetching() as fetcher,
        Server(Api(RECORDS, CAP, override)) as over,
    ):
        mine, other = Driver(over, fetcher), Driver(over, fetcher, OTHER)
        is_refused(other.load(query("nps")), error, ".")
        is_whole(mine.load(query("nps")), exported("nps", RECORDS))
        loaded = other.load(query("nps"))
        is_refused(loaded, error, ".")
        assert 1 <= len(loaded.requests) <= 2
        line.add(len(loaded.requests), loaded.shown)
        is_whole(mine.load(query("nps")), exported("nps", RECORDS))


@covers("token revoked")
@pytest.mark.parametrize(("code", "error"), [(401, TokenRejected), (403, RightsMissing)])
def test_stored_rows_are_shut_a_quarter_of_an_hour_after_the_token_was_revoked(
    code: int, error: type[UserlaneError], notes: Notes
) -> None:
    with (
        notes.line("token revoked") as line,
        time_machine.travel(datetime(2026, 7, 1, 12, tzinfo=UTC)) as clock,
        fetching() as fetcher,
        Server(Api(RECORDS, CAP)) as over,
    ):
        drive = Driver(over, fetcher)
        is_whole(drive.load(query("nps")), exported("nps", RECORDS))
        over.respond = lambda _: status(code)
        clock.shift(timedelta(minutes=15, seconds=1))
        loaded = drive.load(query("nps"))
        is_refused(loaded, error, ".")
        assert 1 <= len(loaded.requests) <= 2
        line.add(len(loaded.requests), loaded.shown)
        assert drive.load(query("nps")).dataset is None
