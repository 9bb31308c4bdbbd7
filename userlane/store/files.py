"""One piece as one Parquet file, which is whole or not there, and says itself what it holds.

The name holds the window, the moment of the fetch and the piece's ID, so a folder can be read like a list;
the footer holds the rest. Written beside its place, flushed to the disk, then renamed: whoever reads never
meets half a file, however the writer ended.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from userlane.contract import COLUMNS, Query, Window
from userlane.errors import InputUnusable, UserlaneError
from userlane.store.pieces import Held, Piece, Proof

VERSION = 1
"""Of what files hold; a file of another version is dropped and its rows are fetched again."""

_KEY = b"userlane"
_MOMENT = "%Y%m%dT%H%M%S%fZ"
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)_(\d{8}T\d{12}Z)_([0-9a-f]{32})\.parquet")
_ROWS_A_GROUP = 2**20


class Unreadable(Exception):
    """A file is not what its name says: broken, of another version or another question's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file's name says."""

    path: Path
    window: Window
    fetched_at: datetime
    id: str


class Footer(msgspec.Struct, frozen=True):
    """What a file says of itself besides its rows; as of the piece."""

    version: int
    query: Query
    fetched_at: datetime
    rows: int
    refused: list[tuple[str, date | None, int]]
    duplicates: int
    outside: int
    proof: Proof | None


def entries(folder: Path) -> list[Entry]:
    """The pieces in a folder, in no order; none of a folder that cannot be listed."""
    found: list[Entry] = []
    with contextlib.suppress(OSError), os.scandir(folder) as listed:
        for each in listed:
            if found_name := _NAME.fullmatch(each.name):
                start, end, moment, piece_id = found_name.groups()
                with contextlib.suppress(ValueError, InputUnusable):
                    window = Window(date.fromisoformat(start), date.fromisoformat(end))
                    fetched_at = datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC)
                    found.append(Entry(Path(each.path), window, fetched_at, piece_id))
    return found


def name(window: Window, fetched_at: datetime, piece_id: str) -> str:
    """How the file of a piece is called."""
    moment = fetched_at.astimezone(UTC).strftime(_MOMENT)
    return f"{window.start}_{window.end}_{moment}_{piece_id}.parquet"


def write(folder: Path, piece: Piece) -> None:
    """Put a piece into a folder, whole. Raises `OSError`, and then leaves nothing behind."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    called = name(piece.window, piece.fetched_at, piece.id)
    part = folder / f".{called}.{os.getpid()}.part"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sink:
            # Held until the file is closed, also by a kill: a part that nobody holds is an orphan.
            fcntl.flock(sink, fcntl.LOCK_EX)
            pq.write_table(
                piece.table.replace_schema_metadata({_KEY: _footer(piece)}),
                sink,
                compression="zstd",
                row_group_size=_ROWS_A_GROUP,
                write_page_checksum=True,
            )
            sink.flush()
            os.fsync(sink.fileno())
            part.replace(folder / called)
        _flush(folder)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def read(path: Path, held: Held) -> Piece:
    """The piece of the file at `path`, which should be the one that is `held`.

    Raises `FileNotFoundError` when somebody has removed it meanwhile, `Unreadable`, and other `OSError`s.
    """
    footer = head(path, held)
    schema = COLUMNS[held.query.dataset]
    coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    try:
        table = pq.read_table(path, page_checksum_verification=True, read_dictionary=coded)
        table = table.replace_schema_metadata(None).cast(schema)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _judged(error) from error
    if table.num_rows != footer.rows:
        raise Unreadable(f"{table.num_rows} rows instead of {footer.rows}")
    return Piece(
        held.query,
        table.unify_dictionaries().combine_chunks(),
        footer.fetched_at,
        {(reason, day): count for reason, day, count in footer.refused},
        footer.duplicates,
        footer.outside,
        footer.proof,
        held.id,
    )


def head(path: Path, held: Held) -> Footer:
    """What a file says of itself, without its rows. Raises as `read` does."""
    try:
        metadata = pq.read_schema(path).metadata or {}
        footer = msgspec.json.decode(metadata.get(_KEY, b""), type=Footer)
    except (pa.ArrowException, OSError, ValueError, UserlaneError) as error:
        raise _judged(error) from error
    if footer.version != VERSION or footer.query != held.query:
        raise Unreadable("another version's or another question's")
    return footer


def orphans(folder: Path) -> Iterator[Path]:
    """Parts below `folder` that no living process is writing."""
    for part in folder.rglob(".*.part"):
        with contextlib.suppress(OSError), part.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield part


def _judged(error: Exception) -> Exception:
    """The system's own errors as they are; those of pyarrow, which have no number, mean a broken file."""
    return error if isinstance(error, OSError) and error.errno else Unreadable(str(error))


def _footer(piece: Piece) -> bytes:
    return msgspec.json.encode(
        Footer(
            VERSION,
            piece.query,
            piece.fetched_at.astimezone(UTC),
            piece.table.num_rows,
            [(reason, day, count) for (reason, day), count in piece.refused.items()],
            piece.duplicates,
            piece.outside,
            piece.proof,
        )
    )


def _flush(folder: Path) -> None:
    """Let a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
