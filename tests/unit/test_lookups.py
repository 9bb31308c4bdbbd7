"""Uploaded files are read as written, or refused with cause and next step."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from userlane import export, saved_json
from userlane.contract import COLUMNS, Dataset, Query, State, Window
from userlane.errors import UploadRefused
from userlane.formulas import unescape
from userlane.lookups import csvfile
from userlane.lookups.attributes import Attributes, UserMatch, match_users, read_attributes
from userlane.lookups.csvfile import MAX_BYTES, Expected
from userlane.lookups.names import Names, read_names
from userlane.lookups.tag_join import TagMatch, label_tags, match_tags, name_tags

quick = settings(max_examples=60, deadline=None)
# Everything but what no file can carry: halves of characters, and the character that marks a file as no text.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(CHARACTERS, min_size=1, max_size=12).map(str.strip).filter(bool)
PLAIN_TEXTS = TEXTS.filter(lambda text: unescape(text) == text)
IDS = st.one_of(
    PLAIN_TEXTS, st.sampled_from(["007", "1e5", "9007199254740993", "1234567890123456789", "NA", "1.0"])
)
NAMES = st.one_of(
    PLAIN_TEXTS, st.sampled_from(["NA", "null", "None", "nan", "", "a,b;c\td", 'say "hi"', "a\nb"])
)


def written(
    rows: Iterable[Sequence[str]],
    delimiter: str = ",",
    line_end: str = "\r\n",
    *,
    always_quoted: bool = False,
) -> str:
    """What another program writes: quoted where it must be, or always."""

    def cell(text: str) -> str:
        needed = always_quoted or any(character in text for character in f'{delimiter}"\r\n')
        return '"{}"'.format(text.replace('"', '""')) if needed else text

    return "".join(delimiter.join(map(cell, row)) + line_end for row in rows)


ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "UTF-8 with BOM": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16 little": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 big": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-16 little without BOM": lambda text: text.encode("utf-16-le"),
    "UTF-16 big without BOM": lambda text: text.encode("utf-16-be"),
}


def refusal(data: bytes, file_name: str = "tags.csv") -> UploadRefused:
    with pytest.raises(UploadRefused) as caught:
        read_names(data, file_name)
    assert caught.value.next_step
    return caught.value


@quick
@given(
    entries=st.dictionaries(IDS, NAMES, min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    always_quoted=st.booleans(),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    header=st.sampled_from([
        ("Tag ID", "Name"), ("ID", "Tag name"), ("tag_id", "Title"), ("TAG-ID", "tag_name"), ("tagId", "NAME")
    ]),
    extra=st.lists(NAMES, max_size=2),
)  # fmt: skip
def test_names_come_back_as_written(
    *,
    entries: dict[str, str],
    delimiter: str,
    line_end: str,
    always_quoted: bool,
    encoding: str,
    header: tuple[str, str],
    extra: list[str],
) -> None:
    """IDs and names survive every delimiter, encoding, line end and quoting, beside any other columns."""
    assume(any(entries.values()))
    others = [f"Other {place}" for place in range(len(extra))]
    rows = [[*others, header[1], header[0]], *([*extra, name, tag_id] for tag_id, name in entries.items())]
    data = ENCODINGS[encoding](written(rows, delimiter, line_end, always_quoted=always_quoted))
    expected = {tag_id: name for tag_id, name in entries.items() if name}
    assert read_names(data, "tags.csv").entries == expected


@quick
@given(
    st.dictionaries(
        st.from_regex(r"[0-9]{1,5}", fullmatch=True),
        st.text("abcäöüßéñ€„“–…'\" ;,=", max_size=12)
        .map(str.strip)
        .filter(lambda text: unescape(text) == text),
        min_size=1,
        max_size=5,
    )
)
def test_windows_1252_is_found(entries: dict[str, str]) -> None:
    """A file saved by an older Excel keeps its umlauts, quotes and euro signs."""
    assume(any(entries.values()))
    # Some pairs such as “ß€” are also one UTF-8 character; the umlaut in the header settles it.
    rows = [("Tag ID", "Name", "Größe"), *((key, name, "") for key, name in entries.items())]
    data = written(rows).encode("cp1252")
    assert read_names(data, "tags.csv").entries == {key: name for key, name in entries.items() if name}


@quick
@given(st.dictionaries(IDS, TEXTS, min_size=1, max_size=6))
def test_own_exports_come_back(entries: dict[str, str]) -> None:
    """Names exported as formula-safe CSV are read as the names they were, however they begin."""
    frame = pd.DataFrame({"tag_id": list(entries), "tag_name": list(entries.values())}, dtype="str")
    query = Query("tags", "demo", Window(date(2026, 4, 1), date(2026, 5, 1)))
    data = export.view_file(frame, query, State(), "tags", {}, "csv")
    assert read_names(data, "tags.csv").entries == entries


def test_exported_records_name_the_same_tags_again() -> None:
    """The raw records file holds a tag once for each record; as a names file it gives each name once."""
    table = tag_table([["7", "8"], ["7"]])
    named = name_tags(table, Names({"7": "=Save", "9": "Old"}, "", ""))
    query = Query("tags", "demo", Window(date(2026, 4, 1), date(2026, 5, 1)))
    data = export.records_file(Dataset(query, named, State(), ""), "csv")
    again = read_names(data, "records.csv")
    assert (again.entries, again.duplicates) == ({"7": "=Save"}, 1)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=60) | st.text(CHARACTERS, max_size=60).map(lambda text: f"id,name\n{text}".encode())
)
def test_anything_is_read_or_refused(data: bytes) -> None:
    """No file fails in another way than by a refusal that says what to do."""
    refused = None
    try:
        assert read_names(data, "tags.csv").entries
    except UploadRefused as error:
        refused = error
    assert refused is None or (refused.cause.startswith("“tags.csv” ") and refused.next_step)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ID,Name", ("1", "2")),
        ("tag id,tag-name", ("1", "2")),
        ("Title,Tag", ("2", "1")),
        ("Tag,Title", ("1", "2")),
        ("ID,Tag", ("1", "2")),
        ("tag_id,tag", ("1", "2")),
        ("\u00a0TAG  ID ,__Name", ("1", "2")),
    ],
)
def test_columns_are_found_by_name(header: str, expected: tuple[str, str]) -> None:
    """Case, spaces, _ and - do not matter; a column `Tag` is the ID or the name, whichever is lacking."""
    ((tag_id, name),) = read_names(f"{header}\n1,2\n".encode(), "tags.csv").entries.items()
    assert (tag_id, name) == expected


def test_the_likelier_of_two_columns_is_taken() -> None:
    """`Tag ID` goes before `ID`, and `Tag name` before `Name`."""
    data = b"ID,Name,Tag ID,Tag name\n1,owner,7,Save\n"
    assert read_names(data, "tags.csv").entries == {"7": "Save"}


def test_separator_line_of_excel_is_obeyed() -> None:
    """A first line `sep=;` is not the header, and line numbers count it."""
    data = "sep=;\r\nTag ID;Name\r\n7;Save, all\r\n"
    assert read_names(data.encode(), "tags.csv").entries == {"7": "Save, all"}
    assert "line 4 " in refusal(f"{data}8;a;b\r\n".encode()).cause


def test_short_blank_and_nameless_lines() -> None:
    """Missing last cells, empty lines and IDs without a name do no harm."""
    data = b"\n\nTag ID,Name,Owner\n7,Save\n\n,,\n8\n9, ,x\n 10 , Open ,\n"
    assert read_names(data, "tags.csv").entries == {"7": "Save", "10": "Open"}


def test_equal_duplicates_are_counted() -> None:
    """A tag listed again with the same name is one entry, and said."""
    names = read_names(b"id,name\n7,Save\n8,Open\n7,Save\n7,Save\n", "C:\\files\\tags.csv")
    assert (names.entries, names.duplicates, names.source) == ({"7": "Save", "8": "Open"}, 2, "tags.csv")
    assert len(names.digest) == 64
    assert names.digest != read_names(b"id,name\n7,Save\n8,Open\n", "tags.csv").digest


def test_conflicting_duplicates_are_refused_with_their_lines() -> None:
    """One ID with two names is refused; lines are counted as an editor does, also after quoted newlines."""
    error = refusal(b'id,name\n7,Save\n8,"two\nlines"\n\n7,Save all\n8,"two\nlines"\n7,Save\n')
    assert "7 (lines 2, 6)" in error.cause
    assert "8 (" not in error.cause
    many = "id,name\n" + "".join(f"{tag_id},{name}\n" for name in range(7) for tag_id in range(7))
    assert "0 (lines 2, 9, 16, 23, 30 …)" in refusal(many.encode()).cause
    assert refusal(many.encode()).cause.endswith(" and 2 more.")


def test_extra_field_is_refused_with_its_line() -> None:
    """An unquoted comma in a name would shift the columns: the line is named instead."""
    error = refusal(b'id,name\n7,"two\nlines"\n8,Save, then close\n')
    assert "3 cells in line 4 but 2 in its header" in error.cause
    assert "double quotes" in error.next_step


@pytest.mark.parametrize(
    ("line", "place"),
    [(b'8,"Save" all\n', "line 3"), (b'8,"Save\n9,Open\n', "line 3"), (b"8," + b"x" * 200_000, "line 3")],
)
def test_broken_lines_are_refused_with_their_place(line: bytes, place: str) -> None:
    """A quote that does not match, or a text without end, is not guessed at."""
    assert place in refusal(b"id,name\n7,Open\n" + line).cause


def test_name_without_id_is_refused() -> None:
    """A name that belongs to no ID is not dropped silently."""
    assert "line 3" in refusal(b"id,name\n7,Save\n,Open\n").cause


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "is empty"),
        (codecs.BOM_UTF8 + b" \r\n\t\n", "is empty"),
        (b"sep=;\n", "is empty"),
        (b"Tag ID,Name\r\n", "a header and nothing below"),
        (b"Tag ID,Name\r\n,\r\n\r\n", "a header and nothing below"),
        (b"Tag ID,Name\n7,\n", "names no tag"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "not a text file"),
        (b"id,name\n7,\x81\xff\n", "not a text file"),
        (b"id,name\n7,a\0b\n", "not a text file"),
        (codecs.BOM_UTF16_LE + b"odd", "not a text file"),
        (b"PK\x03\x04\x14\x00", "a workbook"),
        (b"Tag ID,Name\n7,Save\n"[:8] + b"," * MAX_BYTES, "larger than 20 MB"),
        (b"id,name" + b",c" * 200_000 + b"\n7,Save\n", "more than 500 columns"),
        (b"id;name" + b";c" * 200_000 + b"\n7;Save\n", "more than 500 columns"),
        (b"id,name\n" + b"7,a\n" * 500_001, "more than 500\u202f000 lines"),
        (b"," * (MAX_BYTES - 1), "more than 500 columns"),
        (b"x" * (MAX_BYTES - 1), "too long"),
        (b"Name,Users\nSave,3\n", "no column for the tag ID"),
        (b"id|name\n7|Save\n", "no column for the tag ID"),
        (b"Tag ID,tag_id,Name\n7,8,Save\n", "more than one column “Tag ID”"),
        (b'{"data": [{"id": 7, "name": "Save"}]}', "no column"),
        (b"<!doctype html><title>Log in</title>", "no column"),
    ],
)  # fmt: skip
def test_what_is_no_names_file_is_refused(data: bytes, cause: str) -> None:
    """Each refusal says what the file is, and what was expected instead."""
    error = refusal(data)
    assert cause in error.cause
    assert error.exit_code == 5


def test_refusal_names_the_columns_found() -> None:
    """Who sees what was found can mend the header; long and unprintable names are cut or left out."""
    error = refusal(b"Feature;Users;\x07\n" + b"a;1;b\n", "C:/a/very" + "x" * 90 + "long name.csv")
    assert error.next_step.endswith("Found: “Feature”, “Users”.")
    assert "Tag ID and Name" in error.next_step
    assert len(error.cause) < 160


def test_match_says_who_met() -> None:
    """Tags with and without a name and names without a tag are listed, each ID once, in their order."""
    names = Names({"7": "Save", "9": "Old", "007": "Open"}, "tags.csv", "")
    found = match_tags(["8", "7", "7"], names)
    assert found == TagMatch(("7",), ("8",), (("9", "Old"), ("007", "Open")))
    assert found.sentence() == "1 of 2 tags named; 1 without a name; 2 names unused"


def test_sentence_of_the_screen() -> None:
    """One line that says it all; parts that are 0 are left out."""
    tag_ids = [str(number) for number in range(60)]
    names = Names({str(number): "x" for number in range(3, 61)}, "tags.csv", "")
    assert match_tags(tag_ids, names).sentence() == "57 of 60 tags named; 3 without a name; 1 name unused"
    assert match_tags(["5"], Names({"5": "x"}, "", "")).sentence() == "1 of 1 tag named"
    assert match_tags(["1", "2"], names).sentence() == "0 of 2 tags named; 2 without a name; 58 names unused"


def tag_table(chunks: Sequence[Sequence[str | None]]) -> pa.Table:
    """Canonical tag records with these tag IDs, each chunk with a dictionary of its own."""
    tables = []
    for tag_ids in chunks:
        columns = [pa.nulls(len(tag_ids), field.type) for field in COLUMNS["tags"]]
        columns[1] = pa.array(tag_ids, pa.string()).dictionary_encode()
        tables.append(pa.Table.from_arrays(columns, schema=COLUMNS["tags"]))
    return pa.concat_tables(tables) if tables else COLUMNS["tags"].empty_table()


@quick
@given(
    st.lists(st.lists(st.none() | st.sampled_from("abcde"), max_size=6), max_size=4),
    st.dictionaries(st.sampled_from("abcxy"), st.sampled_from(["Save", "Open", "NA"])),
)
def test_name_tags_fills_names_row_by_row(chunks: list[list[str | None]], entries: dict[str, str]) -> None:
    """Every record gets its tag's name, also where tags share one; the rest stays missing."""
    table = tag_table(chunks)
    named = name_tags(table, Names(entries, "", ""))
    tag_ids = [tag_id for chunk in chunks for tag_id in chunk]
    assert named.column("tag_name").to_pylist() == [entries.get(tag_id or "") for tag_id in tag_ids]
    assert named.schema == COLUMNS["tags"]
    assert named.drop("tag_name").equals(table.drop("tag_name"))
    named.validate(full=True)


