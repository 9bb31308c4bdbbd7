"""A file is whole, or is not read."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from userlane.store import atomic_files
from userlane.store.atomic_files import Unreadable

TABLE = pa.table({"number": [1, 2, 3], "text": ["a", None, "c"]})


@settings(UNHURRIED, max_examples=200)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_noticed(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    file = atomic_files.write(tmp_path_factory.mktemp("rows"), "rows", TABLE)
    held = bytearray(file.read_bytes())
    held[place % len(held)] ^= 1 << bit
    file.write_bytes(held)
    with pytest.raises(Unreadable):
        atomic_files.read(file)


@settings(UNHURRIED, max_examples=50)
@given(cut=st.integers(1), more=st.binary(min_size=1, max_size=9))
def test_bytes_that_are_missing_or_too_many_are_noticed(
    tmp_path_factory: pytest.TempPathFactory, cut: int, more: bytes
) -> None:
    file = atomic_files.write(tmp_path_factory.mktemp("rows"), "rows", TABLE)
    held = file.read_bytes()
    for other in (held[: -1 - cut % len(held)], held + more):
        file.write_bytes(other)
        with pytest.raises(Unreadable):
            atomic_files.read(file)


def test_what_is_written_is_read_under_the_name_it_was_given(tmp_path: Path) -> None:
    file = atomic_files.write(tmp_path / "a" / "b", "rows.of.a", TABLE, {b"key": b"value"})
    assert atomic_files.strip_checksum(file.name) == "rows.of.a"
    assert atomic_files.read(file).equals(TABLE, check_metadata=True)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.0000000.parquet", "rows.GGGGGGGG.parquet", ".x.part"])
def test_what_was_not_written_here_has_no_name_and_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(atomic_files.write(tmp_path, "rows", TABLE).read_bytes())
    assert atomic_files.strip_checksum(name) == ""
    with pytest.raises(Unreadable):
        atomic_files.read(tmp_path / name)


def test_a_file_with_a_right_checksum_that_holds_no_table_is_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "rows.00000000.parquet"
    file.write_bytes(b"")
    with pytest.raises(Unreadable):
        atomic_files.read(file)
