"""What is stored of a property is deleted by those who may read it, and by nobody else."""

from contextlib import closing
from pathlib import Path

import httpx
import pytest
import time_machine

from tests.stand_in import APRIL, Api, connection, nps_records, query, tag_records
from tests.unit.fetch.given import NOW, fetcher, status
from userlane.errors import AccessRefused, RightsMissing, TokenRejected, Unreachable
from userlane.store import FolderStore, MemoryStore, Store


def api() -> Api:
    return Api({"nps": nps_records(APRIL, 2), "tags": tag_records(APRIL, 5)})


def store_of(kind: str, folder: Path) -> Store:
    return FolderStore(folder) if kind == "folder" else MemoryStore()


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_after_a_deletion_everything_is_fetched_anew_whoever_asks(tmp_path: Path, kind: str) -> None:
    asked = api()
    with time_machine.travel(NOW), closing(fetcher(asked, store_of(kind, tmp_path))) as fetch:
        for owner in ("anna", "ben"):
            for name in ("nps", "tags"):
                fetch.load(connection(token=owner), query(name))
        other = fetch.load(connection(token="anna"), query("tags", property_id="other"))
        assert fetch.delete(connection(token="ben"), "demo") == 2 * 3
        asked.requests.clear()
        assert fetch.load(connection(token="anna"), query("tags", property_id="other")).rows == other.rows
        assert asked.requests == []
        for owner in ("anna", "ben"):
            assert fetch.load(connection(token=owner), query("tags")).rows == 150
        assert {r.headers["authorization"] for r in asked.requests} == {"Bearer anna", "Bearer ben"}
        assert fetch.delete(connection(token="ben"), "demo") == 2 * 2


@pytest.mark.parametrize(
    ("answer", "expected"), [(401, TokenRejected), (403, RightsMissing), (503, Unreachable)], ids=str
)
def test_whoever_the_api_lets_read_nothing_deletes_nothing(
    tmp_path: Path, answer: int, expected: type[Exception]
) -> None:
    """Also where the API cannot be asked."""
    asked, store = api(), FolderStore(tmp_path)

    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        if request.headers["authorization"] != "Bearer mallory":
            return None
        if answer == 503:
            raise httpx.ConnectError("refused")
        return status(answer)

    asked.fault = fault
    with time_machine.travel(NOW), closing(fetcher(asked, store)) as fetch:
        fetch.load(connection(token="anna"), query("tags"))
        stored = len(list(store.list_windows()))
        with pytest.raises(expected):
            fetch.delete(connection(token="mallory"), "demo")
        assert len(list(store.list_windows())) == stored > 0
        asked.requests.clear()
        assert fetch.load(connection(token="anna"), query("tags")).rows == 150
        assert asked.requests == []
    assert issubclass(expected, AccessRefused) == (answer != 503)


def test_what_is_deleted_while_it_is_loaded_leaves_a_true_answer(tmp_path: Path) -> None:
    """The windows that came before the deletion are gone from the disk, and asked for next time."""
    asked, store = api(), FolderStore(tmp_path)
    deleted: list[int] = []

    def fault(request: httpx.Request, _number: int) -> None:
        if request.url.params["startDate"].startswith("2026-04-29") and not deleted:
            deleted.append(FolderStore(tmp_path).delete("demo"))

    asked.fault = fault
    with time_machine.travel(NOW), closing(fetcher(asked, store, max_in_flight=1)) as fetch:
        fetch.load(connection(), query("tags"))
        assert deleted == [1]
        loaded = fetch.load(connection(), query("tags"))
        assert loaded.state.complete
        assert loaded.table.num_rows == 150
    with time_machine.travel(NOW), closing(fetcher(asked, FolderStore(tmp_path))) as fetch:
        assert fetch.load(connection(), query("tags")).table.num_rows == 150
