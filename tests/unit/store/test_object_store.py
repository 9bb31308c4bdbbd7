"""One bucket for several machines: what one wrote another opens, and whatever fails costs a fetch at most."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.object_storage import SECRET, Between, Request, Storage, between, refusal, running
from tests.s3_server import KEY
from tests.stand_in import UNHURRIED
from tests.unit.store.given import S, april, fetched_window, find, query, table
from tests.unit.store.test_windows import steps
from tests.unit.store.test_windows import (
    test_rows_never_come_out_under_another_scope_property_survey_or_zone as never_another,
)
from userlane.contract import DATASETS, DatasetName, Query, Window
from userlane.contract.storage_url import parse_storage_url
from userlane.errors import SettingsUnusable
from userlane.store import FetchedWindow, MemoryStore, ObjectStore
from userlane.store.leases import LeaseTimes
from userlane.store.object_storage import ObjectStorage

NOW = datetime.now(UTC)
LAST = Window.through(NOW.date() - timedelta(days=40), NOW.date() - timedelta(days=10))
QUICK = LeaseTimes(renew=0.5, dead=3.0)


@pytest.fixture(scope="module")
def there() -> Storage:
    return running()


@pytest.fixture
def url(there: Storage) -> str:
    """`USERLANE_TEST_BUCKET` may be the address of another one, say of Google Cloud or Azure."""
    other = os.environ.get("USERLANE_TEST_BUCKET")
    if not other:
        return there.url(there.bucket())
    parts = urlsplit(other)
    return parts._replace(path=f"{parts.path}/{uuid.uuid4().hex}").geturl()


@pytest.fixture
def spoiled(there: Storage) -> Iterator[Between]:
    with between(there) as each:
        yield each


def opened(url: str, cache: Path, **given: Any) -> closing[ObjectStore]:
    return closing(ObjectStore(parse_storage_url(url), cache, **given))


def asked(name: DatasetName = "tags", window: Window = LAST) -> Query:
    return query(name, window)


def fresh(wanted: Query, user: str = "u", fetched_at: datetime = NOW) -> FetchedWindow:
    return fetched_window(wanted, user, fetched_at)


def keys(url: str) -> list[str]:
    return sorted(each.path for each in ObjectStorage(parse_storage_url(url)).list("", recursive=True))


def dictionaries(url: str) -> set[str]:
    """The IDs of the ID dictionaries in a bucket."""
    parts = (key.partition("/dictionaries/")[2] for key in keys(url))
    return {part.split("/")[0] for part in parts if part}


def windows(url: str) -> list[str]:
    return [key for key in keys(url) if "_" in key and key.endswith(".parquet")]


# What one writes another opens


@pytest.mark.parametrize("name", DATASETS)
def test_what_one_machine_wrote_another_opens(tmp_path: Path, url: str, name: DatasetName) -> None:
    kept = replace(fresh(asked(name)), refused={("x", None): 2}, duplicates=3, outside=4)
    with opened(url, tmp_path / "a") as here, opened(url, tmp_path / "b") as other:
        here.write(S, kept)
        (found,) = find(other, S, kept.query, NOW)
        assert found.table.equals(kept.table)
        for attribute in ("query", "fetched_at", "refused", "duplicates", "outside", "id"):
            assert getattr(found, attribute) == getattr(kept, attribute)
        assert (here.trouble, other.trouble) == ("", "")


@settings(UNHURRIED, max_examples=3)
@given(actions=st.lists(steps, max_size=15))
def test_rows_never_come_out_under_another_question(actions: list[Any]) -> None:
    never_another.hypothesis.inner_test("bucket", actions)


def test_what_another_machine_replaced_or_deleted_is_gone_within_seconds(tmp_path: Path, url: str) -> None:
    with opened(url, tmp_path / "a") as here, opened(url, tmp_path / "b") as other:
        old, new = fresh(asked(), "old", NOW - timedelta(minutes=1)), fresh(asked(), "new")
        here.write(S, old)
        assert len(find(other, S, asked(), NOW)) == 1
        here.write(S, new)
        time.sleep(2.1)
        assert [held.id for held in other.find(S, asked())] == [new.id]
        (held,) = other.find(S, asked())
        assert other.read(S, held) is not None
        assert here.delete("demo") == 1
        time.sleep(2.1)
        assert other.find(S, asked()) == ()
        assert other.read(S, held) is None
        assert keys(url) == []
        # Its own ID dictionary is gone, too: it goes on with another one.
        other.write(S, fresh(asked(), "again"))
        assert find(here, S, asked(), NOW)[0].table["user_id"][0].as_py() == "again"


def test_texts_are_in_the_bucket_before_the_piece_that_needs_them(tmp_path: Path, spoiled: Between) -> None:
    url = spoiled.url(spoiled.bucket())
    with opened(url, tmp_path) as store:
        store.write(S, fresh(asked()))
    written = [each.path for each in spoiled.requests if each.method == "PUT" and ".parquet" in each.path]
    assert [("/dictionaries/" in path) for path in written] == [True, True, False]


def test_pieces_of_three_dictionaries_are_one_answer(tmp_path: Path, url: str) -> None:
    windows = [Window(LAST.start + timedelta(days=n), LAST.start + timedelta(days=n + 2)) for n in (0, 2, 4)]
    for number, window in enumerate(windows):
        with opened(url, tmp_path / str(number)) as store:
            store.write(S, fresh(asked(window=window), f"user {number}"))
    with opened(url, tmp_path / "reader") as store:
        found = find(store, S, asked(), NOW)
        assert [each.table["user_id"].to_pylist() for each in found] == [[f"user {n}"] * 2 for n in range(3)]
    assert len(dictionaries(url)) == 3


def test_sums_are_shared(tmp_path: Path, url: str) -> None:
    sums = table("heart", april(1, 3)).select(["overall"])
    with opened(url, tmp_path / "a") as here, opened(url, tmp_path / "b") as other:
        here.aggregates(S, asked()).put({"k": sums})
        assert other.aggregates(S, asked()).get(["k", "l"])["k"].equals(sums)


def test_many_files_are_brought_side_by_side_and_each_once(tmp_path: Path, spoiled: Between) -> None:
    url = spoiled.url(spoiled.bucket())
    days = [Window(LAST.start + timedelta(days=n), LAST.start + timedelta(days=n + 1)) for n in range(24)]
    with opened(url, tmp_path / "a") as here:
        for day in days:
            here.write(S, fresh(asked("nps", day)))
    under_way, most = [0], [0]

    def slowly(request: Request) -> None:
        if request.method == "GET" and ".parquet" in request.path:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
            time.sleep(0.2)
            under_way[0] -= 1

    spoiled.requests.clear()
    spoiled.fault = slowly
    with opened(url, tmp_path / "b") as other:
        assert len(find(other, S, asked("nps"), NOW)) == 24
    brought = [each.path for each in spoiled.requests if each.method == "GET" and ".parquet" in each.path]
    assert len(brought) == len(set(brought)) == 24
    assert 2 < most[0] <= 8


# A bucket that fails


def broken(request: Request) -> Callable[[bytes], bytes] | None:
    """Half of each window."""
    fails = request.method == "GET" and ".parquet" in request.path
    return (lambda body: body[: len(body) // 2]) if fails else None


def changed(request: Request) -> Callable[[bytes], bytes] | None:
    """As many bytes, others."""
    fails = request.method == "GET" and ".parquet" in request.path
    return (lambda body: body[::-1]) if fails else None


def missing(request: Request) -> tuple[int, bytes] | None:
    """Listed, and not there."""
    return (404, refusal("NoSuchKey")) if ".parquet" in request.path and request.method != "PUT" else None


def refused(_: Request) -> tuple[int, bytes]:
    return 403, refusal("InvalidAccessKeyId")


def failing(_: Request) -> tuple[int, bytes]:
    return 500, refusal("InternalError")


@pytest.mark.parametrize("fault", [broken, changed, missing, refused, failing])
@pytest.mark.parametrize("name", ["tags", "nps"])
def test_a_bucket_that_fails_costs_a_fetch_and_never_an_answer(
    tmp_path: Path, spoiled: Between, fault: Any, name: DatasetName
) -> None:
    url = spoiled.url(spoiled.bucket())
    with opened(url, tmp_path / "a") as here:
        here.write(S, fresh(asked(name)))
    stored = windows(url)
    spoiled.fault = fault
    with opened(url, tmp_path / "b") as other:
        assert find(other, S, asked(name), NOW) == ()
        fetched = other.write(S, fresh(asked(name), "fetched"))
        assert fetched.table["user_id"][0].as_py() == "fetched"
        assert bool(other.trouble) == (fault in {refused, failing})
        if other.trouble:
            assert find(other, S, asked(name), NOW)[0].id == fetched.id
        for secret in (KEY, SECRET, url):
            assert secret not in other.trouble
        assert list((tmp_path / "b").rglob("*.part")) == []
        spoiled.fault = None
        if fault in {broken, missing}:  # nothing was wrong with what is stored
            assert set(stored) <= set(windows(url))
        other.write(S, fresh(asked(name), "later"))
        assert other.trouble == ""
        assert find(other, S, asked(name), NOW)


S3 = "When listing objects under key 'rows/403/' in bucket 'rows-403': AWS Error "
EXPIRED = "parse ExceptionName: ExpiredToken Message: No."
GOOGLE = "google::cloud::Status({}: Permanent error, with a last message of 403 error_info={{reason=x}})"
AZURE = "GetProperties failed for 'https://a.blob.core.windows.net/rows-403/rows/403'. Azure Error: "
ANSWERS_NOT, REFUSES, HAS_NOT, FAILED = "not answer", "refuses", "no such bucket", "failed"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (S3 + "ACCESS_DENIED during HeadObject operation: No response body.", REFUSES),
        (f"{S3}UNKNOWN (HTTP status 400) during PutObject operation: Unable to {EXPIRED}", REFUSES),
        (f"{S3}UNKNOWN (HTTP status 403) during HeadObject operation: No response body.", REFUSES),
        (f"{S3}UNKNOWN (HTTP status 500) during HeadObject operation: No response body.", FAILED),
        (f"{S3}INTERNAL_FAILURE during ListObjectsV2 operation: ACCESS_DENIED 403", FAILED),
        (f"{S3}NO_SUCH_BUCKET during PutObject operation: No.", HAS_NOT),
        (f"{S3}NETWORK_CONNECTION during HeadObject operation: curlCode: 7, to 127.0.0.1:40340", ANSWERS_NOT),
        (GOOGLE.format("PERMISSION_DENIED"), REFUSES),
        (GOOGLE.format("UNAUTHENTICATED"), REFUSES),
        (GOOGLE.format("UNAVAILABLE"), ANSWERS_NOT),
        (GOOGLE.format("INTERNAL"), FAILED),
        (f"{AZURE}[AuthorizationFailure] 403 Server failed to authenticate the request.", REFUSES),
        (f"{AZURE}[ContainerNotFound] 404 The specified container does not exist.", HAS_NOT),
        (f"{AZURE}[] 500 Internal error", FAILED),
        ("failed: N5Azure4Core11Credentials23AuthenticationExceptionE: Failed to get token", REFUSES),
        (f"{AZURE}[] Fail to get a new connection for: https://a.blob.core.windows.net.", ANSWERS_NOT),
        ("403 said by nobody that is known", FAILED),
    ],
)
def test_why_a_bucket_fails_is_told_from_the_code_and_not_from_names_and_numbers_around_it(
    said: str, why: str
) -> None:
    """Each `said` is what the library of that storage has said, but for the names."""
    far = ObjectStorage(parse_storage_url("s3://rows-403/rows?region=us-east-1"))
    with pytest.raises(OSError, match=why), far._translate_errors():
        raise OSError(said)


@pytest.mark.parametrize("prefix", ["rows", "rows-403-ACCESS_DENIED"])
def test_a_bucket_that_is_away_is_not_said_to_refuse(there: Storage, prefix: str) -> None:
    with between(there) as spoiled:
        far = ObjectStorage(parse_storage_url(spoiled.url(spoiled.bucket(), prefix)))
        far.put("x", b"1")
        spoiled.fault = failing
        with pytest.raises(OSError, match=FAILED):
            far.get("x")
    with pytest.raises(OSError, match=ANSWERS_NOT):
        far.list("")


def test_a_stranger_in_the_place_of_azure_ends_no_process() -> None:
    """Opening a file there throws what pyarrow does not catch; so does a login that fails."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("Content-Type", "application/xml")  # and then none
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Keep the test's output to itself."""

    script = """
import sys
from tests.unit.store.test_object_store import *
far = ObjectStorage(parse_storage_url(sys.argv[1]))
for ask in (far.get, far.remove, far.list, lambda path: far.put(path, b"1")):
    with pytest.raises(OSError):
        ask("x")
print("lives")
"""
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        there = f"scheme=http&endpoint_override=127.0.0.1:{server.server_address[1]}"
        url = f"abfs://container:a2V5@account.dfs.core.windows.net/rows?{there}"
        run = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=False)
        server.shutdown()
        thread.join()
    assert run.stdout == "lives\n", run.stderr


