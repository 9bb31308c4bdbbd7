"""What goes wrong around an answer: nobody listens, another address, a bad certificate, one answer more."""

import re
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests import responses
from tests.responses import document, enveloped, hang_up, then_close
from tests.server import Request, Response, Server
from tests.stand_in import SAMPLES
from tests.system.faults import faults
from tests.system.faults.faults import PATIENT
from tests.system.faults.leaks import SECRET
from tests.system.faults.loads import Driver, fetching, is_marked, is_refused, is_whole
from tests.system.faults.records import APRIL, Api, exported, nps, query
from tests.system.faults.table import Notes, covers
from userlane.errors import Unreachable, Untrusted
from userlane.fetch import Progress

CAP = 25
RECORDS = nps(6 * CAP)
PAGES = range(1, 8)
TRUTH = exported("nps", RECORDS)
CERTIFICATES = {
    "certificate unknown": "unknown",
    "certificate expired": "expired",
    "certificate of another host": "elsewhere",
}


def rows_before(page: int) -> list[dict[str, object]]:
    return exported("nps", RECORDS[: (page - 1) * CAP])


def going(page: int) -> Callable[[Server], None]:
    """Makes a server vanish when it is asked for this page."""

    def arm(over: Server) -> None:
        def override(request: Request, _: bytes) -> Response | None:
            if request.page != page:
                return None
            over.refuse()
            return hang_up

        over.respond = Api(RECORDS, CAP, override)

    return arm


@covers("refused")
def test_a_server_that_goes_away_at_any_page_leaves_what_came(notes: Notes) -> None:
    with notes.line("refused") as line, fetching() as fetcher:
        for page in PAGES:
            with Server(Api(RECORDS, CAP)) as over:
                going(page)(over)
                drive = Driver(over, fetcher)
                first = drive.load(query("nps"))
                if page == 1:
                    is_refused(first, Unreachable, "cannot be reached")
                else:
                    is_marked(first, rows_before(page), [APRIL], "cannot be reached")
                assert len(first.requests) == page, "requests that were refused never arrived"
                line.add(len(first.requests), first.shown, page)
                over.listen()
                over.respond = Api(RECORDS, CAP)
                is_whole(drive.load(query("nps")), TRUTH)


@covers("refused")
def test_nobody_listening_from_the_start_is_an_error(notes: Notes) -> None:
    over = Server(Api(RECORDS, CAP))
    with notes.line("refused") as line, fetching() as fetcher:
        first = Driver(over, fetcher).load(query("nps"))
        is_refused(first, Unreachable, "cannot be reached")
        line.add(len(first.requests), first.shown, 1)
        with over:
            is_whole(Driver(over, fetcher).load(query("nps")), TRUTH)


@covers("refused")
def test_a_server_that_comes_back_in_time_costs_no_row(notes: Notes) -> None:
    """It comes back once the load has been refused, which it counts: nothing here depends on time."""
    limits = replace(PATIENT, tries=12, backoff=0.05)
    with notes.line("refused") as line, fetching(limits) as fetcher:
        for page in PAGES:
            with Server(Api(RECORDS, CAP)) as over:
                going(page)(over)

                def back(progress: Progress, over: Server = over) -> None:
                    if progress.requests >= len(over.requests) + 2:
                        over.respond = Api(RECORDS, CAP)
                        over.listen()

                drive = Driver(over, fetcher, hear=back)
                loaded = drive.load(query("nps"))
                is_whole(loaded, TRUTH)
                assert len(loaded.requests) == len(PAGES) + 1
                assert drive.heard[-1].requests > len(loaded.requests), "nothing was refused"
                line.add(len(loaded.requests), loaded.shown, page)


@covers(*faults.REDIRECTS)
@pytest.mark.parametrize("name", faults.REDIRECTS)
def test_a_redirect_at_any_page_is_not_followed_and_the_other_host_sees_nothing(
    name: str, notes: Notes
) -> None:
    with notes.line(name) as line, Server(Api(RECORDS, CAP)) as elsewhere, fetching() as fetcher:
        fault = faults.redirect(name, elsewhere.base_url)
        for page in PAGES:

            def override(request: Request, body: bytes, page: int = page) -> Response | None:
                return fault.sent(body) if request.page == page and request.attempt == 1 else None

            with Server(Api(RECORDS, CAP, override)) as over:
                drive = Driver(over, fetcher)
                first = drive.load(query("nps"))
                if page == 1:
                    is_refused(first, fault.error, fault.says)
                else:
                    is_marked(first, rows_before(page), [APRIL], fault.says)
                assert len(first.requests) == page
                is_whole(drive.load(query("nps")), TRUTH)
                line.add(len(first.requests), first.shown, page)
        assert (elsewhere.connections, elsewhere.requests) == (0, [])


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine trusts one good certificate, one that has expired, and one that is another host's."""
    known = [(SAMPLES / "tls" / f"{name}.pem").read_text() for name in ("trusted", "expired", "elsewhere")]
    found = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", "".join(known), re.DOTALL)
    bundle = tmp_path / "trusted.pem"
    bundle.write_text("".join(found))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))


def certificate(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SAMPLES / "tls" / f"{name}.pem")
    return context


@covers(*CERTIFICATES)
@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_that_turns_bad_at_any_page_ends_the_load(name: str, notes: Notes) -> None:
    """Each page comes on a connection of its own; from one page on, the certificate is a bad one."""
    good, bad = certificate("trusted"), certificate(CERTIFICATES[name])

    def closing(_: Request, body: bytes) -> Response:
        return then_close(document(body, 200, "Connection: close"))

    with notes.line(name) as line, fetching() as fetcher:
        for page in PAGES:

            def at(number: int, page: int = page) -> ssl.SSLContext:
                return bad if number == page else good

            with Server(Api(RECORDS, CAP, closing), at) as over:
                drive = Driver(over, fetcher)
                first = drive.load(query("nps"))
                says = "certificate of 127.0.0.1 is not valid"
                if page == 1:
                    is_refused(first, Untrusted, says)
                else:
                    is_marked(first, rows_before(page), [APRIL], says)
                assert (len(first.requests), over.connections) == (page - 1, page), (
                    "no request, no second try"
                )
                line.add(len(first.requests), first.shown, page)


@pytest.mark.usefixtures("trusting")
def test_a_good_certificate_is_accepted() -> None:
    good = certificate("trusted")
    with Server(Api(RECORDS, CAP), lambda _: good) as over, fetching() as fetcher:
        is_whole(Driver(over, fetcher).load(query("nps")), TRUTH)


@covers("an answer nobody asked for")
def test_an_answer_nobody_asked_for_is_never_taken_for_the_next_one(notes: Notes) -> None:
    """A second answer follows at once on the connection, with the rows of somebody else."""
    others = [{**record, "userId": "somebody else"} for record in nps(CAP)]
    surplus = document(enveloped(others))
    with notes.line("an answer nobody asked for") as line, fetching() as fetcher:
        for page in PAGES:

            def override(request: Request, body: bytes, page: int = page) -> Response | None:
                if request.page != page or request.attempt > 1:
                    return None

                return responses.at_once(document(body), surplus)

            with Server(Api(RECORDS, CAP, override)) as over:
                loaded = Driver(over, fetcher).load(query("nps"))
                is_whole(loaded, TRUTH)
                is_whole(Driver(over, fetcher, f"Other{SECRET}").load(query("nps")), TRUTH)
                line.add(len(loaded.requests), loaded.shown, page)