def test_name_tags_without_names_changes_nothing() -> None:
    """No upload, no names."""
    table = tag_table([["a"]])
    assert name_tags(table, None) is table


def test_label_tags_keeps_tags_apart() -> None:
    """The name, the ID where there is none, both where several tags bear one name; missing stays so."""
    frame = pd.DataFrame({"tag_id": ["7", "8", "9", "10", None], "users": [1, 2, 3, 4, 5]}).astype(
        {"tag_id": "str"}
    )
    names = Names({"7": "Save", "8": "Save", "9": "NA"}, "", "")
    labelled = label_tags(frame, names)
    assert labelled["tag"].tolist()[:4] == ["Save (7)", "Save (8)", "NA", "Tag 10"]
    assert labelled["tag"].isna().tolist() == [False] * 4 + [True]
    assert list(labelled.columns) == ["tag_id", "tag", "users"]
    assert list(frame.columns) == ["tag_id", "users"]
    assert label_tags(labelled, None)["tag"].tolist()[:2] == ["Tag 7", "Tag 8"]
    assert label_tags(frame.iloc[:0], names)["tag"].dtype == "str"


@quick
@given(
    st.dictionaries(IDS, st.tuples(NAMES, NAMES), min_size=1, max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from(["User ID", "userId", "publicUserId", "user.id", "ID"]),
)
def test_attributes_come_back_as_written(
    users: dict[str, tuple[str, str]], delimiter: str, header: str
) -> None:
    """User IDs and attributes are exact text; an empty cell is missing, `NA` is not."""
    rows = [
        ("Role", header, "", "Region"),
        *((role, key, "x", region) for key, (role, region) in users.items()),
    ]
    frame = read_attributes(written(rows, delimiter).encode(), "hr.csv").frame
    assert list(frame.columns) == ["user_id", "Role", "Region"]
    assert {str(kind) for kind in frame.dtypes} == {"str"}
    expected = [(key, *(value or None for value in values)) for key, values in users.items()]
    found = frame.astype(object).where(frame.notna(), None)
    assert list(found.itertuples(index=False, name=None)) == expected


def test_attributes_duplicates() -> None:
    """The same user again is counted when nothing differs, else refused with the lines."""
    known = read_attributes(b"user_id,role\nu-1,PM\nu-1,PM\n", "hr.csv")
    assert (len(known.frame), known.duplicates, known.source) == (1, 1, "hr.csv")
    with pytest.raises(UploadRefused, match=r"one user ID different attributes: u-1 \(lines 2, 3\)"):
        read_attributes(b"user_id,role\nu-1,PM\nu-1,\n", "hr.csv")


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"user_id\nu-1\n", "nothing but user IDs"),
        (b"user_id,\nu-1,x\n", "nothing but user IDs"),
        (b"role,region\nPM,EU\n", "no column for the user ID"),
        (b"user_id,Role,Role\nu-1,PM,QA\n", "two columns of the same name"),
        (b"user_id,role\nu-1,PM\n,QA\n", "no user ID in line 3"),
    ],
)
def test_what_is_no_attributes_file_is_refused(data: bytes, cause: str) -> None:
    """Nothing to join by, or nothing to learn."""
    with pytest.raises(UploadRefused) as caught:
        read_attributes(data, "hr.csv")
    assert cause in caught.value.cause
    assert caught.value.next_step