def test_a_bucket_that_is_not_there_is_said_so(there: Storage) -> None:
    far = ObjectStorage(parse_storage_url(there.url("no-such-bucket")))
    with pytest.raises(OSError, match=HAS_NOT):
        far.put("x", b"1")


def test_a_file_that_is_wrong_in_the_bucket_is_dropped_there(tmp_path: Path, url: str) -> None:
    with opened(url, tmp_path / "a") as here:
        here.write(S, fresh(asked()))
    (key,) = windows(url)
    ObjectStorage(parse_storage_url(url)).put(key, b"no Parquet")
    with opened(url, tmp_path / "b") as other:
        assert find(other, S, asked(), NOW) == ()
        assert other.trouble == ""
    assert windows(url) == []


def test_a_file_that_is_still_being_written_is_not_there_yet_and_stays(tmp_path: Path, url: str) -> None:
    with opened(url, tmp_path / "a") as here:
        here.write(S, fresh(asked()))
    (key,) = windows(url)
    ObjectStorage(parse_storage_url(url)).put(key, b"")
    with opened(url, tmp_path / "b") as other:
        assert find(other, S, asked(), NOW) == ()
    assert windows(url) == [key]


def test_while_the_bucket_is_gone_what_was_opened_stays_open_and_the_rest_is_in_memory(
    tmp_path: Path, there: Storage
) -> None:
    with between(there) as spoiled:
        store = ObjectStore(parse_storage_url(spoiled.url(spoiled.bucket())), tmp_path)
        store.write(S, fresh(asked()))
        assert len(find(store, S, asked(), NOW)) == 1
    time.sleep(2.1)
    with closing(store), structlog.testing.capture_logs() as logged:
        assert len(find(store, S, asked(), NOW)) == 1
        assert "does not answer" in store.trouble
        store.write(S, fresh(asked("nps")))
        assert len(find(store, S, asked("nps"), NOW)) == 1
        lease = store.acquire_lease(S, asked())
        assert lease is not None, "nobody waits for what cannot be shared"
        lease.__exit__(None, None, None)
    assert SECRET not in repr(logged)
    assert KEY not in repr(logged)


