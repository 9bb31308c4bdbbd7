"""One window as one Parquet file, which says itself what it holds.

The name holds the window, the moment of the fetch and the window's ID, so a folder can be read like a list;
the footer holds the rest: what was asked, when, what became of it. So the folder is the manifest, and no list
beside the files can disagree with them. Tag records are in codes, whose texts are in a `dictionary`.

A window that a newer one has taken the place of is not removed at once, because somebody may be reading it:
it gets a mark beside it, and goes with the next sweep.
"""

import contextlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from userlane.contract import CODES, COLUMNS, Query, Window, count_unused
from userlane.errors import InputUnusable, UserlaneError
from userlane.store import atomic_files
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import Backend, StoredFile
from userlane.store.id_dictionary import IdDictionary
from userlane.store.tag_rows import TagRows, count_by_day
from userlane.store.windows import FetchedWindow, StoredWindow

VERSION = 3
"""Of what files hold; a file of another version is dropped and its rows are fetched again."""

REPLACED = ".replaced"

_KEY = b"userlane"
_MOMENT = "%Y%m%dT%H%M%S%fZ"
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)_(\d{8}T\d{12}Z)_([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file's name says."""

    folder: Path
    name: str
    window: Window
    fetched_at: datetime
    id: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / self.name


class Footer(msgspec.Struct, frozen=True):
    """What a file says of itself besides its rows; as of the window. Of tags also whose codes it holds, how
    many texts these were of, how many records each day has, and how many have no interaction.
    """

    version: int
    query: Query
    fetched_at: datetime
    rows: int
    refused: list[tuple[str, date | None, int]]
    duplicates: int
    outside: int
    dictionary: str = ""
    sizes: dict[str, int] = {}
    days: list[tuple[date, int]] = []
    unused: int = 0


def list_entries(folder: Path, names: Iterable[str]) -> list[Entry]:
    """The windows among what there is in a folder that nothing has replaced, in the order of the names."""
    found: list[Entry] = []
    replaced: set[str] = set()
    for name in names:
        if name.endswith(REPLACED):
            replaced.add(name.removesuffix(REPLACED))
        elif said := parse_name(name):
            found.append(Entry(folder, name, *said))
    return [entry for entry in found if entry.name not in replaced]


def list_all_entries(files: Iterable[StoredFile]) -> list[Entry]:
    """The windows among files of any folders that nothing has replaced, in order of folders and days."""
    names: dict[Path, list[str]] = defaultdict(list)
    for path in sorted(each.path for each in files):
        names[path.parent].append(path.name)
    return [entry for folder, found in names.items() for entry in list_entries(folder, found)]


@lru_cache(maxsize=50_000)
def parse_name(name: str) -> tuple[Window, datetime, str] | None:
    """Window, moment of the fetch and ID of a file; None for a file that is no window.

    Folders are listed again and again, with hundreds of names in them that say the same for ever.
    """
    found_name = _NAME.fullmatch(atomic_files.strip_checksum(name))
    if found_name:
        start, end, moment, window_id = found_name.groups()
        with contextlib.suppress(ValueError, InputUnusable):
            return (
                Window(date.fromisoformat(start), date.fromisoformat(end)),
                _parse_moment(moment),
                window_id,
            )
    return None


def write(
    backend: Backend, folder: Path, fetched: FetchedWindow, writable: Callable[[], IdDictionary]
) -> FetchedWindow:
    """Put a window into a folder of a place, whole; the window as it is there. Tags are put into codes by the
    dictionary that `writable` answers. Raises `OSError`, and then leaves nothing behind.
    """
    moment = fetched.fetched_at.astimezone(UTC).strftime(_MOMENT)
    name = f"{fetched.window.start}_{fetched.window.end}_{moment}_{fetched.id}"
    table, dictionary, days = fetched.table, None, {}
    if fetched.query.dataset == "tags":
        dictionary, days = writable(), count_by_day(table)
        table = dictionary.encode(table)
    footer = Footer(
        VERSION,
        fetched.query,
        fetched.fetched_at.astimezone(UTC),
        table.num_rows,
        [(reason, day, count) for (reason, day), count in fetched.refused.items()],
        fetched.duplicates,
        fetched.outside,
        dictionary.id if dictionary else "",
        dictionary.sizes if dictionary else {},
        list(days.items()),
        count_unused(table) if dictionary else 0,
    )
    path = backend.write(folder, name, table, {_KEY: msgspec.json.encode(footer)})
    if dictionary is None:
        return fetched
    return _make_window(
        footer, TagRows(dictionary, days, fetched.window, path, None, footer.unused), fetched.id
    )


def read(
    path: Path, stored: StoredWindow, open_dictionary: Callable[[str, dict[str, int]], IdDictionary]
) -> FetchedWindow:
    """The window of the file at `path`, which should be the one that is `held`. Tag records stay where they
    are; `open_dictionary` finds the texts behind their codes.

    Raises `FileNotFoundError` when somebody has removed it meanwhile, `Unreadable`, and other `OSError`s.
    """
    content = atomic_files.read_bytes(path)
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        footer = _decode_footer(file.schema_arrow.metadata or {})
        if footer.query != stored.query:
            raise Unreadable("another question's")
        tags = stored.query.dataset == "tags"
        if file.metadata.num_rows != footer.rows:
            raise Unreadable(f"{file.metadata.num_rows} rows instead of {footer.rows}")
        if tags and not file.schema_arrow.remove_metadata().equals(CODES):
            raise Unreadable("other columns")
        rows = None if tags else file.read().replace_schema_metadata(None).cast(COLUMNS[stored.query.dataset])
    except (pa.ArrowException, ValueError) as error:
        raise Unreadable(str(error)) from error
    if rows is not None:
        return _make_window(footer, rows.combine_chunks(), stored.id)
    if sum(count for _, count in footer.days) != footer.rows:
        raise Unreadable("its days do not add up")
    dictionary = open_dictionary(footer.dictionary, footer.sizes)
    part = TagRows(dictionary, dict(footer.days), stored.query.window, path, None, footer.unused)
    return _make_window(footer, part, stored.id)


def read_footer(source: Path | pa.NativeFile) -> Footer:
    """What a file says of itself, whatever it is of. Raises as `read` does."""
    try:
        return _decode_footer(pq.read_schema(source).metadata or {})
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _judge(error) from error


def mark_replaced(backend: Backend, path: Path) -> None:
    """Mark a file as one that a newer one has taken the place of."""
    with contextlib.suppress(OSError):
        backend.mark(path.with_name(path.name + REPLACED))


def remove(backend: Backend, path: Path) -> None:
    """Remove a file and the mark beside it."""
    for each in (path, path.with_name(path.name + REPLACED)):
        with contextlib.suppress(OSError):
            backend.remove(each)


def _make_window(footer: Footer, rows: pa.Table | TagRows, window_id: str) -> FetchedWindow:
    refused = {(reason, day): count for reason, day, count in footer.refused}
    numbers = (footer.duplicates, footer.outside)
    return FetchedWindow(footer.query, rows, footer.fetched_at, refused, *numbers, window_id)


def _decode_footer(metadata: dict[bytes, bytes]) -> Footer:
    try:
        footer = msgspec.json.decode(metadata.get(_KEY, b""), type=Footer)
    except (ValueError, UserlaneError) as error:
        raise Unreadable(str(error)) from error
    if footer.version != VERSION:
        raise Unreadable("another version's")
    return footer


def _judge(error: Exception) -> Exception:
    """The system's own errors as they are; those of pyarrow, which have no number, mean a broken file."""
    return error if isinstance(error, OSError) and error.errno else Unreadable(str(error))


def _parse_moment(text: str) -> datetime:
    """As `strptime`, ten times as fast: a year of tags has hundreds of files.

    >>> _parse_moment("20260420T120000000000Z")
    datetime.datetime(2026, 4, 20, 12, 0, tzinfo=datetime.timezone.utc)
    """
    day, clock = text[:8], text[9:21]
    return datetime.fromisoformat(f"{day}T{clock[:6]}.{clock[6:]}+00:00")
