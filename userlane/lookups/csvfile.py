"""An uploaded CSV becomes lines of cells, whatever program wrote it; or it is refused, and told why.

Found out from the file: encoding (UTF-8 with or without BOM, UTF-16, Windows-1252), delimiter (comma,
semicolon, tab) and the columns, by name. Every cell is the text as written: nothing becomes a number.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from userlane.errors import UploadRefused
from userlane.formatting import format_number
from userlane.formulas import unescape

Value = TypeVar("Value")

MAX_BYTES = 20 * 1024 * 1024
"""The largest file that is read; the upload itself is limited to the same by `.streamlit/config.toml`."""

MAX_COLUMNS = 500
MAX_LINES = 500_000
_MAX_RECORD = 1_000_000  # characters

_DELIMITERS = ",;\t"
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]++")
_SEPARATOR_LINE = re.compile(r"sep=([,;|\t])[ \t]*(\r\n|\r|\n)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV whose needed columns are found.

    `places` says where they stand, in the order they were expected. `lines`, to be gone through once, are
    line numbers (from 1, of the line the record starts in) and cells: trimmed, as many as the header has.
    """

    header: tuple[str, ...]
    places: tuple[int, ...]
    lines: Iterator[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file must hold: for each needed column its possible names, the likeliest first, as `plain`."""

    columns: Mapping[str, Sequence[str]]
    sentence: str


def read(data: bytes, file_name: str, expected: Expected) -> Sheet:
    """The lines of a CSV that has the expected columns; others may stand beside them.

    Empty lines are passed over and short ones filled with empty cells. A first line `sep=;` is obeyed.
    Raises `UploadRefused` for anything else, with what was expected: too large, empty, not text, a needed
    column missing or there twice, too many lines; and, while the lines are gone through, for no line below
    the header, a line with too many cells and a broken quote.
    """
    refused = _Refusal(file_name, expected.sentence)
    if len(data) > MAX_BYTES:
        raise refused(f"is larger than {MAX_BYTES // 1024 // 1024} MB")
    text = _text(data, refused)
    delimiters, skipped = _DELIMITERS, 0
    if told := _SEPARATOR_LINE.match(text):
        delimiters, skipped, text = told[1], 1, text[told.end() :]
    if not text or text.isspace():
        raise refused("is empty")
    if max(text.count("\n"), text.count("\r")) > MAX_LINES:
        raise refused(f"has more than {format_number(MAX_LINES)} lines")
    delimiter, header, places = _header(text, delimiters, expected, refused)
    records = _records(text, delimiter, skipped, refused)
    next(records)
    return Sheet(header, places, _lines(records, len(header), refused))


def plain(name: str) -> str:
    """A column's name without case, spaces, `_`, `-` and dots, by which columns are found.

    >>> plain("Tag-ID"), plain(" tag_id"), plain("user.id")
    ('tagid', 'tagid', 'userid')
    """
    return re.sub(r"[\s_\-.\ufeff]+", "", unescape(name)).casefold()


def one_each(
    found: Iterable[tuple[int, str, Value]], file_name: str, what: str, differing: str
) -> tuple[dict[str, Value], int]:
    """The value of each ID, from (line, ID, value); and how many lines said once more what another one says.

    Raises `UploadRefused`, naming the lines, when an ID has different values.
    """
    values: dict[str, Value] = {}
    lines: dict[str, int] = {}
    conflicts: dict[str, list[int]] = {}
    duplicates = 0
    for line, key, value in found:
        if lines.setdefault(key, line) == line:
            values[key] = value
        elif values[key] == value:
            duplicates += 1
        else:
            conflicts.setdefault(key, [lines[key]]).append(line)
    if not conflicts:
        return values, duplicates
    shown = [
        f"{key[:40]} (lines {', '.join(map(str, numbers[:5]))}{' …' if len(numbers) > 5 else ''})"
        for key, numbers in list(conflicts.items())[:5]
    ]
    more = f" and {format_number(len(conflicts) - 5)} more" if len(conflicts) > 5 else ""
    raise UploadRefused.of_file(
        file_name,
        f"gives one {what} different {differing}: {', '.join(shown)}{more}",
        f"Keep one line for each {what} and upload it again.",
    )


@dataclass(frozen=True, slots=True)
class _Refusal:
    file_name: str
    expected: str

    def __call__(self, what: str, next_step: str = "") -> UploadRefused:
        return UploadRefused.of_file(self.file_name, what, next_step or self.expected)


def _text(data: bytes, refused: _Refusal) -> str:
    if data.startswith(_WORKBOOKS):
        raise refused("is a workbook or an archive", "Open it in the spreadsheet and save it as CSV.")
    try:
        text = _decoded(data)
    except UnicodeDecodeError as error:
        raise refused("is not a text file in UTF-8, UTF-16 or Windows-1252") from error
    if "\0" in text:
        raise refused("is not a text file")
    return text


def _decoded(data: bytes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding)
    # UTF-16 without BOM: the header begins with a Latin letter, half of which is then a zero.
    if len(data) > 1 and (data[0] == 0) != (data[1] == 0):
        return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def _header(
    text: str, delimiters: str, expected: Expected, refused: _Refusal
) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
    """The delimiter under which the first line names the expected columns, and where they stand."""
    headers: list[tuple[str, ...]] = []
    trouble: UploadRefused | None = None
    for delimiter in delimiters:
        try:
            _, cells = next(_records(text[:_MAX_RECORD], delimiter, 0, refused))
        except UploadRefused as error:
            trouble = error  # under another delimiter the same line may be in order
            continue
        if len(cells) > MAX_COLUMNS:
            raise refused(f"has more than {MAX_COLUMNS} columns")
        header = tuple(unescape(cell.strip()) for cell in cells)
        if places := _places(header, expected, refused):
            return delimiter, header, places
        headers.append(header)
    if trouble and not headers:
        raise trouble
    likeliest = max(headers, key=len)
    found = ", ".join(f"“{name[:30]}”" for name in likeliest[:8] if name.isprintable())
    raise refused(
        f"has no column for {' or none for '.join(expected.columns)} under a name that is known",
        f"{expected.sentence} Found: {found or 'no column'}.",
    )


def _places(header: Sequence[str], expected: Expected, refused: _Refusal) -> tuple[int, ...]:
    """Where the expected columns stand, in their order; nothing if one is not there."""
    names = [plain(name) for name in header]
    places: list[int] = []
    for aliases in expected.columns.values():
        found = next((alias for alias in aliases if alias in names), None)
        if found is None:
            return ()
        if names.count(found) > 1:
            raise refused(f"has more than one column “{header[names.index(found)]}”")
        places.append(names.index(found))
        names[places[-1]] = ""
    return tuple(places)


def _lines(
    records: Iterator[tuple[int, list[str]]], width: int, refused: _Refusal
) -> Iterator[tuple[int, list[str]]]:
    # Short lines are filled, so a small file could claim any number of cells: not more than it could hold.
    most = MAX_BYTES // width
    count = 0
    for line, cells in records:
        if len(cells) > width:
            raise refused(
                f"has {len(cells)} cells in line {line} but {width} in its header",
                "A text that holds the delimiter must stand in double quotes.",
            )
        trimmed = [cell.strip() for cell in cells]
        if any(trimmed):
            count += 1
            if count > most:
                raise refused(f"has {width} columns and more than {format_number(most)} lines")
            yield line, trimmed + [""] * (width - len(cells))
    if not count:
        raise refused("holds a header and nothing below it")


def _records(text: str, delimiter: str, skipped: int, refused: _Refusal) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not an empty line, with the number of the line it starts in."""
    size = 0

    def split_lines() -> Iterator[str]:
        nonlocal size
        for found in _LINE.finditer(text):
            size += len(found[0])
            if size > _MAX_RECORD:  # before it becomes cells, each of which takes many times its delimiter
                raise refused(f"cannot be read from line {line + skipped} on: the line is too long")
            yield found[0]

    line = 1
    reader = csv.reader(split_lines(), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            size = 0
            if cells:
                yield line + skipped, cells
            line = reader.line_num + 1
    except csv.Error as error:
        reason = "a text is too long" if "field limit" in str(error) else "the double quotes do not match"
        raise refused(f"cannot be read from line {line + skipped} on: {reason}") from error