def test_an_upload_that_fails_leaves_no_piece_without_its_texts(tmp_path: Path, spoiled: Between) -> None:
    url = spoiled.url(spoiled.bucket())
    with opened(url, tmp_path / "a") as here, opened(url, tmp_path / "b") as other:
        here.write(S, fresh(asked()))
        # The storage takes the texts and says that it did not.
        first = Window(LAST.end, LAST.end + timedelta(days=2))
        spoiled.fault = lambda each: (
            (403, refusal("AccessDenied")) if each.method == "PUT" and "/dictionaries/" in each.path else None
        )
        here.write(S, fresh(asked(window=first), "lost"))
        assert here.trouble
        spoiled.fault = None
        here.write(S, fresh(asked(window=first), "kept"))
        found = find(other, S, asked(window=Window(LAST.start, first.end)), NOW)
        assert [set(each.table["user_id"].to_pylist()) for each in found] == [{"u"}, {"kept"}]
    assert len(dictionaries(url)) == 2, "a dictionary whose write failed is not gone on with"


@pytest.mark.parametrize("full", [True, False])
def test_a_cache_that_cannot_be_written_costs_a_fetch(tmp_path: Path, url: str, *, full: bool) -> None:
    """Full: the system itself refuses to let a file grow. Else: a file is in the way."""
    with opened(url, tmp_path / "a") as here:
        here.write(S, fresh(asked()))
    script = """
import resource, signal, sys
from pathlib import Path
from tests.unit.store.test_object_store import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
url, cache, full = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "True"
if not full:
    cache.write_text("in the way")
with opened(url, cache) as store:
    if full:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    assert find(store, S, asked(), NOW) == ()
    assert "cannot be stored" in store.trouble, store.trouble
    store.write(S, fresh(asked(), "again"))
    assert len(find(store, S, asked(), NOW)) == 1
print("seen")
"""
    command = [sys.executable, "-c", script, url, str(tmp_path / "b"), str(full)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout.endswith("seen\n"), run.stderr
    assert len(windows(url)) == 1


def test_the_cache_keeps_its_bound_and_what_went_is_brought_again(tmp_path: Path, url: str) -> None:
    with opened(url, tmp_path, max_cached=6_000) as store:
        store._cache._in_use = 0
        for number in range(6):
            store.write(S, fresh(query("nps", LAST, f"p{number}")))
        files = list(tmp_path.rglob("*.parquet"))
        assert 0 < sum(file.stat().st_size for file in files) <= 6_000
        assert len(files) < 6
        store._open = MemoryStore()
        assert all(find(store, S, query("nps", LAST, f"p{number}"), NOW) for number in range(6))
    assert len(windows(url)) == 6


def test_a_cache_that_is_taken_away_is_filled_again(tmp_path: Path, url: str) -> None:
    with opened(url, tmp_path) as store:
        store.write(S, fresh(asked()))
        shutil.rmtree(tmp_path / "elsewhere")
        (found,) = find(store, S, asked(), NOW)
        assert found.table.num_rows == LAST.days


# What goes by itself


def test_the_sweep_removes_from_the_bucket_what_is_past_its_time(tmp_path: Path, url: str) -> None:
    with opened(url, tmp_path) as store:
        store.write(S, fresh(query("tags", LAST, "old"), fetched_at=NOW - timedelta(days=20)))
        replaced = fresh(query("tags", LAST, "new"), fetched_at=NOW - timedelta(hours=1))
        store.write(S, replaced)
        store.write(S, fresh(query("tags", LAST, "new")))
        far = ObjectStorage(parse_storage_url(url))
        far.put("leases/k.1", b"1")
        store.sweep(NOW + timedelta(minutes=30))
        assert len(windows(url)) == 3
        store.sweep(NOW + timedelta(hours=2))
        assert len(windows(url)) == 2
        assert [key for key in keys(url) if key.endswith(".replaced")] == []
        store.sweep(NOW + timedelta(days=15))
        assert len(windows(url)) == 1
        assert len({key.split("/")[4] for key in keys(url) if "/dictionaries/" in key}) == 2
        store.sweep(NOW + timedelta(days=40))
        assert keys(url) == ["leases/k.1"]


def test_what_the_version_before_wrote_is_removed_a_day_after_this_one_began(
    tmp_path: Path, url: str
) -> None:
    far = ObjectStorage(parse_storage_url(url))
    far.put("v2/x", b"of long ago")
    with opened(url, tmp_path) as store:
        key = store.key
        store.sweep(NOW + timedelta(hours=23))
        assert keys(url) == ["v2/x", "v3/key"]
        store.sweep(NOW + timedelta(hours=25))
        assert keys(url) == ["v3/key"]
        assert store.key == key


# The key under which tokens are hashed


def test_replicas_that_begin_at_the_same_time_get_the_same_key(tmp_path: Path, url: str) -> None:
    barrier = Barrier(4)
    stores = [ObjectStore(parse_storage_url(url), tmp_path / str(number)) for number in range(4)]

    def key(store: ObjectStore) -> bytes:
        barrier.wait()
        return store.key

    with ThreadPoolExecutor(4) as crew:
        keys_had = set(crew.map(key, stores))
    assert len(keys_had) == 1
    with opened(url, tmp_path / "later") as later:
        assert {later.key} == keys_had
    assert keys(url) == ["v3/key"]
    for store in stores:
        store.close()


def test_while_the_bucket_is_gone_a_process_has_a_key_of_its_own_and_then_the_buckets(
    tmp_path: Path, spoiled: Between
) -> None:
    url = spoiled.url(spoiled.bucket())
    with opened(url, tmp_path / "a") as here, opened(url, tmp_path / "b") as other:
        spoiled.fault = failing
        assert here.key == here.key != other.key
        spoiled.fault = None
        assert here.key == other.key


def test_an_operator_reads_what_there_is(tmp_path: Path, url: str) -> None:
    with opened(url, tmp_path / "a") as store:
        store.write(S, fresh(asked()))
        (listed,) = store.list_windows()
        assert (listed.query, listed.fetched_at, listed.rows) == (asked(), NOW, LAST.days)


def test_a_deletion_that_is_not_done_says_so(tmp_path: Path, spoiled: Between) -> None:
    with opened(spoiled.url(spoiled.bucket()), tmp_path) as store:
        store.write(S, fresh(asked()))
        spoiled.fault = lambda each: (403, refusal("AccessDenied")) if each.method == "DELETE" else None
        with pytest.raises(SettingsUnusable, match="refuses"):
            store.delete("demo")
        spoiled.fault = refused
        with pytest.raises(SettingsUnusable, match="refuses"):
            list(store.list_windows())


# Claims


HOLDER = """
import sys, time
from pathlib import Path
from tests.unit.store.test_object_store import *
store = ObjectStore(parse_storage_url(sys.argv[1]), Path(sys.argv[2]), lease=QUICK)
claim = store.acquire_lease(S, asked())
print("held" if claim else "refused", flush=True)
time.sleep(600)
"""


def test_a_window_is_claimed_once(tmp_path: Path, url: str) -> None:
    with opened(url, tmp_path / "a") as here, opened(url, tmp_path / "b") as other:
        lease = here.acquire_lease(S, asked())
        assert lease is not None
        assert here.acquire_lease(S, asked()) is None
        assert other.acquire_lease(S, asked()) is None
        elsewhere_ = other.acquire_lease(S, asked(window=april(1, 5)))
        assert elsewhere_ is not None
        lease.__exit__(None, None, None)
        again = other.acquire_lease(S, asked())
        assert again is not None
        again.__exit__(None, None, None)
        elsewhere_.__exit__(None, None, None)
    assert keys(url) == []


def test_of_many_that_want_a_window_at_once_never_two_have_it(tmp_path: Path, url: str) -> None:
    barrier = Barrier(4)
    stores = [ObjectStore(parse_storage_url(url), tmp_path / str(number)) for number in range(4)]

    def tries(store: ObjectStore) -> Any:
        barrier.wait()
        return store.acquire_lease(S, asked())

    with ThreadPoolExecutor(4) as crew:
        for _ in range(10):
            leases_had = [each for each in crew.map(tries, stores) if each is not None]
            assert len(leases_had) <= 1
            for each in leases_had:
                each.__exit__(None, None, None)
    for store in stores:
        store.close()


def test_a_killed_holder_lets_others_go_on_and_a_living_one_does_not(tmp_path: Path, url: str) -> None:
    command = [sys.executable, "-c", HOLDER, url, str(tmp_path / "a")]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder,
        opened(url, tmp_path / "b", lease=QUICK) as other,
    ):
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        until = time.monotonic() + QUICK.dead + 2
        while time.monotonic() < until:
            assert other.acquire_lease(S, asked()) is None
            time.sleep(0.5)
        os.kill(holder.pid, signal.SIGKILL)
        killed_at = time.monotonic()
        while (lease := other.acquire_lease(S, asked())) is None:
            assert time.monotonic() - killed_at < 60
            time.sleep(0.3)
        assert time.monotonic() - killed_at > QUICK.dead - 2
        lease.__exit__(None, None, None)
    assert keys(url) == []
