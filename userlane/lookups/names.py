"""Tag names: the API knows tags by ID only; the Portal exports a CSV with their names."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from userlane.errors import UploadRefused, base_name
from userlane.formulas import unescape
from userlane.lookups.csvfile import Expected, Sheet, one_each, read

_EXPECTED = Expected(
    columns={
        "the tag ID": ("tagid", "id", "tagidentifier", "identifier", "tagnumber", "tag"),
        "the name": ("tagname", "name", "title", "tagtitle", "label", "taglabel", "displayname", "tag"),
    },
    sentence="Expected is the CSV of the Portal's Tag Analytics, with the columns Tag ID and Name.",
)


@dataclass(frozen=True, slots=True)
class Names:
    """Tag names by tag ID, as read from a file.

    `source` is the file's name and `digest` the SHA-256 of its bytes; `duplicates` counts lines that say
    once more what another line says.
    """

    entries: Mapping[str, str]
    source: str
    digest: str
    duplicates: int = 0


def read_names(data: bytes, file_name: str) -> Names:
    r"""Tag names from a CSV with a column for the tag ID and one for the name; see `csvfile.read` for what is
    tolerated.

    IDs are exact text, trimmed; names too, also `NA`, `null` or `None`. The apostrophe that this app's own
    exports put before `=`, `+`, `-`, `@` is taken off again. A line with an ID and no name gives no name.

    >>> read_names(b"Tag ID;Name;Users\n007;Save;3\n8;NA;1\n", "tags.csv").entries
    {'007': 'Save', '8': 'NA'}

    Raises `UploadRefused`, besides what `csvfile.read` refuses, for a name without an ID, for one ID with
    different names (with the line numbers), and when there is no name at all.
    """
    sheet = read(data, file_name, _EXPECTED)
    entries, duplicates = one_each(_named_lines(sheet, file_name), file_name, "tag ID", "names")
    if not entries:
        raise UploadRefused.of_file(file_name, "names no tag", _EXPECTED.sentence)
    return Names(entries, base_name(file_name), hashlib.sha256(data).hexdigest(), duplicates)


def read_names_file(files: Sequence[bytes], file_name: str) -> Names:
    """Read the one file, in a child process: see `reader_process`."""
    return read_names(files[0], file_name)


def _named_lines(sheet: Sheet, file_name: str) -> Iterator[tuple[int, str, str]]:
    at_id, at_name = sheet.places
    for line, cells in sheet.lines:
        tag_id, name = unescape(cells[at_id]).strip(), unescape(cells[at_name])
        if name and not tag_id:
            raise UploadRefused.of_file(
                file_name, f"has a name without a tag ID in line {line}", "Add the ID or delete the line."
            )
        if name:
            yield line, tag_id, name