def test_small_file_cannot_claim_endless_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short lines are filled up, but to no more cells than the largest file could spell out."""
    monkeypatch.setattr("userlane.lookups.csvfile.MAX_BYTES", 1_000)
    header = b"id,name" + b",c" * 8 + b"\n"
    with pytest.raises(UploadRefused, match="10 columns and more than 100 lines"):
        read_names(header + b"1\n" * 101, "tags.csv")


def test_match_users_says_so_when_nobody_matches() -> None:
    """IDs of the browser extension match no HR export: 0 of N, never an error."""
    known = Attributes(pd.DataFrame({"user_id": ["007", "u-2"]}, dtype="str"), "hr.csv", "")
    found = match_users(["7", "x", "x"], known)
    assert found == UserMatch((), ("7", "x"), ("007", "u-2"))
    assert (
        found.sentence() == "0 of 2 users matched (0 %); 2 without attributes; 2 users of the file not seen"
    )
    assert (
        match_users(["007"], known).sentence() == "1 of 1 user matched (100 %); 1 user of the file not seen"
    )
    assert match_users([], Attributes(known.frame.iloc[:0], "", "")).sentence() == "0 of 0 users matched"


EXPECTED = Expected({"the key": ("key",)}, "Expected is a column Key.")
CP1252 = "aZ09 äÖß€„“–…'\";,\t\r\n=+-@#|&"


def exact(data: bytes) -> list[list[str]]:
    """Every cell of a file that can be read, the header first."""
    sheet = csvfile.read(data, "table.csv", EXPECTED)
    return [list(sheet.header), *(cells for _, cells in sheet.lines)]


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    """An encoding, and a table of text it can hold, a column `Key` somewhere in it."""
    encoding = draw(st.sampled_from([*ENCODINGS, "cp1252"]))
    cells = st.text(CP1252 if encoding == "cp1252" else CHARACTERS, max_size=8)
    width, place = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    names = [f"Größe {number}" for number in range(width)]
    names.insert(place, "Key")
    row = st.lists(cells, min_size=width + 1, max_size=width + 1).filter(lambda row: "".join(row).strip())
    return encoding, [names, *draw(st.lists(row, min_size=1, max_size=5))]


@quick
@given(tables(), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"]), st.sampled_from([0, 1, 2]))
def test_any_table_that_python_writes_is_read_cell_by_cell(
    table: tuple[str, list[list[str]]], delimiter: str, line_end: str, quoting: Any
) -> None:
    """Every encoding, delimiter and way to quote; spaces around a cell belong to the layout of the file."""
    encoding, rows = table
    # Python leaves a line break that is not its own bare: nobody could tell it from the end of a line.
    breaks = any("\r" in cell or "\n" in cell for row in rows for cell in row)
    sink = io.StringIO(newline="")
    csv.writer(
        sink, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL if breaks else quoting
    ).writerows(rows)
    text = sink.getvalue()
    data = ENCODINGS[encoding](text) if encoding in ENCODINGS else text.encode(encoding)
    assert exact(data) == [[cell.strip() for cell in row] for row in rows]


@quick
@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "01", "1e0", "NA"]), st.sampled_from(["Save", "NA", "null"])),
        max_size=9,
    ),
    st.lists(st.sampled_from(["1", "01", "1e0", "NA", "other"]), max_size=20),
)
def test_totals_never_change_by_a_join(lines: list[tuple[str, str]], tag_ids: list[str]) -> None:
    """Whatever is in the file, one row stays one row: interactions before are interactions after."""
    data = written([("Tag ID", "Name"), *lines]).encode()
    try:
        names = read_names(data, "tags.csv")
    except UploadRefused:
        names = None
    table = tag_table([tag_ids[:7], tag_ids[7:]])
    counts = pa.chunked_array([pa.array(range(len(tag_ids)), pa.int64())])
    table = table.set_column(table.schema.get_field_index("interactions"), "interactions", counts)
    named = name_tags(table, names)
    assert (named.num_rows, named["interactions"].to_pylist()) == (len(tag_ids), list(range(len(tag_ids))))
    frame = pd.DataFrame({"tag_id": pd.Series(tag_ids, dtype="str"), "interactions": range(len(tag_ids))})
    labelled = label_tags(frame, names)
    assert labelled["interactions"].tolist() == list(range(len(tag_ids)))


@quick
@given(
    st.lists(
        st.tuples(st.sampled_from(["u-1", "007", "7", "1e5"]), st.sampled_from(["NA", "null", "", "QA"])),
        min_size=1,
        max_size=9,
    )
)
def test_one_user_is_one_line_of_attributes_or_the_file_is_refused(lines: list[tuple[str, str]]) -> None:
    """So that joining them can never count anybody's interactions twice."""
    said = {user: {role for each, role in lines if each == user} for user, _ in lines}
    data = written([("User ID", "Role"), *lines]).encode()
    if any(len(roles) > 1 for roles in said.values()):
        with pytest.raises(UploadRefused, match=r"lines \d+, \d+"):
            read_attributes(data, "hr.csv")
        return
    found = read_attributes(data, "hr.csv")
    assert found.frame["user_id"].tolist() == list(said)
    assert found.duplicates == len(lines) - len(said)
    seen = pd.DataFrame({"user_id": [user for user, _ in lines], "interactions": range(len(lines))})
    joined = seen.merge(found.frame, on="user_id", how="left")
    assert joined["interactions"].tolist() == list(range(len(lines)))


