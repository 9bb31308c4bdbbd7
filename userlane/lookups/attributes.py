"""User attributes: who the users are, from any CSV with a column for the user ID."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from userlane.errors import UploadRefused, base_name
from userlane.formatting import format_count, format_number, format_share
from userlane.formulas import unescape
from userlane.lookups.csvfile import Expected, Sheet, one_each, read

_EXPECTED = Expected(
    columns={
        "the user ID": (
            "userid",
            "publicuserid",
            "foreignuserid",
            "customeruserid",
            "externaluserid",
            "externalid",
            "id",
            "user",
        ),
    },
    sentence="Expected is a CSV with the column User ID and at least one more, such as Role or Region.",
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is known of each user: one row a user, `user_id` first, then the file's other columns as text.

    Missing where a cell was empty. `source`, `digest` and `duplicates` as in `Names`.
    """

    frame: pd.DataFrame
    source: str
    digest: str
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class UserMatch:
    """How users and attributes met: user IDs seen with and without attributes, and those only in the file."""

    matched: tuple[str, ...]
    unmatched: tuple[str, ...]
    unused: tuple[str, ...]

    def sentence(self) -> str:
        """How many users could be told apart; a share of 0 % often means that the two use different IDs.

        >>> UserMatch(("a",), ("b", "c"), ()).sentence()
        '1 of 3 users matched (33 %); 2 without attributes'
        """
        users, unused = len(self.matched) + len(self.unmatched), len(self.unused)
        share = f" ({format_share(len(self.matched) / users, 0)})" if users else ""
        parts = [f"{format_number(len(self.matched))} of {format_count(users, 'user')} matched{share}"]
        if self.unmatched:
            parts.append(f"{format_number(len(self.unmatched))} without attributes")
        if unused:
            parts.append(f"{format_count(unused, 'user')} of the file not seen")
        return "; ".join(parts)


def read_attributes(data: bytes, file_name: str) -> Attributes:
    r"""User attributes from a CSV with a column for the user ID; see `csvfile.read` for what is tolerated.

    IDs and values are exact text, trimmed; empty cells are missing, columns without a name are left out.

    >>> read_attributes(b"User ID,Role\nu-1,NA\n", "hr.csv").frame.to_dict("records")
    [{'user_id': 'u-1', 'Role': 'NA'}]

    Raises `UploadRefused`, besides what `csvfile.read` refuses, for a line without a user ID, for one user
    with different attributes (with the line numbers), for two columns of one name and for no other column.
    """
    sheet = read(data, file_name, _EXPECTED)
    (at_id,) = sheet.places
    columns = {place: name for place, name in enumerate(sheet.header) if name and place != at_id}
    if not columns:
        raise UploadRefused.of_file(file_name, "holds nothing but user IDs", _EXPECTED.sentence)
    if len({"user_id", *columns.values()}) <= len(columns):
        raise UploadRefused.of_file(
            file_name, "has two columns of the same name", "Rename one of them and upload again."
        )
    lines = _user_lines(sheet, tuple(columns), file_name)
    users, duplicates = one_each(lines, file_name, "user ID", "attributes")
    frame = pd.DataFrame({"user_id": pd.Series(list(users), dtype="str")})
    for name, values in zip(columns.values(), zip(*users.values(), strict=True), strict=True):
        frame[name] = pd.Series([value or None for value in values], dtype="str")
    return Attributes(frame, base_name(file_name), hashlib.sha256(data).hexdigest(), duplicates)


def _user_lines(
    sheet: Sheet, places: Sequence[int], file_name: str
) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    (at_id,) = sheet.places
    for line, cells in sheet.lines:
        user_id = unescape(cells[at_id]).strip()
        if not user_id:
            raise UploadRefused.of_file(
                file_name, f"has no user ID in line {line}", "Add the ID or delete the line."
            )
        yield line, user_id, tuple(unescape(cells[place]) for place in places)


def match_users(user_ids: Iterable[str], attributes: Attributes) -> UserMatch:
    """Which of the users seen are in the file, and who is only in the file; compared as exact text.

    With u-1 and u-2 seen and u-2 and u-3 in the file: u-2 matched, u-1 without attributes, u-3 not seen.
    """
    seen = dict.fromkeys(user_ids)
    known = dict.fromkeys(attributes.frame["user_id"].tolist())
    return UserMatch(
        matched=tuple(user_id for user_id in seen if user_id in known),
        unmatched=tuple(user_id for user_id in seen if user_id not in known),
        unused=tuple(user_id for user_id in known if user_id not in seen),
    )