class Untouched(bytes):
    """A file of 300 MB that complains when anybody looks inside."""

    def __len__(self) -> int:
        return 300 * 2**20

    def decode(self, *_: Any) -> str:
        raise AssertionError("read")

    startswith = __getitem__ = __iter__ = decode  # type: ignore[assignment]  # any way to read


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert "larger than 20 MB" in refusal(Untouched(b"Tag ID,Name\n")).cause
    with pytest.raises(UploadRefused, match="larger than 64 MB"):
        saved_json.read([("nps.json", Untouched(b"[]"))], "nps")


@pytest.mark.parametrize(
    "data",
    [
        b"id,name" + b",c" * 200_000 + b"\n" + b"7,Save\n" * 100_000,
        b"," * (MAX_BYTES - 1),
        b"x" * (MAX_BYTES - 1),
        b"Colour,Size\n" + b"red,3\n" * 400_000,
        b"\x89PNG\r\n\x1a\nIHDR" + b"\x8a,\n" * 1_000_000,
    ],
)
def test_what_is_refused_is_refused_by_its_beginning(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a table that cannot be used no more than its header is taken apart, under each delimiter."""
    taken = 0
    reader = csv.reader

    def counting(source: Iterable[str], **how: Any) -> Any:
        def lines() -> Iterator[str]:
            nonlocal taken
            for line in source:
                taken += len(line)
                yield line

        return reader(lines(), **how)

    monkeypatch.setattr(csv, "reader", counting)
    refusal(data)
    assert taken <= 3 * 1_000_000


def test_no_overlap_is_said() -> None:
    """IDs of another system match nobody, and the sentence says so in so many words."""
    attributes = read_attributes(b"User ID,Role\nx-1,QA\nx-2,QA\n", "hr.csv")
    assert match_users(["u-1", "u-2", "u-3"], attributes).sentence().startswith("0 of 3 users matched")
    assert match_tags(["1"], Names({"2": "x"}, "", "")).sentence().startswith("0 of 1 tag named")
